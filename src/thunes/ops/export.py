"""Writes a journal's decisions, orders, fills and trades as CSV files."""

import csv
import os
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import VenueReported
from thunes.core.domain.fact import Decided, TradeClosed
from thunes.core.domain.line import Line, decode_line
from thunes.core.domain.order import Filled, Order
from thunes.core.domain.units import Instant, OrderId, format_instant
from thunes.ops.words import check_said, number, order_said

Row = dict[str, str]


class Table(Enum):
    """What can be exported."""

    DECISIONS = "decisions"
    ORDERS = "orders"
    FILLS = "fills"
    TRADES = "trades"


def export_csv(directory: Path, table: Table, path: Path) -> int:
    """Write `table` of the journal to `path`, whole or not at all; the number of rows.

    One header; times ISO 8601 UTC, decimals exact. Raises DataError where the journal is
    damaged, ThunesError where `path` cannot be written.
    """
    columns, rows_of = _TABLES[table]
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            rows = 0
            for row in rows_of(directory):
                writer.writerow(row)
                rows += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ThunesError(f"{path} cannot be written: {error.strerror}") from error
    except ThunesError:
        temporary.unlink(missing_ok=True)
        raise
    return rows


def _steps(directory: Path) -> Iterator[tuple[str, str, Line]]:
    for sequence, data in read_steps(directory):
        line = decode_line(data)
        yield str(sequence), format_instant(line.event.at), line


def _decisions(directory: Path) -> Iterator[Row]:
    for sequence, time, line in _steps(directory):
        for fact in line.facts:
            if isinstance(fact, Decided):
                yield {"sequence": sequence, "time": time, **_decision(fact)}


def _decision(fact: Decided) -> Row:
    failed = next((check for check in fact.checks if check.gate is fact.refused_by), None)
    return {
        "symbol": fact.proposal.symbol,
        "strategy": fact.proposal.strategy,
        "purpose": fact.proposal.purpose.value,
        "verdict": "approved" if fact.refused_by is None else "refused",
        "refused_by": "" if fact.refused_by is None else fact.refused_by.value,
        "actual": number(failed.actual) if failed else "",
        "limit": number(failed.limit) if failed else "",
        "notional": number(fact.proposal.notional),
        "reference": number(fact.proposal.reference),
        "stop_price": number(fact.proposal.stop_price),
        "orders": "; ".join(map(order_said, fact.proposal.orders)),
        "cancels": "; ".join(fact.proposal.cancels),
        "gates": "; ".join(map(check_said, fact.checks)),
        "reason": fact.proposal.reason,
    }


def _placed(line: Line) -> Iterator[Order]:
    for command in line.commands:
        if isinstance(command, PlaceOrders | ReplaceOrders):
            yield from command.orders


def _orders(directory: Path) -> Iterator[Row]:
    for sequence, time, line in _steps(directory):
        for order in _placed(line):
            yield {"sequence": sequence, "time": time, **_order(order)}


def _order(order: Order) -> Row:
    return {
        "order_id": order.id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "role": order.role.value,
        "strategy": order.strategy,
        "quantity": number(order.quantity),
        "quote_amount": number(order.quote_amount),
        "limit_price": number(order.limit_price),
        "stop_price": number(order.stop_price),
        "list_id": order.list_id or "",
        "leg": order.leg,
        "expires_at": _time(order.expires_at),
    }


def _fills(directory: Path) -> Iterator[Row]:
    orders: dict[OrderId, Order] = {}
    for sequence, time, line in _steps(directory):
        if isinstance(line.event, VenueReported):
            for report in line.event.reports:
                if isinstance(report, Filled):
                    order = orders.get(report.order_id)
                    yield {"sequence": sequence, "time": time, **_fill(report, order)}
        for order in _placed(line):
            orders[order.id] = order


def _fill(fill: Filled, order: Order | None) -> Row:
    return {
        "order_id": fill.order_id,
        "symbol": order.symbol if order else "",
        "side": order.side.value if order else "",
        "role": order.role.value if order else "",
        "strategy": order.strategy if order else "",
        "trade_id": fill.trade_id,
        "price": number(fill.price),
        "quantity": number(fill.quantity),
        "fee": number(fill.fee),
        "fee_asset": fill.fee_asset,
        "complete": "yes" if fill.complete else "no",
    }


def _trades(directory: Path) -> Iterator[Row]:
    for sequence, _, line in _steps(directory):
        for fact in line.facts:
            if isinstance(fact, TradeClosed):
                yield {**_trade(fact), "sequence": sequence}


def _trade(fact: TradeClosed) -> Row:
    trade = fact.trade
    return {
        "symbol": trade.symbol,
        "side": "long",
        "entry_time": format_instant(trade.entry_time),
        "entry_price": number(trade.entry_price),
        "quantity": number(trade.quantity),
        "exit_time": format_instant(trade.exit_time),
        "exit_price": number(trade.exit_price),
        "fees": number(trade.fees),
        "pnl": number(trade.pnl),
        "exit_reason": trade.exit_reason,
        "strategy": trade.strategy,
        "stop_price": number(trade.stop_price),
        "target_price": number(trade.target_price),
        "flat": "yes" if fact.flat else "no",
    }


def _time(at: Instant | None) -> str:
    return "" if at is None else format_instant(at)


_TABLES: dict[Table, tuple[tuple[str, ...], Callable[[Path], Iterator[Row]]]] = {
    Table.DECISIONS: (
        (
            *("sequence", "time", "symbol", "strategy", "purpose", "verdict", "refused_by"),
            *("actual", "limit", "notional", "reference", "stop_price", "orders", "cancels"),
            *("gates", "reason"),
        ),
        _decisions,
    ),
    Table.ORDERS: (
        (
            *("sequence", "time", "order_id", "symbol", "side", "type", "role", "strategy"),
            *("quantity", "quote_amount", "limit_price", "stop_price", "list_id", "leg"),
            "expires_at",
        ),
        _orders,
    ),
    Table.FILLS: (
        (
            *("sequence", "time", "order_id", "symbol", "side", "role", "strategy", "trade_id"),
            *("price", "quantity", "fee", "fee_asset", "complete"),
        ),
        _fills,
    ),
    Table.TRADES: (
        (
            *("symbol", "side", "entry_time", "entry_price", "quantity", "exit_time"),
            *("exit_price", "fees", "pnl", "exit_reason", "strategy", "stop_price"),
            *("target_price", "flat", "sequence"),
        ),
        _trades,
    ),
}

"""The trades of a backtest as a CSV file."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from thunes.adapters.storage.bars.catalog import replace_file
from thunes.core.domain.units import format_instant
from thunes.research.result import TradeRow

TRADE_COLUMNS = (
    "symbol",
    "side",
    "entry_time",
    "entry_price",
    "quantity",
    "exit_time",
    "exit_price",
    "fees",
    "pnl",
    "exit_reason",
    "strategy",
    "stop_price",
    "target_price",
)


def write_trades(rows: Sequence[TradeRow], path: Path) -> None:
    """One line per trade: ISO 8601 UTC, exact decimals; what is open has no exit time."""

    def write(unfinished: Path) -> None:
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(TRADE_COLUMNS)
            writer.writerows(_trade_line(row) for row in rows)

    replace_file(path, write)


def plain(value: Decimal) -> str:
    """The digits and nothing else: no exponent, no separators, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _trade_line(row: TradeRow) -> list[str]:
    closed = row.exit_time is not None
    return [
        row.symbol,
        row.side,
        format_instant(row.entry_time),
        plain(row.entry_price),
        plain(row.quantity),
        format_instant(row.exit_time) if row.exit_time is not None else "",
        plain(row.exit_price) if row.exit_price is not None else "",
        plain(row.fees),
        plain(row.pnl),
        row.exit_reason if closed else "open",
        row.strategy,
        plain(row.stop_price) if row.stop_price is not None else "",
        plain(row.target_price) if row.target_price is not None else "",
    ]

"""What an operator reads: positions, orders, money and trades."""

from decimal import Decimal

import msgspec

from thunes.core.domain.position import Position, Trade
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Asset, Instant, format_instant
from thunes.core.engine import Engine
from thunes.core.ledger.books import Account
from thunes.core.ledger.orders import OrderRecord
from thunes.ops.commands.answering import answered, seconds
from thunes.ops.commands.command import Nothing
from thunes.ops.commands.instance import Context, Plain
from thunes.ops.commands.tally import TRADES_KEPT
from thunes.ops.words import number
from thunes.ops.worth import unpriced

OLD_NS = 72 * 3_600 * NS_PER_SECOND
"""A position that is older is told as old."""


class Last(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest."""

    last: int = 20

    def __post_init__(self) -> None:
        if not 1 <= self.last <= TRADES_KEPT:
            raise ValueError(f"last = {self.last} must lie between 1 and {TRADES_KEPT}")


def positions(context: Context, _: Nothing) -> Plain:
    """What is held, what it is worth, and how it is protected."""

    def found(engine: Engine, at: Instant) -> Plain:
        held = engine.state.ledger.positions.values()
        return {"positions": [_position(engine, each, at) for each in held]}

    return answered(context, found)


def orders(context: Context, _: Nothing) -> Plain:
    """Every order that is not over, oldest first."""

    def found(engine: Engine, at: Instant) -> Plain:
        return {"orders": [_order(each, at) for each in engine.state.ledger.orders.by_age()]}

    return answered(context, found)


def balance(context: Context, _: Nothing) -> Plain:
    """What the wallet holds of each asset, and what it is worth."""
    quote = context.instance.about.quote

    def found(engine: Engine, at: Instant) -> Plain:
        account = engine.state.view(at).account
        unknown = unpriced(engine)
        held = engine.state.ledger.books.accounts[Account.WALLET]
        return {
            "equity": None if unknown else number(account.equity()),
            "available": number(account.available()),
            "unpriced": unknown,
            "assets": [
                {
                    "asset": asset,
                    "amount": number(amount),
                    "value": number(_value(engine, asset, quote, amount)) or None,
                }
                for asset, amount in held.items()
                if amount
            ],
        }

    return answered(context, found)


def trades(context: Context, asked: Last) -> Plain:
    """The newest closed trades, oldest first, and how many there were in all."""
    tally = context.instance.tally

    def found(_: Engine, __: Instant) -> Plain:
        return {
            "count": tally.trades,
            "trades": [_trade(each) for each in list(tally.recent)[-asked.last :]],
        }

    return answered(context, found)


def _position(engine: Engine, held: Position, at: Instant) -> Plain:
    state, symbol = engine.state, held.symbol
    mark = state.market.mark(symbol)
    value = None if mark is None else held.quantity * mark
    cost = sum((lot.cost for lot in state.ledger.lots[symbol]), ZERO)
    naked = state.guard.naked.get(symbol)
    protection = state.guard.states.get(symbol)
    return {
        "symbol": symbol,
        "strategy": held.strategy,
        "quantity": number(held.quantity),
        "entry_price": number(held.entry_price),
        "price": number(mark) or None,
        "value": number(value) or None,
        "pnl": None if value is None else number(value - cost),
        "protection": None if protection is None else protection.value,
        "naked_s": None if naked is None else seconds(at - naked),
        "stops": [number(leg.stop_price) for leg in held.legs if leg.stop_price is not None],
        "targets": [number(leg.target_price) for leg in held.legs if leg.target_price is not None],
        "leaving": held.leaving or None,
        "opened": format_instant(held.opened_at),
        "age_s": seconds(at - held.opened_at),
        "old": at - held.opened_at > OLD_NS,
    }


def _order(record: OrderRecord, at: Instant) -> Plain:
    order = record.order
    return {
        "order_id": order.id,
        "symbol": order.symbol,
        "role": order.role.value,
        "side": order.side.value,
        "type": order.type.value,
        "quantity": number(order.quantity) or None,
        "amount": number(order.quote_amount) or None,
        "filled": number(record.filled),
        "stop_price": number(order.stop_price) or None,
        "limit_price": number(order.limit_price) or None,
        "state": record.state.value,
        "asked_s": seconds(at - record.asked_at),
    }


def _trade(trade: Trade) -> Plain:
    return {
        "symbol": trade.symbol,
        "strategy": trade.strategy,
        "quantity": number(trade.quantity),
        "entry_time": format_instant(trade.entry_time),
        "entry_price": number(trade.entry_price),
        "exit_time": format_instant(trade.exit_time),
        "exit_price": number(trade.exit_price),
        "fees": number(trade.fees),
        "pnl": number(trade.pnl),
        "reason": trade.exit_reason,
    }


def _value(engine: Engine, asset: Asset, quote: Asset, amount: Decimal) -> Decimal | None:
    if asset == quote:
        return amount
    market = engine.state.market
    for one in market.instruments.values():
        if one.base == asset and one.quote == quote:
            price = market.mark(one.symbol)
            return None if price is None else amount * price
    return None

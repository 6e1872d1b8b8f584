"""Rows of orders and fills: what the journal says of one, as the values of its columns."""

from decimal import Decimal
from typing import Any

from thunes.core.domain.fact import OrderChanged
from thunes.core.domain.order import Filled, Order
from thunes.core.domain.ratio import ratio
from thunes.core.domain.units import Instant, format_instant
from thunes.core.domain.view import OVER, OrderState

Values = dict[str, Any]
_NOTHING = Decimal(0)


def moment(name: str, at: Instant | None) -> Values:
    """An instant as nanoseconds and as a time to be read."""
    prefix = f"{name}_" if name else ""
    return {f"{prefix}at": at, f"{prefix}time": None if at is None else format_instant(at)}


def order_row(at: Instant, order: Order, reason: str) -> Values:
    return {
        "id": order.id,
        "symbol": order.symbol,
        "strategy": order.strategy,
        "side": order.side.value,
        "type": order.type.value,
        "role": order.role.value,
        "leg": order.leg,
        "list_id": order.list_id,
        "quantity": order.quantity,
        "quote_amount": order.quote_amount,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        **moment("expires", order.expires_at),
        **moment("submitted", at),
        "reason": reason,
        "state": OrderState.SUBMITTED.value,
        "filled": _NOTHING,
        "value": _NOTHING,
        "fees": _NOTHING,
    }


def became(at: Instant, fact: OrderChanged) -> Values:
    """What a change of an order writes into its row."""
    return {
        "state": fact.state.value,
        "filled": fact.filled,
        "value": fact.value,
        "average_price": ratio(fact.value, fact.filled) if fact.filled else None,
        "fees": fact.fees,
        **moment("ended", at if fact.state in OVER else None),
    }


def fill_row(at: Instant, fill: Filled) -> Values:
    return {
        "order_id": fill.order_id,
        "trade_id": fill.trade_id,
        **moment("", at),
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
    }

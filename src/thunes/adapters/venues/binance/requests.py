"""Requests: what the venue is asked over REST, its weight, and how much it matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from thunes.core.domain.units import Symbol
from thunes.core.domain.word import Word

_EVERY_SYMBOL_WEIGHT, _ONE_SYMBOL_WEIGHT = 80, 6

Params = tuple[tuple[str, str], ...]


class Urgency(Word):
    """What gives way to what when there is not enough of something for all."""

    PROTECTIVE = "protective"  # cancels, stops, exits: whatever can only reduce
    ENTRY = "entry"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `weight` counts against the minute, `orders` against the order rate."""

    method: str
    path: str
    params: Params
    weight: int
    urgency: Urgency
    orders: int = 0
    signed: bool = True


def query(path: str, weight: int, *params: tuple[str, object], signed: bool = True) -> Request:
    """A question: it changes nothing at the venue."""
    said = tuple((name, str(value)) for name, value in params)
    return Request("GET", f"/api/v3/{path}", said, weight, Urgency.QUERY, signed=signed)


def one_order(symbol: Symbol, by: str, value: object) -> Request:
    """How one order stands; `by` is `orderId` or `origClientOrderId`."""
    return query("order", 4, ("symbol", symbol), (by, value))


def open_orders(symbols: Sequence[Symbol] | None = None) -> list[Request]:
    """All that is open of these symbols, or of any; few are asked one by one: that weighs less."""
    if symbols is None or len(symbols) * _ONE_SYMBOL_WEIGHT > _EVERY_SYMBOL_WEIGHT:
        return [query("openOrders", _EVERY_SYMBOL_WEIGHT)]
    return [query("openOrders", _ONE_SYMBOL_WEIGHT, ("symbol", symbol)) for symbol in symbols]

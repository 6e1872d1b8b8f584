"""Changes: tells what a step did to our orders and positions, so that nobody else has to add up."""

from msgspec.structs import replace

from thunes.core.domain.fact import Fact, OrderChanged, PositionChanged
from thunes.core.domain.position import Position
from thunes.core.domain.units import ZERO, Instant, Price, Quantity, StrategyId, Symbol
from thunes.core.ledger.ledger import Ledger

_GONE = Quantity(ZERO)
_Said = tuple[Symbol, StrategyId, Instant, Quantity, Price, Price | None]


def changes(ledger: Ledger) -> list[Fact]:
    """One fact for each order and each position that is not what was last told of it."""
    facts: list[Fact] = [
        OrderChanged(each.order.id, each.state, each.filled, each.value, each.fees)
        for each in ledger.orders.changed.values()
    ]
    ledger.orders.changed = {}
    told, positions = ledger.told, ledger.positions
    if told != positions:
        for symbol in dict.fromkeys((*told, *positions)):
            before, held = told.get(symbol), positions.get(symbol)
            if held is None and before is not None:
                held = replace(before, quantity=_GONE)
            if held is not None and (before is None or _said(before) != _said(held)):
                facts.append(PositionChanged(*_said(held)))
        ledger.told = dict(positions)
    return facts


def _said(held: Position) -> _Said:
    return (
        held.symbol,
        held.strategy,
        held.opened_at,
        held.quantity,
        held.entry_price,
        held.stop_price,
    )

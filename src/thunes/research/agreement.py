"""Agreement: fills of the screen held against those of the engine, and the first that differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import Event, VenueReported
from thunes.core.domain.line import Outcome
from thunes.core.domain.order import Filled, OrderRole, Side
from thunes.core.domain.units import Quantity, Symbol, format_instant
from thunes.core.ledger.orders import OrderRecord
from thunes.core.market.tape import Tape
from thunes.core.state import State
from thunes.research.screen import Fill

EQUITY_ROUNDING = 1e-9
_PRICE_ROUNDING = 1e-14

_RULES = {
    "buy": "an entry fills at the next open, moved against us, if every gate lets it pass",
    "sell": "an exit by signal fills at the next open, moved against us",
    "stop": "a stop fills at its level, or at an open beyond it, before any target of the bar",
    "trail": "a stop follows on closes only, and acts from the next bar on",
    "target": "a target fills at its level once the price has passed it",
    "unprotected": "a position whose stop is refused is sold at the next open",
}
_ENTRY = "an entry is sized by the rule of sizing and rounded down to the step"


class ScreenDisagrees(ThunesError):
    """The screen and the engine made different trades of the same parameter set: a bug."""


@dataclass(slots=True)
class EngineFills:
    """Told of every step of a run over `state`; keeps its fills as the screen writes them."""

    state: State
    tape: Tape
    fills: list[Fill] = field(default_factory=list)

    def __call__(self, event: Event, outcome: Outcome) -> None:  # noqa: ARG002 - the port
        if not isinstance(event, VenueReported):
            return
        # A fill is stamped with the open of its bar, and belongs to the row at which that closes.
        row = int(self.tape.times.searchsorted(event.at, side="right"))
        for report in event.reports:
            record = self.state.ledger.orders.find(report.order_id)
            if isinstance(report, Filled) and record is not None:
                price, quantity = float(report.price), float(report.quantity)
                self.fills.append(Fill(row, record.order.symbol, _why(record), price, quantity))


def _why(record: OrderRecord) -> str:
    order = record.order
    if order.side is Side.BUY:
        return "buy"
    if order.role is OrderRole.TARGET:
        return "target"
    if order.role is OrderRole.STOP:
        return "trail" if record.reason == "trailing_stop" else "stop"
    return "unprotected" if record.reason == "unprotected" else "sell"


def refuse_difference(
    screened: Sequence[Fill],
    engine: Sequence[Fill],
    tape: Tape,
    steps: dict[Symbol, Quantity],
    equities: tuple[float, float],
) -> None:
    """ScreenDisagrees at the first fill that is not the same in both (row, symbol, side, price,
    quantity to one step), or if the final equities, ours first, are not."""
    for place in range(max(len(screened), len(engine))):
        ours = screened[place] if place < len(screened) else None
        theirs = engine[place] if place < len(engine) else None
        if ours is None or theirs is None or not _same(ours, theirs, steps):
            raise ScreenDisagrees(_said(place, ours, theirs, tape))
    ours_end, theirs_end = equities
    if abs(ours_end - theirs_end) > EQUITY_ROUNDING * abs(theirs_end):
        raise ScreenDisagrees(
            f"{len(engine)} fills agree, but the screen ends with {ours_end!r} and the engine with "
            f"{theirs_end!r}: fees and cash are not counted alike"
        )


def _same(ours: Fill, theirs: Fill, steps: dict[Symbol, Quantity]) -> bool:
    return (
        ours[:2] == theirs[:2]
        and (ours.why == "buy") == (theirs.why == "buy")
        and abs(ours.price - theirs.price) <= _PRICE_ROUNDING * theirs.price
        and abs(ours.quantity - theirs.quantity)
        <= float(steps[ours.symbol]) * (1 + _PRICE_ROUNDING)
    )


def _said(place: int, ours: Fill | None, theirs: Fill | None, tape: Tape) -> str:
    first = min((each for each in (ours, theirs) if each is not None), key=lambda each: each.row)
    rule = _RULES[first.why]
    if ours is not None and theirs is not None and ours[:4] == theirs[:4] and ours.why == "buy":
        rule = _ENTRY
    return (
        f"fill {place + 1} differs. The screen: {_told(ours, tape)}; the engine: "
        f"{_told(theirs, tape)}. The rule: {rule}. Believe the engine, and report this"
    )


def _told(fill: Fill | None, tape: Tape) -> str:
    if fill is None:
        return "none"
    at = format_instant(int(tape.times[fill.row]) - tape.timeframe)
    return f"{fill.why} {fill.quantity:.12g} {fill.symbol} at {fill.price:.12g} in the bar of {at}"

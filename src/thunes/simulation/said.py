"""What the lines of a journal have said so far, without asking the state that they lead to."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from thunes.core.domain.decision import Purpose
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.fact import (
    DayRolled,
    Decided,
    Difference,
    Discrepancy,
    ModeChanged,
    PositionOpened,
    TradeClosed,
)
from thunes.core.domain.line import Line
from thunes.core.domain.mode import Mode
from thunes.core.domain.units import ZERO, Instant, Symbol

_NOTHING: Mapping[str, Decimal] = MappingProxyType({})
_NEVER: Mapping[Symbol, Instant] = MappingProxyType({})


class Said(NamedTuple):
    """The mode; when the last trade closed, if it lost; the last entry of each symbol; since when
    a symbol is being left, until it is flat; what was adopted of each asset in all; and the day
    that began last."""

    mode: Mode = Mode.NORMAL
    lost_at: Instant | None = None
    entered: Mapping[Symbol, Instant] = _NEVER
    leaving: Mapping[Symbol, Instant] = _NEVER
    adopted: Mapping[str, Decimal] = _NOTHING
    day: int = -1


def told_by(said: Said, line: Line) -> Said:
    """What is said once `line` is written."""
    at = line.event.at
    for fact in line.facts:
        if isinstance(fact, ModeChanged):
            said = said._replace(mode=fact.after)
        elif isinstance(fact, TradeClosed):
            said = said._replace(lost_at=at if fact.trade.pnl < ZERO else None)
            if fact.flat:
                said = _stays(said, fact.trade.symbol)
        elif isinstance(fact, PositionOpened):
            said = _stays(said, fact.symbol)  # the last one went, if only as dust
        elif isinstance(fact, DayRolled):
            said = said._replace(day=fact.day)
        elif isinstance(fact, Discrepancy) and fact.kind is Difference.PHANTOM:
            lost, held = fact.text.split()[0], fact.text.split()[3]
            if lost == held:
                said = _stays(said, Symbol(fact.subject))
        elif isinstance(fact, Discrepancy) and fact.kind is Difference.BALANCE:
            total = said.adopted.get(fact.subject, ZERO) + amount_of(fact)
            said = said._replace(adopted={**said.adopted, fact.subject: total})
        elif isinstance(fact, Decided) and fact.refused_by is None:
            proposal = fact.proposal
            if proposal.purpose is Purpose.ENTRY and not proposal.adds:
                said = said._replace(entered={**said.entered, proposal.symbol: at})
            elif proposal.purpose is Purpose.EXIT:
                said = said._replace(leaving={proposal.symbol: at, **said.leaving})
    return said


def amount_of(difference: Discrepancy) -> Decimal:
    """The units of a balance that came, or went if negative."""
    return Decimal(difference.text.split()[0])


def never_to_miss(line: Line) -> Iterator[tuple[str, str]]:
    """What of a step that was taken to its end no venue could tell again: invariants broken, by
    name, where a crash took its line."""
    what, at = type(line.event).__name__, line.event.at
    if isinstance(line.event, OperatorActed):
        yield "S30", f"an operator acted at {at}, and the line of it is gone"
    for fact in line.facts:
        if isinstance(fact, ModeChanged):
            yield "S29", f"the mode changed with the {what} at {at}, and the line of it is gone"
        elif isinstance(fact, DayRolled):
            yield "S21", f"a day began with the {what} at {at}, and the line of it is gone"


def _stays(said: Said, symbol: Symbol) -> Said:
    left = {each: since for each, since in said.leaving.items() if each != symbol}
    return said._replace(leaving=left)

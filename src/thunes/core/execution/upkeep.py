"""Upkeep: what holdings and waiting entries ask for without any news of their orders."""

from collections.abc import Collection, Sequence

from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.event import OperatorAsked, Wish
from thunes.core.domain.order import Side
from thunes.core.domain.position import Position
from thunes.core.domain.units import NS_PER_SECOND, Symbol
from thunes.core.domain.view import View, Working
from thunes.core.execution.entries import is_leaving, leave
from thunes.core.execution.plan import gathered, plan_legs
from thunes.core.execution.protection import all_at_rest, restore

NAKED_MAX_NS = 60 * NS_PER_SECOND
"""A position that could not be covered for this long is sold: protected or flat."""

UNHEEDED_MAX_NS = 30 * NS_PER_SECOND
"""A stop that rests while the price is beyond it, for so long, gives way to a sale at market."""


def in_doubt(working: Collection[Working]) -> bool:
    """Whether an order may be selling whose fate is unknown: it is not sent a second time."""
    return any(w.lost and w.order.side is Side.SELL for w in working)


def look_after(busy: Sequence[Symbol], view: View, *, audit: bool = False) -> list[Proposal]:
    """Leave what is to be left and failed to be; protect what lacks its stop.

    An `audit` holds what rests for every position against its plan, whatever it seems to have.

    What has lacked it for too long is left even if a stop may be there: the venue sells no coins
    twice, and refuses one of the two.
    """
    proposals: list[Proposal] = []
    for held in view.account.positions():
        symbol, working = held.symbol, view.account.working(held.symbol)
        since = view.account.naked_since(symbol)
        fine = since is None and not held.leaving and not audit
        if fine or symbol in busy or is_leaving(working):
            continue
        reason = held.leaving
        if since is not None and view.at - since > NAKED_MAX_NS:
            reason = "unprotected"
        elif in_doubt(working) or (reason and not all_at_rest(working)):
            continue  # a cancel could overtake what is on its way, and leave it there
        elif audit and not reason and all_at_rest(working) and _is_unheeded(symbol, view):
            reason = "stop_unheeded"
        if reason:
            proposal = leave(symbol, reason, view)
            proposals.extend([proposal] if proposal else [])
        else:
            proposals.extend(_repair(held, view))
    return proposals


def obey(asked: OperatorAsked, view: View) -> list[Proposal]:
    """What a person wants done about what is held."""
    wanted = asked.symbols or [held.symbol for held in view.account.positions()]
    if asked.wish is Wish.FLATTEN:
        found = [leave(symbol, "operator", view) for symbol in wanted]
        return [proposal for proposal in found if proposal is not None]
    others = [held.symbol for held in view.account.positions() if held.symbol not in wanted]
    return look_after(others, view, audit=True)


def _is_unheeded(symbol: Symbol, view: View) -> bool:
    """Whether looks have shown the stop open for too long, and the price was told anew meanwhile.

    The sale takes the place of the stop: if that has filled after all, the venue takes neither.
    """
    since, known = view.memory.unheeded.get(symbol), view.market.known_at(symbol)
    return since is not None and view.at - since > UNHEEDED_MAX_NS and (known or since) > since


def _repair(held: Position, view: View) -> list[Proposal]:
    """A stop that should rest does not: place it again."""
    price = view.market.mark(held.symbol) or held.entry_price
    instrument = view.market.instrument(held.symbol)
    legs = gathered(held.legs, held, instrument) or plan_legs(held, price, instrument)
    return restore(held, legs, Purpose.PROTECT, view)

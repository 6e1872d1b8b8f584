"""Doctored worlds for the checkers of doubles, gates, replaced stops and bare positions."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tests.mutants.sending import MUTANTS
from tests.simulation.lived import Lived, decided_of, later, order_of, said
from thunes.core.domain.decision import Check, Gate, Purpose
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.ledger.orders import OrderChange
from thunes.simulation.checks_of_entries import ENTRY_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.faults import Fault, Faults
from thunes.simulation.intents import Intents
from thunes.simulation.sight import Step
from thunes.simulation.spells import Spells
from thunes.simulation.trial import run_seed

D = Decimal


def _blind(lived: Lived) -> Step:
    check = Check(Gate.SPREAD, True, None, D(1))
    return lived.as_step(facts=(decided_of(lived, checks=(check,)),))


def _nothing_fresh(lived: Lived) -> Step:
    later = Instant(lived.step.event.at + 500 * NS_PER_SECOND)
    return lived.as_step(structs.replace(lived.step.event, at=later))


def _let_through(lived: Lived) -> Step:
    check = Check(Gate.SPREAD, False, D(2), D(1))
    return lived.as_step(facts=(decided_of(lived, checks=(check,)),))


@pytest.mark.parametrize("doctored", [_blind, _nothing_fresh, _let_through])
def test_a_gate_that_lets_pass_what_it_should_not_is_found(
    lived: Lived, doctored: Callable[[Lived], Step]
) -> None:
    checker = next(each for each in STEP_CHECKS if each.name == "S23")
    assert not said(checker.check(lived.sight, lived.as_step()))
    assert said(checker.check(lived.sight, doctored(lived)))


def test_a_stop_that_could_not_be_canceled_and_that_nothing_replaces_is_found(
    lived: Lived,
) -> None:
    checker = next(each for each in ENTRY_CHECKS if "replaced all the same" in each.sentence)
    sight = lived.sight
    sight.refused[lived.stop.id] = None
    orders = lived.state.ledger.orders
    seen = lived.as_step(AccountSeen(sight.now, 0, 0, (), (), {}), facts=())
    step = seen._replace(alive=[lived.stop.id])
    assert not said(checker.check(sight, step))
    for each in [*orders.working(lived.stop.symbol)]:
        orders.change(each, OrderChange.CANCELED)
    lived.state.guard.naked[lived.stop.symbol] = sight.now
    assert "nothing replaces it" in said(checker.check(sight, step))[0]


def _filled_again(lived: Lived, **order: Any) -> None:
    """The exchange has filled another order of ours as well."""
    sight, first = lived.sight, order_of(lived)
    again = structs.replace(first, id="thunes-1-93", **order)
    decided = decided_of(lived, proposal={"purpose": Purpose.CANCEL, "orders": (again,)})
    sight.promises[again.id] = sight.promises[first.id]._replace(order=again, decided=decided)
    seen = sight.truth.latest[first.id].fills[0]
    fill = structs.replace(seen.fill, order_id=again.id)
    sight.truth.fills.append(structs.replace(seen, fill=fill))


def test_an_entry_that_is_sent_again_and_fills_twice_is_a_duplicate(lived: Lived) -> None:
    intents = Intents(lived.sight)
    assert not list(intents.look())
    assert not intents.doubled
    _filled_again(lived)
    assert [name for name, _ in intents.look()] == ["S2"]
    assert list(intents.doubled) == [order_of(lived).id]


def test_an_order_that_nobody_meant_is_found(lived: Lived) -> None:
    intents = Intents(lived.sight)
    _filled_again(lived, strategy="nobody")
    assert "nobody meant it" in next(iter(intents.look()))[1]


def test_a_resend_is_counted_where_it_filled_twice() -> None:
    """Not where it was only sent twice: the figure is of exposure."""
    resend = next(each for each in MUTANTS if each.name == "retry with a new id")
    assert run_seed(51, "swarm").duplicates == 0
    with resend.planted():
        verdict = run_seed(51, "swarm")
    assert verdict.duplicates > 0
    assert "S2" in [each.name for each in verdict.broken]


def test_a_position_bare_after_all_was_canceled_is_found(lived: Lived) -> None:
    spells, backend = Spells(lived.sight), lived.trial.world.exchange.backend
    backend.cancel_all()
    spells.update()
    assert not list(spells.too_long())
    later(lived, 121)
    assert "S17" in [name for name, _ in spells.too_long()]


def _peace(lived: Lived, seconds: int) -> Spells:
    """All was healed so many seconds ago, and the position has just lost its stop."""
    lived.sight.healed_at = lived.sight.started_at = Instant(
        lived.sight.now - seconds * NS_PER_SECOND
    )
    faults = Faults("harmless", {Fault.REQUEST_LOST: 0.0})
    lived.trial.world.box.faults = faults
    lived.sight.truth.open.clear()
    lived.state.guard.naked[lived.stop.symbol] = lived.sight.now
    book = lived.trial.world.exchange.backend.floor.books[lived.stop.symbol]
    book.quoted = (book.quoted[0] * 1.1, book.quoted[1] * 1.1)  # where a stop is not refused
    spells = Spells(lived.sight)
    spells.update()
    assert not list(spells.too_long())
    return spells


@pytest.mark.parametrize(("after_s", "within_s"), [(60, 5), (0, 10)])
def test_a_stop_comes_within_seconds_once_nothing_goes_wrong(
    lived: Lived, after_s: int, within_s: int
) -> None:
    spells = _peace(lived, after_s)
    later(lived, within_s)
    assert not list(spells.too_long())
    later(lived, 1)
    assert [name for name, _ in spells.too_long()] == ["L1"]


def test_only_time_in_which_the_exchange_can_be_reached_counts(lived: Lived) -> None:
    spells = _peace(lived, 60)
    lived.trial.world.exchange.gate.shut(Fault.OUTAGE, 20 * NS_PER_SECOND)
    for _ in range(24):
        assert not list(spells.too_long())
        later(lived, 1)
    later(lived, 2)
    assert [name for name, _ in spells.too_long()] == ["L1"]

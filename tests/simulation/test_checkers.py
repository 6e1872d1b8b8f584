"""Each checker holds in a world where nothing is wrong, and is seen to fail in a doctored one."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.simulation.lived import SEED, Lived, decided_of, later, order_of, said
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Check, Gate, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.evidence import SeenOrder, Standing
from thunes.core.domain.fact import DayRolled, ModeChanged
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Filled, OrderRole, Side
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.view import OrderState
from thunes.core.ledger.books import Account
from thunes.core.ledger.orders import OrderRecord
from thunes.simulation.audit import AUDITS
from thunes.simulation.checks_of_requests import REQUEST_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.sight import Step
from thunes.simulation.spells import Spells
from thunes.simulation.trial import run_seed
from thunes.simulation.truth import Received, Transfer

D = Decimal


# Requests.


def _unwritten(lived: Lived) -> Received:
    lived.sight.recorded.clear()
    return lived.entry


def _twice(lived: Lived) -> Received:
    lived.sight.arrived[lived.entry.command] = 2
    return lived.entry


def _id_again(lived: Lived) -> Received:
    return _changed(lived, quote_amount=D(77))


def _while_open(lived: Lived) -> Received:
    other = replace(order_of(lived), id="thunes-1-99")
    true = lived.sight.truth.latest[order_of(lived).id]
    lived.sight.truth.open[other.id] = type(true)(other, ours=True, placed_at=lived.entry.at)
    return lived.entry


def _second_exit(lived: Lived) -> Received:
    one = replace(order_of(lived), id="thunes-1-92", role=OrderRole.EXIT, side=Side.SELL)
    true = lived.sight.truth.latest[order_of(lived).id]
    lived.sight.truth.open[one.id] = type(true)(one, ours=True, placed_at=lived.entry.at)
    return lived.entry._replace(command=PlaceOrders((replace(one, id="thunes-1-91"),)))


def _off_grid(lived: Lived) -> Received:
    return _changed(lived, limit_price=D("1.005"))


def _after_death(lived: Lived) -> Received:
    lived.sight.starts[2] = Instant(lived.entry.stamp - 2 * NS_PER_SECOND)
    return lived.entry


def _bare_replace(lived: Lived) -> Received:
    sight, stop = lived.sight, lived.stop
    true = sight.truth.open.pop(stop.id)
    true.standing, true.ended_at = Standing.CANCELED, sight.now
    promise = sight.promises[stop.id]
    assert promise.decided is not None
    proposal = replace(promise.decided.proposal, legs=())
    decided = replace(promise.decided, proposal=proposal)
    fresh = replace(stop, id="thunes-1-98", quantity=(stop.quantity or D(0)) / 2)
    sight.promises[fresh.id] = promise._replace(order=fresh, decided=decided)
    return lived.entry._replace(command=ReplaceOrders((stop.id,), (fresh,)))


def _stop_gone(lived: Lived) -> Received:
    true = lived.sight.truth.open.pop(lived.stop.id)
    true.standing, true.ended_at = Standing.CANCELED, lived.sight.now
    return lived.entry._replace(command=CancelOrders((lived.stop.id,)))


def _lower(lived: Lived) -> Received:
    assert lived.stop.stop_price is not None
    lower = replace(lived.stop, id="thunes-1-97", stop_price=lived.stop.stop_price - 1)
    return lived.entry._replace(command=ReplaceOrders((lived.stop.id,), (lower,)))


def _on_top(lived: Lived) -> Received:
    again = replace(order_of(lived), id="thunes-1-96")
    lived.sight.promises[again.id] = lived.sight.promises[order_of(lived).id]._replace(order=again)
    return lived.entry._replace(command=PlaceOrders((again,)))


def _storm(lived: Lived) -> Received:
    lived.sight.truth.received.extend([lived.entry] * 100)
    return lived.entry


REQUESTS: dict[str, Callable[[Lived], Received]] = {
    "S1": _unwritten,
    "S2": _second_exit,
    "S3": _id_again,
    "S4": _while_open,
    "S5": _twice,
    "S7": _off_grid,
    "S8": _after_death,
    "S11": _bare_replace,
    "S13": _stop_gone,
    "S14": _lower,
    "S20": _on_top,
    "S24": _storm,
}


def _changed(lived: Lived, **fields: Any) -> Received:
    return lived.entry._replace(command=PlaceOrders((replace(order_of(lived), **fields),)))


# Steps.


def _overbooked(lived: Lived) -> Step:
    lived.record(lived.stop.id).filled = D(1)
    return lived.as_step(VenueReported(lived.sight.now, ()))


def _stranger(lived: Lived) -> Step:
    seen = SeenOrder("web9", lived.stop.symbol, Side.BUY, D(1), D(0), Standing.OPEN)
    as_of = lived.state.doubt.as_of
    return lived.as_step(AccountSeen(lived.sight.now, as_of, 0, (seen,), (), {}))


def _stop_refused(lived: Lived) -> Step:
    said = decided_of(lived, proposal={"purpose": Purpose.PROTECT}, refused_by=Gate.MODE)
    return lived.as_step(facts=(said,))


def _too_much(lived: Lived) -> Step:
    lived.state.ledger.books.post("USDT", Account.WALLET, Account.WORLD, D(9_500))
    return lived.as_step()


def _day_start(lived: Lived) -> Step:
    return lived.as_step(day_start=D(1))


def _gate_left_out(lived: Lived) -> Step:
    return lived.as_step(facts=(decided_of(lived, checks=()),))


def _blind(lived: Lived) -> Step:
    check = Check(Gate.SPREAD, True, None, D(1))
    return lived.as_step(facts=(decided_of(lived, checks=(check,)),))


def _unbalanced(lived: Lived) -> Step:
    lived.state.ledger.books.accounts[Account.WALLET]["USDT"] += 1
    return lived.as_step(VenueReported(lived.sight.now, ()))


def _halted(lived: Lived) -> Step:
    lived.state.memory.mode = Mode.HALTED
    return lived.as_step()


def _lifted(lived: Lived) -> Step:
    fact = ModeChanged(Mode.HALTED, Mode.NORMAL, Cause.DAY_ROLLED, None, None)
    return lived.as_step(facts=(fact,), cause=Cause.OPERATOR_KILL)


def _entry_left(lived: Lived) -> Step:
    working = OrderRecord(replace(order_of(lived), id="thunes-1-95"))
    lived.state.ledger.orders.submit(working)
    return _halted(lived)


def _unlooked(lived: Lived) -> Step:
    lived.sight.looks = 0
    return lived.as_step()


def _sold(lived: Lived) -> Step:
    said = decided_of(lived, proposal={"purpose": Purpose.EXIT, "reason": "surprise"})
    return lived.as_step(AccountSeen(lived.sight.now, 0, 0, (), (), {}), facts=(said,))


def _believed_over(lived: Lived) -> Step:
    orders = lived.state.ledger.orders
    orders.closed[lived.stop.id] = lived.record(lived.stop.id)
    return lived.as_step(VenueReported(lived.sight.now, ()))


def _stale(lived: Lived) -> Step:
    return lived.as_step(replace(lived.step.event, at=lived.sight.now + 500 * NS_PER_SECOND))


def _early(lived: Lived) -> Step:
    return lived.as_step(BarsClosed(lived.sight.now, len(lived.sight.scene.tape) - 1))


def _unapproved(lived: Lived) -> Step:
    return lived.as_step(facts=())


def _many(lived: Lived) -> Step:
    for number in range(100):
        lived.state.ledger.orders.submit(OrderRecord(replace(lived.stop, id=f"x{number}")))
    return lived.as_step()


def _unanswered(lived: Lived) -> Step:
    record = lived.record(lived.stop.id)
    record.state, record.asked_at = OrderState.SUBMITTED, Instant(0)
    return lived.as_step()


def _still_halted(lived: Lived) -> Step:
    scene = lived.sight.scene
    limits = replace(scene.limits, daily_loss_lifted_by="day")
    object.__setattr__(scene, "limits", limits)
    lived.state.memory.cause = Cause.DAILY_LOSS
    return lived.as_step(facts=(DayRolled(1, D(1)),), mode=Mode.HALTED)


def _rolled_twice(lived: Lived) -> Step:
    return lived.as_step(facts=(DayRolled(1, D(1)),), day=1)


STEPS: dict[str, Callable[[Lived], Step]] = {
    "S6": _overbooked,
    "S9": _stranger,
    "S16": _stop_refused,
    "S18": _too_much,
    "S21": _day_start,
    "S22": _gate_left_out,
    "S23": _blind,
    "S26": _unbalanced,
    "S28": _halted,
    "S29": _lifted,
    "S30": _entry_left,
    "S31": _unlooked,
    "S32": _sold,
    "S33": _believed_over,
    "S35": _stale,
    "S36": _early,
    "S38": _unapproved,
    "S44": _many,
    "L8": _unanswered,
    "L11": _still_halted,
    "L13": _rolled_twice,
}

# The end.


def _dead(lived: Lived) -> None:
    lived.trial.world.process = None


def _in_doubt(lived: Lived) -> None:
    lived.record(lived.stop.id).state = OrderState.UNKNOWN


def _richer(lived: Lived) -> None:
    lived.state.ledger.books.accounts[Account.WALLET]["USDT"] += 1


def _not_there(lived: Lived) -> None:
    del lived.sight.truth.open[lived.stop.id]


def _filled_more(lived: Lived) -> None:
    order = replace(order_of(lived), id="thunes-1-94")
    lived.state.ledger.orders.closed[order.id] = OrderRecord(order, filled=D(1))


def _hidden_move(lived: Lived) -> None:
    lived.sight.truth.transfers.append(Transfer(lived.sight.now, "USDT", D(5)))


def _gap(lived: Lived) -> None:
    del lived.trial.world.journal.lines[-1]


def _remembered(lived: Lived) -> None:
    lived.state.memory.peak_equity = D(1)


ENDS: dict[str, Callable[[Lived], None]] = {
    "L14": _dead,
    "L3": _in_doubt,
    "L4": _richer,
    "S9": _not_there,
    "S6": _filled_more,
    "S26": _hidden_move,
    "S39": _gap,
    "S27": _remembered,
}


@pytest.mark.parametrize("checker", REQUEST_CHECKS, ids=lambda each: each.name)
def test_a_doctored_request_is_found(lived: Lived, checker: Any) -> None:
    received = REQUESTS[checker.name](lived)
    assert said(checker.check(lived.sight, received))


@pytest.mark.parametrize("checker", STEP_CHECKS, ids=lambda each: each.name)
def test_a_doctored_step_is_found(lived: Lived, checker: Any) -> None:
    step = STEPS[checker.name](lived)
    assert said(checker.check(lived.sight, step))


@pytest.mark.parametrize("audit", AUDITS, ids=lambda each: each.name)
def test_a_doctored_end_is_found(lived: Lived, audit: Any) -> None:
    start = lived.trial.world.scene.start
    assert not said(audit.check(lived.sight, start))
    ENDS[audit.name](lived)
    assert said(audit.check(lived.sight, start))


def test_a_position_of_coins_that_are_not_there_is_found(lived: Lived) -> None:
    checker = next(each for each in STEP_CHECKS if each.name == "S26")
    step = lived.as_step(VenueReported(lived.sight.now, ()))
    positions = lived.state.ledger.positions
    symbol, held = next(iter(positions.items()))
    assert not said(checker.check(lived.sight, step))
    positions[symbol] = replace(held, quantity=D(1_000_000))
    assert "on the books" in said(checker.check(lived.sight, step))[0]


def test_money_that_was_earned_otherwise_is_found(lived: Lived) -> None:
    audit = next(each for each in AUDITS if each.name == "S26")
    lived.sight.earned.append(D(1))
    assert "cash" in said(audit.check(lived.sight, lived.trial.world.scene.start))[0]


@pytest.mark.parametrize(("after_s", "healed", "name"), [(61, True, "L2"), (301, False, "S10")])
def test_a_position_left_without_its_stop_is_found(
    lived: Lived, after_s: int, healed: bool, name: str
) -> None:
    spells = Spells(lived.sight)
    lived.sight.healed_at = lived.sight.now if healed else None
    lived.sight.truth.open.clear()
    spells.update()
    assert not list(spells.too_long())
    later(lived, after_s)
    assert next(found for found, _ in spells.too_long()) == name


def test_a_position_without_its_stop_that_nobody_notices_is_found_sooner(lived: Lived) -> None:
    spells = Spells(lived.sight)
    lived.sight.truth.open.clear()
    spells.update()
    list(spells.too_long())
    later(lived, 91)
    assert "S10" not in dict(spells.too_long()), "nobody has looked at the account since"
    lived.sight.looks += 4
    assert dict(spells.too_long())["S10"].endswith("unnoticed")


def test_what_stays_unknown_unready_or_different_in_calm_is_found(lived: Lived) -> None:
    spells = Spells(lived.sight)
    lived.sight.healed_at = lived.sight.now
    _in_doubt(lived)
    _richer(lived)
    lived.state.memory.unreconciled = True
    spells.update()
    later(lived, 61)
    assert {"L3", "L4", "L6"} <= {name for name, _ in spells.too_long()}


def test_every_line_that_was_acted_on_must_stay(lived: Lived) -> None:
    del lived.trial.world.journal.lines[1:]
    lived.trial._look()
    assert "S1" in lived.trial.broken


def test_a_fill_told_of_twice_is_booked_once(lived: Lived) -> None:
    """The doctor is not needed: the world itself says so."""
    true = lived.sight.truth.latest[order_of(lived).id]
    fill = true.fills[0].fill
    assert isinstance(fill, Filled)
    process = lived.trial.world.process
    assert process is not None
    process.hear(VenueReported(lived.sight.now, (fill,)))
    assert not lived.trial.broken


@pytest.mark.parametrize("profile", ["dense", "crash", "swarm"])
def test_a_seed_lives_the_same_life_twice(profile: str) -> None:
    first, second = run_seed(7, profile, minutes=20), run_seed(7, profile, minutes=20)
    assert first == second
    assert first.trace != run_seed(8, profile, minutes=20).trace


def test_a_quiet_seed_is_clean_and_checked() -> None:
    verdict = run_seed(SEED, "quiet", minutes=30)
    assert verdict.clean
    assert verdict.checks["S1"] > 0
    assert verdict.checks["S26"] > 0

"""Each checker holds in a world where nothing is wrong, and is seen to fail in a doctored one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Gate, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.evidence import SeenOrder, Standing
from thunes.core.domain.fact import DayRolled, Decided, ModeChanged
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Filled, Order, OrderRole, Side
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.view import OrderState
from thunes.core.ledger.books import Account
from thunes.core.ledger.orders import OrderRecord
from thunes.runtime.recovery import Recorded
from thunes.simulation.audit import AUDITS
from thunes.simulation.chance import Chance
from thunes.simulation.checks_of_requests import REQUEST_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.lives import Lives
from thunes.simulation.profiles import quiet
from thunes.simulation.scene import draw_scene
from thunes.simulation.setting import Setting
from thunes.simulation.sight import Sight, Step
from thunes.simulation.spells import Spells
from thunes.simulation.supervisor import End
from thunes.simulation.trial import Trial, run_seed
from thunes.simulation.truth import Received, Transfer
from thunes.simulation.world import World

D = Decimal
SEED = 3


class Enough(BaseException):
    """The world is where a test wants it."""


@dataclass
class Lived:
    """A quiet world, stopped where a position has just got its stop."""

    trial: Trial
    entry: Received
    stop: Order
    step: Step

    @property
    def sight(self) -> Sight:
        return self.trial.sight

    @property
    def state(self) -> Any:
        return self.sight.state

    def as_step(self, event: Any = None, **changed: Any) -> Step:
        """A step like the one that approved the entry, changed."""
        outcome = Outcome(
            changed.pop("commands", self.step.outcome.commands),
            changed.pop("facts", self.step.outcome.facts),
        )
        step = self.step._replace(event=event or self.step.event, outcome=outcome)
        return step._replace(**changed)

    def record(self, order_id: str) -> OrderRecord:
        found = self.state.ledger.orders.find(order_id)
        assert found is not None
        return found


@pytest.fixture
def lived() -> Lived:
    chance = Chance(SEED)
    world = World(Setting(chance, draw_scene(chance, 60), quiet()))
    trial = Trial(world)
    steps: list[Step] = []
    world.watch(lambda _, e, o: steps.append(Step(e, o, Mode.NORMAL, None, -1, None)))

    def look() -> None:
        for true in world.exchange.truth.open.values():
            if true.order.role is OrderRole.STOP and trial.sight.state is not None:
                record = trial.sight.state.ledger.orders.find(true.order.id)
                if record is not None and record.state is OrderState.ACCEPTED:
                    raise Enough

    inner = trial._look

    def both() -> None:
        inner()
        look()

    with pytest.raises(Enough):
        world.run(both)
    truth = world.exchange.truth
    entry = next(r for r in truth.received if isinstance(r.command, PlaceOrders))
    stop = next(t.order for t in truth.open.values() if t.order.role is OrderRole.STOP)
    bought = next(s for s in steps if any(c == entry.command for c in s.outcome.commands))
    assert not trial.broken
    return Lived(trial, entry, stop, bought)


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
    other = replace(_order(lived), id="thunes-1-99")
    true = lived.sight.truth.latest[_order(lived).id]
    lived.sight.truth.open[other.id] = type(true)(other, ours=True, placed_at=lived.entry.at)
    return lived.entry


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
    fresh = replace(stop, id="thunes-1-98")
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
    again = replace(_order(lived), id="thunes-1-96")
    lived.sight.promises[again.id] = lived.sight.promises[_order(lived).id]._replace(order=again)
    return lived.entry._replace(command=PlaceOrders((again,)))


def _storm(lived: Lived) -> Received:
    lived.sight.truth.received.extend([lived.entry] * 100)
    return lived.entry


REQUESTS: dict[str, Callable[[Lived], Received]] = {
    "S1": _unwritten,
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


def _order(lived: Lived) -> Order:
    command = lived.entry.command
    assert isinstance(command, PlaceOrders)
    return command.orders[0]


def _changed(lived: Lived, **fields: Any) -> Received:
    return lived.entry._replace(command=PlaceOrders((replace(_order(lived), **fields),)))


# Steps.


def _overbooked(lived: Lived) -> Step:
    lived.record(lived.stop.id).filled = D(1)
    return lived.as_step(VenueReported(lived.sight.now, ()))


def _stranger(lived: Lived) -> Step:
    seen = SeenOrder("web9", lived.stop.symbol, Side.BUY, D(1), D(0), Standing.OPEN)
    as_of = lived.state.doubt.as_of
    return lived.as_step(AccountSeen(lived.sight.now, as_of, 0, (seen,), (), {}))


def _decided(lived: Lived, **fields: Any) -> Decided:
    said = next(f for f in lived.step.outcome.facts if isinstance(f, Decided))
    fields = {"proposal": replace(said.proposal, **fields.pop("proposal", {})), **fields}
    return replace(said, **fields)


def _stop_refused(lived: Lived) -> Step:
    said = _decided(lived, proposal={"purpose": Purpose.PROTECT}, refused_by=Gate.MODE)
    return lived.as_step(facts=(said,))


def _too_much(lived: Lived) -> Step:
    lived.state.ledger.books.post("USDT", Account.WALLET, Account.WORLD, D(9_500))
    return lived.as_step()


def _day_start(lived: Lived) -> Step:
    return lived.as_step(day_start=D(1))


def _gate_left_out(lived: Lived) -> Step:
    return lived.as_step(facts=(_decided(lived, checks=()),))


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
    working = OrderRecord(replace(_order(lived), id="thunes-1-95"))
    lived.state.ledger.orders.submit(working)
    return _halted(lived)


def _unlooked(lived: Lived) -> Step:
    lived.sight.looks = 0
    return lived.as_step()


def _sold(lived: Lived) -> Step:
    said = _decided(lived, proposal={"purpose": Purpose.EXIT, "reason": "surprise"})
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
    order = replace(_order(lived), id="thunes-1-94")
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


def said(found: Iterator[str]) -> list[str]:
    return list(found)


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


def test_money_that_was_earned_otherwise_is_found(lived: Lived) -> None:
    audit = next(each for each in AUDITS if each.name == "S26")
    lived.sight.earned.append(D(1))
    assert "cash" in said(audit.check(lived.sight, lived.trial.world.scene.start))[0]


def _later(lived: Lived, seconds: int) -> None:
    agenda = lived.trial.world.agenda
    agenda.now = Instant(agenda.now + seconds * NS_PER_SECOND)


@pytest.mark.parametrize(("after_s", "healed", "name"), [(61, True, "L2"), (301, False, "S10")])
def test_a_position_left_without_its_stop_is_found(
    lived: Lived, after_s: int, healed: bool, name: str
) -> None:
    spells = Spells(lived.sight)
    lived.sight.healed_at = lived.sight.now if healed else None
    lived.sight.truth.open.clear()
    spells.update()
    assert not list(spells.too_long())
    _later(lived, after_s)
    assert next(found for found, _ in spells.too_long()) == name


def test_a_position_without_its_stop_that_nobody_notices_is_found_sooner(lived: Lived) -> None:
    spells = Spells(lived.sight)
    lived.sight.truth.open.clear()
    spells.update()
    list(spells.too_long())
    _later(lived, 91)
    assert next(text for _, text in spells.too_long()).endswith("unnoticed")


def test_what_stays_unknown_unready_or_different_in_calm_is_found(lived: Lived) -> None:
    spells = Spells(lived.sight)
    lived.sight.healed_at = lived.sight.now
    _in_doubt(lived)
    _richer(lived)
    lived.state.memory.unreconciled = True
    spells.update()
    _later(lived, 61)
    assert {"L3", "L4", "L6"} <= {name for name, _ in spells.too_long()}


def test_every_line_that_was_acted_on_must_stay(lived: Lived) -> None:
    del lived.trial.world.journal.lines[1:]
    lived.trial._look()
    assert "S1" in lived.trial.broken


def test_a_fill_told_of_twice_is_booked_once(lived: Lived) -> None:
    """The doctor is not needed: the world itself says so."""
    true = lived.sight.truth.latest[_order(lived).id]
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


def _life(lived: Lived) -> Lives:
    lives = Lives(lived.sight)
    assert not list(lives.look())
    return lives


def test_a_process_that_remembers_what_no_line_says_is_found(lived: Lived) -> None:
    lives, world = _life(lived), lived.trial.world
    _remembered(lived)
    found: list[tuple[str, str]] = []
    world.die("Crash")
    found.extend(lives.look())
    _starts_over(world, lambda: found.extend(lives.look()))
    assert [name for name, _ in found] == ["S34"]


@pytest.mark.parametrize(
    ("cause", "disk_failed", "expected"),
    [
        ("Crash", False, True),
        ("Stopped", True, True),
        ("Fenced", False, True),
        ("SyncFailed", True, True),
        ("ThunesError", True, True),
        ("ThunesError", False, False),
        ("DataError", True, False),
        ("LeaseHeld", False, False),
    ],
)
def test_a_process_dies_of_what_the_world_did_to_it_only(
    lived: Lived, cause: str, disk_failed: bool, expected: bool
) -> None:
    lives, world = _life(lived), lived.trial.world
    world.die(cause, "so it goes")
    world.last_end = End(cause, "so it goes", disk_failed)
    said = [f"{name}: {text}" for name, text in lives.look()]
    assert said == ([] if expected else [f"S43: a process died of {cause}: so it goes"])


def test_a_synced_line_that_a_crash_takes_is_found(lived: Lived) -> None:
    lives, journal = _life(lived), lived.trial.world.journal
    journal.synced += len(journal.lines)
    lived.trial.world.die("Crash")
    assert "S39" in [name for name, _ in lives.look()]


def _starts_over(world: World, look: Callable[[], object]) -> None:
    """What comes in the minute after a death."""
    world._live(Instant(world.agenda.now + 60 * NS_PER_SECOND), look)


def _broken_link(world: World) -> None:
    node = next(n for p, n in world.journal._platter.names.items() if p.endswith(".jsonl"))
    for content in (node.data, node.kept):
        content[len(content) // 4] ^= 1


def _other_line(world: World, change: Callable[[bytes], bytes]) -> None:
    opened = world.journal.open

    def other() -> Any:
        found = opened()
        return Recorded(found.state, [*map(change, found.lines)])

    world.journal.open = other  # type: ignore[method-assign]


def _other_schema(world: World) -> None:
    _other_line(world, lambda line: line.replace(b'"version":1', b'"version":2'))


def _other_limits(world: World) -> None:
    limits = replace(world.scene.limits, order_size=D(6))
    object.__setattr__(world.scene, "limits", limits)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_broken_link, "the journal /journal is damaged"),
        (_other_schema, "this line has version 2; this program reads 1"),
        (_other_limits, "is decided otherwise by this program"),
    ],
    ids=["S39", "S41", "S42"],
)
def test_nobody_trades_on_a_journal_of_another_making(
    lived: Lived, harm: Callable[[World], None], says: str
) -> None:
    world, ends = lived.trial.world, dict[int, str]()
    received = len(lived.sight.truth.received)
    harm(world)

    def look() -> None:
        assert world.last_end is not None
        ends[world.deaths] = f"{world.last_end.cause}: {world.last_end.text}"

    world.die("Crash")
    _starts_over(world, look)
    first, *others = ends.values()
    assert first == "Crash: "
    assert len(others) > 3
    assert not [end for end in others if not (end.startswith("DataError: ") and says in end)]
    assert world.process is None
    assert len(lived.sight.truth.received) == received

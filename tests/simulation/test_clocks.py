"""Clocks that are wrong: how a process tells the time, and what it does when it cannot."""

from tests.simulation.lived import Lived
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import CancelRefused, Rejected
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault, FaultBox, Faults
from thunes.simulation.host import ASK_EVERY_NS, WRONG_NS_MAX, SteadyClock
from thunes.simulation.trial import run_seed
from thunes.simulation.world import World

S = NS_PER_SECOND
NEAR_NS = S // 2
CLOCKS = (Fault.CLOCK_SKEW, Fault.CLOCK_JUMP, Fault.CLOCK_DRIFT, Fault.CLOCK_STEP)


def _clock(**intensity: float) -> tuple[Agenda, SteadyClock]:
    chance = Chance(1)
    agenda = Agenda(Instant(1_000 * S), chance.stream("ties"))
    faults = Faults("clocks", {Fault[name]: value for name, value in intensity.items()})
    return agenda, SteadyClock(agenda, FaultBox(faults, chance))


def test_a_clock_is_right_but_for_the_way_of_an_answer() -> None:
    agenda, clock = _clock()
    for _ in range(300):
        agenda.now = Instant(agenda.now + S)
        assert abs(clock.now() - agenda.now) < NEAR_NS
        assert abs(clock.error_ns) < NEAR_NS


def test_a_clock_that_was_set_back_stands_still_and_never_runs_backwards() -> None:
    agenda, clock = _clock()
    before = clock.now()
    clock.jump(-20 * S)
    agenda.now = Instant(agenda.now + S)
    assert clock.now() == before
    agenda.now = Instant(agenda.now + 21 * S)
    assert before < clock.now() < agenda.now - 15 * S


def test_a_clock_that_jumped_is_right_again_once_the_venue_was_asked() -> None:
    agenda, clock = _clock()
    clock.jump(30 * S)
    assert clock.now() > agenda.now + 29 * S
    agenda.now = Instant(agenda.now + ASK_EVERY_NS)
    assert abs(clock.now() - agenda.now) < NEAR_NS
    clock.jump(90 * S)
    told = clock.now()
    agenda.now = Instant(agenda.now + ASK_EVERY_NS)
    assert clock.now() == told > agenda.now + 29 * S
    agenda.now = Instant(agenda.now + 31 * S)
    assert abs(clock.now() - agenda.now) < NEAR_NS


def test_a_clock_is_waited_for_by_what_it_counts_not_by_what_it_told() -> None:
    """Else a clock that stands still would be looked at without end."""
    _, clock = _clock()
    told = clock.now()
    clock.jump(-20 * S)
    assert clock.wait_ns(Instant(told + 1)) > 19 * S


def test_skew_and_drift_strike_at_the_start() -> None:
    _, skewed = _clock(CLOCK_SKEW=1.0)
    assert NEAR_NS < abs(skewed.error_ns) <= WRONG_NS_MAX
    agenda, drifting = _clock(CLOCK_DRIFT=1.0)
    agenda.now = Instant(agenda.now + ASK_EVERY_NS - S)
    assert abs(drifting.now() - agenda.now) > NEAR_NS


def _run(world: World, seconds: int) -> None:
    world._live(Instant(world.agenda.now + seconds * S), lambda: None)


def test_a_new_process_whose_clock_is_behind_the_journal_goes_on_from_there(lived: Lived) -> None:
    """The clock of the last one was ahead: what it wrote down is still to come."""
    world = lived.trial.world
    assert world.clock is not None
    world.clock.jump(30 * S)
    world.act(Cause.OPERATOR_PAUSE)
    written = lived.state.at
    assert written > world.agenda.now + 29 * S
    world.die("Crash")
    _run(world, 12)
    assert world.process is not None
    assert lived.state.at >= written
    _run(world, 60)
    assert world.deaths == 1


def test_what_is_stamped_outside_the_window_is_refused_and_survived(lived: Lived) -> None:
    """Its stop is gone, and its clock is wrong: the exchange takes the new one once it is right."""
    world = lived.trial.world
    refused: list[object] = []

    def watch(_: object, event: object, __: object) -> None:
        told = getattr(event, "reports", ())
        late = (each for each in told if isinstance(each, Rejected | CancelRefused))
        refused.extend(each for each in late if each.code == -1021)

    assert world.clock is not None
    world.watch(watch)
    world.clock.jump(30 * S)
    world.exchange.backend.cancel_all()
    _run(world, 20)
    assert refused or world.causes == {"Fenced": 1}
    assert not lived.sight.truth.open
    _run(world, 100)
    assert lived.sight.truth.open or not lived.state.ledger.positions
    assert not lived.trial.broken


def test_clocks_are_wrong_in_a_swarm_and_nothing_is_lost() -> None:
    struck = dict.fromkeys(CLOCKS, 0)
    for seed in range(1, 13):
        verdict = run_seed(seed, "swarm", minutes=30)
        assert verdict.clean
        for fault in CLOCKS:
            struck[fault] += verdict.faults.get(fault.value, 0)
    assert all(struck.values())

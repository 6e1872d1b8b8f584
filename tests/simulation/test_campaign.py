"""Campaigns: the order of seeds, workers that die, sums, and the least that still breaks."""

import multiprocessing
import os
import signal
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation import case as cases
from thunes.simulation.campaign import Campaign, verdicts
from thunes.simulation.case import Case
from thunes.simulation.faults import Fault
from thunes.simulation.shrink import shrink
from thunes.simulation.tally import Tally
from thunes.simulation.verdict import Broken, Verdict

NOTHING = Verdict(
    seed=1,
    profile="quiet",
    minutes=6,
    without=(),
    broken=(),
    steps=10,
    simulated_ns=360 * NS_PER_SECOND,
    faults={},
    deaths=0,
    duplicates=0,
    probes={},
    checks={},
    times={},
    trace="",
)


def test_verdicts_come_in_the_order_of_the_seeds() -> None:
    found = [each.seed for each in verdicts(Campaign(range(7, 19), "swarm", 6, jobs=2))]
    assert found == list(range(7, 19))


def test_a_worker_that_is_killed_is_told_with_its_seed() -> None:
    found = verdicts(Campaign(range(1, 2_000), "swarm", 20, jobs=2))
    next(found)
    os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
    with pytest.raises(ThunesError, match=r"the process that ran seed \d+ is gone \(exit code -9"):
        list(found)
    assert multiprocessing.active_children() == []


def test_closing_early_ends_the_workers() -> None:
    found = verdicts(Campaign(range(1, 2_000), "swarm", 20, jobs=2))
    next(found)
    assert len(multiprocessing.active_children()) == 2
    found.close()
    assert multiprocessing.active_children() == []


def test_an_unknown_profile_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="profile 'nope' is none of"):
        Campaign(range(1), "nope")


def test_sums_spreads_and_what_was_missed() -> None:
    tally = Tally()
    assert tally.bound == 1.0
    for seed in range(1, 101):
        times = {"naked": (float(seed),), "unknown": ()}
        faults, probes = {"request lost": 2}, {"late fill": seed % 2, "torn tail": 0}
        tally.add(replace(NOTHING, seed=seed, faults=faults, probes=probes, times=times))
    assert (tally.seeds, tally.steps) == (100, 1_000)
    assert tally.days == pytest.approx(10 / 24)
    assert tally.faults == {"request lost": 200}
    assert tally.spreads() == {"naked": (100, 50.0, 99.0, 100.0)}
    assert tally.missed == ["torn tail"]
    assert tally.bound == 0.03
    assert tally.broken == []


def test_traces_are_summed_in_their_order() -> None:
    def trace(*traces: str) -> str:
        tally = Tally()
        for each in traces:
            tally.add(replace(NOTHING, trace=each))
        return tally.trace

    assert trace("ab", "cd") == trace("ab", "cd") != trace("cd", "ab")


def guilty(*faults: Fault, after: int = 0) -> Callable[..., Verdict]:
    """A world that breaks S1 where all of `faults` may strike and it lasts long enough."""

    def run(seed: int, profile: str, minutes: int, without: frozenset[Fault]) -> Verdict:
        struck = {f.value: 1 for f in Fault if f not in without}
        bad = minutes >= after and all(fault.value in struck for fault in faults)
        broken = (Broken("S1", "1 > 0", Instant(0)),) if bad else ()
        return replace(NOTHING, faults=struck, broken=broken)

    return run


@pytest.mark.parametrize("after", [0, 9, 60])
@pytest.mark.parametrize(
    "faults", [(), (Fault.CRASH,), (Fault.REQUEST_LOST, Fault.LATE_FILL, Fault.WITHDRAWAL)]
)
def test_the_least_that_breaks_is_found(
    faults: tuple[Fault, ...], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "run_seed", guilty(*faults, after=after))
    tried: list[Case] = []
    small = shrink(Case(3, "swarm", 60), tried.append)
    assert frozenset(Fault) - small.without == frozenset(faults)
    assert small.minutes == {0: 6, 9: 10, 60: 60}[after]
    assert len(tried) < 120

"""Shrinking: the least that still breaks the same invariant."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from thunes.simulation.case import MINUTES_MIN, Case
from thunes.simulation.faults import Fault

_HORIZONS = (MINUTES_MIN, 8, 10, 15, 20, 30, 45, 60, 120, 240, 480, 1_440)


def shrink(case: Case, tried: Callable[[Case], None]) -> Case:
    """The smallest case found that breaks the first invariant that `case` breaks.

    First the faults that did not strike go, then whole stretches of the list of faults (what is
    near each other there belongs together), then single ones, in between the time. `tried` is told
    of every attempt.
    """
    verdict = case.run()
    assert verdict.broken, "nothing is broken, so nothing can be shrunk"
    name = verdict.broken[0].name

    def breaks(smaller: Case) -> bool:
        tried(smaller)
        return any(broken.name == name for broken in smaller.run().broken)

    case = _shorter(case, breaks)
    case = _fewer_faults(case, breaks)
    return _shorter(case, breaks)


def _shorter(case: Case, breaks: Callable[[Case], bool]) -> Case:
    for minutes in _HORIZONS:
        if minutes >= case.minutes:
            break
        if breaks(shorter := replace(case, minutes=minutes)):
            return shorter
    return case


def _fewer_faults(case: Case, breaks: Callable[[Case], bool]) -> Case:
    """Leave out stretches of the faults that struck, half of them at first, then ever smaller."""
    struck = case.run().faults
    idle = frozenset(fault for fault in Fault if fault.value not in struck)
    if breaks(bare := replace(case, without=case.without | idle)):
        case = bare
    kept = [fault for fault in Fault if fault not in case.without]
    size = len(kept)
    while size:
        case, kept = _pass(case, (kept, size), breaks)
        size = size // 2
    return case


def _pass(
    case: Case, stretches: tuple[Sequence[Fault], int], breaks: Callable[[Case], bool]
) -> tuple[Case, list[Fault]]:
    """Try to do without each stretch of so many faults; what is left and what had to be kept."""
    faults, size = stretches
    kept: list[Fault] = []
    for start in range(0, len(faults), size):
        stretch = faults[start : start + size]
        if breaks(smaller := replace(case, without=case.without.union(stretch))):
            case = smaller
        else:
            kept.extend(stretch)
    return case, kept

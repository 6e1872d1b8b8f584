"""The windows of a walk forward: training, then the test that follows it, on and on."""

from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Ints
from thunes.core.domain.units import NS_PER_DAY
from thunes.core.stats.splits import Spans
from thunes.core.stats.walk_forward import WalkForward


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Lengths in days. `purge` days before a test are trained on by nobody, and `embargo` more.
    Not told: a third of all days trains, and six tests share the rest."""

    train: int | None = None
    test: int | None = None
    step: int | None = None
    anchored: bool = False
    purge: int = 1
    embargo: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """One window, in ns UTC: the training is [train_start, train_end), and the test likewise."""

    number: int
    train_start: int
    train_end: int
    test_start: int
    test_end: int


def windows(days: Ints, plan: Plan) -> list[Span]:
    """The windows over `days` (their ends, ns UTC). Raises BadSplit: there is room for none."""
    rows = np.arange(days.size)
    train = plan.train or max(days.size // 3, 2)
    test = plan.test or max(-((train - days.size) // 6), 1)
    split = WalkForward(
        train=train,
        test=test,
        step=plan.step,
        anchored=plan.anchored,
        whole=days.size < train + test,  # the last test may be shorter, the only one may not
        embargo=plan.embargo,
        train_min=2,
        spans=Spans(rows, rows + plan.purge),
    )
    found = []
    for number, (trained, tested) in enumerate(split.split(rows)):
        edges = (days[each] for each in (trained[0], trained[-1], tested[0], tested[-1]))
        first, until, begins, ends = (int(each) for each in edges)
        found.append(Span(number, first - NS_PER_DAY, until, begins - NS_PER_DAY, ends))
    return found

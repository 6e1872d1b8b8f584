"""Trying without bars: what sets come to is said by a formula."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from thunes.core.strategy.catalog import SHIPPED
from thunes.research.search.space import space_of
from thunes.research.search.trying import Outcome, Terms, Trying
from thunes.research.trials import TrialLedger

DATA = "d" * 64
NOISE = np.random.default_rng(11).normal(0.0, 0.01, 60)
RANGES = ("fast=5:40:5", "slow=20:90:10")


def trying_with(
    folder: Path,
    mean: Callable[[float, float], float],
    asked: list[Mapping[str, str]] | None = None,
    terms: Terms | None = None,
) -> Trying:
    """Tries crossings of averages whose returns have the mean `mean(fast, slow)`, in 1 / 10,000."""

    def runs(sets: Sequence[Mapping[str, str]]) -> list[Outcome]:
        if asked is not None:
            asked.extend(sets)
        means = [mean(float(each["fast"]), float(each["slow"])) for each in sets]
        return [Outcome(NOISE + each / 10_000, -0.1, 7) for each in means]

    return Trying(
        space=space_of(SHIPPED["sma_cross"], RANGES, {}),
        runs=runs,
        ledger=TrialLedger(folder, DATA),
        terms=terms or Terms(config="c", code="1", study="s", strategy="sma_cross", seed=0),
        now=lambda: 1,
    )

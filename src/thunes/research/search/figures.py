"""Figures of a search or a walk forward with what each of them says, ready to be shown."""

import math
from typing import TypeGuard

import numpy as np

from thunes.core.stats.fortunes import Fortunes
from thunes.core.stats.neighbourhood import Surroundings
from thunes.research.evidence import Evidence
from thunes.research.wording import DASH, percent, ratio

SHARPES_A_YEAR = math.sqrt(365)
"""A Sharpe ratio per day times this is one a year."""

Tile = tuple[str, str, str]
"""Label, figure, what it says; a figure that is missing is a dash, and the rest says why."""

Tiles = list[tuple[str, list[Tile]]]
"""Tiles under their headings."""


def evidence_tiles(evidence: Evidence) -> Tiles:
    """The figures against self-deception; Sharpe ratios a year."""
    return [
        ("Is it luck?", _luck(evidence)),
        ("Was it found only because so much was tried?", _searching(evidence)),
        ("Would it last?", _lasting(evidence)),
        ("Does it stand alone?", _standing(evidence.around)),
    ]


def known(value: float | None) -> TypeGuard[float]:
    """Whether a figure could be measured."""
    return value is not None and math.isfinite(value)


def told(value: float | None, said: str, why_not: str) -> str:
    """What is said of a figure, or why there is none."""
    return said if known(value) else why_not


def record_length(needed: float | None, measured: int) -> Tile:
    """The tile of the minimum track record, in days."""
    if not known(needed):
        return ("MinTRL", DASH, "no record is long enough: the Sharpe ratio is not above 0")
    short = math.ceil(needed) - measured
    so = f"{short:,} too few" if short > 0 else "enough"
    said = f"would prove a ratio above 0 at 95 %; {measured:,} were measured: {so}"
    return ("MinTRL", f"{math.ceil(needed):,} days", said)


def sharpe_note(interval: tuple[float, float] | None, scale: float = 1.0) -> str:
    """What resampling says of a Sharpe ratio a year; `interval` times `scale` is one a year."""
    if interval is None or not all(map(math.isfinite, interval)):
        return "a year; no interval was measured"
    low, high = (ratio(end * scale) for end in interval)
    return f"a year; 95 % interval {low} to {high}"


def fortune_tiles(fortunes: Fortunes | None) -> list[Tile]:
    """Quantiles of what else the same days could have come to; nothing without draws."""
    if fortunes is None or fortunes.growth.size == 0:
        return []
    low, middle, high = (np.quantile(fortunes.growth, (0.05, 0.5, 0.95)) - 1).tolist()
    deep, deeper = np.quantile(fortunes.drawdown, (0.5, 0.05)).tolist()
    losing = float(np.mean(fortunes.growth < 1))
    wet = np.quantile(fortunes.under_water, 0.5)
    return [
        ("Return, low", percent(low, signed=True), "5 % of the draws end below it"),
        ("Return, median", percent(middle, signed=True), f"{percent(losing)} of the draws lose"),
        ("Return, high", percent(high, signed=True), "5 % of the draws end above it"),
        ("Under water", f"{wet:,.0f} days", "median of the longest stretch below an earlier high"),
        ("Drawdown, median", percent(deep), "half of the draws fall deeper"),
        ("Drawdown, deep", percent(deeper), "5 % of the draws fall deeper"),
        ("Ruin at 20 %", percent(fortunes.ruin(0.2)), "of the draws lose a fifth of their highest"),
        ("Ruin at 50 %", percent(fortunes.ruin(0.5)), "of the draws lose half of their highest"),
    ]


def _luck(e: Evidence) -> list[Tile]:
    contradict = "not measurable: the moments of the returns contradict each other"
    alone = "confidence in a ratio above 0, had it been tried alone"
    counted = f"the same once all {e.trials:,} trials are counted"
    few = e.effective
    independent = (
        f"the same; {few.raw:,} that traded count as {few.strictest:,.1f} independent ones "
        f"(rank {few.rank:,.1f}, {few.clusters:,} clusters)"
    )
    interval = sharpe_note(e.interval, SHARPES_A_YEAR)
    return [
        ("Sharpe ratio", ratio(e.record.sharpe * SHARPES_A_YEAR), interval),
        ("PSR", percent(e.psr), told(e.psr, alone, contradict)),
        ("DSR, all trials", percent(e.dsr_raw), told(e.dsr_raw, counted, contradict)),
        ("DSR, effective trials", percent(e.dsr), told(e.dsr, independent, contradict)),
    ]


def _searching(e: Evidence) -> list[Tile]:
    below = "so often the best of one half is not above the median on the other; noise: 50 %"
    loses = "so often the best of one half loses on the other"
    flat = "not measurable: the winners' ratios in sample are all equal, or one is infinite"
    slope = "Sharpe ratio out of sample for each 1 in sample, over all splits"
    survivors = f"{e.survivors:,} {'set earns' if e.survivors == 1 else 'sets earn'}"
    lucky = (
        "how likely luck alone finds one as good as the best; "
        f"with all of them counted, {survivors} (StepM at 5 %)"
    )
    return [
        ("PBO", percent(e.pbo), told(e.pbo, below, "not measured")),
        ("Loss out of sample", percent(e.loss_probability), loses),
        ("Degradation", ratio(e.degradation), told(e.degradation, slope, flat)),
        ("SPA", f"p = {ratio(e.spa, 3)}", lucky),
    ]


def _lasting(e: Evidence) -> list[Tile]:
    paths = "a year: the 5 % quantile of the Sharpe ratios of its paths out of sample"
    doubled = "return with every cost twice as high"
    gates = "no look ahead, and nothing earned where there is nothing"
    hold = {None: DASH, True: "all hold", False: "not all hold"}[e.gates_hold]
    return [
        record_length(e.periods_needed, e.record.observations),
        (
            "Worst paths",
            ratio(e.path_low * SHARPES_A_YEAR),
            told(e.path_low, paths, "not measurable: a path never moved"),
        ),
        (
            "Doubled costs",
            percent(e.doubled_costs, signed=True),
            told(e.doubled_costs, doubled, "not measured"),
        ),
        ("Gates", hold, told(e.gates_hold, gates, "not asked")),
    ]


def _standing(around: Surroundings | None) -> list[Tile]:
    if around is None:
        unknown = "not measured: nothing says which trials are neighbours"
        return [(name, DASH, unknown) for name in ("Plateau", "Scores around it", "Slope", "Shape")]
    count = f"{around.neighbours:,} {'neighbour' if around.neighbours == 1 else 'neighbours'}"
    few = f"not measurable from {count}"
    within = f"of {count} score within 20 % of it"
    low = f"5 % quantile of it and {count}; its own is {ratio(around.score)}"
    slope = "steepest change of the score in one step"
    shape = "strongest over weakest curvature; 1: a round hill"
    return [
        (
            "Plateau",
            percent(around.plateau, 0),
            told(around.plateau, within, "no neighbour was tried"),
        ),
        ("Scores around it", ratio(around.low), low),
        ("Slope", ratio(around.slope), told(around.slope, slope, few)),
        ("Shape", ratio(around.condition, 1), told(around.condition, shape, few)),
    ]

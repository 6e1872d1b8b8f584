"""How often a search is promoted where there is no edge, and how often one that is there is found.

`.venv/bin/python -m bench.nulls [MARKETS]`: searches of 1,000 pairs of averages, long and short,
over three years of days (four with an edge), each put to every test; about a second a market.
"""

import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.core.stats.neighbourhood import most_robust
from thunes.core.stats.paths import column_sharpes
from thunes.research.evidence import Evidence, Search, weigh
from thunes.research.verdict import Verdict, judge

Floats = NDArray[np.float64]

MARKETS, DAYS, YEARS_WITH_EDGE = 200, 1_095, 4
FASTS, SLOWS = range(2, 52, 2), range(55, 255, 5)
EDGES = (0.0, 0.1, 0.2, 0.3)


def walk(seed: int, rows: int, edge: float = 0.0, persistence: float = 0.98) -> Floats:
    """Daily returns of a market whose drift is +`edge` or -`edge` deviations of 2 %.

    The sign is kept from day to day with the chance `persistence`: trends to follow. Without an
    edge it is a driftless random walk.
    """
    rng = np.random.default_rng(seed)
    turns = rng.random(rows) > persistence
    sign = np.where(np.cumsum(turns) % 2, -1.0, 1.0)
    return np.asarray(0.02 * (rng.standard_normal(rows) + edge * sign))


def crossings(returns: Floats, fasts: range, slows: range) -> tuple[Floats, Floats]:
    """Returns of being long while the fast average is above the slow one and short below, for all
    pairs with fast < slow; and each pair's place in steps. Decided on the day before."""
    price = np.cumsum(np.log1p(returns))
    total = np.concatenate(([0.0], np.cumsum(price)))
    means = {}
    for window in sorted({*fasts, *slows}):
        mean = np.full(price.size, np.nan)
        mean[window - 1 :] = (total[window:] - total[:-window]) / window
        means[window] = mean
    pairs = [(fast, slow) for fast, slow in product(fasts, slows) if fast < slow]
    held = np.column_stack([np.sign(means[fast] - means[slow]) for fast, slow in pairs])
    earned = np.zeros_like(held)
    earned[1:] = np.nan_to_num(held[:-1]) * returns[1:, np.newaxis]
    steps = np.array([(fast / fasts.step, slow / slows.step) for fast, slow in pairs])
    return earned, steps


class Found(NamedTuple):
    """What a search came to."""

    verdict: Verdict
    evidence: Evidence


def searched(seed: int, edge: float, days: int = DAYS) -> Found:
    """One market, its search, and the verdict; nothing costs anything, so that noise has every
    chance, and the gates are taken to hold."""
    returns, steps = crossings(walk(seed, days, edge), FASTS, SLOWS)
    scores = column_sharpes(returns)
    chosen = most_robust(steps, scores)
    evidence = weigh(Search(returns=returns, chosen=chosen, steps=steps, scores=scores))
    whole = float(np.prod(1 + returns[:, chosen]) - 1)
    evidence = replace(evidence, doubled_costs=whole, gates_hold=True)
    return Found(judge(evidence).verdict, evidence)


def told(edge: float, found: list[Found]) -> str:
    """A line of the table: verdicts, and how often each figure by itself would promote."""
    count = Counter(each.verdict for each in found)
    figures = [each.evidence for each in found]
    alone = {
        "PSR >= 0.95": np.mean([(e.psr or 0) >= 0.95 for e in figures]),
        "DSR >= 0.95": np.mean([(e.dsr or 0) >= 0.95 for e in figures]),
        "raw DSR": np.mean([(e.dsr_raw or 0) >= 0.95 for e in figures]),
        "PBO <= 0.1": np.mean([e.pbo <= 0.1 for e in figures]),
        "SPA <= 0.05": np.mean([e.spa <= 0.05 for e in figures]),
        "paths > 0": np.mean([e.path_low > 0 for e in figures]),
    }
    verdicts = ", ".join(f"{verdict} {count[verdict]}" for verdict in Verdict)
    shares = ", ".join(f"{name} {share:.1%}" for name, share in alone.items())
    return f"edge {edge:g}: {len(found)} markets: {verdicts}; alone: {shares}"


def main() -> None:
    markets = int(sys.argv[1]) if len(sys.argv) > 1 else MARKETS
    for edge in EDGES:
        count = markets if edge == 0.0 else max(1, markets // 10)
        days = DAYS if edge == 0.0 else YEARS_WITH_EDGE * 365
        print(told(edge, [searched(seed, edge, days) for seed in range(count)]), flush=True)


if __name__ == "__main__":
    main()

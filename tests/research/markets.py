"""Markets made up for searches: pure noise, or with an edge that somebody could find."""

import numpy as np

Floats = np.ndarray


def walk(seed: int, rows: int, edge: float = 0.0, persistence: float = 0.98) -> Floats:
    """Daily returns of a market whose drift is +`edge` or -`edge` deviations of 2 %.

    The sign is kept from day to day with the chance `persistence`: trends to follow. Without an
    edge it is a driftless random walk.
    """
    rng = np.random.default_rng(seed)
    turns = rng.random(rows) > persistence
    sign = np.where(np.cumsum(turns) % 2, -1.0, 1.0)
    return 0.02 * (rng.standard_normal(rows) + edge * sign)


def crossings(returns: Floats, fasts: range, slows: range) -> tuple[Floats, Floats]:
    """Returns of being long while the fast average is above the slow one and short below, for all
    pairs with fast < slow; and each pair's place in steps. Decided on the day before."""
    price = np.cumsum(np.log1p(returns))
    total = np.concatenate(([0.0], np.cumsum(price)))
    means = {}
    for window in {*fasts, *slows}:
        mean = np.full(price.size, np.nan)
        mean[window - 1 :] = (total[window:] - total[:-window]) / window
        means[window] = mean
    pairs = [(f, s) for f in fasts for s in slows if f < s]
    held = np.column_stack([np.sign(means[f] - means[s]) for f, s in pairs])
    earned = np.zeros_like(held)
    earned[1:] = np.nan_to_num(held[:-1]) * returns[1:, np.newaxis]
    steps = np.array([(f / fasts.step, s / slows.step) for f, s in pairs])
    return earned, steps

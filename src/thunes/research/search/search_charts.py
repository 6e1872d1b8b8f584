"""The pictures of a search as plain JSON values, few enough for a browser."""

import math
from collections.abc import Sequence

import numpy as np

from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.cscv import Overfitting
from thunes.core.stats.drawdown import drawdown
from thunes.research.charts import Json, points, short
from thunes.research.search.figures import SHARPES_A_YEAR
from thunes.research.search.judged import set_text
from thunes.research.search.picturing import Scale, fortune_data, histogram, optional, scale_of
from thunes.research.search.result import Searched, Tried
from thunes.research.thinning import even_rows, extreme_rows
from thunes.research.wording import DASH

DOTS_MAX = 2_000
"""Trials, or splits, that are drawn in one picture."""

CELLS_MAX = 40
"""Places along each side of the heat map."""

PLACES_MAX = 300
"""Places along the line of a search over one parameter."""


def search_charts(searched: Searched) -> Json:
    """Everything that the page of a search draws. Times are ms UTC, Sharpe ratios a year."""
    names = ranked_names(searched)
    chosen = searched.trials[searched.chosen]
    return {
        "quote": searched.ran.quote,
        "equity": points(searched.days, searched.equity),
        "drawdown": points(searched.days, drawdown(searched.equity)),
        "same": searched.chosen == searched.peak,
        "front": _front(searched),
        "heat": _heat(searched, names[0], names[1]) if len(names) > 1 else None,
        "line": _line(searched, names[0]) if len(names) == 1 else None,
        "luck": _luck(searched.luck),
        "history": _history(searched.trials),
        "fortunes": fortune_data(searched.fortunes, chosen.max_drawdown),
    }


def _front(searched: Searched) -> Json:
    """Trials by drawdown and Sharpe ratio: the front, the two marks, and others evenly thinned."""
    trials = searched.trials
    ratios, depths = _figures(trials)
    known = np.flatnonzero(~np.isnan(ratios) & ~np.isnan(depths))
    drawn = known[np.array([trials[row].on_front for row in known.tolist()], dtype=np.bool_)]
    front = drawn[np.lexsort((ratios[drawn], depths[drawn]))]
    others = np.setdiff1d(known, front)
    kept = others[even_rows(others.size, DOTS_MAX)]
    return {
        "others": _dots(searched, kept),
        "front": _dots(searched, front),
        "chosen": _dots(searched, np.intersect1d(known, [searched.chosen])),
        "peak": _dots(searched, np.intersect1d(known, [searched.peak])),
        "left_out": int(others.size - kept.size),
    }


def _figures(trials: Sequence[Tried]) -> tuple[Floats, Floats]:
    """Sharpe ratios, and depths of the deepest drawdowns as positive fractions."""
    depths = optional(trial.max_drawdown for trial in trials)
    return optional(trial.sharpe for trial in trials), np.abs(depths)


def _dots(searched: Searched, rows: Ints) -> Json:
    ratios, depths = _figures([searched.trials[row] for row in rows.tolist()])
    return {
        "x": short(depths),
        "y": short(ratios),
        "text": [set_text(searched.trials[row], searched.names) for row in rows.tolist()],
    }


def ranked_names(searched: Searched) -> list[str]:
    """The parameters that were searched, the most important first."""
    return sorted(searched.names, key=lambda name: -searched.importance.get(name, 0.0))


def _heat(searched: Searched, across: str, up: str) -> Json:
    """The best score in each cell; None where nothing was tried, or where it has no score."""
    x, columns = _places(searched, across, CELLS_MAX)
    y, rows = _places(searched, up, CELLS_MAX)
    best = np.full((len(y.labels), len(x.labels)), math.nan)
    tried = np.zeros(best.shape, dtype=np.int64)
    np.fmax.at(best, (rows, columns), optional(trial.score for trial in searched.trials))
    np.add.at(tried, (rows, columns), 1)
    up_none, across_none = np.nonzero((tried > 0) & np.isnan(best))
    return {
        "across": {"name": across, "labels": x.labels, "firsts": x.firsts},
        "up": {"name": up, "labels": y.labels, "firsts": y.firsts},
        "best": [short(row) for row in best],
        "tried": tried.tolist(),
        "no_score": [across_none.tolist(), up_none.tolist()],
        "chosen": [int(columns[searched.chosen]), int(rows[searched.chosen])],
        "peak": [int(columns[searched.peak]), int(rows[searched.peak])],
    }


def _line(searched: Searched, name: str) -> Json:
    """The best score at each value of the only parameter."""
    scale, places = _places(searched, name, PLACES_MAX)
    best = np.full(len(scale.labels), math.nan)
    np.fmax.at(best, places, optional(trial.score for trial in searched.trials))
    return {
        "name": name,
        "labels": scale.labels,
        "firsts": scale.firsts,
        "best": short(best),
        "chosen": int(places[searched.chosen]),
        "peak": int(places[searched.peak]),
    }


def _places(searched: Searched, name: str, limit: int) -> tuple[Scale, Ints]:
    """The values of a parameter in order, and the place of each trial's own."""
    values = [trial.parameters.get(name, DASH) for trial in searched.trials]
    scale = scale_of(values, limit)
    return scale, np.array([scale.place[value] for value in values], dtype=np.int64)


def _luck(luck: Overfitting | None) -> Json | None:
    """The logits of all splits, and each winner in sample and out of sample."""
    if luck is None:
        return None
    inside = luck.in_sample * SHARPES_A_YEAR
    outside = luck.out_of_sample * SHARPES_A_YEAR
    finite = np.flatnonzero(np.isfinite(inside) & np.isfinite(outside))
    order = finite[np.argsort(inside[finite], kind="stable")]
    kept = order[even_rows(order.size, DOTS_MAX)]
    slope, ends = luck.degradation, inside[kept[[0, -1]]] if kept.size else np.zeros(0)
    fitted = [] if slope is None else outside.mean() + slope * (ends - inside.mean())
    return {
        "logits": histogram(luck.logits),
        "inside": short(inside[kept]),
        "outside": short(outside[kept]),
        "fitted": {"x": short(ends), "y": short(np.asarray(fitted, dtype=np.float64))},
    }


def _history(trials: Sequence[Tried]) -> Json:
    """Scores in the order in which the trials ran, and the best so far where it rose."""
    scores = optional(trial.score for trial in trials)
    known = np.flatnonzero(~np.isnan(scores))
    rows = known[extreme_rows(scores[known], DOTS_MAX)]
    best = np.maximum.accumulate(scores[known])
    rises = np.flatnonzero(np.diff(best, prepend=-math.inf) > 0)
    last = known[-1:] + 1
    return {
        "n": (rows + 1).tolist(),
        "score": short(scores[rows]),
        "best_n": [*(known[rises] + 1).tolist(), *last.tolist()],
        "best": [*short(best[rises]), *short(best[-1:])],
        "left_out": int(known.size - rows.size),
    }

"""The page of a search: how likely its choice is luck, first; then its pictures and best sets."""

import math
from pathlib import Path

import numpy as np

from thunes.adapters.pages import write_page
from thunes.research.page import Words, sign
from thunes.research.report import drawn_page
from thunes.research.search.figures import evidence_tiles, known
from thunes.research.search.judged import judged_words, parameter_text
from thunes.research.search.picturing import Scale, optional, scale_of
from thunes.research.search.result import Searched
from thunes.research.search.search_charts import CELLS_MAX, DOTS_MAX, ranked_names, search_charts
from thunes.research.wording import DASH, percent, ratio

SETS_LISTED_MAX = 50
VALUES_NAMED_MAX = 6


def write_search_page(searched: Searched, path: Path) -> None:
    """Write the page to `path`, whole or not at all.

    It holds everything it needs (about 5 MB) and is not allowed to ask the network for anything.
    Raises UsageError without the extra `report`, ThunesError where the file cannot be written.
    """
    words = {**judged_words(searched), **_words(searched)}
    pieces = ("report.css", "search/judged.css", "search/judged.js", "search/search.js")
    write_page(path, drawn_page("search/search", words, search_charts(searched), pieces))


def _words(searched: Searched) -> Words:
    trials, pair = searched.trials, ranked_names(searched)[:2]
    scored = optional(trial.score for trial in trials)
    best = [_row(searched, row) for row in _listed(searched)]
    return {
        "title": f"Search: {searched.ran.strategy}",
        "trials": len(trials),
        "refused": searched.refused,
        "tiles": evidence_tiles(searched.evidence) if searched.evidence is not None else [],
        "names": searched.names,
        "chosen": _row(searched, searched.chosen),
        "peak": _row(searched, searched.peak),
        "same": searched.chosen == searched.peak,
        "front_size": sum(trial.on_front for trial in trials),
        "pair": pair,
        "merged": any(_scale(searched, name).merged > 1 for name in pair),
        "importance": _importance(searched),
        "days": searched.days.size,
        "measured": sum(known(t.sharpe) and known(t.max_drawdown) for t in trials),
        "no_score": int(np.isnan(scored).sum()),
        "splits": searched.luck.rank.size if searched.luck is not None else 0,
        "dots": DOTS_MAX,
        "best": best,
        "dashes": any(DASH in row.values() for row in best),
        "listed": SETS_LISTED_MAX,
        "ranges": [(name, _range(searched, name)) for name in searched.names],
    }


def _scale(searched: Searched, name: str, limit: int = CELLS_MAX) -> Scale:
    return scale_of((trial.parameters.get(name, DASH) for trial in searched.trials), limit)


def _listed(searched: Searched) -> list[int]:
    """The rows with the best scores, the best first, and the chosen one even if it is not there."""
    scores = optional(trial.score for trial in searched.trials)
    order = np.argsort(-scores, kind="stable")[:SETS_LISTED_MAX].tolist()
    return order if searched.chosen in order else [*order, searched.chosen]


def _row(searched: Searched, row: int) -> Words:
    trial = searched.trials[row]
    marks = {
        "chosen": row == searched.chosen,
        "peak": row == searched.peak,
        "front": trial.on_front,
    }
    return {
        "number": trial.number,
        "marks": [mark for mark, is_so in marks.items() if is_so],
        "set": parameter_text(trial.parameters, searched.names),
        "parameters": [trial.parameters.get(name, DASH) for name in searched.names],
        "score": ratio(trial.score, 3),
        "sharpe": ratio(trial.sharpe),
        "return": percent(trial.total_return, signed=True),
        "sign": sign(trial.total_return),
        "drawdown": percent(trial.max_drawdown),
        "trades": f"{trial.trades:,}",
    }


def _importance(searched: Searched) -> list[Words]:
    """The share that each parameter explains, the largest first; bars are in percent of it."""
    return [
        {"name": name, "share": percent(share), "width": round(100 * min(max(share, 0.0), 1.0), 1)}
        for name in ranked_names(searched)
        if math.isfinite(share := searched.importance.get(name, math.nan))
    ]


def _range(searched: Searched, name: str) -> str:
    """`5 to 50, 10 values`, or all of them where they are few."""
    labels = _scale(searched, name, len(searched.trials)).labels
    if len(labels) <= VALUES_NAMED_MAX:
        return ", ".join(labels)
    return f"{labels[0]} to {labels[-1]}, {len(labels):,} values"

"""The page of a walk forward: the verdict, the only curve that is performance, its windows."""

from pathlib import Path

from thunes.adapters.pages import write_page
from thunes.research.page import Words, sign
from thunes.research.report import drawn_page
from thunes.research.search.figures import Tile, Tiles, record_length, sharpe_note, told
from thunes.research.search.judged import judged_words
from thunes.research.search.result import Walked, Window
from thunes.research.search.walk_charts import DRIFTS_DRAWN_MAX, WINDOWS_DRAWN_MAX, walk_charts
from thunes.research.wording import DASH, moment, percent, ratio

WINDOWS_LISTED_MAX = 500

_UNPROVEN = "not measured: the curve is too short, or never moved"
_HOLE = "not measurable: a day of the curve has no value"


def write_walk_page(walked: Walked, path: Path) -> None:
    """Write the page to `path`, whole or not at all.

    It holds everything it needs (about 5 MB) and is not allowed to ask the network for anything.
    Raises UsageError without the extra `report`, ThunesError where the file cannot be written.
    """
    words = {**judged_words(walked), **_words(walked)}
    pieces = ("report.css", "search/judged.css", "search/judged.js", "search/walk.js")
    write_page(path, drawn_page("search/walk", words, walk_charts(walked), pieces))


def _words(walked: Walked) -> Words:
    windows = walked.windows
    rows = [_row(window, walked.names) for window in windows[:WINDOWS_LISTED_MAX]]
    return {
        "title": f"Walk forward: {walked.ran.strategy}",
        "tiles": _tiles(walked),
        "names": walked.names,
        "days": walked.days.size,
        "kind": "anchored" if walked.anchored else "rolling",
        "windows_in_all": len(windows),
        "windows_drawn": min(len(windows), WINDOWS_DRAWN_MAX),
        "drifts_left_out": max(0, len(walked.names) - DRIFTS_DRAWN_MAX),
        "drawn_names": walked.names[:DRIFTS_DRAWN_MAX],
        "windows": rows,
        "dashes": any(DASH in row.values() for row in rows),
    }


def _tiles(walked: Walked) -> Tiles:
    return [
        ("Out of sample", _performance(walked)),
        ("How far that can be trusted", _trust(walked)),
    ]


def _performance(walked: Walked) -> list[Tile]:
    count = len(walked.windows)
    held = f"buy and hold {percent(walked.hold_return, signed=True)}"
    won = f"{sum(window.test_return > 0 for window in walked.windows):,} of {count:,}"
    total, deepest = percent(walked.total_return, signed=True), percent(walked.max_drawdown)
    interval = sharpe_note(walked.interval)
    return [
        ("Return", total, told(walked.total_return, held, _HOLE)),
        ("Sharpe ratio", ratio(walked.sharpe), told(walked.sharpe, interval, _UNPROVEN)),
        ("Maximum drawdown", deepest, told(walked.max_drawdown, "at the ends of days", _HOLE)),
        ("Windows that earned", percent(walked.positive, 0), won),
    ]


def _trust(walked: Walked) -> list[Tile]:
    alone = "confidence in a Sharpe ratio above 0"
    counted = "the same once all walks on these bars are counted"
    kept = "growth a year out of sample over that in sample"
    unearned = "not measurable: nothing was earned in sample"
    return [
        ("PSR", percent(walked.psr), told(walked.psr, alone, _UNPROVEN)),
        ("DSR", percent(walked.dsr), told(walked.dsr, counted, "not measured")),
        record_length(walked.periods_needed, walked.days.size),
        ("Efficiency", percent(walked.efficiency, 0), told(walked.efficiency, kept, unearned)),
    ]


def _row(window: Window, names: tuple[str, ...]) -> Words:
    return {
        "number": window.number,
        "trained": [_day(window.train_start), _day(window.train_end)],
        "tested": [_day(window.test_start), _day(window.test_end)],
        "parameters": [window.parameters.get(name, DASH) for name in names],
        "trials": f"{window.trials:,}",
        "score": ratio(window.train_score, 3),
        "train_sharpe": ratio(window.train_sharpe),
        "test_sharpe": ratio(window.test_sharpe),
        "train_return": percent(window.train_return_a_year, signed=True),
        "test_return_a_year": percent(window.test_return_a_year, signed=True),
        "test_return": percent(window.test_return, signed=True),
        "sign": sign(window.test_return),
        "drawdown": percent(window.test_drawdown),
        "trades": f"{window.trades:,}",
    }


def _day(at: int) -> str:
    """Midnight is shown as its day alone."""
    return moment(at).removesuffix(" 00:00")

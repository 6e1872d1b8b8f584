"""The pictures of a walk forward as plain JSON values, few enough for a browser."""

from collections.abc import Sequence

from thunes.core.stats.drawdown import drawdown
from thunes.research.charts import Json, points, short
from thunes.research.search.judged import parameter_text
from thunes.research.search.picturing import as_number, fortune_data, optional, scale_of
from thunes.research.search.result import Walked, Window
from thunes.research.thinning import even_rows
from thunes.research.wording import DASH

WINDOWS_DRAWN_MAX = 250
DRIFTS_DRAWN_MAX = 24
PLACES_MAX = 40
"""Places along the axis of a parameter whose values are no numbers."""

_NS_PER_MS = 1_000_000


def walk_charts(walked: Walked) -> Json:
    """Everything that the page of a walk forward draws. Times are ms UTC."""
    rows = even_rows(len(walked.windows), WINDOWS_DRAWN_MAX).tolist()
    windows = [walked.windows[row] for row in rows]
    names = walked.names[:DRIFTS_DRAWN_MAX]
    return {
        "quote": walked.ran.quote,
        "equity": points(walked.days, walked.equity),
        "hold": points(walked.days, walked.hold),
        "drawdown": points(walked.days, drawdown(walked.equity)),
        "windows": _windows(windows, walked.names),
        "inside": {
            "sharpe": _pair(windows, "train_sharpe", "test_sharpe"),
            "return": _pair(windows, "train_return_a_year", "test_return_a_year"),
        },
        "drift": [_drift(windows, name) for name in names],
        "fortunes": fortune_data(walked.fortunes, walked.max_drawdown),
    }


def _windows(windows: Sequence[Window], names: Sequence[str]) -> Json:
    times = ("train_start", "train_end", "test_start", "test_end")
    return {
        "number": [window.number for window in windows],
        **{name: [getattr(each, name) // _NS_PER_MS for each in windows] for name in times},
        "text": [
            parameter_text(each.parameters, names) if each.parameters else "no set was chosen"
            for each in windows
        ],
        "earned": short(optional(window.test_return for window in windows)),
    }


def _pair(windows: Sequence[Window], inside: str, outside: str) -> Json:
    return {
        "inside": short(optional(getattr(window, inside) for window in windows)),
        "outside": short(optional(getattr(window, outside) for window in windows)),
    }


def _drift(windows: Sequence[Window], name: str) -> Json:
    """The values of a parameter over the windows: numbers, or places of `firsts`; None where no set
    was chosen."""
    values = [window.parameters.get(name) for window in windows]
    chosen = [value for value in values if value is not None]
    numbers = {value: as_number(value) for value in chosen}
    said = {"name": name, "text": [DASH if value is None else value for value in values]}
    if None not in numbers.values():
        return {**said, "y": [numbers.get(value or "") for value in values], "firsts": []}
    scale = scale_of(chosen, PLACES_MAX)
    places = [None if value is None else scale.place[value] for value in values]
    return {**said, "y": places, "firsts": scale.firsts}

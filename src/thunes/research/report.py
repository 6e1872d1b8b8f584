"""One HTML file that shows a backtest to somebody who was not there."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.adapters.pages import needs_extra, write_page
from thunes.adapters.pages import render as rendered
from thunes.research.charts import chart_data
from thunes.research.page import page_words
from thunes.research.result import BacktestResult

_PIECES = files("thunes.research")


def write_report(result: BacktestResult, path: Path, trades_file: str | None = None) -> None:
    """Write the report to `path`, whole or not at all.

    The page holds everything it needs (about 5 MB) and is not allowed to ask the network for
    anything. `trades_file` says where the trades are that the page has no room for. Raises
    UsageError without the extra `report`, ThunesError where the file cannot be written.
    """
    write_page(path, render(result, trades_file))


def render(result: BacktestResult, trades_file: str | None = None) -> str:
    """The page as text. Raises UsageError without the extra `report`."""
    words = {
        **page_words(result),
        "trades_file": trades_file,
        "data": script_json(chart_data(result)),
        "style": _PIECES.joinpath("report.css").read_text("utf-8"),
        "script": _PIECES.joinpath("report.js").read_text("utf-8"),
        "plotly": _plotly(),
    }
    return rendered(_PIECES.joinpath("report.html.j2"), words)


def script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever its strings say."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as trouble:
        raise needs_extra(trouble) from trouble
    text: str = get_plotlyjs()
    return text

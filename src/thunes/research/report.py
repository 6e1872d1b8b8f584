"""HTML files that show what research found to somebody who was not there."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.adapters.pages import needs_extra, write_page
from thunes.adapters.pages import render as rendered
from thunes.research.charts import Json, chart_data
from thunes.research.page import Words, page_words
from thunes.research.result import BacktestResult

_PIECES = files("thunes.research")


def write_report(result: BacktestResult, path: Path, trades_file: str | None = None) -> None:
    """Write the report of a backtest to `path`, whole or not at all.

    The page holds everything it needs (about 5 MB) and is not allowed to ask the network for
    anything. `trades_file` says where the trades are that the page has no room for. Raises
    UsageError without the extra `report`, ThunesError where the file cannot be written.
    """
    write_page(path, render(result, trades_file))


def render(result: BacktestResult, trades_file: str | None = None) -> str:
    """The page of a backtest as text. Raises UsageError without the extra `report`."""
    words = {**page_words(result), "trades_file": trades_file}
    return drawn_page("report", words, chart_data(result), ("report.css", "report.js"))


def drawn_page(template: str, words: Words, data: Json, pieces: Sequence[str]) -> str:
    """A page with charts of `data`: it holds plotly, the styles and scripts among `pieces`, and
    what every page draws with.

    Names are of files beside this module. Raises UsageError without the extra `report`.
    """
    said = {
        **words,
        "data": script_json(data),
        "style": _joined(pieces, ".css"),
        "script": _joined(("drawing.js", *pieces), ".js"),
        "plotly": _plotly(),
    }
    return rendered(_PIECES.joinpath(f"{template}.html.j2"), said, _PIECES)


def script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever its strings say."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _joined(pieces: Sequence[str], kind: str) -> str:
    texts = (_PIECES.joinpath(name).read_text("utf-8") for name in pieces if name.endswith(kind))
    return "\n".join(texts)


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as trouble:
        raise needs_extra(trouble) from trouble
    text: str = get_plotlyjs()
    return text

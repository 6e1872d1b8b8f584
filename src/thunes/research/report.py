"""One HTML file that shows a backtest to somebody who was not there."""

import json
import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.research.charts import chart_data
from thunes.research.page import page_words
from thunes.research.result import BacktestResult

_PIECES = files("thunes.research")
_NAMES = ("report.html.j2", "report.css", "report.js")


def write_report(result: BacktestResult, path: Path, trades_file: str | None = None) -> None:
    """Write the report to `path`, whole or not at all.

    The page holds everything it needs (about 5 MB) and is not allowed to ask the network for
    anything. `trades_file` says where the trades are that the page has no room for. Raises
    UsageError without the extra `report`, ThunesError where the file cannot be written.
    """
    page = render(result, trades_file)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_text(page, encoding="utf-8")
        draft.replace(path)
    except OSError as trouble:
        with suppress(OSError):
            draft.unlink()
        raise ThunesError(
            f"cannot write the report into {path.parent.resolve()}: {trouble.strerror}; "
            "choose a directory that exists and may be written to"
        ) from trouble


def render(result: BacktestResult, trades_file: str | None = None) -> str:
    """The page as text. Raises UsageError without the extra `report`."""
    environment, plotly_js = _tools()
    pieces = {name: _PIECES.joinpath(name).read_text("utf-8") for name in _NAMES}
    page: str = environment.from_string(pieces["report.html.j2"]).render(
        **page_words(result),
        trades_file=trades_file,
        data=script_json(chart_data(result)),
        style=pieces["report.css"],
        script=pieces["report.js"],
        plotly=plotly_js,
    )
    return page


def script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever its strings say."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _tools() -> tuple[Any, str]:
    try:
        import jinja2
        from plotly.offline import get_plotlyjs
    except ImportError as trouble:
        raise UsageError(
            f"the report needs {trouble.name}, which is not installed: pip install 'thunes[report]'"
        ) from trouble
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment, get_plotlyjs()

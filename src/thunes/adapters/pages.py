"""Pages: HTML files that hold all they need, written whole or not at all."""

import os
from collections.abc import Callable
from contextlib import suppress
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from thunes.core.domain.errors import ThunesError, UsageError


def render(template: Traversable, words: dict[str, Any], folder: Traversable | None = None) -> str:
    """A page as text; what is put into it is escaped. UsageError without the extra `report`.

    `folder` holds the templates that this one extends or includes.
    """
    try:
        import jinja2
    except ImportError as trouble:
        raise needs_extra(trouble) from trouble
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=None if folder is None else jinja2.FunctionLoader(_source_in(folder)),
    )
    page: str = environment.from_string(template.read_text("utf-8")).render(words)
    return page


def _source_in(folder: Traversable) -> Callable[[str], str]:
    return lambda name: folder.joinpath(name).read_text("utf-8")


def write_page(path: Path, page: str) -> None:
    """Write the page whole or not at all; ThunesError where the file cannot be written."""
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


def needs_extra(trouble: ImportError) -> UsageError:
    """What to install for a report."""
    return UsageError(
        f"the report needs {trouble.name}, which is not installed: pip install 'thunes[report]'"
    )

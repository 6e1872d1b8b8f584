"""Artifacts: where a search keeps its records and its page, and the bar of how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from thunes.compose.optimizing import Told
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.research.search.result import Ran


def places(artifacts: Path) -> None:
    """Make the directory of the records; ThunesError where it cannot be."""
    try:
        (artifacts / "optuna").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThunesError(
            f"--artifacts: {error.filename} cannot be made: {error.strerror}"
        ) from error


def place_of(ran: Ran, artifacts: Path) -> Path:
    """Where the page of a search lies unless told."""
    return artifacts / "optuna" / f"{ran.study}.html"


def page(asked: Path | None, usual: Path, write: Callable[[Path], None]) -> list[Path]:
    """Write the page where it was asked for; where it was not, only if the extra is there."""
    path = asked or usual
    try:
        write(path)
    except UsageError:
        if asked is not None:
            raise
        return []
    return [path]


@contextmanager
def trials_bar(what: str) -> Iterator[Told]:
    """A bar on the terminal with the best score so far; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with Progress(console=console, transient=True) as bar:
        # The first search of a machine waits for the compiler before there is anything to tell.
        task = bar.add_task(f"{what} (the first one compiles, up to half a minute)", total=None)

        def told(done: int, total: int, best: float | None) -> None:
            said = what if best is None else f"{what}, best {best:.3f}"
            bar.update(task, completed=done, total=total, description=said)

        yield told

"""Extras: a verb that lacks an optional package says which extra brings it."""

from collections.abc import Iterator
from contextlib import contextmanager

from thunes.core.domain.errors import UsageError


@contextmanager
def brought_by(extra: str, what: str, *packages: str) -> Iterator[None]:
    """Around imports for which `what` needs these packages. Raises UsageError where one lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in packages:
            raise
        raise UsageError(f"{what} needs an extra: pip install 'thunes[{extra}]'") from error

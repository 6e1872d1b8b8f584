"""The window of time that --from and --to ask for."""

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Instant, parse_instant


def window_asked(start: str | None, end: str | None) -> tuple[Instant | None, Instant | None]:
    """The instants of --from and --to (None: open), in order."""
    first = None if start is None else _instant("--from", start)
    last = None if end is None else _instant("--to", end)
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--from {start} must be before --to {end}")
    return first, last


def _instant(flag: str, text: str) -> Instant:
    try:
        return parse_instant(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None

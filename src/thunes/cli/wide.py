"""Figures and tables on a terminal, or where one is not looked at."""

from rich.console import Console

NONE = "-"
_WIDE = 140


def console() -> Console:
    """A terminal as wide as it is; files and pipes have no width of their own."""
    shown = Console()
    return shown if shown.is_terminal else Console(width=_WIDE)


def figure(value: float | None) -> str:
    """A ratio, or a dash."""
    return NONE if value is None else f"{value:.2f}"

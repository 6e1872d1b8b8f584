"""The configuration that nobody named: it does not count, and whoever forgot it is told."""

import sys
from pathlib import Path

_USUAL = Path("thunes.toml")


def tell_of_unused(config: Path | None) -> None:
    """Say so where a `thunes.toml` lies here and `--config` names none: what a run does follows
    from what was asked, and not from where it was asked."""
    if config is None and _USUAL.is_file():
        print(f"note: {_USUAL} is not used; --config {_USUAL} has it used", file=sys.stderr)

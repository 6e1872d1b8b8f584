"""The front door: `thunes VERB`, with stable exit codes (0 done, 1 failed, 2 asked wrongly)."""

from thunes.cli.main import main
from thunes.cli.verbs import app

__all__ = ["app", "main"]

"""Places: where things lie in a state directory, and beside the lines of a journal."""

JOURNAL = "journal"
TABLES = "thunes.db"
SOCKET = "control.sock"

TAPE = "tape"
"""In a state directory what was heard of the market; in that of a journal of the past its bars."""

TEXTS = "strategies"
"""In the directory of a journal: the texts of its strategies by their SHA-256, for a replay."""

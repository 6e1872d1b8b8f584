"""The store that keeps nothing but the outcome of the steps, as one hash."""

from hashlib import sha256


class MemoryStore:
    """Takes the lines of steps and remembers their hash only."""

    def __init__(self) -> None:
        self._hash = sha256()

    def append(self, line: bytes, *, durable: bool) -> None:  # noqa: ARG002
        """Add an encoded step; nothing is written, so `durable` asks for nothing."""
        self._hash.update(line + b"\n")

    @property
    def outcome_hash(self) -> str:
        """SHA-256 (hex) over all lines, each with a line end: equal runs have equal ones."""
        return self._hash.hexdigest()

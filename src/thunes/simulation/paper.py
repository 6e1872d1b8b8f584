"""A journal on paper: lines in memory, of which only the synced ones outlive a crash for sure."""

from thunes.simulation.chance import Stream


class PaperJournal:
    """Keeps the lines of steps; `crash` takes some of those that were not synced."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.synced = 0

    def append(self, line: bytes, *, durable: bool) -> None:
        self.lines.append(line)
        if durable:
            self.synced = len(self.lines)

    def crash(self, chance: Stream) -> None:
        """What was not synced may be lost, from some line on."""
        kept = chance.between(self.synced, len(self.lines))
        del self.lines[kept:]
        self.synced = len(self.lines)

    def recorded(self) -> list[bytes]:
        return self.lines

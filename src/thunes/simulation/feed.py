"""The feed: ticks to the exchange, and closed bars to whichever process listens."""

from collections.abc import Callable

import numpy as np

from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol
from thunes.simulation.agenda import Agenda
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault, FaultBox
from thunes.simulation.scene import Scene

_LATE_NS = (0, 90 * NS_PER_SECOND)
_LATENCY_NS = (5_000_000, 300_000_000)


class Feed:
    """Lets the market of a scene happen."""

    def __init__(self, agenda: Agenda, box: FaultBox, scene: Scene, exchange: Exchange) -> None:
        self._agenda = agenda
        self._box = box
        self._exchange = exchange
        self._tape = scene.tape
        self._latency = box.chance.stream("feed.latency")
        self._tell: Callable[[int], None] = lambda _: None
        names = list(scene.paths)
        paths = list(scene.paths.values())
        at = np.concatenate([path.at for path in paths])
        order = np.argsort(at, kind="stable")
        self._at: list[int] = at[order].tolist()
        place = np.repeat(np.arange(len(paths)), [path.at.size for path in paths])[order]
        self._symbols: list[Symbol] = [names[each] for each in place.tolist()]
        self._bids: list[float] = np.concatenate([p.bid for p in paths])[order].tolist()
        self._asks: list[float] = np.concatenate([p.ask for p in paths])[order].tolist()
        self._sizes: list[float] = np.concatenate([p.size for p in paths])[order].tolist()
        self._next = 0
        # What has closed before the scene begins is history: told with the first closing.
        self._row = int(np.searchsorted(self._tape.times, scene.start, side="right")) - 1

    def begin(self, tell: Callable[[int], None]) -> None:
        """From now on ticks happen; `tell` gets the row of the bars that have closed."""
        self._tell = tell
        self._agenda.at(Instant(self._at[0]), self._tick)
        self._agenda.at(Instant(int(self._tape.times[self._row + 1])), self._close)

    def catch_up(self) -> None:
        """Somebody has begun to listen: the newest closed bars are told again."""
        if self._row >= 0:
            row = self._row
            self._agenda.after(self._latency.between(*_LATENCY_NS), lambda: self._tell(row))

    def _tick(self) -> None:
        at, now, place = self._at, self._agenda.now, self._next
        while place < len(at) and at[place] <= now:
            self._exchange.on_tick(
                self._symbols[place], self._bids[place], self._asks[place], self._sizes[place]
            )
            place += 1
        self._next = place
        if place < len(at):
            self._agenda.at(Instant(at[place]), self._tick)

    def _close(self) -> None:
        self._row += 1
        row, box = self._row, self._box
        wait = self._latency.between(*_LATENCY_NS)
        struck = box.first((Fault.BARS_LOST, Fault.BARS_LATE, Fault.BARS_TWICE))
        if struck is Fault.BARS_LATE:
            wait += box.draw(struck, *_LATE_NS)
        if struck is not Fault.BARS_LOST:
            self._agenda.after(wait, lambda: self._tell(row))
        if struck is Fault.BARS_TWICE:
            again = wait + box.draw(struck, *_LATE_NS)
            self._agenda.after(again, lambda: self._tell(row))
        if row + 1 < len(self._tape):
            self._agenda.at(Instant(int(self._tape.times[row + 1])), self._close)

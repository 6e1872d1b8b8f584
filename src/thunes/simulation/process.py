"""A process: one running instance, from its start to its death, and all that it can lose."""

from collections.abc import Callable

from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import Event
from thunes.core.domain.units import Instant
from thunes.runtime.live import Live
from thunes.runtime.outside import KeepingStore, LiveVenue
from thunes.runtime.recovery import Recorded, start
from thunes.simulation.host import HeldLease, SteadyClock
from thunes.simulation.scene import Scene


class Crash(BaseException):
    """The process is dead at this very place; nobody catches it but the world."""


class Effects:
    """Counts what a process does to the world, and kills it before or after the n-th effect.

    An effect is a line written, a state kept, or a command handed to the wire.
    """

    def __init__(self) -> None:
        self.count = 0
        self._dies_at = 0  # 2n: before effect n; 2n + 1: after it

    def kill(self, effect: int, *, after: bool) -> None:
        """Die at effect number `effect`, counted from the first one ever."""
        self._dies_at = 2 * effect + after

    def spare(self) -> None:
        """Die at none."""
        self._dies_at = 0

    def before(self) -> None:
        self.count += 1
        if self._dies_at == 2 * self.count:
            raise Crash

    def after(self) -> None:
        if self._dies_at == 2 * self.count + 1:
            raise Crash


class MortalStore:
    """A store whose every write may be the last."""

    def __init__(self, store: KeepingStore, effects: Effects) -> None:
        self._store = store
        self._effects = effects
        self.begun = 0  # lines that were to be written, whether they were or not

    def append(self, line: bytes, *, durable: bool) -> None:
        self.begun += 1
        self._effects.before()
        self._store.append(line, durable=durable)
        self._effects.after()

    def keep(self, state: bytes) -> None:
        self._effects.before()
        self._store.keep(state)
        self._effects.after()


class MortalVenue:
    """A wire whose every command may be the last."""

    def __init__(self, venue: LiveVenue, effects: Effects) -> None:
        self._venue = venue
        self._effects = effects

    def send(self, command: VenueCommand, at: Instant) -> None:
        self._effects.before()
        self._venue.send(command, at)
        self._effects.after()

    def ask_account(self, at: Instant, fills_since: Instant) -> None:
        self._venue.ask_account(at, fills_since)


class Process:
    """One instance: what it hears while it hangs waits for it."""

    def __init__(
        self,
        scene: Scene,
        recorded: Recorded,
        outside: tuple[LiveVenue, KeepingStore, SteadyClock, HeldLease],
        effects: Effects,
    ) -> None:
        venue, store, clock, lease = outside
        self.epoch = lease.epoch
        self._scene = scene
        self.hangs = False
        self.store = MortalStore(store, effects)
        self._waiting: list[Callable[[Live], object]] = []
        self.live = start(
            scene.engine(),
            recorded,
            MortalVenue(venue, effects),
            self.store,
            (clock, lease),
        )

    def hear(self, event: Event) -> None:
        self._do(lambda live: live.hear(event))

    def close(self, row: int) -> None:
        """The bars of a row of the tape have closed."""

        def tell(live: Live) -> None:
            closing = self._scene.closing(row, live.engine)
            if closing is not None:
                live.hear(closing)

        self._do(tell)

    def reconnected(self) -> None:
        self._do(Live.reconnected)

    def tick(self) -> None:
        self._do(Live.tick)

    def wake(self) -> None:
        """It hangs no longer: all that waited is done now."""
        self.hangs = False
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act(self.live)

    def _do(self, act: Callable[[Live], object]) -> None:
        if self.hangs:
            self._waiting.append(act)
        else:
            act(self.live)

"""Attended: a process that trades answers the commands of its operator."""

import pwd
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from thunes.adapters.messaging.local_socket import LocalSocket
from thunes.adapters.storage.journal import Head
from thunes.adapters.storage.places import JOURNAL, SOCKET
from thunes.compose.live import Running, Wanted
from thunes.compose.spec import RunSpec
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant, StrategyId, Symbol
from thunes.ops.commands.command import Role
from thunes.ops.commands.desk import Asker, Desk
from thunes.ops.commands.instance import About, Configuration, Instance
from thunes.ops.commands.registry import COMMANDS
from thunes.ops.commands.tally import Tally
from thunes.runtime.live import Live

T = TypeVar("T")


@contextmanager
def attended(
    running: Running,
    wanted: Wanted,
    now: Callable[[], Instant],
    configuration: Configuration | None = None,
) -> Iterator[Instance]:
    """Answer at the socket of the state directory; call it before the process runs."""
    directory, spec = wanted.directory, wanted.spec
    try:
        listener = LocalSocket.bind(directory / SOCKET)
        tally = Tally.of(directory / JOURNAL)
    except ThunesError:
        running.close()
        raise
    running.process.live.watch(tally.watch)
    about = About(
        directory=directory,
        journal=directory / JOURNAL,
        place=wanted.place,
        quote=spec.quote,
        strategies=strategies_of(spec),
        configuration=configuration,
        began_s=time.monotonic(),
    )
    instance = Instance(about, tally, hands=_Hands(running, now))
    desk = Desk(instance, COMMANDS)
    listener.serve(lambda line, uid: desk.answer(line, owner(uid)))
    try:
        yield instance
    finally:
        listener.close()


def owner(uid: int) -> Asker:
    """Whoever may read the state directory may do all: it holds what the journal is made of."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Asker(f"{name} (local)", Role.ADMIN)


def strategies_of(spec: RunSpec) -> Mapping[Symbol, tuple[StrategyId, ...]]:
    """Who trades each symbol."""
    return {
        one.symbol: tuple(each.id for each in spec.strategies if one.symbol in each.symbols)
        for one in spec.instruments
    }


class _Hands:
    """What commands can do with a process that runs."""

    def __init__(self, running: Running, now: Callable[[], Instant]) -> None:
        self._running = running
        self.now = now

    def ask(self, question: Callable[[Live], T]) -> T:
        return self._running.process.ask(question)

    def head(self) -> Head:
        return self._running.kept.journal.head

    def gauges(self) -> Mapping[str, object]:
        return self._running.venue.gauges()

    def reconnect(self) -> None:
        self._running.venue.reconnect()

    def stop(self) -> None:
        self._running.process.stop()

"""The instance: one account as commands see it, of this process or as its journal left it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from thunes.adapters.storage.journal import Head
from thunes.adapters.storage.tail import newest
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Asset, Instant, StrategyId, Symbol
from thunes.core.engine import Engine
from thunes.ops.commands.tally import Tally
from thunes.runtime.live import Live

T = TypeVar("T")

Plain = dict[str, object]
"""What a command answers: text, numbers, lists and dicts of them; amounts are text."""


class NotRunning(ThunesError):
    """This needs a process that trades the account, and there is none."""


class Hands(Protocol):
    """What can be done with a process that runs; any thread may ask."""

    def ask(self, question: Callable[[Live], T]) -> T:
        """Have the acting thread answer between two events. Raises ThunesError."""

    def now(self) -> Instant:
        """The time of the process."""

    def head(self) -> Head:
        """The last line of its journal; asked on the acting thread."""

    def gauges(self) -> Mapping[str, object]:
        """How the venue is reached."""

    def reconnect(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """With what a process was started: the file, if one was given, and `edited`, which names what
    would be different if it were started now."""

    file: Path | None
    edited: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an account without asking."""

    directory: Path
    journal: Path
    place: str
    quote: Asset
    strategies: Mapping[Symbol, tuple[StrategyId, ...]]
    configuration: Configuration | None = None
    began_s: float = 0.0  # when the process began, by the machine's monotonic clock


@dataclass(frozen=True, slots=True)
class Instance:
    """`engine` is what the journal told where nothing runs; `hands` are there where one does."""

    about: About
    tally: Tally
    engine: Engine | None = None
    hands: Hands | None = None

    @property
    def running(self) -> bool:
        return self.hands is not None

    def head(self) -> Head:
        """The last line of the journal; asked where the engine is."""
        if self.hands is not None:
            return self.hands.head()
        for link in newest(self.about.journal):
            assert link.sequence is not None and link.seal is not None, "it was whole"
            return Head(link.sequence, link.seal.hex())
        raise ThunesError(f"{self.about.journal} holds no journal")

    def read(self, question: Callable[[Engine, Instant], T]) -> T:
        """Ask about the engine at this instant; the question changes nothing."""
        hands = self.hands
        if hands is not None:
            return hands.ask(
                lambda live: question(live.engine, max(live.engine.state.at, hands.now()))
            )
        assert self.engine is not None, "one of the two is there"
        return question(self.engine, self.engine.state.at)


@dataclass(frozen=True, slots=True)
class Context:
    """One use of a command: on which instance, and by whom. `guard` is asked in the very turn in
    which something is done, and raises where that is not what was confirmed."""

    instance: Instance
    who: str
    guard: Callable[[Engine], None] = field(default=lambda _: None)

    @property
    def hands(self) -> Hands:
        if self.instance.hands is None:
            raise NotRunning(
                f"nothing runs on {self.instance.about.directory}: `thunes paper --state "
                f"{self.instance.about.directory}` (or live) goes on with it"
            )
        return self.instance.hands

    def act(self, deed: Callable[[Live], T]) -> T:
        """Do something to the process that runs, between two events. Raises NotRunning."""

        def turn(live: Live) -> T:
            self.guard(live.engine)
            return deed(live)

        return self.hands.ask(turn)

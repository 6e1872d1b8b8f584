"""The process: one thread that acts on what all the others have to tell."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from threading import Event as Flag
from typing import Protocol, TypeVar

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import Event
from thunes.core.domain.units import Instant
from thunes.runtime.closings import Closings
from thunes.runtime.inbox import Inbox
from thunes.runtime.live import Live

T = TypeVar("T")

BEAT_S = 1.0
"""The longest that it waits without looking around."""


class Waiting(Protocol):
    """A clock that knows how long to wait."""

    def now(self) -> Instant: ...

    def wait_s(self, until: Instant) -> float: ...


class NotHeard(ThunesError):
    """The process did not get to answer: it is busy, or ending."""


class Ending(NotHeard):
    """The process hears nobody any more."""


class Process:
    """Runs a live engine until it is stopped; whatever fails in it ends it."""

    def __init__(self, live: Live, inbox: Inbox, closings: Closings, clock: Waiting) -> None:
        self.live = live
        self._inbox = inbox
        self._closings = closings
        self._clock = clock
        self._stop = Flag()
        self._beats: list[Callable[[], object]] = []
        self._cycle: Callable[[], AbstractContextManager[object]] = nullcontext

    def each_beat(self, act: Callable[[], object]) -> None:
        """Have `act` called at least about once a second, between two events."""
        self._beats.append(act)

    def around_closings(self, cycle: Callable[[], AbstractContextManager[object]]) -> None:
        """Have each closing of bars happen inside of `cycle`."""
        self._cycle = cycle

    @property
    def conflated(self) -> int:
        """Market data that newer data took the place of before it was heard."""
        return self._inbox.conflated

    def tell(self, event: Event) -> bool:
        """Have an event heard; any thread may, and does not wait. False once it is ending."""
        return self._inbox.put(event)

    def run(self) -> None:
        """Hear, close bars, do what is due, until `stop`."""
        while not self._stop.is_set():
            item = self._inbox.take(min(BEAT_S, self._clock.wait_s(self._due())))
            if callable(item):
                item()
            elif item is not None:
                self.live.hear(item)
            self._look_around()
        self._drain()

    def stop(self) -> None:
        """End after what is being done; any thread, or a signal's handler, may ask for it."""
        self._stop.set()
        self._inbox.wake()

    def ask(self, question: Callable[[Live], T], timeout_s: float = 5.0) -> T:
        """Have the one thread answer between two events. Raises NotHeard."""
        answer: Future[T] = Future()

        def turn() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(question(self.live))
            except ThunesError as error:
                answer.set_exception(error)

        if not self._inbox.put(turn):
            raise Ending("the process is ending: ask again when the next one runs")
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            answer.cancel()
            raise NotHeard(f"no answer within {timeout_s:g} s: the process is busy") from None

    def _due(self) -> Instant:
        due, closing = self.live.due(), self._closings.due()
        return due if closing is None else min(due, closing)

    def _look_around(self) -> None:
        now = self._clock.now()
        state = self.live.engine.state
        # A history means something once it is known what is held: equity is counted from there.
        begun = len(state.market.tape) > 0 or not state.memory.unreconciled
        closed = self._closings.take(now) if begun else None
        if closed is not None:
            with self._cycle():
                self.live.close(closed)
        if now >= self.live.due():
            self.live.tick()
        for act in self._beats:
            act()

    def _drain(self) -> None:
        """What was told until now still counts; nothing new is asked of the venue for it."""
        self._inbox.close()
        while (item := self._inbox.take(0.0)) is not None:
            if callable(item):
                item()
            else:
                self.live.hear(item)
        self.live.keep()

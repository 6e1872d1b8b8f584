"""The inbox: what many threads have to tell, in one row for the one who acts on it.

It is bounded. Of market data only the newest counts: a quote takes the place of the one of its
symbol that still waits, a closed bar that of the one before. What concerns our orders, the account
or the operator is never dropped, and goes first; if there is no room for it the process is too slow
to trade and ends: the next one looks at the account.
"""

from collections import deque
from collections.abc import Callable
from threading import Condition, get_ident

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import BarsClosed, Event, QuoteReceived

WAITING_MAX = 10_000
"""Events that may wait, market data aside: of that there is one per symbol at most."""

_BARS = ""


Turn = Callable[[], object]
"""Something to be done by the one who takes, between two events."""


class Overflow(ThunesError):
    """More has been told than one process can hear."""


class Inbox:
    """Any thread may `put`; one thread takes. What one thread puts of one kind keeps its order."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self.conflated = 0  # market data that newer data took the place of
        self._waiting_max = waiting_max
        self._urgent: deque[Event | Turn] = deque()
        self._market: dict[str, BarsClosed | QuoteReceived] = {}
        self._changed = Condition()
        self._closed = False
        self._woken = False
        self._taker: int | None = None

    def put(self, event: Event | Turn) -> bool:
        """Leave an event or a turn; False once the inbox is closed. Raises Overflow: not kept."""
        with self._changed:
            if self._closed:
                return False
            if isinstance(event, BarsClosed | QuoteReceived):
                self._conflate(event)
            elif len(self._urgent) >= self._waiting_max:
                raise Overflow(
                    f"{self._waiting_max} events wait already: this process cannot keep up, and "
                    "the next one has to look at the account"
                )
            else:
                self._urgent.append(event)
            self._changed.notify()
            return True

    def wake(self) -> None:
        """Have whoever waits look around."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def take(self, timeout_s: float | None = None) -> Event | Turn | None:
        """The next event or turn, waited for if there is none; None when time or the inbox is
        over, and for one who was woken.

        A closed inbox still gives what it holds. Only one thread may ever take.
        """
        with self._changed:
            taker = get_ident()
            assert self._taker in (None, taker), "an account has one writer"
            self._taker = taker
            self._changed.wait_for(lambda: self._closed or self._woken or len(self) > 0, timeout_s)
            self._woken = False
            if self._urgent:
                return self._urgent.popleft()
            if self._market:
                return self._market.pop(next(iter(self._market)))
            return None

    def close(self) -> None:
        """Take no more; whoever waits is woken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._market)

    def _conflate(self, event: BarsClosed | QuoteReceived) -> None:
        """Keep the newest, where the older one stands: whoever tells most waits no longer."""
        name = _BARS if isinstance(event, BarsClosed) else event.quote.symbol
        before = self._market.get(name)
        if before is not None:
            self.conflated += 1
        if isinstance(event, BarsClosed) and isinstance(before, BarsClosed):
            event = max(before, event, key=lambda each: each.sequence)
        self._market[name] = event

"""A rig: one live process with a venue that only listens and a clock that stands still."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from tests.simulation.stage import Scenario
from thunes.core.domain.command import PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.event import AccountSeen, BarsClosed, Event, OperatorActed, VenueReported
from thunes.core.domain.fact import Decided
from thunes.core.domain.line import decode_line
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Filled, Order, Report
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.state import State
from thunes.runtime.recovery import Recorded, replay, start
from thunes.simulation.chance import Chance

T = TypeVar("T")
D = Decimal
S = NS_PER_SECOND
CASH = D(10_000)


class Rig:
    """Time is what `now` is set to; it plays the store, the venue, the clock and the lease."""

    epoch = 1

    def __init__(self, scenario: Scenario) -> None:
        self.scene = scenario.scene()
        self.begun = self.scene.start
        self._now = self.begun
        self.lines: list[bytes] = []
        self.sent: list[VenueCommand] = []
        self.looks = 0
        self.renewed = 0
        self.live = start(
            self.scene.engine(),
            Recorded(None, ()),
            self,
            self,
            (self, self),  # type: ignore[arg-type]
        )
        for second in (1, 5):
            self.wait(second)
            self.look({"USDT": CASH})

    # What a process needs.

    def append(self, line: bytes, *, durable: bool) -> None:
        self.lines.append(line)

    def keep(self, state: bytes) -> None:
        raise AssertionError("so few steps are not kept")

    def send(self, command: VenueCommand, at: int) -> None:
        self.sent.append(command)

    def ask_account(self, at: int, fills_since: int) -> None:
        self.looks += 1

    def now(self) -> int:
        return self._now

    def renew(self, at: int) -> None:
        self.renewed += 1

    def holds(self, until: int) -> bool:
        return True

    # What a test does.

    def wait(self, second: float) -> None:
        """Let it be so many seconds after the start, unless it is later."""
        self._now = max(self._now, self.begun + int(second * S))

    def hear(self, event: Event) -> list[Order]:
        """The orders that leave because of this."""
        before = len(self.sent)
        self.live.hear(event)
        return placed(self.sent[before:])

    def bar(self, row: int) -> list[Order]:
        self.wait(60 * (row + 1))
        return self.hear(BarsClosed(0, row))

    def report(self, *reports: Report) -> list[Order]:
        return self.hear(VenueReported(0, reports))

    def operate(self, cause: Cause) -> list[Order]:
        return self.hear(OperatorActed(0, cause, "operator", "a test"))

    def look(self, balances: dict[str, Decimal]) -> list[Order]:
        return self.hear(AccountSeen(0, self._now, 0, (), (), balances))

    @staticmethod
    def fill(order: Order, quantity: str, trade: int = 0, price: str = "100") -> Filled:
        """A part of an order, by its trade."""
        name = f"{order.id}/{trade}"
        return Filled(order.id, name, D(price), D(quantity), D(0), "USDT", complete=False)

    @staticmethod
    def filled(order: Order, price: str = "100") -> Filled:
        """All of an order at once."""
        amount = order.quantity or order.quote_amount / D(price)
        return Filled(order.id, f"{order.id}/all", D(price), amount, D(0), "USDT", complete=True)

    # What is known.

    @property
    def state(self) -> State:
        return self.live.engine.state

    def held(self, symbol: str) -> Decimal:
        found = self.state.ledger.positions.get(symbol)
        return D(0) if found is None else found.quantity

    def decided(self) -> list[Decided]:
        lines = [decode_line(each) for each in self.lines]
        return [fact for line in lines for fact in line.facts if isinstance(fact, Decided)]

    def replayed(self) -> str:
        """The digest of the state that the lines alone give."""
        engine = self.scene.engine()
        replay(engine, self.lines)
        return engine.state.digest()


def placed(commands: Sequence[VenueCommand]) -> list[Order]:
    found: list[Order] = []
    for command in commands:
        if isinstance(command, PlaceOrders | ReplaceOrders):
            found.extend(command.orders)
    return found


def interleavings(*rows: Sequence[T]) -> Iterator[list[T]]:
    """Every order in which producers may get a word in, each keeping its own."""
    left = [row for row in rows if row]
    if not left:
        yield []
    for row in left:
        others = [row[1:] if each is row else each for each in left]
        for rest in interleavings(*others):
            yield [row[0], *rest]


def sampled(count: int, *rows: Sequence[T]) -> Iterator[list[T]]:
    """So many of those orders, drawn: each next word is anybody's."""
    for seed in range(count):
        draw = Chance(seed).stream("interleaving")
        left = [list(row) for row in rows]
        merged: list[T] = []
        while speakers := [row for row in left if row]:
            merged.append(draw.pick(speakers).pop(0))
        yield merged

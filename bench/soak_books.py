"""What the venue's books and the journal of an account have to say of each other.

Nothing here asks anybody: the books are the orders and fills of one account as the venue tells
them in the end, the record is what was read from the journal, both with the venue's times.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.line import Line, decode_line
from thunes.core.domain.order import Filled
from thunes.core.domain.units import NS_PER_SECOND

_ZERO = Decimal(0)
_MS = 1_000_000
_TOLD = (
    b'"type":"filled"',
    b'"type":"bars_closed"',
    b'"type":"place_orders"',
    b'"type":"replace_orders"',
)
_AT_ONCE_MS = 1_000  # what is one act of the venue may take it so long where time runs faster
_OVER = ("FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH")


@dataclass(frozen=True, slots=True)
class Booked:
    """An order of the venue's books; times in ms."""

    symbol: str
    client_id: str
    number: int
    list_id: int
    buys: bool
    stops: bool
    quantity: Decimal
    status: str
    created: int
    updated: int

    @property
    def is_open(self) -> bool:
        return self.status not in _OVER

    @property
    def rested(self) -> tuple[int, float]:
        """From when until when it rested; a leg that waits for its entry does not."""
        if self.status == "PENDING_NEW":
            return (0, 0)
        return (self.created, float("inf") if self.is_open else self.updated)


@dataclass(frozen=True, slots=True)
class Traded:
    """A fill of the venue's books."""

    id: int
    symbol: str
    number: int
    buys: bool
    price: Decimal
    quantity: Decimal
    fee: Decimal  # in coins; 0 where it was taken in something else
    at: int


@dataclass(frozen=True, slots=True)
class Books:
    """All that the venue knows of the account. `least` is the value below which coins are dust."""

    orders: Sequence[Booked]
    fills: Sequence[Traded]
    least: Decimal = Decimal(5)
    until: float = float("inf")  # ms: when they were read


@dataclass(slots=True)
class Record:
    """What the journal says: each order sent with how often, each fill with when it was known."""

    sent: Counter[str] = field(default_factory=Counter)
    fills: dict[tuple[str, str], int] = field(default_factory=dict)  # (order, trade) -> ms
    bar_delays: list[float] = field(default_factory=list)  # s from a bar's close to its step

    def take(self, line: Line) -> None:
        for command in line.commands:
            if isinstance(command, PlaceOrders | ReplaceOrders):
                self.sent.update(order.id for order in command.orders)
        event = line.event
        heard: list[Filled] = []
        if isinstance(event, VenueReported):
            heard = [report for report in event.reports if isinstance(report, Filled)]
        elif isinstance(event, AccountSeen):
            heard = [seen.fill for seen in event.fills]
        elif isinstance(event, BarsClosed) and self.sent and event.bars:
            newest = max(bars[-1].close_time for bars in event.bars.values())
            self.bar_delays.append((event.at - newest) / NS_PER_SECOND)
        for fill in heard:
            self.fills.setdefault((fill.order_id, fill.trade_id), event.at // _MS)


def read_record(journal: Path) -> Record:
    """What a journal says of orders and fills. Raises DataError where it is damaged."""
    record = Record()
    for _, payload in read_steps(journal):
        if any(word in payload for word in _TOLD):
            record.take(decode_line(payload))
    return record


@dataclass(frozen=True, slots=True)
class Naked:
    """From `begin` to `end` (ms) more coins were held than were behind resting stops."""

    symbol: str
    begin: int
    end: float

    def seconds(self, downs: Iterable[tuple[float, float]] = ()) -> float:
        """How long, less the times, each told once, when nothing ran that could have mended it."""
        less = sum(max(0.0, min(self.end, end) - max(self.begin, begin)) for begin, end in downs)
        return (self.end - self.begin - less) / 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What is wrong, each as the words that name it; and every naked spell, and how late fills were
    known (s)."""

    lost_fills: list[str]
    invented_fills: list[str]
    duplicates: list[str]
    foreign: list[str]
    orphans: list[str]
    naked: list[Naked]
    fill_delays: list[float]

    def missing(self, downs: Sequence[tuple[float, float]], grace_s: float) -> list[str]:
        """Positions that went without their stop for longer than the grace while a process ran."""
        return [
            f"{one.symbol} held without a stop for {one.seconds(downs):.0f} s from {one.begin}"
            for one in self.naked
            if one.seconds(downs) > grace_s
        ]


def compare(books: Books, record: Record) -> Compared:
    """Hold the venue's books and the record of the journal against each other."""
    known = record.fills
    names = {(one.symbol, one.number): one.client_id for one in books.orders}
    at_venue = {(names[one.symbol, one.number], str(one.id)): one for one in books.fills}
    lost = [f"{order} trade {trade}" for order, trade in at_venue if (order, trade) not in known]
    invented = [f"{order} trade {trade}" for order, trade in known.keys() - at_venue.keys()]
    delays = [(known[key] - one.at) / 1_000 for key, one in at_venue.items() if key in known]
    foreign = sorted({one.client_id for one in books.orders} - record.sent.keys())
    naked, orphans, doubled = [], list[str](), list[str]()
    for symbol in sorted({one.symbol for one in books.orders}):
        story = _Story(symbol, books)
        naked += story.naked
        orphans += story.orphans
        doubled += story.doubled
    return Compared(
        lost, sorted(invented), _twice(books, record) + doubled, foreign, orphans, naked, delays
    )


def _twice(books: Books, record: Record) -> list[str]:
    """Ids that left more than once, or stand at the venue more than once."""
    ids = Counter(one.client_id for one in books.orders)
    there = [f"{name} stands at the venue {n} times" for name, n in ids.items() if n > 1]
    return there + [f"{name} was sent {n} times" for name, n in record.sent.items() if n > 1]


class _Story:
    """What happened to one symbol, told again in the order of the venue's times.

    Coins that a sale leaves and that are too few to be sold are dust: from then on they count for
    nothing. In one millisecond orders begin before fills are looked at, and end after.
    """

    def __init__(self, symbol: str, books: Books) -> None:
        self.symbol = symbol
        self.naked: list[Naked] = []
        self.orphans: list[str] = []
        self.doubled: list[str] = []
        self._least, self._until = books.least, books.until
        self._held = self._dust = self._price = _ZERO
        self._bought_by = -1
        self._bare_since: int | None = None
        self._excess_since: int | None = None
        fills = sorted((one for one in books.fills if one.symbol == symbol), key=lambda f: f.id)
        sells = [one for one in books.orders if one.symbol == symbol and not one.buys]
        self._tell(fills, sells)
        self._end(sells)

    def _tell(self, fills: Sequence[Traded], sells: Sequence[Booked]) -> None:
        executed: defaultdict[int, list[Traded]] = defaultdict(list)
        for fill in fills:
            executed[fill.number].append(fill)
        times = {one.at for one in fills}
        for each in sells:
            times |= {int(at) for at in each.rested if 0 < at < float("inf")}
        place = 0
        for at in sorted(times):
            while place < len(fills) and fills[place].at == at:
                self._trade(fills[place])
                place += 1
            self._look(at, self._resting(sells, executed, at))

    @property
    def _own(self) -> Decimal:
        return self._held - self._dust

    def _trade(self, fill: Traded) -> None:
        self._price = fill.price
        if fill.buys:
            if self._own * fill.price >= self._least and fill.number != self._bought_by:
                self.doubled.append(f"{self.symbol} bought by {fill.number} while it was held")
            self._bought_by = fill.number
            self._held += fill.quantity - fill.fee
            return
        self._held -= fill.quantity
        if self._own * fill.price < self._least:
            self._dust = self._held

    def _resting(
        self, sells: Iterable[Booked], executed: Mapping[int, Sequence[Traded]], at: int
    ) -> list[tuple[Booked, Decimal]]:
        """The sell orders that rest after `at`, each with what is left of it."""
        found = []
        for one in sells:
            begin, end = one.rested
            if begin <= at < end:
                done = sum((f.quantity for f in executed[one.number] if f.at <= at), _ZERO)
                found.append((one, one.quantity - done))
        return found

    def _look(self, at: int, resting: Sequence[tuple[Booked, Decimal]]) -> None:
        covered = sum((left for one, left in resting if one.stops), _ZERO)
        bare = (self._own - covered) * self._price >= self._least
        if bare and self._bare_since is None:
            self._bare_since = at
        elif not bare and self._bare_since is not None:
            if at > self._bare_since:
                self.naked.append(Naked(self.symbol, self._bare_since, at))
            self._bare_since = None
        if (covered - self._held) * self._price < self._least:
            self._excess_since = None
        elif self._excess_since is None:
            self._excess_since = at
        elif at - self._excess_since > _AT_ONCE_MS:
            self.doubled.append(f"{self.symbol}: stops for {covered}, held {self._held}, at {at}")

    def _end(self, sells: Iterable[Booked]) -> None:
        """What is naked in the end, and what rests and protects nothing."""
        if self._bare_since is not None:
            self.naked.append(Naked(self.symbol, self._bare_since, self._until))
        if self._own * self._price < self._least:
            self.orphans += [
                f"{one.client_id} rests, no {self.symbol} is held"
                for one in sells
                if one.is_open and one.quantity * self._price >= self._least
            ]


def merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times, each told once."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def worst_and_p99(seconds: Iterable[float]) -> tuple[float, float]:
    """The longest, and that of 99 in 100 that is longest; zero for none."""
    ordered = sorted(seconds)
    if not ordered:
        return (0.0, 0.0)
    return (ordered[-1], ordered[int(0.99 * (len(ordered) - 1))])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the least-squares line through (hours, MB), in MB an hour; 0 for less than two."""
    if len({at for at, _ in points}) < 2:
        return 0.0
    middle = sum(at for at, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    over = sum((at - middle) * (value - mean) for at, value in points)
    return over / sum((at - middle) ** 2 for at, _ in points)

"""The driver: events into the core, lines into the store, commands to the venue, in that order."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from thunes.core.domain.command import SetTimer
from thunes.core.domain.event import (
    AccountOpened,
    BarsClosed,
    Event,
    OperatorActed,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.line import Line, Outcome, encode
from thunes.core.domain.market import Bar
from thunes.core.domain.order import Canceled, Side
from thunes.core.domain.units import Asset, Instant, Quantity, Symbol
from thunes.core.engine import Engine
from thunes.core.ledger.orders import Orders
from thunes.core.market.tape import Tape
from thunes.runtime.horizon import Horizon, Skipping, Timers
from thunes.runtime.ports import BarVenue, Store

Watch = Callable[[Event, Outcome], None]
"""Told of every step, after its commands were handed over."""


class Driver:
    """Drives one engine over a tape against a venue that executes on bars."""

    def __init__(self, engine: Engine, venue: BarVenue, store: Store, tape: Tape) -> None:
        self.engine = engine
        self.tape = tape
        self.steps = 0
        self._venue = venue
        self._store = store
        self._timers = Timers()
        self._watches: list[Watch] = []
        self._operators: list[OperatorActed] = []
        self._now = Instant(0)
        self._prices_matter = True
        self._unwritten: BarsClosed | None = None
        self._held: VenueReported | None = None

    def watch(self, watch: Watch) -> None:
        """Tell `watch` of every step."""
        self._watches.append(watch)

    def expect(self, act: OperatorActed) -> None:
        """Have an operator act when the tape gets to that time."""
        self._operators.append(act)
        self._operators.sort(key=lambda each: each.at)
        self._timers.set(act.at, "")

    def run(
        self,
        balances: Mapping[Asset, Quantity],
        skipping: Skipping,
        every_bar: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """From the first bar to the last. Rows where nothing can happen are not visited, and
        closes that would change nothing are no steps, unless it is to be `every_bar`."""
        self._prices_matter = skipping.prices_matter
        horizon = None
        if not every_bar:
            horizon = Horizon(self.engine, self._venue, self.tape, skipping)
        start = min(int(bars.open_time[0]) for bars in self.tape.bars.values())
        self.step(AccountOpened(at=Instant(start), balances=dict(balances)))
        row, rows, told = -1, len(self.tape), 0
        while True:
            row = row + 1 if horizon is None else horizon.next_row(row, self._timers)
            if row >= rows:
                break
            self._visit(row, horizon)
            if progress is not None and row - told >= rows // 100:
                told = row
                progress(row)
        self._let_go()

    def step(self, event: Event) -> Outcome:
        """One step: decide, record, then act."""
        if self._held is not None and type(event) is not VenueReported:
            self._let_go()
        outcome = self.engine.step(event)
        self.steps += 1
        self._now = event.at
        self._write(event, outcome)
        for command in outcome.commands:
            if isinstance(command, SetTimer):
                self._timers.set(command.due, command.name)
            else:
                self._venue.send(command, event.at)
        for watch in self._watches:
            watch(event, outcome)
        return outcome

    def _write(self, event: Event, outcome: Outcome) -> None:
        """Record the step. A close that did nothing is put off: it matters only if something is
        reported before the next one, and somebody then looks at the prices that it made known."""
        commands, facts = outcome.commands, outcome.facts
        if type(event) is BarsClosed:
            if not (commands or facts or self.engine.state.moved):
                self._unwritten = event if self._prices_matter else None
                return
        elif self._unwritten is not None:
            self._store.append(encode(Line(self._unwritten, (), ())), durable=False)
        self._unwritten = None
        self._store.append(encode(Line(event, commands, facts)), durable=bool(commands))

    def _visit(self, row: int, horizon: Horizon | None) -> None:
        venue, closed_at = self._venue, Instant(self.tape.times.item(row))
        symbols = venue.interested()
        bars = self._bars(row, symbols)
        if bars:
            opened_at = Instant(closed_at - self.tape.timeframe)
            venue.open_bars(opened_at, bars)
            self._drain()
            now = venue.interested()
            if now != symbols:
                bars = self._bars(row, now)
            venue.trade_bars(opened_at, bars)
            while self._drain():
                venue.trade_bars(opened_at, bars)
        while (timer := self._timers.pop(closed_at)) is not None:
            self._fire(*timer)
            self._drain()
        if horizon is None or horizon.closes(row):
            self.step(BarsClosed(closed_at, row))
            self._drain()

    def _fire(self, due: Instant, name: str) -> None:
        # What the bar brought may be stamped later, and wait to be told: time never runs backwards.
        self._let_go()
        at = max(due, self._now)
        if name:
            self.step(TimerFired(at=at, name=name))
        else:
            self.step(replace(self._operators.pop(0), at=at))

    def _bars(self, row: int, symbols: tuple[Symbol, ...]) -> dict[Symbol, Bar]:
        """The bars of these symbols that close at this row."""
        found: dict[Symbol, Bar] = {}
        for symbol in symbols:
            bar = self.tape.bar_closing(symbol, row)
            if bar is not None:
                found[symbol] = bar
        return found

    def _drain(self) -> bool:
        """Step through all that the venue reported, and through what came of that."""
        any_report = False
        while reports := self._venue.reports():
            any_report = True
            for report in reports:
                self._told(report)
        return any_report

    def _told(self, report: VenueReported) -> None:
        """Give the core what the venue reported. Where nobody answers that a cancel was carried
        out, it waits for the news of the same instant: the fill of what took the place."""
        held = self._held
        if held is not None and held.at == report.at:
            self._held = None
            report = VenueReported(report.at, (*held.reports, *report.reports))
        elif held is not None:
            self._held = None
            self.step(held)
        if self._prices_matter or _asks_for_an_answer(report, self.engine.state.ledger.orders):
            self.step(report)
        else:
            self._held = report

    def _let_go(self) -> None:
        """Tell what waits, and all that comes of it, before anything else happens."""
        while (held := self._held) is not None:
            self._held = None
            self.step(held)
            self._drain()


def _asks_for_an_answer(report: VenueReported, orders: Orders) -> bool:
    """All but a sale called off does: where an entry ends, what it bought is protected."""
    for each in report.reports:
        if type(each) is not Canceled:
            return True
        record = orders.find(each.order_id)
        if record is None or record.order.side is Side.BUY:
            return True
    return False

"""Behind the gate: commands are carried out, booked in the truth, and told to who listens."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.evidence import SeenOrder
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Rejected, Report
from thunes.core.domain.units import NS_PER_SECOND, Asset, Instant, Symbol
from thunes.simulation.agenda import Agenda
from thunes.simulation.faults import FaultBox
from thunes.simulation.floor import Listing, Rules, TradingFloor
from thunes.simulation.truth import Truth

Answer = tuple[Report, ...]

_FORGOTTEN_NS = 5 * NS_PER_SECOND
_STREAMED = (Accepted, Filled, Canceled, Expired)
_ID_TAKEN = (0, "clientOrderIdAlreadyExist")


class Listener(Protocol):
    """Who has subscribed to what happens to our orders."""

    def tell(self, report: Report) -> None:
        """Something has happened to one of our orders just now."""

    def drop(self) -> None:
        """The exchange has closed the connection, or died."""


class Backend:
    """Carries out, at once and without question, what has come through the gate."""

    def __init__(self, agenda: Agenda, box: FaultBox, listing: Listing) -> None:
        self.rules = listing.rules
        self.floor = TradingFloor(listing, box)
        self.truth = Truth(self.floor.totals(), agenda.now)
        self.swept_at: Instant | None = None  # when all open orders were ended last
        self._agenda = agenda
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def drop_listeners(self) -> None:
        for listener in tuple(self._listeners):
            listener.drop()

    def trade(self, command: VenueCommand, *, ours: bool) -> Answer:
        """Carry out `command`: what came of it, as far as its sender is told."""
        now, truth = self._agenda.now, self.truth
        if isinstance(command, CancelOrders):
            return self._tell(self.floor.take(command, now))
        if self.rules is Rules.KRAKEN and any(o.id in truth.latest for o in command.orders):
            return self.half(command, _ID_TAKEN, again=False)
        truth.offer(command.orders, ours=ours)
        answer = self._tell(self.floor.take(command, now))
        return tuple(filter(self._ours, answer)) if ours else answer

    def half(
        self, command: PlaceOrders | ReplaceOrders, refusal: tuple[int, str], *, again: bool
    ) -> Answer:
        """The cancels stand, but nothing is placed; if a cancel fails nothing is done."""
        canceled: Sequence[Report] = ()
        if isinstance(command, ReplaceOrders):
            if any(order_id not in self.truth.open for order_id in command.cancels):
                return self._tell(self.floor.take(command, self._agenda.now))
            canceled = self._tell(self.floor.take(CancelOrders(command.cancels), self._agenda.now))
        rejected = [Rejected(order.id, *refusal, again=again) for order in command.orders]
        return (*canceled, *rejected)

    def cancel_all(self) -> None:
        """End every open order, stops too."""
        ids = tuple(self.truth.open)
        if ids:
            self.swept_at = self._agenda.now
            self._tell(self.floor.take(CancelOrders(ids), self._agenda.now))

    def match(self, symbol: Symbol) -> None:
        """The orders of `symbol` meet its last tick."""
        self._tell(self.floor.match(symbol, self._agenda.now))

    def move(self, asset: Asset, amount: Decimal) -> None:
        """A deposit; a withdrawal if `amount` is negative, of what is free at most."""
        account, now = self.floor.account, self._agenda.now
        if amount < 0:
            amount = -min(-amount, account.free[asset])
            account.take(asset, -amount)
        else:
            account.add(asset, amount)
        self.truth.transfer(asset, amount, now)
        self.truth.weigh(self.floor.totals(), now)

    def orders_as_of(self, at: Instant, since: Instant) -> tuple[SeenOrder, ...]:
        """The orders open at `at` and those over since `since`, as far as they are still known."""
        if self.rules is Rules.KRAKEN:
            since = max(since, Instant(at - _FORGOTTEN_NS))
        return self.truth.orders_at(at, since)

    def _tell(self, reports: list[Report]) -> Answer:
        """Book what has happened and tell those who listen of what concerns our orders."""
        truth, now = self.truth, self._agenda.now
        traded = False
        for report in reports:
            true = truth.book(report, now)
            traded |= isinstance(report, Filled)
            if true is not None and true.ours and isinstance(report, _STREAMED):
                for listener in self._listeners:
                    listener.tell(report)
        if traded:
            truth.weigh(self.floor.totals(), now)
        return tuple(reports)

    def _ours(self, report: Report) -> bool:
        """Whether it belongs into an answer to us: what others traded meanwhile does not."""
        traded = isinstance(report, Filled | Expired)
        return not traded or self.truth.latest[report.order_id].ours

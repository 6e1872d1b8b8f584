"""Requests on their way: one that changes something, and one that asks for the whole account."""

from collections.abc import Callable

from msgspec.structs import replace

from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import SeenOrder
from thunes.core.domain.order import OutcomeUnknown, Rejected, Report
from thunes.core.domain.units import NS_PER_SECOND, Asset, Instant, OrderId, Quantity
from thunes.simulation.backend import Answer
from thunes.simulation.faults import Fault
from thunes.simulation.gate import Refusal, refused
from thunes.simulation.line import TIMEOUT_NS, Line
from thunes.simulation.truth import LAG_NS_MAX

_OUTWARD = (
    Fault.NO_CONNECTION,
    Fault.RESET_BEFORE_SENT,
    Fault.RESET_AFTER_SENT,
    Fault.REQUEST_LOST,
    Fault.REQUEST_DELAYED,
    Fault.REQUEST_OVERTAKEN,
    Fault.REQUEST_DUPLICATED,
)
_HOMEWARD = (
    Fault.ERROR_WITH_EFFECT,
    Fault.ANSWER_LOST,
    Fault.ANSWER_DELAYED,
    Fault.ANSWER_TRUNCATED,
    Fault.ANSWER_HTML,
)
_UNREADABLE = (Fault.ERROR_WITH_EFFECT, Fault.ANSWER_TRUNCATED, Fault.ANSWER_HTML)
_DELAYED_NS = (NS_PER_SECOND // 5, 30 * NS_PER_SECOND)
_OVERTAKEN_NS = (NS_PER_SECOND // 20, 2 * NS_PER_SECOND)
_SOON_NS = (0, NS_PER_SECOND)
Reading = Callable[[int], None]
"""Reads one part at the exchange; its answer takes so many ns to get home."""
_SHORT_OF_FUNDS = ("insufficient balance", "insufficientAvailableFunds")
_NOT_SENT = Refusal(0, "No connection: the request was not sent.")


class Flight:
    """One request that may change something: sent once, heard of at most once, in the end."""

    def __init__(self, line: Line, command: VenueCommand, stamp: Instant) -> None:
        self._line = line
        self._command = command
        self._stamp = stamp
        self._done = False
        self._deaf = False  # the connection that would bring the answer is gone

    def depart(self) -> None:
        """Leave for the exchange; without an answer in time the outcome is unknown."""
        line, box = self._line, self._line.box
        after = line.agenda.after
        after(TIMEOUT_NS, self._give_up)
        delay, fault = line.latency_ns(), box.first(_OUTWARD)
        match fault:
            case Fault.NO_CONNECTION:
                delay = box.draw(fault, *_SOON_NS)
                after(delay, lambda: self._hear(refused(self._command, _NOT_SENT)))
                return
            case Fault.RESET_BEFORE_SENT:
                after(box.draw(fault, *_SOON_NS), self._give_up)
                return
            case Fault.RESET_AFTER_SENT:
                self._deaf = True
                after(box.draw(fault, *_SOON_NS), self._give_up)
            case Fault.REQUEST_LOST:
                return
            case Fault.REQUEST_DELAYED:
                delay += box.draw(fault, *_DELAYED_NS)
            case Fault.REQUEST_OVERTAKEN:
                delay += box.draw(fault, *_OVERTAKEN_NS)
            case Fault.REQUEST_DUPLICATED:
                after(delay + box.draw(fault, *_OVERTAKEN_NS), self._arrive)
            case _:
                pass
        if not line.half_open:
            after(delay, self._arrive)

    def _arrive(self) -> None:
        """What has left arrives, whether its sender still lives or not."""
        if self._line.box.hits(Fault.ERROR_WITHOUT_EFFECT):
            self._answer(None)
        else:
            self._line.exchange.receive(self._command, self._stamp, self._answer)

    def _answer(self, answer: Answer | None) -> None:
        """The answer sets out for home."""
        line = self._line
        if self._deaf or not line.alive:
            return
        delay, fault = line.latency_ns(), line.box.first(_HOMEWARD)
        if fault is Fault.ANSWER_LOST:
            return
        if fault is Fault.ANSWER_DELAYED:
            delay += line.box.draw(fault, *_DELAYED_NS)
        if answer is None or fault in _UNREADABLE:
            line.agenda.after(delay, self._give_up)
        else:
            line.agenda.after(delay, lambda: self._hear(answer))

    def _hear(self, answer: Answer) -> None:
        if not self._done:
            self._done = True
            self._line.hear_reports([_classified(report) for report in answer])

    def _give_up(self) -> None:
        """No answer in time, or none that can be read."""
        if not self._done:
            self._hear(tuple([OutcomeUnknown(order_id) for order_id in named(self._command)]))


def _classified(report: Report) -> Report:
    """Refused for want of funds is not refused for what it is: what is free will change."""
    short = isinstance(report, Rejected) and any(word in report.text for word in _SHORT_OF_FUNDS)
    return replace(report, again=True) if isinstance(report, Rejected) and short else report


class Inquiry:
    """Asks for balances, then orders, then fills; what does not arrive whole was never asked."""

    def __init__(self, line: Line, asked: Instant, fills_since: Instant) -> None:
        self._line = line
        self._asked = asked
        self._since = fills_since
        self._skew = asked - line.agenda.now
        box = line.box
        late = box.hits(Fault.REPLICA_LAG)
        self._lag = box.draw(Fault.REPLICA_LAG, 0, LAG_NS_MAX) if late else 0
        torn = box.hits(Fault.ANSWERS_DISAGREE)
        self._tear = box.draw(Fault.ANSWERS_DISAGREE, 0, LAG_NS_MAX) if torn else 0
        self._balances: dict[Asset, Quantity] = {}
        self._orders: tuple[SeenOrder, ...] = ()

    def begin(self) -> None:
        self._ask(self._read_balances)

    def _ask(self, read: Reading) -> None:
        """Ask for one part, unless it gets lost; one that takes too long is lost as well."""
        line, box = self._line, self._line.box
        stamp = Instant(line.agenda.now + self._skew)
        there, fault = line.latency_ns(), box.first(_OUTWARD)
        if fault is Fault.REQUEST_DELAYED:
            there += box.draw(fault, *_DELAYED_NS)
        elif fault is Fault.REQUEST_OVERTAKEN:
            there += box.draw(fault, *_OVERTAKEN_NS)
        elif fault is not None and fault is not Fault.REQUEST_DUPLICATED:
            return
        back, fault = line.latency_ns(), box.first((*_HOMEWARD, Fault.ERROR_WITHOUT_EFFECT))
        if fault is Fault.ANSWER_DELAYED:
            back += box.draw(fault, *_DELAYED_NS)
        elif fault is not None:
            return
        if not line.half_open and there + back <= TIMEOUT_NS:
            line.agenda.after(there, lambda: self._arrive(read, stamp, back))

    def _arrive(self, read: Reading, stamp: Instant, back: int) -> None:
        if self._line.alive and self._line.exchange.gate.refusal(None, stamp) is None:
            read(back)

    def _read_balances(self, back: int) -> None:
        self._balances = self._line.exchange.truth.balances_at(self._state(0))
        self._line.agenda.after(back, lambda: self._ask(self._read_orders))

    def _read_orders(self, back: int) -> None:
        at = self._state(self._tear)
        self._orders = self._line.exchange.backend.orders_as_of(at, self._since)
        self._line.agenda.after(back, lambda: self._ask(self._read_fills))

    def _read_fills(self, back: int) -> None:
        line = self._line
        fills = line.exchange.truth.fills_between(self._since, self._state(0))
        orders, balances = self._orders, self._balances

        def hear() -> None:
            now = line.agenda.now
            line.hear(AccountSeen(now, self._asked, self._since, orders, fills, balances))

        line.agenda.after(back, hear)

    def _state(self, tear: int) -> Instant:
        """From which state the exchange answers now."""
        return Instant(self._line.agenda.now - max(self._lag, tear))


def named(command: VenueCommand) -> tuple[OrderId, ...]:
    """Every order that a command names: each will be answered."""
    match command:
        case PlaceOrders(orders=orders):
            return tuple([order.id for order in orders])
        case CancelOrders(order_ids=order_ids):
            return order_ids
        case ReplaceOrders(cancels=cancels, orders=orders):
            return (*cancels, *[order.id for order in orders])

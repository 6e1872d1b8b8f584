"""The gate of the exchange: who may come in, and when nobody may."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, assert_never

from thunes.adapters.venues.simulated.admission import AHEAD, BANNED, LATE
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.evidence import DEADLINE_NS
from thunes.core.domain.order import CancelRefused, Order, Rejected, Report
from thunes.core.domain.units import NS_PER_SECOND, Instant, OrderId
from thunes.simulation.agenda import Agenda
from thunes.simulation.faults import Fault, FaultBox, Recurrence

AHEAD_NS_MAX = NS_PER_SECOND
_WINDOW_NS = 10 * NS_PER_SECOND
_REQUESTS_MAX = 200  # per window
_PATIENCE = 50  # refused requests per window, then the client is banned
_BAN_NS = 20 * NS_PER_SECOND
_LASTS_S: Mapping[Fault, tuple[int, int]] = {
    Fault.RATE_LIMITED: (2, 30),
    Fault.BANNED: (10, 60),
    Fault.OUTAGE: (2, 120),
    Fault.MAINTENANCE: (10, 300),
    Fault.CANCEL_ONLY: (10, 120),
}
_SHUT = (Fault.OUTAGE, Fault.MAINTENANCE)


class Refusal(NamedTuple):
    """Why a request does not come in; its sender is told only if `told`, and knows only then."""

    code: int
    text: str
    told: bool = True


_UNREACHABLE = Refusal(0, "no answer", told=False)
MAINTENANCE = Refusal(503, "Service unavailable: maintenance, the request was not executed.")
_BANNED = Refusal(418, BANNED[1])
_TOO_MANY = Refusal(429, "Too much request weight used.")
_LATE, _AHEAD = Refusal(*LATE), Refusal(*AHEAD)
_CANCEL_ONLY = Refusal(-1016, "This service takes cancels only for the time being.")


class Gate:
    """Outages, bans, budgets and deadlines. `changed` is called when the gate shuts and opens."""

    def __init__(self, agenda: Agenda, box: FaultBox, changed: Callable[[], None]) -> None:
        self._agenda = agenda
        self._box = box
        self._changed = changed
        self._until: dict[Fault, Instant] = {}
        self._window = 0
        self._spent = 0
        self._refused = 0
        for fault in _LASTS_S:
            Recurrence(agenda, box, fault, partial(self._strike, fault))
        box.when_healed(self._heal)

    @property
    def reachable(self) -> bool:
        """Whether there is anybody to talk to."""
        return not any(self.lasts(fault) for fault in _SHUT)

    def lasts(self, fault: Fault) -> bool:
        until = self._until.get(fault)
        return until is not None and self._agenda.now < until

    def shut(self, fault: Fault, lasts_ns: int) -> None:
        """Have `fault` last so long from now on, or longer if it does already."""
        now = self._agenda.now
        self._until[fault] = max(self._until.get(fault, now), Instant(now + lasts_ns))
        if fault in _SHUT:
            self._changed()
            self._agenda.after(lasts_ns, self._changed)

    def refusal(self, command: VenueCommand | None, stamp: Instant) -> Refusal | None:
        """Why this request may not come in now; a query is a request without a command."""
        if self._until:
            if self.lasts(Fault.OUTAGE):
                return _UNREACHABLE
            if self.lasts(Fault.MAINTENANCE):
                return MAINTENANCE
        refusal = self._over_budget() or self.untimely(stamp)
        if refusal is None and self._until and self.lasts(Fault.CANCEL_ONLY):
            places = isinstance(command, PlaceOrders | ReplaceOrders)
            refusal = _CANCEL_ONLY if places else None
        return refusal

    def untimely(self, stamp: Instant) -> Refusal | None:
        """Whether a request with this stamp is too late now, or of the future."""
        age = self._agenda.now - stamp
        if age > DEADLINE_NS:
            return _LATE
        return _AHEAD if age < -AHEAD_NS_MAX else None

    def _over_budget(self) -> Refusal | None:
        window = self._agenda.now // _WINDOW_NS
        if window != self._window:
            self._window, self._spent, self._refused = window, 0, 0
        self._spent += 1
        if self._until and self.lasts(Fault.BANNED):
            return _BANNED
        limited = self._spent > _REQUESTS_MAX
        if not limited and not (self._until and self.lasts(Fault.RATE_LIMITED)):
            return None
        self._refused += 1
        if self._refused > _PATIENCE:
            self.shut(Fault.BANNED, _BAN_NS)
            return _BANNED
        return _TOO_MANY

    def _strike(self, fault: Fault) -> None:
        low, high = _LASTS_S[fault]
        self.shut(fault, self._box.draw(fault, low * NS_PER_SECOND, high * NS_PER_SECOND))

    def _heal(self) -> None:
        self._until.clear()
        self._changed()


def refused(command: VenueCommand, refusal: Refusal) -> tuple[Report, ...]:
    """What a client knows once told that nothing was done."""
    code, text, _ = refusal
    cancels: tuple[OrderId, ...] = ()
    orders: tuple[Order, ...] = ()
    match command:
        case CancelOrders():
            cancels = command.order_ids
        case PlaceOrders():
            orders = command.orders
        case ReplaceOrders():
            cancels, orders = command.cancels, command.orders
        case _:
            assert_never(command)
    return (
        *(CancelRefused(each, code, text, again=True) for each in cancels),
        *(Rejected(order.id, code, text, again=True) for order in orders),
    )

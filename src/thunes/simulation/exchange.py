"""The exchange: one spot account behind a gate, with the rules and the moods of a real one."""

from collections.abc import Callable
from functools import partial

from thunes.adapters.venues.simulated.admission import FUNDS, REPLACE_HALF_FAILED
from thunes.core.domain.command import CancelOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol
from thunes.simulation.agenda import Agenda
from thunes.simulation.backend import Answer, Backend
from thunes.simulation.faults import Fault, FaultBox, Recurrence
from thunes.simulation.floor import Listing, Rules
from thunes.simulation.gate import MAINTENANCE, Gate, Refusal, refused
from thunes.simulation.truth import Truth

Reply = Callable[[Answer | None], None]
"""Takes what a request led to; None: an answer that says nothing for certain."""

_SLOW_NS = (NS_PER_SECOND // 2, 10 * NS_PER_SECOND)
_EMBEDDED = (0, "status: insufficientAvailableFunds")


class Exchange:
    """Takes ticks and requests; `truth` keeps all that follows from them.

    Requests of ours come through `receive`; people and other programs that use the account act
    on the `backend` itself. Whoever listens there hears what happens to our orders.
    """

    def __init__(self, agenda: Agenda, box: FaultBox, listing: Listing) -> None:
        self.agenda = agenda
        self.box = box
        self.backend = Backend(agenda, box, listing)
        self.gate = Gate(agenda, box, self._gate_changed)
        self._reachable = True
        self._outage_answers = box.chance.stream("exchange.outage")
        if listing.rules is Rules.KRAKEN:
            Recurrence(agenda, box, Fault.CANCELED_ALL, self.backend.cancel_all)

    @property
    def truth(self) -> Truth:
        return self.backend.truth

    def on_tick(self, symbol: Symbol, bid: float, ask: float, size: float) -> None:
        """The best bid and ask of `symbol` now, and the base units offered at either."""
        touched = self.backend.floor.touches(symbol, bid, ask, size)
        if touched and not self.gate.lasts(Fault.MAINTENANCE):
            self.backend.match(symbol)

    def receive(self, command: VenueCommand, stamp: Instant, reply: Reply) -> None:
        """A request of ours arrives; `reply` is called at most once, perhaps later."""
        self.truth.receive(command, stamp, self.agenda.now)
        refusal = self.gate.refusal(command, stamp)
        if refusal is not None:
            self._refuse(command, refusal, reply)
        elif self.box.hits(Fault.SLOW_ENGINE):
            delay = self.box.draw(Fault.SLOW_ENGINE, *_SLOW_NS)
            self.agenda.after(delay, partial(self._execute, command, stamp, reply))
        else:
            self._execute(command, stamp, reply)

    def _execute(self, command: VenueCommand, stamp: Instant, reply: Reply) -> None:
        """The second look at the clock, then the engine, in whatever mood it is."""
        refusal = self.gate.untimely(stamp)
        if refusal is None and self.gate.lasts(Fault.MAINTENANCE):
            refusal = MAINTENANCE
        if refusal is not None:
            self._refuse(command, refusal, reply)
            return
        backend, box = self.backend, self.box
        if isinstance(command, CancelOrders):
            reply(backend.trade(command, ours=True))
            return
        fault = box.first((Fault.REFUSED, Fault.EMBEDDED_REJECT))
        if isinstance(command, ReplaceOrders) and box.hits(Fault.PARTIAL_BATCH):
            reply(backend.half(command, REPLACE_HALF_FAILED, again=True))
        elif fault is not None:
            reason = FUNDS if fault is Fault.REFUSED else _EMBEDDED
            reply(backend.half(command, reason, again=False))
        else:
            reply(backend.trade(command, ours=True))

    def _refuse(self, command: VenueCommand, refusal: Refusal, reply: Reply) -> None:
        if refusal.told:
            reply(refused(command, refusal))
        elif self._outage_answers.hits(0.5):
            reply(None)

    def _gate_changed(self) -> None:
        """Nobody is served while the gate is shut; the market is met again when it opens."""
        reachable = self.gate.reachable
        if reachable != self._reachable:
            self._reachable = reachable
            if not reachable:
                self.backend.drop_listeners()
                if self.backend.rules is Rules.KRAKEN:
                    self.backend.cancel_all()
        if not self.gate.lasts(Fault.MAINTENANCE):
            for symbol in tuple(self.backend.floor.desk.active):
                self.backend.match(symbol)

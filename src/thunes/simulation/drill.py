"""The drill: the kill switch is thrown while something is held, and taken back a while later."""

from decimal import Decimal

from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import OrderRole
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.holdings import uncovered
from thunes.simulation.sight import Sight

LASTS_NS = 600 * NS_PER_SECOND
_AGAIN_NS = 60 * NS_PER_SECOND
_MOMENT_NS = 5 * NS_PER_SECOND


class Drill:
    """Thrown at the first quiet moment from `since` on in which a position is covered by its stop.

    `at` is when (None: that moment never came), `wrong` what should not have been so.
    """

    def __init__(self, sight: Sight, since: Instant) -> None:
        self.at: Instant | None = None
        self.held = ""
        self.wrong: list[str] = []
        self._sight = sight
        self._fills = 0
        sight.world.agenda.at(since, self._try)

    def _try(self) -> None:
        world, state = self._sight.world, self._sight.state
        if world.box.healed:
            return
        held = [] if state is None else list(state.ledger.positions)
        calm = state is not None and not (state.memory.unreconciled or state.guard.naked)
        normal = state is not None and state.memory.mode is Mode.NORMAL
        hangs = world.process is None or world.process.hangs
        if not (held and calm and normal) or hangs or any(self._bare(one) for one in held):
            world.agenda.after(_AGAIN_NS, self._try)
            return
        self.at, self.held = world.agenda.now, ", ".join(held)
        world.act(Cause.OPERATOR_KILL)
        world.agenda.after(_MOMENT_NS, self._halted)
        world.agenda.after(LASTS_NS, self._end)

    def _halted(self) -> None:
        state = self._sight.state
        if state is not None and state.memory.mode is not Mode.HALTED:
            self.wrong.append(f"the mode was {state.memory.mode.value} 5 s after it was thrown")
        self._fills = len(self._sight.truth.fills)

    def _end(self) -> None:
        truth = self._sight.truth
        for seen in truth.fills[self._fills :]:
            promise = self._sight.promises.get(seen.fill.order_id)
            if promise is not None and promise.order.role is OrderRole.ENTRY:
                self.wrong.append(f"{seen.symbol} was bought while it was thrown")
        state = self._sight.state
        for symbol in () if state is None else state.ledger.positions:
            if bare := self._bare(symbol):
                self.wrong.append(f"{bare} {symbol} had no stop at the exchange at its end")
        self._sight.world.act(Cause.OPERATOR_RESUME)

    def _bare(self, symbol: str) -> Decimal:
        names = {str(one.symbol): one.symbol for one in self._sight.scene.listing.instruments}
        return uncovered(self._sight, names[symbol])

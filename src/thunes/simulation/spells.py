"""Spells: how long something that should pass has lasted, on the truth and in the process."""

from collections.abc import Iterator
from decimal import Decimal

from thunes.core.domain.evidence import DEADLINE_NS
from thunes.core.domain.order import OrderRole, Side
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Instant, OrderId, Symbol
from thunes.core.domain.view import OrderState
from thunes.simulation.faults import Fault
from thunes.simulation.gate import AHEAD_NS_MAX
from thunes.simulation.holdings import bid, uncovered
from thunes.simulation.host import WRONG_NS_MAX
from thunes.simulation.sight import Sight

S = NS_PER_SECOND
NAKED_HEALED_NS = 60 * S
NAKED_UNNOTICED_NS = 90 * S
_LOOKS_ENOUGH = 4  # at the account since it began: two that agree, and two for what lags
NAKED_NS = 300 * S
SWEPT_NS = 120 * S
TRIED_NS = 10 * S
UNKNOWN_HEALED_NS = 32 * S  # its deadline is fenced for 17 s; then 15 s more
READY_HEALED_NS = 60 * S
DRIFT_HEALED_NS = 35 * S
SETTLED_NS = 40 * S  # after the healing: what was unknown then is resolved
NAKED_PEACEFUL_NS = 5 * S
NAKED_AT_PEACE_NS = 10 * S  # what was so when the peace began
_WELL_ABOVE = Decimal("1.003")  # where no stop is refused as already triggered
LEAVING_PEACEFUL_NS = 150 * S
_LATE_NS = DEADLINE_NS - S  # the rest is for the way

_SHUT = (Fault.OUTAGE, Fault.MAINTENANCE, Fault.BANNED, Fault.RATE_LIMITED, Fault.CANCEL_ONLY)
_KINDS = (
    "naked",
    "naked after all was canceled",
    "unknown",
    "protected after start",
    "ready after start",
)
_MOVING = (OrderState.SUBMITTED, OrderState.CANCELING, OrderState.UNKNOWN)
Found = Iterator[tuple[str, str]]


class Spells:
    """Watches positions without a stop, unknown orders, starts and drifting balances.

    `times` are seconds of each that has passed; those of calm times end in "healed".
    """

    def __init__(self, sight: Sight) -> None:
        self.times: dict[str, list[float]] = {
            name: [] for kind in _KINDS for name in (kind, f"{kind}, healed")
        }
        self._sight = sight
        self._naked: dict[Symbol, Instant] = {}
        self._looks: dict[Symbol, int] = {}  # at the account when that began
        self._lowest: dict[Symbol, Decimal] = {}  # bids since then
        self._swept: dict[Symbol, Instant] = {}  # those that lost it when all was canceled
        self._fit: dict[Symbol, Instant] = {}  # since when nothing keeps it from getting its stop
        self._unknown: dict[OrderId, Instant] = {}
        self._starting: Instant | None = None
        self._unready: Instant | None = None
        self._drifts: Instant | None = None
        self._able_since: Instant | None = None
        self._epoch = 0

    def update(self) -> None:
        """The truth or the state may have changed."""
        sight, now = self._sight, self._sight.now
        for instrument in sight.scene.listing.instruments:
            symbol = instrument.symbol
            if uncovered(sight, symbol):
                if symbol not in self._naked:
                    self._naked[symbol], self._looks[symbol] = now, sight.looks
                    if sight.world.exchange.backend.swept_at == now:
                        self._swept[symbol] = now
                now_bid = bid(sight, symbol)
                self._lowest[symbol] = min(now_bid, self._lowest.get(symbol, now_bid))
            elif (since := self._naked.pop(symbol, None)) is not None:
                self._passed("naked", since)
                if self._swept.pop(symbol, None) is not None:
                    self._passed("naked after all was canceled", since)
                self._fit.pop(symbol, None)
                del self._lowest[symbol]
        state = sight.state
        if state is None:
            return
        if sight.epoch != self._epoch:
            self._epoch, self._starting, self._unready = sight.epoch, now, now
        unknown = [
            r.order.id for r in state.ledger.orders.by_age() if r.state is OrderState.UNKNOWN
        ]
        for order_id in unknown:
            self._unknown.setdefault(order_id, now)
        for order_id in [each for each in self._unknown if each not in unknown]:
            self._passed("unknown", self._unknown.pop(order_id))
        if self._starting is not None and not self._naked and not state.memory.unreconciled:
            self._passed("protected after start", self._starting)
            self._starting = None
        if self._unready is not None and not state.memory.unreconciled:
            self._passed("ready after start", self._unready)
            self._unready = None
        if sight.healed_at is not None:
            self._compare()

    @property
    def naked(self) -> bool:
        """Whether any position lacks its stop."""
        return bool(self._naked)

    @property
    def waits(self) -> bool:
        """Whether time alone could make a spell too long."""
        waits = self._naked or self._unknown or self._unready or self._drifts
        return bool(waits or self._sight.said.leaving)

    def too_long(self) -> Found:
        """Invariants that a spell breaks by now, with what lasts."""
        now, calm = self._sight.now, self._sight.calm_since
        able = _able(self._sight)
        if not able:
            self._able_since = None
        elif self._able_since is None:
            self._able_since = now
        for symbol, began in self._naked.items():
            yield from self._naked_too_long(symbol, began)
        yield from self._peaceful()
        if calm is None:
            return
        for order_id, began in self._unknown.items():
            if (lasts := now - max(began, calm)) > UNKNOWN_HEALED_NS:
                yield "L3", f"{order_id} has been unknown for {lasts / S:.1f} s"
        for name, since, limit, what in (
            ("L6", self._unready, READY_HEALED_NS, "not ready to trade"),
            ("L4", self._drifts, DRIFT_HEALED_NS, "balances here differ from the exchange's"),
        ):
            if since is not None and (lasts := now - max(since, calm)) > limit:
                yield name, f"{what} for {lasts / S:.1f} s"

    def _naked_too_long(self, symbol: Symbol, since: Instant) -> Found:
        sight, now = self._sight, self._sight.now
        calm, bare = sight.calm_since, uncovered(sight, symbol)
        lasts = 0 if calm is None else now - max(since, calm)
        if lasts > NAKED_HEALED_NS and not _just_tried(sight, symbol):
            yield "L2", f"{bare} {symbol} without a stop for {lasts / S:.1f} s in calm"
        if self._able_since is None:
            return
        lasts = now - max(since, self._able_since)
        if lasts > SWEPT_NS and symbol in self._swept:
            yield "S17", f"{bare} {symbol} without a stop {lasts / S:.1f} s after all was canceled"
        if lasts > NAKED_NS:
            yield "S10", f"{bare} {symbol} without a stop for {lasts / S:.1f} s"
        looks = sight.looks - self._looks[symbol]
        if lasts > NAKED_UNNOTICED_NS and looks >= _LOOKS_ENOUGH and not self._known(symbol):
            yield "S10", f"{bare} {symbol} without a stop for {lasts / S:.1f} s, unnoticed"

    def _peaceful(self) -> Found:
        """Where nothing goes wrong a stop comes at once, and an exit is tried until it is done."""
        sight, now = self._sight, self._sight.now
        peace = _peaceful_since(sight)
        if peace is None or sight.world.process is None:
            return
        for symbol, began in self._naked.items():
            lowest = self._lowest[symbol] = min(self._lowest[symbol], bid(sight, symbol))
            settled = began > peace + SETTLED_NS
            above = lowest > self._stop_of(symbol) * _WELL_ABOVE
            if not above or self._able_since is None or (not settled and _moving(sight, symbol)):
                self._fit.pop(symbol, None)
                continue
            lasts = now - max(began, peace, self._fit.setdefault(symbol, now))
            if lasts > (NAKED_PEACEFUL_NS if settled else NAKED_AT_PEACE_NS):
                yield (
                    "L1",
                    f"{symbol} without a stop for {lasts / S:.1f} s, at prices well above it",
                )
        if now < peace + SETTLED_NS:
            return
        for symbol, began in sight.said.leaving.items():
            lasts = now - max(began, peace)
            held = None if sight.state is None else sight.state.ledger.positions.get(symbol)
            if held is not None and not self._selling(symbol) and lasts > LEAVING_PEACEFUL_NS:
                yield "L2", f"{symbol} was to be left {lasts / S:.1f} s ago, and is held"

    def _stop_of(self, symbol: Symbol) -> Decimal:
        """Where the stop of what is held belongs at the highest."""
        state, distance = self._sight.state, self._sight.scene.plan.stop_distance
        held = None if state is None else state.ledger.positions.get(symbol)
        if held is None or distance is None:
            return ZERO
        return max(held.stop_price or ZERO, held.entry_price * (1 - distance))

    def _selling(self, symbol: Symbol) -> bool:
        """Whether an exit waits for a buyer."""
        open_now = self._sight.truth.open.values()
        return any(t.order.symbol == symbol and t.order.role is OrderRole.EXIT for t in open_now)

    def _known(self, symbol: Symbol) -> bool:
        """Whether the process knows that something is to be done, or waits for an answer."""
        state = self._sight.state
        if state is None or state.memory.unreconciled or symbol in state.guard.naked:
            return True
        held = state.ledger.positions.get(symbol)
        if held is not None and held.leaving:
            return True
        return any(
            record.order.role is OrderRole.EXIT
            or (record.order.side is Side.SELL and record.state is OrderState.UNKNOWN)
            for record in state.ledger.orders.working(symbol)
        )

    def _compare(self) -> None:
        sight, state = self._sight, self._sight.state
        assert state is not None
        totals = sight.world.exchange.backend.floor.totals()
        differs = any(state.ledger.books.held(a) != units for a, units in totals.items())
        if not differs:
            self._drifts = None
        elif self._drifts is None:
            self._drifts = sight.now

    def _passed(self, name: str, since: Instant) -> None:
        calm, lasted = self._sight.calm_since, (self._sight.now - since) / S
        healed = calm is not None and since >= calm
        self.times[f"{name}, healed" if healed else name].append(lasted)


def _moving(sight: Sight, symbol: Symbol) -> bool:
    """Whether the process has yet to find out, or waits for an answer that says what is to be
    done."""
    state = sight.state
    if state is None or state.memory.unreconciled or symbol in state.memory.strange:
        return True
    working = state.ledger.orders.working(symbol)
    moving = any(record.lost or record.state in _MOVING for record in working)
    return moving or symbol not in state.guard.naked


def _just_tried(sight: Sight, symbol: Symbol) -> bool:
    """Whether an exit has just sold what there were buyers for."""
    for true in reversed(sight.truth.closed):
        if true.ended_at is None or true.ended_at < sight.now - TRIED_NS:
            return False
        if true.order.symbol == symbol and true.order.role is OrderRole.EXIT and true.fills:
            return True
    return False


def _able(sight: Sight) -> bool:
    """Whether a process is awake and the exchange would take its orders."""
    process, gate = sight.world.process, sight.world.exchange.gate
    if process is None or process.hangs or not _on_time(sight):
        return False
    return not any(gate.lasts(fault) for fault in _SHUT)


def _on_time(sight: Sight) -> bool:
    """Whether the exchange would take the stamps of the process; where no clock fails it must."""
    clock, state, calm = sight.world.clock, sight.state, sight.calm_since
    if sight.clocks_off_ns < WRONG_NS_MAX or (calm is not None and sight.now >= calm):
        return True
    if clock is None or state is None:
        return False
    off = max(clock.error_ns, state.at - sight.now)
    return -_LATE_NS < off < AHEAD_NS_MAX


def _peaceful_since(sight: Sight) -> Instant | None:
    """Since when nothing can go wrong: from the start in a world without faults."""
    return sight.calm_since if sight.world.box.faults.intensity else sight.started_at

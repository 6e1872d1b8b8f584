"""The scene of one seed: what is traded, how prices go, by which strategy and limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from msgspec.structs import replace

from thunes.adapters.venues.simulated.costs import Charged
from thunes.core.domain.event import BarsClosed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.terms import Terms
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Asset,
    Instant,
    Money,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.engine import Engine, Rooms
from thunes.core.execution.propose import Execution
from thunes.core.market.bars import Bars
from thunes.core.market.market import Market
from thunes.core.market.tape import Tape
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import Limits
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk, Observer
from thunes.core.strategy.sma_cross import SmaCross
from thunes.simulation.chance import Chance
from thunes.simulation.floor import Listing, Rules, models_charging
from thunes.simulation.prices import MINUTE_NS, Path, Weather, draw_path

USDT = Asset("USDT")
CASH = Decimal(10_000)
FEE_RATE = Decimal("0.001")
_START = Instant(1_704_150_000 * NS_PER_SECOND)  # 2024-01-01 23:00: midnight is never far
_SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH", "III", "JJJ")
_D = Decimal


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is the same for every process of a seed."""

    start: Instant
    minutes: int
    listing: Listing
    paths: dict[Symbol, Path]
    tape: Tape
    plan: ExitPlan
    limits: Limits
    sizing: str
    strategies: Observer  # causal, and without a memory: one for all processes
    quotes_ns: int = 0  # how often processes are told the best bid and ask; 0: never
    entry_cap: Decimal | None = None
    header: bytes = b'{"simulated":true}'  # of the journal

    def engine(self) -> Engine:
        """A fresh engine that knows nothing yet."""
        instruments = {each.symbol: each for each in self.listing.instruments}
        market = Market(self.tape, instruments, half_spread=_D("0.0002"))
        in_quote = self.listing.models.fees.charged is Charged.QUOTE
        reserve = FEE_RATE if in_quote else ZERO
        rooms = Rooms(
            terms=Terms(USDT, reserve, self.limits.watches_equity, self.plan),
            risk=Risk(self.limits),
            strategies=self.strategies,
            portfolio=Portfolio(parse_sizing(self.sizing), self.plan),
            execution=Execution(self.plan, FEE_RATE, self.entry_cap, fee_in_quote=in_quote),
        )
        return Engine(State(market, rooms.terms), rooms)

    def closing(self, row: int, engine: Engine) -> BarsClosed | None:  # noqa: ARG002
        """What a process is told once the bars of `row` have closed; None: nothing yet."""
        return BarsClosed(at=Instant(int(self.tape.times[row])), sequence=row)


def draw_scene(
    chance: Chance, minutes: int, symbols: int | None = None, *, quotes_ns: int = 0
) -> Scene:
    """The scene of a seed: so many minutes of trading, on one to three symbols unless told."""
    draw = chance.stream("scene")
    count = symbols or draw.between(1, 3)
    start = Instant(_START + draw.between(0, 59) * MINUTE_NS)
    rng = np.random.default_rng([chance.seed, 7])
    weather = Weather(
        volatility=draw.pick((0.001, 0.003)),
        jumps=draw.pick((0.0, 0.01, 0.05)),
        jump_size=draw.pick((0.01, 0.03)),
        hunts=draw.pick((0.0, 0.1)),
    )
    instruments = tuple(_instrument(base) for base in _SYMBOLS[:count])
    paths = {each.symbol: draw_path(rng, start, minutes, weather) for each in instruments}
    bars = {symbol: Bars(symbol, MINUTE_NS, path.bars()) for symbol, path in paths.items()}
    rules = draw.pick((Rules.BINANCE, Rules.KRAKEN))
    tape = Tape(bars)
    cap, charged = _entering(chance)
    return Scene(
        start=start,
        minutes=minutes,
        listing=Listing(instruments, {USDT: CASH}, rules, models_charging(charged)),
        paths=paths,
        tape=tape,
        plan=draw.pick(_PLANS),
        limits=draw.pick(_LIMITS),
        sizing=draw.pick(("fixed:1000", "equity:20%", "risk:0.5%")),
        strategies=_cross(instruments, tape, draw.pick(((2, 5), (3, 8), (5, 12)))),
        quotes_ns=quotes_ns,
        entry_cap=cap,
    )


def _entering(chance: Chance) -> tuple[Decimal | None, Charged]:
    """What entries may pay above the last price, where they bring their protection along, as in
    every third scene; and what fees are taken in there, in the others in the quote asset."""
    draw = chance.stream("scene.entering")
    capped, cap = draw.hits(1 / 3), draw.pick(_ENTRY_CAPS)
    charged = draw.pick((Charged.QUOTE, Charged.RECEIVED))
    return (cap, charged) if capped else (None, Charged.QUOTE)


def _cross(instruments: Sequence[Instrument], tape: Tape, periods: tuple[int, int]) -> Strategies:
    fast, slow = periods
    name = StrategyId("cross")
    return Strategies({Desk(name, i.symbol): SmaCross(fast, slow) for i in instruments}, tape)


def _instrument(base: str) -> Instrument:
    return Instrument(
        symbol=Symbol(f"{base}USDT"),
        base=Asset(base),
        quote=USDT,
        tick=Price(_D("0.01")),
        step=Quantity(_D("0.001")),
        min_quantity=Quantity(_D("0.001")),
        min_notional=Money(_D(5)),
    )


_STOP = _D("0.01")
_LADDER = (TargetLevel(_D("0.006"), _D("0.4")), TargetLevel(_D("0.012"), _D("0.3")))
_PLANS = (
    ExitPlan(stop_distance=_STOP),
    ExitPlan(stop_distance=_STOP, targets=(TargetLevel(_D("0.01"), _D(1)),)),
    ExitPlan(stop_distance=_STOP, targets=_LADDER, break_even_after=1),
    ExitPlan(stop_distance=_STOP, trail_distance=_D("0.008"), trail_after=0),
    ExitPlan(stop_distance=_D("0.02"), targets=_LADDER, trail_distance=_D("0.01"), trail_after=1),
)
_ENTRY_CAPS = (_D("0.0005"), _D("0.003"))
_CAPS = Limits(max_age_s=45, symbol_exposure=_D("0.3"), total_exposure=_D("0.8"))
_LIMITS = (
    _CAPS,
    replace(_CAPS, max_positions=1),
    replace(_CAPS, daily_loss=Money(_D(60)), daily_loss_lifted_by="day"),
    replace(_CAPS, loss_cool_down_s=300, signal_cool_down_s=600),
    replace(_CAPS, drawdown_warning=_D("0.01"), drawdown_limit=_D("0.03")),
)

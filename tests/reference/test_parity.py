"""The engine trades as the slow reference does: same bars, prices, quantities, fees and cash."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.sample import NS_PER_MS, real_bars
from tests.reference import sma_cross as reference
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, Asset, Price, Quantity, StrategyId, Symbol
from thunes.core.market.bars import Bars
from thunes.core.portfolio.sizing import parse_sizing
from thunes.research.recording import Recording

SYMBOL, USDT = Symbol("TESTUSDT"), Asset("USDT")
HOUR = 3_600 * NS_PER_SECOND
START = 1_704_067_200_000 * NS_PER_MS
REAL = reference.Settings(
    fast=10,
    slow=30,
    cash=Fraction(10_000),
    fee=Fraction("0.001"),
    slippage=Fraction("0.0005"),
    tick=Fraction("0.01"),
    step=Fraction("0.00001"),
)


def decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def spec_of(s: reference.Settings, timeframe: int) -> RunSpec:
    """The same settings in the engine's words."""
    instrument = Instrument(
        symbol=SYMBOL,
        base=Asset("TEST"),
        quote=USDT,
        tick=Price(decimal(s.tick)),
        step=Quantity(decimal(s.step)),
    )
    target = () if s.target is None else (TargetLevel(decimal(s.target), Decimal(1)),)
    return RunSpec(
        quote=USDT,
        timeframe=timeframe,
        instruments=(instrument,),
        strategies=(
            StrategySpec(
                StrategyId("cross"),
                "sma_cross",
                {"fast": str(s.fast), "slow": str(s.slow)},
                (SYMBOL,),
            ),
        ),
        sizing=parse_sizing("all_cash" if s.fixed is None else f"fixed:{decimal(s.fixed)}"),
        exits=ExitPlan(None if s.stop is None else decimal(s.stop), targets=target),
        costs=Costs(fee_bps=decimal(s.fee * 10_000), slippage_bps=decimal(s.slippage * 10_000)),
    )


def same_trades(bars: Bars, s: reference.Settings, *, every_bar: bool = False) -> int:
    """Assert that engine and reference agree in everything; how many trades that were."""
    spec = spec_of(s, bars.timeframe)
    built = build_engine(spec, {SYMBOL: bars.columns})
    recording = Recording(built.engine.state)
    world = World(balances={USDT: decimal(s.cash)}, every_bar=every_bar)
    ran = run_backtest(spec, {SYMBOL: bars.columns}, world, (built, recording))
    row_of = {int(at): row for row, at in enumerate(bars.open_time.tolist())}
    engine = [
        reference.Trade(
            row_of[t.entry_time],
            Fraction(t.entry_price),
            Fraction(t.quantity),
            row_of[t.exit_time],
            Fraction(t.exit_price),
            Fraction(t.fees),
            t.exit_reason,
        )
        for t in recording.trades
    ]
    for t in recording.trades:
        assert t.pnl == (t.exit_price - t.entry_price) * t.quantity - t.fees
    trades, cash, equity = reference.trade(exact(bars), s)
    held = built.engine.state.ledger.positions.get(SYMBOL)
    closed = [t for t in trades if t.exit_bar is not None]
    for mine, theirs in zip(engine, closed, strict=False):
        assert mine == theirs
    assert len(engine) == len(closed)
    assert (held is None) == (len(trades) == len(closed))
    if held is not None:
        still = trades[-1]
        assert row_of[held.opened_at] == still.entry_bar
        assert (held.entry_price, held.quantity) == (still.entry, still.quantity)
    balance = ran.venue.balances()[USDT]
    assert balance.free + balance.locked == cash
    assert built.engine.state.view(built.tape.times[-1]).account.equity() == equity
    return len(closed)


def exact(bars: Bars) -> list[reference.Bar]:
    """The bars as the venue printed them: the shortest decimal of each float."""
    columns = (bars.open, bars.high, bars.low, bars.close)
    return [
        reference.Bar(*(Fraction(repr(value)) for value in row))
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]


def with_(s: reference.Settings, **changed: object) -> reference.Settings:
    texts = {name: Fraction(v) if isinstance(v, str) else v for name, v in changed.items()}
    return reference.Settings(**{**vars(s), **texts})


@pytest.mark.real_data
@pytest.mark.parametrize(
    "s",
    [
        REAL,
        with_(REAL, stop="0.02", target="0.04"),
        with_(REAL, stop="0.01"),
        with_(REAL, target="0.03", fixed="100"),
        with_(REAL, stop="0.005", target="0.01", fast=2, slow=5, slippage="0"),
        with_(REAL, stop="0.015", target="0.005", tick="1", step="0.001", fast=1, slow=3),
        with_(REAL, stop="0.02", target="0.04", fixed="100", fee="0.00075", fast=20, slow=50),
        with_(REAL, stop="0.02", target="0.04", cash="37", fixed="30", fast=5, slow=8),
    ],
    ids=str,
)
def test_real_hours(s: reference.Settings, real_data: Path) -> None:
    hours = real_data / "binance_spot/multiyear/1h/BTCUSDT_1h.parquet"
    assert same_trades(real_bars(hours, "1h", 12_000), s) > 50


@pytest.mark.real_data
@pytest.mark.parametrize(
    "s",
    [REAL, with_(REAL, stop="0.002", target="0.004"), with_(REAL, stop="0.02", target="0.04")],
    ids=str,
)
def test_sixty_days_of_real_minutes(s: reference.Settings, real_data: Path) -> None:
    minutes = real_data / "binance_spot/1m/BTCUSDT_1m.parquet"
    assert same_trades(real_bars(minutes, "1m", 60 * 1_440), s) > 1_000


def random_bars(seed: int, rows: int, tick: str) -> Bars:
    """Bars on a coarse tick: many ties, gaps in price and time, wide ranges, spikes."""
    rng = np.random.default_rng(seed)
    pull = 0.02 * rng.random()
    loud, start = int(rng.integers(1, 8)), int(rng.integers(1_000, 4_000))
    prices = []
    close = start
    for _ in range(rows):
        opened = close if rng.random() < 0.7 else close + int(rng.integers(-40, 41))
        close = opened + int(rng.integers(-loud, loud + 1)) * int(rng.choice([0, 1, 1, 8]))
        close += int(pull * (start - close))
        reach = (0, 1, 20) if rng.random() < 0.95 else (100, 200)
        high = max(opened, close) + int(rng.choice(reach))
        low = min(opened, close) - int(rng.choice(reach))
        prices.append((opened, high, low, close))
    ticks = np.maximum(np.array(prices, dtype=np.int64), 400)
    step = Fraction(tick)
    columns = [
        np.array([float(Fraction(int(v)) * step) for v in ticks[:, k]], dtype=np.float64)
        for k in range(4)
    ]
    missing = np.cumsum(rng.random(rows) < 0.03) * 3
    times = START + HOUR * (np.arange(rows, dtype=np.int64) + missing)
    return Bars(SYMBOL, HOUR, BarColumns(times, *columns, np.ones(rows)))


@st.composite
def random_settings(draw: st.DrawFn) -> reference.Settings:
    """A stop at least half a percent away: a tick and the slippage do not carry it to the open."""
    tick = draw(st.sampled_from(["0.01", "0.5", "1", "0.0001", "0.25"]))
    fast = draw(st.integers(1, 4))
    return reference.Settings(
        fast=fast,
        slow=fast + draw(st.integers(1, 6)),
        cash=Fraction(draw(st.sampled_from([100, 10_000, 1_000_000]))),
        fee=Fraction(draw(st.sampled_from(["0", "0.001", "0.00075"]))),
        slippage=Fraction(draw(st.sampled_from(["0", "0.0005", "0.0021"]))),
        tick=Fraction(tick),
        step=Fraction(draw(st.sampled_from(["0.00001", "0.001", "1"]))),
        stop=draw(st.sampled_from([None, *map(Fraction, ["0.005", "0.0123", "0.05"])])),
        target=draw(st.sampled_from([None, *map(Fraction, ["0.004", "0.0234", "0.08"])])),
        fixed=draw(st.sampled_from([None, None, Fraction(100)])),
    )


ROWS = st.one_of(st.integers(2, 40), st.integers(150, 400), st.integers(150, 400))


@settings(max_examples=400)
@given(st.integers(0, 2**32), ROWS, random_settings(), st.booleans())
def test_random_bars(seed: int, rows: int, s: reference.Settings, every_bar: bool) -> None:
    same_trades(random_bars(seed, rows, str(decimal(s.tick))), s, every_bar=every_bar)

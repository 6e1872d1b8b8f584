"""G8: the harness itself, made to cheat in each known way, and the check that sees it.

Each check passes on what is built, and fails on the mutant: a check that cannot fail shows nothing.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal

import numpy as np
import pytest

from tests.market.sample import walk_bars
from tests.research.cheats import Made, crosses
from tests.research.test_round_trips import gapped
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import Friction, RunSpec, StrategySpec
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import Asset, Price, Quantity, StrategyId
from thunes.core.market import aggregate
from thunes.core.market import bars as bars_module
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import sma
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.stats.splits import PurgedKFold, Spans
from thunes.core.stats.walk_forward import WalkForward
from thunes.core.strategy.protocol import Signals
from thunes.research import null_market, round_trips
from thunes.research.gates import check_chunks, check_poison, check_prefix
from thunes.research.lookahead import check_fills
from thunes.research.measure import trade_rows
from thunes.research.null_market import null_fortune
from thunes.research.poison import Poison, rewritten
from thunes.research.recording import Recording
from thunes.research.result import TradeRow

D = Decimal
LEVELS = ExitPlan(stop_distance=D("0.0003"), targets=(TargetLevel(D("0.0003"), D(1)),))


def engine_run(bars: Bars, friction: Friction | None = None) -> tuple[TradeRow, ...]:
    """Trades of a short cross with a tight stop and target, at no cost."""
    spec = RunSpec(
        quote=Asset("USDT"),
        timeframe=bars.timeframe,
        instruments=(
            Instrument(
                symbol=bars.symbol,
                base=Asset("TEST"),
                quote=Asset("USDT"),
                tick=Price(D("0.01")),
                step=Quantity(D("0.000001")),
            ),
        ),
        strategies=(
            StrategySpec(StrategyId("x"), "sma_cross", {"fast": "1", "slow": "3"}, (bars.symbol,)),
        ),
        sizing=parse_sizing("fixed:1000"),
        exits=LEVELS,
    )
    columns = {bars.symbol: bars.columns}
    built = build_engine(spec, columns)
    recording = Recording(built.engine.state)
    world = World({Asset("USDT"): D(10_000)}, friction or Friction())
    run_backtest(spec, columns, world, (built, recording))
    return trade_rows(recording)


# Same-bar fills, and both levels in one bar.


def worst_of_both(trades: tuple[TradeRow, ...], bars: Bars) -> bool:
    """Whether no trade that left in a bar that held stop and target left by the target."""
    held_both = 0
    for each in trades:
        if each.exit_time is None or each.stop_price is None or each.target_price is None:
            continue
        row = int(np.searchsorted(bars.open_time, each.exit_time, side="right")) - 1
        low, high = bars.low[row], bars.high[row]
        if low <= float(each.stop_price) and float(each.target_price) < high:
            held_both += 1
            if each.exit_reason == "target":
                return False
    assert held_both > 5
    return True


def test_the_target_before_the_stop() -> None:
    plain = gapped(3, 900)
    high, low = np.round(plain.high + 0.06, 2), np.round(plain.low - 0.06, 2)
    columns = replace(plain.columns, high=high, low=low)
    bars = Bars(plain.symbol, plain.timeframe, columns)
    assert worst_of_both(engine_run(bars), bars)
    assert not worst_of_both(engine_run(bars, Friction(optimistic=True)), bars)


def test_a_fill_at_the_close_that_signals_it() -> None:
    bars = gapped(3, 900)
    trades = engine_run(bars)
    assert check_fills(trades, bars) == ()
    rows = [int(np.searchsorted(bars.open_time, each.entry_time)) for each in trades]
    early = [
        replace_trade(each, int(bars.close_time[row - 1]), float(bars.close[row - 1]))
        for each, row in zip(trades, rows, strict=True)
    ]
    assert check_fills(early, bars) != ()


def replace_trade(trade: TradeRow, at: int, price: float) -> TradeRow:
    values = {name: getattr(trade, name) for name in trade.__struct_fields__}
    return TradeRow(**{**values, "entry_time": at, "entry_price": Decimal(repr(price))})


def test_a_fill_at_the_open_of_the_bar_that_signals_it(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = Made(name="x", make=lambda b: crosses(sma(b.close, 2), sma(b.close, 5)))
    bars = walk_bars(4, 600, "0.1")
    assert null_fortune(strategy, bars, 0.0).fair

    def early(signals: Signals, on: Bars) -> round_trips.RoundTrips:
        trips = round_trips.round_trips(signals, on)
        return replace(
            trips,
            entry_price=on.open[trips.entry - 1],
            exit_price=on.open[np.minimum(trips.leave, len(on)) - 1],
        )

    monkeypatch.setattr(null_market, "round_trips", early)
    assert not null_fortune(strategy, bars, 0.0).fair


# What is known when: higher bars, indicators, listings.


def foresees(strategy: Made) -> bool:
    bars = walk_bars(2, 300)
    gates = (check_chunks, check_prefix, check_poison)
    return any(gate(strategy, bars) for gate in gates)


HIGHER = Made(name="x", make=lambda b: crosses(b.close, b.at("4h").align(b.at("4h").close)))


def test_a_higher_bar_that_is_joined_at_its_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not foresees(HIGHER)
    honest = aggregate.aggregate

    def at_open(columns: BarColumns, timeframe: int, higher: int) -> aggregate.Aggregate:
        made = honest(columns, timeframe, higher)
        last = np.minimum(made.last_closed + 1, len(made.columns) - 1)
        return replace(made, last_closed=last)

    monkeypatch.setattr(bars_module, "aggregate", at_open)
    assert foresees(HIGHER)


def test_a_higher_bar_that_is_not_over_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = aggregate.aggregate

    def unfinished(columns: BarColumns, timeframe: int, higher: int) -> aggregate.Aggregate:
        """The bar that is open at the end counts, at what it has come to."""
        made = honest(columns, timeframe, higher)
        if not made.last_closed.size:
            return made
        opened = aggregate.opened_at(columns.open_time, higher)
        first = np.flatnonzero(np.diff(opened, prepend=opened[:1] - 1))
        bounds = np.append(first, len(columns))
        folded = aggregate._fold(columns, opened, bounds)
        return aggregate.Aggregate(
            folded, np.searchsorted(first, np.arange(len(columns)), "right") - 1
        )

    monkeypatch.setattr(bars_module, "aggregate", unfinished)
    assert foresees(HIGHER)


def test_an_average_that_is_centred() -> None:
    def made(average: Callable[[np.ndarray, int], np.ndarray]) -> Made:
        return Made(name="x", make=lambda b: crosses(b.close, average(b.close, 5)))

    assert not foresees(made(sma))
    assert foresees(
        made(lambda values, n: np.append(sma(values, n)[2:], [np.nan] * 2)[: values.size])
    )


def test_a_listing_that_is_filled_in_backwards() -> None:
    """A coin is traded from its first bar on; a record that was filled in shows what never was."""

    def first_trade(bars: Bars) -> int:
        return min(each.entry_time for each in engine_run(bars))

    whole = gapped(7, 600)
    listed = Bars(
        whole.symbol,
        whole.timeframe,
        BarColumns(*(getattr(whole.columns, each.name)[200:] for each in fields(whole.columns))),
    )
    filled = rewritten(whole, slice(0, 200), Poison.OTHER)
    assert first_trade(listed) >= listed.close_time[0]
    assert first_trade(filled) < listed.open_time[0]


# What a search learns from: purge, embargo, order in time.

ENDS = np.minimum(np.arange(60) + 4, 63)
SPANS = Spans(np.arange(60), ENDS)


def shares_nothing(splits: list[tuple[np.ndarray, np.ndarray]], embargo: int) -> bool:
    """No training row overlaps a test row's span, nor begins within the embargo after it."""
    for train, test in splits:
        begin, end = test.min(), ENDS[test].max()
        if np.any((train <= end) & (ENDS[train] >= begin)):
            return False
        if np.any((train > end) & (train <= end + embargo)):
            return False
    return True


def folds(rows: int = 60, count: int = 4) -> list[tuple[np.ndarray, np.ndarray]]:
    parts = np.array_split(np.arange(rows), count)
    return [(np.setdiff1d(np.arange(rows), test), test) for test in parts]


def test_folds_without_a_purge() -> None:
    ours = list(PurgedKFold(folds=4, spans=SPANS, embargo=3).split(np.zeros(60)))
    assert shares_nothing(ours, 3)
    assert not shares_nothing(folds(), 0)


def test_an_embargo_that_is_counted_inside_the_purge() -> None:
    """It begins where the last label is settled, not where the last test row is."""
    inside = []
    for train, test in folds():
        begin, end = test.min(), ENDS[test].max()
        purged = train[(ENDS[train] < begin) | (train > end)]
        inside.append((purged[(purged < begin) | (purged > test.max() + 3)], test))
    assert shares_nothing(inside, 0)
    assert not shares_nothing(inside, 3)


def test_a_walk_that_trains_on_what_it_tests() -> None:
    ours = list(WalkForward(train=20, test=10, spans=SPANS).split(np.zeros(60)))
    assert len(ours) > 2
    assert all(ENDS[train].max() < test.min() for train, test in ours)
    unpurged = list(WalkForward(train=20, test=10).split(np.zeros(60)))
    assert not all(ENDS[train].max() < test.min() for train, test in unpurged)

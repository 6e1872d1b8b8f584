"""Round trips are the screen's trades where nothing stands in their way."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.sample import walk_bars
from tests.research.cheats import Made, honest
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Asset, Price, Quantity
from thunes.core.market.bars import Bars
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.strategy.protocol import Signals
from thunes.research.delay import delay
from thunes.research.round_trips import round_trips
from thunes.research.screen import trace
from thunes.research.sweep.terms import Terms

D = Decimal
TICK = 0.01


def chance(seed: int, *, stops: bool) -> Made:
    def make(bars: Bars) -> Signals:
        rng = np.random.default_rng(seed)
        side = rng.integers(0, 6, len(bars))
        distance = np.where(
            rng.random(len(bars)) < 0.7, rng.choice([0.001, 0.004], len(bars)), np.nan
        )
        return Signals(side == 0, side == 1, distance if stops else None)

    return Made(name=f"chance {seed}", make=make)


def gapped(seed: int, rows: int) -> Bars:
    """Bars that open elsewhere than the bar before closed."""
    bars = walk_bars(seed, rows)
    opened = np.round(bars.open + np.random.default_rng(seed).integers(-9, 10, rows) * TICK, 2)
    high, low = np.maximum(bars.high, opened), np.minimum(bars.low, opened)
    return Bars(bars.symbol, bars.timeframe, replace(bars.columns, open=opened, high=high, low=low))


def screened(strategy: Made, bars: Bars) -> list[tuple[str, int, float]]:
    """(side, row, price) of every fill of the screen, at no cost."""
    described = Instrument(
        symbol=bars.symbol,
        base=Asset("TEST"),
        quote=Asset("USDT"),
        tick=Price(D("0.01")),
        step=Quantity(D("0.000001")),
    )
    balances = {Asset("USDT"): D(1_000_000)}
    terms = Terms(Asset("USDT"), (described,), (bars.symbol,), balances, parse_sizing("fixed:1000"))
    _, fills = trace({bars.symbol: bars}, strategy, terms)
    return [("in" if f.why == "buy" else "out", f.row, f.price) for f in fills]


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), stops=st.booleans(), rows=st.integers(4, 160))
def test_they_are_the_trades_of_the_screen(seed: int, stops: bool, rows: int) -> None:
    bars, strategy = gapped(seed, rows), chance(seed, stops=stops)
    trips = round_trips(strategy.signals(bars), bars)
    ours = []
    for n in range(trips.entry.size):
        ours.append(("in", int(trips.entry[n]), float(trips.entry_price[n])))
        if trips.leave[n] < rows:
            ours.append(("out", int(trips.leave[n]), float(trips.exit_price[n])))
    theirs = screened(strategy, bars)
    assert [each[:2] for each in ours] == [each[:2] for each in theirs]
    # A stop is put on the tick.
    assert all(abs(a[2] - b[2]) <= TICK for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("seed", range(9))
def test_those_of_honest_strategies_too(seed: int) -> None:
    bars, strategy = gapped(seed, 700), honest(seed)
    trips = round_trips(strategy.signals(bars), bars)
    sold = int(np.count_nonzero(trips.leave < len(bars)))
    assert trips.entry.size + sold == len(screened(strategy, bars))


def test_what_is_held_at_the_end_is_sold_at_the_last_close() -> None:
    bars = gapped(1, 10)
    enter = np.arange(10) == 3
    trips = round_trips(Signals(enter, np.zeros(10, bool)), bars)
    assert trips.entry.tolist() == [4]
    assert trips.exit_price.tolist() == [bars.close[-1]]
    assert round_trips(Signals(np.arange(10) == 9, np.zeros(10, bool)), bars).entry.size == 0
    assert round_trips(Signals(np.zeros(10, bool), np.ones(10, bool)), bars).entry.size == 0


def test_one_bar_later_is_the_same_signals_one_bar_later() -> None:
    bars = gapped(2, 3_000)
    rises = np.append(bars.close[1:] > bars.open[1:], False)
    known = Signals(rises, ~rises)
    found = delay(known, bars)
    assert found.tells
    assert found.collapses, "all of it hangs on the one bar that it foresees"
    assert not found.raises
    late = Signals(np.append(False, rises[:-1]), np.append(True, ~rises[:-1]))
    assert delay(late, bars).sharpe == pytest.approx(found.later, rel=0.02)
    ahead = Signals(np.append(rises[1:], False), np.append(~rises[1:], True))
    assert delay(ahead, bars).raises, "signals a bar too early are better one bar later"


@pytest.mark.parametrize("seed", range(9))
def test_one_bar_later_says_nothing_against_honest_ones(seed: int) -> None:
    bars = gapped(seed, 3_000)
    found = delay(honest(seed).signals(bars), bars)
    assert not found.raises
    assert not found.collapses

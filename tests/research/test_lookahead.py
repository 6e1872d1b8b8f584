"""Planted cheats are caught and named as what they are; honest strategies raise nothing."""

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.market.sample import real_bars, walk_bars
from tests.research.cheats import CHEATS, Made, crosses, honest, states
from thunes.core.domain.units import Symbol
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import sma
from thunes.core.strategy.protocol import Signals, SignalStrategy, StrategyError
from thunes.core.strategy.sma_cross import SmaCross
from thunes.research.gates import check_chunks, check_poison, check_prefix, check_scale
from thunes.research.lookahead import check_fills, examine
from thunes.research.probe import Gate
from thunes.research.result import TradeRow


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught_and_named(name: str, seed: int) -> None:
    kind, make = CHEATS[name]
    strategy = Made(name=name, make=make)
    bars = walk_bars(seed, 1_200)
    found = examine(strategy, bars)
    assert {each.kind for each in found} == {kind}
    assert {Gate.PREFIX, Gate.POISON} <= {each.gate for each in found}
    assert check_prefix(strategy, bars)
    assert check_poison(strategy, bars)


@pytest.mark.real_data
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_on_real_bars_is_caught_and_named(name: str, real_data: Path) -> None:
    kind, make = CHEATS[name]
    folder = real_data / "binance_spot/multiyear/1h"
    bars = real_bars(folder / "DOGEUSDT_1h.parquet", "1h", 1_500)
    assert np.diff(bars.open_time).max() > bars.timeframe, "bars with gaps are wanted"
    assert {each.kind for each in examine(Made(name=name, make=make), bars)} == {kind}


@pytest.mark.parametrize("seed", range(27))
def test_an_honest_strategy_raises_nothing(seed: int) -> None:
    bars = walk_bars(100 + seed, 900, tick=["0.01", "0.1", "0.5"][seed % 3])
    strategy = honest(seed)
    fired = strategy.signals(bars)
    assert (fired.enter | fired.exit).any(), "a strategy that never speaks proves nothing"
    assert examine(strategy, bars) == ()


@pytest.mark.real_data
@pytest.mark.parametrize("seed", range(9))
def test_an_honest_strategy_on_real_bars_raises_nothing(seed: int, real_data: Path) -> None:
    folder = real_data / "binance_spot/multiyear/1h"
    bars = real_bars(folder / "DOGEUSDT_1h.parquet", "1h", 1_200)
    assert examine(honest(seed), bars) == ()


def test_a_finding_says_where_and_what() -> None:
    name = "shift(-1) of the close"
    found = examine(Made(name=name, make=CHEATS[name][1]), walk_bars(1, 300))
    assert found[0].text == (
        "G1 prefix: enter of bar 1 (closed 2024-01-01T02:00:00Z) is True, but False when the "
        "data end with bar 1: it reads the next bar, as shift(-1) does."
    )
    named = {
        "4h close at its open": "joins the 4h bar at its open time",
        "centred average": "reads 5 bars back and 5 ahead: a centred window of 11 bars",
        "shift(-3) of the close": "reads 3 bars ahead, as shift(-3) does.",
        "z-score of everything": "scaled by the whole sample",
    }
    for cheat, says in named.items():
        found = examine(Made(name=cheat, make=CHEATS[cheat][1]), walk_bars(1, 1_200))
        assert all(says in each.text for each in found), cheat


class Forgetful(SignalStrategy):
    """Says something else each time it is asked."""

    asked: list[int] = []  # noqa: RUF012

    def signals(self, bars: Bars) -> Signals:
        self.asked.append(1)
        rows = np.arange(len(bars)) % 7 == len(self.asked) % 7
        return states(rows, np.zeros(len(bars), dtype=bool))


def test_what_cannot_be_repeated_is_named() -> None:
    found = examine(Forgetful(), walk_bars(1, 200))
    assert [each.kind for each in found] == ["not repeatable"]
    assert found[0].gate is Gate.REPEAT


def test_reading_the_length_is_named() -> None:
    def by_length(bars: Bars) -> Signals:
        rows = np.arange(len(bars)) == len(bars) // 2
        return states(rows, np.zeros(len(bars), dtype=bool))

    found = examine(Made(name="x", make=by_length), walk_bars(1, 400))
    assert {each.kind for each in found} == {"length"}
    assert not check_poison(Made(name="x", make=by_length), walk_bars(1, 400))


def test_needing_later_bars_to_run_at_all_is_named() -> None:
    def greedy(bars: Bars) -> Signals:
        bars.close[300]
        return crosses(sma(bars.close, 5), sma(bars.close, 9))

    found = examine(Made(name="x", make=greedy), walk_bars(1, 400))
    assert {each.kind for each in found} == {"fails"}
    assert "raises IndexError" in found[0].text or "IndexError" in found[0].text


def test_needing_some_bars_to_warm_up_is_honest() -> None:
    def careful(bars: Bars) -> Signals:
        bars.close[49]
        return crosses(sma(bars.close, 5), sma(bars.close, 9))

    assert examine(Made(name="x", make=careful), walk_bars(1, 400)) == ()


def test_a_price_level_does_not_pass_the_scale_gate_only() -> None:
    def level(bars: Bars) -> Signals:
        return crosses(bars.close, 100.0)

    bars = walk_bars(1, 400)
    found = examine(Made(name="x", make=level), bars)
    assert [(each.gate, each.kind) for each in found] == [(Gate.SCALE, "price level")]
    assert check_scale(Made(name="x", make=level), bars)
    assert not check_chunks(Made(name="x", make=level), bars)


def test_a_stop_that_knows_the_future_is_caught() -> None:
    def stopped(bars: Bars) -> Signals:
        honestly = crosses(sma(bars.close, 5), sma(bars.close, 9))
        lowest = np.minimum.accumulate(bars.low[::-1])[::-1]
        distance = np.clip(1 - lowest / bars.close, 0.001, 0.5)
        return replace(honestly, stop_distance=distance)

    found = examine(Made(name="x", make=stopped), walk_bars(1, 600))
    assert found
    assert all("stop_distance of bar" in each.text for each in found)


def test_what_fails_on_the_bars_themselves_says_so() -> None:
    def broken(bars: Bars) -> Signals:
        raise ValueError("no")

    with pytest.raises(StrategyError, match="raised ValueError in signals"):
        examine(Made(name="x", make=broken), walk_bars(1, 50))


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_few_bars_are_examined_too(rows: int) -> None:
    assert examine(SmaCross(fast=1, slow=2), walk_bars(1, rows)) == ()


def test_how_often_it_asks_is_bounded() -> None:
    asked = []

    def counting(bars: Bars) -> Signals:
        asked.append(len(bars))
        return states(bars.close > 105.0, bars.close < 95.0)

    examine(Made(name="x", make=counting), walk_bars(1, 5_000))
    assert len(asked) < 300
    assert sum(asked) < 150 * 5_000


def test_five_thousand_bars_take_seconds() -> None:
    bars = walk_bars(1, 5_000)
    began = time.process_time()
    assert examine(SmaCross(), bars) == ()
    assert time.process_time() - began < 12, "about 2 s on an idle machine"


def gapped(rows: int) -> Bars:
    """Bars that open elsewhere than the bar before closed."""
    bars = walk_bars(5, rows)
    opened = np.round(bars.open + 0.07, 2)
    high, low = np.maximum(bars.high, opened), np.minimum(bars.low, opened)
    return Bars(bars.symbol, bars.timeframe, replace(bars.columns, open=opened, high=high, low=low))


def trade(at: int, price: float) -> TradeRow:
    return TradeRow(
        symbol=Symbol("TESTUSDT"),
        strategy="x",
        side="long",
        entry_time=at,
        entry_price=Decimal(repr(price)),
        quantity=Decimal(1),
        exit_time=None,
        exit_price=None,
        fees=Decimal(0),
        pnl=Decimal(0),
        exit_reason="",
        stop_price=None,
        target_price=None,
    )


ENTRIES = [20, 35, 51, 77, 80]


def test_entries_at_the_signals_own_close_are_named() -> None:
    bars = gapped(100)
    at_close = [trade(int(bars.close_time[t]), float(bars.close[t])) for t in ENTRIES]
    at_open = [trade(int(bars.open_time[t]), float(bars.close[t])) for t in ENTRIES]
    inside = [trade(int(bars.close_time[t]) - 1, float(bars.close[t])) for t in ENTRIES]
    for trades in (at_close, at_open, inside):
        (found,) = check_fills(trades, bars)
        assert found.kind == "same-bar fill"
        assert found.gate is Gate.FILLS
        assert found.row == 20
        assert "5 of 5 entries have the close of the bar that signals them" in found.text


def test_one_entry_at_a_price_that_never_traded_is_enough() -> None:
    bars = gapped(100)
    low = np.array(bars.low)
    low[21] = bars.open[21]
    bars = Bars(bars.symbol, bars.timeframe, replace(bars.columns, low=low))
    assert bars.close[20] < low[21]
    (found,) = check_fills([trade(int(bars.close_time[20]), float(bars.close[20]))], bars)
    assert found.kind == "same-bar fill"


def test_entries_at_the_next_open_are_honest() -> None:
    for bars in (gapped(100), walk_bars(5, 100)):
        for worse in (0.0, 0.01, 0.07):
            prices = [float(np.round(bars.open[t + 1] + worse, 2)) for t in ENTRIES]
            times = [int(bars.close_time[t]) for t in ENTRIES]
            assert check_fills(list(map(trade, times, prices)), bars) == ()
    assert check_fills([], gapped(10)) == ()
    assert check_fills([trade(0, 1.0)], gapped(10)) == ()

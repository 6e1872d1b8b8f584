"""The examination: every gate's answer, the null market, and the one call for a search."""

import numpy as np
import pytest

from tests.market.sample import walk_bars
from tests.research.cheats import CHEATS, Made, crosses, honest, shifted, states
from tests.research.planted import PLANTED, planted
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import atr, sma
from thunes.core.strategy.protocol import Signals, StrategyError
from thunes.core.strategy.sma_cross import SmaCross
from thunes.research.examination import (
    Answer,
    Subject,
    Verdict,
    examination,
    gates_hold,
    sample_of,
)
from thunes.research.null_market import fortune, null_fortune, walk
from thunes.research.probe import Gate

BARS = walk_bars(4, 900, "0.1")


def answers(strategy: object, bars: Bars = BARS) -> dict[Gate, Answer]:
    assert isinstance(strategy, Made | SmaCross)
    subject = Subject(strategy, bars, sample_of(strategy, bars))
    return {each.gate: each for each in examination(subject, 0.0)}


def test_every_gate_answers_and_says_how_often_it_asked() -> None:
    found = answers(SmaCross(fast=3, slow=9))
    assert list(found) == [gate for gate in Gate if gate is not Gate.FILLS]
    assert {each.verdict for each in found.values()} == {Verdict.PASSED}
    asked = {gate: each.asked for gate, each in found.items()}
    assert asked[Gate.REPEAT] == 2
    assert asked[Gate.TAINT] == 3 * 599 + 2
    assert asked[Gate.NULL] >= 20
    assert all(asked.values())


@pytest.mark.parametrize("name", ["shift(-1) of the close", "4h close at its open"])
def test_a_cheat_is_told_by_row_and_column(name: str) -> None:
    found = answers(Made(name=name, make=CHEATS[name][1]))
    for gate in (Gate.PREFIX, Gate.POISON, Gate.TAINT):
        finding = found[gate].finding
        assert found[gate].verdict is Verdict.NOT_PASSED
        assert finding is not None
        assert finding.kind == CHEATS[name][0]
        assert finding.breach is not None
        assert finding.breach.column in ("enter", "exit")
        assert f"{finding.breach.column} of bar {finding.row} " in finding.text
        assert finding.breach.was != finding.breach.became
    assert found[Gate.NULL].verdict is Verdict.NOT_PASSED
    assert found[Gate.SCALE].verdict is Verdict.UNTOLD


def test_what_cannot_be_repeated_is_asked_no_further() -> None:
    asked: list[int] = []

    def forgetful(bars: Bars) -> Signals:
        asked.append(1)
        return states(np.arange(len(bars)) % 7 == len(asked) % 7, np.zeros(len(bars), bool))

    found = answers(Made(name="x", make=forgetful))
    assert found[Gate.REPEAT].verdict is Verdict.NOT_PASSED
    assert Gate.NULL not in found


def test_a_level_of_prices_is_a_warning() -> None:
    middle = float(np.median(BARS.close))
    found = answers(Made(name="x", make=lambda b: crosses(b.close, middle)))
    assert found[Gate.SCALE].verdict is Verdict.WARNED
    assert not gates_hold(Made(name="x", make=lambda b: crosses(b.close, middle)), BARS, 0.0)


def test_what_never_speaks_is_not_judged_by_trades() -> None:
    silent = Made(name="x", make=lambda b: states(b.close < 0, b.close < 0))
    found = answers(silent)
    assert found[Gate.NULL].verdict is Verdict.UNTOLD
    assert found[Gate.NULL].text == "only 0 trades on 20 random walks: too few to tell"
    assert found[Gate.DELAY].verdict is Verdict.UNTOLD
    assert gates_hold(silent, BARS, 0.0) == []


def test_the_sample_grows_until_there_are_signals() -> None:
    bars = walk_bars(4, 4_000, "0.1")
    assert len(sample_of(SmaCross(), bars)) == 600
    assert len(sample_of(SmaCross(fast=1, slow=700), bars)) == 2_400
    assert len(sample_of(SmaCross(fast=1_000, slow=3_900), bars)) == 4_000
    assert len(sample_of(SmaCross(), bars.prefix(80))) == 80


def test_a_slow_strategy_is_asked_at_fewer_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thunes.research.examination._TAINT_SECONDS", 1e-6)
    assert answers(SmaCross(fast=3, slow=9))[Gate.TAINT].asked < 100


def test_gates_hold_for_an_honest_strategy_and_not_for_a_cheat() -> None:
    assert gates_hold(honest(0), BARS, 0.0) == []
    found = gates_hold(Made(name="x", make=CHEATS["centred average"][1]), BARS, 0.0)
    assert {each.kind for each in found} >= {"centred window", "null market"}
    broken = Made(name="x", make=lambda bars: bars.close[10**9])
    with pytest.raises(StrategyError, match="IndexError"):
        gates_hold(broken, BARS)


SEEN_BY_THE_NULL_MARKET = [
    "shift(-1) of the close",
    "pandas shift(-24)",
    "centred average",
    "swing at its own bar",
    "4h close at its open",
    "savgol",
    "zigzag",
    "kalman smoother",
    "entries that would lose left out",
    "filtfilt",
]


@pytest.mark.parametrize("name", SEEN_BY_THE_NULL_MARKET)
def test_the_null_market_sees_cheats_by_itself(name: str) -> None:
    assert name in PLANTED
    found = null_fortune(planted(name), BARS, 0.0)
    assert found.tells
    assert not found.fair


@pytest.mark.parametrize("seed", range(18))
def test_on_the_null_market_an_honest_strategy_earns_nothing(seed: int) -> None:
    found = null_fortune(honest(seed), BARS, 0.0)
    assert found.markets >= 20
    assert found.fair


def test_stops_are_met_as_a_fair_game_has_them() -> None:
    """A walk goes in steps: a stop met exactly is met a little too well, and no more than that."""

    def stopped(bars: Bars) -> Signals:
        found = crosses(bars.close, sma(bars.close, 5))
        return Signals(
            found.enter, found.exit, atr(bars.high, bars.low, bars.close, 5) / bars.close
        )

    found = null_fortune(Made(name="x", make=stopped), BARS, 0.0)
    assert found.tells
    assert found.slack > 0.0
    assert found.fair
    assert found.slack < found.error * 40


def test_the_walk_is_fair_and_as_loud_as_the_bars() -> None:
    bars = walk(1, 20_000, 16, BARS)
    changes = np.diff(bars.close) / bars.close[:-1]
    assert abs(changes.mean()) < 4 * changes.std() / np.sqrt(changes.size)
    wanted = np.median(np.abs(np.diff(np.log(BARS.close)))) / 0.6745
    assert changes.std() == pytest.approx(wanted, rel=0.05)
    assert np.array_equal(bars.open[1:], bars.close[:-1])
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert ((bars.high > bars.open) & (bars.low < bars.open)).mean() > 0.5
    assert not np.array_equal(walk(2, 20_000, 16, BARS).close, bars.close)


def test_the_error_is_that_of_whole_markets_where_losses_are_put_off() -> None:
    """99 small gains and one great loss in each market: single trades look surer than they are."""
    returns = np.tile(np.append(np.full(99, 0.001), 0.0), 25)
    markets = np.full(25, 0.099)
    found = fortune(returns, markets)
    assert found.errors == pytest.approx(5.0)
    assert found.errors < returns.mean() / (returns.std(ddof=1) / np.sqrt(returns.size))
    assert not fortune(np.array([1.0]), np.array([1.0])).tells
    assert fortune(np.zeros(5_000), np.zeros(30)).fair


def test_a_cheat_that_reads_far_ahead_is_one_on_the_null_market() -> None:
    strategy = Made(name="x", make=lambda b: states(shifted(b.close, 9) > b.close, b.close < 0))
    assert null_fortune(strategy, BARS, 0.0).tells is False, "it never leaves: too few trades"


def test_how_far_it_is_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    strategy = SmaCross(fast=3, slow=9)
    subject = Subject(strategy, BARS, BARS.prefix(200))
    examination(subject, 0.0, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (800, 800)
    assert len(told) > 20, "the null market is told of as it goes"

"""What a configuration comes to: every setting that decides, flags over it, and what was edited."""

from decimal import Decimal
from pathlib import Path

import pytest

from thunes.cli.flags import RunFlags
from thunes.compose.effective import differing, digest, edited, in_effect, note_began, noted
from thunes.compose.rules import rules_of
from thunes.config.loading import Loaded, load, without_file
from thunes.core.domain.errors import UsageError
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import parse_timeframe
from thunes.core.portfolio.sizing import parse_sizing
from thunes.sandbox.instruments import LISTED

D = Decimal
MINE = """
from thunes.core.strategy.protocol import SignalStrategy, Signals

class Mine(SignalStrategy):
    length: int = 5

    def signals(self, bars):
        return Signals(enter=bars.close > 0, exit=bars.close < 0)
"""
ALL = """
[run]
symbols = ["BTCUSDT", "ETHUSDT"]
timeframe = "15m"
[[strategy]]
source = "mine.py:Mine"
symbols = ["ETHUSDT"]
parameters = { length = 7 }
[[strategy]]
source = "sma_cross"
name = "quick"
[costs]
fee_bps = 7.5
fee_asset = "bnb"
slippage_bps = 1
[sizing]
rule = "risk:0.1%"
[entries]
cap = "0.5%"
[exits]
stop = "3%"
take_profit = "2%:0.4,4%:0.4"
break_even_after = 1
trail = "1%"
trail_after = 2
[limits]
max_positions = 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "thunes.toml").write_text(ALL)
    return tmp_path / "thunes.toml"


def instruments(loaded: Loaded) -> tuple[object, ...]:
    return tuple(LISTED[symbol][0] for symbol in loaded.config.run.symbols)


def test_every_setting_that_decides_is_in_the_rules(path: Path) -> None:
    loaded = load(path)
    spec = rules_of(loaded, instruments(loaded))  # type: ignore[arg-type]
    assert (spec.quote, spec.timeframe) == ("USDT", parse_timeframe("15m"))
    assert [one.symbol for one in spec.instruments] == ["BTCUSDT", "ETHUSDT"]
    mine, quick = spec.strategies
    assert (mine.id, mine.source) == ("Mine", f"{path.parent / 'mine.py'}:Mine")
    assert (mine.parameters, mine.symbols) == ({"length": "7"}, ("ETHUSDT",))
    assert (quick.id, quick.source) == ("quick", "sma_cross")
    assert quick.symbols == ("BTCUSDT", "ETHUSDT")
    assert spec.sizing == parse_sizing("risk:0.1%")
    assert spec.exits == ExitPlan(
        stop_distance=D("0.03"),
        targets=(TargetLevel(D("0.02"), D("0.4")), TargetLevel(D("0.04"), D("0.4"))),
        break_even_after=1,
        trail_distance=D("0.01"),
        trail_after=2,
    )
    costs = spec.costs
    assert (costs.fee_bps, costs.fee_asset, costs.slippage_bps) == (D("7.5"), "bnb", 1)
    assert (spec.entry_cap, spec.limits.max_positions) == (D("0.005"), 2)


def test_flags_win_and_leave_the_rest(path: Path) -> None:
    flags = RunFlags("rsi", ("period=9",), ("ETHUSDT",), "1h")
    run = load(path, flags.said())
    assert [plan.source for plan in run.config.strategy] == ["rsi"]
    assert run.config.strategy[0].parameters == {"period": "9"}
    assert (run.config.run.symbols, run.config.run.timeframe) == (("ETHUSDT",), "1h")
    assert str(run.origin("run.symbols")) == "--symbol in command line"
    assert run.config.exits == load(path).config.exits


def test_a_parameter_of_the_one_strategy_is_laid_over_the_others(path: Path) -> None:
    path.write_text("[[strategy]]\nname = 'x'\nparameters = { fast = 3, slow = 9 }")
    (plan,) = load(path, RunFlags(parameters=("slow=8",)).said()).config.strategy
    assert (plan.name, plan.parameters) == ("x", {"fast": "3", "slow": "8"})
    (plan,) = without_file({}, RunFlags(parameters=("slow=80",)).said()).config.strategy
    assert plan.parameters == {"slow": "80"}


def test_flags_win_over_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_TIMEFRAME", "4h")
    assert load(path).config.run.timeframe == "4h"
    assert load(path, RunFlags(timeframe="1m").said()).config.run.timeframe == "1m"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('cap = "0.5%"', 'cap = "half"', "entries.cap: 'half' needs a percent sign"),
        ("break_even_after = 1", "break_even_after = 3", "names 2 of them"),
        ("trail_after = 2", "trail_after = 3", "exits.trail_after: 3 counts targets"),
        ('stop = "3%"', 'stop = ""', "sizing.rule: risk is reckoned from the stop"),
        ('stop = "3%"', 'stop = ""', "entries.cap: an entry brings its stop along"),
        ('stop = "3%"', 'stop = ""', "exits.break_even_after: moves a stop: give exits.stop"),
        ('stop = "3%"', 'stop = ""', "exits.trail: moves a stop: give exits.stop"),
    ],
)
def test_exits_that_cannot_be(path: Path, old: str, new: str, said: str) -> None:
    path.write_text(ALL.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load(path)
    assert said in str(caught.value)


def test_what_was_edited_is_told_by_name(path: Path) -> None:
    began = in_effect(load(path))
    assert edited(began, lambda: load(path)) == []
    path.write_text(ALL.replace("max_positions = 2", "max_positions = 3 # a remark"))
    assert edited(began, lambda: load(path)) == ["limits.max_positions"]
    path.write_text(f"{ALL} # a remark")
    (path.parent / "mine.py").write_text(f"{MINE}\n# another text\n")
    assert edited(began, lambda: load(path)) == ["text of mine.py:Mine"]
    path.write_text("[limits]\nx = 1")
    (said,) = edited(began, lambda: load(path))
    assert "limits.x: there is no such name" in said


def test_the_mark_of_a_configuration_is_of_what_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = digest(in_effect(load(path)))
    path.write_text(f"# a remark\n{ALL}")
    assert digest(in_effect(load(path))) == mark
    monkeypatch.setenv("MAX_POSITIONS", "1")
    assert digest(in_effect(load(path))) != mark


def test_with_what_a_process_began_is_found_beside_its_state(path: Path) -> None:
    assert noted(path.parent) is None
    began = in_effect(load(path))
    note_began(path.parent, began)
    found = noted(path.parent)
    assert found is not None
    assert differing(found, began) == []
    (path.parent / "configuration.json").write_text("{")
    assert noted(path.parent) is None

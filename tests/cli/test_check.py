"""`thunes check`: what it says of honest strategies, of cheats, and of what it is asked wrongly."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.cli.test_strategy_files import BODY, FILES, HEAD, WRONG_NAMES
from thunes.adapters.storage.bars.catalog import save_bars
from thunes.simulation.market import Recipe, synthesize

BARS = "--bars BTCUSDT_1h.parquet --seconds 0"


def write(room: Path, body: str, head: str = HEAD) -> None:
    (room / "mine.py").write_text(head + BODY + body, encoding="utf-8")


def test_an_honest_strategy_on_bars_that_are_made_up(ask: Ask) -> None:
    answer = ask("check sma_cross --param fast=4 --param slow=9 --seconds 0")
    assert answer.code == 0, answer.out + answer.err
    assert "sma_cross on BTCUSDT, 2,400 bars of 1h, made up" in answer.out
    assert "on DOGEUSDT" in answer.out
    assert "Nothing is held against it." in answer.out
    assert "not passed" not in answer.out


def test_a_cheat_is_told_by_row_column_and_kind(ask: Ask, room: Path) -> None:
    write(
        room, "        up = np.roll(bars.close, -1) > bars.close\n        return Signals(up, ~up)"
    )
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == 1
    assert "It is not to be believed (next bar). G1 prefix: " in answer.out
    assert "it reads the next bar, as shift(-1) does." in answer.out
    answer = ask(f"check mine.py:Mine {BARS} --json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert found["passed"] is False
    (symbol,) = found["symbols"]
    gates = {each["gate"]: each for each in symbol["gates"]}
    first = gates["G1 prefix"]
    assert first["verdict"] == "not passed"
    assert first["kind"] == "next bar"
    assert (first["column"], first["was"], first["became"]) in [
        ("enter", True, False),
        ("exit", True, False),
        ("enter", False, True),
        ("exit", False, True),
    ]
    assert isinstance(first["row"], int)
    assert first["closed"].endswith("Z")
    assert gates["G4 null market"]["verdict"] == "not passed"
    assert gates["G4 null market"]["row"] is None
    assert gates["G8 same-bar fill"]["verdict"] == "passed"


def test_pandas_in_a_strategy(ask: Ask, room: Path) -> None:
    body = (
        "        c = pd.Series(np.array(bars.close))\n"
        "        up = (c > c.rolling(9).mean()).to_numpy()\n        return Signals(up, ~up)"
    )
    write(room, body, HEAD + "import pandas as pd\n")
    assert ask(f"check mine.py:Mine {BARS}").code == 0
    write(
        room, body.replace("rolling(9)", "rolling(9, center=True)"), HEAD + "import pandas as pd\n"
    )
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == 1
    assert "centred window" in answer.out


def test_a_memory_between_calls(ask: Ask, room: Path) -> None:
    body = (
        "        if not SEEN or len(bars) > SEEN[-1].size:\n            SEEN.append(bars.close)\n"
        "        later = np.append(SEEN[-1][1:], np.nan)[: len(bars)]\n"
        "        return Signals(later > bars.close, later < bars.close)"
    )
    write(room, body, HEAD + "SEEN = []\n")
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == 1
    assert "it remembers bars between calls" in " ".join(answer.out.split())
    answer = ask("backtest --strategy mine.py:Mine --bars BTCUSDT_1h.parquet --json")
    assert "looks ahead (memory)" in answer.out, "though the run itself has shown it all bars"


def test_chance_is_told_as_such(ask: Ask, room: Path) -> None:
    write(
        room,
        "        up = np.random.default_rng().random(len(bars)) < 0.5\n"
        "        return Signals(up, ~up)",
    )
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == 1
    assert "(not repeatable)" in answer.out


def test_a_strategy_of_events_is_asked_what_it_can_be(ask: Ask) -> None:
    answer = ask(f"check dca {BARS} --param every=4h --json")
    assert answer.code == 0, answer.out + answer.err
    (symbol,) = json.loads(answer.out)["symbols"]
    assert symbol["form"] == "events"
    gates = {each["gate"]: each for each in symbol["gates"]}
    for name in ("repeat", "G1 prefix", "G2 poisoning", "G4 null market", "G8 same-bar fill"):
        assert gates[name]["verdict"] == "passed", gates[name]
        assert gates[name]["asked"] > 0
    for name in ("G3 growing history", "G5 scale", "G6 one bar later", "G7 taint"):
        assert gates[name]["verdict"] == "cannot tell"
        assert gates[name]["text"]


EVENTS = """
from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed
from thunes.core.strategy.protocol import EventStrategy

class Mine(EventStrategy):
    def period(self):
        return 1

    def observe(self, event, view, desk):
        if not isinstance(event, BarsClosed):
            return ()
        bars = view.market.tape.bars[desk.symbol]
        row = int(np.searchsorted(bars.close_time, view.at))
        up = row + 1 < len(bars) and bars.close[row + 1] > bars.close[row]
        held = view.account.position(desk.symbol) is not None
        if up == held:
            return ()
        action = Action.ENTER if up else Action.EXIT
        return (Signal(strategy=desk.strategy, symbol=desk.symbol, action=action),)
"""


def test_an_event_strategy_that_looks_behind_the_view(ask: Ask, room: Path) -> None:
    (room / "mine.py").write_text("import numpy as np\n" + EVENTS, encoding="utf-8")
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == 1, answer.out + answer.err
    assert "(foreknowledge)" in answer.out
    assert "knows more than has happened" in " ".join(answer.out.split())


@pytest.mark.parametrize("name", FILES)
def test_a_strategy_file_with_a_fault(name: str, ask: Ask, room: Path) -> None:
    text, code, says = FILES[name]
    (room / "mine.py").write_text(text, encoding="utf-8")
    answer = ask(f"check mine.py:Mine {BARS}")
    assert answer.code == code
    # Of the bars only a sample is asked.
    assert says.replace("2400", "600") in answer.err


@pytest.mark.parametrize("source", WRONG_NAMES)
def test_a_strategy_that_is_named_wrongly(source: str, ask: Ask, room: Path) -> None:
    for name in ("mine.py", "mine.txt"):
        (room / name).write_text("x = 1", encoding="utf-8")
    (room / "dir.py").mkdir()
    answer = ask(f"check {source}")
    assert answer.code == 2
    assert WRONG_NAMES[source] in answer.err


WRONG = {
    "sma_cross --param fast=x": "fast = 'x' is not int >= 1",
    "sma_cross --param quick=1": "has no parameter 'quick'",
    "sma_cross --bars none.parquet": "there is no file none.parquet",
    "sma_cross --bars BTCUSDT_1h.parquet --timeframe 30m": "bars of 30m cannot be made",
    "sma_cross --bars X=BTCUSDT_1h.parquet": "what is X quoted in? Say it with --quote",
    "sma_cross --seconds -1": "greater than or equal to 0",
    "": "Missing argument",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_asked_wrongly(line: str, ask: Ask) -> None:
    answer = ask(f"check {line}")
    assert answer.code == 2
    assert WRONG[line] in " ".join(answer.err.split())


def test_too_few_bars(ask: Ask, room: Path) -> None:
    save_bars(room / "ETHUSDT_1h.parquet", synthesize(Recipe(seed=1, bars=63)))
    answer = ask("check sma_cross --bars ETHUSDT_1h.parquet")
    assert answer.code == 1
    assert "ETHUSDT has 63 bars: a strategy is checked on 64 at least" in answer.err

"""A user's own file: whatever is wrong with it is said as one sentence about that file."""

from pathlib import Path

import pytest

from tests.cli.conftest import Ask

HEAD = """
import numpy as np
from thunes.core.strategy.protocol import EventStrategy, Signals, SignalStrategy

def nothing(bars):
    return {"enter": np.zeros(len(bars), bool), "exit": np.zeros(len(bars), bool)}

"""
BODY = "class Mine(SignalStrategy):\n    def signals(self, bars):\n"

# name: (text of the file, exit code, what is said)
FILES = {
    "imports what is not": ("import nowhere", 2, "ModuleNotFoundError: No module named 'nowhere'"),
    "is not Python": ("def (", 2, "SyntaxError"),
    "raises": ("raise RuntimeError", 2, "mine.py cannot be loaded: RuntimeError"),
    "exits": ("raise SystemExit(5)", 2, "mine.py cannot be loaded: SystemExit: 5"),
    "other class": (HEAD + "class Yours(SignalStrategy):\n    signals = 1", 2, "but Yours"),
    "no class at all": ("x = 1", 2, "has no class 'Mine', but no strategy"),
    "not a strategy": ("class Mine: pass", 2, "is not a strategy: derive it from SignalStrategy"),
    "a function": ("def Mine(): pass", 2, "is not a strategy"),
    "no signals": (HEAD + "class Mine(SignalStrategy): pass", 2, "and define signals"),
    "no observe": (HEAD + "class Mine(EventStrategy): pass", 2, "and define observe"),
    "no default": (
        HEAD + BODY.replace("):\n    def", "):\n    n: int\n    def") + "        return 1",
        2,
        "missing required field `n`",
    ),
    "raises in signals": (HEAD + BODY + "        1 / 0", 1, "ZeroDivisionError in signals()"),
    "exits in signals": (HEAD + BODY + "        raise SystemExit(3)", 1, "SystemExit in signals()"),
    "asserts": (HEAD + BODY + "        assert False", 1, "raised AssertionError in signals()"),
    "writes": (HEAD + BODY + "        bars.close[0] = 1.0", 1, "read-only"),
    "None": (HEAD + BODY + "        return None", 1, "must return Signals(enter=..., exit=...)"),
    "too short": (
        HEAD + BODY + "        return Signals(**nothing([1]))",
        1,
        "it must have one row for each of the 2400 bars",
    ),
    "two columns": (
        HEAD + BODY + "        z = np.zeros((len(bars), 1), bool)\n        return Signals(z, z)",
        1,
        "has shape (2400, 1)",
    ),
    "floats": (
        HEAD + BODY + "        return Signals(**{**nothing(bars), 'enter': np.zeros(len(bars))})",
        1,
        "enter must be a bool array, not float64",
    ),
    "lists": (
        HEAD + BODY + "        return Signals(**{**nothing(bars), 'exit': [False] * len(bars)})",
        1,
        "exit must be a bool array, not list",
    ),
    "both at once": (
        HEAD + BODY + "        z = np.ones(len(bars), bool)\n        return Signals(z, z)",
        1,
        "row 0 both enters and exits",
    ),
    "stop beyond": (
        HEAD
        + BODY
        + "        return Signals(**nothing(bars), stop_distance=np.full(len(bars), 1.5))",
        1,
        "stop_distance in row 0 is not between 0 and 1",
    ),
    "event raises": (
        HEAD + "class Mine(EventStrategy):\n    def observe(self, e, v, d):\n        return 1 / 0",
        1,
        "ZeroDivisionError in observe()",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_strategy_file_with_a_fault(name: str, ask: Ask, room: Path) -> None:
    text, code, said = FILES[name]
    (room / "mine.py").write_text(text, encoding="utf-8")
    outputs = "--journal j --trades t.csv --report r.html"
    answer = ask(f"backtest --strategy mine.py:Mine --bars BTCUSDT_1h.parquet {outputs}")
    assert answer.code == code, answer
    assert answer.err.startswith("error: "), answer.err
    assert said in answer.err
    assert answer.err.count("\n") == 1
    left = {each.name for each in room.iterdir()} - {"__pycache__"}
    assert left == {"BTCUSDT_1h.parquet", "mine.py"}


def test_nan_as_a_stop_distance_is_no_stop(ask: Ask, room: Path) -> None:
    text = BODY + (
        "        z = nothing(bars)\n        z['enter'][50] = True\n"
        "        return Signals(**z, stop_distance=np.full(len(bars), np.nan))"
    )
    (room / "mine.py").write_text(HEAD + text, encoding="utf-8")
    answer = ask("backtest --strategy mine.py:Mine --bars BTCUSDT_1h.parquet --trades t.csv")
    assert answer.code == 0, answer
    row = (room / "t.csv").read_text().splitlines()[1].split(",")
    assert row[-4:] == ["open", "Mine", "", ""]


WRONG_NAMES = {
    "none.py:Mine": "strategy file none.py cannot be read",
    "mine.py": "or mine.py:MyStrategy",
    "mine.py:": "or mine.py:MyStrategy",
    ":Mine": "or FILE.py:Class",
    "mine.txt:Mine": "its name must end in .py",
    "dir.py:Mine": "Is a directory",
}


@pytest.mark.parametrize("source", WRONG_NAMES)
def test_a_strategy_that_is_named_wrongly(source: str, ask: Ask, room: Path) -> None:
    for name in ("mine.py", "mine.txt"):
        (room / name).write_text("x = 1", encoding="utf-8")
    (room / "dir.py").mkdir()
    answer = ask(f"backtest --strategy {source} --bars BTCUSDT_1h.parquet")
    assert answer.code == 2
    assert WRONG_NAMES[source] in answer.err


CHEATS = {
    "next bar": "np.roll(bars.close, -1) > bars.close",
    "centred window": "bars.close > np.convolve(bars.close, np.ones(11) / 11, 'same')",
    "whole sample": "bars.close > bars.close.mean()",
}


@pytest.mark.parametrize("kind", CHEATS)
def test_the_backtest_names_a_cheat_before_anything_else(kind: str, ask: Ask, room: Path) -> None:
    text = BODY + f"        up = {CHEATS[kind]}\n        return Signals(up, ~up)"
    (room / "mine.py").write_text(HEAD + text, encoding="utf-8")
    answer = ask("backtest --strategy mine.py:Mine --bars BTCUSDT_1h.parquet")
    assert answer.code == 0
    first = answer.out.split("\n1. ")[1]
    assert " ".join(first.split()).startswith(f"Mine looks ahead ({kind})")


def test_an_honest_file_is_not_accused(ask: Ask, room: Path) -> None:
    text = BODY + (
        "        low = np.minimum.accumulate(bars.close)\n"
        "        up = bars.close > 1.05 * low\n        return Signals(up, ~up)"
    )
    (room / "mine.py").write_text(HEAD + text, encoding="utf-8")
    answer = ask("backtest --strategy mine.py:Mine --bars BTCUSDT_1h.parquet --json")
    assert answer.code == 0
    assert "look_ahead" not in answer.out

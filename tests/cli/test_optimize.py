"""`thunes optimize` and `thunes walkforward` as a person meets them: verdicts, files, refusals."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ask

SEARCH = "optimize --strategy sma_cross --bars BTCUSDT_1h.parquet"
WALK = "walkforward --strategy sma_cross --bars BTCUSDT_1h.parquet"
SMALL = "--range fast=5:20:5 --range slow=30:60:10"


def found(ask: Ask, line: str) -> dict[str, object]:
    answer = ask(f"{line} --json")
    assert answer.code == 0, answer.err
    told: dict[str, object] = json.loads(answer.out)
    return told


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "grid", "random"])
def test_a_search_says_what_is_best_and_how_likely_it_is_luck(ask: Ask, sampler: str) -> None:
    told = found(ask, f"{SEARCH} {SMALL} --sampler {sampler} --trials 8 --seed 3")
    assert {"best", "parameters", "trials", "dsr", "pbo", "verdict", "reasons"} <= set(told)
    assert told["verdict"] in ("PROMOTE", "HOLD", "REJECT")
    assert isinstance(told["parameters"], dict)
    assert int(told["parameters"]["fast"]) < int(told["parameters"]["slow"])
    assert isinstance(told["reasons"], list)
    assert {"figure", "value", "threshold", "says", "text"} == set(told["reasons"][0])
    assert told == found(ask, f"{SEARCH} {SMALL} --sampler {sampler} --trials 8 --seed 3")
    if sampler == "grid":
        assert told["trials"] == 16


def test_what_a_search_leaves_behind(ask: Ask, room: Path) -> None:
    answer = ask(f"{SEARCH} {SMALL} --sampler grid --artifacts kept --report page.html")
    assert answer.code == 0, answer.err
    assert answer.out.index("deflated Sharpe") < answer.out.index("How likely it is luck")
    assert "The choice, and the best of 16 sets" in answer.out
    rows = list(csv.DictReader(next((room / "kept/optuna").glob("*.csv")).read_text().split("\n")))
    assert len(rows) == 16
    assert {"number", "fast", "slow", "score", "sharpe", "max_drawdown"} <= set(rows[0])
    result = json.loads(next((room / "kept/optuna").glob("*.json")).read_text())
    assert result["trials"] == 16
    assert "REJECT" in (page := (room / "page.html").read_text()) or "HOLD" in page
    assert len(list((room / "kept/trials").glob("*.trials"))) == 1


def test_a_walk_says_what_is_performance(ask: Ask, room: Path) -> None:
    told = found(ask, f"{WALK} {SMALL} --train 40 --test 10")
    windows = told["windows"]
    assert isinstance(windows, list)
    assert len(windows) == 6
    grown = 1.0
    for window in windows:
        assert window["train_end"] < window["test_start"] < window["test_end"]
        grown *= 1 + window["test_return"]
    assert told["total_return"] == pytest.approx(grown - 1)
    rows = list(csv.DictReader((room / "artifacts/optuna/wf_results.csv").read_text().split("\n")))
    assert [row["fast"] for row in rows] == [window["parameters"]["fast"] for window in windows]
    assert told == found(ask, f"{WALK} {SMALL} --train 40 --test 10")


def test_an_anchored_walk_begins_at_the_first_day(ask: Ask) -> None:
    windows = found(ask, f"{WALK} {SMALL} --train 40 --test 20 --anchored --purge 3")["windows"]
    assert isinstance(windows, list)
    assert len({window["train_start"] for window in windows}) == 1
    assert windows[0]["train_end"] == "2024-02-07T00:00:00Z"
    assert windows[0]["test_start"] == "2024-02-10T00:00:00Z"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{SEARCH} --range fast=50:5", "is empty"),
        (f"{SEARCH} --range fast=90:95 --range slow=10:20", "must be below slow"),
        (f"{SEARCH} --range quick=1:5", "has no such parameter"),
        (f"{SEARCH} --param fast=5 --range fast=1:9", "by --param and by --range"),
        (f"{SEARCH} --strategy rsi", "a search takes one"),
        (f"{SEARCH} --sampler luck", "is none of tpe, nsga2, grid, random"),
        (f"{SEARCH} --objective luck", "is none of sharpe, return"),
        (f"{SEARCH} --folds luck", "is none of combinatorial"),
        (f"{SEARCH} --memory little", "as 500MB or 2GB"),
        (f"{SEARCH} --sampler grid --storage sqlite:///x.db", "learns nothing"),
        (f"{SEARCH} --dask local", "learns from each"),
        (f"{SEARCH} worker", "give --storage"),
        (f"{SEARCH} boss", "only `worker`"),
        (f"{WALK} --sampler nsga2", "freezes one set a window"),
        (f"{WALK} --balance BTC=1", "leave --balance out"),
    ],
)
def test_what_is_asked_wrongly_is_told(ask: Ask, line: str, said: str) -> None:
    answer = ask(line)
    assert answer.code == 2, answer.out + answer.err
    assert said in answer.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{SEARCH} --to 2024-01-15 {SMALL}", "days in 10 parts leave"),
        (f"{WALK} --train 95 --test 30", "fewer than a window of 95 + 30 needs"),
        (f"{WALK} {SMALL} --train 20 --test 10 --purge 30", "after purge"),
        (f"{SEARCH} --range fast=1000 --range slow=3000:5000:500 --sampler grid", "longest look-b"),
        (f"{SEARCH} --range fast=1000 --range slow=3000:5000:500 --sampler tpe", "longest look-b"),
    ],
)
def test_data_that_cannot_tell_are_told(ask: Ask, line: str, said: str) -> None:
    answer = ask(line)
    assert answer.code == 1, answer.out + answer.err
    assert said in answer.err


def test_a_few_good_days_promote_nothing(ask: Ask) -> None:
    told = found(ask, f"{WALK} {SMALL} --train 90 --test 5")
    assert told["verdict"] != "PROMOTE"
    assert isinstance(told["reasons"], list)
    assert {"days", "trades"} <= {
        each["figure"] for each in told["reasons"] if each["says"] == "HOLD"
    }


def test_a_grid_that_does_not_fit_says_how_many_do(ask: Ask) -> None:
    answer = ask(f"{SEARCH} --sampler grid --memory 1MB --range fast=1:100 --range slow=101:300")
    assert answer.code == 2
    assert "20,000 sets" in answer.err
    assert "--sampler random --trials" in answer.err


def test_what_cannot_be_judged_is_held_and_says_why(ask: Ask) -> None:
    told = found(ask, f"{SEARCH} {SMALL} --folds none --to 2024-01-25 --sampler grid")
    assert told["verdict"] == "HOLD"
    assert told["dsr"] is None
    assert isinstance(told["reasons"], list)
    assert "cannot be judged" in told["reasons"][0]["text"]


def test_a_strategy_that_looks_ahead_is_rejected(ask: Ask, room: Path) -> None:
    (room / "cheat.py").write_text(
        "from typing import Annotated\n"
        "import numpy as np\n"
        "from msgspec import Meta\n"
        "from thunes.core.strategy.protocol import Signals, SignalStrategy\n\n"
        "class Cheat(SignalStrategy, frozen=True):\n"
        "    ahead: Annotated[int, Meta(ge=1, le=9)] = 1\n"
        "    def signals(self, bars):\n"
        "        later = np.roll(bars.close, -self.ahead)\n"
        "        return Signals(enter=later > bars.close, exit=later < bars.close)\n"
    )
    line = "optimize --strategy cheat.py:Cheat --bars BTCUSDT_1h.parquet --range ahead=1:4"
    told = found(ask, f"{line} --sampler grid")
    assert told["verdict"] == "REJECT"
    assert isinstance(told["reasons"], list)
    assert told["reasons"][0]["figure"] == "gates"

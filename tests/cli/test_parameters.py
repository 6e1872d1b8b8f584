"""`thunes parameters`: kept, shown, given back to THUNES, compared, and watched for decay."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Ask
from thunes.adapters.storage.parameters import ParameterVersions
from thunes.config import load_config
from thunes.ops.daily_returns import day_text

VERSIONS = "artifacts/parameter_versions.jsonl"
BACKTEST = (
    "backtest --strategy sma_cross --param fast=10 --param slow=30 --bars BTCUSDT_1h.parquet "
    "--journal runs/best --json"
)
OPTIMIZE = {
    "best": {"score": 1.25, "sharpe": 1.8, "name": "x"},
    "parameters": {"fast": 10, "slow": 30},
    "trials": 25,
    "dsr": 0.81,
    "pbo": 0.22,
    "verdict": "HOLD",
    "reasons": [{"figure": "dsr", "text": "the deflated Sharpe ratio is 0.81"}, "and more"],
    "what_else": [1, 2],
}


def wrote_csv(path: Path, returns: np.ndarray, first: int = 20_000) -> None:
    rows = [f"{day_text(first + day)},{value!r}" for day, value in enumerate(returns.tolist())]
    path.write_text("\n".join(["date,return", *rows]) + "\n")


def past(annual: float, days: int, seed: int = 1) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal(days)
    return 0.02 * ((x - x.mean()) / x.std(ddof=1) + annual / np.sqrt(365))


def told(ask: Ask, line: str, code: int = 0) -> Any:
    answer = ask(line)
    assert answer.code == code, answer
    return json.loads(answer.out)


def test_a_search_and_its_backtest_are_kept_and_told(ask: Ask, room: Path) -> None:
    sharpe = told(ask, BACKTEST)["sharpe"]
    (room / "optimize.json").write_text(json.dumps(OPTIMIZE))
    answer = ask("parameters keep --result optimize.json --strategy sma_cross --backtest runs/best")
    assert answer.code == 0, answer
    assert f"kept: {VERSIONS}" in answer.out
    said = "snapshot 1 is not promoted: its verdict is HOLD: the deflated Sharpe ratio is 0.81"
    assert said in answer.err
    kept = told(ask, "parameters show --json")
    assert kept["number"] == 1
    assert kept["parameters"] == {"fast": "10", "slow": "30"}
    assert kept["in_sample"] == {"score": 1.25, "sharpe": 1.8, "dsr": 0.81, "pbo": 0.22}
    assert (kept["trials"], kept["verdict"], kept["promoted"]) == (25, "HOLD", False)
    assert kept["reasons"] == ["the deflated Sharpe ratio is 0.81", "and more"]
    assert kept["backtest_sharpe"] == pytest.approx(sharpe, abs=1e-4)
    assert kept["returns"]["days"] == len(kept["returns"]["daily"]) == 100
    assert len(kept["data_hash"]) == 64
    (row,) = told(ask, "parameters list --json")
    assert row["parameters"] == kept["parameters"]
    assert "sma_cross" in ask("parameters list").out
    assert "no snapshots of rsi" in ask("parameters list --strategy rsi").err


def test_chosen_parameters_are_given_back_as_flags_and_as_a_configuration(
    ask: Ask, room: Path
) -> None:
    (room / "mine.py").write_text(
        "from thunes.core.strategy.sma_cross import SmaCross\nclass Mine(SmaCross):\n    pass\n"
    )
    keep = "parameters keep --strategy mine.py:Mine --param fast=7 --name 'slow one'"
    assert ask(f"{keep} --verdict PROMOTE --out-of-sample sharpe=1.1").code == 0
    shown = ask("parameters show --flags")
    assert shown.err == ""
    assert shown.out.strip() == "--strategy mine.py:Mine --param fast=7 --param slow=30"
    assert ask(f"backtest {shown.out.strip()} --bars BTCUSDT_1h.parquet --json").code == 0
    (room / "thunes.toml").write_text(ask("parameters show 1 --toml").out)
    (plan,) = load_config(room / "thunes.toml").strategy
    assert (plan.source, plan.name) == ("mine.py:Mine", "slow one")
    assert plan.parameters == {"fast": "7", "slow": "30"}
    kept = told(ask, "parameters show --json")
    assert len(kept["strategy_hash"]) == 64
    assert kept["out_of_sample"] == {"sharpe": 1.1}


def test_the_commit_of_the_working_directory_is_kept(ask: Ask, room: Path) -> None:
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@y.z")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*git, *words], cwd=room, check=True)
    head = subprocess.check_output([*git, "rev-parse", "HEAD"], cwd=room, text=True)
    sha = told(ask, "parameters keep --strategy rsi --json")["git_sha"]
    assert sha == head.strip()
    (room / "BTCUSDT_1h.parquet").write_bytes(b"other")
    assert told(ask, "parameters keep --strategy rsi --json")["git_sha"] == f"{sha}+changed"


def test_two_snapshots_side_by_side(ask: Ask) -> None:
    for fast in (5, 10):
        keep = f"parameters keep --strategy sma_cross --param fast={fast} --trials {fast}"
        assert ask(keep).code == 0
    found = told(ask, "parameters compare 1 2 --json")
    assert found["differs"]["parameters"] == {"fast": ["5", "10"]}
    assert found["differs"]["trials"] == [5, 10]
    assert "notes" not in found["differs"]
    text = ask("parameters compare 1 2").out
    (line,) = [each for each in text.splitlines() if "parameter fast" in each]
    assert "differs" in line
    (line,) = [each for each in text.splitlines() if "parameter slow" in each]
    assert "differs" not in line


def test_a_decayed_strategy_ends_with_one_and_a_healthy_one_with_zero(ask: Ask, room: Path) -> None:
    wrote_csv(room / "past.csv", past(3.0, 400))
    wrote_csv(room / "good.csv", past(6.0, 60, seed=3), first=20_400)
    wrote_csv(room / "bad.csv", past(-8.0, 200, seed=4), first=20_400)
    assert ask("parameters keep --strategy sma_cross --returns past.csv").code == 0
    good = told(ask, "parameters decay good.csv --by cusum --json")
    assert good["cusum"]["alarm"] is False
    assert good["cusum"]["days_between_false_alarms"] == pytest.approx(730, rel=0.02)
    assert 0 < good["cusum"]["days_to_detect"] < 365
    bad = told(ask, "parameters decay bad.csv --json", code=1)
    assert bad["cusum"]["alarm"]
    assert bad["cusum"]["level"] > bad["cusum"]["threshold"]
    assert bad["snapshot"] == 1
    assert "44.5%" in bad["notes"][-1]
    text = ask("parameters decay bad.csv --by cusum")
    assert text.code == 1
    assert f"ALARM since {bad['cusum']['since']}" in text.out
    assert "730 days" in text.out.replace("731", "730")
    often = told(ask, "parameters decay good.csv --by cusum --days-between 60 --json")
    assert often["cusum"]["threshold"] < good["cusum"]["threshold"]


def test_whose_alarm_counts(ask: Ask, room: Path) -> None:
    """Three bad weeks by the rule of weeks, too few to show anything by the CUSUM."""
    wrote_csv(room / "past.csv", past(1.0, 400))
    wrote_csv(room / "weeks.csv", np.tile(past(-3.0, 7), 2), first=20_400)
    assert ask("parameters keep --strategy sma_cross --returns past.csv").code == 0
    for by, code in (("any", 1), ("week", 1), ("cusum", 0)):
        found = told(ask, f"parameters decay weeks.csv --by {by} --json", code)
        assert found["week"]["critical"]
        assert found["week"]["healthy_share"] > 0.25
    assert "CRITICAL" in ask("parameters decay weeks.csv").out


def test_days_that_the_snapshot_was_made_from_are_not_judged(ask: Ask, room: Path) -> None:
    assert ask(BACKTEST).code == 0
    assert ask("parameters keep --backtest runs/best").code == 0
    answer = ask("parameters decay runs/best")
    assert answer.code == 2
    assert "no whole day to judge (100 days in all)" in answer.err
    whole = told(ask, "parameters decay runs/best --from 2024-01-01 --by cusum --json")
    assert whole["days"] == 100
    wrote_csv(room / "more.csv", past(2.0, 120), first=19_723)  # 2024-01-01
    found = told(ask, "parameters decay more.csv --by cusum --json")
    assert (found["days"], found["first"]) == (20, "2024-04-10")
    assert found["notes"][0] == "100 days that the snapshot was made from: left out"


def test_an_account_is_judged_by_its_journal(ask: Ask, room: Path) -> None:
    live = "rodage --hours 25 --symbol BTCUSDT --synthetic --seed 5 --state var --json"
    assert ask(f"{live} --strategy sma_cross --param fast=3 --param slow=8").code in (0, 1)
    wrote_csv(room / "past.csv", past(3.0, 400), first=19_000)
    keep = "parameters keep --strategy sma_cross --param fast=5 --param slow=8 --returns past.csv"
    assert told(ask, f"{keep} --state var --json")["sharpe_7d"] is None, "a day is no week"
    found = told(ask, "parameters decay var --json")
    assert (found["days"], found["missing"]) == (1, 0)
    assert found["notes"][0] == "fast = 3 where it trades, and 5 in the snapshot"
    answer = ask("parameters keep --strategy rsi --state var")
    assert (answer.code, "rsi does not trade there, but sma_cross" in answer.err) == (2, True)
    answer = ask("parameters keep --backtest var/journal")
    assert (answer.code, "journal of an account" in answer.err) == (2, True)


def test_damaged_lines_are_told_and_left_out(ask: Ask, room: Path) -> None:
    for _ in range(3):
        assert ask("parameters keep --strategy rsi").code == 0
    file = room / VERSIONS
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1].replace(b"rsi", b"sri") + lines[2])
    answer = ask("parameters list --json")
    assert [each["number"] for each in json.loads(answer.out)] == [3, 1]
    assert f"{VERSIONS}, line 2 is left out: its checksum does not fit" in answer.err
    assert "line 2 is left out" in ask("parameters show 3").err
    assert len(ParameterVersions(file).load_history().damaged) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("keep", "say which strategy"),
        ("keep --strategy nothing", "no strategy 'nothing'"),
        ("keep --strategy sma_cross --param fast=0", "fast = '0' is not int >= 1"),
        ("keep --strategy sma_cross --param quick=3", "no parameter 'quick'"),
        ("keep --strategy rsi --verdict GOOD", "--verdict 'GOOD' is none of PROMOTE, HOLD"),
        ("keep --strategy rsi --in-sample sharpe=high", "--in-sample sharpe: 'high' is not a"),
        ("keep --strategy rsi --result nowhere.json", "--result nowhere.json cannot be read"),
        ("keep --strategy rsi --returns nowhere.csv", "nowhere.csv cannot be read"),
        ("keep --strategy rsi --backtest nowhere", "the journal nowhere cannot be read"),
        ("keep --backtest .", "holds no journal"),
        ("show", "holds no snapshot: `thunes parameters keep` adds one"),
        ("show 7 --flags --toml", "three forms: give one of them"),
        ("compare 1 2", "holds no snapshot"),
        ("decay nowhere", "neither a directory with a journal nor a CSV"),
        ("decay .", "holds no journal"),
    ],
)
def test_asked_wrongly(line: str, said: str, ask: Ask, room: Path) -> None:
    answer = ask(f"parameters {line}")
    assert answer.code in (1, 2)
    assert answer.out == ""
    assert said in answer.err
    assert not (room / VERSIONS).exists()


def test_a_backtest_of_other_parameters_is_not_the_evidence(ask: Ask, room: Path) -> None:
    assert ask(BACKTEST).code == 0
    wrong = {**OPTIMIZE, "parameters": {"fast": 12, "slow": 30}}
    (room / "optimize.json").write_text(json.dumps(wrong))
    answer = ask("parameters keep --result optimize.json --backtest runs/best")
    assert answer.code == 2
    assert "ran with fast = 10, and not with 12" in answer.err
    answer = ask("parameters keep --backtest runs/best --returns gap.csv")
    assert (answer.code, "both tell daily returns: give one" in answer.err) == (2, True)
    answer = ask("parameters keep --strategy rsi --backtest runs/best")
    assert (answer.code, "ran sma_cross, and not rsi" in answer.err) == (2, True)
    (room / "optimize.json").write_text('{"trials": "many"}')
    answer = ask("parameters keep --result optimize.json --strategy rsi")
    assert (answer.code, "optimize.json is not what optimize" in answer.err) == (1, True)


def test_what_a_search_did_not_search_is_said(ask: Ask, room: Path) -> None:
    search = "optimize --strategy sma_cross --param slow=60 --range fast=5:10:1 --trials 6 --json"
    found = json.loads(ask(f"{search} --bars BTCUSDT_1h.parquet").out)
    less = {**found, "parameters": {"fast": found["parameters"]["fast"]}}
    (room / "found.json").write_text(json.dumps(less))
    answer = ask("parameters keep --result found.json")
    assert answer.code == 2
    assert "the search does not tell slow, which it did not search: say --param slow" in answer.err
    (room / "found.json").write_text(json.dumps(found))
    kept = told(ask, "parameters keep --result found.json --json")
    assert kept["parameters"].keys() == {"fast", "slow"}
    assert kept["parameters"]["slow"] == "60"
    assert kept["data_hash"] == found["data"] != ""
    assert kept["parameters"]["fast"] == found["parameters"]["fast"]
    assert (kept["trials"], kept["verdict"]) == (6, found["verdict"])
    assert kept["in_sample"]["dsr"] == found["dsr"]
    assert kept["in_sample"]["sharpe"] == found["chosen"]["sharpe"]
    assert "number" not in kept["in_sample"]
    assert kept["reasons"][0] == found["reasons"][0]["text"]


def test_a_search_and_a_walk_are_kept_together_with_the_graver_verdict(
    ask: Ask, room: Path
) -> None:
    walk = {
        "study": "w",
        "strategy": "sma_cross",
        "parameters": {"fast": "5", "slow": "30"},
        "windows": [{}],
        "sharpe": 0.7,
        "positive": 0.5,
        "dsr": None,
        "verdict": "REJECT",
        "reasons": [{"text": "it earned on no test"}],
    }
    (room / "walk.json").write_text(json.dumps(walk))
    (room / "found.json").write_text(json.dumps({**OPTIMIZE, "verdict": "PROMOTE", "study": "s"}))
    kept = told(ask, "parameters keep --result found.json --result walk.json --json")
    assert kept["verdict"] == "REJECT"
    assert kept["out_of_sample"] == {"sharpe": 0.7, "positive": 0.5}
    assert kept["parameters"]["fast"] == "10", "what the search chose"
    assert kept["reasons"][-1] == "it earned on no test"
    assert kept["backtest_sharpe"] is None


def test_a_gap_in_the_returns_is_told(ask: Ask, room: Path) -> None:
    (room / "gap.csv").write_text("date,return\n2026-11-01,0.1\n2026-11-03,0.1\n")
    answer = ask("parameters keep --strategy rsi --returns gap.csv")
    assert answer.code == 1
    assert "no return for 2026-11-02, between 2026-11-01 and 2026-11-03" in answer.err

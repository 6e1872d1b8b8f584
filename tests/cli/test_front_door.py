"""The command line as the issue writes it, read back by a program."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.conftest import Ask
from thunes.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
LONG = (
    "backtest --strategy sma_cross --param fast=10 --param slow=30 --symbol BTCUSDT "
    "--timeframe 1h --bars BTCUSDT_1h.parquet --from 2024-01-01 --to 2024-03-01T00:00:00Z "
    "--cash 10000 --fee-bps 10 --fee-asset quote --slippage-bps 5 --tick 0.01 --step 0.00001 "
    "--min-notional 5 --sizing all_cash --stop 2% --take-profit 4% --json --trades OUT.csv "
    "--journal DIR --report OUT.html"
)
KEYS = (
    "bars trades wins initial_equity final_equity total_return cagr sharpe sortino max_drawdown "
    "fees exposure buy_and_hold_return ambiguous_bars warnings outcome_hash"
)
COLUMNS = [
    "symbol",
    "side",
    "entry_time",
    "entry_price",
    "quantity",
    "exit_time",
    "exit_price",
    "fees",
    "pnl",
    "exit_reason",
]


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_flag_of_the_issue_and_what_comes_of_it(ask: Ask, room: Path) -> None:
    answer = ask(LONG)
    assert answer.code == 0, answer
    assert answer.err == ""
    told = strict(answer.out)
    assert set(KEYS.split()) <= set(told)
    assert told["bars"] == 60 * 24
    assert "wide open" in told["settings"]["limits"]
    with (room / "OUT.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [*rows[0]][: len(COLUMNS)] == COLUMNS
    assert len(rows) == told["trades"] + told["open_positions"]
    assert all(re.fullmatch(r"2024-\d\d-\d\dT[\d:]+Z", row["entry_time"]) for row in rows)
    page = (room / "OUT.html").read_text("utf-8")
    assert "</html>" in page
    assert ask("audit verify DIR").code == 0
    assert "every outcome is the same" in ask("audit replay DIR").out
    assert ask("audit export DIR trades again.csv").code == 0
    assert len((room / "again.csv").read_text().splitlines()) == told["trades"] + 1
    assert "trade closed" in ask("audit show DIR --kind trades --last 3").out
    assert "nothing in it" in ask("audit show DIR --symbol NONE").err


@pytest.mark.parametrize(
    "flags",
    [
        "--sizing fixed:100",
        "--sizing equity:10%",
        "--sizing risk:1% --stop 2%",
        "--sizing quantity:0.01",
        "--sizing volatility:40%",
        "--fee-asset received",
        "--fee-asset bnb",
        "--stop 2% --take-profit 1%:0.4,2%:0.4 --trail 1.5% --trail-after 1 --break-even-after 1",
        "--latency-ms 500 --participation 2%",
        "--entry-cap 0.5% --stop 2% --take-profit 4% --fee-asset received",
        "--entry-cap 0.5% --strategy dca --param dca.stop=0.06 --stop 3%",
        "--timeframe 4h",
        "--cash 1e18 --step 1e-18 --tick 1e-18",
        "--strategy dca",
        "--strategy dca --param dca.base=50 --param sma_cross.fast=5",
        "--from 2024-04-09T22:00 --min-notional 0",
        "--to 2024-01-01T01:00",
    ],
)
def test_other_forms_run(flags: str, ask: Ask) -> None:
    answer = ask(f"backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --json {flags}")
    assert answer.code == 0, answer
    strict(answer.out)


def test_an_entry_cap_comes_from_the_flag_or_from_the_file(ask: Ask, room: Path) -> None:
    """And is told of; a cap of next to nothing lets few entries fill."""
    (room / "thunes.toml").write_text('[entries]\ncap = "0.01%"', encoding="utf-8")
    line = "backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --stop 2% --json"
    told = {
        words: strict(ask(f"{line} {words}").out)
        for words in ("", "--entry-cap 0.01%", "--entry-cap 5%", "--config thunes.toml")
    }
    trades = {words: each["trades"] for words, each in told.items()}
    assert trades["--entry-cap 0.01%"] < trades[""] == trades["--entry-cap 5%"]
    assert "at most 0.01% above that close" in str(told["--config thunes.toml"])


def test_two_symbols_on_one_account(ask: Ask) -> None:
    files = "--bars BTCUSDT=BTCUSDT_1h.parquet --bars ETHUSDT=BTCUSDT_1h.parquet"
    told = strict(ask(f"backtest --strategy sma_cross {files} --sizing equity:40% --json").out)
    assert told["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert told["bars"] == 4800


def test_two_strategies_on_one_account_are_told_apart(ask: Ask, room: Path) -> None:
    line = "backtest --strategy sma_cross --strategy dca --bars BTCUSDT_1h.parquet"
    line += " --param sma_cross.fast=5 --param dca.base=50 --sizing fixed:500"
    answer = ask(f"{line} --trades t.csv --json")
    told = strict(answer.out)
    assert told["strategy"] == {
        "name": "sma_cross, dca",
        "parameters": {"sma_cross.fast": "5", "dca.base": "50"},
    }
    with (room / "t.csv").open(newline="") as file:
        assert {row["strategy"] for row in csv.DictReader(file)} == {"sma_cross", "dca"}


def test_the_strategy_of_the_readme_runs_as_printed(ask: Ask, room: Path) -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    (text,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (room / "above_average.py").write_text(text, encoding="utf-8")
    (line,) = re.findall(r"thunes (backtest --strategy above_average.*?)^```", page, re.M | re.S)
    answer = ask(line.replace("\\\n", " "))
    assert answer.code == 0, answer
    assert "looks ahead" not in answer.out
    assert "length" in ask("strategies above_average.py:AboveAverage").out


def test_strategies_lists_all_and_as_json(ask: Ask) -> None:
    names = ["sma_cross", "rsi", "donchian", "dca", "grid"]
    assert [each["name"] for each in strict(ask("strategies --json").out)] == names
    told = ask("strategies").out
    assert all(name in told for name in names)


def verbs() -> list[str]:
    tree: Any = typer.main.get_command(app)
    found = []
    for name, command in tree.commands.items():
        inner = getattr(command, "commands", {})
        found += [f"{name} {verb}" for verb in inner] if inner else [name]
    return found


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help_with_an_example(verb: str, ask: Ask) -> None:
    answer = ask(f"{verb} --help")
    assert answer.code == 0
    assert "Example: thunes " in answer.out


def test_an_imported_series_is_found_by_its_place(ask: Ask) -> None:
    assert ask("data import BTCUSDT_1h.parquet --catalog cat").code == 0
    answer = ask("backtest --strategy rsi --bars cat/binance/BTCUSDT/1h.parquet --json")
    assert strict(answer.out)["symbols"] == ["BTCUSDT"]


def test_the_program_itself_exits_as_told(room: Path) -> None:
    for line, code in (
        ("--version", 0),
        ("backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --cash x", 2),
        ("backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --from 2030-01-01", 1),
    ):
        done = subprocess.run(
            [sys.executable, "-c", "from thunes.cli.main import main; main()", *line.split()],
            cwd=room,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr


@pytest.mark.real_data
def test_every_recorded_defect_is_refused_or_taken_as_check_says(ask: Ask, real_data: Path) -> None:
    folder = real_data / "defects"
    files = [*sorted(folder.glob("*.parquet")), *sorted((folder / "raw").iterdir())]
    assert len(files) == 23
    for path in files:
        usable = ask(f"data check {path}").code == 0
        answer = ask(f"backtest --strategy sma_cross --bars XYZUSDT={path} --tick 1e-8 --json")
        assert answer.code == (0 if usable else 1), (path, answer)
        if usable:
            strict(answer.out)
        else:
            assert answer.err.startswith(f"error: {path}: "), answer.err
            assert answer.err.count("\n") == 1


@pytest.mark.real_data
def test_a_real_exchange_info_gives_the_filters(ask: Ask, real_data: Path) -> None:
    info = real_data / "payloads/binance_spot_exchangeInfo_2024-09.json.gz"
    line = f"backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --exchange-info {info} --json"
    assert strict(ask(line).out)["settings"]["filters"].startswith("tick 0.01, step 0.00001")
    other = line.replace("--bars ", "--bars NOSUCHUSDT=")
    assert "does not list NOSUCHUSDT" in ask(other).err

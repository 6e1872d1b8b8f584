"""`thunes data` as a user meets it: what is printed, what is written, which exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.data.made import csv_lines, picked, saved, sound_bars, with_value, write_csv, write_zip
from thunes.adapters.storage.bars.check import read_bars
from thunes.cli.data import app
from thunes.core.domain.errors import ThunesError

BARS = sound_bars()


def ask(*arguments: object) -> tuple[int, str]:
    """Exit code and everything printed, a ThunesError turned into both as the front door does."""
    result = CliRunner().invoke(app, [str(k) for k in arguments])
    if isinstance(result.exception, ThunesError):
        return result.exception.exit_code, f"{result.output}error: {result.exception}\n"
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def answered(*arguments: object) -> Any:
    code, text = ask(*arguments, "--json")
    assert code == 0, text
    return json.loads(text)


def test_help_has_an_example_for_each_verb() -> None:
    for verb in ("check", "import", "list", "synth"):
        code, text = ask(verb, "--help")
        assert code == 0
        assert f"Example: thunes data {verb}" in text


def test_check_of_a_sound_and_a_bad_file(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.parquet", BARS)
    bad = saved(tmp_path / "bad.parquet", with_value(BARS, "high", 7, 90.0))
    code, text = ask("check", good)
    assert code == 0
    assert f"{good}: usable\n  60 bars of 1m, 2024-01-01T00:00:00Z to 2024-01-01T00:59:00Z" in text
    assert "--against FILE" in text
    code, text = ask("check", good, bad)
    assert code == 1
    assert f"{bad}: usable after import" in text
    assert "  quarantine: OHLC violation (row 8, 2024-01-01T00:07:00Z): high 90.0 is below" in text


def test_check_as_json(tmp_path: Path) -> None:
    bad = write_csv(tmp_path / "x.csv", csv_lines(with_value(BARS, "volume", 3, -2.0)))
    code, text = ask("check", bad, "--json")
    assert code == 1
    report = json.loads(text)[0]
    assert report["verdict"] == "usable after import"
    assert (report["rows"], report["rows_left_out"], report["timeframe"]) == (60, 1, "1m")
    assert report["findings"][0] == {
        "kind": "negative volume",
        "severity": "quarantine",
        "row": 4,
        "time": "2024-01-01T00:03:00Z",
        "count": 1,
        "text": "volume is -2.0",
    }
    empty = tmp_path / "empty.csv"
    empty.touch()
    code, text = ask("check", empty, "--json")
    assert (code, json.loads(text)[0]["verdict"]) == (1, "unusable")


def test_check_against(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.parquet", BARS)
    code, text = ask("check", good, "--against", good)
    assert code == 0
    assert "note: agrees with the other source: 60 common closes" in text
    assert "--against" not in text


def test_import_twice_list_and_read(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    first = write_zip(tmp_path / "BTCUSDT-1m-2024-01.zip", csv_lines(picked(BARS, range(40))))
    second = write_zip(tmp_path / "BTCUSDT-1m-2024-02.zip", csv_lines(picked(BARS, range(40, 60))))
    done = answered("import", first, second, "--catalog", root)
    assert (done["symbol"], done["timeframe"], done["rows"]) == ("BTCUSDT", "1m", 60)
    assert answered("import", first, "--catalog", root)["new_rows"] == 0
    listed = answered("list", "--catalog", root)
    assert listed == [
        {
            "venue": "binance",
            "symbol": "BTCUSDT",
            "timeframe": "1m",
            "rows": 60,
            "first": "2024-01-01T00:00:00Z",
            "last": "2024-01-01T00:59:00Z",
            "gaps": 0,
            "bars_missing": 0,
            "file": str(root / "binance/BTCUSDT/1m.parquet"),
        }
    ]
    assert len(read_bars(Path(listed[0]["file"]))) == 60
    code, text = ask("list", "--catalog", root)
    assert code == 0
    assert text.splitlines()[1].split()[:4] == ["binance", "BTCUSDT", "1m", "60"]


def test_import_says_what_it_put_aside(tmp_path: Path) -> None:
    bad = saved(tmp_path / "X_1m.parquet", with_value(BARS, "high", 7, 90.0))
    code, text = ask("import", bad, "--catalog", tmp_path / "c", "--symbol", "币安人生USDT")
    assert code == 0
    assert "1m.parquet: 59 bars, 59 of them new" in text
    assert "1m-X_1m.parquet.csv: rows left out, with reasons (1 in all)" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "{good}", "--catalog", "{root}"], 2, "say --symbol"),
        (
            ["import", "{good}", "--catalog", "{root}", "--symbol", "../x"],
            2,
            "cannot name a folder",
        ),
        (["import", "{good}", "--catalog", "{root}", "--symbol", "X", "--venue", ".."], 2, "venue"),
        (["import", "{none}", "--catalog", "{root}", "--symbol", "X"], 1, "cannot be opened"),
        (["import", "{empty}", "--catalog", "{root}", "--symbol", "X"], 1, "empty file"),
        (["import", "{good}", "--catalog", "{good}/c", "--symbol", "X"], 1, "Not a directory"),
        (["check", "{none}"], 1, "cannot be opened"),
        (["check", "{good}", "--timeframe", "1 hour"], 2, "timeframe '1 hour'"),
        (["check", "{good}", "--columns", "a,b"], 2, "must name each of"),
        (["check", "{good}", "--against", "{empty}"], 1, "cannot compare with"),
        (["list", "--catalog", "{root}"], 2, "no catalog at"),
        (["synth", "{good}"], 2, "--force"),
        (["synth", "{root}.csv"], 2, "should end in .parquet"),
        (["synth", "{root}.parquet", "--tick", "small"], 2, "--tick 'small' is not a number"),
        (["synth", "{root}.parquet", "--bars", "0"], 2, "bars = 0"),
        (["synth", "{root}.parquet", "--start", "yesterday"], 2, "not an ISO 8601 time"),
        (["synth", "{good}/x.parquet"], 1, "good.parquet is not a directory"),
        (["check"], 2, ""),
    ],
)
def test_wrong_use_is_one_clear_message(
    arguments: list[str], code: int, words: str, tmp_path: Path
) -> None:
    places = {k: tmp_path / k for k in ("none", "empty", "root")}
    places["good"] = tmp_path / "good.parquet"
    saved(places["good"], BARS)
    places["empty"].touch()
    assert ask(*(k.format(**places) for k in arguments))[0] == code
    assert words in ask(*(k.format(**places) for k in arguments))[1]
    assert not places["root"].exists()
    assert not list(tmp_path.glob("*unfinished*"))


def test_synth_writes_the_same_file_for_the_same_seed(tmp_path: Path) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    done = answered("synth", one, "--seed", 7, "--bars", 300, "--timeframe", "15m", "--tick", "0.5")
    assert (done["rows"], done["first"]) == (300, "2024-01-01T00:00:00Z")
    code, text = ask(
        "synth", two, "--seed", 7, "--bars", 300, "--timeframe", "15m", "--tick", "0.5"
    )
    assert code == 0
    assert "300 bars, 2024-01-01T00:00:00Z to 2024-01-04T02:45:00Z" in text
    assert one.read_bytes() == two.read_bytes()
    assert ask("synth", one, "--force")[0] == 0
    assert len(read_bars(one)) == 2_400
    assert ask("check", one)[0] == 0


def test_the_command_itself_loads_nothing_heavy() -> None:
    code = (
        "import sys, thunes.cli.data\n"
        "print([k for k in ('duckdb', 'numba', 'pyarrow', 'pandas') if k in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

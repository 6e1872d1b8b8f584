"""`thunes audit` as a person and a program use it: words, JSON and exit codes."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.ops.stories import HEADER, REST, STORY, Parrot, record
from thunes.cli.audit import app
from thunes.core.domain.line import Outcome


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return record(tmp_path / "journal", STORY + REST)


def damage(journal: Path) -> None:
    path = journal / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"enough", b"plenty"))


def test_verify(journal: Path) -> None:
    whole = run("verify", journal)
    assert (whole.exit_code, "11 lines, whole" in whole.output) == (0, True)
    assert json.loads(run("verify", journal, "--json").output)["problems"] == []
    damage(journal)
    found = run("verify", journal)
    assert found.exit_code == 1
    assert found.output.startswith("changed: 000001.jsonl, line 10 (sequence 9, byte ")
    told = json.loads(run("verify", journal, "--json").output)
    assert (told["ok"], told["problems"][0]["sequence"]) == (False, 9)
    assert told["problems"][0]["damage"] == "changed"


def test_show(journal: Path) -> None:
    said = run("show", journal, "--kind", "decisions", "--symbol", "BTCUSDT", "--last", "1")
    assert said.output.startswith("2024-01-03T11:00:00Z  protect BTCUSDT by sma_cross approved")
    span = run("show", journal, "--from", "2024-01-03T14:00", "--to", "2024-01-03T15:00", "--json")
    entries = [json.loads(line) for line in span.output.splitlines()]
    assert entries[0] == {
        "sequence": 6,
        "time": "2024-01-03T14:00:00Z",
        "kind": "other",
        "symbol": "",
        "text": "timer cool_down fired",
    }
    assert len(entries) == 3


def test_export(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "fills.csv"
    assert run("export", journal, "fills", target).output == f"{target}: 2 fills\n"
    told = json.loads(run("export", journal, "fills", target, "--json").output)
    assert told == {"table": "fills", "file": str(target), "rows": 2}


def test_wrong_use_is_exit_code_2(journal: Path, tmp_path: Path) -> None:
    assert run("show", journal, "--kind", "gossip").exit_code == 2
    assert run("show", journal, "--last", "0").exit_code == 2
    assert run("export", journal, "gossip", tmp_path / "x.csv").exit_code == 2
    assert run("verify").exit_code == 2


@pytest.mark.parametrize("verb", ["verify", "show", "replay", "export"])
def test_help_has_an_example(verb: str) -> None:
    assert f"thunes audit {verb} runs/demo" in run(verb, "--help").output


def test_replay(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bytes, Path]] = []
    instead: dict[int, Outcome] = {}

    def engine_from_header(header: bytes, directory: Path) -> Parrot:
        asked.append((header, directory))
        return Parrot(STORY + REST, instead)

    compose = ModuleType("thunes.compose")
    compose.engine_from_header = engine_from_header  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "thunes.compose", compose)
    same = run("replay", journal)
    assert (same.exit_code, "9 steps replayed" in same.output) == (0, True)
    assert asked == [(HEADER, journal)]
    instead[2] = Outcome()
    other = run("replay", journal)
    assert other.exit_code == 1
    assert "recorded: entry BTCUSDT by sma_cross refused by order_size" in other.output
    assert "replayed: (nothing)" in other.output
    told = json.loads(run("replay", journal, "--json").output)
    assert (told["equal"], told["steps"], told["difference"]["sequence"]) == (False, 1, 2)

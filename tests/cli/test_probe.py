"""`thunes probe` against the sandbox: what holds, what does not, and what nobody has tried."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.binance.arena import Arena
from thunes.cli import main as _registered  # noqa: F401
from thunes.cli.verbs import app
from thunes.core.domain.errors import ThunesError


@pytest.fixture
def arena(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    with Arena() as arena:
        monkeypatch.setenv("BINANCE_API_KEY", arena.venue.key.name)
        monkeypatch.setenv("BINANCE_API_SECRET", arena.venue.secret)
        monkeypatch.setattr("thunes.cli.probe.time", SimpleNamespace(time_ns=arena.now))
        yield arena


def probed(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["probe", *map(str, arguments)])
    if isinstance(result.exception, ThunesError):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, result.output


def verdicts(text: str) -> dict[str, Any]:
    return {line["name"]: line["verdict"] for line in json.loads(text)}


def test_what_is_tried_holds_and_is_recorded_with_its_date(arena: Arena, tmp_path: Path) -> None:
    record = tmp_path / "probes.jsonl"
    code, text = probed("--base-url", arena.url, "--record", record, "--json")
    assert code == 0, text
    found = verdicts(text)
    assert list(found.values()).count("holds") == 10
    assert found["maintenance"] == "assumed"
    assert not arena.do(lambda: dict(arena.venue.holder.standing)), "no order stays open"
    probed("--base-url", arena.url, "--record", record)
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert len(lines) == 2 * len(found)
    assert all(line["at"].startswith("20") and line["venue"] == arena.url for line in lines)


def test_what_does_not_hold_is_told_with_what_was_seen(arena: Arena, tmp_path: Path) -> None:
    arena.fault("error_before", on="GET /api/v3/order", value=-2013)
    code, text = probed("--base-url", arena.url, "--record", tmp_path / "x")
    assert code == 1
    assert "fails    order_at_once" in text
    assert "(-2013 Order does not exist.)" in text


@pytest.mark.parametrize("fault", ["clock_skew", "answer_page"])
def test_a_venue_that_gives_no_answer_proves_nothing(
    arena: Arena, tmp_path: Path, fault: str
) -> None:
    arena.fault(fault, on="POST *")
    code, text = probed("--base-url", arena.url, "--record", tmp_path / "x")
    assert code == 1
    assert "nothing can be tried now" in text
    assert not (tmp_path / "x").exists()
    assert not arena.do(lambda: dict(arena.venue.holder.standing))


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--base-url", "live"), 2, "never live"),
        (("--base-url", "http://example.org"), 2, "is no place to trade at"),
        (("--symbol", "NOPE"), 1, "tells nothing of NOPE: -1121"),
    ],
)
def test_what_is_asked_wrongly(
    arena: Arena, tmp_path: Path, more: tuple[str, ...], code: int, said: str
) -> None:
    found, text = probed("--base-url", arena.url, "--record", tmp_path / "x", *more)
    assert (found, said in text) == (code, True), text


def test_without_a_key_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINANCE_API_KEY", raising=False)
    code, text = probed("--base-url", "testnet")
    assert code == 2
    assert "BINANCE_TESTNET_API_KEY" in text
    assert "BINANCE_API_KEY" in text


def test_the_key_of_the_place_comes_first(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.env` of the current directory is read as well."""
    monkeypatch.chdir(tmp_path)
    key, secret = arena.venue.key.name, arena.venue.secret
    monkeypatch.setenv("BINANCE_API_KEY", "x" * 64)
    (tmp_path / ".env").write_text(f"SANDBOX_API_KEY={key}\nSANDBOX_API_SECRET={secret}\n")
    code, text = probed("--base-url", arena.url, "--record", tmp_path / "x")
    assert (code, "chmod 600" in text) == (2, True), text
    (tmp_path / ".env").chmod(0o600)
    code, text = probed("--base-url", arena.url, "--record", tmp_path / "x")
    assert code == 0, text


@pytest.mark.parametrize(("name", "value"), [("KEY", "x" * 64), ("SECRET", "wrong")])
def test_a_key_that_is_refused_proves_nothing(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BINANCE_API_{name}", value)
    code, text = probed("--base-url", arena.url, "--record", tmp_path / "x")
    assert code == 1
    assert "this key can try nothing here: -" in text
    assert not (tmp_path / "x").exists()

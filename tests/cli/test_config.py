"""`thunes config`: relations with counter-examples, and where each value came from."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.house.reading import ROOT
from thunes.config.names import NAMES, SECRETS


def test_the_defaults_hold(ask: Ask) -> None:
    ask("init --defaults")
    answer = ask("config check")
    assert answer.code == 0
    assert "BROKEN" not in answer.out
    assert "holds   stop x order size <= loss_per_trade" in answer.out


def test_a_counter_example_is_told_with_its_numbers(ask: Ask, room: Path) -> None:
    (room / "thunes.toml").write_text("[limits]\norder_size = 2_200\nmin_notional = 150")
    answer = ask("config check")
    assert answer.code == 1
    lines = answer.out.splitlines()
    broken = [line for line in lines if line.startswith("BROKEN")]
    assert broken == [
        "BROKEN  min_notional <= the configured order size",
        "BROKEN  order_size <= symbol_exposure x equity",
    ]
    said = (
        "order_size = 2200 must not be above symbol_exposure x equity = 2125 at an equity of 8500"
    )
    assert f"        {said}" in lines
    told = json.loads(ask("config check --json").out)
    rows = {row["name"]: row for row in told["relations"]}
    assert rows["order_size <= symbol_exposure x equity"]["counter_example"] == said
    assert rows["daily_loss with mode live < live_daily_loss_max"]["holds"] is None


def test_faults_of_the_file_are_told_instead(ask: Ask, room: Path) -> None:
    (room / "thunes.toml").write_text("[limits]\nx = 1\n[run]\nmode = 'y'")
    answer = ask("config check")
    assert (answer.code, answer.out) == (2, "")
    assert "limits.x: there is no such name" in answer.err
    assert "run.mode: Input should be" in answer.err


def test_an_older_form_is_noted(ask: Ask, room: Path) -> None:
    (room / "thunes.toml").write_text("[run.liquidity_tiers]\na = ['BTCUSDT']")
    answer = ask("config check")
    assert answer.code == 0
    assert "note: run.liquidity_tiers is an older form" in answer.err


def test_where_values_come_from(ask: Ask, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (room / "thunes.toml").write_text("[limits]\norder_size = 900")
    (room / ".env").write_text("MAX_POSITIONS=2\nBINANCE_API_KEY=canary\n")
    (room / ".env").chmod(0o600)
    monkeypatch.setenv("MAX_DAILY_LOSS", "77")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:" + "canary@h/d")
    answer = ask("config show --json")
    told = json.loads(answer.out)
    found = {name: (each["value"], each["source"]) for name, each in told["settings"].items()}
    assert found["limits.daily_loss"] == ("77", "MAX_DAILY_LOSS in environment")
    assert found["limits.max_positions"] == (2, "MAX_POSITIONS in .env")
    assert found["limits.order_size"] == ("900", "thunes.toml")
    assert found["limits.loss_per_trade"] == ("20", "default")
    assert found["storage.url"] == ("set", "DATABASE_URL in environment")
    assert told["secrets"]["BINANCE_API_KEY"] == {"set": True, "source": ".env"}
    assert told["secrets"]["BINANCE_API_SECRET"] == {"set": False, "source": ""}
    text = ask("config show").out
    assert " 77  (MAX_DAILY_LOSS in environment)" in text
    assert "canary" not in answer.out + text


def test_no_file(ask: Ask) -> None:
    for verb in ("check", "show"):
        answer = ask(f"config {verb}")
        assert (answer.code, "`thunes init` writes one" in answer.err) == (2, True)


def test_f046_the_template_names_every_variable() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    named = [line.removeprefix("# ").split("=")[0] for line in lines if "=" in line]
    assert named == [*SECRETS, *NAMES]
    assert all(line.startswith("#") or not line for line in lines), "it sets nothing"

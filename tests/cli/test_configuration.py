"""`thunes.toml`: what init writes is what runs; every fault is told, with its place."""

from pathlib import Path

import pytest

from tests.cli.conftest import Ask

RUN = "backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --config thunes.toml"

FAULTS: dict[str, tuple[bytes, list[str]]] = {
    "unknown name": (b"[limits]\nnope = 1", ["limits.nope: there is no such name, but max_pos"]),
    "unknown section": (b"x = 1\n[foo]", ["x: there is no such", "foo: there is no such name"]),
    "wrong type": (b'[limits]\nmax_positions = "x"', ["limits.max_positions: Input should be"]),
    "not a section": (b"limits = [1]", ["limits: Input should be"]),
    "several": (
        b'[account]\ncash = -1\n[costs]\nfee_bps = "a"\nfee_asset = "doge"\n[limits]\nfoo = 1',
        ["account.cash:", "costs.fee_bps:", "costs.fee_asset:", "limits.foo:"],
    ),
    "infinite": (b"[account]\ncash = inf", ["account.cash: Input should be a finite number"]),
    "too large": (b"[account]\ncash = 1e300", ["at most 1e18"]),
    "not TOML": (b"hello", ["thunes.toml is not TOML"]),
    "not UTF-8": (b"# \xe9", ["thunes.toml is not TOML"]),
    "twice": (b"[limits]\norder_size = 5\norder_size = 6", ["thunes.toml is not TOML"]),
    "order sizes": (
        b"[limits]\nmin_notional = 50\norder_size = 40",
        ["min_notional = 50 must not be above order_size = 40"],
    ),
    "losses": (
        b"[limits]\nloss_per_trade = 500",
        ["loss_per_trade = 500 must not be above daily_loss = 200"],
    ),
    "exposures": (
        b"[limits]\nsymbol_exposure = 0.5\ntotal_exposure = 0.4",
        ["symbol_exposure = 0.5 must not be above total_exposure = 0.4"],
    ),
    "drawdowns": (
        b"[limits]\ndrawdown_warning = 0.15",
        ["drawdown_warning = 0.15 must be below drawdown_limit = 0.15"],
    ),
    "a share above one": (b"[limits]\ndaily_loss_share = 2", ["daily_loss_share = 2 must be"]),
    "size above its cap": (
        b'[sizing]\nrule = "fixed:5000"',
        ["the configured order size = 5000 must not be above order_size = 1000"],
    ),
    "size below the least": (
        b'[sizing]\nrule = "fixed:5"',
        ["min_notional = 10 must not be above the configured order size = 5"],
    ),
    "no sizing": (b'[sizing]\nrule = "most"', ["sizing 'most' is not one of"]),
    "two relations": (
        b'[limits]\norder_size = 5\n[sizing]\nrule = "most"',
        ["min_notional = 10 must not be above order_size = 5", "sizing 'most'"],
    ),
    "stop": (b'[exits]\nstop = "2"', ["exits.stop: '2' needs a percent"]),
    "trail": (b'[exits]\nstop = ""\ntrail = "3%"', ["exits.trail: moves a stop"]),
    "other quote": (b'[account]\nquote = "EUR"', ["BTCUSDT is quoted in USDT, but account.quote"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_configuration_with_a_fault(name: str, ask: Ask, room: Path) -> None:
    text, said = FAULTS[name]
    (room / "thunes.toml").write_bytes(text)
    answer = ask(f"{RUN} --journal j")
    assert answer.code == 2, answer
    assert answer.out == ""
    for each in said:
        assert each in answer.err
    assert not (room / "j").exists()


def test_what_init_writes_runs_and_trades(ask: Ask, room: Path) -> None:
    assert ask("init").code == 0
    answer = ask(f"{RUN} --json")
    assert answer.code == 0, answer
    assert '"trades": 0' not in answer.out
    assert "daily_loss 200" in answer.out
    (room / "empty.toml").write_text("", encoding="utf-8")
    same = ask(f"{RUN.replace('thunes.toml', 'empty.toml')} --json")
    hashes = [each.out.rsplit("outcome_hash", 1)[1] for each in (answer, same)]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--cash 100", "order size = 100 must not be above symbol_exposure x cash = 25"),
        ("--sizing fixed:5000", "order size = 5000 must not be above order_size = 1000"),
    ],
)
def test_flags_are_held_against_the_limits_too(flags: str, said: str, ask: Ask) -> None:
    ask("init")
    answer = ask(f"{RUN} {flags}")
    assert answer.code == 2
    assert said in answer.err


def test_the_environment_wins_and_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("init")
    monkeypatch.setenv("THUNES_LIMITS__DAILY_LOSS", "50")
    assert "daily_loss 50," in ask(f"{RUN} --json").out
    monkeypatch.setenv("THUNES_LIMITS__DAILY_LOSS", "x")
    answer = ask(RUN)
    assert answer.code == 2
    assert "limits.daily_loss (from THUNES_LIMITS__DAILY_LOSS): Input should be" in answer.err


def test_a_misspelt_variable_is_not_passed_over(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("init")
    monkeypatch.setenv("THUNES_LIMIT__DAILY_LOSS", "50")
    answer = ask(RUN)
    assert answer.code == 2
    assert "THUNES_LIMIT__DAILY_LOSS (environment): there is no such section" in answer.err

"""`thunes paper` asked for what cannot be: it says so, before anything is started or traded."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.binance.arena import Arena
from tests.cli.conftest import Ask
from tests.config.test_loading import SAID_OF_TEN, TEN
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.venues.binance.signing import Keys
from thunes.compose.headers import live_header
from thunes.compose.keys import key_pair
from thunes.compose.live import fingerprint
from thunes.compose.rules import rules_of
from thunes.compose.spec import Account
from thunes.config.loading import read_config
from thunes.sandbox.instruments import LISTED

CANARY = "canary5e1f"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def leases(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(room / "home"))
    for name in [name for name in os.environ if "BINANCE" in name or "SANDBOX" in name]:
        monkeypatch.delenv(name)


def configured(room: Path, text: str) -> None:
    (room / "thunes.toml").write_text(text, "utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


REFUSED: dict[str, tuple[str, str]] = {
    "--venue binance": ("", "paper trades no real money: `thunes live` does"),
    "--venue live": ("", "paper trades no real money: `thunes live` does"),
    "--venue nasdaq": ("", "run.venue (from --venue): Input should be 'sandbox'"),
    "--timeframe soon": ("", "run.timeframe (from --timeframe): timeframe 'soon'"),
    "--symbol btc/usdt": ("", "run.symbols (from --symbol): 'btc/usdt' is not a symbol"),
    "--strategy smart": ("", "strategy.0.source (from --strategy): there are sma_cross"),
    "--param speed=9": (
        "",
        "(from --param): SmaCross has no parameter 'speed'",
    ),
    "--param speed": ("", "--param: 'speed' is not NAME=VALUE"),
    "--config thunes.toml": (
        "[run]\nmode = 'live'\nvenue = 'binance'\n[limits]\ndaily_loss = 50",
        "thunes.toml trades real money, as `thunes live` does; --venue sandbox rehearses it",
    ),
    "--config thunes.toml --param fast=9": (
        "[[strategy]]\n[[strategy]]\nsource = 'rsi'",
        "--param: several strategies run; say --strategy as well",
    ),
    "--config thunes.toml --symbol ETHUSDT": (
        "[[strategy]]\nsymbols = ['BTCUSDT']",
        "strategy.0.symbols: BTCUSDT is none of run.symbols: ETHUSDT",
    ),
    "--config none.toml": ("", "none.toml cannot be read"),
}


@pytest.mark.parametrize("flags", REFUSED)
def test_asked_wrongly(ask: Ask, room: Path, flags: str) -> None:
    text, said = REFUSED[flags]
    if text:
        configured(room, text)
    answer = ask(f"paper {flags} --for 1")
    assert (answer.code, answer.out) == (2, ""), answer
    assert said in answer.err
    assert not (room / "var").exists(), "nothing was begun"


@pytest.mark.parametrize("verb", ["paper --config thunes.toml", "live"])
def test_eleven_mistakes_are_told_at_once(ask: Ask, room: Path, verb: str) -> None:
    configured(room, TEN)
    answer = ask(verb)
    assert answer.code == 2
    for each in SAID_OF_TEN:
        assert each in answer.err
    assert not (room / "var").exists()


@pytest.mark.parametrize(
    ("venue", "name"), [("binance-testnet", "BINANCE_TESTNET"), ("binance-demo", "BINANCE_DEMO")]
)
def test_a_missing_key_is_named_and_one_of_real_money_never_taken(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, venue: str, name: str
) -> None:
    line = f"paper --venue {venue} --for 1"
    said = ask(line).err
    assert f"{venue} needs a key: {name}_API_KEY and {name}_API_SECRET not set. Set it in" in said
    assert f"in .env (mode 0600), or: keyring set thunes {name}_API_KEY" in said
    for each in ("BINANCE_API_KEY", "BINANCE_API_SECRET"):
        monkeypatch.setenv(each, CANARY)
    answer = ask(line)
    assert answer.code == 2
    assert "BINANCE_API_KEY is of real money, and is not taken here" in answer.err
    assert CANARY not in answer.err


def test_a_key_from_beside_the_configuration(room: Path) -> None:
    configured(room, f"[run]\nsandbox_url = '{NOWHERE}'")
    (room / ".env").write_text(f"SANDBOX_API_KEY=k\nSANDBOX_API_SECRET={CANARY}\n")
    (room / ".env").chmod(0o600)
    pair = key_pair(read_config(room / "thunes.toml", {}), "sandbox")
    assert (pair.key.reveal(), pair.secret.reveal()) == ("k", CANARY)
    assert CANARY not in repr(pair)


def test_places_that_take_no_state(ask: Ask) -> None:
    for place, said in (("/proc/none/x", "cannot be made"), ("/proc/self", "cannot be written")):
        answer = ask(f"paper --state {place} --for 1")
        assert answer.code == 1, answer
        assert said in answer.err
        assert answer.err.count("\n") == 1, "no traceback"


def test_a_sandbox_that_has_ended_and_one_whose_note_is_damaged(ask: Ask, room: Path) -> None:
    (room / "var").mkdir()
    known = {"rest": NOWHERE, "api_key": "k", "api_secret": CANARY, "speed": 60.0, "pid": 1}
    (room / "var" / "sandbox.json").write_text(json.dumps(known))
    answer = ask("paper --for 1")
    assert answer.code == 2
    assert "the sandbox of var has ended, and its made-up account with it" in answer.err
    (room / "var" / "sandbox.json").write_text("{")
    answer = ask("paper --for 1")
    assert answer.code == 1
    assert "sandbox.json cannot be read" in answer.err


@pytest.fixture
def arena(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    with Arena() as arena:
        monkeypatch.setenv("SANDBOX_API_KEY", arena.venue.key.name)
        monkeypatch.setenv("SANDBOX_API_SECRET", arena.venue.secret)
        yield arena


def test_a_sandbox_that_is_not_there(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_API_KEY", "k")
    monkeypatch.setenv("SANDBOX_API_SECRET", "s")
    answer = ask(f"paper --venue {NOWHERE} --for 1")
    assert answer.code == 1
    assert f"{NOWHERE} does not answer: the connection failed" in answer.err


def test_symbols_that_are_not_there_or_in_another_asset(ask: Ask, room: Path, arena: Arena) -> None:
    configured(room, f"[run]\nsandbox_url = '{arena.url}'\nsymbols = ['NOPEUSDT']")
    answer = ask("paper --config thunes.toml --for 1")
    assert answer.code == 2
    assert "not all of NOPEUSDT are listed" in answer.err
    configured(room, f"[run]\nsandbox_url = '{arena.url}'\n[account]\nquote = 'EUR'")
    answer = ask("paper --config thunes.toml --for 1")
    assert answer.code == 2
    assert "BTCUSDT is quoted in USDT, but account.quote is EUR" in answer.err


def test_a_state_of_another_account(ask: Ask, room: Path, arena: Arena) -> None:
    """One begun with another key, one of another place, and one of a version to come."""
    configured(room, f"[run]\nsandbox_url = '{arena.url}'\n[metrics]\nport = 0")
    spec = rules_of(read_config(room / "thunes.toml"), (LISTED["BTCUSDT"][0],))
    key = fingerprint(Keys(arena.venue.key.name, arena.venue.secret))
    later = live_header(spec, Account(arena.url, key)).replace(b'{"thunes"', b'{"new":1,"thunes"')
    headers = {
        "key": (live_header(spec, Account(arena.url, "another")), "the state of another account"),
        "place": (live_header(spec, Account("testnet", key)), "another account (testnet)"),
        "version": (later, "the journal's header is not one of ours"),
    }
    for name, (header, said) in headers.items():
        KeptJournal.open(room / name / "journal", header).release()
        before = contents(room / name / "journal")
        answer = ask(f"paper --config thunes.toml --state {name} --for 1 --json")
        assert answer.code == 1, answer
        assert said in answer.err
        assert contents(room / name / "journal") == before, "nothing was added to it"


def test_a_configuration_that_is_not_named_is_not_used(ask: Ask, room: Path) -> None:
    configured(room, "[run]\nmode = 'dream'")
    note = "note: thunes.toml is not used; --config thunes.toml has it used\n"
    assert ask("paper --venue live").err.startswith(note)
    answer = ask("backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --json")
    assert (answer.code, answer.err) == (0, note)


@pytest.mark.parametrize("verb", ["paper", "live", "rodage"])
def test_help_has_an_example(ask: Ask, verb: str) -> None:
    assert f"Example: thunes {verb} " in ask(f"{verb} --help").out

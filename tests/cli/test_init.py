"""`thunes init`: on a terminal a few questions, elsewhere every default, and no file is lost."""

import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.cli.conftest import Ask
from tests.cli.terminal import Terminal
from thunes.cli import wizard
from thunes.config import default_text, load_config
from thunes.config.names import KEYS_OF
from thunes.config.relations import prove
from thunes.config.tables import Config
from thunes.config.writing import text_of

CANARY = "canary7f3a"
# What a shell has run in the background ignores Ctrl-C, and so would what it starts.
_HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
THUNES = (sys.executable, "-c", f"{_HEEDING}from thunes.cli import main; main()")


def at_terminal(folder: Path, *flags: str) -> Terminal:
    return Terminal(folder, [*THUNES, "init", *flags])


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for each in opened:
        each.close()


def test_the_questions_on_a_terminal(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = at_terminal(tmp_path)
    terminals.append(terminal)
    terminal.answer("Venue", "nasdaq")
    terminal.answer("'nasdaq' is none of binance, binance-testnet", "binance-testnet")
    terminal.answer("Symbols", "btcusdt, ethbtc")
    terminal.answer("ETHBTC is not in USDT", "btcusdt, ethusdt")
    terminal.answer("Timeframe", "4h")
    terminal.answer("Strategy", "donchian")
    terminal.answer("Money to trade with", "a lot")
    terminal.answer("'a lot' is not a number", "2000")
    terminal.answer("Of that in one entry", "5000")
    terminal.answer("it has to lie from 10 to 1600", "200")
    terminal.answer("Stop below the entry", "3%")
    terminal.answer("Loss of a day", "")
    terminal.answer("which only you can read?", "y")
    terminal.answer("BINANCE_TESTNET_API_KEY (not shown)", CANARY)
    terminal.answer("BINANCE_TESTNET_API_SECRET (not shown)", f"{CANARY}-s")
    assert terminal.end() == 0, terminal.seen
    assert CANARY not in terminal.seen, "nothing secret is echoed"
    config = load_config(tmp_path / "thunes.toml")
    assert (config.run.venue, config.run.mode) == ("binance-testnet", "paper")
    assert config.run.symbols == ("BTCUSDT", "ETHUSDT")
    assert (config.run.timeframe, config.strategy[0].source) == ("4h", "donchian")
    assert (config.sizing.rule, config.exits.stop) == ("fixed:200", "3%")
    assert (config.account.cash, config.limits.daily_loss) == (2_000, 20)
    assert CANARY not in (tmp_path / "thunes.toml").read_text()
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert env.read_text() == (
        f"BINANCE_TESTNET_API_KEY='{CANARY}'\nBINANCE_TESTNET_API_SECRET='{CANARY}-s'\n"
    )


def test_a_sandbox_needs_no_keys_and_an_interruption_writes_nothing(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = at_terminal(tmp_path)
    terminals.append(terminal)
    for question in ("Venue", "Symbols", "Timeframe", "Strategy", "Money", "entry", "Stop", "Loss"):
        terminal.answer(question)
    assert terminal.end() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thunes.toml"]
    terminals.append(at_terminal(tmp_path, "second.toml"))
    terminals[1].answer("Venue")
    assert terminals[1].interrupt() in (1, 130)
    assert not (tmp_path / "second.toml").exists()


def test_defaults_ask_nothing_on_a_terminal(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminals.append(at_terminal(tmp_path, "--defaults"))
    assert terminals[0].end() == 0
    assert (tmp_path / "thunes.toml").read_text() == default_text()


def test_an_existing_file_is_left_alone_unless_asked(ask: Ask, room: Path) -> None:
    (room / "thunes.toml").write_text("# mine")
    answer = ask("init")
    assert (answer.code, "exists already" in answer.err) == (2, True)
    assert (room / "thunes.toml").read_text() == "# mine"
    assert ask("init --force").code == 0
    assert (room / "thunes.toml").read_text() == default_text()
    answer = ask(f"init {room} --force")
    assert (answer.code, "is not a plain file" in answer.err) == (2, True)


def test_an_existing_env_file_is_never_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("# mine")
    wizard.offer_keys("binance", tmp_path)
    assert "was left alone. It needs BINANCE_API_KEY" in capsys.readouterr().out
    assert (tmp_path / ".env").read_text() == "# mine"


shares = st.decimals("0", "1", places=4)


@settings(max_examples=200)
@given(
    st.sampled_from(list(KEYS_OF)),
    st.one_of(shares.map(lambda share: share / 1_000_000_000), shares),
    st.tuples(shares, shares, shares),
)
def test_whatever_is_answered_the_limits_agree(
    venue: str, cash: Decimal, rest: tuple[Decimal, Decimal, Decimal]
) -> None:
    """Every answer lies somewhere between the bounds that the wizard sets; its own are in them."""
    where = iter((cash, rest[0], rest[2]))
    bounded, within = wizard._between, wizard._stop_within

    def between(least: Decimal, most: Decimal) -> Callable[[str], Decimal]:
        def read(default: str) -> Decimal:
            bounded(least, most)(default)
            value = (least + (most - least) * next(where)).quantize(Decimal("0.01"))
            return min(max(value, least), most)

        return read

    def stop(widest: Decimal) -> Callable[[str], Decimal]:
        def read(default: str) -> Decimal:
            within(widest)(default)
            return max(widest * rest[1], Decimal("1e-8"))

        return read

    def prompt(question: str, default: str) -> str:
        return venue if question.startswith("Venue") else default

    def echo(text: str) -> None:
        assert not text.startswith(" "), f"its own answer is refused: {text}"

    with (
        patch.object(wizard.typer, "echo", echo),
        patch.object(wizard, "_between", between),
        patch.object(wizard, "_stop_within", stop),
        patch.object(wizard.typer, "prompt", prompt),
    ):
        config = wizard.ask_all()
    assert not [proof for proof in prove(config) if proof.holds is False]
    assert config.run.mode == ("live" if venue == "binance" else "paper")


EXITS = {"take_profit": "2%", "break_even_after": 1}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    plans = [
        {"source": "sma_cross", "name": 'quick "one"', "parameters": {"fast": "5"}},
        {"source": "dca", "symbols": ["BTCUSDT"]},
    ]
    config = Config.model_validate({"strategy": plans, "exits": EXITS})
    (tmp_path / "thunes.toml").write_text(text_of(config), "utf-8")
    assert load_config(tmp_path / "thunes.toml") == config


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    from thunes.cli.verbs import app

    result = CliRunner().invoke(app, ["init", str(tmp_path / "t.toml")], input="")
    assert result.exit_code == 0
    assert (tmp_path / "t.toml").read_text() == default_text()

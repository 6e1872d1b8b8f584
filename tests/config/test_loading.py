"""Loading: all faults at once, who wins over whom, and where each value came from."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from thunes.config.loading import Loaded, load_config, read_config
from thunes.config.tables import Config
from thunes.core.domain.errors import UsageError

TEN = """
surprise = 1
[run]
mode = "dream"
symbols = ["btc/usdt"]
timeframe = "1 hour"
[[strategy]]
source = "sma_cross"
parameters = { slow = "many" }
[account]
cash = -5
[costs]
fee_bps = "cheap"
[exits]
stop = "2"
[limits]
loss_per_trade = 500
drawdown_warning = 0.15
[metrics]
host = "0.0.0.0"
"""
SAID_OF_TEN = (
    "surprise: there is no such name",
    "run.mode: Input should be 'paper' or 'live'",
    "run.symbols: 'btc/usdt' is not a symbol",
    "run.timeframe: timeframe '1 hour' is not like",
    "strategy.0.parameters: parameters of SmaCross: slow = 'many' is not int",
    "account.cash: Input should be greater than 0",
    "costs.fee_bps: Input should be a valid decimal",
    "exits.stop: '2' needs a percent sign",
    "loss_per_trade = 500 must not be above daily_loss = 200",
    "drawdown_warning = 0.15 must be below drawdown_limit = 0.15",
    "metrics.host: Input should be '127.0.0.1' or '::1'",
)


def written(folder: Path, text: str) -> Path:
    path = folder / "thunes.toml"
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Loaded:
    return read_config(written(folder, text), environment or {})


def refused(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read(folder, text, environment)
    return str(caught.value).splitlines()


def env_file(folder: Path, text: str, name: str = ".env", mode: int = 0o600) -> None:
    path = folder / name
    path.write_text(text, "utf-8")
    path.chmod(mode)


def test_eleven_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = refused(tmp_path, TEN)
    for each in SAID_OF_TEN:
        assert sum(each in line for line in lines) == 1, (each, lines)
    assert len(lines) == 1 + len(SAID_OF_TEN), lines


def test_a_mistake_hides_no_other_and_makes_none_up(tmp_path: Path) -> None:
    """What is told of a relation is told only where both its sides are known."""
    lines = refused(tmp_path, "[limits]\ndaily_loss = 'x'\nloss_per_trade = 300\norder_size = 5")
    assert any("min_notional = 10 must not be above order_size = 5" in line for line in lines)
    assert not any("must not be above daily_loss" in line for line in lines)


def test_an_empty_file_is_every_default(tmp_path: Path) -> None:
    loaded = read(tmp_path, "")
    assert loaded.config == Config()
    assert str(loaded.origin("limits.daily_loss")) == "default"


def test_who_wins_over_whom(tmp_path: Path) -> None:
    """Environment over .env.local over .env over the file over the default."""
    text = "[limits]\ndaily_loss = 101\nmax_positions = 4\nloss_cool_down_s = 7\nmax_age_s = 8"
    env_file(tmp_path, "MAX_DAILY_LOSS=102\nMAX_POSITIONS=5\nCOOL_DOWN_MINUTES=2\n")
    env_file(tmp_path, "MAX_DAILY_LOSS=103\nMAX_POSITIONS=6\n", ".env.local")
    loaded = read(tmp_path, text, {"MAX_DAILY_LOSS": "104", "UNRELATED": "x"})
    limits = loaded.config.limits
    found = (limits.daily_loss, limits.max_positions, limits.loss_cool_down_s, limits.max_age_s)
    assert found == (104, 6, 120, 8)
    names = ("daily_loss", "max_positions", "loss_cool_down_s", "max_age_s", "order_size")
    assert [str(loaded.origin(f"limits.{name}")) for name in names] == [
        "MAX_DAILY_LOSS in environment",
        "MAX_POSITIONS in .env.local",
        "COOL_DOWN_MINUTES in .env",
        "thunes.toml",
        "default",
    ]


def test_the_long_name_wins_over_the_short_one(tmp_path: Path) -> None:
    both = {"THUNES_LIMITS__DAILY_LOSS": "60", "MAX_DAILY_LOSS": "70"}
    assert read(tmp_path, "", both).config.limits.daily_loss == 60
    env_file(tmp_path, "THUNES_LIMITS__DAILY_LOSS=80")
    assert read(tmp_path, "", {"MAX_DAILY_LOSS": "70"}).config.limits.daily_loss == 70


@pytest.mark.parametrize(
    ("name", "text", "setting", "value"),
    [
        ("ENVIRONMENT", "testnet", "run.venue", "binance-testnet"),
        ("ENVIRONMENT", "PAPER", "run.venue", "sandbox"),
        ("DEFAULT_SYMBOL", "ETHUSDT", "run.symbols", ("ETHUSDT",)),
        ("DEFAULT_TIMEFRAME", "4h", "run.timeframe", "4h"),
        ("DEFAULT_QUOTE_AMOUNT", "12.5", "sizing.rule", "fixed:12.5"),
        ("MAX_LOSS_PER_TRADE", "5.0", "limits.loss_per_trade", 5),
        ("MAX_DAILY_LOSS", "20.0", "limits.daily_loss", 20),
        ("MAX_POSITIONS", "3", "limits.max_positions", 3),
        ("COOL_DOWN_MINUTES", "60", "limits.loss_cool_down_s", 3_600),
        ("TELEGRAM_CHAT_ID", "-100", "alerts.telegram_chat_id", "-100"),
        ("ALERT_CHAT_ID", "7", "alerts.webhook_chat_id", "7"),
        ("THUNES_RUN__SYMBOLS", "BTCUSDT, ETHUSDT", "run.symbols", ("BTCUSDT", "ETHUSDT")),
    ],
)
def test_names_of_the_environment(
    tmp_path: Path, name: str, text: str, setting: str, value: object
) -> None:
    table, _, field = setting.partition(".")
    loaded = read(tmp_path, "", {name: text})
    assert getattr(getattr(loaded.config, table), field) == value
    assert str(loaded.origin(setting)) == f"{name} in environment"
    env_file(tmp_path, f"{name}={text}\n")
    loaded = read(tmp_path, "")
    assert getattr(getattr(loaded.config, table), field) == value
    assert str(loaded.origin(setting)) == f"{name} in .env"


def test_environment_live_says_both_and_is_held_to_the_live_rules(tmp_path: Path) -> None:
    live = {"ENVIRONMENT": "live"}
    run = read(tmp_path, "", live).config.run
    assert (run.mode, run.venue) == ("live", "binance")
    path = written(tmp_path, "[run]\nmode = 'live'\nvenue = 'binance'")
    with pytest.raises(UsageError, match="daily_loss with mode live = 200 must be below"):
        load_config(path)
    path = written(tmp_path, "[run]\nmode = 'live'\nvenue = 'binance'\n[limits]\ndaily_loss = 99")
    assert load_config(path).run.venue == "binance"
    path = written(tmp_path, "[run]\nmode = 'live'\nvenue = 'binance'\n[limits]\ndaily_loss = 100")
    with pytest.raises(UsageError, match="daily_loss with mode live = 100 must be below"):
        load_config(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ENVIRONMENT", "production", "ENVIRONMENT (environment): has to be one of testnet"),
        ("COOL_DOWN_MINUTES", "soon", "COOL_DOWN_MINUTES (environment): has to be a number"),
        ("MAX_DAILY_LOSS", "much", "limits.daily_loss (from MAX_DAILY_LOSS): Input should be"),
        ("DEFAULT_QUOTE_AMOUNT", "x", "sizing.rule (from DEFAULT_QUOTE_AMOUNT): sizing 'fixed:x'"),
        ("THUNES_LIMIT__X", "1", "THUNES_LIMIT__X (environment): there is no such section"),
        ("THUNES_LIMITS__X", "1", "limits.x (from THUNES_LIMITS__X): there is no such name"),
        ("THUNES_STRATEGY__SOURCE", "dca", "strategies are told in thunes.toml only"),
    ],
)
def test_wrong_variables_are_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    assert said in "\n".join(refused(tmp_path, "", {name: text}))


def test_a_wrong_value_of_a_file_names_the_file(tmp_path: Path) -> None:
    env_file(tmp_path, "MAX_POSITIONS=none\n")
    lines = refused(tmp_path, "")
    assert "limits.max_positions (from MAX_POSITIONS in .env): Input should be" in lines[1]


def test_env_local_is_asked_for_by_name_or_by_being_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ENV=local asks for .*\.env\.local"):
        read(tmp_path, "", {"ENV": "local"})
    env_file(tmp_path, "MAX_POSITIONS=2\n", ".env.local")
    for environment in ({}, {"ENV": "local"}):
        assert read(tmp_path, "", environment).config.limits.max_positions == 2


STRATEGIES: dict[str, tuple[str, str]] = {
    "unknown name": ('source = "smart"', "strategy.0.source: there are sma_cross, rsi"),
    "unknown parameter": ("parameters = { speed = 1 }", "SmaCross has no parameter 'speed'"),
    "out of bounds": ("parameters = { fast = 0 }", "fast = '0' is not int >= 1"),
    "a parameter that is a list": ("parameters = { fast = [1] }", "strategy.0.parameters.fast: "),
    "unknown setting": ("speed = 1", "strategy.0.speed: there is no such name, but source, name"),
    "a symbol that is not watched": ('symbols = ["DOGEUSDT"]', "DOGEUSDT is none of run.symbols"),
    "two of one name": (
        '\n[[strategy]]\nsource = "sma_cross"',
        "strategy.1.name: 'sma_cross' is that of strategy.0 already",
    ),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_with_a_fault(tmp_path: Path, name: str) -> None:
    text, said = STRATEGIES[name]
    assert said in "\n".join(refused(tmp_path, f"[[strategy]]\n{text}"))


def test_several_strategies(tmp_path: Path) -> None:
    text = """
    [run]
    symbols = ["BTCUSDT", "ETHUSDT"]
    [[strategy]]
    source = "sma_cross"
    name = "quick"
    symbols = ["BTCUSDT"]
    parameters = { fast = 5, slow = 20 }
    [[strategy]]
    source = "sma_cross"
    [[strategy]]
    source = "dca"
    parameters = { every = 24, amount = 12.50 }
    [[strategy]]
    source = "mine.py:Mine"
    """
    loaded = read(tmp_path, text.replace("every = 24, amount = 12.50", ""))
    quick, plain, *_ = loaded.config.strategy
    assert (quick.name, quick.parameters) == ("quick", {"fast": "5", "slow": "20"})
    assert (plain.symbols, plain.parameters) == ((), {})
    assert str(loaded.origin("strategy.0.parameters")) == "thunes.toml"


RUNS: dict[str, tuple[str, str]] = {
    "real money by mistake": ('venue = "binance"', "run.venue: binance takes real money"),
    "live at a rehearsal": (
        'mode = "live"\nvenue = "binance-testnet"',
        "run.venue: mode live trades at binance, not at binance-testnet",
    ),
    "an address not used": (
        'venue = "binance-demo"\nsandbox_url = "http://127.0.0.1:1"',
        "run.sandbox_url: is not used at binance-demo",
    ),
    "no symbol": ("symbols = []", "run.symbols: Tuple should have at least 1 item"),
    "a symbol twice": ('symbols = ["BTCUSDT", "BTCUSDT"]', "BTCUSDT stands there 2 times"),
    "no history": ("history_bars = 0", "run.history_bars: Input should be greater"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_with_a_fault(tmp_path: Path, name: str) -> None:
    text, said = RUNS[name]
    assert said in "\n".join(refused(tmp_path, f"[run]\n{text}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[schedule]\ndaily_summary = '24:00'", "schedule.daily_summary: String should match"),
        ("[schedule]\nreconcile_every_s = 1", "schedule.reconcile_every_s: Input should be gr"),
        ("[metrics]\nport = 70000", "metrics.port: Input should be less"),
        ("[logs]\nlevel = 'loud'", "logs.level: Input should be 'debug'"),
        ("[exits]\ntrail = '3%'\nstop = ''", "exits.trail: moves a stop"),
        ("[exits]\ntake_profit = '4%:2'", "exits.take_profit"),
    ],
)
def test_other_faults(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(refused(tmp_path, text))


def test_a_stop_is_asked_for_with_real_money(tmp_path: Path) -> None:
    text = "[run]\nmode = 'live'\nvenue = 'binance'\n[exits]\nstop = ''\n[limits]\ndaily_loss = 90"
    assert "exits.stop: with mode live nothing is held without a stop" in refused(tmp_path, text)[1]


def test_the_address_of_a_database_keeps_its_password(tmp_path: Path) -> None:
    address = "postgresql://me:" + "canary@db/thunes"
    lines = refused(tmp_path, f"[storage]\nurl = '{address}'")
    assert "storage.url: holds a password: put the address into DATABASE_URL" in lines[1]
    assert "canary" not in "\n".join(lines)
    loaded = read(tmp_path, "", {"DATABASE_URL": address})
    assert loaded.config.storage.url.reveal() == address
    assert "canary" not in repr(loaded)
    assert read(tmp_path, "[storage]\nurl = 'postgresql://db/thunes'").config.storage.url


def test_tiers_of_symbols_are_an_older_form_of_the_list(tmp_path: Path) -> None:
    """F047: told as a note where it is used, and only there."""
    text = "[run.liquidity_tiers]\na = ['BTCUSDT', 'ETHUSDT']\nb = ['XRPUSDT', 'BTCUSDT']"
    loaded = read(tmp_path, text)
    assert loaded.config.run.symbols == ("BTCUSDT", "ETHUSDT", "XRPUSDT")
    assert ["liquidity_tiers is an older form" in note for note in loaded.notes] == [True]
    assert read(tmp_path, "[run]\nsymbols = ['BTCUSDT']").notes == ()
    both = "[run]\nsymbols = ['BTCUSDT']\n[run.liquidity_tiers]\na = ['ETHUSDT']"
    assert "run.liquidity_tiers: there is no such name" in refused(tmp_path, both)[1]


def test_numbers_of_the_file_are_exact(tmp_path: Path) -> None:
    loaded = read(tmp_path, "[account]\ncash = 10000.000000000000000000001")
    assert str(loaded.config.account.cash) == "10000.000000000000000000001"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`thunes init` writes one"):
        load_config(tmp_path / "thunes.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    written(tmp_path, "").chmod(0)
    with pytest.raises(UsageError, match="Permission denied"):
        load_config(tmp_path / "thunes.toml")

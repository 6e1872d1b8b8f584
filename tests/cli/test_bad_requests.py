"""What is asked wrongly is told in one sentence before anything is run or written."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Ask
from thunes.adapters.storage.bars.catalog import save_bars
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY, parse_instant

BACKTEST = "backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --journal j --trades t.csv"

FLAGS = {
    "--cash -1": "above zero",
    "--cash 0": "above zero",
    "--cash x": "--cash: 'x' is not a number",
    "--cash nan": "not a finite number",
    "--cash 1e400": "must lie between",
    "--cash 1e-9": "nothing could ever be bought",
    "--fee-bps -1": "--fee-bps -1 must lie from 0 to below 1000",
    "--fee-bps 1000": "--fee-bps 1000 must lie",
    "--fee-asset doge": "none of quote, received, bnb",
    "--slippage-bps 1e9": "--slippage-bps",
    "--tick 0": "--tick must be above zero",
    "--tick 1e-30": "--tick: 1e-30 must lie between",
    "--tick 100000": "the tick 100000 of BTCUSDT is above its price",
    "--step -1": "--step must be above zero",
    "--step 1000": "nothing could ever be bought",
    "--min-notional -1": "must not be below zero",
    "--min-notional 20000": "the smallest order in BTCUSDT costs 20000",
    "--stop 2": "'2' needs a percent sign, as in 2%",
    "--stop 100%": "must lie between 0% and 100%",
    "--take-profit 0%": "must be above 0%",
    "--take-profit 4%:2": "sum to at most 1",
    "--take-profit 4%:0.4,2%:0.4": "farther than the one before",
    "--trail 3%": "--trail: moves a stop: give --stop",
    "--trail-after 1": "give --trail as well",
    "--stop 2% --trail 3% --trail-after 2": "--take-profit names 0 of them",
    "--break-even-after 1": "give --stop as well",
    "--stop 2% --break-even-after 1": "--take-profit names 0 of them",
    "--stop 2% --break-even-after 0": "greater than or",
    "--sizing most": "is not one of all_cash",
    "--sizing fixed:x": "'x' is not a number",
    "--sizing fixed:10%": "'10%' is not a number",
    "--sizing equity:10": "needs a percent sign",
    "--sizing equity:110%": "above 100 %",
    "--sizing risk:-1%": "must be above zero",
    "--sizing risk:1%": "sma_cross names none: give --stop",
    "--entry-cap 1%": "an entry brings its stop along, and sma_cross names none: give --stop",
    "--entry-cap 1 --stop 2%": "--entry-cap: '1' needs a percent sign",
    "--balance BTC": "--balance: 'BTC' is not NAME=VALUE",
    "--balance BTC=-1": "below zero",
    "--balance USDT=5": "say --cash 5",
    "--balance BNB=1": "add --bars BNBUSDT=FILE",
    "--from x": "--from: 'x' is not an ISO 8601 time",
    "--to x": "--to: 'x' is not an ISO 8601 time",
    "--from 2024-02-01 --to 2024-01-01": "--from 2024-02-01 must be before --to 2024-01-01",
    "--timeframe 1x": "'1x' is not like 1m",
    "--timeframe 30m": "bars of 1h, from which bars of 30m cannot be made",
    "--symbol ETHUSDT": "by its name BTCUSDT_1h.parquet holds BTCUSDT",
    "--symbol BTCUSDT --symbol ETHUSDT": "there are no bars of it; add --bars ETHUSDT=FILE",
    "--quote EUR": "--quote EUR: BTCUSDT does not end in it",
    "--latency-ms -1": "greater than or equal to 0",
    "--participation 2": "needs a percent sign",
    "--param fast": "'fast' is not NAME=VALUE",
    "--param fast=": "'fast=' is not NAME=VALUE",
    "--param fast=x": "fast = 'x' is not int >= 1 and <= 5000",
    "--param fast=0": "fast = '0' is not int >= 1 and <= 5000",
    "--param fast=1.5": "fast = '1.5' is not int",
    "--param fast=50": "fast 50 must be below slow 30",
    "--param quick=1": "has no parameter 'quick'; it has fast, slow",
    "--param fast=3 --param fast=4": "fast is given twice, as 3 and as 4",
    "--param rsi.low=3": "no strategy 'rsi' runs here, but sma_cross",
    "--strategy sma_cross": "each may be given once",
    "--strategy dca --param fast=3": "say whose it is, as in sma_cross.fast=3",
    "--strategy nope": "no strategy 'nope': there are sma_cross, rsi, donchian, dca, grid",
    "--bars BTCUSDT_1h.parquet": "--bars is given twice for BTCUSDT",
    "--bars none.parquet": "there is no file none.parquet",
    "--bars ETHUSDT=none.parquet": "there is no file none.parquet",
    "--bars ETHUSDT=": "is neither a file nor SYMBOL=FILE",
    "--bars =none": "is neither a file nor SYMBOL=FILE",
    "--bars FOO=BTCUSDT_1h.parquet": "what is FOO quoted in? Say it with --quote",
    "--bars ETHBTC=BTCUSDT_1h.parquet": "one account has one quote asset",
    "--config none.toml": "`thunes init` writes one",
    "--exchange-info none.json": "--exchange-info none.json cannot be read",
    "--nope": "No such option: --nope",
    "more": "unexpected extra argument",
}


@pytest.mark.parametrize("flags", FLAGS)
def test_backtest_asked_wrongly(flags: str, ask: Ask, room: Path) -> None:
    answer = ask(f"{BACKTEST} {flags}")
    assert answer.code == 2, answer
    assert FLAGS[flags] in " ".join(answer.err.replace("│", " ").split()), answer.err
    assert answer.out == ""
    assert [each.name for each in room.iterdir()] == ["BTCUSDT_1h.parquet"]


OTHER_VERBS = {
    "backtest": "Missing option '--strategy'",
    "backtest --strategy sma_cross": "Missing option '--bars'",
    "strategies nope": "no strategy 'nope'",
    "audit show . --from x": "--from: 'x' is not an ISO 8601 time",
    "audit show . --from 2025-01-01 --to 2024-01-01": "must be before --to",
    "audit show . --kind nope": "is none of decisions, orders, trades",
    "audit show . --last 0": "greater than or equal to 1",
    "audit export . nope t.csv": "is none of decisions, orders, fills, trades",
    "audit export . trades .": ". is not a plain file",
    "init BTCUSDT_1h.parquet": "exists already; it was left as it is",
    "demo --out BTCUSDT_1h.parquet": "is a file; name a directory with --out",
    "demo --out .": "is not empty and not of an older demo",
    "nope": "No such command 'nope'",
}


@pytest.mark.parametrize("line", OTHER_VERBS)
def test_other_verbs_asked_wrongly(line: str, ask: Ask, room: Path) -> None:
    answer = ask(line)
    assert answer.code == 2, answer
    assert OTHER_VERBS[line] in " ".join(answer.err.replace("│", " ").split()), answer.err
    assert [each.name for each in room.iterdir()] == ["BTCUSDT_1h.parquet"]


def test_no_bars_in_the_window_says_what_there_is(ask: Ask) -> None:
    answer = ask(f"{BACKTEST} --from 2030-01-01")
    assert answer.code == 1
    assert "it holds 2024-01-01T00:00:00Z to 2024-04-09T23:00:00Z" in answer.err


BAD_FILES: dict[str, tuple[bytes | None, str]] = {
    "empty_1h.parquet": (b"", "empty file"),
    "text_1h.parquet": (b"hello\n", "unreadable file"),
    "head_1h.csv": (b"ts,open,high,low,close,volume\n", "zero rows"),
    "folder_1h.parquet": (None, "cannot be opened (Is a directory)"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_hold_no_bars(name: str, ask: Ask, room: Path) -> None:
    data, said = BAD_FILES[name]
    if data is None:
        (room / name).mkdir()
    else:
        (room / name).write_bytes(data)
    answer = ask(f"backtest --strategy sma_cross --bars BTCUSDT={name} --journal j")
    assert answer.code == 1
    assert said in answer.err
    assert not (room / "j").exists()


@pytest.mark.parametrize("data", [b"PAR1", b"{}", b"[]", b'{"symbols": []}', b"\x1f\x8b\x08junk"])
def test_exchange_info_that_is_none(data: bytes, ask: Ask, room: Path) -> None:
    (room / "x.json").write_bytes(data)
    answer = ask(f"{BACKTEST} --exchange-info x.json")
    assert answer.code in (1, 2)
    assert answer.err.startswith("error: ")
    assert "x.json" in answer.err
    assert not (room / "j").exists()


def weeks(path: Path, first: str) -> None:
    """Forty weekly bars of one price, the first of which opens at `first`."""
    price = np.full(40, 100.0)
    times = parse_instant(first) + 7 * NS_PER_DAY * np.arange(40, dtype=np.int64)
    save_bars(path, BarColumns(times, price, price, price, price, price))


def test_symbols_whose_bars_never_open_together(ask: Ask, room: Path) -> None:
    weeks(room / "a.parquet", "2023-01-02")  # a Monday
    weeks(room / "b.parquet", "2023-01-05")
    line = "backtest --strategy sma_cross --bars AAAUSDT=a.parquet --bars BBBUSDT=b.parquet"
    answer = ask(f"{line} --journal j --report r.html --trades t.csv")
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert "AAAUSDT opens at 2023-01-02T00:00:00Z, 4d into the 7d grid" in answer.err
    assert "BBBUSDT opens at 2023-01-05T00:00:00Z, 0d into the 7d grid" in answer.err
    assert sorted(each.name for each in room.iterdir()) == [
        "BTCUSDT_1h.parquet",
        "a.parquet",
        "b.parquet",
    ]

"""What was recorded can be listed, and traded over again."""

import json
from decimal import Decimal
from pathlib import Path

from tests.cli.conftest import Ask
from thunes.adapters.storage.market.kept_bars import KeptBars
from thunes.adapters.storage.market.recorder import Recorder
from thunes.cli.taped import tape_in
from thunes.core.domain.market import Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, parse_instant
from thunes.simulation.market import DEMO_MARKET, synthesize

START = parse_instant("2026-11-21T10:00:00Z")
BTC = Symbol("BTCUSDT")
ONE = Decimal(1)


def recorded(state: Path) -> None:
    recorder = Recorder(state / "tape", every_ms=1_000, keep_days=30)
    for second in (0, 5, 65, 70):
        at = Instant(START + second * NS_PER_SECOND)
        recorder.quoted(Quote(at, BTC, ONE, ONE, ONE + 1, ONE))
    recorder.flush(everything=True)
    KeptBars(state / "tape" / "bars", "binance", DEMO_MARKET.timeframe).add(
        BTC, synthesize(DEMO_MARKET)
    )


def test_days_and_gaps_are_listed(ask: Ask, room: Path) -> None:
    recorded(room / "var")
    said = ask("data tape --state var")
    assert said.code == 0
    assert "2026-11-21  4 quotes  0 trades" in said.out
    assert "BTCUSDT from 2026-11-21T10:00:05Z to 2026-11-21T10:01:05Z (60 s)" in said.out
    (day,) = json.loads(ask("data tape --state var --gap-s 90 --json").out)
    assert (day["quotes"], day["gaps"]) == (4, [])
    assert "nothing is recorded" in ask("data tape --state nowhere").err


def test_recorded_bars_are_a_catalog_and_a_tape_for_whoever_takes_one(ask: Ask, room: Path) -> None:
    recorded(room / "var")
    assert "BTCUSDT  1h" in ask("data list --catalog var/tape/bars").out
    said = ask(
        "backtest --strategy sma_cross --bars var/tape/bars/binance/BTCUSDT/1h.parquet --json"
    )
    other = ask("backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["trades"] == json.loads(other.out)["trades"]
    tape = tape_in(room / "var" / "tape" / "bars")
    assert list(tape.bars) == [BTC]

"""One run has one outcome: in another process, replayed from its journal, and after a restart."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.worlds import EXITS, STRATEGIES, SYMBOLS, USDT, Case, cases, instrument, market
from thunes.adapters.storage.reading import read_header
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine, engine_from_header
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.event import Event
from thunes.core.domain.line import Outcome, encode
from thunes.core.domain.units import NS_PER_SECOND, StrategyId
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.state import State
from thunes.ops.audit import replay, verify

HOUR = 3_600 * NS_PER_SECOND
CLI = [sys.executable, "-c", "from thunes.cli import main; main()", "backtest"]


def save(path: Path, seed: int, rows: int) -> Path:
    bars = market(seed, rows)
    table = {"ts": bars.open_time // 1_000_000} | {
        name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")
    }
    with duckdb.connect() as database:
        database.register("bars", table)
        database.execute(f"COPY bars TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("strategy", ["sma_cross", "grid"])
def test_another_hash_seed_gives_the_same_outcome(strategy: str, tmp_path: Path) -> None:
    name = {"sma_cross": "cross", "grid": "grid"}[strategy]
    flags = ["--strategy", strategy, "--sizing", "equity:20%", "--timeframe", "1h", "--json"]
    flags += ["--fee-asset", "received", "--stop", "2%", "--take-profit", "1%:0.4,2%:0.4"]
    for key, value in STRATEGIES[name][1].items():
        flags += ["--param", f"{key}={value}"]
    for place, symbol in enumerate(SYMBOLS):
        flags += ["--bars", f"{symbol}={save(tmp_path / f'{symbol}.parquet', place, 300)}"]
    told = []
    for seed in ("1", "2"):
        trades = tmp_path / f"trades-{seed}.csv"
        done = subprocess.run(
            [*CLI, *flags, "--trades", str(trades)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        told.append((json.loads(done.stdout), trades.read_text()))
    assert told[0] == told[1]
    assert told[0][0]["trades"] > 3
    assert len(told[0][0]["outcome_hash"]) == 64


def replays(case: Case) -> int:
    """Run with a journal, replay it, and compare; how many steps that were."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        run_backtest(case.spec, case.columns, replace(case.world, journal=journal))
        assert verify(journal).ok
        engine = engine_from_header(read_header(journal), journal)
        replayed = replay(journal, engine.step)
        assert replayed.difference is None
        return replayed.steps


def plain(name: str, exits: str = "runner") -> Case:
    """One named strategy on three symbols."""
    columns = {symbol: market(10 + k, 400) for k, symbol in enumerate(SYMBOLS)}
    spec = RunSpec(
        quote=USDT,
        timeframe=HOUR,
        instruments=tuple(map(instrument, SYMBOLS)),
        strategies=(StrategySpec(StrategyId("one"), *STRATEGIES[name], SYMBOLS),),
        sizing=parse_sizing("equity:20%"),
        exits=EXITS[exits],
        costs=Costs(fee_bps=Decimal(10)),
    )
    return Case(spec, columns, World({USDT: Decimal(10_000)}))


@pytest.mark.parametrize("name", ["cross", "rsi", "donchian", "dca", "grid", "patient"])
def test_a_replay_of_each_strategy_gives_the_same_outcomes(name: str) -> None:
    assert replays(plain(name)) > 50


@settings(max_examples=60)
@given(cases(rows_max=120))
def test_a_replay_gives_the_same_outcomes(case: Case) -> None:
    replays(case)


@dataclass
class Steps:
    """A watch that keeps every event with its outcome, and a snapshot after every k-th."""

    state: State
    every: int
    events: list[Event] = field(default_factory=list)
    outcomes: list[bytes] = field(default_factory=list)
    snapshots: dict[int, bytes] = field(default_factory=dict)

    def __call__(self, event: Event, outcome: Outcome) -> None:
        self.events.append(event)
        self.outcomes.append(encode((outcome.commands, outcome.facts)))
        if len(self.events) % self.every == 0:
            self.snapshots[len(self.events)] = self.state.snapshot()


def goes_on(case: Case, every: int) -> int:
    """Restart from every k-th step and go on to the end; how many restarts that were."""
    built = build_engine(case.spec, case.columns)
    steps = Steps(built.engine.state, every)
    run_backtest(case.spec, case.columns, case.world, (built, steps))
    for done, snapshot in steps.snapshots.items():
        engine = build_engine(case.spec, case.columns).engine
        engine.state.restore(snapshot)
        assert engine.state.snapshot() == snapshot
        for event, expected in zip(steps.events[done:], steps.outcomes[done:], strict=True):
            outcome = engine.step(event)
            assert encode((outcome.commands, outcome.facts)) == expected
        assert engine.state.digest() == built.engine.state.digest()
    return len(steps.snapshots)


@settings(max_examples=60)
@given(cases(rows_max=100), st.integers(11, 60))
def test_a_restart_changes_nothing(case: Case, every: int) -> None:
    goes_on(case, every)


@pytest.mark.parametrize("name", ["cross", "rsi", "donchian", "dca", "grid", "patient"])
def test_a_restart_of_each_strategy_changes_nothing(name: str) -> None:
    assert goes_on(plain(name, "ladder"), 29) > 3

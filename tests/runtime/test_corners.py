"""Corners where a run once broke: few kinds of trouble at a time, and all that must hold there."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from tests.core.witness import witnessed
from tests.runtime.test_determinism import goes_on, replays
from tests.runtime.test_skipping import run
from tests.runtime.worlds import (
    BNB,
    EXITS,
    HOUR,
    START,
    STRATEGIES,
    SYMBOLS,
    USDT,
    Case,
    instrument,
    market,
)
from thunes.compose.backtest import World
from thunes.compose.spec import Costs, Friction, RunSpec, StrategySpec
from thunes.core.domain.errors import UsageError
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import Instant, Money, StrategyId
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits

D = Decimal
WATCHED = Limits(
    drawdown_warning=D("0.003"),
    drawdown_limit=D("0.2"),
    daily_loss_share=D("0.02"),
    daily_loss_lifted_by="day",
)
AT_ONCE = Friction()
IN_PARTS = Friction(participation=D("0.05"))
LATE = Friction(latency_ms=2 * 3_600_000)


def corner(
    seed: int,
    names: str,
    exits: str = "stop and target",
    sizing: str = "equity:25%",
    limits: Limits = WIDE_OPEN,
    fee_asset: str = "quote",
    friction: Friction = AT_ONCE,
    acts: str = "",
    first: int = 0,
    spare: str = "2",
) -> Case:
    """Three symbols, listed one after the other; `names` of strategies, `acts` as `pause@30`.

    With fees in BNB `spare` of it is held to begin with, and BNB is traded beside the others.
    """
    in_bnb = fee_asset == "bnb"
    late = {symbol: 0 if in_bnb else 15 * place for place, symbol in enumerate(SYMBOLS)}
    columns = {s: market((first + seed) * 7 + late[s], 160 - late[s], late[s]) for s in SYMBOLS}
    if in_bnb:  # what pays the fees is traded by others every fifth hour only
        bars = columns[SYMBOLS[1]]
        columns[SYMBOLS[1]] = BarColumns(*(getattr(bars, f.name)[::5] for f in fields(bars)))
    spec = RunSpec(
        quote=USDT,
        timeframe=HOUR,
        instruments=tuple(map(instrument, SYMBOLS)),
        strategies=tuple(
            StrategySpec(StrategyId(name), *STRATEGIES[name], SYMBOLS) for name in names.split("+")
        ),
        sizing=parse_sizing(sizing),
        exits=EXITS[exits],
        limits=limits,
        costs=Costs(fee_bps=D(10), fee_asset=fee_asset, slippage_bps=D(5)),
    )
    operators = [
        OperatorActed(
            at=Instant(START + int(row) * HOUR + 1),
            cause=Cause(f"operator_{verb}"),
            who="operator",
            why="a test",
        )
        for verb, row in (act.split("@") for act in acts.split())
    ]
    balances = {USDT: D(10_000), **({BNB: D(spare)} if in_bnb else {})}
    return Case(spec, columns, World(balances, friction, operators=operators))


CORNERS = {
    "exits in parts, dust in between": {"names": "cross", "friction": IN_PARTS},
    "a stop to be raised while an exit works": {
        "names": "cross+slow cross",
        "exits": "trail",
        "friction": IN_PARTS,
    },
    "a grid that pays its fees in coins": {"names": "grid", "fee_asset": "received"},
    "fees in the coins bought": {"names": "cross+dca", "fee_asset": "received"},
    "fees in coins, entries in parts": {
        "names": "cross",
        "fee_asset": "received",
        "friction": IN_PARTS,
        "sizing": "all_cash",
    },
    "fees in BNB that is seldom traded": {"names": "grid+cross", "fee_asset": "bnb"},
    "fees in BNB": {"names": "grid+cross", "fee_asset": "bnb", "limits": WATCHED},
    "a position pays the fees of others": {
        "names": "cross+dca",
        "exits": "by signal",
        "fee_asset": "bnb",
        "spare": "0",
    },
    "a position with a stop pays the fees of others, in parts": {
        "names": "cross+patient",
        "fee_asset": "bnb",
        "spare": "0.01",
        "friction": Friction(latency_ms=700, participation=D("0.4")),
    },
    "a position pays while its stop travels": {
        "names": "rsi+patient, kept",
        "exits": "runner",
        "fee_asset": "bnb",
        "spare": "0",
        "friction": LATE,
    },
    "equity in dust": {"names": "cross", "fee_asset": "received", "limits": WATCHED},
    "a grid and another strategy on one symbol": {"names": "patient, kept+grid"},
    "peaks between the steps": {"names": "cross", "exits": "runner", "limits": WATCHED},
    "peaks before a stop trails": {"names": "cross", "exits": "runner"},
    "cash kept back for entries": {"names": "patient, kept", "fee_asset": "received"},
    "operators while commands travel": {
        "names": "patient+cross",
        "friction": Friction(latency_ms=700),
        "acts": "pause@20 resume@40 kill@70 resume@71",
    },
    "operators act before a cancel comes back": {
        "names": "cross",
        "exits": "stop",
        "friction": Friction(latency_ms=700),
        "acts": " ".join(f"resume@{row}" for row in range(1, 160)),
    },
    "an entry in parts is called off, and the part protected": {
        "names": "cross",
        "exits": "target",
        "friction": IN_PARTS,
        "acts": " ".join(f"kill@{row} resume@{row + 1}" for row in range(1, 158, 2)),
    },
    **{
        f"only {name}": {
            "names": "slow cross",
            "exits": "by signal",
            "sizing": "all_cash",
            "limits": Limits(**{name: value}, daily_loss_lifted_by="day"),
        }
        for name, value in {
            "daily_loss": Money(D(30)),
            "daily_loss_share": D("0.004"),
            "drawdown_warning": D("0.01"),
            "drawdown_limit": D("0.02"),
        }.items()
    },
    "late commands and gaps": {"names": "patient+cross", "friction": LATE},
    "sizes without end": {
        "names": "cross+patient",
        "exits": "stop",
        "sizing": "risk:1%",
        "first": 9,
    },
    "a kill after a restart": {"names": "grid", "acts": "kill@50 resume@60 kill@90"},
    "news at a row that is visited anyway": {"names": "dca+patient", "limits": WATCHED},
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CORNERS)
def test_everything_holds_in_this_corner(name: str, seed: int) -> None:
    case = corner(seed, **CORNERS[name])
    witnessed(case.spec, case.columns, case.world)
    every, skipped = run(case, every_bar=True), run(case, every_bar=False)
    assert skipped.outcome_hash == every.outcome_hash
    assert skipped.built.engine.state.digest() == every.built.engine.state.digest()
    replays(case)
    goes_on(case, 61)


def test_what_has_no_price_at_the_start_is_not_held() -> None:
    case = corner(1, "cross")
    world = replace(case.world, balances={USDT: D(100), BNB: D(1)})
    with pytest.raises(UsageError, match="1 BNB is held from the start, but its first bar comes"):
        run(replace(case, world=world), every_bar=True)

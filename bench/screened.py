"""The screen as a work item: the peers' grids of averages, every figure told."""

from collections.abc import Mapping
from functools import partial

from bench.harness import OURS, Result, Row, measure
from thunes.compose.backtest import World
from thunes.compose.screened import terms_of
from thunes.compose.spec import RunSpec
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol
from thunes.core.market.bars import Bars
from thunes.core.strategy.sma_cross import SmaCross
from thunes.research.screen import screen

Job = tuple[RunSpec, Mapping[Symbol, BarColumns], World]
Pairs = list[SmaCross]

THOUSAND: Pairs = [SmaCross(fast=5 + i, slow=30 + 5 * j) for i in range(25) for j in range(40)]
YEARS: Pairs = [SmaCross(fast=5 + 2 * i, slow=30 + 7 * j) for i in range(10) for j in range(30)]
ONE: Pairs = [SmaCross()]


def row(work: str, one: Job, pairs: Pairs, runs: int) -> Row:
    """The whole user call: bars checked, signals, every trade and every figure."""
    units = len(pairs) * sum(len(each) for each in one[1].values())
    found = Row(work=work, who=OURS, times=[], units=units, unit="bar-sets/s")
    return measure(found, partial(_screened, one, pairs), runs)


def _screened(one: Job, pairs: Pairs) -> Result:
    """The sum of the final equities, and all entries."""
    spec, market, world = one
    bars = {symbol: Bars(symbol, spec.timeframe, each) for symbol, each in market.items()}
    found = screen(bars, pairs, terms_of(spec, world))
    return float(found.final_equity.sum()), int(found.entries.sum())

"""Runs of a search: sets of parameters by the screen where it can tell, else by the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import msgspec
import numpy as np

from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.screened import terms_of
from thunes.compose.spec import RunSpec
from thunes.compose.strategies import load_kind
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_DAY, Symbol
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape
from thunes.core.stats.drawdown import max_drawdown
from thunes.core.stats.performance import daily_equity, period_returns
from thunes.core.strategy.catalog import build
from thunes.core.strategy.protocol import SignalStrategy, Strategy
from thunes.research.measure import equity_curve
from thunes.research.recording import Recording
from thunes.research.screen import MEMORY, Screened, screen
from thunes.research.search.trying import Outcome
from thunes.research.sweep.terms import Terms


@dataclass(frozen=True)
class Ground:
    """What a search stands on: a run of one strategy, its bars, and the world it runs in.

    `data` is the hash of all bars of the search. Bars that open before `since` (ns UTC) only warm
    up. `memory` is bytes for the screen. `closing`: what is held at the last close is sold there,
    at its costs, and only the engine is asked.
    """

    spec: RunSpec
    columns: Mapping[Symbol, BarColumns]
    world: World
    data: str
    since: int = 0
    memory: int = MEMORY
    closing: bool = False

    @cached_property
    def kind(self) -> type[Strategy]:
        """The class of the strategy."""
        return load_kind(self.spec.strategies[0].source)[0]

    @cached_property
    def bars(self) -> dict[Symbol, Bars]:
        """By symbol; a strategy that asks events has none to warm up on."""
        timeframe = self.spec.timeframe
        found = {symbol: Bars(symbol, timeframe, each) for symbol, each in self.columns.items()}
        if self.since and not issubclass(self.kind, SignalStrategy):
            return {symbol: _from(each, self.since) for symbol, each in found.items()}
        return found

    @cached_property
    def days(self) -> Ints:
        """The ends (ns UTC) of the days that have a return, ascending."""
        times = Tape(self.bars).times
        first = max(int(times[0]) - 1, self.since) // NS_PER_DAY
        return (np.arange(first, (int(times[-1]) - 1) // NS_PER_DAY + 1) + 1) * NS_PER_DAY

    @cached_property
    def terms(self) -> Terms | None:
        """What a screen has to know; None where only the engine can tell."""
        try:
            terms = terms_of(self.spec, self.world)
        except UsageError:
            return None
        if self.closing:
            return None
        return replace(terms, since=self.since) if issubclass(self.kind, SignalStrategy) else None

    def with_parameters(self, parameters: Mapping[str, str]) -> "Ground":
        """The same ground for one set of all parameters."""
        one = msgspec.structs.replace(self.spec.strategies[0], parameters=dict(parameters))
        return replace(self, spec=msgspec.structs.replace(self.spec, strategies=(one,)))

    def between(self, first: int, last: int) -> "Ground":
        """The same ground for bars that open in first..last (ns UTC), those before to warm up."""
        columns = {}
        for symbol, each in self.columns.items():
            rows = int(np.searchsorted(each.open_time, last))
            if rows == 0 or int(each.open_time[rows - 1]) < first:
                continue  # not listed yet, or no more
            columns[symbol] = each.rows(0, rows)
        one = self.spec.strategies[0]
        traded = tuple(symbol for symbol in one.symbols if symbol in columns)
        if not traded:
            raise DataError("no symbol that is traded has a bar in one of the windows")
        spec = msgspec.structs.replace(
            self.spec, strategies=(msgspec.structs.replace(one, symbols=traded),)
        )
        return replace(self, spec=spec, columns=columns, since=first)


def run_sets(ground: Ground, sets: Sequence[Mapping[str, str]]) -> list[Outcome]:
    """One outcome for each set of parameters, over the days of `ground`. Raises as the engine."""
    terms = ground.terms
    strategies = [build(ground.kind, parameters) for parameters in sets]
    signals = [each for each in strategies if isinstance(each, SignalStrategy)]
    if terms is None or len(signals) < len(strategies):
        return [run_engine(ground.with_parameters(each)) for each in sets]
    screened = screen(ground.bars, signals, terms, ground.memory, keep_daily=True)
    daily = _daily(ground, screened)
    return [
        run_engine(ground.with_parameters(parameters))
        if screened.doubts[n]
        else Outcome(daily[n], _number(screened.max_drawdown[n]), int(screened.trades[n]))
        for n, parameters in enumerate(sets)
    ]


def run_engine(ground: Ground) -> Outcome:
    """What the one set of `ground` comes to by the engine."""
    columns = {symbol: each.columns for symbol, each in ground.bars.items()}
    built = build_engine(ground.spec, columns, since=ground.since)
    recording = Recording(built.engine.state)
    run_backtest(ground.spec, columns, ground.world, (built, recording))
    curve = equity_curve(recording, built.tape, ground.spec.quote)
    initial = initial_equity(ground)
    if ground.closing:
        costs = float(ground.spec.costs.fee_rate + ground.spec.costs.slippage_bps / 10_000)
        curve.equity[-1] *= 1 - costs * curve.exposure[-1]
    returns = period_returns(daily_equity(curve.at, curve.equity, initial))
    drawdown = max_drawdown(np.concatenate(([initial], curve.equity)))
    return Outcome(returns[-ground.days.size :], drawdown, len(recording.trades))


def initial_equity(ground: Ground) -> float:
    """What the account is worth before the first bar."""
    worth = Decimal(0)
    for asset, amount in ground.world.balances.items():
        price = Decimal(1)
        for each in ground.spec.instruments:
            if each.base == asset and asset != ground.spec.quote and amount:
                price = Decimal(repr(float(ground.bars[each.symbol].open[0])))
        worth += amount * price
    return float(worth)


def _daily(ground: Ground, screened: Screened) -> Floats:
    """Returns of each day, sets x days; a day without bars earned nothing."""
    assert screened.daily is not None, "it was asked for"
    times = Tape(ground.bars).times
    day = (times - 1) // NS_PER_DAY
    known = day[np.flatnonzero(np.append(np.diff(day) != 0, True))]
    wanted = ground.days // NS_PER_DAY - 1
    places = np.searchsorted(known, wanted, side="right") - 1
    before = np.full((len(screened.daily), 1), initial_equity(ground))
    equity = np.concatenate((before, screened.daily[:, places]), axis=1)
    return np.array([period_returns(line) for line in equity])


def _from(bars: Bars, since: int) -> Bars:
    first = int(np.searchsorted(bars.open_time, since))
    return Bars(bars.symbol, bars.timeframe, bars.columns.rows(first, len(bars)))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

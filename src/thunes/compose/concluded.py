"""Concluded searches: what is shown is run by the engine first, at its costs and at twice them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from thunes.compose.asked import Asked
from thunes.compose.measured import settings_of
from thunes.compose.screened import confirm
from thunes.compose.searched import Ground, initial_equity, run_sets
from thunes.compose.strategies import load_kind
from thunes.core.domain.errors import UsageError
from thunes.core.strategy.catalog import build
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.examination import gates_hold
from thunes.research.search.concluding import Chosen, conclude
from thunes.research.search.result import Ran, Searched
from thunes.research.search.space import Point
from thunes.research.search.trying import Trying

CONFIRMED = 5
"""So many of the best are run by the engine as well, beside the choice."""


def concluded(
    ground: Ground, trying: Trying, chosen: Point, scores: Mapping[Point, float], asked: Asked
) -> Searched:
    """Put a search together. ScreenDisagrees: the engine makes other trades of a set shown."""
    ranked = sorted((p for p in scores if scores[p] == scores[p]), key=lambda p: -scores[p])
    for point in dict.fromkeys([chosen, *ranked[:CONFIRMED]]):
        confirm_set(ground, trying.space.whole(point))
    parameters = trying.space.whole(chosen)
    choice = Chosen(
        point=chosen,
        scores=scores,
        doubled_costs=return_at(doubled(ground), parameters),
        gates_hold=gates_pass(ground, parameters),
        seed=asked.seed,
    )
    ran = ran_on(ground, trying.terms.study, asked.settings(trying.space))
    return conclude(ran, ground.days, initial_equity(ground), trying, choice)


def confirm_set(ground: Ground, parameters: Mapping[str, str]) -> None:
    """Run a set by the engine if its figures are the screen's. ScreenDisagrees."""
    if ground.terms is None:
        return
    one = ground.with_parameters(parameters)
    columns = {symbol: each.columns for symbol, each in ground.bars.items()}
    try:
        confirm(one.spec, columns, one.world, one.since)
    except UsageError:
        return  # a set that leads out of what is screened was run by the engine to begin with


def doubled(ground: Ground) -> Ground:
    """The same ground at twice the fees and twice the slippage."""
    costs = ground.spec.costs
    twice = msgspec.structs.replace(
        costs, fee_bps=2 * costs.fee_bps, slippage_bps=2 * costs.slippage_bps
    )
    return replace(ground, spec=msgspec.structs.replace(ground.spec, costs=twice))


def return_at(ground: Ground, parameters: Mapping[str, str]) -> float:
    """The total return of a set on a ground."""
    returns = run_sets(ground, [parameters])[0].returns
    return float(np.prod(1 + returns) - 1)


def gates_pass(ground: Ground, parameters: Mapping[str, str]) -> bool | None:
    """Whether the gates against look-ahead hold, the null market among them.

    Those that come with THUNES are held to them by its tests. None for a strategy that cannot be
    asked.
    """
    one = ground.spec.strategies[0]
    # A class of its own: what one that has seen all bars remembers would answer for it.
    strategy = build(load_kind(one.source)[0], parameters)
    if not isinstance(strategy, SignalStrategy):
        return None
    return not one.sha256 or not gates_hold(strategy, ground.bars[one.symbols[0]])


def ran_on(ground: Ground, study: str, settings: Sequence[tuple[str, str]] = ()) -> Ran:
    """The words that stand above every table and page of a search."""
    opens = [int(each.open_time[0]) for each in ground.columns.values()]
    ends = [int(each.open_time[-1]) for each in ground.columns.values()]
    return Ran(
        study=study,
        strategy=ground.spec.strategies[0].source,
        symbols=tuple(ground.spec.strategies[0].symbols),
        quote=ground.spec.quote,
        timeframe=ground.spec.timeframe,
        start=max(min(opens), ground.since),
        end=max(ends) + ground.spec.timeframe,
        settings=(*settings_of(ground.spec, ground.world), *settings),
        fixed=ground.spec.strategies[0].parameters,
        data=ground.data,
    )

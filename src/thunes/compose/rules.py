"""The rules of a run: what a configuration comes to on the instruments of a venue."""

from pathlib import Path

from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.compose.strategies import specify_strategy
from thunes.config import limits_of
from thunes.config.loading import Loaded
from thunes.config.tables import Plan
from thunes.core.domain.amounts import fraction
from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Asset, Symbol, parse_timeframe
from thunes.core.portfolio.sizing import parse_sizing


def rules_of(loaded: Loaded, instruments: tuple[Instrument, ...]) -> RunSpec:
    """Everything that decides what a run does. Raises UsageError for a strategy that cannot be
    loaded, and for instruments in another quote asset than the account's."""
    config = loaded.config
    for each in instruments:
        if each.quote != config.account.quote:
            raise UsageError(
                f"{each.symbol} is quoted in {each.quote}, but account.quote is "
                f"{config.account.quote}: one account has one quote asset, change one of the two"
            )
    cap = config.entries.cap
    return RunSpec(
        quote=Asset(config.account.quote),
        timeframe=parse_timeframe(config.run.timeframe),
        instruments=instruments,
        strategies=strategies_in(loaded),
        sizing=parse_sizing(config.sizing.rule),
        exits=config.exits.text().plan(),
        limits=limits_of(config),
        costs=Costs(config.costs.fee_bps, config.costs.fee_asset, config.costs.slippage_bps),
        entry_cap=fraction("entries.cap", cap) if cap else None,
    )


def strategies_in(loaded: Loaded) -> tuple[StrategySpec, ...]:
    """Every `[[strategy]]`, with its parameters checked and its file read."""
    return tuple(
        specify_strategy(
            source_of(plan, loaded.folder),
            plan.parameters,
            tuple(Symbol(each) for each in plan.symbols or loaded.config.run.symbols),
            plan.name,
        )
        for plan in loaded.config.strategy
    )


def source_of(plan: Plan, folder: Path) -> str:
    """As it is loaded: a strategy's file is looked for where the configuration lies."""
    file, sign, name = plan.source.rpartition(":")
    return f"{folder / file}:{name}" if sign else plan.source

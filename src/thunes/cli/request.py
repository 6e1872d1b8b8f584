"""The request: flags and configuration of a backtest, made into one specification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from thunes.cli.amounts import fraction, ladder, number, pairs
from thunes.cli.market import MarketAsked, MarketFlags, market_asked
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO, Asset, Symbol
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits

if TYPE_CHECKING:
    from thunes.config import Config


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said; None where it said nothing."""

    market: MarketFlags
    strategy: str
    parameters: Sequence[str]
    cash: str | None
    fee_bps: str | None
    fee_asset: str | None
    slippage_bps: str | None
    sizing: str | None
    stop: str | None
    take_profit: str | None
    trail: str | None
    trail_after: int | None
    break_even_after: int | None
    balances: Sequence[str]


@dataclass(frozen=True, slots=True)
class Request:
    """A backtest that can be run: what decides, the bars, and what the account begins with."""

    spec: RunSpec
    columns: Mapping[Symbol, BarColumns]
    balances: Mapping[Asset, Decimal]


def prepare(flags: Flags, config: "Config | None") -> Request:
    """Read the bars and make the specification; flags win over the configuration."""
    # What can be told from the words alone is told before a file is read.
    sizing = parse_sizing(flags.sizing or (config.sizing.rule if config else "all_cash"))
    exits, costs = _exits(flags, config), _costs(flags, config)
    cash = _cash(flags, config)
    market = market_asked(flags.market)
    strategy = specify_strategy(flags.strategy, pairs(flags.parameters), market.traded)
    spec = RunSpec(
        quote=market.instruments[0].quote,
        timeframe=market.timeframe,
        instruments=market.instruments,
        strategies=(strategy,),
        sizing=sizing,
        exits=exits,
        limits=_limits(config),
        costs=costs,
    )
    return Request(spec, market.columns, _balances(cash, flags, market))


def _cash(flags: Flags, config: "Config | None") -> Decimal:
    cash = config.account.cash if config else Decimal(10_000)
    if flags.cash is not None:
        cash = number("--cash", flags.cash)
    if cash <= ZERO:
        raise UsageError(f"--cash must be above zero, not {cash}")
    return cash


def _balances(cash: Decimal, flags: Flags, market: MarketAsked) -> dict[Asset, Decimal]:
    balances = {market.instruments[0].quote: cash}
    priced = [instrument.base for instrument in market.instruments]
    for name, text in pairs(flags.balances).items():
        amount = number("--balance", text)
        if Asset(name) not in priced:
            raise UsageError(
                f"--balance {name}: there are no bars to value it; add --bars {name}USDT=FILE"
            )
        if amount < ZERO:
            raise UsageError(f"--balance {name}: {amount} is below zero")
        balances[Asset(name)] = amount
    return balances


def _costs(flags: Flags, config: "Config | None") -> Costs:
    section = config.costs if config else None
    fee = section.fee_bps if section else Decimal(10)
    slippage = section.slippage_bps if section else Decimal(5)
    asset = flags.fee_asset or (section.fee_asset if section else "quote")
    if flags.fee_bps is not None:
        fee = number("--fee-bps", flags.fee_bps)
    if flags.slippage_bps is not None:
        slippage = number("--slippage-bps", flags.slippage_bps)
    for flag, value in (("--fee-bps", fee), ("--slippage-bps", slippage)):
        if not ZERO <= value < 1_000:
            raise UsageError(f"{flag} {value} must lie from 0 to below 1000")
    if asset not in ("quote", "received", "bnb"):
        raise UsageError(f"--fee-asset {asset!r} is none of quote, received, bnb")
    return Costs(fee_bps=fee, fee_asset=asset, slippage_bps=slippage)


def _exits(flags: Flags, config: "Config | None") -> ExitPlan:
    section = config.exits if config else None
    stop = flags.stop if flags.stop is not None else (section.stop if section else "")
    targets = flags.take_profit
    if targets is None:
        targets = section.take_profit if section else ""
    trail = flags.trail if flags.trail is not None else (section.trail if section else "")
    trail_after = flags.trail_after
    if trail_after is None:
        trail_after = section.trail_after if section else 0
    even = flags.break_even_after
    if even is None and section is not None:
        even = section.break_even_after
    if trail and not stop:
        raise UsageError("--trail moves a stop: give --stop as well")
    return ExitPlan(
        stop_distance=fraction("--stop", stop) if stop else None,
        targets=ladder(targets) if targets else (),
        break_even_after=even,
        trail_distance=fraction("--trail", trail) if trail else None,
        trail_after=trail_after if trail else None,
    )


def _limits(config: "Config | None") -> Limits:
    if config is None:
        return WIDE_OPEN
    from thunes.config import check_relations

    return check_relations(config)

"""The request: flags and configuration of a backtest, made into one specification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from thunes.cli.market import MarketAsked, MarketFlags, market_asked
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.compose.strategies import name_of, specify_strategy
from thunes.core.domain.amounts import LARGEST, fraction, number, pairs
from thunes.core.domain.errors import UsageError
from thunes.core.domain.exit_text import ExitText
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO, Asset, Money, Symbol
from thunes.core.portfolio.sizing import Sizing, parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.strategy.catalog import names_no_stop

if TYPE_CHECKING:
    from thunes.config import Config


@dataclass(frozen=True, slots=True)
class ExitFlags:
    """How positions are to be left; None where the command line said nothing."""

    stop: str | None = None
    take_profit: str | None = None
    trail: str | None = None
    trail_after: int | None = None
    break_even_after: int | None = None


@dataclass(frozen=True, slots=True)
class AccountFlags:
    """What the account begins with and what it pays; None where the command line said nothing."""

    cash: str | None = None
    balances: Sequence[str] = ()
    fee_bps: str | None = None
    fee_asset: str | None = None
    slippage_bps: str | None = None
    sizing: str | None = None
    entry_cap: str | None = None


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said of the run."""

    market: MarketFlags
    strategies: Sequence[str]
    parameters: Sequence[str]
    account: AccountFlags
    exits: ExitFlags


@dataclass(frozen=True, slots=True)
class Request:
    """A backtest that can be run: what decides, the bars, and what the account begins with."""

    spec: RunSpec
    columns: Mapping[Symbol, BarColumns]
    balances: Mapping[Asset, Decimal]


def prepare(flags: Flags, config: "Config | None") -> Request:
    """Read the bars and make the specification; flags win over the configuration."""
    # What can be told from the words alone is told before a file is read.
    account = flags.account
    sizing = parse_sizing(account.sizing or (config.sizing.rule if config else "all_cash"))
    exits, costs = _exits(flags.exits, config), _costs(account, config)
    entry_cap = _entry_cap(account.entry_cap, config)
    if exits.stop_distance is None and sizing.kind == "risk":
        _stop_of_their_own(flags.strategies, "--sizing risk is reckoned from the stop")
    if exits.stop_distance is None and entry_cap is not None:
        _stop_of_their_own(flags.strategies, "with --entry-cap an entry brings its stop along")
    cash = _cash(account, config)
    limits = _limits(config, sizing, cash)
    parameters = _by_strategy(flags)
    market = market_asked(flags.market)
    if config and flags.market.quote is None:
        _same_quote(config.account.quote, market)
    _affordable(cash, market)
    spec = RunSpec(
        quote=market.instruments[0].quote,
        timeframe=market.timeframe,
        instruments=market.instruments,
        strategies=_strategies(parameters, market.traded),
        sizing=sizing,
        exits=exits,
        limits=limits,
        costs=costs,
        entry_cap=entry_cap,
    )
    return Request(spec, market.columns, _balances(cash, account, market))


def _stop_of_their_own(sources: Sequence[str], why: str) -> None:
    for source in sources:
        if names_no_stop(source):
            raise UsageError(f"{why}, and {source} names none: give --stop")


def _by_strategy(flags: Flags) -> dict[str, dict[str, str]]:
    """The parameters of each strategy by its source; with several they are named by owner."""
    sources = {name_of(source): source for source in flags.strategies}
    if len(sources) < len(flags.strategies):
        raise UsageError("--strategy: each may be given once; two of one name would be mixed up")
    found: dict[str, dict[str, str]] = {source: {} for source in flags.strategies}
    for text, value in pairs("--param", flags.parameters).items():
        owner, dot, name = text.rpartition(".")
        if not dot and len(sources) > 1:
            raise UsageError(
                f"--param {text}={value}: say whose it is, as in "
                f"{next(iter(sources))}.{text}={value}"
            )
        if dot and owner not in sources:
            raise UsageError(
                f"--param {text}={value}: no strategy {owner!r} runs here, but {', '.join(sources)}"
            )
        found[sources[owner] if dot else flags.strategies[0]][name] = value
    return found


def _strategies(
    parameters: Mapping[str, Mapping[str, str]], traded: tuple[Symbol, ...]
) -> tuple[StrategySpec, ...]:
    return tuple(specify_strategy(source, given, traded) for source, given in parameters.items())


def _cash(flags: AccountFlags, config: "Config | None") -> Decimal:
    cash = config.account.cash if config else Decimal(10_000)
    if flags.cash is not None:
        cash = number("--cash", flags.cash)
    if not ZERO < cash <= LARGEST:
        raise UsageError(f"the cash (--cash) must be above zero and at most 1e18, not {cash}")
    return cash


def _same_quote(quote: str, market: MarketAsked) -> None:
    traded = market.instruments[0]
    if traded.quote != quote:
        raise UsageError(
            f"{traded.symbol} is quoted in {traded.quote}, but account.quote of the configuration "
            f"is {quote}; change it, or say --quote {traded.quote}"
        )


def _affordable(cash: Decimal, market: MarketAsked) -> None:
    """The smallest order there is must be payable, or nothing could ever trade."""
    least = {}
    for each in market.instruments:
        if each.symbol in market.traded:
            lowest = Decimal(repr(float(market.columns[each.symbol].low.min())))
            smallest = max(each.min_quantity, each.step) * lowest
            least[each.symbol] = max(each.min_notional, smallest)
    symbol = min(least, key=lambda each: least[each])
    if least[symbol] > cash:
        raise UsageError(
            f"the smallest order in {symbol} costs {least[symbol]:f} (least value and step), but "
            f"the cash is {cash:f}: nothing could ever be bought"
        )


def _balances(cash: Decimal, flags: AccountFlags, market: MarketAsked) -> dict[Asset, Decimal]:
    quote = market.instruments[0].quote
    balances = {quote: cash}
    priced = [instrument.base for instrument in market.instruments]
    for name, text in pairs("--balance", flags.balances).items():
        amount = number("--balance", text)
        if name == quote:
            raise UsageError(f"--balance {name}: that is the cash; say --cash {text}")
        if Asset(name) not in priced:
            raise UsageError(
                f"--balance {name}: there are no bars to value it; add --bars {name}{quote}=FILE"
            )
        if amount < ZERO:
            raise UsageError(f"--balance {name}: {amount} is below zero")
        balances[Asset(name)] = amount
    return balances


def _costs(flags: AccountFlags, config: "Config | None") -> Costs:
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


def _entry_cap(flag: str | None, config: "Config | None") -> Decimal | None:
    if flag is None and config is not None:
        place, text = "entries.cap of the configuration", config.entries.cap
    else:
        place, text = "--entry-cap", flag or ""
    return fraction(place, text) if text else None


def _exits(flags: ExitFlags, config: "Config | None") -> ExitPlan:
    told = ExitText() if config is None else config.exits.text()
    given = {name: getattr(flags, name) for name in ExitText.__dataclass_fields__}
    text = replace(told, **{name: each for name, each in given.items() if each is not None})

    def named(name: str) -> str:
        if config is None or given[name] is not None:
            return f"--{name.replace('_', '-')}"
        return f"exits.{name} of the configuration"

    if flags.trail_after is not None and not text.trail:
        raise UsageError("--trail-after says when --trail begins: give --trail as well")
    for name, said in text.faults(named):
        raise UsageError(f"{named(name)}: {said}")
    return text.plan()


def _limits(config: "Config | None", sizing: Sizing, cash: Decimal) -> Limits:
    if config is None:
        return WIDE_OPEN
    from thunes.config import limits_of

    limits = limits_of(config)
    if sizing.kind == "fixed":
        limits.check_order(Money(sizing.value), Money(cash))
    return limits

"""Flags of a run over the past: the same for every verb that asks for one."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from typer import Option

if TYPE_CHECKING:
    from thunes.cli.request import Flags

_Texts = list[str] | None
_Strategy = Annotated[
    list[str],
    Option(help="A name of `thunes strategies`, or FILE.py:Class. May repeat: one account."),
]
_Bars = Annotated[
    list[str], Option(help="FILE, or SYMBOL=FILE for each symbol of one account. May repeat.")
]
_Param = Annotated[
    _Texts, Option(help="NAME=VALUE of the strategy; STRATEGY.NAME=VALUE where several run.")
]
_Symbol = Annotated[_Texts, Option(help="What to trade; every symbol with bars if absent.")]
_Timeframe = Annotated[
    str | None, Option(help="1m, 1h, 1d ...: finer bars are aggregated to it. Default: the bars'.")
]
_From = Annotated[str | None, Option("--from", help="First open time, ISO 8601, UTC.")]
_To = Annotated[str | None, Option("--to", help="First open time left out, ISO 8601, UTC.")]
_Config = Annotated[
    Path | None,
    Option(
        help="A thunes.toml (`thunes init`) for what no flag says. Its limits apply; "
        "without it they stand wide open. THUNES_LIMITS__DAILY_LOSS and the like win over it."
    ),
]
_Cash = Annotated[str | None, Option(help="Quote money to begin with. Default: 10000.")]
_Balance = Annotated[_Texts, Option(help="ASSET=AMOUNT held besides the cash, as BNB=2.")]
_Quote = Annotated[str | None, Option(help="The quote asset, where the symbol does not tell.")]
_FeeBps = Annotated[str | None, Option(help="Fee a side, basis points. Default: 10.")]
_FeeAsset = Annotated[
    str | None, Option(help="quote, received (as Binance) or bnb. Default: quote.")
]
_SlippageBps = Annotated[
    str | None, Option(help="Half spread and slippage a side, basis points. Default: 5.")
]
_Tick = Annotated[str, Option(help="Step of prices, in quote.")]
_Step = Annotated[str, Option(help="Step of quantities, in base.")]
_MinNotional = Annotated[str, Option(help="Least value of an order, in quote.")]
_ExchangeInfo = Annotated[
    Path | None,
    Option(help="A saved exchangeInfo (JSON, may be gzip): its filters replace the three above."),
]
_Sizing = Annotated[
    str | None,
    Option(
        help="all_cash, fixed:100 (quote), quantity:1 (base), equity:10%, risk:1% (of equity, "
        "lost at the stop) or volatility:40% (a year). Default: all_cash."
    ),
]
_EntryCap = Annotated[
    str | None,
    Option(
        help="Most an entry at market pays above the last close, as 0.5%: it fills at once and "
        "wholly or not at all, and brings its stop along. Default: any price, the stop after it."
    ),
]
_Stop = Annotated[str | None, Option(help="Stop this far below the entry, as 2%.")]
_TakeProfit = Annotated[
    str | None, Option(help="Target, as 4%, or a ladder with shares and a runner: 2%:0.4,4%:0.4.")
]
_Trail = Annotated[
    str | None, Option(help="Trail the stop this far below the highest close, as 3%.")
]
_TrailAfter = Annotated[int | None, Option(min=0, help="Targets hit before trailing begins.")]
_BreakEvenAfter = Annotated[
    int | None, Option(min=1, help="Targets hit before the stop goes to break-even.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFlags:
    """What is to be run on which bars, and what it costs there."""

    strategy: _Strategy
    bars: _Bars
    param: _Param = None
    symbol: _Symbol = None
    timeframe: _Timeframe = None
    start: _From = None
    end: _To = None
    config: _Config = None
    cash: _Cash = None
    balance: _Balance = None
    quote: _Quote = None
    fee_bps: _FeeBps = None
    fee_asset: _FeeAsset = None
    slippage_bps: _SlippageBps = None
    tick: _Tick = "0.01"
    step: _Step = "0.00001"
    min_notional: _MinNotional = "5"
    exchange_info: _ExchangeInfo = None
    sizing: _Sizing = None
    entry_cap: _EntryCap = None
    stop: _Stop = None
    take_profit: _TakeProfit = None
    trail: _Trail = None
    trail_after: _TrailAfter = None
    break_even_after: _BreakEvenAfter = None

    def flags(self) -> "Flags":
        """The same, as a request is made of it."""
        from thunes.cli.market import MarketFlags
        from thunes.cli.request import AccountFlags, ExitFlags, Flags

        filters = (self.tick, self.step, self.min_notional)
        market = MarketFlags(
            self.symbol or (),
            self.bars,
            self.timeframe,
            (self.start, self.end),
            self.quote,
            filters,
            self.exchange_info,
        )
        account = AccountFlags(
            self.cash,
            self.balance or (),
            self.fee_bps,
            self.fee_asset,
            self.slippage_bps,
            self.sizing,
            self.entry_cap,
        )
        exits = ExitFlags(
            self.stop, self.take_profit, self.trail, self.trail_after, self.break_even_after
        )
        return Flags(market, self.strategy, self.param or (), account, exits)


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of its first parameters, where those are flags, as its own.

    Whatever dataclass a parameter has as its type is spread.
    """
    whole = inspect.signature(command, eval_str=True).parameters
    groups = {name: each.annotation for name, each in whole.items() if _grouped(each)}
    shown: list[inspect.Parameter] = []
    for name, each in whole.items():
        shown += _flags_of(groups[name]) if name in groups else [each]

    @wraps(command)
    def called(**given: Any) -> None:
        made = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)})
            for name, kind in groups.items()
        }
        command(**made, **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=keyword) for each in shown]
    )
    called.__annotations__ = {each.name: each.annotation for each in shown}
    return called


def _grouped(parameter: inspect.Parameter) -> bool:
    return isinstance(parameter.annotation, type) and hasattr(
        parameter.annotation, "__dataclass_fields__"
    )


def _flags_of(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(kind)
    ]

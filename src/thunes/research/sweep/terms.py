"""Terms: what every parameter set of a screen trades under, as the tables that a sweep reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import EXACT, NS_PER_SECOND, ONE, ZERO, Asset, Symbol
from thunes.core.portfolio.sizing import Sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.research.sweep import layout
from thunes.research.sweep.layout import Floats
from thunes.research.sweep.twofold import Two

BNB = Asset("BNB")
_BNB_DISCOUNT = Decimal("0.25")
_SIZINGS = ("all_cash", "fixed", "quantity", "equity", "risk", "volatility")
_BY_EQUITY = ("equity", "risk", "volatility")
_SCALE_MAX = 8
_CHARGED = ("quote", "received", "bnb")
_FILTERS = (
    *("tick", "step", "min_quantity", "max_quantity", "market_max_quantity", "min_notional"),
    *("min_price", "max_price", "percent_down", "percent_up"),
)
_NONE = (float("nan"), 0.0)


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates and caps are fractions. `traded` are the symbols that the strategy is put to work on,
    in its order; bars of others only give a price. `fee_asset` is quote, received or bnb. Signals
    of bars that open before `since` (ns UTC) are not acted upon."""

    quote: Asset
    instruments: tuple[Instrument, ...]
    traded: tuple[Symbol, ...]
    balances: Mapping[Asset, Decimal]
    sizing: Sizing
    exits: ExitPlan = field(default_factory=ExitPlan)
    limits: Limits = WIDE_OPEN
    fee_rate: Decimal = ZERO
    fee_asset: str = "quote"
    slippage: Decimal = ZERO
    entry_cap: Decimal | None = None
    since: int = 0

    def __post_init__(self) -> None:
        if self.sizing.kind not in _SIZINGS:
            raise UsageError(f"sizing {self.sizing.kind!r} is not one of {', '.join(_SIZINGS)}")
        if self.fee_asset not in _CHARGED:
            raise UsageError(f"fees in {self.fee_asset!r}: it is one of {', '.join(_CHARGED)}")
        if self.exits.stop_price is not None or self.exits.target_price is not None:
            raise UsageError(
                "a stop or target at one price for all entries is not screened: give distances"
            )
        known = [each.symbol for each in self.instruments]
        for symbol in self.traded:
            if symbol not in known:
                raise UsageError(f"{symbol} is to be traded but no instrument describes it")
        for asset, amount in self.balances.items():
            if amount and asset not in (self.quote, BNB):
                raise UsageError(
                    f"{amount} {asset} is held from the start: a screen begins with "
                    f"{self.quote}, and {BNB} for fees"
                )
        self._refuse_paying_positions()

    def _refuse_paying_positions(self) -> None:
        for each in self.instruments:
            if self.fee_asset == "bnb" and each.base == BNB and each.symbol in self.traded:
                raise UsageError(
                    f"fees in BNB while {each.symbol} is traded: positions would pay them, which "
                    "is not screened; charge fees in quote or received, or leave it out"
                )


def blank_books(terms: Terms, symbols: tuple[Symbol, ...]) -> NDArray[Any]:
    """The books of these symbols before the first bar."""
    of = {each.symbol: each for each in terms.instruments}
    books = np.zeros(len(symbols), dtype=layout.SYMBOL).view(np.recarray)
    known: dict[tuple[Decimal, ...], int] = {}
    for s, symbol in enumerate(symbols):
        _refuse_many_orders(terms, of[symbol])
        grid = tuple(getattr(of[symbol], name) for name in _FILTERS)
        if known.setdefault(grid, s) == s:
            _describe(books[s], grid)
        else:
            books[s] = books[known[grid]]
    if (place := bnb_place(terms, symbols)) is not None:
        _write(books[place].wallet, terms.balances.get(BNB, ZERO))
    return books


def _describe(b: layout.Record, grid: tuple[Decimal, ...]) -> None:
    """Write down what an instrument allows."""
    for name, value in zip(_FILTERS, grid, strict=True):
        _write(getattr(b, name), value)
    tick, step = grid[:2]
    _write(b.per_tick, _whole_per_one(tick))
    _write(b.per_step, _whole_per_one(step))
    places = -int(tick.normalize().as_tuple().exponent)
    b.scale = 10.0 ** max(0, min(places, _SCALE_MAX))
    b.asked, b.known = layout.NEVER, layout.NEVER


def _refuse_many_orders(terms: Terms, i: Instrument) -> None:
    legs = len(terms.exits.targets) + 1
    if legs > layout.LEGS_MAX:
        raise UsageError(
            f"{legs - 1} targets are planned: at most {layout.LEGS_MAX - 1} are screened"
        )
    for most, needed in ((i.max_orders, 2 * legs), (i.max_stop_orders, legs)):
        if most and needed > most:
            raise UsageError(
                f"{i.symbol}: the venue takes {most} orders at a time, the exits may need "
                f"{needed}: plan fewer targets"
            )


def blank_account(
    terms: Terms, symbols: tuple[Symbol, ...], timeframe: int, initial: float
) -> NDArray[Any]:
    """The rules, and the account before the first bar, worth `initial`."""
    account = np.zeros(1, dtype=layout.ACCOUNT).view(np.recarray)
    a, exits = account[0], terms.exits
    for name, value in _amounts(terms).items():
        _write(getattr(a, name), value)
    for name, whole in _wholes(terms).items():
        setattr(a, name, -1 if whole is None else whole)
    a.timeframe, a.targets = timeframe, len(exits.targets)
    for number, target in enumerate(exits.targets):
        _write(a.target[number, layout.DISTANCE : layout.DISTANCE + 2], target.distance)
        _write(a.target[number, layout.SHARE : layout.SHARE + 2], target.share)
    place = bnb_place(terms, symbols)
    a.bnb = -1 if place is None else place
    if place is None and terms.fee_asset == "bnb":  # nothing tells what BNB costs: none is taken
        a.charged = layout.IN_RECEIVED
    a.day, a.loss_at, a.back[:] = -1, layout.NEVER, layout.NEVER
    a.high = a.low = initial
    return account


def _amounts(terms: Terms) -> dict[str, Decimal | None]:
    limits, exits = terms.limits, terms.exits
    kept_back = terms.fee_rate if terms.fee_asset == "quote" else ZERO
    return {
        "fee": terms.fee_rate,
        "kept_back": kept_back,
        "dues": ONE + kept_back,
        "dearer": ONE + terms.slippage,
        "cheaper": ONE - terms.slippage,
        "amount": terms.sizing.value,
        "stop_distance": exits.stop_distance,
        "trail_distance": exits.trail_distance,
        "entry_cap": terms.entry_cap,
        "bnb_rate": terms.fee_rate * (ONE - _BNB_DISCOUNT),
        "least": limits.min_notional,
        "order_size": limits.order_size,
        "loss_per_trade": limits.loss_per_trade,
        "daily_loss": limits.daily_loss,
        "daily_share": limits.daily_loss_share,
        "symbol_exposure": limits.symbol_exposure,
        "total_exposure": limits.total_exposure,
        "warning": limits.drawdown_warning,
        "drawdown_limit": limits.drawdown_limit,
        "cash": terms.balances.get(terms.quote, ZERO),
    }


def _wholes(terms: Terms) -> dict[str, int | None]:
    limits, exits = terms.limits, terms.exits
    watches = limits.watches_equity
    shares = (limits.symbol_exposure, limits.total_exposure)
    asking = (limits.max_positions, limits.loss_cool_down_s, limits.signal_cool_down_s)
    weighs = watches or terms.sizing.kind in _BY_EQUITY or any(each is not None for each in shares)
    return {
        "sizing": _SIZINGS.index(terms.sizing.kind),
        "charged": _CHARGED.index(terms.fee_asset),
        "break_even_after": exits.break_even_after,
        "trail_after": exits.trail_after,
        "max_positions": limits.max_positions,
        "loss_cool_down": _nanoseconds(limits.loss_cool_down_s),
        "signal_cool_down": _nanoseconds(limits.signal_cool_down_s),
        # Bars have no quotes: the spread is twice the slippage, whatever the price.
        "spread_passes": int(limits.max_spread is None or 2 * terms.slippage <= limits.max_spread),
        "weighs": int(weighs),
        "watches": int(watches),
        "timed": int(weighs or any(each is not None for each in asking)),
        "lifted_by_day": int(limits.daily_loss_lifted_by == "day"),
    }


def bnb_place(terms: Terms, symbols: tuple[Symbol, ...]) -> int | None:
    """Which symbol tells what a fee in BNB costs, if there is one and fees are taken so."""
    if terms.fee_asset != "bnb":
        return None
    for each in terms.instruments:
        if each.base == BNB and each.quote == terms.quote and each.symbol in symbols:
            return symbols.index(each.symbol)
    return None


def twofold(value: Decimal) -> Two:
    """A decimal as the sum of two floats."""
    high = float(value)
    return high, float(EXACT.subtract(value, Decimal(high)))


def _whole_per_one(grid: Decimal) -> Decimal:
    """How many of these make one; 0 where that is no whole number."""
    count = (ONE / grid).to_integral_value()
    return count if count * grid == ONE else ZERO


def _write(pair: Floats, value: Decimal | None) -> None:
    pair[:] = _NONE if value is None else twofold(value)


def _nanoseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * NS_PER_SECOND

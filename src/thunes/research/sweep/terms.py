"""Terms: what every parameter set of a screen trades under, as the tables that a sweep reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import EXACT, NS_PER_SECOND, ONE, ZERO, Asset, Symbol
from thunes.core.portfolio.sizing import Sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.research.sweep import layout
from thunes.research.sweep.layout import Floats, Ints
from thunes.research.sweep.twofold import Two

BNB = Asset("BNB")
_BNB_DISCOUNT = Decimal("0.25")
_SIZINGS = ("all_cash", "fixed", "quantity", "equity", "risk", "volatility")
_CHARGED = ("quote", "received", "bnb")
_NONE = (float("nan"), 0.0)


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates and caps are fractions. `traded` are the symbols that the strategy is put to work on,
    in its order; bars of others only give a price. `fee_asset` is quote, received or bnb."""

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


def grid_table(terms: Terms, symbols: tuple[Symbol, ...]) -> Floats:
    """What the instruments of these symbols allow."""
    of = {each.symbol: each for each in terms.instruments}
    table = np.zeros((len(symbols), layout.SCALE + 2))
    for s, symbol in enumerate(symbols):
        i = of[symbol]
        _write(table[s], layout.TICK, i.tick)
        _write(table[s], layout.STEP, i.step)
        _write(table[s], layout.MIN_QUANTITY, i.min_quantity)
        _write(table[s], layout.MAX_QUANTITY, i.max_quantity)
        _write(table[s], layout.MARKET_MAX, i.market_max_quantity)
        _write(table[s], layout.MIN_NOTIONAL, i.min_notional)
        _write(table[s], layout.MIN_PRICE, i.min_price)
        _write(table[s], layout.MAX_PRICE, i.max_price)
        _write(table[s], layout.PERCENT_DOWN, i.percent_down)
        _write(table[s], layout.PERCENT_UP, i.percent_up)
        places = -int(i.tick.normalize().as_tuple().exponent)
        table[s, layout.SCALE] = 10.0 ** max(0, min(places, 8))
        orders, stops = 2 * len(terms.exits.targets) + 2, len(terms.exits.targets) + 1
        for most, needed in ((i.max_orders, orders), (i.max_stop_orders, stops)):
            if most and needed > most:
                raise UsageError(
                    f"{symbol}: the venue takes {most} orders at a time, the exits may need "
                    f"{needed}: plan fewer targets"
                )
    return table


def rule_table(terms: Terms) -> Floats:
    """The rules as numbers."""
    limits, exits, in_quote = terms.limits, terms.exits, terms.fee_asset == "quote"
    table = np.zeros(layout.TARGET + 4 * len(exits.targets))
    rows: dict[int, Decimal | None] = {
        layout.FEE: terms.fee_rate,
        layout.KEPT_BACK: terms.fee_rate if in_quote else ZERO,
        layout.SLIPPAGE: terms.slippage,
        layout.SIZE: terms.sizing.value,
        layout.STOP_DISTANCE: exits.stop_distance,
        layout.TRAIL_DISTANCE: exits.trail_distance,
        layout.ENTRY_CAP: terms.entry_cap,
        layout.BEGIN_CASH: terms.balances.get(terms.quote, ZERO),
        layout.BEGIN_BNB: terms.balances.get(BNB, ZERO),
        layout.BNB_RATE: terms.fee_rate * (ONE - _BNB_DISCOUNT),
        layout.LEAST: limits.min_notional,
        layout.ORDER_SIZE: limits.order_size,
        layout.LOSS_PER_TRADE: limits.loss_per_trade,
        layout.DAILY_LOSS: limits.daily_loss,
        layout.DAILY_SHARE: limits.daily_loss_share,
        layout.SYMBOL_EXPOSURE: limits.symbol_exposure,
        layout.TOTAL_EXPOSURE: limits.total_exposure,
        layout.WARNING: limits.drawdown_warning,
        layout.DRAWDOWN_LIMIT: limits.drawdown_limit,
    }
    for number, target in enumerate(exits.targets):
        rows[layout.TARGET + 4 * number] = target.distance
        rows[layout.TARGET + 4 * number + 2] = target.share
    for column, value in rows.items():
        _write(table, column, value)
    return table


def choice_table(terms: Terms, symbols: tuple[Symbol, ...], timeframe: int) -> Ints:
    """The rules as whole numbers."""
    limits, exits = terms.limits, terms.exits
    table = np.full(layout.CHOICES, -1, dtype=np.int64)
    table[layout.SIZING] = _SIZINGS.index(terms.sizing.kind)
    table[layout.CHARGED] = _CHARGED.index(terms.fee_asset)
    if (priced := bnb_place(terms, symbols)) is not None:
        table[layout.BNB_SYMBOL] = priced
    elif terms.fee_asset == "bnb":  # nothing tells what BNB costs: the venue takes none
        table[layout.CHARGED] = layout.IN_RECEIVED
    table[layout.TARGETS] = len(exits.targets)
    wide = limits.max_spread is None or 2 * terms.slippage <= limits.max_spread
    rows: dict[int, int | None] = {
        layout.BREAK_EVEN_AFTER: exits.break_even_after,
        layout.TRAIL_AFTER: exits.trail_after,
        layout.MAX_POSITIONS: limits.max_positions,
        layout.LOSS_COOL_DOWN: _nanoseconds(limits.loss_cool_down_s),
        layout.SIGNAL_COOL_DOWN: _nanoseconds(limits.signal_cool_down_s),
        layout.SPREAD_PASSES: int(wide),
        layout.WATCHES: int(limits.watches_equity),
        layout.LIFTED_BY_DAY: int(limits.daily_loss_lifted_by == "day"),
        layout.TIMEFRAME: timeframe,
    }
    for column, value in rows.items():
        table[column] = -1 if value is None else value
    return table


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


def _write(line: Floats, column: int, value: Decimal | None) -> None:
    line[column : column + 2] = _NONE if value is None else twofold(value)


def _nanoseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * NS_PER_SECOND

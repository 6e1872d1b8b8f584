"""The layout: what a sweep knows of the account, of its symbols and of the market, as records.

Compiled code reads and writes these in place. A `two` is a twofold number, see there.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.research.sweep.twofold import Two

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Record = Any
"""One row of an array of `ACCOUNT` or `SYMBOL`."""

NEVER = -(2**62)
EVERY_RULE = True
"""Compiled as False for terms under which nothing rests at the venue and nobody looks at equity, a
clock or BNB: then whatever asks for it falls away, and the rest is the same code."""

LEGS_MAX = 8
STEPS, AIM = 0, 1  # columns of a leg: whole steps, and its target (0: none)
DISTANCE, SHARE = 0, 2  # columns of a planned target

_TWO = ("f8", (2,))

# What an instrument allows (zero is off; so many ticks and steps make one, where that is a whole
# number), what is held of the symbol, and what its orders ask for.
# `known` is the last row at which the venue was brought a bar, `mark` the last close that was
# looked at; `turn` orders symbols by when their orders began, `place` by when they were bought.
# `spared` are steps that a stop which came with its entry need not cover: see `ledger.protection`.
SYMBOL = np.dtype(
    [
        ("tick", *_TWO),
        ("step", *_TWO),
        ("per_tick", *_TWO),
        ("per_step", *_TWO),
        ("min_quantity", *_TWO),
        ("max_quantity", *_TWO),
        ("market_max_quantity", *_TWO),
        ("min_notional", *_TWO),
        ("min_price", *_TWO),
        ("max_price", *_TWO),
        ("percent_down", *_TWO),
        ("percent_up", *_TWO),
        ("scale", "f8"),
        ("mark", "f8"),
        ("yearly", "f8"),
        ("wallet", *_TWO),
        ("held", *_TWO),
        ("price", *_TWO),
        ("cost", *_TWO),
        ("stop", *_TWO),
        ("peak", *_TWO),
        ("amount", *_TWO),
        ("limit", *_TWO),
        ("lock", *_TWO),
        ("reserve", *_TWO),
        ("distance", *_TWO),
        ("planned_stop", *_TWO),
        ("planned_target", *_TWO),
        ("leg", "f8", (LEGS_MAX, 3)),
        ("legs", "i8"),
        ("order", "i8"),
        ("by_amount", "i8"),
        ("hits", "i8"),
        ("moved", "i8"),
        ("turn", "i8"),
        ("place", "i8"),
        ("asked", "i8"),
        ("known", "i8"),
        ("why", "i8"),
        ("spared", "i8"),
    ]
)

# The rules that every set is run under (NaN or -1: no such rule, times in ns), and the account.
# `weighs` says that entries look at equity, `watches` that every close does,
# `timed` that somebody asks when that was. What is free, spent
# and promised counts within one close. `back` are the last two recoveries of the mode.
ACCOUNT = np.dtype(
    [
        ("fee", *_TWO),
        ("kept_back", *_TWO),
        ("dues", *_TWO),
        ("dearer", *_TWO),
        ("cheaper", *_TWO),
        ("amount", *_TWO),
        ("stop_distance", *_TWO),
        ("trail_distance", *_TWO),
        ("entry_cap", *_TWO),
        ("bnb_rate", *_TWO),
        ("least", *_TWO),
        ("order_size", *_TWO),
        ("loss_per_trade", *_TWO),
        ("daily_loss", *_TWO),
        ("daily_share", *_TWO),
        ("symbol_exposure", *_TWO),
        ("total_exposure", *_TWO),
        ("warning", *_TWO),
        ("drawdown_limit", *_TWO),
        ("target", "f8", (LEGS_MAX, 4)),
        ("targets", "i8"),
        ("sizing", "i8"),
        ("charged", "i8"),
        ("bnb", "i8"),
        ("break_even_after", "i8"),
        ("trail_after", "i8"),
        ("max_positions", "i8"),
        ("loss_cool_down", "i8"),
        ("signal_cool_down", "i8"),
        ("spread_passes", "i8"),
        ("weighs", "i8"),
        ("watches", "i8"),
        ("timed", "i8"),
        ("lifted_by_day", "i8"),
        ("timeframe", "i8"),
        ("cash", *_TWO),
        ("bnb_price", *_TWO),
        ("bnb_mark", *_TWO),
        ("peak_equity", *_TWO),
        ("day_start", *_TWO),
        ("free", *_TWO),
        ("spent", *_TWO),
        ("promised", *_TWO),
        ("promises", "i8"),
        ("won", "f8"),
        ("lost", "f8"),
        ("high", "f8"),
        ("low", "f8"),
        ("worst", "f8"),
        ("exposed", "f8"),
        ("row", "i8"),
        ("at", "i8"),
        ("mode", "i8"),
        ("cause", "i8"),
        ("day", "i8"),
        ("loss_at", "i8"),
        ("back", "i8", (2,)),
        ("counter", "i8"),
        ("entering", "i8"),
        ("fills", "i8"),
        ("entries", "i8"),
        ("trades", "i8"),
        ("wins", "i8"),
        ("takes_back", "i8"),
        ("days", "i8"),
        ("line", "i8"),
        ("doubt", "i8"),
        ("fetched", "f8"),
    ]
)

# fill: one row per fill, as far as there is room.
FILL_ROW, FILL_SYMBOL, FILL_WHY, FILL_PRICE, FILL_QUANTITY, FILL_COLUMNS = range(6)

ALL_CASH, FIXED, QUANTITY, EQUITY, RISK, VOLATILITY = range(6)
IN_QUOTE, IN_RECEIVED, IN_BNB = range(3)
NO_ORDER, ENTERING, LEAVING = range(3)
NORMAL, DEGRADED, HALTED = range(3)
BUY, SELL, STOPPED, TRAILED, TARGETED, UNPROTECTED = range(6)  # why an order fills
NO_DOUBT, PROTECTION_REFUSED, EXIT_REFUSED = range(3)  # why a set cannot be told to its end


class Sweep(NamedTuple):
    """What a run over one parameter set reads and writes.

    Prices are (rows, symbols), NaN where a symbol has no bar; closes carry on, 0 before the first.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    times: Ints
    account: NDArray[Any]
    books: NDArray[Any]
    fill: Floats
    next: Ints  # of each symbol the row at which its orders are looked at
    coins: Floats  # of each symbol what the wallet holds
    due: Ints  # room for the symbols that are looked at in one row, and one more
    turns: Ints  # room for the symbols of one row in their order
    yearly: Floats  # volatility at each close, where entries are sized by it


class Curve(NamedTuple):
    """Where days end: `daily` is equity at the last close of each day that has one, a line for each
    set or one for all; `ends` are the rows of those closes, `skipped` how many days without any
    come before each."""

    daily: Floats
    ends: Ints
    skipped: Ints


def two(pair: Floats) -> Two:
    """The twofold number of a field."""
    return pair[0], pair[1]


def put(pair: Floats, value: Two) -> None:
    pair[0], pair[1] = value


def planned(leg: Floats) -> Two:
    """The target of a leg."""
    return leg[AIM], leg[AIM + 1]

"""The layout: the plain arrays that a sweep works on, and what stands in which of their columns.

A twofold number takes two neighbouring columns. Compiled code knows arrays and numbers only; what
they mean is said here and nowhere else.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.research.sweep.twofold import Two

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = -(2**62)

# grid: one row per symbol, what its instrument allows. Zero is off, as in the instrument.
(
    TICK,
    STEP,
    MIN_QUANTITY,
    MAX_QUANTITY,
    MARKET_MAX,
    MIN_NOTIONAL,
    MIN_PRICE,
    MAX_PRICE,
    PERCENT_DOWN,
    PERCENT_UP,
    SCALE,
) = range(0, 22, 2)

# rule: what every parameter set is run under; NaN where there is no such rule. Targets come last,
# four columns each: the distance and the share.
(
    FEE,
    KEPT_BACK,
    SLIPPAGE,
    SIZE,
    STOP_DISTANCE,
    TRAIL_DISTANCE,
    ENTRY_CAP,
    BEGIN_CASH,
    BEGIN_BNB,
    BNB_RATE,
    LEAST,
    ORDER_SIZE,
    LOSS_PER_TRADE,
    DAILY_LOSS,
    DAILY_SHARE,
    SYMBOL_EXPOSURE,
    TOTAL_EXPOSURE,
    WARNING,
    DRAWDOWN_LIMIT,
    TARGET,
) = range(0, 40, 2)

# choice: the same as whole numbers; -1 where there is no such rule. Times are nanoseconds.
(
    SIZING,
    CHARGED,
    BNB_SYMBOL,
    TARGETS,
    BREAK_EVEN_AFTER,
    TRAIL_AFTER,
    MAX_POSITIONS,
    LOSS_COOL_DOWN,
    SIGNAL_COOL_DOWN,
    SPREAD_PASSES,
    WATCHES,
    LIFTED_BY_DAY,
    TIMEFRAME,
    CHOICES,
) = range(14)

ALL_CASH, FIXED, QUANTITY, EQUITY, RISK, VOLATILITY = range(6)
IN_QUOTE, IN_RECEIVED, IN_BNB = range(3)

# book: one row per symbol, what is held of it and what its orders ask for. Legs come last, three
# columns each: whole steps, and the target (0: none).
(
    WALLET,
    HELD,
    PRICE,
    COST,
    STOP,
    PEAK,
    AMOUNT,
    LIMIT,
    LOCK,
    RESERVE,
    DISTANCE,
    PLANNED_STOP,
    PLANNED_TARGET,
    LEG,
) = range(0, 28, 2)

# slot: one row per symbol, the same as whole numbers. KNOWN is the last row at which the venue
# was brought a bar; TURN orders symbols by when their orders began, PLACE by when they were bought.
# SPARED are steps that the stop an entry brought along need not cover: see `ledger.protection`.
ORDER, BY_AMOUNT, LEGS, HITS, MOVED, TURN, PLACE, ASKED, NEXT, KNOWN, WHY, SPARED, SLOTS = range(13)

NO_ORDER, ENTERING, LEAVING = range(3)

# purse: the account as a whole. What is FREE, SPENT and PROMISED counts within one close.
CASH, PEAK_EQUITY, DAY_START, WON, LOST, FREE, SPENT, PROMISED, PURSE = range(0, 18, 2)

# note: the same as whole numbers. DOUBT says why a set cannot be told here, and at which row.
(
    MODE,
    CAUSE,
    DAY,
    LOSS_AT,
    BACK_FIRST,
    BACK_LAST,
    COUNTER,
    FILLS,
    ENTRIES,
    TRADES,
    WINS,
    TAKES_BACK,
    PROMISES,
    DAYS,
    DOUBT,
    DOUBT_ROW,
    LINE,
    NOTES,
) = range(18)

NORMAL, DEGRADED, HALTED = range(3)

# tally: what the equity curve has shown so far.
HIGH, LOW, WORST, EXPOSED, TALLY = range(5)

# fill: one row per fill, as far as there is room.
FILL_ROW, FILL_SYMBOL, FILL_WHY, FILL_PRICE, FILL_QUANTITY, FILL_COLUMNS = range(6)

# Why an order fills.
BUY, SELL, STOPPED, TRAILED, TARGETED, UNPROTECTED = range(6)

# Why a set is in doubt.
NO_DOUBT, PROTECTION_REFUSED, EXIT_REFUSED = range(3)


class Sweep(NamedTuple):
    """Everything that a run over one parameter set reads and writes.

    Prices are (symbols, rows), NaN where a symbol has no bar; closes carry on, 0 before the first.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    times: Ints
    grid: Floats
    rule: Floats
    choice: Ints
    book: Floats
    slot: Ints
    purse: Floats
    note: Ints
    fill: Floats
    tally: Floats
    daily: Floats  # equity at the last close of each day that has one, a line for each set
    ends: Ints  # the rows of those closes
    skipped: Ints  # how many days without a close come before each
    turns: Ints  # room for the symbols of one row in their order
    yearly: Floats  # volatility at each close, where entries are sized by it


class Signals(NamedTuple):
    """Signals of many parameter sets: those of set n are start[n]..start[n + 1], by row, then in
    the order of the symbols. `distance` is the stop of an entry, or it has no rows."""

    start: Ints
    row: NDArray[np.int32]
    symbol: NDArray[np.int32]
    enter: NDArray[np.bool_]
    distance: Floats


def get(table: Floats, row: int, column: int) -> Two:
    """The twofold number in two columns."""
    return table[row, column], table[row, column + 1]


def put(table: Floats, row: int, column: int, value: Two) -> None:
    table[row, column], table[row, column + 1] = value


def own(line: Floats, column: int) -> Two:
    """The same of a table with a single row."""
    return line[column], line[column + 1]


def keep(line: Floats, column: int, value: Two) -> None:
    line[column], line[column + 1] = value

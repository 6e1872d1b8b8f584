"""A bar as the venue lives through it, and tells the core: the open, then the range."""

import numpy as np

from thunes.research.sweep.layout import (
    AIM,
    BUY,
    ENTERING,
    EVERY_RULE,
    FILL_PRICE,
    FILL_QUANTITY,
    FILL_ROW,
    FILL_SYMBOL,
    FILL_WHY,
    IN_BNB,
    LEAVING,
    NO_ORDER,
    STEPS,
    STOPPED,
    TARGETED,
    TRAILED,
    Record,
    Sweep,
    planned,
    put,
    two,
)
from thunes.research.sweep.mode import judge
from thunes.research.sweep.money import buy, equity, sell
from thunes.research.sweep.prices import decimal_of, slipped, steps_of
from thunes.research.sweep.protection import protect
from thunes.research.sweep.twofold import Two, multiply, reaches, subtract, whole

_NOTHING = (0.0, 0.0)


def meet_bar(w: Sweep, row: int, due: int) -> None:
    """Every order that the open makes act, then every one inside the range, symbol by symbol in
    the order in which their orders began; so many are due."""
    a = w.account[0]
    a.row = row
    if EVERY_RULE and a.timed:
        a.at = w.times[row] - a.timeframe
    if EVERY_RULE and a.charged == IN_BNB:
        scale = w.books[a.bnb].scale
        put(a.bnb_price, decimal_of(w.open[row, a.bnb], scale))
        put(a.bnb_mark, decimal_of(w.close[max(row - 1, 0), a.bnb], scale))
    for place in range(_in_turn(w, row, due)):
        _meet_open(w, w.turns[place], row)
    if EVERY_RULE:
        take_back(w)
        for place in range(_in_turn(w, row, due)):
            s = w.turns[place]
            if w.books[s].legs > 0:
                _meet_range(w, s, row)
        take_back(w)


def take_back(w: Sweep) -> None:
    """The mode has fallen to a halt: entries that have not met a bar are called off."""
    a = w.account[0]
    if a.takes_back:
        a.takes_back = 0
        for s in range(w.books.size):
            if w.books[s].order == ENTERING:
                _end_order(a, w.books[s])


def _in_turn(w: Sweep, row: int, due: int) -> int:
    """Put the symbols that are due, and have a bar, into the order of their turns; how many."""
    count = 0
    for each in range(due):
        s = w.due[each]
        b = w.books[s]
        if (b.order == NO_ORDER and b.legs == 0) or w.open[row, s] != w.open[row, s]:
            continue
        place = count
        while place > 0 and w.books[w.turns[place - 1]].turn > b.turn:
            w.turns[place] = w.turns[place - 1]
            place -= 1
        w.turns[place] = s
        count += 1
    return count


def _meet_open(w: Sweep, s: int, row: int) -> None:
    a, b = w.account[0], w.books[s]
    opened = decimal_of(w.open[row, s], b.scale)
    b.known = row
    if b.order == ENTERING:
        _enter(w, s, opened)
    elif b.order == LEAVING:
        b.order = NO_ORDER
        _sell(w, s, slipped(a, b, opened, False), steps_of(b, two(b.held)))
    elif EVERY_RULE and b.stop[0] > 0.0 and reaches(two(b.stop), opened):
        _stop(w, s, opened)
    elif EVERY_RULE:
        leg = 0
        while leg < b.legs:
            if b.leg[leg, AIM] > 0.0 and not reaches(planned(b.leg[leg]), opened):
                _hit(w, s, leg)
            else:
                leg += 1


def _meet_range(w: Sweep, s: int, row: int) -> None:
    """Down first, then up: the stop, or else the targets that were passed, nearest first."""
    b = w.books[s]
    stop = two(b.stop)
    if stop[0] > 0.0 and reaches(stop, decimal_of(w.low[row, s], b.scale)):
        _stop(w, s, stop)
        return
    high = decimal_of(w.high[row, s], b.scale)
    while True:
        nearest = -1
        for leg in range(b.legs):
            if b.leg[leg, AIM] == 0.0 or reaches(planned(b.leg[leg]), high):
                continue
            if nearest < 0 or b.leg[leg, AIM] < b.leg[nearest, AIM]:
                nearest = leg
        if nearest < 0:
            return
        _hit(w, s, nearest)


def _stop(w: Sweep, s: int, met: Two) -> None:
    """The stop of every leg acts where it met the market."""
    b = w.books[s]
    price, legs = slipped(w.account[0], b, met, False), b.legs
    b.why = TRAILED if b.moved else STOPPED
    for leg in range(legs):
        b.legs = legs - leg - 1
        _sell(w, s, price, b.leg[leg, STEPS] - b.spared)


def _hit(w: Sweep, s: int, leg: int) -> None:
    """A leg is sold at its target, never better."""
    b = w.books[s]
    price, steps = planned(b.leg[leg]), b.leg[leg, STEPS] - b.spared
    b.legs -= 1
    for later in range(leg, b.legs):
        for column in range(3):
            b.leg[later, column] = b.leg[later + 1, column]
    b.hits += 1
    b.why = TARGETED
    _sell(w, s, price, steps)


def _sell(w: Sweep, s: int, price: Two, steps: float) -> None:
    b = w.books[s]
    sell(w.account[0], w.books, s, price, steps)
    _record(w, s, b.why, price, steps * b.step[0])
    _tell(w)


def _enter(w: Sweep, s: int, opened: Two) -> None:
    a, b = w.account[0], w.books[s]
    price, limit = slipped(a, b, opened, True), two(b.limit)
    quantity = two(b.amount)
    if b.by_amount:
        one = multiply(multiply(price, two(a.dues)), two(b.step))
        quantity = multiply((whole(_quotient(quantity, one), False), 0.0), two(b.step))
    fits = limit[0] == 0.0 or reaches(limit, price)
    bought = fits and _is_lot(b, quantity) and buy(a, w.books, s, price, quantity)
    _end_order(a, b)
    if bought:
        _record(w, s, BUY, price, quantity[0])
    _tell(w)
    if EVERY_RULE and bought:
        protect(a, b, opened)


def _quotient(x: Two, y: Two) -> Two:
    """x by y as a whole number and what is over: all that rounding it asks for, at half the cost
    of `divide`."""
    near = np.rint(x[0] / y[0])
    return near, subtract(x, multiply((near, 0.0), y))[0] / y[0]


def _is_lot(b: Record, quantity: Two) -> bool:
    if quantity[0] <= 0.0 or not reaches(quantity, two(b.min_quantity)):
        return False
    most, market = two(b.max_quantity), two(b.market_max_quantity)
    if most[0] > 0.0 and not reaches(most, quantity):
        return False
    return b.limit[0] > 0.0 or market[0] == 0.0 or reaches(market, quantity)


def _end_order(a: Record, b: Record) -> None:
    a.entering -= 1
    b.order = NO_ORDER
    put(b.lock, _NOTHING)
    put(b.reserve, _NOTHING)


def _tell(w: Sweep) -> None:
    """The venue has reported: the core looks at its limits, at the prices of the last close."""
    if EVERY_RULE and w.account[0].watches:
        judge(w.account[0], equity(w.account[0], w.books))


def _record(w: Sweep, s: int, why: int, price: Two, quantity: float) -> None:
    """Take note of what is held after a fill, and write it down where there is room for it."""
    a = w.account[0]
    w.coins[s] = w.books[s].wallet[0]
    if EVERY_RULE and a.bnb >= 0:
        w.coins[a.bnb] = w.books[a.bnb].wallet[0]
    if a.fills < w.fill.shape[0]:
        line = w.fill[a.fills]
        line[FILL_ROW], line[FILL_SYMBOL], line[FILL_WHY] = a.row, s, why
        line[FILL_PRICE], line[FILL_QUANTITY] = price[0], quantity
    a.fills += 1

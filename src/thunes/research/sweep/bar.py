"""A bar as the venue and the core live through it: the open, the range, the close."""

from thunes.research.sweep.layout import (
    AMOUNT,
    BY_AMOUNT,
    ENTERING,
    HELD,
    HITS,
    KEPT_BACK,
    KNOWN,
    LEAVING,
    LEG,
    LEGS,
    LIMIT,
    LOCK,
    MARKET_MAX,
    MAX_QUANTITY,
    MIN_QUANTITY,
    MOVED,
    NEXT,
    NO_ORDER,
    ORDER,
    RESERVE,
    SPARED,
    STEP,
    STOP,
    STOPPED,
    TAKES_BACK,
    TARGETED,
    TIMEFRAME,
    TRAILED,
    TURN,
    WATCHES,
    WHY,
    Sweep,
    get,
    own,
    put,
)
from thunes.research.sweep.mode import judge
from thunes.research.sweep.money import buy, equity, sell
from thunes.research.sweep.prices import price_of, slipped, steps_of
from thunes.research.sweep.protection import protect
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, whole

_ONE = (1.0, 0.0)
_NOTHING = (0.0, 0.0)


def meet_bar(w: Sweep, row: int) -> None:
    """Every order that the open makes act, then every one inside the range, symbol by symbol in
    the order in which their orders began."""
    for place in range(in_order(w, row, TURN)):
        _meet_open(w, w.turns[place], row)
    take_back(w)
    for place in range(in_order(w, row, TURN)):
        if w.slot[w.turns[place], LEGS] > 0:
            _meet_range(w, w.turns[place], row)
    take_back(w)


def in_order(w: Sweep, row: int, column: int) -> int:
    """Put the symbols that are looked at in this row in order of a column, and count them."""
    count = 0
    for s in range(w.slot.shape[0]):
        works = w.slot[s, ORDER] != NO_ORDER or w.slot[s, LEGS] > 0
        if not works or w.slot[s, NEXT] != row or w.open[s, row] != w.open[s, row]:
            continue
        place = count
        while place > 0 and w.slot[w.turns[place - 1], column] > w.slot[s, column]:
            w.turns[place] = w.turns[place - 1]
            place -= 1
        w.turns[place] = s
        count += 1
    return count


def take_back(w: Sweep) -> None:
    """The mode has fallen to a halt: entries that have not met a bar are called off."""
    if w.note[TAKES_BACK]:
        w.note[TAKES_BACK] = 0
        for s in range(w.slot.shape[0]):
            if w.slot[s, ORDER] == ENTERING:
                _end_order(w, s)


def _meet_open(w: Sweep, s: int, row: int) -> None:
    opened = price_of(w, s, w.open[s, row])
    w.slot[s, KNOWN] = row
    if w.slot[s, ORDER] == ENTERING:
        _enter(w, s, row, opened)
    elif w.slot[s, ORDER] == LEAVING:
        w.slot[s, ORDER] = NO_ORDER
        _sell(w, s, row, slipped(w, s, opened, False), steps_of(w, s, get(w.book, s, HELD)))
    elif w.slot[s, LEGS] > 0:
        if reaches(get(w.book, s, STOP), opened):
            _stop(w, s, row, opened)
            return
        leg = 0
        while leg < w.slot[s, LEGS]:
            target = get(w.book, s, LEG + 3 * leg + 1)
            if target[0] > 0.0 and not reaches(target, opened):
                _hit(w, s, row, leg)
            else:
                leg += 1


def _meet_range(w: Sweep, s: int, row: int) -> None:
    """Down first, then up: the stop, or else the targets that were passed, nearest first."""
    stop = get(w.book, s, STOP)
    if reaches(stop, price_of(w, s, w.low[s, row])):
        _stop(w, s, row, stop)
        return
    high = price_of(w, s, w.high[s, row])
    while True:
        nearest = -1
        for leg in range(w.slot[s, LEGS]):
            target = get(w.book, s, LEG + 3 * leg + 1)
            if target[0] == 0.0 or reaches(target, high):
                continue
            if nearest < 0 or target[0] < w.book[s, LEG + 3 * nearest + 1]:
                nearest = leg
        if nearest < 0:
            return
        _hit(w, s, row, nearest)


def _stop(w: Sweep, s: int, row: int, met: Two) -> None:
    """The stop of every leg acts where it met the market."""
    price, legs = slipped(w, s, met, False), w.slot[s, LEGS]
    w.slot[s, WHY] = TRAILED if w.slot[s, MOVED] else STOPPED
    for leg in range(legs):
        w.slot[s, LEGS] = legs - leg - 1
        _sell(w, s, row, price, w.book[s, LEG + 3 * leg] - w.slot[s, SPARED])


def _hit(w: Sweep, s: int, row: int, leg: int) -> None:
    """A leg is sold at its target, never better."""
    price, steps = get(w.book, s, LEG + 3 * leg + 1), w.book[s, LEG + 3 * leg]
    steps -= w.slot[s, SPARED]
    w.slot[s, LEGS] -= 1
    for column in range(LEG + 3 * leg, LEG + 3 * w.slot[s, LEGS]):
        w.book[s, column] = w.book[s, column + 3]
    w.slot[s, HITS] += 1
    w.slot[s, WHY] = TARGETED
    _sell(w, s, row, price, steps)


def _sell(w: Sweep, s: int, row: int, price: Two, steps: float) -> None:
    sell(w, s, row, price, steps)
    _tell(w, row)


def _enter(w: Sweep, s: int, row: int, opened: Two) -> None:
    price, limit = slipped(w, s, opened, True), get(w.book, s, LIMIT)
    quantity = get(w.book, s, AMOUNT)
    if w.slot[s, BY_AMOUNT]:
        step = get(w.grid, s, STEP)
        one = multiply(multiply(price, add(_ONE, own(w.rule, KEPT_BACK))), step)
        quantity = multiply((whole(divide(quantity, one), False), 0.0), step)
    fits = limit[0] == 0.0 or reaches(limit, price)
    bought = fits and _is_lot(w, s, quantity) and buy(w, s, row, price, quantity)
    _end_order(w, s)
    _tell(w, row)
    if bought:
        protect(w, s, row)


def _is_lot(w: Sweep, s: int, quantity: Two) -> bool:
    if quantity[0] <= 0.0 or not reaches(quantity, get(w.grid, s, MIN_QUANTITY)):
        return False
    for column in (MAX_QUANTITY, MARKET_MAX):
        most = get(w.grid, s, column)
        waits = column == MARKET_MAX and w.book[s, LIMIT] > 0.0
        if most[0] > 0.0 and not waits and not reaches(most, quantity):
            return False
    return True


def _end_order(w: Sweep, s: int) -> None:
    w.slot[s, ORDER] = NO_ORDER
    put(w.book, s, LOCK, _NOTHING)
    put(w.book, s, RESERVE, _NOTHING)


def _tell(w: Sweep, row: int) -> None:
    """The venue has reported: the core looks at its limits, at the prices of the last close."""
    if w.choice[WATCHES] and row > 0:
        judge(w, w.times[row] - w.choice[TIMEFRAME], equity(w, row - 1))

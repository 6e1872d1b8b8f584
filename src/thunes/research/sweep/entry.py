"""Entry: how much to enter with, and the gates that every entry passes."""

import math

from thunes.research.sweep.layout import (
    ALL_CASH,
    AMOUNT,
    ASKED,
    BY_AMOUNT,
    DAILY_LOSS,
    DAILY_SHARE,
    DAY_START,
    DISTANCE,
    ENTERING,
    ENTRY_CAP,
    EQUITY,
    FEE,
    FIXED,
    FREE,
    HELD,
    IN_QUOTE,
    CHARGED,
    KEPT_BACK,
    KNOWN,
    LEAST,
    LEG,
    LEGS,
    LIMIT,
    LOCK,
    LOSS_AT,
    LOSS_COOL_DOWN,
    LOSS_PER_TRADE,
    MARKET_MAX,
    MAX_POSITIONS,
    MAX_QUANTITY,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    MODE,
    NEVER,
    NO_ORDER,
    NORMAL,
    ORDER,
    ORDER_SIZE,
    PLANNED_STOP,
    PLANNED_TARGET,
    PRICE,
    PROMISED,
    PROMISES,
    QUANTITY,
    RESERVE,
    RISK,
    SIGNAL_COOL_DOWN,
    SIZE,
    SIZING,
    SPENT,
    SPREAD_PASSES,
    STEP,
    STOP,
    STOP_DISTANCE,
    SYMBOL_EXPOSURE,
    TARGETS,
    TIMEFRAME,
    TOTAL_EXPOSURE,
    Sweep,
    get,
    keep,
    own,
    put,
)
from thunes.research.sweep.money import equity, unspent
from thunes.research.sweep.prices import (
    decimal_of,
    on_tick,
    price_of,
    refused_price,
    sellable,
    steps_of,
)
from thunes.research.sweep.protection import begin, first_stop, plan_legs
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, subtract, whole

_ONE = (1.0, 0.0)
_NOTHING = (0.0, 0.0)
_CENTIMES = (1e8, 0.0)


def open_round(w: Sweep) -> None:
    """Before the entries of one close: what may be spent on them."""
    free = unspent(w, RESERVE)
    keep(w.purse, FREE, free if free[0] > 0.0 else _NOTHING)
    keep(w.purse, SPENT, _NOTHING)
    keep(w.purse, PROMISED, _NOTHING)
    w.note[PROMISES] = 0


def consider(w: Sweep, s: int, row: int, distance: Two) -> None:
    """Size an entry asked for at this close, and send it if every gate lets it pass."""
    mark, planned = price_of(w, s, w.close[s, row]), own(w.rule, STOP_DISTANCE)
    put(w.book, s, DISTANCE, planned if math.isnan(distance[0]) else distance)
    put(w.book, s, LIMIT, _NOTHING)
    by_amount = w.choice[SIZING] != QUANTITY
    w.slot[s, BY_AMOUNT] = by_amount
    if by_amount:
        amount = _amount(w, s, row)
        put(w.book, s, AMOUNT, amount)
        keep(w.purse, SPENT, add(own(w.purse, SPENT), amount))
    else:
        step = get(w.grid, s, STEP)
        put(w.book, s, AMOUNT, multiply((steps_of(w, s, own(w.rule, SIZE)), 0.0), step))
    if w.slot[s, ORDER] != NO_ORDER or w.slot[s, LEGS] > 0 or w.book[s, HELD] != 0.0:
        return
    put(w.book, s, PLANNED_STOP, _NOTHING)
    put(w.book, s, PLANNED_TARGET, _NOTHING)
    stop = first_stop(w, s, mark)
    if not math.isnan(w.rule[ENTRY_CAP]):
        _bring_along(w, s, mark, stop)
    notional, factor = get(w.book, s, AMOUNT), add(_ONE, own(w.rule, FEE))
    reference = get(w.book, s, LIMIT) if w.book[s, LIMIT] > 0.0 else mark
    if not w.slot[s, BY_AMOUNT]:
        notional = multiply(multiply(notional, reference), factor)
    if _takes(w, s, reference) and _stops(w, s, (notional, reference, stop)):
        if _cooled(w, s, row) and _within(w, row, notional, (reference, stop)):
            _send(w, s, row, notional, reference)


def _amount(w: Sweep, s: int, row: int) -> Two:
    """The quote amount that the rule of sizing asks for; 0 where it cannot be told."""
    kind, size = w.choice[SIZING], own(w.rule, SIZE)
    free = subtract(own(w.purse, FREE), own(w.purse, SPENT))
    free = free if free[0] > 0.0 else _NOTHING
    if kind == ALL_CASH:
        return free
    if kind == FIXED:
        return size
    wanted = multiply(equity(w, row), size)
    if kind != EQUITY:
        by = get(w.book, s, DISTANCE) if kind == RISK else decimal_of(w.yearly[s, row], 1.0)
        if not by[0] > 0.0:
            return _NOTHING
        units = whole(multiply(divide(wanted, by), _CENTIMES), False)
        wanted = divide((units, 0.0), _CENTIMES)
    return wanted if reaches(free, wanted) else free


def _bring_along(w: Sweep, s: int, mark: Two, stop: Two) -> None:
    """Make the entry one that pays no more than its cap and brings its protection along, where
    that is one stop of the whole, with its target if one is planned."""
    fee = own(w.rule, FEE)
    limit = on_tick(w, s, multiply(mark, add(_ONE, own(w.rule, ENTRY_CAP))), False)
    quantity = get(w.book, s, AMOUNT)
    if w.slot[s, BY_AMOUNT]:
        quantity = divide(quantity, multiply(limit, add(_ONE, fee)))
    steps = steps_of(w, s, quantity)
    coins = fee if w.choice[CHARGED] != IN_QUOTE else _NOTHING
    sure = whole(multiply((steps, 0.0), subtract(_ONE, coins)), False)
    put(w.book, s, PRICE, mark)
    put(w.book, s, STOP, stop)
    plan_legs(w, s, sure, limit)
    legs, target = w.slot[s, LEGS], get(w.book, s, LEG + 1)
    w.slot[s, LEGS] = 0
    lacks = w.choice[TARGETS] > 0 and target[0] == 0.0
    if legs != 1 or lacks or stop[0] == 0.0 or reaches(stop, mark):
        return
    w.slot[s, BY_AMOUNT] = 0
    put(w.book, s, AMOUNT, multiply((steps, 0.0), get(w.grid, s, STEP)))
    put(w.book, s, LIMIT, limit)
    put(w.book, s, PLANNED_STOP, stop)
    put(w.book, s, PLANNED_TARGET, target)
    put(w.book, s, LEG, (sure, 0.0))


def _takes(w: Sweep, s: int, reference: Two) -> bool:
    """Whether the venue's filters take the order, and what it brings along."""
    amount, least = get(w.book, s, AMOUNT), get(w.grid, s, MIN_NOTIONAL)
    if w.slot[s, BY_AMOUNT]:
        return amount[0] > 0.0 and reaches(amount, least)
    most, market = get(w.grid, s, MAX_QUANTITY), get(w.grid, s, MARKET_MAX)
    if most[0] > 0.0 and not reaches(most, amount):
        return False
    limited = w.book[s, LIMIT] > 0.0
    if not limited and market[0] > 0.0 and not reaches(market, amount):
        return False
    if limited:
        stop, target = get(w.book, s, PLANNED_STOP), get(w.book, s, PLANNED_TARGET)
        if refused_price(w, s, reference, reference) or refused_price(w, s, stop, reference):
            return False
        if target[0] > 0.0 and refused_price(w, s, target, reference):
            return False
        if not sellable(w, s, w.book[s, LEG], stop):
            return False
    return sellable(w, s, steps_of(w, s, amount), reference)


def _stops(w: Sweep, s: int, asked: tuple[Two, Two, Two]) -> bool:
    """Whether what is bought could be sold at its stop: `asked` is notional, reference, stop."""
    notional, reference, stop = asked
    if stop[0] == 0.0:
        return True
    return reaches(multiply(notional, stop), multiply(get(w.grid, s, MIN_NOTIONAL), reference))


def _cooled(w: Sweep, s: int, row: int) -> bool:
    """The gates that look at the mode, at the clock and at how many positions there are."""
    at, lost = w.times[row], w.note[LOSS_AT]
    if w.note[MODE] != NORMAL or not w.choice[SPREAD_PASSES]:
        return False
    if w.choice[MAX_POSITIONS] >= 0:
        taken = w.note[PROMISES] + 1
        for other in range(w.book.shape[0]):
            taken += w.book[other, HELD] != 0.0 or _waits(w, other, row)
        if taken > w.choice[MAX_POSITIONS]:
            return False
    wait = w.choice[LOSS_COOL_DOWN]
    if wait >= 0 and lost != NEVER and at - (w.times[lost] - w.choice[TIMEFRAME]) < wait:
        return False
    wait, asked = w.choice[SIGNAL_COOL_DOWN], w.slot[s, ASKED]
    return not (wait >= 0 and asked != NEVER and at - asked < wait)


def _within(w: Sweep, row: int, notional: Two, levels: tuple[Two, Two]) -> bool:
    """The gates that hold an amount to a limit."""
    reference, stop = levels
    least, most, lost = own(w.rule, LEAST), own(w.rule, ORDER_SIZE), own(w.rule, LOSS_PER_TRADE)
    if least[0] == least[0] and not reaches(notional, least):
        return False
    if most[0] == most[0] and not reaches(most, notional):
        return False
    if lost[0] == lost[0]:
        risked = multiply(notional, subtract(reference, stop))
        if stop[0] == 0.0 or not reaches(multiply(lost, reference), risked):
            return False
    promised = add(own(w.purse, PROMISED), notional)
    return _affords(w, row, notional, promised) and reaches(own(w.purse, FREE), promised)


def _affords(w: Sweep, row: int, notional: Two, promised: Two) -> bool:
    """The gates that measure by equity."""
    daily, part = own(w.rule, DAILY_LOSS), own(w.rule, DAILY_SHARE)
    one, every = own(w.rule, SYMBOL_EXPOSURE), own(w.rule, TOTAL_EXPOSURE)
    if math.isnan(daily[0]) and math.isnan(part[0]) and math.isnan(one[0]) and math.isnan(every[0]):
        return True
    worth, start = equity(w, row), own(w.purse, DAY_START)
    lost = subtract(start, worth)
    if daily[0] == daily[0] and reaches(lost, daily):
        return False
    if part[0] == part[0] and reaches(lost, multiply(part, start)):
        return False
    if one[0] == one[0] and not reaches(multiply(one, worth), notional):
        return False
    return math.isnan(every[0]) or reaches(multiply(every, worth), _exposed(w, row, promised))


def _exposed(w: Sweep, row: int, total: Two) -> Two:
    """What is held, and what waiting entries may still cost, on top of `total`."""
    for s in range(w.book.shape[0]):
        if w.book[s, HELD] != 0.0:
            mark = price_of(w, s, w.close[s, row])
            total = add(total, multiply(get(w.book, s, HELD), mark))
        if _waits(w, s, row):
            total = add(total, get(w.book, s, RESERVE))
    return total


def _waits(w: Sweep, s: int, row: int) -> bool:
    """Whether an entry of an earlier close has not met a bar yet."""
    return w.slot[s, ORDER] == ENTERING and w.slot[s, ASKED] != w.times[row]


def _send(w: Sweep, s: int, row: int, notional: Two, reference: Two) -> None:
    keep(w.purse, PROMISED, add(own(w.purse, PROMISED), notional))
    w.note[PROMISES] += 1
    amount = cost = get(w.book, s, AMOUNT)
    if not w.slot[s, BY_AMOUNT]:
        cost = multiply(multiply(amount, reference), add(_ONE, own(w.rule, KEPT_BACK)))
    # The venue holds cash for a quantity at market only if it knows a price: see KNOWN.
    blind = not w.slot[s, BY_AMOUNT] and w.book[s, LIMIT] == 0.0 and w.slot[s, KNOWN] != row
    put(w.book, s, LOCK, _NOTHING if blind else cost)
    put(w.book, s, RESERVE, cost)
    w.slot[s, ORDER], w.slot[s, ASKED] = ENTERING, w.times[row]
    begin(w, s)

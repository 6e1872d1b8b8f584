"""Entry: how much to enter with at a close, and the order that is sent if every gate passes."""

import math

from thunes.research.sweep.gates import passes
from thunes.research.sweep.layout import (
    AIM,
    ALL_CASH,
    ENTERING,
    EQUITY,
    EVERY_RULE,
    FIXED,
    IN_QUOTE,
    NO_ORDER,
    QUANTITY,
    RISK,
    STEPS,
    Record,
    planned,
    put,
    two,
)
from thunes.research.sweep.money import Books, equity, unspent
from thunes.research.sweep.prices import decimal_of, on_tick, refused_price, sellable, steps_of
from thunes.research.sweep.protection import begin, first_stop, plan_legs
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, subtract, whole

_ONE = (1.0, 0.0)
_NOTHING = (0.0, 0.0)
_CENTIMES = (1e8, 0.0)


def open_round(a: Record, books: Books) -> None:
    """Before the entries of one close: what may be spent on them."""
    free = unspent(a, books, -1)
    put(a.free, free if free[0] > 0.0 else _NOTHING)
    put(a.spent, _NOTHING)
    put(a.promised, _NOTHING)
    a.promises = 0


def consider(a: Record, books: Books, s: int, distance: Two) -> None:
    """Size an entry asked for at this close, and send it if every gate lets it pass."""
    b = books[s]
    if EVERY_RULE:
        put(b.distance, two(a.stop_distance) if math.isnan(distance[0]) else distance)
    put(b.limit, _NOTHING)
    b.by_amount = a.sizing != QUANTITY
    if b.by_amount:
        put(b.amount, _amount(a, books, b))
        put(a.spent, add(two(a.spent), two(b.amount)))
    else:
        put(b.amount, multiply((steps_of(b, two(a.amount)), 0.0), two(b.step)))
    if b.order != NO_ORDER or b.legs > 0 or b.held[0] != 0.0:
        return
    mark, stop = decimal_of(b.mark, b.scale), _NOTHING
    if EVERY_RULE:
        put(b.planned_stop, _NOTHING)
        put(b.planned_target, _NOTHING)
        stop = first_stop(b, mark)
        if not math.isnan(a.entry_cap[0]):
            _bring_along(a, b, mark, stop)
    reference = two(b.limit) if b.limit[0] > 0.0 else mark
    notional = _cost(b, reference, two(a.fee))
    if _takes(b, reference) and passes(a, books, s, notional, (reference, stop)):
        put(a.promised, add(two(a.promised), notional))
        a.promises += 1
        _send(a, b, mark, _cost(b, reference, two(a.kept_back)))


def _cost(b: Record, reference: Two, fee: Two) -> Two:
    """What the order costs at its reference price, with that fee."""
    if b.by_amount:
        return two(b.amount)
    return multiply(multiply(two(b.amount), reference), add(_ONE, fee))


def _amount(a: Record, books: Books, b: Record) -> Two:
    """The quote amount that the rule of sizing asks for; 0 where it cannot be told."""
    free = subtract(two(a.free), two(a.spent))
    free = free if free[0] > 0.0 else _NOTHING
    if a.sizing == ALL_CASH:
        return free
    if a.sizing == FIXED:
        return two(a.amount)
    return _by_equity(a, books, b, free) if EVERY_RULE else _NOTHING


def _by_equity(a: Record, books: Books, b: Record, free: Two) -> Two:
    wanted = multiply(equity(a, books), two(a.amount))
    if a.sizing != EQUITY:
        by = two(b.distance) if a.sizing == RISK else decimal_of(b.yearly, 1.0)
        if not by[0] > 0.0:
            return _NOTHING
        units = whole(multiply(divide(wanted, by), _CENTIMES), False)
        wanted = divide((units, 0.0), _CENTIMES)
    return wanted if reaches(free, wanted) else free


def _bring_along(a: Record, b: Record, mark: Two, stop: Two) -> None:
    """Make the entry one that pays no more than its cap and brings its protection along, where
    that is one stop of the whole, with its target if one is planned."""
    fee, quantity = two(a.fee), two(b.amount)
    limit = on_tick(b, multiply(mark, add(_ONE, two(a.entry_cap))), False)
    if b.by_amount:
        quantity = divide(quantity, multiply(limit, add(_ONE, fee)))
    steps = steps_of(b, quantity)
    coins = fee if a.charged != IN_QUOTE else _NOTHING
    sure = whole(multiply((steps, 0.0), subtract(_ONE, coins)), False)
    put(b.price, mark)
    put(b.stop, stop)
    plan_legs(a, b, sure, limit)
    legs, b.legs = b.legs, 0
    lacks = a.targets > 0 and b.leg[0, AIM] == 0.0
    if legs != 1 or lacks or stop[0] == 0.0 or reaches(stop, mark):
        return
    b.by_amount = 0
    put(b.amount, multiply((steps, 0.0), two(b.step)))
    put(b.limit, limit)
    put(b.planned_stop, stop)
    put(b.planned_target, planned(b.leg[0]))


def _takes(b: Record, reference: Two) -> bool:
    """Whether the venue's filters take the order, and what it brings along."""
    amount, limited = two(b.amount), b.limit[0] > 0.0
    if b.by_amount:
        return amount[0] > 0.0 and reaches(amount, two(b.min_notional))
    most, market = two(b.max_quantity), two(b.market_max_quantity)
    if most[0] > 0.0 and not reaches(most, amount):
        return False
    if not limited and market[0] > 0.0 and not reaches(market, amount):
        return False
    if EVERY_RULE and limited and _refused_levels(b, reference):
        return False
    if EVERY_RULE and limited and not sellable(b, b.leg[0, STEPS], two(b.planned_stop)):
        return False
    return sellable(b, steps_of(b, amount), reference)


def _refused_levels(b: Record, reference: Two) -> bool:
    """Whether a filter refuses the limit of an entry, or a price that it brings along."""
    target = two(b.planned_target)
    if refused_price(b, two(b.limit), reference) or refused_price(
        b, two(b.planned_stop), reference
    ):
        return True
    return target[0] > 0.0 and refused_price(b, target, reference)


def _send(a: Record, b: Record, mark: Two, cost: Two) -> None:
    b.asked = a.at
    limited, known = b.limit[0] > 0.0, b.known == a.row
    if EVERY_RULE and limited and known and _refused_levels(b, mark):
        return
    # The venue holds cash for a quantity at market only if it knows a price of this bar.
    blind = not b.by_amount and not limited and not known
    put(b.lock, _NOTHING if blind else cost)
    put(b.reserve, cost)
    b.order = ENTERING
    a.entering += 1
    begin(a, b)

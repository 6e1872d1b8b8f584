"""Protection: the legs of a position, their stops and targets, and the stop that follows."""

import math

from thunes.research.sweep.layout import (
    BREAK_EVEN_AFTER,
    COUNTER,
    DISTANCE,
    DOUBT,
    DOUBT_ROW,
    EXIT_REFUSED,
    FEE,
    HELD,
    HITS,
    LEAVING,
    LEG,
    LEGS,
    MOVED,
    NO_DOUBT,
    ORDER,
    PEAK,
    PLANNED_STOP,
    PLANNED_TARGET,
    PRICE,
    PROTECTION_REFUSED,
    SPARED,
    STOP,
    TARGET,
    TARGETS,
    TRAIL_AFTER,
    TRAIL_DISTANCE,
    TURN,
    UNPROTECTED,
    WHY,
    Sweep,
    get,
    own,
    put,
)
from thunes.research.sweep.prices import on_tick, price_of, refused_price, sellable, steps_of
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, subtract, whole

_ONE = (1.0, 0.0)
_NOTHING = (0.0, 0.0)


def begin(w: Sweep, s: int) -> None:
    """Orders of this symbol begin where there were none: they act after those of the others."""
    w.slot[s, TURN] = w.note[COUNTER]
    w.note[COUNTER] += 1


def doubt(w: Sweep, row: int, why: int) -> None:
    """What the engine would do from here on is not told here."""
    if w.note[DOUBT] == NO_DOUBT:
        w.note[DOUBT], w.note[DOUBT_ROW] = why, row


def first_stop(w: Sweep, s: int, entry: Two) -> Two:
    """Where the stop of an entry at this price belongs; 0 where none is planned."""
    distance = w.book[s, DISTANCE]
    if math.isnan(distance):
        return _NOTHING
    share = subtract(_ONE, get(w.book, s, DISTANCE))
    return on_tick(w, s, multiply(entry, share), False)


def protect(w: Sweep, s: int, row: int) -> None:
    """Place what protects an entry that has just filled at this row's open, or leave at the next:
    a stop that the open has passed already is refused."""
    w.slot[s, HITS], w.slot[s, MOVED], w.slot[s, LEGS], w.slot[s, SPARED] = 0, 0, 0, 0
    put(w.book, s, PEAK, _NOTHING)
    if w.book[s, HELD] == 0.0:
        return
    opened, price = price_of(w, s, w.open[s, row]), get(w.book, s, PRICE)
    stop, brought = get(w.book, s, PLANNED_STOP), w.book[s, LEG]
    if stop[0] == 0.0:
        stop = first_stop(w, s, price)
    put(w.book, s, STOP, stop)
    plan_legs(w, s, steps_of(w, s, get(w.book, s, HELD)), price)
    if w.slot[s, LEGS] == 0:
        return
    begin(w, s)
    lacking = w.book[s, LEG] - brought
    if w.book[s, PLANNED_STOP] > 0.0 and not sellable(w, s, lacking, price):
        w.slot[s, SPARED] = lacking
    if not _taken(w, s, opened):
        doubt(w, row, PROTECTION_REFUSED)
    if stop[0] > 0.0 and reaches(stop, opened):
        leave(w, s, row, UNPROTECTED, opened)


def leave(w: Sweep, s: int, row: int, why: int, last: Two) -> None:
    """Sell all at the next open, in place of whatever rests; `last` is what the venue knows."""
    if last[0] > 0.0 and not sellable(w, s, steps_of(w, s, get(w.book, s, HELD)), last):
        doubt(w, row, EXIT_REFUSED)
    w.slot[s, ORDER], w.slot[s, WHY], w.slot[s, LEGS] = LEAVING, why, 0
    begin(w, s)


def plan_legs(w: Sweep, s: int, size: float, price: Two) -> None:
    """Split a position of `size` steps, filled at `price`, as its targets share it out."""
    stop = get(w.book, s, STOP)
    smallest = stop if stop[0] > 0.0 else price
    left, carried, total, legs, last = size, 0.0, _NOTHING, 0, _NOTHING
    for number in range(_planned_targets(w, s)):
        target, share = _target(w, s, number)
        if reaches(price, target) or refused_price(w, s, target, price):
            continue
        total, last = add(total, share), target
        wanted = whole(multiply((size, 0.0), share), False) + carried
        steps = min(wanted, left)
        if not sellable(w, s, steps, smallest):
            carried = steps
            continue
        carried = 0.0
        _put_leg(w, s, legs, steps, target)
        legs += 1
        left -= steps
    complete = reaches(total, _ONE)
    if legs > 0 and (complete or not sellable(w, s, left, smallest)):
        w.book[s, LEG + 3 * (legs - 1)] += left
    elif left > 0.0 and (stop[0] > 0.0 or (complete and last[0] > 0.0)):
        _put_leg(w, s, legs, left, last if complete else _NOTHING)
        legs += 1
    w.slot[s, LEGS] = legs


def follow(w: Sweep, s: int, row: int) -> None:
    """Raise the stop at a close: to break even, and behind the highest close since the entry."""
    stop, close = get(w.book, s, STOP), w.close[s, row]
    if w.slot[s, LEGS] == 0 or w.slot[s, ORDER] == LEAVING or stop[0] == 0.0:
        return
    mark, wanted, hits = price_of(w, s, close), stop, w.slot[s, HITS]
    if 0 <= w.choice[BREAK_EVEN_AFTER] <= hits:
        fee = own(w.rule, FEE)
        even = divide(multiply(get(w.book, s, PRICE), add(_ONE, fee)), subtract(_ONE, fee))
        wanted = _higher(wanted, on_tick(w, s, even, True), mark)
    distance = own(w.rule, TRAIL_DISTANCE)
    if 0 <= w.choice[TRAIL_AFTER] <= hits and not math.isnan(distance[0]):
        trail = multiply(get(w.book, s, PEAK), subtract(_ONE, distance))
        wanted = _higher(wanted, on_tick(w, s, trail, False), mark)
    if reaches(stop, wanted):
        return
    put(w.book, s, STOP, wanted)
    w.slot[s, MOVED], w.slot[s, SPARED] = 1, 0
    if w.slot[s, LEGS] == 1:
        begin(w, s)
    for leg in range(w.slot[s, LEGS]):
        # A target at the very close is refused together with the new stop, which then goes alone.
        if w.book[s, LEG + 3 * leg + 1] == close:
            _put_leg(w, s, leg, w.book[s, LEG + 3 * leg], _NOTHING)
    if not _taken(w, s, mark):
        doubt(w, row, PROTECTION_REFUSED)


def _taken(w: Sweep, s: int, last: Two) -> bool:
    """Whether the venue's filters take every order of the legs at its last price."""
    stop = get(w.book, s, STOP)
    for leg in range(w.slot[s, LEGS]):
        steps, target = w.book[s, LEG + 3 * leg], get(w.book, s, LEG + 3 * leg + 1)
        if target[0] > 0.0 and refused_price(w, s, target, last):
            return False
        if stop[0] > 0.0 and refused_price(w, s, stop, last):
            return False
        if not sellable(w, s, steps, stop if stop[0] > 0.0 else target):
            return False
    return True


def _planned_targets(w: Sweep, s: int) -> int:
    if w.book[s, PLANNED_STOP] > 0.0:  # an entry that brought its protection along
        return 1 if w.book[s, PLANNED_TARGET] > 0.0 else 0
    return int(w.choice[TARGETS])


def _target(w: Sweep, s: int, number: int) -> tuple[Two, Two]:
    """The price of a target, rounded towards the entry, and its share."""
    if w.book[s, PLANNED_STOP] > 0.0:
        return get(w.book, s, PLANNED_TARGET), _ONE
    distance = own(w.rule, TARGET + 4 * number)
    price = multiply(get(w.book, s, PRICE), add(_ONE, distance))
    return on_tick(w, s, price, False), own(w.rule, TARGET + 4 * number + 2)


def _put_leg(w: Sweep, s: int, leg: int, steps: float, target: Two) -> None:
    w.book[s, LEG + 3 * leg] = steps
    put(w.book, s, LEG + 3 * leg + 1, target)


def _higher(wanted: Two, level: Two, mark: Two) -> Two:
    """The level where it lies above what was wanted; at or above the mark it would act at once."""
    if reaches(level, mark) or reaches(wanted, level):
        return wanted
    return level

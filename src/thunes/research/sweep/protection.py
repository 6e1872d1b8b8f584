"""Protection: the legs of a position, their stops and targets, and the stop that follows."""

import math

from thunes.research.sweep.layout import (
    AIM,
    DISTANCE,
    EXIT_REFUSED,
    LEAVING,
    NO_DOUBT,
    PROTECTION_REFUSED,
    SHARE,
    STEPS,
    UNPROTECTED,
    Record,
    planned,
    put,
    two,
)
from thunes.research.sweep.prices import decimal_of, on_tick, refused_price, sellable, steps_of
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, subtract, whole

_ONE = (1.0, 0.0)
_NOTHING = (0.0, 0.0)


def begin(a: Record, b: Record) -> None:
    """Orders of this symbol begin where there were none: they act after those of the others."""
    b.turn = a.counter
    a.counter += 1


def first_stop(b: Record, entry: Two) -> Two:
    """Where the stop of an entry at this price belongs; 0 where none is planned."""
    if math.isnan(b.distance[0]):
        return _NOTHING
    return on_tick(b, multiply(entry, subtract(_ONE, two(b.distance))), False)


def protect(a: Record, b: Record, opened: Two) -> None:
    """Place what protects an entry that has just filled at this open, or leave at the next one:
    a stop that the open has passed already is refused."""
    b.hits = b.moved = b.legs = b.spared = 0
    put(b.peak, _NOTHING)
    if b.held[0] == 0.0:
        return
    price, stop, brought = two(b.price), two(b.planned_stop), b.leg[0, STEPS]
    if stop[0] == 0.0:
        stop = first_stop(b, price)
    put(b.stop, stop)
    if stop[0] == 0.0 and a.targets == 0:
        return
    plan_legs(a, b, steps_of(b, two(b.held)), price)
    if b.legs == 0:
        return
    begin(a, b)
    lacking = b.leg[0, STEPS] - brought
    if b.planned_stop[0] > 0.0 and not sellable(b, lacking, price):
        b.spared = lacking
    if not _taken(b, opened):
        _doubt(a, PROTECTION_REFUSED)
    if stop[0] > 0.0 and reaches(stop, opened):
        leave(a, b, UNPROTECTED, opened)


def leave(a: Record, b: Record, why: int, last: Two) -> None:
    """Sell all at the next open, in place of whatever rests; `last` is what the venue knows."""
    steps, most = steps_of(b, two(b.held)), two(b.market_max_quantity)
    if last[0] > 0.0 and not sellable(b, steps, last):
        _doubt(a, EXIT_REFUSED)
    if most[0] > 0.0 and not reaches(most, multiply((steps, 0.0), two(b.step))):
        _doubt(a, EXIT_REFUSED)
    b.order, b.why, b.legs = LEAVING, why, 0
    begin(a, b)


def plan_legs(a: Record, b: Record, size: float, price: Two) -> None:
    """Split a position of `size` steps, filled at `price`, as its targets share it out."""
    stop = two(b.stop)
    smallest = stop if stop[0] > 0.0 else price
    left, carried, total, legs, last = size, 0.0, _NOTHING, 0, _NOTHING
    for number in range(_planned_targets(a, b)):
        target, share = _target(a, b, number)
        if reaches(price, target) or refused_price(b, target, price):
            continue
        total, last = add(total, share), target
        steps = min(whole(multiply((size, 0.0), share), False) + carried, left)
        if not sellable(b, steps, smallest):
            carried = steps
            continue
        carried = 0.0
        _put_leg(b, legs, steps, target)
        legs += 1
        left -= steps
    complete = reaches(total, _ONE)
    if legs > 0 and (complete or not sellable(b, left, smallest)):
        b.leg[legs - 1, STEPS] += left
    elif left > 0.0 and (stop[0] > 0.0 or (complete and last[0] > 0.0)):
        _put_leg(b, legs, left, last if complete else _NOTHING)
        legs += 1
    b.legs = legs


def follow(a: Record, b: Record) -> None:
    """Raise the stop at a close: to break even, and behind the highest close since the entry."""
    stop, mark = two(b.stop), decimal_of(b.mark, b.scale)
    if b.legs == 0 or b.order == LEAVING or stop[0] == 0.0:
        return
    wanted = stop
    if 0 <= a.break_even_after <= b.hits:
        fee = two(a.fee)
        even = divide(multiply(two(b.price), add(_ONE, fee)), subtract(_ONE, fee))
        wanted = _higher(wanted, on_tick(b, even, True), mark)
    distance = two(a.trail_distance)
    if 0 <= a.trail_after <= b.hits and not math.isnan(distance[0]):
        trail = multiply(two(b.peak), subtract(_ONE, distance))
        wanted = _higher(wanted, on_tick(b, trail, False), mark)
    if reaches(stop, wanted):
        return
    put(b.stop, wanted)
    b.moved, b.spared = 1, 0
    if b.legs == 1:
        begin(a, b)
    for leg in range(b.legs):
        # A target at the very close is refused together with the new stop, which then goes alone.
        if b.leg[leg, AIM] == b.mark:
            _put_leg(b, leg, b.leg[leg, STEPS], _NOTHING)
    if not _taken(b, mark):
        _doubt(a, PROTECTION_REFUSED)


def _doubt(a: Record, why: int) -> None:
    """What the engine would do from here on is not told here."""
    if a.doubt == NO_DOUBT:
        a.doubt = why


def _taken(b: Record, last: Two) -> bool:
    """Whether the venue's filters take every order of the legs at its last price."""
    stop = two(b.stop)
    if stop[0] > 0.0 and refused_price(b, stop, last):
        return False
    for leg in range(b.legs):
        target = planned(b.leg[leg])
        if target[0] > 0.0 and refused_price(b, target, last):
            return False
        if not sellable(b, b.leg[leg, STEPS], stop if stop[0] > 0.0 else target):
            return False
    return True


def _planned_targets(a: Record, b: Record) -> int:
    if b.planned_stop[0] > 0.0:  # an entry that brought its protection along
        return 1 if b.planned_target[0] > 0.0 else 0
    return int(a.targets)


def _target(a: Record, b: Record, number: int) -> tuple[Two, Two]:
    """The price of a target, rounded towards the entry, and its share."""
    if b.planned_stop[0] > 0.0:
        return two(b.planned_target), _ONE
    line = a.target[number]
    price = multiply(two(b.price), add(_ONE, (line[DISTANCE], line[DISTANCE + 1])))
    return on_tick(b, price, False), (line[SHARE], line[SHARE + 1])


def _put_leg(b: Record, leg: int, steps: float, target: Two) -> None:
    b.leg[leg, STEPS] = steps
    b.leg[leg, AIM], b.leg[leg, AIM + 1] = target


def _higher(wanted: Two, level: Two, mark: Two) -> Two:
    """The level where it lies above what was wanted; at or above the mark it would act at once."""
    if reaches(level, mark) or reaches(wanted, level):
        return wanted
    return level

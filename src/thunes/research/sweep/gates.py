"""Gates: what every entry has to pass before it is sent, as in `core.risk.gates`."""

import math

from thunes.research.sweep.layout import ENTERING, EVERY_RULE, NEVER, NORMAL, Record, two
from thunes.research.sweep.money import Books, equity
from thunes.research.sweep.prices import decimal_of
from thunes.research.sweep.twofold import Two, add, multiply, reaches, subtract


def passes(a: Record, books: Books, s: int, notional: Two, levels: tuple[Two, Two]) -> bool:
    """Whether an entry of this notional passes; `levels` are its reference and its stop (or 0)."""
    if a.mode != NORMAL or not a.spread_passes:
        return False
    if EVERY_RULE and not _is_cool(a, books, s):
        return False
    promised = add(two(a.promised), notional)
    if not reaches(two(a.free), promised) or not _is_sized(a, books[s], notional, levels):
        return False
    return not (EVERY_RULE and a.weighs) or _is_affordable(a, books, notional, promised)


def _is_cool(a: Record, books: Books, s: int) -> bool:
    """Whether there are few enough positions, and the last loss and entry are past."""
    if a.max_positions >= 0:
        taken = a.promises + 1
        for other in range(books.size):
            if books[other].held[0] != 0.0 or _waits(a, books[other]):
                taken += 1
        if taken > a.max_positions:
            return False
    if a.loss_cool_down >= 0 and a.loss_at != NEVER and a.at - a.loss_at < a.loss_cool_down:
        return False
    asked = books[s].asked
    return not (a.signal_cool_down >= 0 and asked != NEVER and a.at - asked < a.signal_cool_down)


def _is_sized(a: Record, b: Record, notional: Two, levels: tuple[Two, Two]) -> bool:
    """Whether the amount keeps to the limits on one order, and can be sold again at its stop."""
    reference, stop = levels
    least, most, lost = two(a.least), two(a.order_size), two(a.loss_per_trade)
    if least[0] == least[0] and not reaches(notional, least):
        return False
    if most[0] == most[0] and not reaches(most, notional):
        return False
    if EVERY_RULE and lost[0] == lost[0]:
        risked = multiply(notional, subtract(reference, stop))
        if stop[0] == 0.0 or not reaches(multiply(lost, reference), risked):
            return False
    if not EVERY_RULE or stop[0] == 0.0:
        return True
    return reaches(multiply(notional, stop), multiply(two(b.min_notional), reference))


def _is_affordable(a: Record, books: Books, notional: Two, promised: Two) -> bool:
    """Whether the day's loss and the shares of equity that may be exposed leave room."""
    daily, part = two(a.daily_loss), two(a.daily_share)
    one, every = two(a.symbol_exposure), two(a.total_exposure)
    worth, start = equity(a, books), two(a.day_start)
    lost = subtract(start, worth)
    if daily[0] == daily[0] and reaches(lost, daily):
        return False
    if part[0] == part[0] and reaches(lost, multiply(part, start)):
        return False
    if one[0] == one[0] and not reaches(multiply(one, worth), notional):
        return False
    return math.isnan(every[0]) or reaches(multiply(every, worth), _exposed(a, books, promised))


def _exposed(a: Record, books: Books, total: Two) -> Two:
    """What is held, and what waiting entries may still cost, on top of `total`."""
    for s in range(books.size):
        b = books[s]
        if b.held[0] != 0.0:
            total = add(total, multiply(two(b.held), decimal_of(b.mark, b.scale)))
        if _waits(a, b):
            total = add(total, two(b.reserve))
    return total


def _waits(a: Record, b: Record) -> bool:
    """Whether an entry of an earlier close has not met a bar yet."""
    return bool(b.order == ENTERING and b.asked != a.at)

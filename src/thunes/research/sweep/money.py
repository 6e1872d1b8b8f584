"""Money: what the account is worth and may spend, and what each fill does to it."""

from typing import Any

from numpy.typing import NDArray

from thunes.research.sweep.layout import EVERY_RULE, IN_BNB, IN_QUOTE, NEVER, Record, put, two
from thunes.research.sweep.prices import decimal_of, sellable, steps_of
from thunes.research.sweep.twofold import Two, add, divide, multiply, subtract, whole

Books = NDArray[Any]

_BNB_DIGITS = (1e8, 0.0)
_NOTHING = (0.0, 0.0)
_NO_BNB = (-1.0, 0.0)
_ROUNDING = 1e-24


def equity(a: Record, books: Books) -> Two:
    """What the account is worth at the closes that were looked at last."""
    total = two(a.cash)
    for s in range(books.size):
        b = books[s]
        if b.wallet[0] != 0.0:
            total = add(total, multiply(two(b.wallet), decimal_of(b.mark, b.scale)))
    return total


def unspent(a: Record, books: Books, but: int) -> Two:
    """Cash less what waiting entries hold of it: as the venue locks it for all `but` one that it
    asks for, or, below 0, as we count for all."""
    left = two(a.cash)
    if a.entering <= (but >= 0):
        return left
    for s in range(books.size):
        held = two(books[s].lock) if but >= 0 else two(books[s].reserve)
        if s == but:
            continue
        if held[0] != 0.0:
            left = subtract(left, held)
    return left


def buy(a: Record, books: Books, s: int, price: Two, quantity: Two) -> bool:
    """Pay for an entry and hold it; False where the venue finds too little cash."""
    b, cost, net = books[s], multiply(price, quantity), quantity
    coins = _bnb_due(a, books, cost)
    fee = multiply(cost, two(a.fee)) if a.charged == IN_QUOTE else _NOTHING
    if a.charged != IN_QUOTE and coins[0] < 0.0:
        net = subtract(quantity, multiply(quantity, two(a.fee)))
    paid = add(cost, fee)
    if not _covers(unspent(a, books, s), paid):
        return False
    put(a.cash, subtract(two(a.cash), paid))
    put(b.wallet, add(two(b.wallet), net))
    put(b.held, net)
    put(b.price, price)
    put(b.cost, add(add(cost, fee), _pay_bnb(a, books, coins)))
    b.place = a.entries
    a.entries += 1
    if not sellable(b, steps_of(b, net), price):
        put(b.held, _NOTHING)  # too little to be sold: dust from the start
    return True


def sell(a: Record, books: Books, s: int, price: Two, steps: float) -> None:
    """Be paid for steps of a position: one closed trade."""
    b = books[s]
    quantity, held, cost = multiply((steps, 0.0), two(b.step)), two(b.held), two(b.cost)
    value = multiply(price, quantity)
    coins = _bnb_due(a, books, value)
    # A fee taken out of what is received is money here.
    fee = multiply(value, two(a.fee)) if coins[0] < 0.0 else _NOTHING
    worth = add(fee, _pay_bnb(a, books, coins))
    left = subtract(held, quantity)
    part = cost if left[0] == 0.0 else divide(multiply(cost, quantity), held)
    put(a.cash, add(two(a.cash), subtract(value, fee)))
    put(b.wallet, subtract(two(b.wallet), quantity))
    put(b.cost, subtract(cost, part))
    _count(a, subtract(subtract(value, worth), part)[0], value[0])
    # What no leg sells any more and nobody would buy stays in the wallet as dust.
    if left[0] != 0.0 and b.legs == 0 and not sellable(b, steps_of(b, left), price):
        left = _NOTHING
    put(b.held, left)


def _bnb_due(a: Record, books: Books, cost: Two) -> Two:
    """The commission in BNB, rounded up to its eighth digit; below zero where it is not taken in
    BNB, or there is too little of it."""
    if not EVERY_RULE or a.charged != IN_BNB:
        return _NO_BNB
    fee = multiply(multiply(cost, two(a.bnb_rate)), _BNB_DIGITS)
    coins = divide((whole(divide(fee, two(a.bnb_price)), True), 0.0), _BNB_DIGITS)
    return coins if _covers(two(books[a.bnb].wallet), coins) else _NO_BNB


def _pay_bnb(a: Record, books: Books, coins: Two) -> Two:
    """Take the commission, and say what it is worth at the last close."""
    if not EVERY_RULE or coins[0] <= 0.0:
        return _NOTHING
    b = books[a.bnb]
    put(b.wallet, subtract(two(b.wallet), coins))
    return multiply(coins, two(a.bnb_mark))


def _covers(there: Two, wanted: Two) -> bool:
    return subtract(there, wanted)[0] >= -_ROUNDING * abs(wanted[0])


def _count(a: Record, gain: float, value: float) -> None:
    a.trades += 1
    a.loss_at = NEVER
    if gain > _ROUNDING * value:
        a.wins += 1
        a.won += gain
    elif gain < -_ROUNDING * value:
        a.lost -= gain
        a.loss_at = a.at

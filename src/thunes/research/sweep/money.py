"""Money: what the account is worth and may spend, and what each fill does to it."""

from thunes.research.sweep.layout import (
    BNB_RATE,
    BNB_SYMBOL,
    BUY,
    CASH,
    CHARGED,
    COST,
    ENTRIES,
    FEE,
    FILL_PRICE,
    FILL_QUANTITY,
    FILL_ROW,
    FILL_SYMBOL,
    FILL_WHY,
    FILLS,
    HELD,
    IN_BNB,
    IN_QUOTE,
    LEGS,
    LOCK,
    LOSS_AT,
    LOST,
    NEVER,
    PLACE,
    PRICE,
    RESERVE,
    STEP,
    TRADES,
    WALLET,
    WHY,
    WINS,
    WON,
    Sweep,
    get,
    keep,
    own,
    put,
)
from thunes.research.sweep.prices import price_of, sellable, steps_of
from thunes.research.sweep.twofold import Two, add, divide, multiply, subtract, whole

_BNB_DIGITS = (1e8, 0.0)
_NOTHING = (0.0, 0.0)
_NO_BNB = (-1.0, 0.0)
_ROUNDING = 1e-24


def equity(w: Sweep, row: int) -> Two:
    """What the account is worth at the closes of this row."""
    total = own(w.purse, CASH)
    for s in range(w.book.shape[0]):
        if w.book[s, WALLET] != 0.0:
            mark = price_of(w, s, w.close[s, row])
            total = add(total, multiply(get(w.book, s, WALLET), mark))
    return total


def unspent(w: Sweep, column: int) -> Two:
    """Cash less what waiting entries hold of it: RESERVE as we count, LOCK as the venue does."""
    left = own(w.purse, CASH)
    for s in range(w.book.shape[0]):
        if w.book[s, column] != 0.0:
            left = subtract(left, get(w.book, s, column))
    return left


def buy(w: Sweep, s: int, row: int, price: Two, quantity: Two) -> bool:
    """Pay for an entry and hold it; False where the venue finds too little cash."""
    cost, net = multiply(price, quantity), quantity
    due = multiply(cost, own(w.rule, FEE))
    coins = _bnb_due(w, row, cost)
    fee = due if w.choice[CHARGED] == IN_QUOTE else _NOTHING
    if w.choice[CHARGED] != IN_QUOTE and coins[0] < 0.0:
        net = subtract(quantity, multiply(quantity, own(w.rule, FEE)))
    paid = add(cost, fee)
    if not _covers(add(unspent(w, LOCK), get(w.book, s, LOCK)), paid):
        return False
    worth = add(fee, _pay_bnb(w, row, coins))
    keep(w.purse, CASH, subtract(own(w.purse, CASH), paid))
    put(w.book, s, WALLET, add(get(w.book, s, WALLET), net))
    put(w.book, s, HELD, net)
    put(w.book, s, PRICE, price)
    put(w.book, s, COST, add(cost, worth))
    w.slot[s, PLACE] = w.note[ENTRIES]
    w.note[ENTRIES] += 1
    _record(w, s, row, BUY, (price, quantity))
    if not sellable(w, s, steps_of(w, s, net), price):
        put(w.book, s, HELD, _NOTHING)  # too little to be sold: dust from the start
    return True


def sell(w: Sweep, s: int, row: int, price: Two, steps: float) -> None:
    """Be paid for steps of a position: one closed trade."""
    quantity = multiply((steps, 0.0), get(w.grid, s, STEP))
    held, cost = get(w.book, s, HELD), get(w.book, s, COST)
    value = multiply(price, quantity)
    coins = _bnb_due(w, row, value)
    # A fee taken out of what is received is money here.
    fee = multiply(value, own(w.rule, FEE)) if coins[0] < 0.0 else _NOTHING
    worth = add(fee, _pay_bnb(w, row, coins))
    left = subtract(held, quantity)
    part = cost if left[0] == 0.0 else divide(multiply(cost, quantity), held)
    gain = subtract(subtract(value, worth), part)
    keep(w.purse, CASH, add(own(w.purse, CASH), subtract(value, fee)))
    put(w.book, s, WALLET, subtract(get(w.book, s, WALLET), quantity))
    put(w.book, s, COST, subtract(cost, part))
    _count(w, row, gain, value)
    _record(w, s, row, w.slot[s, WHY], (price, quantity))
    # What no leg sells any more and nobody would buy stays in the wallet as dust.
    if w.slot[s, LEGS] == 0 and not sellable(w, s, steps_of(w, s, left), price):
        left = _NOTHING
    put(w.book, s, HELD, left)


def _bnb_due(w: Sweep, row: int, cost: Two) -> Two:
    """The commission in BNB, rounded up to its eighth digit; below zero where it is not taken in
    BNB, or there is too little of it."""
    if w.choice[CHARGED] != IN_BNB:
        return _NO_BNB
    b = w.choice[BNB_SYMBOL]
    fee = multiply(multiply(cost, own(w.rule, BNB_RATE)), _BNB_DIGITS)
    units = whole(divide(fee, price_of(w, b, w.open[b, row])), True)
    coins = divide((units, 0.0), _BNB_DIGITS)
    return coins if _covers(get(w.book, b, WALLET), coins) else _NO_BNB


def _pay_bnb(w: Sweep, row: int, coins: Two) -> Two:
    """Take the commission, and say what it is worth at the last close."""
    if coins[0] <= 0.0:
        return _NOTHING
    b = w.choice[BNB_SYMBOL]
    put(w.book, b, WALLET, subtract(get(w.book, b, WALLET), coins))
    return multiply(coins, price_of(w, b, w.close[b, max(row - 1, 0)]))


def _covers(there: Two, wanted: Two) -> bool:
    return subtract(there, wanted)[0] >= -_ROUNDING * abs(wanted[0])


def _count(w: Sweep, row: int, gain: Two, value: Two) -> None:
    won = gain[0] if abs(gain[0]) > _ROUNDING * value[0] else 0.0
    w.note[TRADES] += 1
    w.note[LOSS_AT] = row if won < 0.0 else NEVER
    if won > 0.0:
        w.note[WINS] += 1
        w.purse[WON] += won
    elif won < 0.0:
        w.purse[LOST] -= won


def _record(w: Sweep, s: int, row: int, why: int, traded: tuple[Two, Two]) -> None:
    """Write a fill down, its price and its quantity, where there is room for it."""
    place = w.note[FILLS]
    if place < w.fill.shape[0]:
        w.fill[place, FILL_ROW], w.fill[place, FILL_SYMBOL] = row, s
        w.fill[place, FILL_WHY] = why
        w.fill[place, FILL_PRICE], w.fill[place, FILL_QUANTITY] = traded[0][0], traded[1][0]
    w.note[FILLS] = place + 1

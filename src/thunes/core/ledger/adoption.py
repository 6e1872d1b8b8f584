"""Adoption: where the venue holds more or less than our books say, the venue is right.

Nothing is bought or sold to make the two agree. What others traded on the account is booked as
what it was; coins and money that came or went are booked as deposits and withdrawals once two
looks agree on them; coins of a traded symbol that nobody here bought become a position.
"""

from decimal import Decimal

import msgspec

from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import SeenFill
from thunes.core.domain.fact import Difference, Discrepancy, Fact
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.position import ExitPlan, Lot, Position
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Asset,
    Instant,
    Money,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.ledger.books import Account
from thunes.core.ledger.holdings import ValueOf
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.lots import is_dust
from thunes.core.ledger.orders import MANUAL, OrderChange, OrderRecord

ADOPTED = StrategyId("adopted")
"""The owner of positions that no strategy here opened: no signal leaves them, their stops do."""

_QUIET_NS = 2 * NS_PER_SECOND
"""Balances are compared only where nothing filled from so long before a look on."""

AGREE_NS = 3 * NS_PER_SECOND
"""Two looks agree on a difference only if so far apart, with nothing filled in between: both may be
answered from a state two seconds old, and what has filled since then is in our books already."""


class Doubt(msgspec.Struct):
    """What the last look at the account left open, for the next one to confirm.

    `missing` are our orders that it did not tell of, by the time of the first such look;
    `differences` what the venue held of each asset beyond our books, and since which look;
    `strangers` open orders that are not ours, which keep us from entering their symbols;
    `unheeded` symbols whose stop rests although the price is beyond it, and since which look.
    """

    as_of: Instant = Instant(0)
    missing: dict[OrderId, Instant] = {}
    differences: dict[Asset, tuple[Decimal, Instant]] = {}
    strangers: dict[Symbol, OrderId] = {}
    unheeded: dict[Symbol, Instant] = {}


def book_foreign(
    ledger: Ledger, at: Instant, seen: SeenFill, plan: ExitPlan, value_of: ValueOf
) -> list[Fact]:
    """Book one more fill of an order that is not ours, as a trade of the account."""
    instrument = ledger.instruments.get(seen.symbol)
    if instrument is None:
        return []  # not a symbol of ours: its coins are compared with the balances
    fill, buys = seen.fill, seen.side is Side.BUY
    order = Order(
        id=fill.order_id,
        symbol=seen.symbol,
        side=seen.side,
        type=OrderType.MARKET,
        role=OrderRole.ENTRY if buys else OrderRole.EXIT,
        strategy=ADOPTED,
        quantity=fill.quantity,
    )
    said = f"{seen.side.value} {fill.quantity} at {fill.price} by order {fill.order_id}"
    found: list[Fact] = [Discrepancy(Difference.FOREIGN_FILL, seen.symbol, said)]
    record = ledger.orders.find(fill.order_id)
    if record is None:
        record = OrderRecord(order, plan=plan, reason=MANUAL, asked_at=at)
        ledger.orders.submit(record)
    held = ledger.positions.get(seen.symbol)
    if not buys and (held is None or held.quantity < fill.quantity):
        # More than we manage: the coins went all the same, and what is left is looked at below.
        ledger.post_fill(at, record, fill)
        record.trade_ids.append(fill.trade_id)
        record.filled = Quantity(record.filled + fill.quantity)
        record.value = Money(record.value + fill.price * fill.quantity)
        ledger.orders.change(record, OrderChange.FILLED)
        return found
    whole = msgspec.structs.replace(fill, complete=True)
    return found + ledger.book(at, record, whole, value_of)


def moves(ledger: Ledger, as_of: Instant) -> bool:
    """Whether a look of that time is too close to our newest fill to compare balances by it."""
    return ledger.traded_at >= as_of - _QUIET_NS


def differences(ledger: Ledger, seen: AccountSeen) -> dict[Asset, Decimal]:
    """What the venue holds of each asset beyond our books; empty while anything may be moving."""
    if moves(ledger, seen.as_of) or any(fill.at >= seen.as_of - _QUIET_NS for fill in seen.fills):
        return {}
    wallet = ledger.books.accounts[Account.WALLET]
    found = {}
    for asset in dict.fromkeys((*wallet, *seen.balances)):
        difference = seen.balances.get(asset, ZERO) - wallet.get(asset, ZERO)
        if difference:
            found[asset] = difference
    return found


def adopt(
    ledger: Ledger, at: Instant, asset: Asset, amount: Decimal, taken: tuple[Price | None, ExitPlan]
) -> list[Fact]:
    """Book `amount` of `asset` as come (or gone, if negative); `taken` is what coins of a traded
    symbol count at and how they are to be left, if they become a position."""
    ledger.books.post(asset, Account.WORLD, Account.WALLET, amount)
    said = f"{amount:+f} {asset} came or went without an order of this account"
    facts: list[Fact] = [Discrepancy(Difference.BALANCE, asset, said)]
    symbols = [s for s, instrument in ledger.instruments.items() if instrument.base == asset]
    mark, plan = taken
    for symbol in symbols:
        dust = mark is None or is_dust(ledger.instruments[symbol], amount, mark)
        if mark is not None and not dust and symbol not in ledger.positions:
            facts.append(_taken_over(ledger, at, symbol, Quantity(amount), (mark, plan)))
    return facts


def _taken_over(
    ledger: Ledger, at: Instant, symbol: Symbol, quantity: Quantity, taken: tuple[Price, ExitPlan]
) -> Fact:
    mark, plan = taken
    cost = Money(quantity * mark)
    ledger.lots.setdefault(symbol, []).append(Lot(at, quantity, mark, cost, Money(ZERO)))
    ledger.positions[symbol] = Position(
        symbol=symbol,
        strategy=ADOPTED,
        opened_at=at,
        quantity=quantity,
        entry_price=mark,
        plan=plan,
        entry_size=quantity,
    )
    said = f"{quantity} {symbol} that nobody here bought are taken over at {mark}"
    return Discrepancy(Difference.UNKNOWN_POSITION, symbol, said)


def give_up_phantoms(ledger: Ledger) -> list[Fact]:
    """Positions larger than what is left of their coins are only as large as that."""
    facts: list[Fact] = []
    for symbol, held in list(ledger.positions.items()):
        wallet = max(ZERO, ledger.books.held(ledger.instruments[symbol].base))
        if wallet < held.quantity:
            lost = Quantity(held.quantity - wallet)
            ledger.give_up(symbol, lost)
            said = f"{lost} of the {held.quantity} {symbol} that we believed to hold are not there"
            facts.append(Discrepancy(Difference.PHANTOM, symbol, said))
    return facts

"""Valuation: what the account is worth, and what working orders could still cost."""

from collections.abc import Callable
from decimal import Decimal

from thunes.core.domain.units import ONE, ZERO, Asset, Money, Price, Symbol
from thunes.core.ledger.books import Account
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.orders import OrderRecord

Mark = Callable[[Symbol], Price | None]


def equity(ledger: Ledger, quote: Asset, mark: Mark, symbol_of: dict[Asset, Symbol]) -> Money:
    """What is traded here and held, at its mark, and the cash, in `quote`. Other coins of the
    account are nobody's business here; what is traded and held must have a price."""
    total = ZERO
    for asset, amount in ledger.books.accounts[Account.WALLET].items():
        if amount == ZERO:
            continue
        if asset == quote:
            total += amount
            continue
        symbol = symbol_of.get(asset)
        if symbol is None:
            continue
        price = mark(symbol)
        if price is not None:
            total += amount * price
        else:
            assert amount < ZERO, f"{asset} is held without a known price"
    return Money(total)


def worst_cost(record: OrderRecord, fee_rate: Decimal) -> Decimal:
    """The most that a working entry could still spend, fees included; unknown ones count too.

    `fee_rate` is of fees taken in the quote asset: zero where they are taken in coins.
    """
    order = record.order
    if order.quote_amount is not None:
        spent = record.value + (record.fees if fee_rate else ZERO)
        return max(ZERO, order.quote_amount - spent)
    price = order.limit_price or order.stop_price or record.reference
    assert price is not None, "an entry is sent with a reference price"
    return record.remaining * price * (ONE + fee_rate)


def reserved(ledger: Ledger, fee_rate: Decimal) -> Money:
    """Cash that working entries could still spend: derived, never stored."""
    entries = ledger.orders.open_entries
    if not entries:
        return Money(ZERO)
    return Money(sum((worst_cost(record, fee_rate) for record in entries.values()), ZERO))

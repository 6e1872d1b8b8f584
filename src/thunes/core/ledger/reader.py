"""The account as the deciding rooms read it: the ledger at the marks of one instant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from thunes.core.domain.position import Position
from thunes.core.domain.units import ZERO, Asset, Instant, Money, Price, Quantity, Symbol
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.orders import OrderRecord
from thunes.core.ledger.valuation import equity, reserved, worst_cost


@dataclass(frozen=True, slots=True)
class Pricing:
    """How holdings are valued: in which quote asset, at which marks, with which fee in reserve."""

    quote: Asset
    symbol_of: dict[Asset, Symbol]
    mark: Callable[[Symbol], Price | None]
    fee_rate: Decimal

    def value_of(self, asset: Asset, amount: Decimal) -> Decimal | None:
        """What `amount` of `asset` is worth in quote, or None without a price."""
        if asset == self.quote:
            return amount
        symbol = self.symbol_of.get(asset)
        price = None if symbol is None else self.mark(symbol)
        return None if price is None else amount * price

    def values(self, balances: Mapping[Asset, Decimal]) -> bool:
        """Whether all of these that are traded here have a price."""
        held = (self.symbol_of.get(asset) for asset, amount in balances.items() if amount)
        return all(symbol is None or self.mark(symbol) is not None for symbol in held)


class AccountReader:
    """Implements `core.domain.view.AccountView`; equity is computed once per instant."""

    __slots__ = ("_equity", "_ledger", "_naked", "_pricing", "order", "working")

    def __init__(self, ledger: Ledger, pricing: Pricing, naked: Mapping[Symbol, Instant]) -> None:
        self._ledger = ledger
        self._pricing = pricing
        self._naked = naked
        self._equity: Money | None = None
        self.order = ledger.orders.find
        self.working = ledger.orders.working

    def forget(self) -> None:
        """A new instant: what was computed at the last one no longer holds."""
        self._equity = None

    def equity(self) -> Money:
        if self._equity is None:
            p = self._pricing
            self._equity = equity(self._ledger, p.quote, p.mark, p.symbol_of)
        return self._equity

    def available(self) -> Money:
        cash = self._ledger.books.held(self._pricing.quote)
        return Money(cash - reserved(self._ledger, self._pricing.fee_rate))

    def position(self, symbol: Symbol) -> Position | None:
        return self._ledger.positions.get(symbol)

    def sellable(self, symbol: Symbol) -> Quantity:
        ledger, held = self._ledger, self._ledger.positions.get(symbol)
        pledged = ledger.pledged.get(symbol)
        if held is None or not pledged:
            return Quantity(ZERO) if held is None else held.quantity
        free = ledger.books.held(ledger.instruments[symbol].base) - pledged
        return Quantity(max(ZERO, min(held.quantity, free)))

    def positions(self) -> Sequence[Position]:
        return tuple(self._ledger.positions.values())

    def entries(self) -> Sequence[OrderRecord]:
        return tuple(self._ledger.orders.open_entries.values())

    def exposure(self, symbol: Symbol) -> Money:
        held, total = self._ledger.positions.get(symbol), ZERO
        if held is not None:
            # A holding without a price counts at what was paid for it, never at nothing.
            total += held.quantity * (self._pricing.mark(symbol) or held.entry_price)
        for record in self._ledger.orders.open_entries.values():
            if record.order.symbol == symbol:
                total += worst_cost(record, self._pricing.fee_rate)
        return Money(total)

    def total_exposure(self) -> Money:
        symbols = dict.fromkeys(self._ledger.positions)
        for record in self._ledger.orders.open_entries.values():
            symbols.setdefault(record.order.symbol)
        return Money(sum((self.exposure(symbol) for symbol in symbols), ZERO))

    def naked_since(self, symbol: Symbol) -> Instant | None:
        return self._naked.get(symbol)

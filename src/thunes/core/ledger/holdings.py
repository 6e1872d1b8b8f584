"""The holdings of a spot account: balances, positions with their lots, dust, and what fees take."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.fact import Fact, Noticed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Filled, Side
from thunes.core.domain.position import Lot, Position
from thunes.core.domain.units import ZERO, Asset, Instant, Money, Price, Quantity, Symbol
from thunes.core.ledger.books import Account, Books
from thunes.core.ledger.legs import fitted
from thunes.core.ledger.lots import consume, is_dust, pooled
from thunes.core.ledger.orders import OrderRecord, Orders

ValueOf = Callable[[Asset, Decimal], Decimal | None]
"""What an amount of an asset is worth in the quote asset, or None if no price is known."""

_PAYS = (Account.WALLET, Account.MARKET)
_IS_PAID = (Account.MARKET, Account.WALLET)


class Holdings:
    """Double-entry books, our orders, positions with their lots, and dust."""

    def __init__(self, instruments: Mapping[Symbol, Instrument]) -> None:
        self.instruments = instruments
        self.symbol_of = {each.base: symbol for symbol, each in instruments.items()}
        self.books = Books()
        self.orders = Orders(instruments)
        self.positions: dict[Symbol, Position] = {}
        self.lots: dict[Symbol, list[Lot]] = {}
        self.dust: dict[Symbol, list[Lot]] = {}
        self.told: dict[Symbol, Position] = {}  # as the last fact about them had it
        self.touched: dict[Symbol, None] = {}  # by reports, since somebody last looked
        self.traded_at = Instant(0)  # when the newest fill was heard of
        self.pledged: dict[Symbol, Quantity] = {}  # coins that open orders of others would sell

    def deposit(self, balances: Mapping[Asset, Quantity]) -> None:
        for asset, amount in balances.items():
            self.books.post(asset, Account.WORLD, Account.WALLET, amount)

    def post_fill(self, at: Instant, record: OrderRecord, fill: Filled) -> None:
        """What a fill moves between the accounts; its lots and positions aside."""
        self.traded_at = at
        instrument = self.instruments[record.order.symbol]
        payer, payee = _PAYS if record.order.side is Side.BUY else _IS_PAID
        self.books.post(instrument.quote, payer, payee, fill.price * fill.quantity)
        self.books.post(instrument.base, payee, payer, fill.quantity)
        if fill.fee:
            self.books.post(fill.fee_asset, Account.WALLET, Account.FEES, fill.fee)

    def give_up(self, symbol: Symbol, quantity: Quantity) -> None:
        """Coins of a position left without a sale: first lots first, last legs first."""
        held = self.positions[symbol]
        consume(self.lots[symbol], quantity)
        left = Quantity(held.quantity - quantity)
        if left <= ZERO:
            del self.positions[symbol], self.lots[symbol]
            return
        self.positions[symbol] = replace(
            held,
            quantity=left,
            entry_size=Quantity(min(held.entry_size, left)),
            legs=fitted(held.legs, left, self.instruments[symbol].step),
        )
        if left < self.instruments[symbol].step and not self.orders.working(symbol):
            self._end_as_dust(symbol)  # no sale will ever end it

    def put_aside(self, symbol: Symbol, price: Price, record: OrderRecord) -> None:
        """End a position that is too little to be sold, now or by its stop; not while an order
        still sells it."""
        ended, held = record.order.list_id, self.positions[symbol]
        left = held.quantity
        stops = (leg.stop_price for leg in held.legs if leg.stop_price is not None)
        if left and not is_dust(self.instruments[symbol], left, min((price, *stops))):
            return
        for each in self.orders.working(symbol):
            sibling = ended is not None and each.order.list_id == ended
            if left and each.order.side is Side.SELL and (each is record or not sibling):
                return
        self._end_as_dust(symbol)

    def _end_as_dust(self, symbol: Symbol) -> None:
        if lots := self.lots.pop(symbol):
            self.dust.setdefault(symbol, []).extend(lots)
        del self.positions[symbol]

    def pay_fee(
        self, at: Instant, record: OrderRecord, fill: Filled, value_of: ValueOf
    ) -> tuple[Money, list[Fact]]:
        """What the fee is worth in quote. Lots that have to pay it count at what they cost: else
        the same coins would be lost twice, as a fee and in what is held.

        A fee out of the very coins that are bought takes none: it makes a smaller lot.
        """
        asset, left, cost, facts = fill.fee_asset, Decimal(fill.fee), ZERO, list[Fact]()
        symbol = record.order.symbol
        in_base, payer = asset == self.instruments[symbol].base, self.symbol_of.get(asset)
        if payer is not None and not (in_base and record.order.side is Side.BUY):
            before = self.positions.get(payer)
            for lot in self._give(payer, left):
                left, cost = left - lot.quantity, cost + lot.cost
            held, self.touched[payer] = self.positions.get(payer), None
            if held is not None and held is not before:
                text = f"the position in {payer} paid a fee of {fill.fee} {asset}"
                facts.append(Noticed("fee_from_position", text, at))
                if payer != symbol and not (held.quantity and self.orders.working(payer)):
                    self.put_aside(payer, held.entry_price, record)
        worth = left * fill.price if in_base else value_of(asset, left)
        if worth is None:
            text = f"nothing tells what a fee of {left} {asset} is worth"
            facts.append(Noticed("unpriced_fee", text, at))
        return Money(cost + (worth or ZERO)), facts

    def _give(self, symbol: Symbol, fee: Decimal) -> list[Lot]:
        """The lots that pay a fee in their coin: spare coins pay first, then dust, then what is
        held; nothing in the wallet may be held twice."""
        instrument, held = self.instruments[symbol], self.positions.get(symbol)
        aside = self.dust.pop(symbol, [])
        owned, dust = held.quantity if held else ZERO, pooled(aside)
        spare = self.books.held(instrument.base) - owned - dust
        short = fee - max(ZERO, spare)
        given = consume(aside, Quantity(min(short, dust)))
        if aside:
            self.dust[symbol] = aside
        if held is not None and short > dust:
            part = Quantity(min(short - dust, owned))
            given += consume(self.lots[symbol], part)
            left = Quantity(owned - part)
            legs = fitted(held.legs, left, instrument.step)
            self.positions[symbol] = replace(held, quantity=left, legs=legs)
        return given

"""The ledger: books every report exactly once and knows what is held and what is in flight."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.fact import Fact, Noticed, OrderFailed, PositionOpened, TradeClosed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    OutcomeUnknown,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.position import ExitPlan, Leg, Lot, Position, Trade
from thunes.core.domain.units import ZERO, Asset, Instant, Money, Price, Quantity, Symbol
from thunes.core.ledger.books import Account, Books
from thunes.core.ledger.legs import fitted, reduced
from thunes.core.ledger.lots import average_price, consume, is_dust, pooled, ratio
from thunes.core.ledger.orders import OVER, OrderChange, OrderRecord, Orders

ValueOf = Callable[[Asset, Decimal], Decimal | None]
"""What an amount of an asset is worth in the quote asset, or None if no price is known."""

BREACHES = ("oversold", "unpriced_fee")
"""Codes of what should not have happened: it is booked, and nothing new is begun on top of it."""

_CHANGES: Mapping[type[Report], OrderChange] = {
    Accepted: OrderChange.ACCEPTED,
    Rejected: OrderChange.REJECTED,
    Canceled: OrderChange.CANCELED,
    Expired: OrderChange.EXPIRED,
    CancelRefused: OrderChange.CANCEL_REFUSED,
    OutcomeUnknown: OrderChange.LOST,
}

_REFUSALS = (Rejected, CancelRefused)
_PAYS = (Account.WALLET, Account.MARKET)
_IS_PAID = (Account.MARKET, Account.WALLET)


class Ledger:
    """A spot account: double-entry books, our orders, positions with their lots, and dust."""

    def __init__(self, instruments: Mapping[Symbol, Instrument]) -> None:
        self.instruments = instruments
        self.symbol_of = {each.base: symbol for symbol, each in instruments.items()}
        self.books = Books()
        self.orders = Orders(instruments)
        self.positions: dict[Symbol, Position] = {}
        self.lots: dict[Symbol, list[Lot]] = {}
        self.dust: dict[Symbol, list[Lot]] = {}
        self.touched: dict[Symbol, None] = {}  # by reports, since somebody last looked

    def deposit(self, balances: Mapping[Asset, Quantity]) -> None:
        for asset, amount in balances.items():
            self.books.post(asset, Account.WORLD, Account.WALLET, amount)

    def book(
        self, at: Instant, record: OrderRecord | None, report: Report, value_of: ValueOf
    ) -> list[Fact]:
        """Book one report of the venue about the order of `record`, None if it is not ours; what
        nobody here expected becomes a Noticed fact."""
        if record is None:
            return [Noticed(code="foreign_order", text=f"{report.order_id} is not ours", at=at)]
        self.touched[record.order.symbol] = None
        if isinstance(report, Filled):
            return self._book_fill(at, record, report, value_of)
        if not self.orders.change(record, _CHANGES[type(report)]):
            text = f"{type(report).__name__} for {report.order_id} in state {record.state.value}"
            return [Noticed(code="impossible_report", text=text, at=at)]
        facts: list[Fact] = []
        if isinstance(report, _REFUSALS):
            text = f"{report.code} {report.text}"
            facts.append(
                OrderFailed(order_id=report.order_id, symbol=record.order.symbol, text=text)
            )
        if record.state in OVER:
            facts += self._order_over(at, record)
        return facts

    def _book_fill(
        self, at: Instant, record: OrderRecord, fill: Filled, value_of: ValueOf
    ) -> list[Fact]:
        if fill.trade_id in record.trade_ids:
            return []
        change = OrderChange.FILLED if fill.complete else OrderChange.PARTLY_FILLED
        known = self.orders.change(record, change)
        assert known, "the order table has a row for a fill in every state"
        record.trade_ids.append(fill.trade_id)
        instrument = self.instruments[record.order.symbol]
        value = Money(fill.price * fill.quantity)
        record.filled = Quantity(record.filled + fill.quantity)
        record.value = Money(record.value + value)
        fee_value, facts = Money(ZERO), list[Fact]()
        if fill.fee:
            fee_value, facts = self._pay_fee(at, record, fill, value_of)
            record.fees = Money(record.fees + fee_value)
        bought = record.order.side is Side.BUY
        payer, payee = _PAYS if bought else _IS_PAID
        self.books.post(instrument.quote, payer, payee, value)
        self.books.post(instrument.base, payee, payer, fill.quantity)
        if fill.fee:
            self.books.post(fill.fee_asset, Account.WALLET, Account.FEES, fill.fee)
        if bought:
            facts += self._bought(at, record, fill, fee_value)
        else:
            facts += self._sold(at, record, fill)
        if record.state in OVER:
            facts += self._order_over(at, record)
        return facts

    def _pay_fee(
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
                    self._put_aside(payer, held.entry_price, record)
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

    def _bought(
        self, at: Instant, record: OrderRecord, fill: Filled, fee_value: Money
    ) -> list[Fact]:
        order = record.order
        in_base = fill.fee_asset == self.instruments[order.symbol].base
        net = Quantity(fill.quantity - fill.fee) if in_base else fill.quantity
        # A fee in base shows as fewer units for the same money: it must not be counted twice.
        paid = fill.price * fill.quantity + (ZERO if in_base else fee_value)
        lot = Lot(at=at, quantity=net, price=fill.price, cost=Money(paid), fees=fee_value)
        lots = self.lots.setdefault(order.symbol, [])
        lots.append(lot)
        held = self.positions.get(order.symbol)
        if held is None:
            self.positions[order.symbol] = Position(
                symbol=order.symbol,
                strategy=order.strategy,
                opened_at=at,
                quantity=net,
                entry_price=fill.price,
                plan=record.plan or ExitPlan(),
            )
            opened = PositionOpened(
                symbol=order.symbol, strategy=order.strategy, price=fill.price, quantity=net
            )
            return [opened]
        first_fill = len(record.trade_ids) == 1
        self.positions[order.symbol] = replace(
            held,
            quantity=Quantity(held.quantity + net),
            entry_price=average_price(lots),
            entries=held.entries + (1 if first_fill else 0),
        )
        return []

    def _sold(self, at: Instant, record: OrderRecord, fill: Filled) -> list[Fact]:
        symbol = record.order.symbol
        held = self.positions.get(symbol)
        if held is None or fill.quantity > held.quantity:
            return self._oversold(at, record, fill)
        record.lots.extend(consume(self.lots[symbol], fill.quantity))
        record.leg = _leg_sold(held, record)
        left = Quantity(held.quantity - fill.quantity)
        legs, hit = reduced(held.legs, record, fill.quantity)
        self.positions[symbol] = replace(
            held, quantity=left, legs=legs, targets_hit=held.targets_hit + hit
        )
        self._put_aside(symbol, fill.price, record)
        return []

    def _oversold(self, at: Instant, record: OrderRecord, fill: Filled) -> list[Fact]:
        """More was sold than the position held: too late or in error, but it was sold. Dust goes
        next; coins that no lot knows are taken to have cost what they brought."""
        symbol, name = record.order.symbol, record.order.id
        held, facts = self.positions.pop(symbol, None), list[Fact]()
        record.lots.extend(self.lots.pop(symbol, ()))
        if held is not None:
            record.leg = _leg_sold(held, record)
        rest = fill.quantity - (held.quantity if held else ZERO)
        aside = self.dust.pop(symbol, [])
        if dust := Quantity(min(rest, pooled(aside))):
            record.lots.extend(consume(aside, dust))
            rest -= dust
            facts.append(Noticed("sold_from_dust", f"{name} sold {dust} put aside in {symbol}", at))
        if aside:
            self.dust[symbol] = aside
        if rest:
            worth = Money(fill.price * rest)
            record.lots.append(Lot(at, Quantity(rest), fill.price, worth, Money(ZERO)))
            text = f"{name} sold {rest} in {symbol} that no position held"
            facts.append(Noticed("oversold", text, at))
        return facts

    def _put_aside(self, symbol: Symbol, price: Price, record: OrderRecord) -> None:
        """End a position that is too little to be sold; not while an order still sells it."""
        ended = record.order.list_id
        left = self.positions[symbol].quantity
        if left and not is_dust(self.instruments[symbol], left, price):
            return
        for each in self.orders.working(symbol):
            sibling = ended is not None and each.order.list_id == ended
            if left and each.order.side is Side.SELL and (each is record or not sibling):
                return
        if lots := self.lots.pop(symbol):
            self.dust.setdefault(symbol, []).extend(lots)
        del self.positions[symbol]

    def _order_over(self, at: Instant, record: OrderRecord) -> list[Fact]:
        order = record.order
        held = self.positions.get(order.symbol)
        if order.side is Side.BUY:
            if held is not None and record.filled:
                self.positions[order.symbol] = replace(held, entry_size=held.quantity)
                if not self.orders.working(order.symbol):
                    self._put_aside(order.symbol, held.entry_price, record)
            return []
        if held is not None and not self.orders.working(order.symbol):
            self._put_aside(order.symbol, record.reference or held.entry_price, record)
        if not record.lots:
            return []
        trade = _trade(at, record)
        record.lots = []
        record.traded_value, record.traded_fees = record.value, record.fees
        return [TradeClosed(trade=trade, flat=order.symbol not in self.positions)]


def _leg_sold(held: Position, record: OrderRecord) -> Leg | None:
    named = next((leg for leg in held.legs if leg.name == record.order.leg), None)
    return named or next(iter(held.legs), record.leg)


def _trade(at: Instant, record: OrderRecord) -> Trade:
    order, lots = record.order, record.lots
    value, exit_fees = record.value - record.traded_value, record.fees - record.traded_fees
    quantity, cost, fees = ZERO, ZERO, exit_fees
    for lot in lots:
        quantity += lot.quantity
        cost += lot.cost
        fees += lot.fees
    return Trade(
        symbol=order.symbol,
        strategy=order.strategy,
        entry_time=lots[0].at,
        entry_price=average_price(lots),
        quantity=Quantity(quantity),
        exit_time=at,
        exit_price=ratio(value, quantity),
        fees=Money(fees),
        pnl=Money(value - exit_fees - cost),
        exit_reason=record.reason or order.role.value,
        stop_price=record.leg.stop_price if record.leg else None,
        target_price=record.leg.target_price if record.leg else None,
    )

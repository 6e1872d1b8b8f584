"""The venue's desk: takes commands, keeps the open orders and the funds they hold."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from thunes.adapters.venues.simulated import admission
from thunes.adapters.venues.simulated.account import Account
from thunes.adapters.venues.simulated.costs import Charged
from thunes.adapters.venues.simulated.models import Models
from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.adapters.venues.simulated.reporting import Reporter
from thunes.adapters.venues.simulated.session import Session
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Order,
    OrderType,
    Rejected,
    Side,
)
from thunes.core.domain.units import EXACT, ONE, ZERO, Asset, Instant, OrderId, Symbol

BNB = Asset("BNB")


class Desk:
    """Open orders by id and by symbol; every change of them goes through here.

    What it has to say is appended to `said`; whoever brought the cause cuts the batch.
    """

    def __init__(
        self, books: Mapping[Symbol, Book], account: Account, session: Session, models: Models
    ) -> None:
        self.books = books
        self.account = account
        self.session = session
        self.reporter = Reporter()
        self.said = self.reporter.said
        self.touch = models.limit_touch_fills
        self.open: dict[OrderId, Working] = {}
        self.waiting: dict[OrderId, Working] = {}  # what begins once that one is filled
        self.active: dict[Symbol, Book] = {}  # books with any open order
        self._symbols: tuple[Symbol, ...] | None = None
        fees = models.fees
        self.bnb_books: dict[Asset, Book] = {}  # where fees in BNB find its price, by quote asset
        if fees.charged is Charged.BNB:
            priced = [book for book in books.values() if book.instrument.base == BNB]
            self.bnb_books = {book.instrument.quote: book for book in priced}
        in_quote = fees.charged is Charged.QUOTE
        self.fee_factor = EXACT.add(ONE, max(fees.maker, fees.taker)) if in_quote else ONE

    def symbols(self) -> tuple[Symbol, ...]:
        """Symbols with open orders, and where there are any those that price the fees."""
        if self._symbols is None:
            books = self.active
            if books and self.bnb_books:
                books = books | {book.symbol: book for book in self.bnb_books.values()}
            self._symbols = tuple(books)
            if len(books) > 1:
                self._symbols = tuple(sorted(books, key=lambda symbol: books[symbol].place))
        return self._symbols

    def take(self, command: VenueCommand, at: Instant) -> None:
        """Carry out a command that has arrived at `at`."""
        match command:
            case PlaceOrders():
                refusal = self._place(command.orders, at)
                if refusal is not None:
                    self.said.extend(_rejected(command.orders, refusal))
            case CancelOrders():
                self._cancel(command.order_ids)
            case ReplaceOrders():
                if any(order_id not in self.open for order_id in command.cancels):
                    _refuse_replace(self, command)
                    return
                self._cancel(command.cancels)
                refusal = self._place(command.orders, at)
                if refusal is not None:
                    # As at the venue: the cancels stand, and the text says what the new one lacked.
                    code, text = admission.REPLACE_HALF_FAILED
                    self.said.extend(_rejected(command.orders, (code, f"{text} {refusal[1]}")))

    def remove(self, working: Working) -> None:
        """The order is over: what it still holds is free again."""
        working.open = False
        book = working.book
        del self.open[working.order.id]
        book.remove(working)
        if not book.orders:
            del self.active[book.symbol]
            self._symbols = None
        if working.locked:
            self.account.release(working.asset, working.locked)
            working.locked = ZERO
        if working.sibling is not None:
            working.sibling.sibling = None
            working.sibling = None
        for order in working.brings:
            del self.waiting[order.id]

    def begin(self, entry: Working) -> None:
        """The order is filled: what it brings begins in the same instant, or expires."""
        if not entry.brings:
            return
        refusal = self._admit(entry.brings, (), entry.arrived)
        for order in entry.brings:
            if refusal is not None:
                self.said.append(Expired(order.id, refusal[1]))
            else:
                self.open[order.id].seen = True  # by the price that filled its entry

    def expire(self, working: Working, text: str) -> None:
        self.remove(working)
        self.said.append(Expired(working.order.id, text, working.filled))
        self.said.extend(Expired(order.id, admission.NEVER_BEGUN) for order in working.brings)

    def refuse(self, working: Working, refusal: admission.Refusal) -> None:
        """The order turns out impossible: rejected, or expired if it was accepted before."""
        sibling = working.sibling
        if working.said:
            self.expire(working, refusal[1])
        else:
            self.remove(working)
            self.said.extend(_rejected((working.order,), refusal))
        if sibling is not None:
            self.expire(sibling, refusal[1])

    def hold(self, working: Working, amount: Decimal) -> None:
        """Lock `amount` for the order, or what there is of it."""
        asset = working.asset
        working.locked = min(amount, self.account.free[asset])
        self.account.lock(asset, working.locked)

    def _place(self, orders: Sequence[Order], at: Instant) -> admission.Refusal | None:
        """Open `orders`, or say why not."""
        refusal = admission.malformed(orders)
        if refusal is not None:
            return refusal
        if orders[0].symbol not in self.books:
            return admission.SYMBOL
        known: dict[OrderId, None] = {}
        for order in orders:
            if order.id in self.open or order.id in self.waiting or order.id in known:
                return admission.DUPLICATE
            known[order.id] = None
        later = tuple([order for order in orders if order.after is not None])
        return self._admit(orders[: len(orders) - len(later)], later, at)

    def _admit(
        self, orders: Sequence[Order], later: tuple[Order, ...], at: Instant
    ) -> admission.Refusal | None:
        """Open `orders` at the last price, the first of which brings those that come `later`."""
        book, first = self.books[orders[0].symbol], orders[0]
        price = self.session.price(book, at, buy=first.side is Side.BUY)
        last = None if price is None else Decimal(repr(price))
        refusal = admission.refused((*orders, *later), book, last)
        refusal = refusal or admission.misplaced(orders, last)
        if refusal is not None:
            return refusal
        workings = [Working(order, book, at) for order in orders]
        need = admission.funds_needed(orders, last, self.fee_factor)
        if need > self.account.free[workings[0].asset]:
            return admission.FUNDS
        workings[0].brings = later
        self.waiting.update((order.id, workings[0]) for order in later)
        self._open(workings, need)
        return None

    def _open(self, workings: list[Working], need: Decimal) -> None:
        """The first of a list holds the funds of both: only one of them can fill."""
        book = workings[0].book
        self.hold(workings[0], need)
        if len(workings) == 2:
            workings[0].sibling, workings[1].sibling = workings[1], workings[0]
        if book.symbol not in self.active:
            self.active[book.symbol] = book
            self._symbols = None
        for working in workings:
            order = working.order
            self.session.admit(working)
            self.open[order.id] = working
            book.add(working)
            if order.type is not OrderType.MARKET:
                working.arm(order.type, touch=self.touch)
                working.said = True
                self.said.append(Accepted(order.id))

    def _cancel(self, ids: Sequence[OrderId]) -> None:
        """Cancel each; with one of a list goes all of it, and may be named as well."""
        gone: dict[OrderId, None] = {}
        for order_id in ids:
            working = self.open.get(order_id) or self.waiting.get(order_id)
            if working is not None:
                sibling = working.sibling
                for leg in (working,) if sibling is None else (working, sibling):
                    self.remove(leg)
                    gone[leg.order.id] = None
                    self.said.append(Canceled(leg.order.id, leg.filled))
                for order in working.brings:
                    gone[order.id] = None
                    self.said.append(Canceled(order.id))
            elif order_id not in gone:
                self.said.append(CancelRefused(order_id, *admission.UNKNOWN_ORDER))


def _refuse_replace(desk: Desk, command: ReplaceOrders) -> None:
    """Nothing is done; what still stands is said to stand, for its cancel was asked for."""
    for order_id in command.cancels:
        working = desk.open.get(order_id)
        if working is None:
            desk.said.append(CancelRefused(order_id, *admission.UNKNOWN_ORDER))
        else:
            working.said = True
            desk.said.append(CancelRefused(order_id, *admission.REPLACE_FAILED))
            desk.said.append(Accepted(order_id))
    desk.said.extend(_rejected(command.orders, admission.REPLACE_FAILED))


def _rejected(orders: Sequence[Order], refusal: admission.Refusal) -> list[Rejected]:
    return [Rejected(order.id, *refusal) for order in orders]

"""One account's floor: its open orders meet the market's quotes, by the simulated venue's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from thunes.adapters.venues.simulated import admission
from thunes.adapters.venues.simulated.account import Account
from thunes.adapters.venues.simulated.desk import Desk
from thunes.adapters.venues.simulated.execution import Floor
from thunes.adapters.venues.simulated.models import Models
from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.adapters.venues.simulated.session import Session
from thunes.core.domain.command import CancelOrders, PlaceOrders
from thunes.core.domain.order import (
    CONTINGENT,
    Accepted,
    Filled,
    Order,
    OrderType,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.units import ONE, ZERO, Asset, Instant, OrderId
from thunes.sandbox.ladder import Level
from thunes.sandbox.market import Listing, Market

NO_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"
IOC_EXPIRED = "UNFILLED_IOC_QUANTITY_EXPIRED"
SELF_TRADE = "SELF_TRADE_PREVENTION"
_BIPS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for beyond the core's words."""

    time_in_force: str = "GTC"
    post_only: bool = False
    trailing_bips: int = 0
    self_trade: str = "NONE"


class Said(NamedTuple):
    """A report about an order, or (None) that its trigger was pulled; `maker`: it had rested."""

    order_id: OrderId
    report: Report | None
    maker: bool = False


class AccountFloor:
    """Places, cancels and matches; what comes of it is returned in its order."""

    def __init__(self, market: Market, balances: Mapping[Asset, Decimal], models: Models) -> None:
        self._market = market
        self.account = Account(balances)
        self.books = {
            listing.symbol: Book(listing.instrument, place)
            for place, listing in enumerate(market.listings.values())
        }
        for listing in market.listings.values():
            self.account.open(listing.instrument.base)
            self.account.open(listing.instrument.quote)
        self._session = Session()
        self.desk = Desk(self.books, self.account, self._session, models)
        self._floor = Floor(self.desk, models)
        self._terms: dict[OrderId, Terms] = {}
        self._said: list[Said] = []

    def place(self, orders: Sequence[Order], terms: Sequence[Terms], at: Instant) -> list[Said]:
        """Open one order, or the two of a list, and let them meet the book."""
        listing = self._market.find(orders[0].symbol)
        _price_fees(self.desk, self._market)
        _look(self.books[listing.symbol], listing)
        for order, asked in zip(orders, terms, strict=True):
            if asked.post_only and _crosses(order, listing):
                return [Said(order.id, Rejected(order.id, *admission.IMMEDIATE_MATCH))]
            self._terms[order.id] = asked
        self.desk.take(PlaceOrders(tuple(orders)), at)
        self._gather()
        for order in orders:
            working = self.desk.open.get(order.id)
            if working is None:
                self._terms.pop(order.id, None)
            elif working.kind in (OrderType.MARKET, OrderType.LIMIT):
                if not working.said:
                    working.said = True
                    self._said.append(Said(order.id, Accepted(order.id)))
                self._take(working, listing)
        return self._told()

    def cancel(self, order_id: OrderId) -> list[Said]:
        """End one order, and with it the other of its list."""
        self.desk.take(CancelOrders((order_id,)), Instant(0))
        self._gather()
        return self._told()

    def reduce(self, order_id: OrderId, left: Decimal) -> None:
        """Leave so much of an order, where it stands, and free what it no longer needs."""
        working = self.desk.open[order_id]
        self.account.release(working.asset, working.locked)
        working.left = left
        price = working.order.limit_price or ONE
        self.desk.hold(working, left * price if working.buy else left)

    def meet(self, listing: Listing) -> list[Said]:
        """The orders of a symbol meet its new quote."""
        _price_fees(self.desk, self._market)
        book = _look(self.books[listing.symbol], listing)
        for working in tuple(book.orders.values()):
            if not working.open:
                continue
            terms = self._terms.get(working.order.id)
            if terms is not None and terms.trailing_bips and working.kind in CONTINGENT:
                _trail(working, terms.trailing_bips)
            level = next(listing.ladder.levels(asks=working.buy), None)
            if level is None or not working.reached(float(level.price)):
                continue
            if working.kind in CONTINGENT:
                self._trigger(working, listing)
            elif working.kind is OrderType.LIMIT:
                self._act(working, listing, level, maker=True)
        return self._told()

    def _take(self, working: Working, listing: Listing) -> None:
        """An order that does not wait takes what the book offers; what is left rests or expires."""
        terms = self._terms.get(working.order.id, Terms())
        market = working.kind is OrderType.MARKET
        if terms.time_in_force == "FOK" and not _fits(working, listing):
            self._end(working, admission.NOT_AT_ONCE)
            return
        for level in listing.ladder.levels(asks=working.buy):
            if not working.open or not (market or _reaches(working, level.price)):
                break
            if not self._prevented(working, level.price, terms):
                self._act(working, listing, level)
        if working.open and not market:
            self._prevented(working, working.level, terms)
        if working.open and market:
            self._end(working, NO_LIQUIDITY)
        elif working.open and terms.time_in_force != "GTC":
            self._end(working, IOC_EXPIRED)

    def _prevented(self, working: Working, price: Decimal, terms: Terms) -> bool:
        """Before the order trades at `price`: would it meet one of its own owner's?

        With mode NONE it leaves that one alone: an order trades with others only.
        """
        if terms.self_trade == "NONE":
            return False
        own = [
            other
            for other in working.book.orders.values()
            if other.buy is not working.buy
            and other.kind is OrderType.LIMIT
            and (other.level >= price if other.buy else other.level <= price)
        ]
        if own and terms.self_trade in ("EXPIRE_MAKER", "EXPIRE_BOTH"):
            for other in own:
                self._end(other, SELF_TRADE)
        if own and terms.self_trade in ("EXPIRE_TAKER", "EXPIRE_BOTH"):
            self._end(working, SELF_TRADE)
        return not working.open

    def _trigger(self, working: Working, listing: Listing) -> None:
        """Pull the trigger with nothing on offer, then take from the book as if just arrived."""
        self._act(working, listing, Level(listing.ladder.bid.price, ZERO))
        if working.open:
            self._said.append(Said(working.order.id, None))
            self._take(working, listing)

    def _act(
        self, working: Working, listing: Listing, level: Level, *, maker: bool = False
    ) -> None:
        """Let the order act on one level, and book what it took."""
        self._session.number += 1
        self._floor.enter(working.book, float(level.quantity))
        self._floor.act(working, level.price, at_market=not maker, taker=not maker)
        for report in self._gather(maker=maker):
            if isinstance(report, Filled):
                price = level.price if maker else report.price
                listing.take(price, report.quantity)

    def _end(self, working: Working, reason: str) -> None:
        """Expire an order."""
        self.desk.expire(working, reason)
        self._gather()

    def _gather(self, *, maker: bool = False) -> list[Report]:
        """What the desk has said since, in its own words."""
        reports = list(self.desk.said)
        self.desk.said.clear()
        self._said.extend(Said(report.order_id, report, maker) for report in reports)
        return reports

    def _told(self) -> list[Said]:
        said, self._said = self._said, []
        for one in said:
            if one.order_id not in self.desk.open:
                self._terms.pop(one.order_id, None)
        return said


def _look(book: Book, listing: Listing) -> Book:
    """Have the book know the rules and the quote of now."""
    book.instrument = listing.instrument
    ladder = listing.ladder
    book.quoted = (float(ladder.ask.price), float(ladder.bid.price))
    return book


def _price_fees(desk: Desk, market: Market) -> None:
    """Have the books know their quote that say what fees in BNB cost."""
    for book in desk.bnb_books.values():
        _look(book, market.find(book.symbol))


def _fits(working: Working, listing: Listing) -> bool:
    """Whether all that is left of the order could be taken at once."""
    offered = ZERO
    for level in listing.ladder.levels(asks=working.buy):
        if working.kind is OrderType.LIMIT and not _reaches(working, level.price):
            break
        offered += level.quantity
    return offered >= working.left


def _trail(working: Working, bips: int) -> None:
    """Move the stop of a trailing order after the market, never back."""
    quoted = working.book.quoted
    assert quoted is not None, "a quote has just come"
    price = Decimal(repr(quoted[0 if working.buy else 1]))
    away = price * bips * _BIPS
    level = price - away if working.falls else price + away
    if level > working.level if working.falls else level < working.level:
        working.level, working.mark = level, float(level)
        working.book.changed()


def _reaches(working: Working, price: Decimal) -> bool:
    """Whether a limit order that arrives takes an offer at `price`."""
    return price <= working.level if working.buy else price >= working.level


def _crosses(order: Order, listing: Listing) -> bool:
    limit = order.limit_price or ZERO
    if order.side is Side.BUY:
        return limit >= listing.ladder.ask.price
    return limit <= listing.ladder.bid.price

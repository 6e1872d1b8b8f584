"""People: whoever else has a hand on the account, on the exchange's pages and at our own keys."""

from collections.abc import Callable
from decimal import Decimal

from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Side
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Asset,
    OrderId,
    Price,
    Quantity,
    floor_to,
)
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault, Recurrence
from thunes.simulation.manual import Person
from thunes.simulation.scene import Scene

_ACTS = (Cause.OPERATOR_PAUSE, Cause.OPERATOR_KILL, Cause.OPERATOR_RESUME, Cause.OPERATOR_RESUME)


class People:
    """Act when it is least wanted: orders, closes, deposits, withdrawals, pauses and kills."""

    def __init__(self, exchange: Exchange, scene: Scene, command: Callable[[Cause], None]) -> None:
        self._exchange = exchange
        self._scene = scene
        self._command = command
        self._person = Person(exchange)
        self._draw = exchange.box.chance.stream("people")

    def begin(self) -> None:
        """From now on they act as often as the faults of the world say."""
        for fault, strike in (
            (Fault.MANUAL_ORDER, self._order),
            (Fault.MANUAL_CLOSE, self._close),
            (Fault.DEPOSIT, self._deposit),
            (Fault.WITHDRAWAL, self._withdraw),
            (Fault.OPERATOR, self._operate),
        ):
            Recurrence(self._exchange.agenda, self._exchange.box, fault, strike)

    def _order(self) -> None:
        """Some coins at market, or an order that waits out of reach for a while."""
        symbol = self._draw.pick(list(self._scene.paths))
        book = self._exchange.backend.floor.books[symbol]
        if book.quoted is None:
            return
        quantity = Quantity(Decimal(self._draw.between(100, 3_000)) / 1_000)
        if self._draw.hits(0.5):
            self._person.order(symbol, Side.BUY, quantity)
            return
        limit = Decimal(repr(book.quoted[0])) * (Decimal(70) / 100)
        price = Price(floor_to(limit, book.instrument.tick))
        said = self._person.order(symbol, Side.BUY, quantity, price)
        ids = [report.order_id for report in said]
        lasts = self._draw.between(10, 600) * NS_PER_SECOND
        self._exchange.agenda.after(lasts, lambda: self._take_back(ids))

    def _take_back(self, ids: list[OrderId]) -> None:
        still = [each for each in self._exchange.truth.open if each in ids]
        self._person.cancel(*still)

    def _close(self) -> None:
        self._person.close(self._draw.pick(list(self._scene.paths)))

    def _deposit(self) -> None:
        asset = self._draw.pick(self._assets())
        self._person.deposit(asset, self._some(asset))

    def _withdraw(self) -> None:
        asset = self._draw.pick(self._assets())
        if self._exchange.backend.floor.account.free.get(asset, ZERO) > ZERO:
            self._person.withdraw(asset, self._some(asset))

    def _operate(self) -> None:
        self._command(self._draw.pick(_ACTS))

    def _assets(self) -> list[Asset]:
        listed = self._scene.listing.instruments
        return [listed[0].quote, *(each.base for each in listed)]

    def _some(self, asset: Asset) -> Decimal:
        quote = self._scene.listing.instruments[0].quote
        return Decimal(self._draw.between(1, 500)) if asset == quote else Decimal(1)

"""A small trading pit: one symbol, one account, bars of a minute, orders in a few words."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from msgspec.structs import replace

from thunes.adapters.venues.simulated.account import Balance
from thunes.adapters.venues.simulated.models import Models
from thunes.adapters.venues.simulated.venue import SimulatedVenue
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar
from thunes.core.domain.order import Filled, Order, OrderRole, OrderType, Report, Side

D = Decimal
MINUTE = 60_000_000_000
BTC = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.001"),
    min_quantity=D("0.001"),
    min_notional=D(5),
)
CASH = {"USDT": D(10_000), "BTC": D(10)}


class Pit:
    """Drives one `SimulatedVenue` as a driver would, and keeps all that it reported."""

    def __init__(
        self,
        models: Models | None = None,
        instrument: Instrument = BTC,
        balances: Mapping[str, Decimal] = CASH,
    ) -> None:
        self.venue = SimulatedVenue([instrument], balances, models)
        self.symbol = instrument.symbol
        self.number = -1
        self.reports: list[Report] = []
        self.stamps: list[int] = []
        self.ids = count(1)
        self.bar: dict[str, Bar] = {}

    def _collect(self) -> list[Report]:
        found: list[Report] = []
        for batch in self.venue.reports():
            self.stamps.append(batch.at)
            found.extend(batch.reports)
        self.reports.extend(found)
        return found

    def open(self, o: float, h: float, l: float, c: float, volume: float = 1000.0) -> list[Report]:  # noqa: E741
        self.number += 1
        at = self.number * MINUTE
        self.bar = {self.symbol: Bar(at, at + MINUTE, o, h, l, c, volume)}
        self.venue.open_bars(at, self.bar)
        return self._collect()

    def trade(self) -> list[Report]:
        """One fill of the range."""
        self.venue.trade_bars(self.number * MINUTE, self.bar)
        return self._collect()

    def rest(self) -> list[Report]:
        """All that is left of the range."""
        found: list[Report] = []
        while True:
            step = self.trade()
            if not step:
                return found
            found.extend(step)

    def run(self, o: float, h: float, l: float, c: float, volume: float = 1000.0) -> list[Report]:  # noqa: E741
        return self.open(o, h, l, c, volume) + self.rest()

    def send(self, command: VenueCommand, at: int | None = None) -> list[Report]:
        """Sent at the close of the bar in progress, or at `at`."""
        self.venue.send(command, (self.number + 1) * MINUTE if at is None else at)
        return self._collect()

    def now(self, command: VenueCommand) -> list[Report]:
        """Sent in answer to something inside the bar in progress."""
        return self.send(command, self.number * MINUTE)

    def order(self, side: Side, kind: OrderType, **fields: Any) -> Order:
        fields.setdefault("role", OrderRole.ENTRY if side is Side.BUY else OrderRole.EXIT)
        fields.setdefault("id", f"o{next(self.ids)}")
        if "quote_amount" not in fields:
            fields.setdefault("quantity", D(1))
        fields.setdefault("symbol", self.symbol)
        return Order(side=side, type=kind, strategy="pit", **fields)

    def buy(self, **fields: Any) -> Order:
        return self.order(Side.BUY, OrderType.MARKET, **fields)

    def sell(self, **fields: Any) -> Order:
        return self.order(Side.SELL, OrderType.MARKET, **fields)

    def buy_limit(self, price: str, **fields: Any) -> Order:
        return self.order(Side.BUY, OrderType.LIMIT, limit_price=D(price), **fields)

    def stop(self, price: str, **fields: Any) -> Order:
        fields.setdefault("role", OrderRole.STOP)
        return self.order(Side.SELL, OrderType.STOP_MARKET, stop_price=D(price), **fields)

    def target(self, price: str, **fields: Any) -> Order:
        fields.setdefault("role", OrderRole.TARGET)
        return self.order(Side.SELL, OrderType.LIMIT, limit_price=D(price), **fields)

    def pair(self, stop: str, target: str, **fields: Any) -> PlaceOrders:
        name = f"list{next(self.ids)}"
        return place(
            self.stop(stop, list_id=name, **fields), self.target(target, list_id=name, **fields)
        )

    def bracket(self, limit: str, stop: str, target: str = "", **fields: Any) -> PlaceOrders:
        """A buy that fills at once and wholly or not at all, with what then protects it."""
        entry = self.buy_limit(limit, **fields)
        rest = place(self.stop(stop, **fields))
        if target:
            rest = self.pair(stop, target, **fields)
        return place(entry, *(replace(each, after=entry.id) for each in rest.orders))

    @property
    def balances(self) -> dict[str, Balance]:
        return self.venue.balances()


def place(*orders: Order) -> PlaceOrders:
    return PlaceOrders(orders)


def cancel(*orders: Order) -> CancelOrders:
    return CancelOrders(tuple(o.id for o in orders))


def swap(cancels: tuple[Order, ...], *orders: Order) -> ReplaceOrders:
    return ReplaceOrders(tuple(o.id for o in cancels), orders)


def fills(reports: list[Report]) -> list[Filled]:
    return [r for r in reports if isinstance(r, Filled)]


def price(reports: list[Report]) -> Decimal | None:
    """The price of the only fill, or None."""
    found = fills(reports)
    assert len(found) <= 1
    return found[0].price if found else None


def kinds(reports: list[Report]) -> list[str]:
    return [f"{type(r).__name__} {r.order_id}" for r in reports]

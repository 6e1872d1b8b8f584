"""Our own adapter as one more teller of the story: acts become commands of the core."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.binance.test_venue import QUICK, Heard, now
from tests.conformance.clients.journey import Sandbox
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.event import AccountSeen, VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Filled, Order, OrderRole, OrderType, Rejected, Side

D = Decimal
_TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,  # in a list a limit order only makes
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
}
_ROLES = {
    "STOP_LOSS": OrderRole.STOP,
    "STOP_LOSS_LIMIT": OrderRole.STOP,
    "TAKE_PROFIT": OrderRole.TARGET,
    "LIMIT_MAKER": OrderRole.TARGET,
}


class Teller:
    """The adapter on one account; every act waits until the one before is over."""

    def __init__(self, place: Mapping[str, str], instrument: Instrument) -> None:
        self._sandbox = Sandbox(dict(place))
        self._heard = Heard()
        keys = Keys(place["api_key"], place["api_secret"])
        access = Access(place["rest"], keys, {instrument.symbol: instrument}, patience=QUICK)
        self._venue = BinanceVenue(access, self._heard, now)
        self._lists = 0

    def tell(self, story: list[dict[str, Any]]) -> AccountSeen:
        """The account as the adapter sees it in the end."""
        self._sandbox.hold()
        began = now()
        self._venue.open()
        try:
            self._heard.until(lambda: self._heard.reconnects)
            for act in story:
                self._do(act)
            asked = now()
            self._venue.ask_account(asked, began)
            self._heard.until(self._heard.looks)
            seen = self._heard.looks()[-1]
            told = {each.fill.trade_id for each in seen.fills}
            self._heard.until(lambda: self._streamed() == told)
            return seen
        finally:
            self._venue.close()

    def _streamed(self) -> set[str]:
        """The fills that came by answers and by the stream of the account."""
        return {each.trade_id for each in self._heard.reports() if isinstance(each, Filled)}

    def _do(self, act: Mapping[str, Any]) -> None:
        match act["do"]:
            case "quote":
                self._quote(act["bid"], act["size"])
            case "place":
                self._send(PlaceOrders((_order(act["order"]),)))
            case "refused":
                self._send(PlaceOrders((_order(act["order"]),)))
                refused = act["order"]["id"]
                said = [each for each in self._heard.reports() if each.order_id == refused]
                assert [type(each) for each in said] == [Rejected], said
            case "list":
                self._lists += 1
                name = f"list-{self._lists}"
                self._send(PlaceOrders(tuple(_order(each, name) for each in act["orders"])))
            case "cancel":
                self._send(CancelOrders((act["id"],)))
            case "replace":
                self._send(ReplaceOrders((act["id"],), (_order(act["order"]),)))

    def _quote(self, bid: str, size: str) -> None:
        """Move the market, and wait until the adapter has seen it."""
        self._sandbox.quote(bid, size)
        self._heard.until(lambda: self._heard.quotes and self._heard.quotes[-1].bid == D(bid))

    def _send(self, command: VenueCommand) -> None:
        """Send it, and wait for its answer: the one event that names all of its orders."""
        match command:
            case PlaceOrders(orders=orders):
                named = {order.id for order in orders}
            case CancelOrders(order_ids=names):
                named = set(names)
            case ReplaceOrders(cancels=names, orders=orders):
                named = {*names, *(order.id for order in orders)}
        told = len(self._heard.events)
        self._venue.send(command, now())

        def answered() -> bool:
            said = [e for e in self._heard.events[told:] if isinstance(e, VenueReported)]
            return any(named <= {report.order_id for report in e.reports} for e in said)

        self._heard.until(answered)


def _order(told: Mapping[str, str], list_id: str | None = None) -> Order:
    kind = told["type"]
    buys = told["side"] == "BUY"
    numbers = {
        "quantity": told.get("quantity"),
        "quote_amount": told.get("quoteOrderQty"),
        "limit_price": told.get("price"),
        "stop_price": told.get("stopPrice"),
    }
    return Order(
        told["id"],
        "BTCUSDT",
        Side.BUY if buys else Side.SELL,
        _TYPES[kind],
        OrderRole.ENTRY if buys else _ROLES.get(kind, OrderRole.EXIT),
        "story",
        list_id=list_id,
        **{name: D(value) for name, value in numbers.items() if value is not None},
    )

"""A world of one exchange and one client that keeps all it is told: no engine, no journal."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.event import AccountSeen, Event, VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Filled, Order, OrderRole, OrderType, Report, Side
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.chance import Chance
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault, FaultBox, Faults
from thunes.simulation.floor import Listing, Rules
from thunes.simulation.wire import Wire

D = Decimal
SECOND = NS_PER_SECOND
START = Instant(1_704_067_200 * SECOND)
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


class Client:
    """One process at the other end of a wire: it hears and remembers."""

    def __init__(self, place: "Place") -> None:
        self.place = place
        self.events: list[Event] = []
        self.reconnects: list[Instant] = []
        self.wire = Wire(place.exchange, self.events.append, self._reconnected)

    def _reconnected(self) -> None:
        self.reconnects.append(self.place.agenda.now)

    @property
    def reports(self) -> list[Report]:
        return [r for e in self.events if isinstance(e, VenueReported) for r in e.reports]

    @property
    def accounts(self) -> list[AccountSeen]:
        return [e for e in self.events if isinstance(e, AccountSeen)]

    def send(self, command: VenueCommand, late: float = 0.0) -> list[Report]:
        """Send it, stamped `late` seconds ago, and wait 40 s: what was heard meanwhile."""
        known = len(self.reports)
        self.wire.send(command, Instant(self.place.agenda.now - int(late * SECOND)))
        self.place.run(40)
        return self.reports[known:]

    def ask(self, skew: float = 0.0) -> AccountSeen | None:
        known = len(self.accounts)
        self.wire.ask_account(Instant(self.place.agenda.now + int(skew * SECOND)))
        self.place.run(60)
        return self.accounts[-1] if len(self.accounts) > known else None


class Place:
    """The exchange, its agenda and its faults. The market stands at 100.00 / 100.10 at first."""

    def __init__(
        self,
        intensity: Mapping[Fault, float] | None = None,
        rules: Rules = Rules.BINANCE,
        seed: int = 1,
        faults: Faults | None = None,
    ) -> None:
        self.chance = Chance(seed)
        self.box = FaultBox(faults or Faults("test", intensity or {}), self.chance)
        self.agenda = Agenda(START, self.chance.stream("ties"))
        self.exchange = Exchange(self.agenda, self.box, Listing([BTC], CASH, rules))
        self.truth = self.exchange.truth
        self.ids = count(1)
        self.tick(100.0, 100.1)

    def client(self) -> Client:
        return Client(self)

    def tick(self, bid: float, ask: float, size: float = 100.0) -> None:
        self.exchange.on_tick(BTC.symbol, bid, ask, size)

    def run(self, seconds: float) -> None:
        """Let that much time pass."""
        self.agenda.at(Instant(self.agenda.now + int(seconds * SECOND)), stop := Stop())
        while not stop.reached:
            self.agenda.run_one()

    def order(self, side: Side, kind: OrderType, **fields: Any) -> Order:
        fields.setdefault("role", OrderRole.ENTRY if side is Side.BUY else OrderRole.EXIT)
        fields.setdefault("id", f"t{next(self.ids)}")
        if "quote_amount" not in fields:
            fields.setdefault("quantity", D(1))
        return Order(side=side, type=kind, strategy="s", symbol=BTC.symbol, **fields)

    def buy(self, **fields: Any) -> Order:
        return self.order(Side.BUY, OrderType.MARKET, **fields)

    def sell(self, **fields: Any) -> Order:
        return self.order(Side.SELL, OrderType.MARKET, **fields)

    def bid(self, price: str, **fields: Any) -> Order:
        return self.order(Side.BUY, OrderType.LIMIT, limit_price=D(price), **fields)

    def stop(self, price: str, **fields: Any) -> Order:
        return self.order(
            Side.SELL, OrderType.STOP_MARKET, stop_price=D(price), role=OrderRole.STOP, **fields
        )


class Stop:
    """An action that says that it was done."""

    def __init__(self) -> None:
        self.reached = False

    def __call__(self) -> None:
        self.reached = True


def place(*orders: Order) -> PlaceOrders:
    return PlaceOrders(orders)


def cancel(*orders: Order) -> CancelOrders:
    return CancelOrders(tuple(o.id for o in orders))


def swap(cancels: tuple[Order, ...], *orders: Order) -> ReplaceOrders:
    return ReplaceOrders(tuple(o.id for o in cancels), orders)


def kinds(reports: list[Report]) -> list[str]:
    """What was said and of which order, each thing once, in alphabetical order."""
    return sorted({f"{type(r).__name__} {r.order_id}" for r in reports})


def fills(reports: list[Report]) -> list[Filled]:
    """The fills, each once."""
    return list({r.trade_id: r for r in reports if isinstance(r, Filled)}.values())

"""Checks of requests: what arrives at the exchange, held against the journal and the truth."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.evidence import Standing
from thunes.core.domain.order import Order, OrderRole, Side
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Instant, OrderId, Symbol
from thunes.simulation.checker import Checker
from thunes.simulation.holdings import coins_of, uncovered
from thunes.simulation.sight import Sight
from thunes.simulation.truth import Received, TrueOrder

_CROWD = 60
_CROWD_NS = 10 * NS_PER_SECOND


def _journaled(sight: Sight, received: Received) -> Iterator[str]:
    if not sight.recorded.get(received.command):
        yield f"{_named(received)} arrived, and no line on disk asks for it"


def _sent_once(sight: Sight, received: Received) -> Iterator[str]:
    times = sight.arrived[received.command]
    lines = sight.recorded.get(received.command, 0)
    if 0 < lines < times:
        yield f"{_named(received)} arrived {times} times, {lines} lines ask for it"


def _id_of_one(sight: Sight, received: Received) -> Iterator[str]:
    for order in _orders(received):
        promise = sight.promises.get(order.id)
        if promise is not None and promise.order != order:
            yield f"the id {order.id} is of two orders"
        elif promise is not None and not order.id.startswith(f"thunes-{promise.epoch}-"):
            yield f"{order.id} was sent by process {promise.epoch}"


def _fenced(sight: Sight, received: Received) -> Iterator[str]:
    """A process sends nothing once the next one has begun."""
    for order in _orders(received):
        promise = sight.promises.get(order.id)
        ended = None if promise is None else sight.starts.get(promise.epoch + 1)
        if ended is not None and received.stamp > ended + sight.clocks_off_ns:
            yield f"{order.id} was sent {(received.stamp - ended) / 1e9:.1f} s after its process"


def _not_again(sight: Sight, received: Received) -> Iterator[str]:
    """No entry is sent while another one of the symbol may still come to be."""
    for order in _entries(received):
        for each in sight.truth.open.values():
            other = each.order
            entry = each.ours and other.role is OrderRole.ENTRY and other.id != order.id
            if entry and other.symbol == order.symbol:
                yield f"{order.id} arrived while {other.id} of {other.symbol} was open"


def _one_exit(sight: Sight, received: Received) -> Iterator[str]:
    """A sale that is tried again is tried once the last one is over."""
    for order in _orders(received):
        if order.role is not OrderRole.EXIT:
            continue
        for other_id, other in sight.truth.open.items():
            sells = other.ours and other.order.role is OrderRole.EXIT
            if sells and other.order.symbol == order.symbol and other_id != order.id:
                yield f"{order.id} arrived while {other_id} was selling {order.symbol}"


def _well_formed(sight: Sight, received: Received) -> Iterator[str]:
    for order in _orders(received):
        rules = sight.world.exchange.backend.floor.books[order.symbol].instrument
        if (order.quantity is None) == (order.quote_amount is None):
            yield f"{order.id} has {order.quantity} and {order.quote_amount}"
        for price in (order.limit_price, order.stop_price):
            if price is not None and not (price.is_finite() and price > 0):
                yield f"{order.id} has the price {price}"
            elif price is not None and price % rules.tick:
                yield f"{order.id}: the price {price} is not on the tick {rules.tick}"
        for amount in (order.quantity, order.quote_amount):
            if amount is not None and not (amount.is_finite() and amount > 0):
                yield f"{order.id} asks for {amount}"
        quantity = order.quantity
        if quantity is None or not quantity.is_finite():
            continue
        if quantity % rules.step or quantity < rules.min_quantity:
            yield f"{order.id}: {quantity} is not a quantity of {order.symbol}"


def _keeps_cover(sight: Sight, received: Received) -> Iterator[str]:
    """A stop that is taken back is replaced, or what it covered is sold, by the same decision.

    One request places one leg: of the others those count that are still to be placed, which they
    are as soon as it is answered. How long that takes is watched by the names of L1 and S10.
    """
    command = received.command
    if not isinstance(command, ReplaceOrders):
        return
    taken, symbol = _stops(sight, command.cancels)
    promise = sight.promises.get(command.orders[0].id)
    if symbol is None or not taken or promise is None or promise.decided is None:
        return  # what nobody asked for is said elsewhere
    here = [order for order in command.orders if _covers(order)]
    ids = [order.id for order in here]
    others = [
        true
        for true in sight.truth.open.values()
        if true.order.symbol == symbol and _covers(true.order) and true.order.id not in ids
    ]
    given = sum((order.quantity or ZERO for order in here), ZERO)
    for leg in promise.decided.proposal.legs if here else ():
        if leg.stop_price and leg.name not in [order.leg for order in here]:
            placed = sum((_left(true) for true in others if true.order.leg == leg.name), ZERO)
            given += max(ZERO, leg.quantity - placed)
    rest = sum(map(_left, others), ZERO)
    held = None if sight.state is None else sight.state.ledger.positions.get(symbol)
    coins = coins_of(sight, symbol) if held is None else min(held.quantity, coins_of(sight, symbol))
    if given < min(taken, coins - rest):
        yield f"a replace takes back stops of {taken} {symbol} and gives {given}"


def _covers(order: Order) -> bool:
    return order.role in (OrderRole.STOP, OrderRole.EXIT)


def _stop_stays(sight: Sight, received: Received) -> Iterator[str]:
    """A stop is canceled alone only where nothing is held that it would have covered."""
    command = received.command
    if not isinstance(command, CancelOrders):
        return
    for order_id in command.order_ids:
        true = sight.truth.latest.get(order_id)
        if true is None or true.order.role is not OrderRole.STOP or not true.ours:
            continue
        canceled = true.standing is Standing.CANCELED and true.ended_at == sight.now
        bare = uncovered(sight, true.order.symbol)
        if canceled and bare:
            yield f"the stop {order_id} was canceled and leaves {bare} {true.order.symbol} bare"


def _stop_side(sight: Sight, received: Received) -> Iterator[str]:
    """A stop that replaces one lies no lower."""
    command = received.command
    if not isinstance(command, ReplaceOrders):
        return
    for order in command.orders:
        if order.role is not OrderRole.STOP or order.stop_price is None:
            continue
        for order_id in command.cancels:
            promise = sight.promises.get(order_id)
            if promise is None or promise.order.role is not OrderRole.STOP:
                continue
            before = promise.order.stop_price or ZERO
            same = promise.order.leg == order.leg and _opened_at(sight, order) <= promise.at
            if same and order.stop_price < before:
                yield f"the stop {order.id} at {order.stop_price} replaces one at {before}"


def _opened_at(sight: Sight, order: Order) -> Instant:
    """When the position was opened that an order is to protect, as the process believes."""
    held = None if sight.state is None else sight.state.ledger.positions.get(order.symbol)
    return Instant(0) if held is None else held.opened_at


def _one_holding(sight: Sight, received: Received) -> Iterator[str]:
    """No entry arrives where coins are held that our own orders bought."""
    for order in _entries(received):
        promise = sight.promises.get(order.id)
        if promise is None or promise.decided is None or promise.decided.proposal.adds:
            continue
        bought = _bought(sight, order)
        if bought:
            yield f"the entry {order.id} arrived with {bought} {order.symbol} bought before it"


def _bought(sight: Sight, order: Order) -> Decimal:
    """What our own entries other than this one have left of the symbol, worth selling."""
    net, book = ZERO, sight.world.exchange.backend.floor.books[order.symbol]
    for fill in sight.truth.fills:
        ours = fill.fill.order_id in sight.promises
        if fill.symbol != order.symbol or fill.fill.order_id == order.id:
            continue
        if ours or fill.side is Side.SELL:
            net += fill.fill.quantity if fill.side is Side.BUY else -fill.fill.quantity
            net -= fill.fill.fee if fill.fill.fee_asset == book.instrument.base else ZERO
    for transfer in sight.truth.transfers:
        if transfer.asset == book.instrument.base and transfer.amount < 0:
            net += transfer.amount
    price = Decimal(str(book.quoted[1])) if book.quoted else ZERO
    return net if net * price >= 2 * book.instrument.min_notional else ZERO


def _throttled(sight: Sight, received: Received) -> Iterator[str]:
    """No storm: requests within ten seconds are few."""
    every = sight.truth.received
    place = len(every) - _CROWD
    if place >= 0 and received.at - every[place].at < _CROWD_NS:
        yield f"{_CROWD} requests arrived within {(received.at - every[place].at) / 1e9:.1f} s"


def _stops(sight: Sight, cancels: Sequence[OrderId]) -> tuple[Decimal, Symbol | None]:
    """What is left of those of our stops among `cancels` that this very act has canceled."""
    taken, symbol = ZERO, None
    for order_id in cancels:
        true = sight.truth.latest.get(order_id)
        if true is not None and true.order.role is OrderRole.STOP and true.ended_at == sight.now:
            taken += _left(true)
            symbol = true.order.symbol
    return taken, symbol


def _left(true: TrueOrder) -> Decimal:
    return (true.order.quantity or ZERO) - true.filled()


def _orders(received: Received) -> Sequence[Order]:
    command = received.command
    return command.orders if isinstance(command, PlaceOrders | ReplaceOrders) else ()


def _entries(received: Received) -> list[Order]:
    return [order for order in _orders(received) if order.role is OrderRole.ENTRY]


def _named(received: Received) -> str:
    command = received.command
    kind = type(command).__name__
    if isinstance(command, CancelOrders):
        return f"{kind} of {', '.join(command.order_ids)}"
    return f"{kind} of {', '.join(order.id for order in command.orders)}"


REQUEST_CHECKS: tuple[Checker[Received], ...] = (
    Checker("S1", "every request has an earlier line on disk that asks for it", _journaled),
    Checker("S2", "no sale arrives while another one of its symbol is open", _one_exit),
    Checker("S3", "an id is of one order, and names the process that sent it", _id_of_one),
    Checker("S4", "no entry arrives while another one of its symbol is open", _not_again),
    Checker("S5", "what a line asks for is sent once", _sent_once),
    Checker("S7", "prices and quantities are finite, above zero and on their grid", _well_formed),
    Checker("S8", "no process sends anything once the next one has begun", _fenced),
    Checker("S11", "a decision that takes cover back gives as much", _keeps_cover),
    Checker("S13", "no stop is canceled alone while coins need it", _stop_stays),
    Checker("S14", "a stop that replaces another lies no lower", _stop_side),
    Checker("S20", "no entry arrives where our own coins are held", _one_holding),
    Checker("S24", "requests are few", _throttled),
)

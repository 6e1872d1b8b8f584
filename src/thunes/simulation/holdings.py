"""Holdings: what is held at the exchange of a symbol, and how much of it no stop covers."""

from decimal import Decimal

from thunes.core.domain.order import OrderRole
from thunes.core.domain.units import ZERO, Symbol
from thunes.simulation.sight import Sight

_DUST = 4  # what is worth less than so many of the smallest orders may have been dust when bought


def coins_of(sight: Sight, symbol: Symbol) -> Decimal:
    """Units held, free and locked."""
    floor = sight.world.exchange.backend.floor
    base = floor.books[symbol].instrument.base
    return floor.account.free[base] + floor.account.locked[base]


def uncovered(sight: Sight, symbol: Symbol) -> Decimal:
    """Units held that no open stop would sell; nothing where they are too little to be sold.

    An exit at market that still lacks somebody to sell to is no worse than a stop.
    Coins that were paid in on top of what is traded are nobody's position.
    """
    floor = sight.world.exchange.backend.floor
    book = floor.books[symbol]
    instrument = book.instrument
    held = coins_of(sight, symbol)
    if held < instrument.step:
        return ZERO
    for transfer in sight.truth.transfers:
        if transfer.asset == instrument.base and transfer.amount > 0:
            held -= transfer.amount
    bare = held // instrument.step * instrument.step
    for true in sight.truth.open.values():
        order = true.order
        if order.symbol == symbol and order.role in (OrderRole.STOP, OrderRole.EXIT):
            bare -= (order.quantity or ZERO) - true.filled()
    price = Decimal(str(book.quoted[1])) if book.quoted else ZERO
    return bare if bare > 0 and bare * price >= _DUST * instrument.min_notional else ZERO


def bid(sight: Sight, symbol: Symbol) -> Decimal:
    """The best bid now; zero before the first one."""
    quoted = sight.world.exchange.backend.floor.books[symbol].quoted
    return Decimal(str(quoted[0])) if quoted else ZERO


def worth(sight: Sight) -> Decimal:
    """What the process believes to hold, in cash and in coins at the last closes."""
    state, listing = sight.state, sight.scene.listing
    if state is None:
        return ZERO
    total = sum((state.ledger.books.held(cash) for cash in listing.balances), ZERO)
    for instrument in listing.instruments:
        close = sight.scene.tape.bars[instrument.symbol].close[sight.bar]
        total += state.ledger.books.held(instrument.base) * Decimal(repr(float(close)))
    return total

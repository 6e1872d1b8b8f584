"""Protection of a position as a state machine: how far acknowledged stops cover what is held."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Order, OrderRole
from thunes.core.domain.position import Position, Protection
from thunes.core.domain.units import ZERO, Instant, Symbol, floor_to
from thunes.core.domain.view import ALIVE, RESTING
from thunes.core.domain.word import Word
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.lots import is_dust
from thunes.core.ledger.orders import OrderRecord

P = Protection


class Cover(Word):
    """What is seen of a symbol after an event."""

    NOTHING = "nothing"  # nothing held, nothing on its way
    ENTRY_WORKING = "entry_working"  # nothing held, an entry on its way
    BARE = "bare"  # held, and not all of it behind a stop
    COVERED = "covered"  # held, and all of it behind stops (or none was planned)
    EXIT_WORKING = "exit_working"  # held, and being sold


# From every state everything can be seen: fills race with cancels, exits are refused, stops are
# lost. What the table adds is that each pair was thought of, and its name.
PROTECTION_TABLE: Mapping[Protection, Mapping[Cover, Protection]] = {
    state: {
        Cover.NOTHING: P.FLAT,
        Cover.ENTRY_WORKING: P.OPENING,
        Cover.BARE: P.NAKED,
        Cover.COVERED: P.PROTECTED,
        Cover.EXIT_WORKING: P.CLOSING,
    }
    for state in Protection
}


class Guard:
    """How each symbol is protected, and since when those are naked that are."""

    def __init__(self) -> None:
        self.states: dict[Symbol, Protection] = {}
        self.naked: dict[Symbol, Instant] = {}

    def look(self, at: Instant, symbol: Symbol, ledger: Ledger) -> None:
        """Move the symbol along the table to what is seen of it."""
        held, working = ledger.positions.get(symbol), ledger.orders.working(symbol)
        cover = seen(held, working, ledger.instruments[symbol])
        before = self.states.get(symbol, P.FLAT)
        after = PROTECTION_TABLE[before][cover]
        if after is before:
            return
        if after is P.FLAT:
            self.states.pop(symbol, None)
        else:
            self.states[symbol] = after
        if after is not P.NAKED:
            self.naked.pop(symbol, None)
        else:
            self.naked[symbol] = at


def is_spared(order: Order, lacking: Decimal, held: Position, instrument: Instrument) -> bool:
    """Whether a stop or target may lack so much of what is held: it came with its entry, before
    the fee of that was known, and the venue would take no order for so little alone."""
    came_along = order.after is not None and lacking > ZERO
    return came_along and is_dust(instrument, lacking, held.entry_price)


def seen(held: Position | None, working: Collection[OrderRecord], instrument: Instrument) -> Cover:
    """The cover of one symbol, from its position and its working orders."""
    covered, entering, leaving = ZERO, False, False
    brought: Order | None = None
    for record in working:
        role = record.order.role
        if role is OrderRole.STOP:
            if record.state in RESTING:
                covered += record.remaining
                brought = record.order
        elif role is OrderRole.ENTRY:
            entering = True
        elif role is OrderRole.EXIT and record.state in ALIVE:
            leaving = True
    if held is None:
        return Cover.ENTRY_WORKING if entering else Cover.NOTHING
    if leaving:
        return Cover.EXIT_WORKING
    if held.plan.stop_distance is None and held.plan.stop_price is None:
        return Cover.COVERED
    whole = covered >= held.quantity or covered >= floor_to(held.quantity, instrument.step)
    if not whole and brought is not None:
        whole = is_spared(brought, held.quantity - covered, held, instrument)
    return Cover.COVERED if whole else Cover.BARE

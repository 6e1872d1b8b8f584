"""The view: what the deciding rooms may read. Nothing in it can be written."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Floats, Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Order, Report
from thunes.core.domain.position import ExitPlan, Position
from thunes.core.domain.units import Instant, Money, OrderId, Price, Quantity, Symbol
from thunes.core.domain.word import Word


class OrderState(Word):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELING = "canceling"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


RESTING = (OrderState.ACCEPTED, OrderState.PARTLY_FILLED)
"""Where the venue has an order and nobody has asked for it back."""

ALIVE = (OrderState.SUBMITTED, *RESTING)
"""Where an order is, or is on its way, and can be asked for back."""

OVER = frozenset((OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELED, OrderState.EXPIRED))
"""Where nothing of an order rests at the venue any more."""


class Working(Protocol):
    """An order that is not known to be over."""

    @property
    def order(self) -> Order: ...
    @property
    def state(self) -> OrderState: ...
    @property
    def filled(self) -> Quantity: ...
    @property
    def plan(self) -> ExitPlan | None: ...
    @property
    def lost(self) -> bool:
        """Whether it is unknown because no answer came, rather than a doubtful one."""

    @property
    def reason(self) -> str:
        """Why an exit was sent; "" where the order's role says it all."""

    @property
    def unwanted(self) -> str:
        """Why it was called off; "" if it never was."""


def waits(order: Order, find: Callable[[OrderId], Working | None]) -> bool:
    """Whether an order came along with an entry of which we do not know that it has filled."""
    entry = None if order.after is None else find(order.after)
    return entry is not None and entry.state is not OrderState.FILLED


class MarketView(Protocol):
    """What is known of the market now."""

    def mark(self, symbol: Symbol) -> Price | None:
        """The last price known (close of the last closed bar or mid), or None: never guessed."""

    def known_at(self, symbol: Symbol) -> Instant | None:
        """When that price became known."""

    def quote(self, symbol: Symbol) -> Quote | None: ...

    def instrument(self, symbol: Symbol) -> Instrument: ...

    def closes(self, symbol: Symbol, count: int) -> Floats:
        """The last `count` closes, oldest first, or fewer."""

    def bar_seconds(self) -> float:
        """The length of one bar."""

    def first_close_in(self, period: int) -> bool:
        """Whether the newest closing is the first in its period (nanoseconds since the epoch)."""


class AccountView(Protocol):
    """What we hold, what is in flight, what it is worth in the quote asset."""

    def equity(self) -> Money: ...

    def available(self) -> Money:
        """Cash that no working order could still spend."""

    def position(self, symbol: Symbol) -> Position | None: ...

    def sellable(self, symbol: Symbol) -> Quantity:
        """What of the position no open order of somebody else would sell."""

    def positions(self) -> Sequence[Position]: ...

    def working(self, symbol: Symbol) -> Collection[Working]:
        """Orders of the symbol that are not over, oldest first."""

    def entries(self) -> Sequence[Working]:
        """Working orders of all symbols that would add exposure, oldest first."""

    def order(self, order_id: OrderId) -> Working | None:
        """One of our orders, over or not (recent ones only)."""

    def exposure(self, symbol: Symbol) -> Money:
        """Value held plus the worst case of working entries."""

    def total_exposure(self) -> Money: ...

    def naked_since(self, symbol: Symbol) -> Instant | None:
        """Since when a position has lacked the stop that its plan asks for; None if it has it."""


class Memory(msgspec.Struct):
    """What the risk room must remember between steps. Written by the state only."""

    mode: Mode = Mode.NORMAL
    cause: Cause | None = None
    day: int = -1
    day_start_equity: Money | None = None
    peak_equity: Money | None = None
    last_loss_at: Instant | None = None
    last_entry_at: dict[Symbol, Instant] = {}
    order_count: int = 0
    requested: tuple[Cause, ...] = ()
    epoch: int = 0
    unreconciled: bool = False  # since a restart: what is in flight and held is not known yet
    strange: tuple[Symbol, ...] = ()  # where others have open orders at the venue
    unheeded: dict[Symbol, Instant] = {}  # since when stops rest although the price is beyond them
    recoveries: tuple[Instant, ...] = ()  # when the mode last came back by itself, newest last


class View(Protocol):
    """One instant, as every deciding room sees it."""

    @property
    def at(self) -> Instant: ...
    @property
    def market(self) -> MarketView: ...
    @property
    def account(self) -> AccountView: ...
    @property
    def memory(self) -> Memory: ...
    @property
    def news(self) -> Sequence[Report]:
        """What this step brought about our orders, reported or found in the account."""

    @property
    def new_id(self) -> Callable[[], OrderId]:
        """Gives the next client order id of the account."""


@dataclass(slots=True)
class StepView:
    """Implements `View` for one step."""

    at: Instant
    market: MarketView
    account: AccountView
    memory: Memory
    new_id: Callable[[], OrderId]
    news: Sequence[Report] = ()

"""Events: everything that the core can be told. One of them goes into one step."""

import msgspec

from thunes.core.domain.evidence import SeenFill, SeenOrder
from thunes.core.domain.market import Bar, Quote
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Report
from thunes.core.domain.units import Asset, Instant, Quantity, Symbol
from thunes.core.domain.word import Word


class AccountOpened(msgspec.Struct, frozen=True, tag="account_opened", forbid_unknown_fields=True):
    """The first event: what the account holds before anything is traded."""

    at: Instant
    balances: dict[Asset, Quantity]


class BarsClosed(
    msgspec.Struct,
    frozen=True,
    tag="bars_closed",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """All bars that close at `at` are known: the tape may be read up to row `sequence`.

    `bars` are those that the tape does not hold yet, oldest first; a tape of the past holds all.
    """

    at: Instant
    sequence: int
    bars: dict[Symbol, tuple[Bar, ...]] = {}


class Wish(Word):
    """What a person can ask for that only reduces."""

    FLATTEN = "flatten"  # sell it at market
    PROTECT = "protect"  # place the stops that are missing


class QuoteReceived(msgspec.Struct, frozen=True, tag="quote_received", forbid_unknown_fields=True):
    at: Instant
    quote: Quote


class VenueReported(msgspec.Struct, frozen=True, tag="venue_reported", forbid_unknown_fields=True):
    """What the venue said about our orders, in its order."""

    at: Instant
    reports: tuple[Report, ...]


class TimerFired(msgspec.Struct, frozen=True, tag="timer_fired", forbid_unknown_fields=True):
    """A timer that the core had set has come due."""

    at: Instant
    name: str


class OperatorActed(msgspec.Struct, frozen=True, tag="operator_acted", forbid_unknown_fields=True):
    """A person changed the mode."""

    at: Instant
    cause: Cause
    who: str
    why: str


class OperatorAsked(msgspec.Struct, frozen=True, tag="operator_asked", forbid_unknown_fields=True):
    """A person wants something done about what is held; no symbols: about all of it."""

    at: Instant
    wish: Wish
    symbols: tuple[Symbol, ...]
    who: str
    why: str


class Restarted(msgspec.Struct, frozen=True, tag="restarted", forbid_unknown_fields=True):
    """A process took over where another one ended: whatever was in flight then is unknown now.

    `epoch` counts the processes that have traded this account; order ids carry it.
    """

    at: Instant
    epoch: int


class RulesChanged(msgspec.Struct, frozen=True, tag="rules_changed", forbid_unknown_fields=True):
    """A process goes on by other rules than those before it: `what` names them for people, `rules`
    is all of them, as the first line of the journal has them."""

    at: Instant
    rules: str
    what: str


class AccountSeen(msgspec.Struct, frozen=True, tag="account_seen", forbid_unknown_fields=True):
    """The whole account as the venue tells of it; a partial or failed answer never becomes one.

    Nothing that happened at the venue before `as_of` (venue time) is missing: every order open
    then, every fill back to `fills_since`. Balances are totals, free and locked, read before the
    orders, and these before the fills. Of orders that are over it tells as many as it still knows.
    """

    at: Instant
    as_of: Instant
    fills_since: Instant
    orders: tuple[SeenOrder, ...]
    fills: tuple[SeenFill, ...]
    balances: dict[Asset, Quantity]


Event = (
    AccountOpened
    | BarsClosed
    | QuoteReceived
    | VenueReported
    | TimerFired
    | OperatorActed
    | OperatorAsked
    | Restarted
    | RulesChanged
    | AccountSeen
)

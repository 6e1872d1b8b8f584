"""Commands: everything that the core can ask for. They leave after their line is written."""

import msgspec

from thunes.core.domain.order import Order
from thunes.core.domain.units import Instant, OrderId


class PlaceOrders(msgspec.Struct, frozen=True, tag="place_orders", forbid_unknown_fields=True):
    """One order; the two of a one-cancels-other list; or an entry with what protects it.

    Such an entry fills at once and wholly, or not at all. Its stop, and a target with it if there
    is one, come `after` it: they begin in the instant of its fill, and end with it if it has none.
    """

    orders: tuple[Order, ...]


class CancelOrders(msgspec.Struct, frozen=True, tag="cancel_orders", forbid_unknown_fields=True):
    order_ids: tuple[OrderId, ...]


class ReplaceOrders(msgspec.Struct, frozen=True, tag="replace_orders", forbid_unknown_fields=True):
    """Cancel and place as one act of the venue: if the cancel fails nothing is placed."""

    cancels: tuple[OrderId, ...]
    orders: tuple[Order, ...]


class SetTimer(msgspec.Struct, frozen=True, tag="set_timer", forbid_unknown_fields=True):
    due: Instant
    name: str


Command = PlaceOrders | CancelOrders | ReplaceOrders | SetTimer
VenueCommand = PlaceOrders | CancelOrders | ReplaceOrders

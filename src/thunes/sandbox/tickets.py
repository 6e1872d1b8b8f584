"""Reads an order from the parameters of a request, and refuses what its type does not allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from thunes.adapters.venues.simulated.admission import COMBINATION
from thunes.core.domain.units import ZERO
from thunes.sandbox.market import Listing
from thunes.sandbox.orders import Ticket
from thunes.sandbox.params import Params
from thunes.sandbox.refused import BAD_FORCE, BAD_TYPE, Refused, invalid, missing, neither, unwanted

SELF_TRADE_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
_FORCES = ("GTC", "IOC", "FOK")
_FORMS = ("ACK", "RESULT", "FULL")
TRAIL_BIPS = (10, 2_000)
_STRATEGY_TYPE_MIN = 1_000_000


class _Form(NamedTuple):
    """What an order of a type needs, and what else it may say."""

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


_TRIGGER = ("stopPrice", "trailingDelta")
_FORM_OF: Mapping[str, _Form] = {
    "LIMIT": _Form(("timeInForce", "quantity", "price"), ("icebergQty",)),
    "LIMIT_MAKER": _Form(("quantity", "price"), ("icebergQty",)),
    "MARKET": _Form((), ("quantity", "quoteOrderQty")),
    "STOP_LOSS": _Form(("quantity",), _TRIGGER),
    "TAKE_PROFIT": _Form(("quantity",), _TRIGGER),
    "STOP_LOSS_LIMIT": _Form(("timeInForce", "quantity", "price"), (*_TRIGGER, "icebergQty")),
    "TAKE_PROFIT_LIMIT": _Form(("timeInForce", "quantity", "price"), (*_TRIGGER, "icebergQty")),
}
_WORDS = ("timeInForce", "quantity", "price", "quoteOrderQty", *_TRIGGER, "icebergQty")


@dataclass(frozen=True, slots=True)
class Leg:
    """One order of a request: what is known before its own parameters are read.

    The parameters of a leg of a list carry its `prefix`, and its quantity is the list's.
    """

    listing: Listing
    side: str
    type: str
    default_id: str
    self_trade: str
    prefix: str = ""
    quantity: Decimal | None = None

    def called(self, word: str) -> str:
        return self.prefix + word[0].upper() + word[1:] if self.prefix else word

    @property
    def id_called(self) -> str:
        return f"{self.prefix}ClientOrderId" if self.prefix else "newClientOrderId"


def read_single(params: Params, listing: Listing, default_id: str) -> Ticket:
    """The order of a request that places one."""
    leg = Leg(
        listing=listing,
        side=read_side(params, "side"),
        type=params.required("type"),
        default_id=default_id,
        self_trade=read_self_trade(params),
    )
    return read_leg(params, leg)


def read_leg(params: Params, leg: Leg) -> Ticket:
    """Everything of one order but its symbol, side and type."""
    if leg.type not in _FORM_OF:
        raise Refused(*BAD_TYPE)
    called = leg.called
    _check_words(params, leg)
    forces = Refused(*BAD_FORCE)
    ticket = Ticket(
        listing=leg.listing,
        side=leg.side,
        type=leg.type,
        client_id=params.client_id(leg.id_called) or leg.default_id,
        time_in_force=params.choice(called("timeInForce"), _FORCES, forces) or "GTC",
        quantity=leg.quantity or params.decimal("quantity"),
        amount=None if leg.prefix else params.decimal("quoteOrderQty"),
        price=params.decimal(called("price")),
        stop=params.decimal(called("stopPrice")),
        trailing_bips=params.integer(called("trailingDelta")),
        iceberg=params.decimal(called("icebergQty")),
        self_trade=leg.self_trade,
        strategy_id=params.integer(called("strategyId")),
        strategy_type=params.integer(called("strategyType")),
    )
    _check(ticket)
    return ticket


def read_self_trade(params: Params) -> str:
    name = "selfTradePreventionMode"
    return params.choice(name, SELF_TRADE_MODES, invalid(name)) or "NONE"


def read_form(params: Params, kind: str) -> str:
    """Which answer is wanted: market and limit orders are told in full unless asked otherwise."""
    name = "newOrderRespType"
    form = params.choice(name, _FORMS, invalid(name))
    return form or ("FULL" if kind in ("MARKET", "LIMIT") else "ACK")


def read_side(params: Params, name: str) -> str:
    side = params.required(name)
    if side not in ("BUY", "SELL"):
        raise Refused(-1117, "Invalid side.")
    return side


def _check_words(params: Params, leg: Leg) -> None:
    """Nothing that the type needs is missing, nothing is there that it does not know."""
    form = _FORM_OF[leg.type]
    for word in _WORDS:
        if leg.prefix and word in ("quantity", "quoteOrderQty"):
            continue
        sent = leg.called(word) in params
        if word in form.needs and not sent:
            raise missing(leg.called(word))
        if sent and word not in form.needs and word not in form.may:
            raise unwanted(leg.called(word))
    if form.may[:2] == _TRIGGER and not any(leg.called(word) in params for word in _TRIGGER):
        raise neither(*(leg.called(word) for word in _TRIGGER))


def _check(ticket: Ticket) -> None:
    """What the values say of each other; filters come later."""
    if ticket.type == "MARKET" and (ticket.quantity is None) is (ticket.amount is None):
        if ticket.quantity is not None:
            raise Refused(*COMBINATION)
        raise neither("quantity", "quoteOrderQty")
    iceberg, trail = ticket.iceberg, ticket.trailing_bips
    if iceberg is not None and iceberg > (ticket.quantity or ZERO):
        raise Refused(-2010, "IcebergQty exceeds QTY.")
    if trail is not None and not TRAIL_BIPS[0] <= trail <= TRAIL_BIPS[1]:
        raise Refused(-1013, "Filter failure: TRAILING_DELTA")
    if ticket.strategy_type is not None and ticket.strategy_type < _STRATEGY_TYPE_MIN:
        raise Refused(-1134, "`strategyType` was less than 1000000.")

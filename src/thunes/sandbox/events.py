"""The events of the user data stream."""

from collections.abc import Iterable

from thunes.adapters.venues.simulated.account import Account
from thunes.core.domain.units import Asset
from thunes.sandbox.lists import OrderList
from thunes.sandbox.orders import Fill, Record
from thunes.sandbox.wire import Json, places

_NONE = "NONE"


def execution(record: Record, kind: str, at: int, fill: Fill | None = None) -> Json:
    """An `executionReport` of type `kind` (NEW, TRADE, CANCELED, ...) at `at` ms."""
    ticket, cancel = record.ticket, record.cancel_id
    event: Json = {
        "e": "executionReport",
        "E": at,
        "s": record.symbol,
        "c": cancel or ticket.client_id,
        "S": ticket.side,
        "o": ticket.type,
        "f": ticket.time_in_force,
        "q": places(record.quantity),
        "p": places(ticket.price or 0),
        "P": places(ticket.stop or 0),
        "F": places(ticket.iceberg or 0),
        "g": record.list_id,
        "C": ticket.client_id if cancel else "",
        "x": kind,
        "X": record.status,
        "r": _NONE,
        "i": record.id,
        "z": places(record.executed),
        "T": at,
        "I": record.id * 10 + len(record.fills),
        "w": record.working and record.is_open,
        "M": False,
        "O": record.created,
        "Z": places(record.spent),
        "Q": places(ticket.amount or 0),
        "V": ticket.self_trade,
    }
    return event | _trade(fill) | _extra(record)


def _trade(fill: Fill | None) -> Json:
    """The part about the last fill, if there was one just now."""
    if fill is None:
        return {
            "l": places(0),
            "L": places(0),
            "n": "0",
            "N": None,
            "t": -1,
            "m": False,
            "Y": places(0),
        }
    return {
        "l": places(fill.quantity),
        "L": places(fill.price),
        "n": places(fill.fee),
        "N": fill.fee_asset,
        "t": fill.trade_id,
        "m": fill.maker,
        "Y": places(fill.price * fill.quantity),
    }


def _extra(record: Record) -> Json:
    """What is there only where it says something."""
    ticket = record.ticket
    event: Json = {}
    if record.working_time >= 0:
        event["W"] = record.working_time
    if ticket.trailing_bips is not None:
        event["d"] = ticket.trailing_bips
        event["D"] = record.created
    if ticket.strategy_id is not None:
        event["j"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        event["J"] = ticket.strategy_type
    if record.reason:
        event["eR"] = record.reason
    return event


def position(account: Account, assets: Iterable[Asset], at: int) -> Json:
    """An `outboundAccountPosition` of the assets that may have changed."""
    rows = [
        {"a": name, "f": places(account.free[name]), "l": places(account.locked[name])}
        for name in assets
    ]
    return {"e": "outboundAccountPosition", "E": at, "u": at, "B": rows}


def list_status(group: OrderList, at: int) -> Json:
    """A `listStatus`."""
    return {
        "e": "listStatus",
        "E": at,
        "s": group.symbol,
        "g": group.id,
        "c": group.contingency,
        "l": group.status,
        "L": group.order_status,
        "r": _NONE,
        "C": group.client_id,
        "T": at,
        "O": [
            {"s": record.symbol, "i": record.id, "c": record.ticket.client_id}
            for record in group.records
        ],
    }

"""The story that is told three times: 33 orders of every kind that all of the tellers know."""

from typing import Any


def _quote(bid: str, size: str = "5") -> dict[str, Any]:
    return {"do": "quote", "bid": bid, "size": size}


def _order(name: str, side: str, kind: str, **words: str) -> dict[str, str]:
    return {"id": f"story-{name}", "side": side, "type": kind, **words}


def _place(*words: str, **more: str) -> dict[str, Any]:
    return {"do": "place", "order": _order(*words, **more)}


def _refused(*words: str, **more: str) -> dict[str, Any]:
    return {"do": "refused", "order": _order(*words, **more)}


def _list(kind: str, *orders: dict[str, str]) -> dict[str, Any]:
    return {"do": "list", "kind": kind, "orders": list(orders)}


def _cancel(name: str) -> dict[str, Any]:
    return {"do": "cancel", "id": f"story-{name}"}


def _entry(name: str, quantity: str, price: str) -> dict[str, str]:
    return _order(name, "BUY", "LIMIT", quantity=quantity, price=price, timeInForce="FOK")


def _stop(name: str, quantity: str, price: str) -> dict[str, str]:
    return _order(name, "SELL", "STOP_LOSS", quantity=quantity, stopPrice=price)


def _target(name: str, quantity: str, price: str) -> dict[str, str]:
    return _order(name, "SELL", "LIMIT_MAKER", quantity=quantity, price=price)


def _profit(name: str, quantity: str, price: str) -> dict[str, str]:
    return _order(name, "SELL", "TAKE_PROFIT", quantity=quantity, stopPrice=price)


STORY: list[dict[str, Any]] = [
    _quote("60000.00"),
    # Buys and sells at once.
    _place("01", "BUY", "MARKET", quantity="0.5"),
    _place("02", "BUY", "MARKET", quoteOrderQty="10000"),
    _place("03", "BUY", "LIMIT", quantity="0.1", price="59900"),
    _place("04", "BUY", "LIMIT", quantity="0.2", price="60010"),
    _place("05", "SELL", "MARKET", quantity="0.1"),
    # What rests, and waits for a trigger.
    _place("06", "SELL", "LIMIT", quantity="0.1", price="60100"),
    {"do": "place", "order": _stop("07", "0.2", "59800")},
    _place("08", "SELL", "STOP_LOSS_LIMIT", quantity="0.1", stopPrice="59700", price="59650"),
    {"do": "place", "order": _profit("09", "0.1", "60200")},
    _quote("59890.00"),
    _quote("60150.00"),
    _list("oco", _stop("10", "0.2", "59500"), _target("11", "0.2", "60500")),
    _cancel("09"),
    _list("oco", _stop("12", "0.3", "59400"), _profit("13", "0.3", "60900")),
    _quote("59790.00"),
    {
        "do": "replace",
        "id": "story-08",
        "order": _order(
            "14", "SELL", "STOP_LOSS_LIMIT", quantity="0.1", stopPrice="59600", price="59550"
        ),
    },
    _quote("60550.00"),
    _cancel("12"),
    # Entries that bring their protection along.
    _list("oto", _entry("15", "0.3", "60560"), _stop("16", "0.29", "60000")),
    _list(
        "otoco",
        _entry("17", "0.2", "60560"),
        _stop("18", "0.19", "60100"),
        _target("19", "0.19", "61000"),
    ),
    _list("oto", _entry("20", "0.1", "60000"), _stop("21", "0.1", "59000")),
    _quote("60050.00"),
    # More than one level, and parts of orders.
    _place("22", "BUY", "LIMIT", quantity="20", price="60051"),
    _cancel("22"),
    _place("23", "BUY", "MARKET", quantity="2"),
    _quote("60060.00"),
    _place("24", "SELL", "LIMIT", quantity="1", price="60300"),
    {
        "do": "replace",
        "id": "story-24",
        "order": _order("25", "SELL", "LIMIT", quantity="1", price="60200"),
    },
    _quote("60210.00"),
    _refused("26", "BUY", "MARKET", quantity="0.00001"),
    _refused("27", "SELL", "LIMIT", quantity="500", price="60300"),
    {"do": "place", "order": _profit("28", "0.1", "60400")},
    _quote("60450.00"),
    _place("29", "SELL", "LIMIT", quantity="2", price="60600"),
    _quote("60610.00", "0.5"),
    _quote("60620.00", "0.7"),
    _cancel("29"),
    _quote("60500.00"),
    _place("30", "BUY", "MARKET", quoteOrderQty="250.55"),
    # What is open at the end.
    _list("oco", _stop("31", "0.5", "58000"), _target("32", "0.5", "63000")),
    _place("33", "BUY", "LIMIT", quantity="0.25", price="58500"),
    # A stop-limit whose trigger is pulled, and that then rests.
    _quote("59400.00"),
]

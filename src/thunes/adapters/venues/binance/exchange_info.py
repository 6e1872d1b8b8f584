"""Reads Binance's `exchangeInfo` payloads, of 2018 as of today, into instruments."""

import gzip
from collections.abc import Collection, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from thunes.core.domain.errors import DataError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import ZERO, Asset, Money, Price, Quantity, Symbol

_GZIP = b"\x1f\x8b"
_MAX_DIGITS = 30
_FINEST = Decimal("0.00000001")  # the venue writes eight places: a step of zero is this one

_Filters = Mapping[str, Mapping[str, Any]]


def parse_exchange_info(
    payload: bytes | Mapping[str, Any], symbols: Collection[str] | None = None
) -> dict[Symbol, Instrument]:
    """The instruments of a payload (JSON, gzip of JSON, or decoded), in its order.

    With `symbols` only those. Raises DataError naming symbol and filter for what is missing or
    malformed.
    """
    entries = _entries(payload)
    found: dict[Symbol, Instrument] = {}
    for number, entry in enumerate(entries):
        name = entry.get("symbol") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not name:
            raise DataError(f"exchangeInfo: symbols[{number}] has no symbol")
        if symbols is None or name in symbols:
            found[Symbol(name)] = _instrument(name, entry)
    for name in symbols or ():
        if name not in found:
            raise DataError(f"exchangeInfo: {name} is not listed in this payload")
    return found


def _entries(payload: bytes | Mapping[str, Any]) -> list[Any]:
    decoded: Any = payload
    if isinstance(payload, bytes):
        try:
            text = gzip.decompress(payload) if payload.startswith(_GZIP) else payload
            decoded = msgspec.json.decode(text)
        except (OSError, EOFError) as error:
            raise DataError(f"exchangeInfo: the gzip data is damaged: {error}") from error
        except msgspec.DecodeError as error:
            raise DataError(f"exchangeInfo: this is not JSON: {error}") from error
    entries = decoded.get("symbols") if isinstance(decoded, Mapping) else None
    if not isinstance(entries, list):
        raise DataError("exchangeInfo: the payload has no list `symbols`; is it exchangeInfo?")
    return entries


def _instrument(name: str, entry: Mapping[str, Any]) -> Instrument:
    filters = _filters(name, entry)
    price = _required(name, filters, "PRICE_FILTER")
    lot = _required(name, filters, "LOT_SIZE")
    notional_name = "NOTIONAL" if "NOTIONAL" in filters else "MIN_NOTIONAL"
    notional = _required(name, filters, notional_name)
    market = filters.get("MARKET_LOT_SIZE")
    down, up = _percent_band(name, filters)
    return Instrument(
        symbol=Symbol(name),
        base=Asset(_text(name, entry, "baseAsset")),
        quote=Asset(_text(name, entry, "quoteAsset")),
        tick=Price(_number(name, price, "PRICE_FILTER", "tickSize") or _FINEST),
        step=Quantity(_number(name, lot, "LOT_SIZE", "stepSize") or _FINEST),
        min_quantity=Quantity(_number(name, lot, "LOT_SIZE", "minQty")),
        max_quantity=Quantity(_number(name, lot, "LOT_SIZE", "maxQty")),
        market_max_quantity=Quantity(
            ZERO if market is None else _number(name, market, "MARKET_LOT_SIZE", "maxQty")
        ),
        min_notional=Money(_number(name, notional, notional_name, "minNotional")),
        min_price=Price(_number(name, price, "PRICE_FILTER", "minPrice")),
        max_price=Price(_number(name, price, "PRICE_FILTER", "maxPrice")),
        percent_down=down,
        percent_up=up,
        max_orders=_count(name, filters, "MAX_NUM_ORDERS", "maxNumOrders"),
        max_stop_orders=_count(name, filters, "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders"),
    )


def _filters(name: str, entry: Mapping[str, Any]) -> _Filters:
    rows = entry.get("filters")
    if not isinstance(rows, list):
        raise DataError(f"exchangeInfo: {name} has no list `filters`")
    filters: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(rows):
        kind = row.get("filterType") if isinstance(row, Mapping) else None
        if not isinstance(kind, str):
            raise DataError(f"exchangeInfo: {name}: filters[{number}] has no filterType")
        filters[kind] = row
    return filters


def _required(name: str, filters: _Filters, kind: str) -> Mapping[str, Any]:
    if kind not in filters:
        raise DataError(f"exchangeInfo: {name} has no filter {kind}")
    return filters[kind]


def _percent_band(name: str, filters: _Filters) -> tuple[Decimal, Decimal]:
    """The band around the reference price; where buys and sells differ, what holds for both."""
    kind = "PERCENT_PRICE_BY_SIDE"
    row = filters.get(kind)
    if row is not None:
        downs = [_number(name, row, kind, f"{side}MultiplierDown") for side in ("bid", "ask")]
        ups = [_number(name, row, kind, f"{side}MultiplierUp") for side in ("bid", "ask")]
        return max(downs), min(ups)
    kind = "PERCENT_PRICE"
    row = filters.get(kind)
    if row is not None:
        return _number(name, row, kind, "multiplierDown"), _number(name, row, kind, "multiplierUp")
    return ZERO, ZERO


def _number(name: str, row: Mapping[str, Any], kind: str, field: str) -> Decimal:
    """A finite number, not negative, without trailing zeros."""
    said = row.get(field)
    value = Decimal("NaN")
    if isinstance(said, str):
        with suppress(InvalidOperation):
            value = Decimal(said)
    if not value.is_finite() or value < ZERO or abs(value.adjusted()) > _MAX_DIGITS:
        raise DataError(
            f"exchangeInfo: {name}: filter {kind}: {field} is {said!r}; "
            "expected a number of at least 0 in quotes"
        )
    return Decimal(f"{value.normalize():f}")


def _count(name: str, filters: _Filters, kind: str, field: str) -> int:
    """A whole number; zero, which is no limit, where the filter does not exist."""
    row = filters.get(kind)
    if row is None:
        return 0
    # Payloads of 2018 and 2019 call the field `limit`.
    said = row.get(field, row.get("limit"))
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        raise DataError(
            f"exchangeInfo: {name}: filter {kind}: {field} is {said!r}; expected a whole number"
        )
    return said


def _text(name: str, entry: Mapping[str, Any], field: str) -> str:
    said = entry.get(field)
    if not isinstance(said, str) or not said:
        raise DataError(f"exchangeInfo: {name}: {field} is {said!r}; expected the name of an asset")
    return said

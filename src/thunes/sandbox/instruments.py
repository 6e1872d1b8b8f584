"""The symbols that are listed unless told otherwise, and how `exchangeInfo` tells of a symbol."""

from collections.abc import Mapping
from decimal import Decimal

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Asset, Money, Price, Quantity, Symbol
from thunes.sandbox.orders import KINDS
from thunes.sandbox.tickets import SELF_TRADE_MODES, TRAIL_BIPS
from thunes.sandbox.wire import Json, places

_D = Decimal


def _listed(base: str, step: str, quantity_max: str) -> Instrument:
    """A pair in USDT with the filters of the venue in 2024."""
    return Instrument(
        symbol=Symbol(f"{base}USDT"),
        base=Asset(base),
        quote=Asset("USDT"),
        tick=Price(_D("0.01")),
        step=Quantity(_D(step)),
        min_quantity=Quantity(_D(step)),
        max_quantity=Quantity(_D(quantity_max)),
        market_max_quantity=Quantity(_D(quantity_max) / 10),
        min_notional=Money(_D(5)),
        min_price=Price(_D("0.01")),
        max_price=Price(_D(1_000_000)),
        percent_down=_D("0.2"),
        percent_up=_D(5),
        max_orders=200,
        max_stop_orders=5,
    )


LISTED: Mapping[str, tuple[Instrument, Decimal]] = {
    one.symbol: (one, _D(price))
    for one, price in (
        (_listed("BTC", "0.00001", "9000"), 60_000),
        (_listed("ETH", "0.0001", "9000"), 3_000),
        (_listed("BNB", "0.001", "90000"), 600),
    )
}
"""Instruments and where their prices begin. BNB is there because fees are paid in it."""


def symbol_entry(instrument: Instrument, status: str) -> Json:
    """A symbol of `exchangeInfo`."""
    return {
        "symbol": instrument.symbol,
        "status": status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(KINDS),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": list(SELF_TRADE_MODES),
    }


def _filters(one: Instrument) -> list[Json]:
    rows: list[tuple[str, Json]] = [
        (
            "PRICE_FILTER",
            _range("Price", one.min_price, one.max_price) | {"tickSize": places(one.tick)},
        ),
        (
            "LOT_SIZE",
            _range("Qty", one.min_quantity, one.max_quantity) | {"stepSize": places(one.step)},
        ),
        (
            "MARKET_LOT_SIZE",
            _range("Qty", _D(0), one.market_max_quantity) | {"stepSize": places(0)},
        ),
        (
            "TRAILING_DELTA",
            {
                f"{bound}Trailing{where}Delta": bips
                for where in ("Above", "Below")
                for bound, bips in (("min", TRAIL_BIPS[0]), ("max", TRAIL_BIPS[1]))
            },
        ),
        ("PERCENT_PRICE_BY_SIDE", _band(one) | {"avgPriceMins": 5}),
        (
            "NOTIONAL",
            {
                "minNotional": places(one.min_notional),
                "applyMinToMarket": True,
                "maxNotional": places(9_000_000),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ),
        ("MAX_NUM_ORDERS", {"maxNumOrders": one.max_orders}),
        ("MAX_NUM_ALGO_ORDERS", {"maxNumAlgoOrders": one.max_stop_orders}),
    ]
    return [{"filterType": kind} | row for kind, row in rows]


def _band(one: Instrument) -> Json:
    return {
        f"{side}Multiplier{way}": f"{bound.normalize():f}"
        for side in ("bid", "ask")
        for way, bound in (("Up", one.percent_up), ("Down", one.percent_down))
    }


def _range(what: str, low: Decimal, high: Decimal) -> Json:
    return {f"min{what}": places(low), f"max{what}": places(high)}

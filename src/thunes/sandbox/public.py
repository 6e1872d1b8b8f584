"""Requests for market data: anybody may ask."""

from typing import Any

from thunes.sandbox.call import Call, Route, Routes
from thunes.sandbox.candles import INTERVALS, Candle, Trade, window
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.instruments import symbol_entry
from thunes.sandbox.ladder import DEPTH
from thunes.sandbox.market import Listing
from thunes.sandbox.params import Params
from thunes.sandbox.quirks import Quirk
from thunes.sandbox.refused import Refused
from thunes.sandbox.tickers import asked_about
from thunes.sandbox.wire import Json, places

_HOUR_MS = 3_600_000


def _ping(call: Call) -> Json:
    call.params.finish()
    return {}


def _time(call: Call) -> Json:
    call.params.finish()
    return {"serverTime": call.exchange.clock.ms}


def _exchange_info(call: Call) -> Json:
    """GET exchangeInfo."""
    params, exchange = call.params, call.exchange
    for word in ("permissions", "showPermissionSets"):
        params.text(word)
    status = params.choice(
        "symbolStatus",
        ("TRADING", "HALT", "BREAK", "CANCEL_ONLY"),
        Refused(-1122, "Invalid symbolStatus."),
    )
    asked, _ = asked_about(call)
    params.finish()
    return {
        "timezone": "UTC",
        "serverTime": exchange.clock.ms,
        "rateLimits": exchange.allowance.listed(),
        "exchangeFilters": [],
        "symbols": [
            symbol_entry(listing.instrument, _status(exchange, listing))
            for listing in asked
            if status in (None, _status(exchange, listing))
        ],
    }


def _status(exchange: Exchange, listing: Listing) -> str:
    unknown = listing.status == "CANCEL_ONLY" and not exchange.has(Quirk.CANCEL_ONLY)
    return "BREAK" if unknown else listing.status


def _depth(call: Call) -> Json:
    """GET depth."""
    listing = call.exchange.market.find(call.params.required("symbol"))
    limit = call.params.between("limit", 100, 1, 5_000)
    call.params.finish()
    return {"lastUpdateId": listing.update_id} | sides(listing, limit)


def sides(listing: Listing, limit: int) -> Json:
    """The levels of both sides, best first."""
    return {
        name: [
            [places(price), places(quantity)]
            for price, quantity in listing.ladder.levels(asks=asks, depth=min(limit, DEPTH))
        ]
        for name, asks in (("bids", False), ("asks", True))
    }


def _trades(call: Call) -> list[Json]:
    """GET trades and historicalTrades."""
    listing = call.exchange.market.find(call.params.required("symbol"))
    limit = call.params.between("limit", 500, 1, 1_000)
    first = call.params.integer("fromId")
    call.params.finish()
    kept = list(listing.trades)
    if first is None:
        return [_public_trade(trade) for trade in kept[-limit:]]
    return [_public_trade(trade) for trade in kept if trade.id >= first][:limit]


def _agg_trades(call: Call) -> list[Json]:
    """GET aggTrades: here each trade stands alone."""
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    limit, first = params.between("limit", 500, 1, 1_000), params.integer("fromId")
    start, end = params.integer("startTime"), params.integer("endTime")
    params.finish()
    kept = [
        trade
        for trade in listing.trades
        if (first is None or trade.id >= first)
        and (start is None or trade.at >= start)
        and (end is None or trade.at <= end)
    ]
    oldest_first = first is not None or start is not None
    return [
        {
            "a": trade.id,
            "p": places(trade.price),
            "q": places(trade.quantity),
            "f": trade.id,
            "l": trade.id,
            "T": trade.at,
            "m": trade.maker_bought,
            "M": True,
        }
        for trade in (kept[:limit] if oldest_first else kept[-limit:])
    ]


def _klines(call: Call) -> list[list[Any]]:
    """GET klines and uiKlines: the candle of now is the last one."""
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    interval = params.required("interval")
    if interval not in INTERVALS:
        raise Refused(-1120, "Invalid interval.")
    limit = params.between("limit", 500, 1, 1_000)
    start, end = params.integer("startTime"), params.integer("endTime")
    params.text("timeZone")
    params.finish()
    now = call.exchange.clock.true_ms
    listing.candles.roll(now)
    found = listing.candles.between(interval, start, now if end is None else min(end, now), limit)
    return [_kline(candle, closes(interval, candle.start)) for candle in found]


def closes(interval: str, start: int) -> int:
    """The last ms of the candle that begins at `start`."""
    if interval == "1M":
        return window(interval, start + INTERVALS[interval] + _HOUR_MS) - 1
    return start + INTERVALS[interval] - 1


def _reference_price(call: Call) -> Json:
    """GET referencePrice: none is set here."""
    call.exchange.market.find(call.params.required("symbol"))
    call.params.finish()
    raise Refused(-2043, "Reference price is not set for this symbol.")


def _execution_rules(call: Call) -> Json:
    """GET executionRules: there are none here."""
    asked, _ = asked_about(call)
    call.params.finish()
    return {"symbolRules": [{"symbol": listing.symbol, "rules": []} for listing in asked]}


def _public_trade(trade: Trade) -> Json:
    return {
        "id": trade.id,
        "price": places(trade.price),
        "qty": places(trade.quantity),
        "quoteQty": places(trade.price * trade.quantity),
        "time": trade.at,
        "isBuyerMaker": trade.maker_bought,
        "isBestMatch": True,
    }


def _kline(candle: Candle, end: int) -> list[Any]:
    """A row of twelve; `end` is the last ms of the candle."""
    return [
        candle.start,
        places(candle.open),
        places(candle.high),
        places(candle.low),
        places(candle.close),
        places(candle.volume),
        end,
        places(candle.quote),
        candle.trades,
        places(candle.bought),
        places(candle.bought_quote),
        "0",
    ]


def _depth_weight(params: Params) -> int:
    limit = params.between("limit", 100, 1, 5_000)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1_000 else 250


ROUTES: Routes = {
    "GET ping": Route(_ping, 1),
    "GET time": Route(_time, 1),
    "GET exchangeInfo": Route(_exchange_info, 20),
    "GET klines": Route(_klines, 2),
    "GET uiKlines": Route(_klines, 2),
    "GET depth": Route(_depth, _depth_weight),
    "GET trades": Route(_trades, 25),
    "GET historicalTrades": Route(_trades, 25),
    "GET aggTrades": Route(_agg_trades, 4),
    "GET referencePrice": Route(_reference_price, 2),
    "GET executionRules": Route(_execution_rules, 2),
}

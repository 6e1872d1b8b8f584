"""Requests for prices of now and of the last day."""

from collections.abc import Callable
from typing import Any

from thunes.adapters.venues.simulated.admission import COMBINATION, SYMBOL
from thunes.sandbox.call import Call, Route, Routes, by_symbol
from thunes.sandbox.market import Listing
from thunes.sandbox.params import Params
from thunes.sandbox.refused import Refused, invalid
from thunes.sandbox.wire import Json, places

_HOUR_MS = 3_600_000


def asked_about(call: Call) -> tuple[list[Listing], bool]:
    """The listings of `symbol` or `symbols`, all without; and whether it was one."""
    params, market = call.params, call.exchange.market
    symbol, names = params.text("symbol"), params.names("symbols")
    if symbol is not None and names is not None:
        raise Refused(*COMBINATION)
    if symbol is not None:
        return [market.find(symbol)], True
    if names is None:
        return list(market.listings.values()), False
    if not names:
        raise invalid("symbols")
    if any(name not in market.listings for name in names):
        raise Refused(*SYMBOL)
    return [market.listings[name] for name in dict.fromkeys(names)], False


def _average_price(call: Call) -> Json:
    """GET avgPrice."""
    listing = call.exchange.market.find(call.params.required("symbol"))
    call.params.finish()
    now = call.exchange.clock.ms
    return {"mins": 5, "price": places(listing.average(now)), "closeTime": now}


def _tickers(one: Callable[[Listing, int], Json]) -> Callable[[Call], Any]:
    """The request that tells `one` of the symbol asked for, or of all."""

    def run(call: Call) -> Any:
        params = call.params
        mini = params.choice("type", ("FULL", "MINI"), Refused(-1139, "Invalid ticker type."))
        del mini
        asked, single = asked_about(call)
        params.finish()
        now = call.exchange.clock.true_ms
        found = [one(listing, now) for listing in asked]
        return found[0] if single else found

    return run


def day(listing: Listing, now: int) -> Json:
    """The 24 hours' statistics of a symbol."""
    total, ladder = listing.candles.day(now), listing.ladder
    change = total.close - total.open
    return {
        "symbol": listing.symbol,
        "priceChange": places(change),
        "priceChangePercent": f"{100 * change / total.open:.3f}",
        "weightedAvgPrice": places(total.quote / total.volume if total.volume else total.close),
        "prevClosePrice": places(total.open),
        "lastPrice": places(total.close),
        "lastQty": places(listing.trades[-1].quantity if listing.trades else 0),
        "bidPrice": places(ladder.bid.price),
        "bidQty": places(ladder.bid.quantity),
        "askPrice": places(ladder.ask.price),
        "askQty": places(ladder.ask.quantity),
        "openPrice": places(total.open),
        "highPrice": places(total.high),
        "lowPrice": places(total.low),
        "volume": places(total.volume),
        "quoteVolume": places(total.quote),
        "openTime": now - 24 * _HOUR_MS,
        "closeTime": now,
        "firstId": total.first_id,
        "lastId": total.last_id,
        "count": total.trades,
    }


def _best(listing: Listing, _: int) -> Json:
    bid, ask = listing.ladder.bid, listing.ladder.ask
    return {
        "symbol": listing.symbol,
        "bidPrice": places(bid.price),
        "bidQty": places(bid.quantity),
        "askPrice": places(ask.price),
        "askQty": places(ask.quantity),
    }


def _last_price(listing: Listing, _: int) -> Json:
    return {"symbol": listing.symbol, "price": places(listing.candles.last)}


def _day_weight(params: Params) -> int:
    if "symbol" in params:
        return 2
    names = params.names("symbols") if "symbols" in params else None
    if names is None:
        return 80
    return 2 if len(names) <= 20 else 40 if len(names) <= 100 else 80


ROUTES: Routes = {
    "GET avgPrice": Route(_average_price, 2),
    "GET ticker/24hr": Route(_tickers(day), _day_weight),
    "GET ticker/tradingDay": Route(_tickers(day), _day_weight),
    "GET ticker/bookTicker": Route(_tickers(_best), by_symbol(2, 4)),
    "GET ticker/price": Route(_tickers(_last_price), by_symbol(2, 4)),
}

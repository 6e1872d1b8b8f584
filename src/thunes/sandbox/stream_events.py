"""What market streams say: trades, quotes, candles, tickers and depth."""

from decimal import Decimal

from thunes.sandbox.candles import Candle, Trade
from thunes.sandbox.market import Listing
from thunes.sandbox.public import closes
from thunes.sandbox.tickers import day
from thunes.sandbox.wire import Json, places

_FULL = {
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "prevClosePrice": "x",
    "lastPrice": "c",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}
_MINI = ("lastPrice", "openPrice", "highPrice", "lowPrice", "volume", "quoteVolume")


def quote(listing: Listing) -> Json:
    """`bookTicker`: it carries neither a type nor a time."""
    bid, ask = listing.ladder.bid, listing.ladder.ask
    return {
        "u": listing.update_id,
        "s": listing.symbol,
        "b": places(bid.price),
        "B": places(bid.quantity),
        "a": places(ask.price),
        "A": places(ask.quantity),
    }


def trade(listing: Listing, one: Trade, kind: str, now: int) -> Json:
    """`trade`, or `aggTrade`, of which each is one trade here."""
    event: Json = {"e": kind, "E": now, "s": listing.symbol}
    if kind == "trade":
        event["t"] = one.id
    else:
        event |= {"a": one.id, "f": one.id, "l": one.id}
    return event | {
        "p": places(one.price),
        "q": places(one.quantity),
        "T": one.at,
        "m": one.maker_bought,
        "M": True,
    }


def kline(listing: Listing, candle: Candle, interval: str, when: tuple[int, bool]) -> Json:
    """`when`: the time (ms), and whether the candle is closed."""
    now, closed = when
    return {
        "e": "kline",
        "E": now,
        "s": listing.symbol,
        "k": {
            "t": candle.start,
            "T": closes(interval, candle.start),
            "s": listing.symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": places(candle.open),
            "c": places(candle.close),
            "h": places(candle.high),
            "l": places(candle.low),
            "v": places(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": places(candle.quote),
            "V": places(candle.bought),
            "Q": places(candle.bought_quote),
            "B": "0",
        },
    }


def ticker(listing: Listing, kind: str, now: int) -> Json:
    """`ticker` or `miniTicker`: the last 24 hours."""
    values = day(listing, now)
    words = _FULL if kind == "ticker" else {word: _FULL[word] for word in _MINI}
    name = "24hrTicker" if kind == "ticker" else "24hrMiniTicker"
    event: Json = {"e": name, "E": now, "s": listing.symbol}
    return event | {short: values[word] for word, short in words.items()}


def average(listing: Listing, now: int) -> Json:
    return {
        "e": "avgPrice",
        "E": now,
        "s": listing.symbol,
        "i": "5m",
        "w": places(listing.average(now)),
        "T": now,
    }


class Differences:
    """The changes of a book since the last time they were told.

    `observe` wants to see every state in between: a level that came and went is told as gone, for
    who took a snapshot meanwhile knows of it.
    """

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self._last_id = listing.update_id
        self._sides = _sides(listing)
        self._touched: tuple[dict[Decimal, None], dict[Decimal, None]] = ({}, {})

    def observe(self) -> None:
        now = _sides(self.listing)
        for before, after, touched in zip(self._sides, now, self._touched, strict=True):
            for price in before | after:
                if before.get(price) != after.get(price):
                    touched[price] = None
        self._sides = now

    def event(self, now: int) -> Json | None:
        """`depthUpdate`, or None where nothing has changed."""
        listing = self.listing
        if listing.update_id == self._last_id:
            return None
        self.observe()
        bids, asks = (
            [[places(price), places(side.get(price, 0))] for price in touched]
            for side, touched in zip(self._sides, self._touched, strict=True)
        )
        event: Json = {"e": "depthUpdate", "E": now, "s": listing.symbol}
        event |= {"U": self._last_id + 1, "u": listing.update_id, "b": bids, "a": asks}
        self._last_id, self._touched = listing.update_id, ({}, {})
        return event


def _sides(listing: Listing) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    ladder = listing.ladder
    return dict(ladder.levels(asks=False)), dict(ladder.levels(asks=True))

"""Names of market streams: `btcusdt@kline_1m`, `btcusdt@depth5@100ms`, `!miniTicker@arr`."""

import re
from typing import NamedTuple

from thunes.sandbox.candles import INTERVALS

_NAME = re.compile(
    r"(?P<symbol>[a-z0-9]+)@(?:"
    r"(?P<plain>bookTicker|trade|aggTrade|miniTicker|ticker|avgPrice|referencePrice)"
    r"|kline_(?P<interval>[0-9]+[smhdwM])"
    r"|(?P<depth>depth(?:5|10|20)?)(?:@(?P<pace>100ms|1000ms))?)"
)
_ALL = re.compile(r"!(?P<kind>miniTicker|ticker)@arr")


class Stream(NamedTuple):
    """`symbol` in capitals, empty for all; `detail`: interval of candles, levels of depth."""

    name: str
    symbol: str
    kind: str
    detail: str = ""
    fast: bool = False


def combined(name: str, event: bytes) -> bytes:
    """An event as a combined connection gets it: with the name of its stream around it."""
    return b'{"stream":"%b","data":%b}' % (name.encode(), event)


def parse_stream(name: str) -> Stream | None:
    """None: that is not the name of a stream."""
    every = _ALL.fullmatch(name)
    if every is not None:
        return Stream(name, "", every["kind"])
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    symbol = found["symbol"].upper()
    if found["plain"]:
        return Stream(name, symbol, found["plain"])
    if found["interval"]:
        known = found["interval"] in INTERVALS
        return Stream(name, symbol, "kline", found["interval"]) if known else None
    return Stream(name, symbol, "depth", found["depth"][5:], found["pace"] == "100ms")

"""The market codec: bytes of a combined stream, or of a REST answer, into what they say."""

import re
from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from thunes.adapters.venues.binance.market_frames import (
    NS_PER_MS,
    BookTicker,
    CandleUpdate,
    DepthUpdate,
    Said,
    Trade,
)
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.market import Bar
from thunes.core.domain.units import Instant
from thunes.core.domain.word import Word

T = TypeVar("T")


class Notice(Word):
    """What a frame can be beside market data."""

    SHUTDOWN = "shutdown"  # the server will close this connection soon
    ANSWER = "answer"  # to a request of ours
    UNKNOWN = "unknown"  # a kind of event that this program does not know


class _Wrapped(msgspec.Struct, Generic[T], frozen=True):
    data: T


class _Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One kline of a REST answer; what follows the close time is not used."""

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    close_time: int


class _Any(msgspec.Struct, frozen=True):
    """What tells kinds of frames apart where the text does not begin as usual."""

    stream: str = ""
    e: str = ""
    result: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()
    code: int = 0


# The name of the stream stands at the very beginning of a combined frame.
_HEAD = re.compile(rb'\{"stream":"(?:[^"@]*@([A-Za-z]+)|(!serverShutdown))')
_DECODERS: Mapping[bytes, msgspec.json.Decoder[_Wrapped[Said]]] = {
    b"bookTicker": msgspec.json.Decoder(_Wrapped[BookTicker]),
    b"trade": msgspec.json.Decoder(_Wrapped[Trade]),
    b"aggTrade": msgspec.json.Decoder(_Wrapped[Trade]),
    b"depth": msgspec.json.Decoder(_Wrapped[DepthUpdate]),
    b"kline": msgspec.json.Decoder(_Wrapped[CandleUpdate]),
}
_ANY = msgspec.json.Decoder(_Any)
# Numbers come as text: 1,000 rows are read in one go, without a word for each of them.
_ROWS = msgspec.json.Decoder(list[_Row], strict=False)


def decode_market(frame: bytes) -> Said | Notice:
    """What one frame of a combined market stream says. Raises Unreadable."""
    head = _HEAD.match(frame)
    kind = head[1] if head else None
    decoder = _DECODERS.get(kind) if kind else None
    if decoder is None:
        return _notice(frame)
    try:
        return decoder.decode(frame).data
    except msgspec.MsgspecError as error:
        raise Unreadable("a market frame", frame, error) from error


def decode_klines(body: bytes) -> list[Bar]:
    """The bars of a REST answer, oldest first, the open one included. Raises Unreadable."""
    try:
        rows = _ROWS.decode(body)
    except msgspec.MsgspecError as error:
        raise Unreadable("a list of klines", body, error) from error
    return [
        Bar(
            Instant(row.open_time * NS_PER_MS),
            Instant((row.close_time + 1) * NS_PER_MS),
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
        )
        for row in rows
    ]


def _notice(frame: bytes) -> Notice:
    try:
        said = _ANY.decode(frame)
    except msgspec.MsgspecError as error:
        raise Unreadable("a market frame", frame, error) from error
    if "serverShutdown" in (said.stream.removeprefix("!"), said.e):
        return Notice.SHUTDOWN
    answers = said.result != msgspec.Raw() or said.id != msgspec.Raw()
    return Notice.ANSWER if answers else Notice.UNKNOWN

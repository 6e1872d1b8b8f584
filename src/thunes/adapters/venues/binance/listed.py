"""What a place lists: the instruments of some symbols and the time there, before anything else."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic_ns, time_ns

from thunes.adapters.venues.binance.answers import decode_time
from thunes.adapters.venues.binance.classify import Failure, Meaning
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.hosts import hosts_at
from thunes.adapters.venues.binance.listing import NOT_LISTED, Listing
from thunes.adapters.venues.binance.requests import Request, query
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Instant, Symbol

_TIMEOUT_S = 10.0
_MS = 1_000_000
_PAUSES_S, _UNHEARD = (0.5, 1.0, 2.0, 4.0, 8.0), 3


@dataclass(frozen=True, slots=True)
class Listed:
    """What was told: the instruments, and the venue's time when the machine counted `counted`
    (monotonic ns)."""

    instruments: tuple[Instrument, ...]
    time: Instant
    counted: int


def listed_at(place: str, symbols: Sequence[Symbol]) -> Listed:
    """Ask a place for these. Raises UsageError for a symbol that is not listed, ThunesError where
    the venue does not answer."""
    return asyncio.run(_listed(place, symbols))


async def _listed(place: str, symbols: Sequence[Symbol]) -> Listed:
    transport = CcxtTransport(_TIMEOUT_S)
    client = Client(
        hosts_at(place).rest, None, transport, lambda: Instant(time_ns()), lambda _: None
    )
    try:
        info = await _asked(client, Listing({}).request(symbols))
        asked = monotonic_ns()
        told = await _asked(client, query("time", 1, signed=False))
        heard = monotonic_ns()
    except _Failed as failed:
        if failed.failure.code == NOT_LISTED:
            raise UsageError(f"not all of {', '.join(symbols)} are listed at {place}") from None
        raise ThunesError(f"{place} does not answer: {failed.failure.text}") from None
    finally:
        await client.close()
    found = parse_exchange_info(info, symbols)
    time = Instant(decode_time(told) * _MS)
    return Listed(tuple(found[symbol] for symbol in symbols), time, (asked + heard) // 2)


async def _asked(client: Client, request: Request) -> bytes:
    """The answer, asked for again while the venue says that it cannot now, and a few times where
    it says nothing. Raises _Failed."""
    tries = 0
    while True:
        reply = await client.ask(request)
        if not isinstance(reply, Failure):
            return reply
        pauses = _PAUSES_S if reply.code else _PAUSES_S[:_UNHEARD]
        if tries >= len(pauses) or reply.meaning in (Meaning.REFUSED, Meaning.FATAL):
            raise _Failed(reply)
        await asyncio.sleep(pauses[tries])
        tries += 1


class _Failed(ThunesError):
    """What was asked for is not to be had."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure

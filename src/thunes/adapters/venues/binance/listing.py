"""The listing: what the venue trades now and in which steps, and what of that has changed."""

from collections.abc import Mapping

import msgspec

from thunes.adapters.venues.binance.answers import decode
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.requests import Request, query
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Symbol

_TRADING = "TRADING"


class _Entry(msgspec.Struct, frozen=True):
    symbol: Symbol
    status: str


class _Info(msgspec.Struct, frozen=True):
    symbols: tuple[_Entry, ...]


class Listing:
    """Our instruments by the newest filters. The core keeps those that it was started with, so
    whatever changes is told to a person as well."""

    def __init__(self, instruments: Mapping[Symbol, Instrument]) -> None:
        self.instruments = dict(instruments)
        self._halted: dict[Symbol, str] = {}

    def request(self) -> Request:
        names = msgspec.json.encode(list(self.instruments)).decode()
        return query("exchangeInfo", 20, ("symbols", names), signed=False)

    def refresh(self, body: bytes) -> list[str]:
        """Take what the venue lists now; what is different, in sentences.

        Raises Unreadable or DataError, and takes nothing then.
        """
        info = decode(body, _Info, "exchangeInfo")
        found = parse_exchange_info(body, self.instruments)
        halted = {each.symbol: each.status for each in info.symbols if each.status != _TRADING}
        changes = [
            f"the venue has changed the filters of {symbol}: {_difference(before, found[symbol])}"
            for symbol, before in self.instruments.items()
            if found[symbol] != before
        ]
        changes += [
            f"the venue says {status} of {symbol}: nothing is entered there"
            for symbol, status in halted.items()
            if status != self._halted.get(symbol)
        ]
        self.instruments, self._halted = found, halted
        return changes

    def doubt(self, symbol: Symbol) -> str:
        """Why nothing may be entered in this symbol; "" if it may."""
        status = self._halted.get(symbol)
        return "" if status is None else f"the venue says {status} of {symbol}"


def _difference(before: Instrument, after: Instrument) -> str:
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name])

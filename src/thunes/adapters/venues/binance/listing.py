"""The listing: what the venue trades now and in which steps, and what of that has changed."""

from collections.abc import Iterable, Mapping

import msgspec

from thunes.adapters.venues.binance.answers import decode
from thunes.adapters.venues.binance.budget import Counted, Limit
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.requests import Request, query
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import NS_PER_SECOND, Symbol

NOT_LISTED = -1121
_TRADING = "TRADING"
_COUNTED = {"REQUEST_WEIGHT": Counted.WEIGHT, "ORDERS": Counted.ORDERS}
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}


class _Entry(msgspec.Struct, frozen=True):
    symbol: Symbol
    status: str


class _Rate(msgspec.Struct, frozen=True, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    symbols: tuple[_Entry, ...]
    rate_limits: tuple[_Rate, ...] = ()


class Listing:
    """Our instruments by the newest filters. The core keeps those that it was started with, so
    whatever changes is told to a person as well."""

    def __init__(self, instruments: Mapping[Symbol, Instrument]) -> None:
        self.instruments = dict(instruments)
        self.limits: tuple[Limit, ...] = ()  # empty until they were told
        self._halted: dict[Symbol, str] = {}
        self._delisted: dict[Symbol, str] = {}

    def listed(self) -> list[Symbol]:
        """What the venue still lists, as far as it is known."""
        return [symbol for symbol in self.instruments if symbol not in self._delisted]

    def request(self, symbols: Iterable[Symbol]) -> Request:
        """One question for all of these: the venue answers it only if it lists every one."""
        names = msgspec.json.encode(list(symbols)).decode()
        return query("exchangeInfo", 20, ("symbols", names), signed=False)

    def drop(self, symbol: Symbol) -> str:
        """The venue does not list it any longer: what that means, in a sentence."""
        self._delisted[symbol] = "DELISTED"
        return (
            f"the venue does not list {symbol} any longer: nothing is entered there; what is still"
            " held has to be taken out by hand"
        )

    def refresh(self, body: bytes) -> list[str]:
        """Take what the venue lists now; what is different, in sentences.

        Raises Unreadable or DataError, and takes nothing then.
        """
        info = decode(body, _Info, "exchangeInfo")
        before = {symbol: self.instruments[symbol] for symbol in self.listed()}
        found = parse_exchange_info(body, before)
        halted = {each.symbol: each.status for each in info.symbols if each.status != _TRADING}
        changes = [
            f"the venue has changed the filters of {symbol}: {_difference(old, found[symbol])}"
            for symbol, old in before.items()
            if found[symbol] != old
        ]
        changes += [
            f"the venue says {status} of {symbol}: nothing is entered there"
            for symbol, status in halted.items()
            if status != self._halted.get(symbol)
        ]
        self.instruments |= found
        self._halted = halted
        self.limits = tuple(filter(None, map(_limit, info.rate_limits)))
        return changes

    def doubt(self, symbol: Symbol) -> str:
        """Why nothing may be entered in this symbol; "" if it may."""
        status = self._delisted.get(symbol) or self._halted.get(symbol)
        return "" if status is None else f"the venue says {status} of {symbol}"


def _limit(rate: _Rate) -> Limit | None:
    """A limit that we count, or None."""
    counted, seconds = _COUNTED.get(rate.rate_limit_type), _SECONDS.get(rate.interval)
    if counted is None or seconds is None or rate.interval_num < 1 or rate.limit < 1:
        return None
    return Limit(counted, rate.interval_num * seconds * NS_PER_SECOND, rate.limit)


def _difference(before: Instrument, after: Instrument) -> str:
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name])

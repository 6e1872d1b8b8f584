"""The venue as the doctor sees it: in reach, in time, and what the key of the account may do."""

import asyncio
from collections.abc import Callable

import aiohttp

from thunes.adapters.venues.binance.classify import ADVICE, Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.hosts import Hosts, hosts_at
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.requests import query
from thunes.adapters.venues.binance.rights import Rights, Told, read_rights
from thunes.adapters.venues.binance.server_clock import OFFSET_NS_MAX
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import NS_PER_DAY, Instant, Symbol
from thunes.ops.doctor.finding import Finding, failed, ok, skipped, warned
from thunes.ops.doctor.visit import OF_KEY, OF_VENUE, Visit

_TIMEOUT_S = 5.0
_NS_PER_MS = 1_000_000

Now = Callable[[], Instant]


def visit(asked: Visit, now: Now) -> list[Finding]:
    """Everything that can be found out there; no order is placed."""
    keys, trouble = None, ""
    try:
        hosts = hosts_at(asked.place)
    except UsageError as error:
        lost = [skipped(name, "there is no such place") for name in OF_VENUE[1:] + OF_KEY]
        return [failed(OF_VENUE[0], str(error), "mend run.venue or run.sandbox_url"), *lost]
    if asked.key is not None:
        try:
            keys = Keys(*(secret.reveal() for secret in asked.key))
        except UsageError as error:
            trouble = str(error)
    return asyncio.run(_Doctor(asked, hosts, now).look(keys, trouble))


def _clock(doubt: str, offset: int | None) -> Finding:
    if offset is None:
        return skipped("clock", "the venue does not answer")
    if doubt:
        return failed("clock", doubt, "synchronise the clock of this machine (NTP)")
    most = OFFSET_NS_MAX // _NS_PER_MS
    return ok("clock", f"{offset / _NS_PER_MS:+.0f} ms from the venue's, {most} ms are allowed")


class _Doctor:
    def __init__(self, asked: Visit, hosts: Hosts, now: Now) -> None:
        self._asked = asked
        self._hosts = hosts
        self._now = now

    async def look(self, keys: Keys | None, trouble: str) -> list[Finding]:
        client = Client(
            self._hosts.rest, keys, CcxtTransport(_TIMEOUT_S), self._now, lambda _: None
        )
        try:
            doubt = await client.look_at_clock()
            offset = client.gauges.clock.offset_ns
            found = [self._rest(doubt, offset), await self._streams(), _clock(doubt, offset)]
            if offset is None:
                rest = ("symbols", *OF_KEY)
                return found + [skipped(name, "the venue does not answer") for name in rest]
            found.append(await self._symbols(client))
            if trouble:
                return [*found, failed("key accepted", trouble, "copy key and secret again")]
            if keys is None:
                return found + [skipped(name, "there is no key") for name in OF_KEY]
            return [*found, *await self._key(client)]
        finally:
            await client.close()

    def _rest(self, doubt: str, offset: int | None) -> Finding:
        name, where = OF_VENUE[0], self._hosts.rest
        if offset is None:
            return failed(
                name, f"{where}: {doubt}", "check network, firewall and the venue's status"
            )
        return ok(name, f"{where} answers")

    async def _streams(self) -> Finding:
        name = OF_VENUE[1]
        timeout = aiohttp.ClientTimeout(_TIMEOUT_S)
        for address in (f"{self._hosts.streams}/ws", self._hosts.api):
            try:
                async with (
                    aiohttp.ClientSession(timeout=timeout) as session,
                    asyncio.timeout(_TIMEOUT_S),
                    session.ws_connect(address),
                ):
                    pass
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                why = f"{address}: {type(error).__name__}"
                return failed(name, why, "check that the firewall lets WebSockets through")
        return ok(name, f"{self._hosts.streams} and {self._hosts.api} take connections")

    async def _symbols(self, client: Client) -> Finding:
        name, symbols = "symbols", [Symbol(each) for each in self._asked.symbols]
        request = Listing({}).request
        reply = await client.ask(request(symbols))
        if isinstance(reply, Failure):
            answers = {each: await client.ask(request([each])) for each in symbols}
            failures = {s: one for s, one in answers.items() if isinstance(one, Failure)}
            seen = ", ".join(f"{s}: {one.code} {one.text}" for s, one in failures.items())
            return failed(name, seen or reply.text, "mend run.symbols")
        try:
            known = parse_exchange_info(reply, symbols)
            listing = Listing(known)
            listing.refresh(reply)
        except (DataError, Unreadable) as error:
            return failed(name, str(error), "look at the venue's announcements")
        halted = [doubt for symbol in symbols if (doubt := listing.doubt(symbol))]
        if halted:
            return warned(name, "; ".join(halted), "nothing is entered there until it trades again")
        return self._affordable(known)

    def _affordable(self, known: dict[Symbol, Instrument]) -> Finding:
        least = self._asked.least
        for symbol, one in known.items():
            if least is not None and one.min_notional > least:
                seen = f"the least order in {symbol} is {one.min_notional:f}, an entry {least:f}"
                return failed("symbols", seen, "raise sizing.rule, or take the symbol out")
        return ok("symbols", f"{', '.join(known)}: listed, trading, and entries large enough")

    async def _key(self, client: Client) -> list[Finding]:
        reply = await client.ask(query("account", 20))
        if isinstance(reply, Failure):
            seen = f"{reply.code} {reply.text}"
            do = ADVICE.get(reply.code, "look at the venue's status, then ask again")
            lost = [skipped(name, "the key is not accepted") for name in OF_KEY[1:]]
            return [failed(OF_KEY[0], seen, do), *lost]
        accepted = ok(OF_KEY[0], f"it opens an account at {self._hosts.rest}")
        if not self._hosts.tells_rights:
            return [accepted] + [skipped(name, "nothing of it is told here") for name in OF_KEY[1:]]
        reply = await client.ask(Rights().request())
        if isinstance(reply, Failure):
            why, do = f"{reply.code} {reply.text}", "ask again; entries wait for the answer"
            return [accepted, failed(OF_KEY[1], why, do), skipped(OF_KEY[2], "not told")]
        try:
            told = read_rights(reply)
        except Unreadable as error:
            return [accepted, failed(OF_KEY[1], str(error), "the venue has changed its answer")]
        return [accepted, self._rights(told), self._age(told)]

    def _rights(self, told: Told) -> Finding:
        name = OF_KEY[1]
        seen, _, do = told.doubt.partition("; ")
        if told.enable_withdrawals or (seen and self._asked.real):
            return failed(name, seen, do)
        if seen:
            return warned(name, seen, do)
        if told.enable_internal_transfer or told.permits_universal_transfer:
            return warned(name, "this key may move money between accounts", "take that right away")
        if self._asked.real and not told.ip_restrict:
            return warned(name, "this key works from any address", "restrict it to this machine's")
        return ok(name, "it may read and trade, and not withdraw")

    def _age(self, told: Told) -> Finding:
        name = OF_KEY[2]
        if not told.create_time:
            return skipped(name, "it is not told")
        days = (self._now() - told.create_time * _NS_PER_MS) // NS_PER_DAY
        most = _REAL_DAYS if self._asked.real else _OTHER_DAYS
        if days > most:
            return warned(name, f"{days} days", f"make a new one: {most} days are enough")
        return ok(name, f"{days} days of {most}")


_REAL_DAYS, _OTHER_DAYS = 30, 90
"""How old a key may get, with real money and without."""

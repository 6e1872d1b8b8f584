"""The works: everything that runs on the venue's own loop, from its first look at the clock on."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from thunes.adapters.venues.binance.account_feed import AccountFeed
from thunes.adapters.venues.binance.client import Client, Now
from thunes.adapters.venues.binance.hosts import hosts_at
from thunes.adapters.venues.binance.inquiry import Inquiry, Missing
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.market_feed import MarketFeed, MarketListener
from thunes.adapters.venues.binance.placing import Placing, refused
from thunes.adapters.venues.binance.prices import Prices
from thunes.adapters.venues.binance.relisting import look_at_listing
from thunes.adapters.venues.binance.replacing import replace
from thunes.adapters.venues.binance.rights import Rights
from thunes.adapters.venues.binance.server_clock import MEASURE_EVERY_NS, OFFSET_NS_MAX
from thunes.adapters.venues.binance.session import Patience, Session
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.errors import UsageError
from thunes.core.domain.event import Event, VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Report
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol

LIST_EVERY_NS = 3_600 * NS_PER_SECOND
LIST_AGAIN_NS = 60 * NS_PER_SECOND
TIMEOUT_S = 10.0
_TURN_S = 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """Whose account, where (as `hosts_at` takes it), and what is traded. `interval` names the
    bars that are wanted, `bars_since` from when on (0: from the first one that closes)."""

    place: str
    keys: Keys
    instruments: Mapping[Symbol, Instrument]
    interval: str = "1m"
    bars_since: Instant = Instant(0)
    patience: Patience = field(default_factory=Patience)
    timeout_s: float = TIMEOUT_S
    speed: float = 1.0  # of a sandbox whose time runs faster: what a clock may be off grows with it

    def __post_init__(self) -> None:
        if not self.instruments:
            raise UsageError("there is no symbol to trade: name at least one")


class Ears(MarketListener, Protocol):
    """Who hears the venue; called on its thread, and not to wait there."""

    def deliver(self, event: Event) -> object:
        """Reports of our orders, and the whole account where it was asked for."""

    def reconnected(self) -> object:
        """The account stream is up (again): something may have been missed."""

    def trouble(self, text: str) -> object:
        """What only a person can mend, or has to know of."""


class Works:
    """Made and used on one event loop."""

    def __init__(self, access: Access, ears: Ears, now: Now) -> None:
        hosts, keys = hosts_at(access.place), access.keys
        self._ears = ears
        self._now = now
        self._known, prices = KnownOrders(), Prices()
        self._listing = Listing(access.instruments)
        self.client = Client(hosts.rest, keys, CcxtTransport(access.timeout_s), now, ears.trouble)
        self.client.pace = access.speed
        self.client.gauges.clock.offset_ns_max = int(OFFSET_NS_MAX * access.speed)
        self._rights = Rights()
        self._placing = Placing(self.client, self._known, self._listing, prices, self._rights)
        self._inquiry = Inquiry(self.client, self._known, self._listing)
        told = (self._heard, ears.reconnected, ears.trouble)
        self._account = AccountFeed(hosts.api, keys, self.client, self._known, told)
        wanted = (self._listing, access.interval, access.bars_since)
        self._market = MarketFeed(hosts.streams, wanted, self.client, (prices, ears))
        feeds = (self._account, self._market)
        self.sessions = tuple(Session(feed, access.patience) for feed in feeds)
        self._ready = asyncio.Event()
        self._asked: tuple[Instant, Instant] | None = None
        self._looking = False
        self._listed_at = Instant(0)
        self._doubt = ""
        self._tells_rights = hosts.tells_rights

    async def run(self) -> None:
        """Stay connected and up to date, until cancelled."""
        await self._look_at_clock()
        await self._look_at_rights()
        self._ready.set()
        async with asyncio.TaskGroup() as tasks:
            for session in self.sessions:
                tasks.create_task(session.run())
            tasks.create_task(self._market.run())
            tasks.create_task(self._account.run())
            tasks.create_task(self._keep_up())

    async def carry_out(self, command: VenueCommand, at: Instant) -> None:
        """Send the command, and tell what became of every order that it names."""
        await self._ready.wait()
        match command:
            case PlaceOrders():
                said = await self._place(command, at)
            case CancelOrders(order_ids=order_ids):
                said = await self._placing.cancel(order_ids)
            case ReplaceOrders():
                said = await replace(self._placing, command, at)
        for report in said:
            self._known.heard(report)
        self._ears.deliver(VenueReported(self._now(), tuple(said)))

    async def look(self, asked: Instant, fills_since: Instant) -> None:
        """Look at the whole account; who asks while a look is under way gets the next one."""
        self._asked = (asked, fills_since)
        if self._looking:
            return
        self._looking = True
        await self._ready.wait()
        while self._asked is not None:
            now_asked, self._asked = self._asked, None
            try:
                self._ears.deliver(await self._inquiry.look(*now_asked))
            except (Missing, Unreadable) as error:
                self.client.missed_looks += 1
                self.client.last_miss = str(error)
        self._looking = False

    def reconnect(self) -> None:
        """Give up every connection; each session dials its next one."""
        for session in self.sessions:
            session.renew()

    async def close(self) -> None:
        await self.client.close()

    async def _place(self, command: PlaceOrders, at: Instant) -> list[Report]:
        orders = self._placing.fit(command.orders)
        refusal = self._placing.refusal(orders)
        if refusal is not None:
            return [refused(order.id, refusal) for order in orders]
        return await self._placing.place(orders, at)

    def _heard(self, report: Report) -> None:
        self._ears.deliver(VenueReported(self._now(), (report,)))

    async def _keep_up(self) -> None:
        """Look at the venue's clock and at its filters, in time and whenever it said that ours
        are wrong."""
        while True:
            await asyncio.sleep(_TURN_S)
            clock, now = self.client.gauges.clock, self._now()
            if self.client.skewed or now - clock.measured_at >= MEASURE_EVERY_NS:
                await self._look_at_clock()
            wait = LIST_AGAIN_NS if self.client.misfitted else LIST_EVERY_NS
            if now - self._listed_at >= wait:
                await self._look_at_listing()
                await self._look_at_rights()

    async def _look_at_clock(self) -> None:
        doubt = await self.client.look_at_clock()
        if doubt and doubt != self._doubt:
            self._ears.trouble(doubt)
        self._doubt = doubt

    async def _look_at_rights(self) -> None:
        if not self._tells_rights:
            return
        try:
            doubt = self._rights.heard(await self.client.ask(self._rights.request()))
        except Unreadable as error:
            doubt = str(error)
        if doubt:
            self._ears.trouble(doubt)

    async def _look_at_listing(self) -> None:
        self._listed_at = self._now()
        for change in await look_at_listing(self.client, self._listing):
            self._ears.trouble(change)

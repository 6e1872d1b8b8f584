"""Faults of the venue itself: what is done when one begins, and undone when it ends."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from fnmatch import fnmatchcase

import msgspec

from thunes.core.domain.units import Price
from thunes.sandbox.clock import MILLION
from thunes.sandbox.connection import GOING_AWAY
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import Active, Fault, FaultBox
from thunes.sandbox.market import Listing
from thunes.sandbox.sockets import Sockets

_ACTS = (
    Fault.CLOCK_SKEW,
    Fault.SYMBOL_STATUS,
    Fault.PRICE_STEP,
    Fault.WIPED,
    Fault.STREAM_CLOSED,
    Fault.SHUTDOWN,
)


class VenueFaults:
    """Acts upon the faults of a box as they begin and end; `beat` wants to be called often."""

    def __init__(self, exchange: Exchange, sockets: Sockets) -> None:
        self._exchange = exchange
        self._sockets = sockets
        self._steps: dict[str, Price] = {}  # of symbols that have another one now

    @property
    def box(self) -> FaultBox:
        return self._exchange.faults

    def beat(self) -> None:
        for one in self.box.over():
            self._undo(one)
        for one in self.box.due(_ACTS):
            self._do(one)

    def clear(self) -> None:
        """All faults are over."""
        for one in self.box.clear():
            self._undo(one)

    def _do(self, one: Active) -> None:
        exchange = self._exchange
        match one.fault:
            case Fault.CLOCK_SKEW:
                exchange.clock.skew_ns = int(one.number(1_000) * MILLION)
            case Fault.SYMBOL_STATUS:
                for listing in self._listings(one):
                    listing.status = str(one.plan.value or "HALT")
            case Fault.PRICE_STEP:
                for listing in self._listings(one):
                    self._steps.setdefault(listing.symbol, listing.instrument.tick)
                    _step(listing, Price(Decimal(str(one.plan.value))))
            case Fault.WIPED:
                for holder in exchange.holders:
                    holder.endow(holder.endowed)
            case Fault.STREAM_CLOSED:
                self._sockets.close(one.plan.on, int(one.number(GOING_AWAY)))
            case _:
                self._sockets.announce(one.plan.on, exchange.clock.ms)
                loop = asyncio.get_running_loop()
                loop.call_later(one.number(1), self._sockets.close, one.plan.on, GOING_AWAY)

    def _undo(self, one: Active) -> None:
        if not one.acted:
            return
        if one.fault is Fault.CLOCK_SKEW:
            self._exchange.clock.skew_ns = 0
        elif one.fault is Fault.SYMBOL_STATUS:
            for listing in self._listings(one):
                listing.status = "TRADING"
        elif one.fault is Fault.PRICE_STEP:
            for listing in self._listings(one):
                step = self._steps.pop(listing.symbol, None)
                if step is not None:
                    _step(listing, step)

    def _listings(self, one: Active) -> Iterable[Listing]:
        listings = self._exchange.market.listings
        return [each for name, each in listings.items() if fnmatchcase(name, one.plan.on)]


def _step(listing: Listing, tick: Price) -> None:
    listing.instrument = msgspec.structs.replace(listing.instrument, tick=tick)

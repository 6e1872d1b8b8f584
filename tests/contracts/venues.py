"""Venues under one contract: the simulated one in the process, and the sandbox over the wire behind
our adapter. What differs between them is how they are driven, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tests.binance.arena import Arena, Rig
from tests.sandbox.venue import BTC, CASH, D
from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.models import Models, ParticipationModel
from thunes.adapters.venues.simulated.venue import SimulatedVenue
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.market import Quote
from thunes.core.domain.order import Filled, Report
from thunes.core.domain.units import Instant

SECOND = 10**9


class Desk(Protocol):
    """Takes commands, follows a quote, and tells."""

    def send(self, command: VenueCommand) -> None: ...

    def quote(self, bid: str, ask: str, size: str = "50") -> None: ...

    def reports(self) -> list[Report]: ...

    def until(self, true: Callable[[], object]) -> None:
        """Wait for it, as long as this venue may take; fail if it does not come true."""


class _Simulated:
    def __init__(self) -> None:
        fees = FeeModel(maker=D("0.001"), taker=D("0.001"), charged=Charged.RECEIVED)
        models = Models(fees=fees, participation=ParticipationModel(D(1)))
        self._venue = SimulatedVenue([BTC], CASH, models)
        self._at = 0
        self._said: list[Report] = []
        self.quote("100.00", "100.01")

    def send(self, command: VenueCommand) -> None:
        self._at += SECOND
        self._venue.send(command, Instant(self._at))
        self.quote(*self._sides)

    def quote(self, bid: str, ask: str, size: str = "50") -> None:
        self._at += SECOND
        self._sides = (bid, ask, size)
        sides = (D(bid), D(size), D(ask), D(size))
        self._venue.on_quote(Quote(Instant(self._at), "BTCUSDT", *sides))
        self._said += [report for batch in self._venue.reports() for report in batch.reports]

    def reports(self) -> list[Report]:
        return self._said

    def until(self, true: Callable[[], object]) -> None:
        assert true(), self._said


class _Sandbox:
    def __init__(self, arena: Arena, rig: Rig) -> None:
        self._arena, self._rig = arena, rig
        self.quote("100.00", "100.01")
        self.until(lambda: rig.heard.quotes[-1].bid_quantity == 50)

    def send(self, command: VenueCommand) -> None:
        self._rig.send(command)

    def quote(self, bid: str, ask: str, size: str = "50") -> None:
        self._arena.quote(bid, ask, size)

    def reports(self) -> list[Report]:
        return self._rig.heard.reports()

    def until(self, true: Callable[[], object]) -> None:
        self._rig.heard.until(true)


@contextmanager
def simulated() -> Iterator[Desk]:
    yield _Simulated()


@contextmanager
def sandbox() -> Iterator[Desk]:
    with Arena() as arena, Rig(arena) as rig:
        yield _Sandbox(arena, rig)


VENUES = {"simulated": simulated, "sandbox": sandbox}


def said(desk: Desk, order_id: str, kind: type[Report]) -> list[Report]:
    return [
        report
        for report in desk.reports()
        if report.order_id == order_id and isinstance(report, kind)
    ]


def fills(desk: Desk, order_id: str) -> list[Filled]:
    """Each once, however often it was told."""
    found = {
        report.trade_id: report
        for report in desk.reports()
        if isinstance(report, Filled) and report.order_id == order_id
    }
    return list(found.values())

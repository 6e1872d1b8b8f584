"""An engine under an entry cap trades on the sandbox: no request finds its position without a stop,
nor the entry filled in part."""

from decimal import Decimal
from typing import NamedTuple

import pytest

from tests.binance.arena import Arena
from tests.binance.test_live import Process
from tests.binance.test_venue import QUICK
from tests.sandbox.venue import BTC, D
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.units import floor_to
from thunes.sandbox.rest import Answer, Request, Rest


class Seen(NamedTuple):
    """The account between two requests: coins, those that a stop would sell, the entry's status."""

    held: Decimal
    covered: Decimal
    entries: tuple[str, ...]


class _Watching(Rest):
    """Looks at the account whenever a request has been answered."""

    def __init__(self, arena: Arena, seen: list[Seen]) -> None:
        super().__init__(arena.venue.exchange)
        self._holder = arena.venue.holder
        self._seen = seen

    def answer(self, request: Request) -> Answer:
        said = super().answer(request)
        account, records = self._holder.floor.account, self._holder.records.values()
        stops = [r for r in records if r.is_open and r.ticket.type == "STOP_LOSS"]
        entries = [r.status for r in records if r.ticket.side == "BUY"]
        held = account.free["BTC"] + account.locked["BTC"]
        covered = sum((record.quantity for record in stops), D(0))
        self._seen.append(Seen(held, covered, tuple(entries)))
        return said


def traded(arena: Arena, entry_cap: Decimal | None) -> list[Seen]:
    """What was seen while a process entered and was covered."""
    seen: list[Seen] = []
    arena.do(lambda: setattr(arena._server, "_rest", _Watching(arena, seen)))
    keys = Keys(arena.venue.key.name, arena.venue.secret)
    process = Process(arena.now, BTC, entry_cap)
    venue = BinanceVenue(
        Access(arena.url, keys, {"BTCUSDT": BTC}, patience=QUICK), process, arena.now
    )
    venue.open()
    try:
        process.trade(venue)
    finally:
        venue.close()
    assert not process.troubles
    return seen


def naked(seen: list[Seen]) -> list[Seen]:
    return [each for each in seen if floor_to(each.held, BTC.step) > each.covered]


@pytest.mark.parametrize("size", ["50", "4.5"], ids=["one fill", "two fills"])
def test_no_request_finds_it_naked(size: str) -> None:
    with Arena(balances={"USDT": D(10_000)}) as arena:
        arena.quote("100.00", "100.01", size)
        seen = traded(arena, D("0.02"))
        assert len(arena.do(lambda: arena.venue.holder.trades)) == (1 if size == "50" else 2)
    assert seen[-1].covered == floor_to(seen[-1].held, BTC.step) > 4
    assert not naked(seen)
    assert {each.entries for each in seen} == {(), ("FILLED",)}


def test_without_a_cap_one_does() -> None:
    """What the test above would see."""
    with Arena(balances={"USDT": D(10_000)}) as arena:
        assert naked(traded(arena, None))

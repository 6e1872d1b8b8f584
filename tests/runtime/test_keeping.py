"""The state is kept after so many steps, however little they are worth, and its line before it."""

from decimal import Decimal

import pytest

from tests.runtime.rigs import Rig
from tests.simulation.stage import AAA, Scenario
from thunes.core.domain.event import QuoteReceived
from thunes.core.domain.market import Quote
from thunes.core.domain.units import Price, Quantity
from thunes.runtime import live

FLAT = "100 100 100 100 100 100"


def test_an_account_that_only_watches_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(Scenario("", FLAT))
    monkeypatch.setattr(live, "KEEP_EVERY", rig.live.unkept + 3)
    synced: list[bool] = []
    kept: list[int] = []
    rig.append = lambda line, *, durable: synced.append(durable)  # type: ignore[method-assign]
    rig.keep = lambda _: kept.append(len(synced))  # type: ignore[method-assign]
    for second in range(10, 13):
        rig.wait(second)
        one = Quantity(Decimal(1))
        quote = Quote(rig.now(), AAA, Price(Decimal(100)), one, Price(Decimal(101)), one)
        rig.hear(QuoteReceived(rig.now(), quote))
    assert synced == [False, False, True]
    assert kept == [3]
    assert rig.live.unkept == 0

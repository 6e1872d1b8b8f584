"""What a place lists is asked before anything else, of a venue that may have a bad moment."""

from collections.abc import Iterator

import pytest

from tests.binance.arena import Arena
from thunes.adapters.venues.binance import listed
from thunes.adapters.venues.binance.listed import listed_at
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import Symbol

BTC = Symbol("BTCUSDT")


@pytest.fixture
def arena(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    monkeypatch.setattr(listed, "_PAUSES_S", (0.01, 0.01))
    with Arena() as arena:
        yield arena


@pytest.mark.parametrize(
    ("fault", "code"),
    [("error_before", -1001), ("error_before", -1008), ("answer_cut", None), ("answer_lost", None)],
)
def test_a_start_outlasts_a_bad_moment(arena: Arena, fault: str, code: int | None) -> None:
    arena.fault(fault, on="GET /api/v3/*", times=2, value=code)
    (found,) = listed_at(arena.url, [BTC]).instruments
    assert found.symbol == BTC


def test_one_that_does_not_pass_is_told(arena: Arena) -> None:
    arena.fault("error_before", on="GET /api/v3/*", value=-1008)
    with pytest.raises(ThunesError, match="does not answer: Server is currently overloaded"):
        listed_at(arena.url, [BTC])


def test_what_is_not_listed_is_asked_for_once(arena: Arena) -> None:
    with pytest.raises(UsageError, match="not all of NOPEUSDT are listed"):
        listed_at(arena.url, [Symbol("NOPEUSDT")])
    assert arena.asked.count("GET exchangeInfo") == 1

"""What is wrong before anything is traded: keys, symbols, places; each is said in a sentence."""

import pytest
from msgspec.structs import replace

from tests.binance.arena import Arena, Rig, fills_at
from tests.binance.scripted import D, entry, stop
from tests.sandbox.venue import BTC
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.errors import UsageError
from thunes.core.domain.order import Accepted, Filled, Rejected
from thunes.core.domain.units import Symbol

ENTRY, STOP = "thunes-1-1", "thunes-1-2"


def buy(symbol: str = "BTCUSDT", name: str = ENTRY) -> PlaceOrders:
    return PlaceOrders((replace(entry(name, quote_amount=D(1000)), symbol=Symbol(symbol)),))


def refusal(rig: Rig, name: str = ENTRY) -> Rejected:
    rig.heard.until(lambda: rig.heard.of(name))
    (said,) = rig.heard.of(name)
    assert isinstance(said, Rejected)
    return said


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            Keys("x" * 64, "canary"),
            "keys of their own",
        ),  # of another place, revoked, or its address
        (None, "copy both again"),
    ],
)
def test_a_key_that_is_refused(keys: Keys | None, told: str) -> None:
    with Arena() as arena:
        rig = Rig(arena, keys=keys or Keys(arena.venue.key.name, "canary"))
        rig.venue.open()
        try:
            rig.send(buy())
            said = refusal(rig)
            assert said.again, "with another key it may be taken"
            rig.heard.until(lambda: any(told in text for text in rig.heard.troubles))
            assert not any("canary" in text for text in rig.heard.troubles)
            assert not rig.heard.reconnects
        finally:
            rig.venue.close()
        assert not fills_at(arena)


@pytest.mark.parametrize(
    ("trades", "withdraws", "told"),
    [(True, True, "this key may withdraw"), (False, False, "this key may not trade")],
)
def test_a_key_with_the_wrong_rights_enters_nothing(
    trades: bool, withdraws: bool, told: str
) -> None:
    with Arena() as arena:
        venue = arena.venue
        key, secret = venue.exchange.add_key(venue.holder, trades=trades, withdraws=withdraws)
        with Rig(arena, keys=Keys(key.name, secret)) as rig:
            rig.heard.until(lambda: any(told in text for text in rig.heard.troubles))
            rig.send(buy())
            assert told in refusal(rig).text
            rig.send(PlaceOrders((stop(STOP, quantity=D(1)),)))
            rig.heard.until(lambda: rig.heard.of(STOP))
            assert rig.heard.said(STOP, Accepted) is trades, "what protects is sent all the same"
        assert not fills_at(arena)


def test_a_symbol_that_is_delisted_stops_itself_alone() -> None:
    gone = replace(BTC, symbol=Symbol("GONEUSDT"), base="GONE")
    with Arena() as arena, Rig(arena, instruments={"BTCUSDT": BTC, "GONEUSDT": gone}) as rig:
        rig.heard.until(lambda: rig.heard.troubles)
        assert "does not list GONEUSDT any longer" in rig.heard.troubles[0]
        rig.send(buy("GONEUSDT"))
        assert "DELISTED" in refusal(rig).text
        rig.send(buy(name=STOP))
        rig.heard.until(lambda: rig.heard.said(STOP, Filled))
        arena.fault("price_step", value="0.5", on="BTCUSDT")
        arena.pass_time(3_601)
        rig.heard.until(lambda: len(rig.heard.troubles) > 1)
        assert "tick 0.01 -> 0.5" in rig.heard.troubles[1], "the others are still looked at"


def test_an_empty_universe_is_refused() -> None:
    with pytest.raises(UsageError, match="no symbol"):
        BinanceVenue(Access("testnet", Keys("k", "s"), {}), object(), lambda: 0)  # type: ignore[arg-type]


def test_half_a_key_is_refused() -> None:
    with pytest.raises(UsageError, match="both needed"):
        Keys("", "canary")

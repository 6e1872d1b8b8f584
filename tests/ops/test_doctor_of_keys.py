"""The doctor with real money: what is a warning elsewhere is a failure there, and keys get old."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.binance.arena import Arena
from thunes.adapters.secrets.secret import Secret
from thunes.adapters.venues.binance.rights import Told
from thunes.core.domain.units import NS_PER_DAY
from thunes.ops.doctor.finding import Finding
from thunes.ops.doctor.venue import visit
from thunes.ops.doctor.visit import Visit


@pytest.fixture
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


def findings(arena: Arena, *, real: bool, **rights: Any) -> dict[str, Finding]:
    """What is found with a key of these rights."""
    venue = arena.venue
    key, secret = arena.do(lambda: venue.exchange.add_key(venue.holder, **rights))
    pair = (Secret(key.name), Secret(secret))
    asked = Visit(arena.url, pair, ("BTCUSDT",), Decimal(100), real)
    return {each.name: each for each in visit(asked, arena.now)}


def test_a_key_that_cannot_trade_fails_with_real_money_only(arena: Arena) -> None:
    verdicts = [
        findings(arena, real=real, trades=False)["rights of the key"].verdict.value
        for real in (True, False)
    ]
    assert verdicts == ["fail", "warn"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"enable_internal_transfer": True}, "move money between accounts"),
        ({"permits_universal_transfer": True}, "move money between accounts"),
        ({"ip_restrict": False}, "works from any address"),
        ({}, "it may read and trade, and not withdraw"),
    ],
)
def test_rights_that_trading_does_not_need(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, told: dict[str, bool], said: str
) -> None:
    answer = Told(**{"ip_restrict": True} | told, enable_withdrawals=False, **TRADES)
    monkeypatch.setattr("thunes.ops.doctor.venue.read_rights", lambda _: answer)
    found = findings(arena, real=True)["rights of the key"]
    assert said in found.seen
    assert found.verdict.value == ("warn" if told else "ok")


TRADES = {"enable_spot_and_margin_trading": True}


@pytest.mark.parametrize(
    ("days", "real", "verdict"),
    [(30, True, "ok"), (31, True, "warn"), (90, False, "ok"), (91, False, "warn")],
)
def test_f049_keys_get_old(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, days: int, real: bool, verdict: str
) -> None:
    made = (arena.now() - days * NS_PER_DAY) // 1_000_000
    answer = Told(enable_withdrawals=False, ip_restrict=True, create_time=made, **TRADES)
    monkeypatch.setattr("thunes.ops.doctor.venue.read_rights", lambda _: answer)
    found = findings(arena, real=real)["age of the key"]
    assert found.verdict.value == verdict
    assert f"{days} days" in found.seen


def test_an_answer_that_cannot_be_read_is_told(arena: Arena) -> None:
    arena.fault("answer_cut", on="GET /sapi/*")
    found = findings(arena, real=True)["rights of the key"]
    assert found.verdict.value == "fail"


def test_a_place_that_there_is_not(arena: Arena) -> None:
    asked = Visit("http://example.org", None, ("BTCUSDT",), None, False)
    found = visit(asked, arena.now)
    assert [each.verdict.value for each in found] == ["fail"] + ["skipped"] * 6
    assert "is no place to trade at" in found[0].seen

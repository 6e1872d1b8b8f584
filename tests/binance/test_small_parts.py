"""The clock, the signatures and the filters, each by itself."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core import bench
from thunes.adapters.venues.binance.filters import failure, fitted
from thunes.adapters.venues.binance.server_clock import OLD_NS, ServerClock
from thunes.adapters.venues.binance.signing import Keys
from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Filter, failed_filter
from thunes.core.domain.order import Order, OrderRole, OrderType, Side

D = Decimal
MS = 1_000_000
BTC = replace(
    bench.BTC,
    max_quantity=D(9000),
    percent_down=D("0.2"),
    percent_up=D(5),
    max_orders=6,
    max_stop_orders=2,
)


def order(side: Side = Side.SELL, kind: OrderType = OrderType.LIMIT, **more: Any) -> Order:
    role = OrderRole.ENTRY if side is Side.BUY else OrderRole.STOP
    return Order("thunes-1-1", "BTCUSDT", side, kind, role, "s", **more)


@given(st.integers(-400, 400), st.integers(0, 200 * MS), st.integers(0, 200 * MS))
def test_the_offset_is_off_by_half_a_round_trip_at_most(ms: int, there: int, back: int) -> None:
    clock, sent, offset = ServerClock(), 10**18, ms * MS
    served = sent + there + offset
    clock.measured(sent, sent + there + back, served // MS)
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns - offset) <= (there + back) // 2 + MS


def test_the_quickest_of_a_set_counts_and_a_later_set_replaces_it() -> None:
    clock, now = ServerClock(), 10**18
    clock.measured(now, now + 10 * MS, (now + 5 * MS) // MS)
    quick = clock.offset_ns
    clock.measured(now, now + 400 * MS, now // MS)
    assert clock.offset_ns == quick
    later = now + 60_000 * MS
    clock.measured(later, later + 400 * MS, later // MS)
    assert clock.offset_ns != quick


def test_a_clock_is_doubted_for_a_reason() -> None:
    clock, now = ServerClock(), 10**18
    assert "never measured" in clock.doubt(now)
    clock.measured(now, now, now // MS)
    assert clock.doubt(now) == ""
    assert "s ago" in clock.doubt(now + OLD_NS + 1)
    clock.measured(now + 10 * OLD_NS, now + 10 * OLD_NS, (now + 10 * OLD_NS) // MS + 501)
    assert "501 ms from ours" in clock.doubt(now + 10 * OLD_NS)


def test_the_signature_of_the_documentation() -> None:
    halves = ("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP", "1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
    keys = Keys("key", "".join(halves))
    text = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    expected = "c8db56825ae71d6d79447849e617115f" + "4a920fa2acdcab2b053c4b2838bd6b71"
    assert keys.signature(text) == expected
    pairs = [tuple(each.split("=")) for each in text.split("&")]
    assert keys.signed_query(pairs) == f"{text}&signature={expected}"


def test_a_private_key_signs_what_its_public_key_proves() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    keys = Keys("key", pem)
    said = keys.signed_params({"timestamp": 5, "recvWindow": 5000})
    signature = base64.b64decode(str(said["signature"]))
    private.public_key().verify(signature, b"apiKey=key&recvWindow=5000&timestamp=5")


def test_keys_are_never_shown() -> None:
    keys = Keys("canary-key", "canary-secret")
    assert "canary" not in f"{keys!r} {keys} {[keys]}"
    with pytest.raises(UsageError) as caught:
        Keys("canary-key", "-----BEGIN PRIVATE" + " KEY-----\ncanary")
    assert "canary" not in str(caught.value)
    with pytest.raises(UsageError, match="both needed"):
        Keys("", "canary-secret")


numbers = st.decimals("0.000001", "100000", places=9, allow_nan=False)


@given(st.sampled_from(Side), st.sampled_from(OrderType), numbers, numbers, numbers)
def test_what_is_fitted_lies_on_the_grid_and_never_asks_for_more(
    side: Side, kind: OrderType, quantity: Decimal, limit: Decimal, stop: Decimal
) -> None:
    asked = order(side, kind, quantity=quantity, limit_price=limit, stop_price=stop)
    made = fitted(asked, BTC)
    assert made.quantity is not None
    assert made.limit_price is not None
    assert made.stop_price is not None
    assert made.quantity % BTC.step == 0
    assert made.quantity <= quantity
    assert made.limit_price % BTC.tick == 0
    assert made.stop_price % BTC.tick == 0
    worse = made.limit_price > limit if side is Side.BUY else made.limit_price < limit
    assert not worse
    assert fitted(made, BTC) == made
    failed = failure((made,), BTC, None, (0, 0))
    assert failed == failed_filter(BTC, made, made.limit_price)


def test_counts_are_checked_as_the_venue_counts() -> None:
    stop = order(kind=OrderType.STOP_MARKET, quantity=D(1), stop_price=D(100))
    limit = order(quantity=D(1), limit_price=D(100))
    assert failure((stop,), BTC, None, (5, 1)) is None
    assert failure((stop,), BTC, None, (2, 2)) is Filter.MAX_NUM_ALGO_ORDERS
    assert failure((limit,), BTC, None, (2, 2)) is None
    assert failure((stop, limit), BTC, None, (5, 0)) is Filter.MAX_NUM_ORDERS


def test_a_market_order_without_a_known_price_is_left_to_the_venue() -> None:
    sale = order(kind=OrderType.MARKET, quantity=D("0.00001"))
    assert failure((sale,), BTC, None, (0, 0)) is None
    assert failure((sale,), BTC, D(100), (0, 0)) is Filter.NOTIONAL

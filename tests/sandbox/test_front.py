"""What every request passes: keys, signatures over the bytes as sent, and the clock."""

import msgspec
import pytest

from tests.sandbox.venue import Venue
from thunes.sandbox.rest import Request


@pytest.fixture
def venue() -> Venue:
    return Venue()


def said(venue: Venue, query: str = "", body: str = "", method: str = "GET") -> tuple[int, int]:
    answer = venue.raw(method, "account" if method == "GET" else "order", query, body)
    return answer.status, msgspec.json.decode(answer.body).get("code", 0)


def stamp(venue: Venue, off: int = 0) -> str:
    return f"timestamp={venue.now // 1_000_000 + off}"


def test_documented_signature() -> None:
    """The example of the venue's own documentation."""
    venue = Venue()
    published = ("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP", "1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
    venue.secret = "".join(published)
    text = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    assert venue.sign(text) == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def test_signature_in_query_body_and_both(venue: Venue) -> None:
    order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99"
    text = f"{order}&{stamp(venue)}"
    assert said(venue, f"{text}&signature={venue.sign(text)}", method="POST") == (200, 0)
    assert said(venue, body=f"{text}&signature={venue.sign(text)}", method="POST") == (200, 0)
    mixed = order + stamp(venue)  # query and body are joined without a separator
    signed = f"{stamp(venue)}&signature={venue.sign(mixed)}"
    assert said(venue, order, signed, method="POST") == (200, 0)
    assert said(venue, f"{text}&signature={venue.sign(text).upper()}", method="POST") == (200, 0)


def test_signature_is_over_the_bytes_as_sent(venue: Venue) -> None:
    text = f"{stamp(venue)}&omitZeroBalances=%74rue"
    assert said(venue, f"{text}&signature={venue.sign(text)}") == (200, 0)
    decoded = f"{stamp(venue)}&omitZeroBalances=true"
    assert said(venue, f"{text}&signature={venue.sign(decoded)}") == (400, -1022)


def test_query_wins_over_body(venue: Venue) -> None:
    query = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99&{stamp(venue)}"
    body = "price=98"
    answer = venue.raw("POST", "order", query, f"{body}&signature={venue.sign(query + body)}")
    assert msgspec.json.decode(answer.body)["price"] == "99.00000000"


@pytest.mark.parametrize(
    ("extra", "off", "expected"),
    [
        ("", -5_000, (200, 0)),
        ("", -5_001, (400, -1021)),
        ("", 999, (200, 0)),
        ("", 1_000, (400, -1021)),
        ("&recvWindow=60000", -60_000, (200, 0)),
        ("&recvWindow=60001", 0, (400, -1131)),
        ("&recvWindow=100", -101, (400, -1021)),
    ],
)
def test_clock(venue: Venue, extra: str, off: int, expected: tuple[int, int]) -> None:
    text = stamp(venue, off) + extra
    assert said(venue, f"{text}&signature={venue.sign(text)}") == expected


def test_microseconds(venue: Venue) -> None:
    text = f"timestamp={venue.now // 1_000}"
    assert said(venue, f"{text}&signature={venue.sign(text)}") == (200, 0)


def test_what_is_missing(venue: Venue) -> None:
    assert said(venue) == (400, -1102)
    assert said(venue, stamp(venue)) == (400, -1102)
    assert said(venue, f"{stamp(venue)}&signature=00") == (400, -1022)
    assert said(venue, f"{stamp(venue)}&{stamp(venue)}") == (400, -1101)


def test_keys(venue: Venue) -> None:
    text = stamp(venue)
    query = f"{text}&signature={venue.sign(text)}"
    for key, code in ((None, -2014), ("nobody", -2015)):
        answer = venue.rest.answer(Request("GET", "/api/v3/account", query, "", key, "127.0.0.1"))
        assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (401, code)


def test_what_a_key_may_do(venue: Venue) -> None:
    """A key tells of itself, and one that may not trade changes nothing, however it comes."""
    venue.key, venue.secret = venue.exchange.add_key(venue.holder, trades=False, withdraws=True)
    path, text = "/sapi/v1/account/apiRestrictions", stamp(venue)
    query = f"{text}&signature={venue.sign(text)}"
    told = venue.rest.answer(Request("GET", path, query, "", venue.key.name, "127.0.0.1"))
    rights = msgspec.json.decode(told.body)
    assert (rights["enableSpotAndMarginTrading"], rights["enableWithdrawals"]) == (False, True)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 1}
    pair = {"aboveType": "LIMIT_MAKER", "belowType": "STOP_LOSS"}
    for method, name, params in (
        ("POST", "order", order),
        ("DELETE", "openOrders", {"symbol": "BTCUSDT"}),
        ("POST", "orderList/oco", order | pair),
    ):
        status, body = venue.try_(method, name, **params)
        assert (status, body["code"]) == (401, -2015), name
    assert venue.try_("GET", "account")[0] == 200


def test_retired_and_unknown_endpoints(venue: Venue) -> None:
    for method in ("POST", "PUT", "DELETE"):
        gone = venue.raw(method, "userDataStream")
        assert (gone.status, gone.content_type) == (410, "text/html")
        assert gone.body.startswith(b"<html>")
    assert venue.raw("GET", "../../sapi/v1/system/status").status == 404

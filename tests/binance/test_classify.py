"""Every error of the table means what it should, by code and text, whatever HTTP says."""

import json

import pytest

from thunes.adapters.venues.binance.classify import BY_CODE, Meaning, classify

R, A, U, F = Meaning.REFUSED, Meaning.RETRY, Meaning.UNKNOWN, Meaning.FATAL

TABLE = [
    (400, -1013, "Filter failure: LOT_SIZE", R),
    (400, -1013, "Filter failure: NOTIONAL", R),
    (400, -1013, "Filter failure: MAX_NUM_ALGO_ORDERS", R),
    (400, -1013, "Market is closed.", A),
    (400, -1111, "Parameter 'quantity' has too much precision.", R),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", A),
    (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.", A),
    (400, -1022, "Signature for this request is not valid.", F),
    (401, -2014, "API-key format invalid.", F),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", F),
    *((400, code, "Parameter.", R) for code in (-1100, -1101, -1102, -1103, -1104, -1105, -1106)),
    *((400, code, "Parameter.", R) for code in (-1115, -1116, -1117, -1120, -1121, -1128, -1130)),
    (400, -1131, "recvWindow must be less than 60000", R),
    (400, -2010, "Account has insufficient balance for requested action.", A),
    (400, -2010, "Duplicate order sent.", U),
    (400, -2010, "Order would trigger immediately.", R),
    (400, -2010, "Order would immediately match and take.", R),
    (400, -2010, "The relationship of the prices for the orders is not correct.", R),
    (400, -2010, "Market is closed.", A),
    (400, -2010, "This action is disabled on this account.", F),
    (400, -2011, "Unknown order sent.", R),
    (400, -2011, "Order was not canceled due to cancel restrictions.", R),
    (400, -2013, "Order does not exist.", R),
    (400, -2026, "Order was archived.", R),
    (409, -2021, "Order cancel-replace partially failed.", R),
    (400, -2022, "Order cancel-replace failed.", R),
    (429, -1003, "Too much request weight used; current limit is 6000.", A),
    (429, -1015, "Too many new orders; current limit is 100 orders per TEN_SECONDS.", A),
    (418, -1003, "Way too much request weight used; IP banned until 1.", A),
    (500, -1000, "An unknown error occurred while processing the request.", U),
    (503, -1001, "Internal error; unable to process your request. Please try again.", U),
    (504, -1006, "An unexpected response was received from the message bus.", U),
    (504, -1007, "Timeout waiting for response from backend server.", U),
    (503, -1008, "Server is currently overloaded with other requests.", A),
    (400, -1016, "This service is no longer available.", A),
    (500, -1013, "Filter failure: LOT_SIZE", U),
    (400, -9999, "Nobody has ever seen this.", U),
    (200, -2010, "Account has insufficient balance for requested action.", A),
]


@pytest.mark.parametrize(("status", "code", "text", "meaning"), TABLE)
def test_every_row(status: int, code: int, text: str, meaning: Meaning) -> None:
    failure = classify(status, json.dumps({"code": code, "msg": text}).encode())
    assert failure is not None
    assert (failure.meaning, failure.code, failure.text) == (meaning, code, text)


@pytest.mark.parametrize(
    ("status", "body", "meaning", "outage"),
    [
        (403, b"<html>blocked</html>", A, False),
        (410, b"<html>gone</html>", F, False),
        (404, b"not found", F, False),
        (418, b"", A, False),
        (429, b"", A, False),
        (500, b"<html>", U, True),
        (502, b"<html>Bad Gateway</html>", U, True),
        (503, b"{}", U, True),
        (400, b"{}", U, True),
        (200, b"<html>maintenance</html>", U, True),
        (200, b'{"orderId": 1, "symb', U, True),
        (200, b"", U, True),
    ],
)
def test_what_the_engine_did_not_write(
    status: int, body: bytes, meaning: Meaning, outage: bool
) -> None:
    failure = classify(status, body)
    assert failure is not None
    assert (failure.meaning, failure.outage) == (meaning, outage)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"orderId":1,"code":"text"}', b'{"serverTime":1}']
)
def test_an_answer_is_no_error(body: bytes) -> None:
    assert classify(200, body) is None


def test_only_outages_count_as_outages() -> None:
    """A refusal proves that the venue lives."""
    for code, meaning in BY_CODE.items():
        failure = classify(400, json.dumps({"code": code, "msg": ""}).encode())
        assert failure is not None
        assert failure.outage is (meaning is U), code
    duplicate = classify(400, b'{"code":-2010,"msg":"Duplicate order sent."}')
    assert duplicate is not None
    assert not duplicate.outage


def test_a_long_text_is_cut() -> None:
    failure = classify(400, json.dumps({"code": -1100, "msg": "x" * 10_000}).encode())
    assert failure is not None
    assert len(failure.text) <= 200

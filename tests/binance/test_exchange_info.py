"""exchangeInfo payloads: those of 2018 and 2024 as recorded, and everything malformed by name."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.venues.pit import D
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.core.domain.errors import DataError
from thunes.core.domain.instrument import Instrument

TODAY: dict[str, Any] = {
    "timezone": "UTC",
    "symbols": [
        {
            "symbol": "ABCUSDT",
            "status": "TRADING",
            "baseAsset": "ABC",
            "quoteAsset": "USDT",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.01000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": "0.00001000",
                    "maxQty": "9000.00000000",
                    "stepSize": "0.00001000",
                },
                {
                    "filterType": "MARKET_LOT_SIZE",
                    "minQty": "0.00000000",
                    "maxQty": "120.50000000",
                    "stepSize": "0.00000000",
                },
                {
                    "filterType": "PERCENT_PRICE_BY_SIDE",
                    "bidMultiplierUp": "5",
                    "bidMultiplierDown": "0.2",
                    "askMultiplierUp": "4",
                    "askMultiplierDown": "0.1",
                    "avgPriceMins": 5,
                },
                {
                    "filterType": "NOTIONAL",
                    "minNotional": "5.00000000",
                    "applyMinToMarket": True,
                    "maxNotional": "9000000.00000000",
                    "applyMaxToMarket": False,
                    "avgPriceMins": 5,
                },
                {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
                {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
            ],
        }
    ],
}
ABC = Instrument(
    symbol="ABCUSDT",
    base="ABC",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.00001"),
    min_quantity=D("0.00001"),
    max_quantity=D(9000),
    market_max_quantity=D("120.5"),
    min_notional=D(5),
    min_price=D("0.01"),
    max_price=D(1_000_000),
    percent_down=D("0.2"),
    percent_up=D(4),
    max_orders=200,
    max_stop_orders=5,
)


def changed(kind: str, **fields: Any) -> dict[str, Any]:
    payload = copy.deepcopy(TODAY)
    for row in payload["symbols"][0]["filters"]:
        if row["filterType"] == kind:
            row.update(fields)
    return payload


def without(*kinds: str) -> dict[str, Any]:
    payload = copy.deepcopy(TODAY)
    entry = payload["symbols"][0]
    entry["filters"] = [f for f in entry["filters"] if f["filterType"] not in kinds]
    return payload


def test_payload_of_today_decoded_as_bytes_and_compressed() -> None:
    text = json.dumps(TODAY).encode()
    for payload in (TODAY, text, gzip.compress(text)):
        assert parse_exchange_info(payload) == {"ABCUSDT": ABC}


def test_numbers_lose_their_trailing_zeros() -> None:
    parsed = parse_exchange_info(TODAY)["ABCUSDT"]
    assert [str(n) for n in (parsed.tick, parsed.max_price, parsed.max_quantity)] == [
        "0.01",
        "1000000",
        "9000",
    ]


def test_payload_of_2018_has_min_notional_and_no_counts() -> None:
    payload = without("NOTIONAL", "MARKET_LOT_SIZE", "PERCENT_PRICE_BY_SIDE", "MAX_NUM_ORDERS")
    filters = payload["symbols"][0]["filters"]
    filters[-1] = {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000"}
    filters.append({"filterType": "PERCENT_PRICE", "multiplierUp": "10", "multiplierDown": "0.1"})
    filters.append({"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 7})
    parsed = parse_exchange_info(payload)["ABCUSDT"]
    assert parsed.min_notional == D(10)
    assert (parsed.percent_down, parsed.percent_up) == (D("0.1"), D(10))
    assert (parsed.max_orders, parsed.max_stop_orders) == (0, 7)
    assert parsed.market_max_quantity == D(0)


def test_a_step_of_zero_is_the_finest_that_the_venue_writes() -> None:
    assert parse_exchange_info(changed("LOT_SIZE", stepSize="0.00000000"))["ABCUSDT"].step == D(
        "0.00000001"
    )


@pytest.mark.parametrize("kind", ["PRICE_FILTER", "LOT_SIZE", "NOTIONAL"])
def test_missing_filter_is_named(kind: str) -> None:
    named = "MIN_NOTIONAL" if kind == "NOTIONAL" else kind
    with pytest.raises(DataError, match=f"ABCUSDT has no filter {named}"):
        parse_exchange_info(without(kind))


@pytest.mark.parametrize(
    "wrong", [None, 0.01, "", "cheap", "-0.01", "NaN", "Infinity", "1e99", "1e-99", [], "0,01"]
)
def test_malformed_number_is_named(wrong: object) -> None:
    with pytest.raises(DataError, match=r"ABCUSDT: filter PRICE_FILTER: tickSize is"):
        parse_exchange_info(changed("PRICE_FILTER", tickSize=wrong))


@pytest.mark.parametrize("wrong", ["200", -1, 1.5, None, True])
def test_malformed_count_is_named(wrong: object) -> None:
    with pytest.raises(DataError, match=r"ABCUSDT: filter MAX_NUM_ORDERS: maxNumOrders is"):
        parse_exchange_info(changed("MAX_NUM_ORDERS", maxNumOrders=wrong))


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\x1f\x8bnonsense", "gzip"),
        (gzip.compress(b"{}" * 5000, mtime=0)[:30], "gzip"),
        (b"[]", "no list `symbols`"),
        ({"symbols": {}}, "no list `symbols`"),
        ({"symbols": [1]}, r"symbols\[0\] has no symbol"),
        ({"symbols": [{"symbol": ""}]}, r"symbols\[0\] has no symbol"),
        ({"symbols": [{"symbol": "A"}]}, "A has no list `filters`"),
        ({"symbols": [{"symbol": "A", "filters": [{}]}]}, r"A: filters\[0\] has no filterType"),
    ],
)
def test_malformed_payload(payload: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_exchange_info(payload)


def test_missing_asset_is_named() -> None:
    payload = copy.deepcopy(TODAY)
    del payload["symbols"][0]["baseAsset"]
    with pytest.raises(DataError, match="ABCUSDT: baseAsset is None"):
        parse_exchange_info(payload)


def test_only_the_symbols_asked_for_are_read_and_each_must_be_there() -> None:
    payload = copy.deepcopy(TODAY)
    payload["symbols"].append({"symbol": "BROKEN"})
    assert list(parse_exchange_info(payload, ["ABCUSDT"])) == ["ABCUSDT"]
    with pytest.raises(DataError, match="XYZUSDT is not listed"):
        parse_exchange_info(payload, ["XYZUSDT"])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("month", "listed", "notional", "stops"), [("2018-02", 265, 10, 0), ("2024-09", 1248, 5, 5)]
)
def test_recorded_payloads(
    real_data: Path, month: str, listed: int, notional: int, stops: int
) -> None:
    file = real_data / "payloads" / f"binance_spot_exchangeInfo_{month}.json.gz"
    instruments = parse_exchange_info(file.read_bytes())
    assert len(instruments) == listed
    bitcoin = instruments["BTCUSDT"]
    assert bitcoin.tick == D("0.01")
    assert (bitcoin.min_notional, bitcoin.max_stop_orders) == (D(notional), stops)
    assert all(i.tick > 0 and i.step > 0 for i in instruments.values())

"""Frames and answers that the real venue has sent: our adapter reads each for what it is."""

from pathlib import Path

import msgspec
import pytest

from thunes.adapters.venues.binance.account_frames import Execution, decode_account
from thunes.adapters.venues.binance.answers import OrderRow, TradeRow, decode, decode_time
from thunes.adapters.venues.binance.market_codec import decode_klines
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Report

pytestmark = pytest.mark.real_data


def recorded(real_data: Path, kind: str, name: str) -> bytes:
    path = real_data / f"payloads/binance_shapes/spot__{kind}_json__{name}.json"
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("new", (Accepted,)),
        ("trade", (Filled,)),
        ("canceled", (Canceled,)),
        ("expired", (Expired,)),
        ("stop_loss", (Accepted, Filled)),
        ("wrapped", (Accepted, Filled)),
    ],
)
def test_an_execution_report_is_read(
    real_data: Path, name: str, kinds: tuple[type[Report], ...]
) -> None:
    frame = recorded(real_data, "user_data", f"execution_report_{name}")
    said = decode_account(frame)
    assert isinstance(said, Execution)
    assert isinstance(said.report(), kinds)
    assert said.ours


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("account_position", "outboundAccountPosition"),
        ("account_position_wrapped", "outboundAccountPosition"),
        ("balance_update", "balanceUpdate"),
        ("balance_update_wrapped", "balanceUpdate"),
        ("list_status_wrapped", "listStatus"),
    ],
)
def test_what_changes_nothing_here_is_named(real_data: Path, name: str, event: str) -> None:
    assert decode_account(recorded(real_data, "user_data", name)) == event


@pytest.mark.parametrize("name", ["all_orders_response", "open_orders_response"])
def test_orders_are_read(real_data: Path, name: str) -> None:
    body = recorded(real_data, "http", name)
    rows = decode(body, list[OrderRow], name)
    told = msgspec.json.decode(body)
    assert [row.order_id for row in rows] == [each["orderId"] for each in told]
    assert [row.seen().order_id for row in rows] == [each["clientOrderId"] for each in told]


def test_an_order_that_filled_at_once_tells_its_fills(real_data: Path) -> None:
    row = decode(recorded(real_data, "http", "new_order_full_response"), OrderRow, "an order")
    fills = [report for report in row.reports() if isinstance(report, Filled)]
    assert fills
    assert sum(fill.quantity for fill in fills) == row.seen().filled


def test_trades_bars_and_the_time_are_read(real_data: Path) -> None:
    assert decode(recorded(real_data, "http", "account_trades_response"), list[TradeRow], "trades")
    bars = decode_klines(recorded(real_data, "http", "klines_response"))
    assert all(bar.low <= bar.open <= bar.high for bar in bars)
    assert decode_time(recorded(real_data, "http", "server_time_response")) > 10**12

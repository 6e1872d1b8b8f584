"""One history through ccxt, through python-binance and through our adapter: one end."""

import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.cli.test_sandbox import started
from tests.conformance.clients.story import STORY
from tests.conformance.environments import played
from tests.conformance.teller import Teller
from thunes.adapters.storage.bars.catalog import save_bars
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import Standing
from thunes.core.domain.market import BarColumns
from thunes.sandbox.instruments import LISTED

D = Decimal
HELD = {"USDT": "5000000", "BTC": "10", "BNB": "0"}
_ORDER = [
    "clientOrderId",
    "side",
    "type",
    "timeInForce",
    "price",
    "stopPrice",
    "origQty",
    "origQuoteOrderQty",
    "executedQty",
    "cummulativeQuoteQty",
    "status",
]
_FILL = ["price", "qty", "quoteQty", "commission", "commissionAsset", "isBuyer", "isMaker"]
Place = dict[str, str]


class End:
    """What the venue tells in the end, without the numbers and times that are its own."""

    def __init__(self, place: Place) -> None:
        held = _ask(place, "account")["balances"]
        self.balances = {row["asset"]: (D(row["free"]), D(row["locked"])) for row in held}
        rows = _ask(place, "allOrders", symbol="BTCUSDT", limit=1000)
        names = {row["orderId"]: row["clientOrderId"] for row in rows}
        numbers = sorted({row["orderListId"] for row in rows})
        self.orders = {
            row["clientOrderId"]: {name: row.get(name) for name in _ORDER}
            | {"list": numbers.index(row["orderListId"])}
            for row in rows
        }
        trades = _ask(place, "myTrades", symbol="BTCUSDT", limit=1000)
        self.fills = [(names[row["orderId"]], *(row[name] for name in _FILL)) for row in trades]


def _ask(place: Place, path: str, **params: Any) -> Any:
    query = urlencode(params | {"timestamp": time.time_ns() // 1_000_000})
    signature = hmac.new(place["api_secret"].encode(), query.encode(), hashlib.sha256).hexdigest()
    url = f"{place['rest']}/api/v3/{path}?{query}&signature={signature}"
    request = urllib.request.Request(url, headers={"X-MBX-APIKEY": place["api_key"]})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bars that all close at 60,000: what comes after is told by the story."""
    folder = tmp_path_factory.mktemp("tape")
    times = 1_700_000_040_000_000_000 + 60_000_000_000 * np.arange(600, dtype=np.int64)
    price = np.full(600, 60_000.0)
    save_bars(folder / "BTCUSDT_1m.parquet", BarColumns(times, *[price] * 4, price / 60_000))
    return folder


def _end(tape: Path, tell: Callable[[Place], Any]) -> tuple[End, Any]:
    """Have the story told on a sandbox of its own, on an account with the same money."""
    with started("--tape", str(tape), "--seed", "7", "--unlimited") as (_, place):
        body = json.dumps({"balances": HELD}).encode()
        request = urllib.request.Request(f"{place['rest']}/sandbox/accounts", body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            place |= json.load(answer)
        said = tell(place)
        return End(place), said


@pytest.fixture(scope="module")
def ours(tape: Path) -> tuple[End, AccountSeen]:
    return _end(tape, lambda place: Teller(place, LISTED["BTCUSDT"][0]).tell(STORY))


@pytest.mark.parametrize("client", ["ccxt", "python_binance"])
def test_the_same_end(
    client: str, environments: None, tape: Path, ours: tuple[End, AccountSeen]
) -> None:
    theirs, refused = _end(tape, lambda place: played("history", client, place))
    assert list(refused) == [a["order"]["id"] for a in STORY if a["do"] == "refused"]
    assert theirs.orders == ours[0].orders
    assert theirs.fills == ours[0].fills
    assert theirs.balances == ours[0].balances


def test_the_story_is_of_every_kind(ours: tuple[End, AccountSeen]) -> None:
    """Else the ends could be the same because little happened."""
    end, _ = ours
    assert len(end.orders) == 31
    assert {order["type"] for order in end.orders.values()} == {
        "MARKET",
        "LIMIT",
        "LIMIT_MAKER",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
    }
    assert {order["status"] for order in end.orders.values()} == {
        "NEW",
        "FILLED",
        "CANCELED",
        "EXPIRED",
    }
    parts = [o for o in end.orders.values() if 0 < D(o["executedQty"]) < D(o["origQty"])]
    assert len(parts) == 2
    assert {fill[-1] for fill in end.fills} == {True, False}, "taken and made"
    assert all(free != D(HELD[asset]) for asset, (free, _) in end.balances.items() if free)


def test_the_adapter_sees_what_the_venue_has(ours: tuple[End, AccountSeen]) -> None:
    end, seen = ours
    held = {asset: free + locked for asset, (free, locked) in end.balances.items()}
    assert seen.balances == {asset: amount for asset, amount in held.items() if amount}
    standings = {each.order_id: (each.standing, each.filled) for each in seen.orders}
    told = {
        name: (_STANDING[row["status"]], D(row["executedQty"])) for name, row in end.orders.items()
    }
    assert {name: told[name] for name in standings} == standings
    still = {name for name, (standing, _) in told.items() if standing is Standing.OPEN}
    assert still <= set(standings)
    fills = [
        (
            each.fill.order_id,
            each.fill.price,
            each.fill.quantity,
            each.fill.fee,
            each.fill.fee_asset,
        )
        for each in seen.fills
    ]
    assert sorted(fills) == sorted((f[0], D(f[1]), D(f[2]), D(f[4]), f[5]) for f in end.fills)


_STANDING: Mapping[str, Standing] = {
    "NEW": Standing.OPEN,
    "FILLED": Standing.FILLED,
    "CANCELED": Standing.CANCELED,
    "EXPIRED": Standing.EXPIRED,
}

"""The account: its stream, its answers, and the look that puts them together."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.binance.scripted import NOW, D, Params, Reply, Table, error, lost, row, stop
from thunes.adapters.venues.binance.account_feed import SILENT_NS, AccountFeed
from thunes.adapters.venues.binance.account_frames import Answer, Execution, decode_account
from thunes.adapters.venues.binance.answers import OrderRow, TradeRow, decode, decode_balances
from thunes.adapters.venues.binance.inquiry import DAY_MS, PAGE, Inquiry, Missing
from thunes.adapters.venues.binance.session import Broken
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.evidence import FENCE_NS, Standing
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Rejected, Report, Side

SECOND = 10**9
NOW_MS = NOW // 10**6
REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 5, "s": "BTCUSDT", "c": "thunes-1-2", "S": "SELL",
    "o": "STOP_LOSS", "f": "GTC", "q": "1.0", "p": "0.0", "P": "90.0", "x": "NEW", "X": "NEW",
    "r": "NONE", "i": 77, "l": "0.0", "z": "0.0", "L": "0.0", "n": "0", "N": None, "T": 5, "t": -1,
    "w": True, "m": False, "O": 5, "Z": "0.0", "C": "", "g": -1, "Y": "0.0", "Q": "0.0",
}  # fmt: skip
TRADE = {"x": "TRADE", "t": 9, "l": "0.4", "z": "0.4", "L": "90.5", "n": "0.036", "N": "USDT"}


def event(**more: Any) -> bytes:
    return json.dumps({"subscriptionId": 0, "event": REPORT | more}).encode()


def told(frame: bytes) -> Report | None:
    said = decode_account(frame)
    assert isinstance(said, Execution)
    return said.report()


@pytest.mark.parametrize(
    ("more", "report"),
    [
        ({}, Accepted("thunes-1-2")),
        ({"X": "PENDING_NEW"}, None),
        (
            TRADE | {"X": "PARTIALLY_FILLED"},
            Filled("thunes-1-2", "9", D("90.5"), D("0.4"), D("0.036"), "USDT", complete=False),
        ),
        (
            TRADE | {"X": "FILLED"},
            Filled("thunes-1-2", "9", D("90.5"), D("0.4"), D("0.036"), "USDT", complete=True),
        ),
        (
            {"x": "CANCELED", "X": "CANCELED", "c": "web_1", "C": "thunes-1-2"},
            Canceled("thunes-1-2", D(0)),
        ),
        (
            {"x": "EXPIRED", "X": "EXPIRED", "eR": "OCO_TRIGGER", "z": "0.3"},
            Expired("thunes-1-2", "The venue ended it: OCO_TRIGGER", D("0.3")),
        ),
        (
            {"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"},
            Expired("thunes-1-2", "The venue ended it: TRADE_PREVENTION", D(0)),
        ),
        ({"x": "TRADE_PREVENTION", "X": "NEW"}, None),
        (
            {"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"},
            Rejected("thunes-1-2", 0, "The venue refused it: INSUFFICIENT_BALANCES"),
        ),
        ({"x": "SOMETHING_NEW", "X": "NEW"}, None),
    ],
)
def test_what_an_execution_report_tells(more: dict[str, Any], report: Report | None) -> None:
    assert told(event(**more)) == report
    assert told(json.dumps(REPORT | more).encode()) == report, "without a wrapper"


def test_what_is_no_execution_is_told_by_name() -> None:
    assert decode_account(b'{"subscriptionId":0,"event":{"e":"balanceUpdate","a":"BTC"}}') == (
        "balanceUpdate"
    )
    assert decode_account(b'{"event":{"e":"brandNew"}}') == "brandNew"
    answer = decode_account(b'{"id":3,"status":200,"result":{"subscriptionId":0},"rateLimits":[]}')
    assert isinstance(answer, Answer)
    assert (answer.id, answer.status, answer.error) == (3, 200, None)
    for frame in (b"", b"<html>", b"[]", event()[:200], event(i="x"), event(L="much")):
        with pytest.raises(Unreadable):
            decode_account(frame)


@pytest.mark.real_data
def test_the_shapes_of_the_venue_are_read(real_data: Path) -> None:
    folder = real_data / "payloads/binance_shapes"

    def body(name: str) -> bytes:
        return (folder / f"spot__{name}.json").read_bytes()

    orders = [
        decode(body(f"http_json__{name}_response"), OrderRow, name)
        for name in ("order", "new_order_full", "cancel_order")
    ]
    assert [order.seen().standing for order in orders] == [
        Standing.OPEN,
        Standing.FILLED,
        Standing.CANCELED,
    ]
    assert sum(isinstance(each, Filled) for each in orders[1].reports()) == len(orders[1].fills)
    assert orders[1].reports()[-1].complete  # type: ignore[union-attr]
    assert orders[2].reports() == [Canceled("myOrder1", D(0))]
    for name in ("open_orders", "all_orders"):
        (order,) = decode(body(f"http_json__{name}_response"), list[OrderRow], name)
        assert order.seen().order_id == "myOrder1"
    (trade,) = decode(body("http_json__account_trades_response"), list[TradeRow], "trades")
    seen = trade.seen("t1", 5)
    assert (seen.fill.trade_id, seen.side, seen.fill.fee) == ("28457", Side.BUY, D("10.1"))
    assert decode_balances(body("http_json__account_response")) == {
        "BTC": D("4723846.89208129"),
        "LTC": D("4763368.68006011"),
    }
    kinds = {
        path.stem.removeprefix("spot__user_data_json__"): decode_account(path.read_bytes())
        for path in sorted(folder.glob("spot__user_data_json__*"))
    }
    read = {
        name: type(said.report()).__name__ if isinstance(said, Execution) else said
        for name, said in kinds.items()
    }
    assert read == {
        "account_position": "outboundAccountPosition",
        "account_position_wrapped": "outboundAccountPosition",
        "balance_update": "balanceUpdate",
        "balance_update_wrapped": "balanceUpdate",
        "execution_report_canceled": "Canceled",
        "execution_report_expired": "Expired",
        "execution_report_new": "Accepted",
        "execution_report_stop_loss": "Accepted",
        "execution_report_trade": "Filled",
        "execution_report_wrapped": "Accepted",
        "list_status_wrapped": "listStatus",
    }


class Stream:
    """An account feed with somebody at its other end."""

    def __init__(self, answer: Any) -> None:
        self.table = Table(GET__time=lambda _: {"serverTime": self.table.now // 10**6})
        self.reports: list[Report] = []
        self.reconnects = 0
        self.troubles: list[str] = []
        self.sent: list[Any] = []
        self._answer = answer
        told = (self.reports.append, self._reconnected, self.troubles.append)
        client, known = self.table.client, self.table.known
        self.feed = AccountFeed("ws://x", Keys("key", "secret"), client, known, told)

    def _reconnected(self) -> None:
        self.reconnects += 1

    async def send(self, text: bytes) -> None:
        said = json.loads(text)
        self.sent.append(said)
        if self._answer is not None:
            self.feed.hear(json.dumps({"id": said["id"]} | self._answer).encode())


def test_a_subscription_is_signed_over_all_its_parameters() -> None:
    stream = Stream({"status": 200, "result": {"subscriptionId": 0}})
    asyncio.run(stream.feed.greet(stream.send))
    (request,) = stream.sent
    assert request["method"] == "userDataStream.subscribe.signature"
    params = request["params"]
    text = f"apiKey=key&recvWindow=5000&timestamp={NOW_MS}"
    assert params == {
        "apiKey": "key", "recvWindow": 5000, "timestamp": NOW_MS,
        "signature": Keys("key", "secret").signature(text),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "looks", "troubles"), [(-1021, 3, 0), (-1022, 0, 1), (-2015, 0, 1), (-1003, 0, 0)]
)
def test_a_refused_subscription_wedges_nothing(code: int, looks: int, troubles: int) -> None:
    stream = Stream({"status": 400, "error": {"code": code, "msg": "no"}})
    for _ in range(2):
        with pytest.raises(Broken, match=str(code)):
            asyncio.run(stream.feed.greet(stream.send))
    assert len(stream.table.script.asked) == 2 * looks
    assert len(stream.troubles) == 2 * troubles
    stream._answer = {"status": 200, "result": {}}
    asyncio.run(stream.feed.greet(stream.send))


def test_a_quiet_account_is_asked_and_a_dead_connection_is_left() -> None:
    stream = Stream({"status": 200, "result": {}})

    async def run() -> None:
        await stream.feed.greet(stream.send)
        for _ in range(120):
            stream.table.now += SECOND
            await stream.feed.check(stream.send)
        assert 4 <= len(stream.sent) - 1 <= 6
        stream._answer = None
        stream.table.now += SILENT_NS - 20 * SECOND
        await stream.feed.check(stream.send)
        stream.table.now += 40 * SECOND
        with pytest.raises(Broken, match="no answer"):
            await stream.feed.check(stream.send)

    asyncio.run(run())


def test_the_stream_tells_reports_and_remembers_numbers() -> None:
    stream = Stream({"status": 200})
    stream.table.known.sent([stop()], NOW)
    stream.feed.hear(event())
    stream.feed.hear(event(**TRADE, X="FILLED"))
    assert [type(each).__name__ for each in stream.reports] == ["Accepted", "Filled"]
    assert stream.table.known.named("BTCUSDT", 77) == "thunes-1-2"
    assert stream.table.known.unsettled() == []
    stream.feed.hear(event(g=5))
    known = stream.table.known.find("thunes-1-2")
    assert known is not None
    assert known.list_id == 5, "so that its cancel takes the whole list, whatever is heard first"
    stream.feed.hear(b'{"event":{"e":"brandNew"}}')
    assert stream.feed.other == 1
    for ending in ("eventStreamTerminated", "serverShutdown"):
        with pytest.raises(Broken, match=ending):
            stream.feed.hear(json.dumps({"event": {"e": ending, "E": 1}}).encode())
    stream.feed.up(True)
    stream.feed.up(False)
    assert stream.reconnects == 1


def account(**balances: str) -> Reply:
    rows = [{"asset": name, "free": free, "locked": "0.5"} for name, free in balances.items()]
    return lambda _: {"balances": rows}


def trade(number: int, order: int, at_ms: int = NOW_MS) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "id": number, "orderId": order, "price": "100", "qty": "0.5",
        "commission": "0.05", "commissionAsset": "USDT", "time": at_ms, "isBuyer": False,
    }  # fmt: skip


def look(table: Table, since: int = NOW - 60 * SECOND) -> Any:
    inquiry = Inquiry(table.client, table.known, table.listing)
    return asyncio.run(inquiry.look(NOW, since))


def quiet(**more: Reply | list[Reply]) -> Table:
    replies: dict[str, Reply | list[Reply]] = {
        "GET__account": account(USDT="9.5"),
        "GET__openOrders": lambda _: [],
        "GET__myTrades": lambda _: [],
    }
    return Table(**(replies | more))


def test_a_look_tells_of_balances_orders_and_fills_in_this_order() -> None:
    table = quiet(
        GET__openOrders=lambda _: [row("thunes-1-2", 77)],
        GET__myTrades=lambda _: [trade(5, 77, NOW_MS - 3)],
    )
    table.now = NOW + SECOND
    seen = look(table)
    assert table.script.names() == ["GET account", "GET openOrders", "GET myTrades"]
    assert (seen.at, seen.as_of, seen.fills_since) == (NOW + SECOND, NOW, NOW - 60 * SECOND)
    assert seen.balances == {"USDT": D("10.0")}
    (order,), (fill,) = seen.orders, seen.fills
    assert (order.order_id, order.standing, order.quantity) == ("thunes-1-2", Standing.OPEN, D(1))
    assert (fill.fill.order_id, fill.fill.trade_id, fill.at) == ("thunes-1-2", "5", NOW - 3_000_000)


def test_what_is_open_no_more_is_asked_for_by_its_id() -> None:
    table = quiet(
        GET__order=lambda p: row(p["origClientOrderId"], 77, "EXPIRED", executedQty="0.3")
    )
    table.known.sent([stop()], NOW)
    (order,) = look(table).orders
    assert (order.order_id, order.standing, order.filled) == (
        "thunes-1-2",
        Standing.EXPIRED,
        D("0.3"),
    )
    assert look(table).orders == (), "it is over: it is asked for no more"


def test_absence_is_told_as_absence_and_believed_only_past_the_deadline() -> None:
    table = quiet(GET__order=error(-2013, "Order does not exist."))
    table.known.sent([stop()], NOW - FENCE_NS)
    assert look(table).orders == ()
    assert table.known.unsettled() == [("thunes-1-2", "BTCUSDT")]
    table.known.sent([stop()], NOW - FENCE_NS - 1)
    assert look(table).orders == ()
    assert table.known.unsettled() == []


def test_a_fill_of_an_order_that_nobody_here_knows_is_named_by_the_venue() -> None:
    table = quiet(
        GET__myTrades=lambda _: [trade(5, 33)],
        GET__order=lambda p: row("web_abc", int(p["orderId"]), "FILLED", executedQty="0.5"),
    )
    seen = look(table)
    assert [each.fill.order_id for each in seen.fills] == ["web_abc"]
    assert [each.order_id for each in seen.orders] == ["web_abc"]


@pytest.mark.parametrize("part", ["GET__account", "GET__openOrders", "GET__myTrades", "GET__order"])
@pytest.mark.parametrize("reply", [lost, lambda _: b"<html>", error(-1003, "Too much.", 429)])
def test_a_look_of_which_a_part_is_missing_was_never_made(part: str, reply: Reply) -> None:
    table = quiet(**{"GET__order": error(-2013, "no"), part: reply})
    table.known.sent([stop()], NOW)
    with pytest.raises((Missing, Unreadable)):
        look(table)


def test_a_fill_that_cannot_be_named_makes_the_look_void() -> None:
    table = quiet(GET__myTrades=lambda _: [trade(5, 33)], GET__order=error(-2013, "no"))
    with pytest.raises(Missing, match="not there"):
        look(table)


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 500])
@pytest.mark.parametrize("days", [0, 3])
def test_no_fill_is_missed_however_many_and_however_long_ago(count: int, days: int) -> None:
    since = NOW_MS - days * DAY_MS - 1
    step = max(1, (days * DAY_MS) // max(1, count))
    past = [trade(number, 77, since + number * step) for number in range(count)]
    past = [each for each in past if each["time"] <= NOW_MS + 1_000]

    def trades(params: Params) -> Any:
        if "fromId" in params:
            found = [each for each in past if each["id"] >= int(params["fromId"])]
        else:
            begin, end = int(params["startTime"]), int(params["endTime"])
            assert end - begin < DAY_MS, "the venue takes no window longer than a day"
            found = [each for each in past if begin <= each["time"] <= end]
        return found[: int(params["limit"])]

    table = quiet(GET__myTrades=trades, GET__openOrders=lambda _: [row("thunes-1-2", 77)])
    seen = look(table, since * 10**6)
    assert [each.fill.trade_id for each in seen.fills] == [str(each["id"]) for each in past]


def test_who_never_looked_before_asks_for_no_history() -> None:
    table = quiet()
    seen = look(table, 0)
    assert seen.fills_since == NOW - 60 * SECOND
    assert table.script.names().count("GET myTrades") == 1


def test_times_are_told_by_our_clock() -> None:
    table = quiet(
        GET__openOrders=lambda _: [row("thunes-1-2", 77)],
        GET__myTrades=lambda _: [trade(5, 77, NOW_MS + 300)],
    )
    table.client.gauges.clock.offset_ns = 300_000_000
    seen = look(table)
    assert seen.fills[0].at == NOW
    (params,) = [params for name, params in table.script.asked if name == "GET myTrades"]
    assert params["startTime"] == str(NOW_MS - 60_000 + 300)

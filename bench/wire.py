"""The wire: what messages of a venue cost before anything is decided, without any network."""

import json
from collections.abc import Callable
from decimal import Decimal

from bench.harness import KLINES, OURS, SIGNED, TICKERS, Row, measure
from thunes.adapters.venues.binance.market_codec import decode_klines, decode_market
from thunes.adapters.venues.binance.market_frames import BookTicker
from thunes.adapters.venues.binance.order_requests import place
from thunes.adapters.venues.binance.signing import Keys
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import Instant, OrderId, Price, Quantity, StrategyId, Symbol

COUNT, FRAMES, ORDERS = 1_000, 50_000, 5_000
AT = Instant(1_704_067_200_000_000_000)


def wire(runs: int) -> list[Row]:
    """Bars of 1,000 klines, quotes of bookTicker frames, signed text of orders: exact decimals for
    quotes and orders, floats for bars."""
    body, frames = _klines(), [_frame(number) for number in range(FRAMES)]
    keys, order = Keys("a" * 64, "b" * 64), _order()
    stamp = (("recvWindow", "5000"), ("timestamp", str(AT // 1_000_000)))

    def quote(frame: bytes) -> None:
        said = decode_market(frame)
        assert isinstance(said, BookTicker), "every frame here is one"
        said.quote(AT)

    def tickers() -> None:
        for frame in frames:
            quote(frame)

    def sign() -> None:
        for _ in range(ORDERS):
            keys.signed_query((*place((order,)).params, *stamp))

    rows = (
        (KLINES, lambda: decode_klines(body), COUNT, "klines/s"),
        (TICKERS, tickers, FRAMES, "messages/s"),
        (SIGNED, sign, ORDERS, "requests/s"),
    )
    return [_timed(work, call, (units, unit), max(7, runs)) for work, call, units, unit in rows]


def _timed(work: str, call: Callable[[], object], counted: tuple[int, str], runs: int) -> Row:
    def run() -> tuple[float, int]:
        call()
        return 0.0, 0

    row = Row(work=work, who=OURS, times=[], units=counted[0], unit=counted[1])
    row = measure(row, run, runs, warmups=3)
    row.equity = row.entries = None
    return row


def _klines() -> bytes:
    rows = [
        [
            AT // 1_000_000 + place * 60_000,
            *(f"{60_000 + place % 97 + part:.8f}" for part in (0.1, 9.7, -8.3, 1.2)),
            f"{10 + place % 7}.28800000",
            AT // 1_000_000 + place * 60_000 + 59_999,
            "61000.1",
            40,
            "10.9",
            "0.27",
            "0",
        ]
        for place in range(COUNT)
    ]
    return json.dumps(rows).encode()


def _frame(number: int) -> bytes:
    data = (
        f'{{"u":{400_900_217 + number},"s":"BTCUSDT","b":"60000.10","B":"1.43278800",'
        f'"a":"60000.20","A":"2.52500800"}}'
    )
    return f'{{"stream":"btcusdt@bookTicker","data":{data}}}'.encode()


def _order() -> Order:
    return Order(
        id=OrderId("thunes-1-1"),
        symbol=Symbol("BTCUSDT"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        role=OrderRole.ENTRY,
        strategy=StrategyId("bench"),
        quantity=Quantity(Decimal("0.001")),
        limit_price=Price(Decimal("60000.00")),
    )

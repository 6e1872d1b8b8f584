"""A recorded market played again, and unmodified host names over TLS."""

import asyncio
import itertools
import socket
import ssl
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.sandbox.venue import BTC, Venue
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.market import BarColumns
from thunes.sandbox.clock import Clock
from thunes.sandbox.market import Market
from thunes.sandbox.server import Server, Where
from thunes.sandbox.tape import Reel, Tape
from thunes.sandbox.tls import make_tls

MINUTE = 60_000_000_000
FIRST = 1_700_000_040_000_000_000  # a whole minute


def bars(rows: list[tuple[float, ...]], missing: tuple[int, ...] = ()) -> BarColumns:
    times = [FIRST + k * MINUTE for k in range(len(rows) + len(missing)) if k not in missing]
    columns = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    return BarColumns(np.array(times, np.int64), *columns)


ROWS = [
    (100.0, 102.0, 99.0, 101.0, 4.0),
    (101.0, 103.0, 100.0, 100.5, 8.0),
    (100.5, 100.75, 90.0, 95.25, 12.0),
    (95.25, 99.0, 95.0, 98.0, 16.0),
]


@pytest.mark.parametrize("missing", [(), (2,)])
def test_played_bars_are_the_candles_of_the_wire(missing: tuple[int, ...]) -> None:
    columns = bars(ROWS, missing)
    reel = Reel(Tape(MINUTE, [BTC], {"BTCUSDT": columns}), 1)
    now = [int(reel.start)]
    clock = Clock(lambda: now[0])
    market = Market(reel.listed(0), clock)
    for gap, ticks in reel.steps():
        now[0] += gap
        for tick in ticks:
            market.tick(tick)
    candles = market.find("BTCUSDT").candles
    for time, row in zip(columns.open_time, ROWS, strict=True):
        ms = int(time) // 1_000_000
        one = candles.between("1m", ms, ms, 1)[0]
        assert (one.open, one.high, one.low, one.close, one.volume) == row
    if missing:
        ms = (FIRST + 2 * MINUTE) // 1_000_000
        gap = candles.between("1m", ms, ms, 1)[0]
        assert (gap.trades, gap.close) == (0, ROWS[1][3])


def test_longer_bars_are_whole_in_their_past() -> None:
    hour = 60 * MINUTE
    columns = BarColumns(
        *(np.array([1_699_999_200_000_000_000 + k * hour for k in range(3)], np.int64),),
        *(np.array(column, np.float64) for column in zip(*ROWS[:3], strict=True)),
    )
    reel = Reel(Tape(hour, [BTC], {"BTCUSDT": columns}), 2)
    candles = Market(reel.listed(0), Clock(lambda: int(reel.start))).find("BTCUSDT").candles
    found = candles.between("1h", None, int(reel.start) // 1_000_000 - 1, 2)
    assert [(c.open, c.high, c.low, c.close, c.volume) for c in found] == ROWS[:2]


def test_a_tape_too_short() -> None:
    with pytest.raises(UsageError, match="two bars"):
        Reel(Tape(MINUTE, [BTC], {"BTCUSDT": bars(ROWS[:1])}), 1)
    with pytest.raises(UsageError, match="a minute or more"):
        Tape(MINUTE // 60, [BTC], {"BTCUSDT": bars(ROWS)})


def test_time_of_the_tape() -> None:
    wall = itertools.count(0, 1_000_000_000)
    clock = Clock(lambda: next(wall), speed=60, start=FIRST)
    assert [clock.now - FIRST for _ in range(2)] == [MINUTE, 2 * MINUTE]
    assert Clock(lambda: 5).now == 5


class Here(AbstractResolver):
    """Every host is this one."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


def test_unmodified_hosts_over_tls(tmp_path: Path) -> None:
    context, authority = make_tls(tmp_path / "ca")
    assert (tmp_path / "ca" / "server.pem").stat().st_mode & 0o077 == 0

    async def story() -> None:
        server = Server(Venue().exchange, [])
        port = await server.start(Where(0, context))
        trusting = ssl.create_default_context(cafile=str(authority))
        connector = aiohttp.TCPConnector(resolver=Here(), ssl=trusting)
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                url = f"https://testnet.binance.vision:{port}/api/v3/ping"
                async with session.get(url) as answer:
                    assert await answer.json() == {}
                url = f"wss://stream.testnet.binance.vision:{port}/ws/btcusdt@trade"
                async with session.ws_connect(url) as stream:
                    assert not stream.closed
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await session.get(f"https://example.org:{port}/api/v3/ping")
        finally:
            await server.stop()

    asyncio.run(story())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ThunesError, match="cannot be written"):
        make_tls(tmp_path / "file" / "ca")


def test_a_rising_bar_meets_its_low_first() -> None:
    reel = Reel(Tape(MINUTE, [BTC], {"BTCUSDT": bars(ROWS)}), 1)
    seen = [float(ticks[0].bid.price) for _, ticks in reel.steps()]
    assert seen[:4] == [101.0, 103.0, 100.0, 100.5]  # falls: high, then low
    assert seen[8:] == [95.25, 95.0, 99.0, 98.0]  # rises: low, then high

"""ccxt.pro in its sandbox mode, URLs untouched: every host is this one, and the test authority is
trusted."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import ccxt.pro
from aiohttp.abc import AbstractResolver
from ccxt_client import settings
from ccxt_pro_client import Client


class Here(AbstractResolver):
    """Whatever the host and the port, it is the sandbox's; which were asked for is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[Any]:
        self.asked.add(host)
        where = {"hostname": host, "host": "127.0.0.1", "port": self._port}
        return [where | {"family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return None


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator[Client]:
    exchange = ccxt.pro.binance(settings(place))
    exchange.set_sandbox_mode(True)
    here = Here(urlsplit(place["rest"]).port or 0)
    trusting = ssl.create_default_context(cafile=place["ca"])
    connector = aiohttp.TCPConnector(resolver=here, ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        exchange.session = session
        try:
            await exchange.load_markets()
            yield Client(exchange)
            assert here.asked == {
                "testnet.binance.vision",
                "stream.testnet.binance.vision",
                "ws-api.testnet.binance.vision",
            }, here.asked
        finally:
            await exchange.close()

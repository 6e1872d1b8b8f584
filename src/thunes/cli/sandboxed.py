"""Runs a sandbox until it is interrupted, and says first where it is."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import typer

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Asset
from thunes.sandbox.clock import Clock
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import read_script
from thunes.sandbox.instruments import LISTED
from thunes.sandbox.limits import UNLIMITED
from thunes.sandbox.market import Market
from thunes.sandbox.server import HOST, Server, Where
from thunes.sandbox.walk import Walk, steps

_MINUTES = 10 * 1_440
_BALANCES = {"USDT": 100_000, "BTC": 2, "ETH": 20, "BNB": 50}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    venue: str
    port: int
    seed: int
    speed: float
    faults: Path | None
    as_of: str | None
    unlimited: bool
    as_json: bool


def serve(asked: Asked) -> None:
    """Serve until interrupted."""
    if asked.venue != "binance":
        raise UsageError(f"--venue {asked.venue} is not served; the sandbox speaks: binance")
    asyncio.run(_serve(asked))


async def _serve(asked: Asked) -> None:
    clock = Clock(time.time_ns)
    walks = [Walk(one, price, asked.seed) for one, price in LISTED.values()]
    market = Market([walk.listed(clock.now, _MINUTES) for walk in walks], clock)
    exchange = Exchange(market, UNLIMITED if asked.unlimited else None, _day(asked.as_of))
    if asked.faults is not None:
        exchange.faults.plan(read_script(asked.faults))
    holder = exchange.open_account({Asset(k): Decimal(v) for k, v in _BALANCES.items()})
    key, secret = exchange.add_key(holder)
    server = Server(exchange, steps(walks), asked.speed)
    port = await server.start(Where(asked.port))
    said = {
        "venue": asked.venue,
        "rest": f"http://{HOST}:{port}",
        "stream": f"ws://{HOST}:{port}",
        "ws_api": f"ws://{HOST}:{port}/ws-api/v3",
        "api_key": key.name,
        "api_secret": secret,
    }
    if asked.as_json:
        typer.echo(json.dumps(said))
    else:
        for name, value in said.items():
            typer.echo(f"{name:<12}{value}")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stop, stopped.set)
    await stopped.wait()
    await server.stop()


def _day(text: str | None) -> date:
    if text is None:
        return date.max
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text!r} is not a day such as 2026-01-31") from None

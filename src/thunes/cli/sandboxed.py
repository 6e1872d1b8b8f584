"""Runs a sandbox until it is interrupted, and says first where it is."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from thunes.cli.taped import tape_in
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import NS_PER_SECOND, Asset, Instant, floor_to
from thunes.sandbox.clock import Clock
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import read_script
from thunes.sandbox.instruments import LISTED
from thunes.sandbox.limits import UNLIMITED
from thunes.sandbox.market import Market
from thunes.sandbox.server import HOST, Server, Where
from thunes.sandbox.sockets import API
from thunes.sandbox.tape import Reel
from thunes.sandbox.tls import make_tls
from thunes.sandbox.walk import Step, Walk, steps

_MINUTES = 10 * 1_440
_MINUTE_NS = 60 * NS_PER_SECOND
_PAST_BARS = 500
_CASH, _COINS = Decimal(100_000), Decimal(50_000)  # both in quote units, the coins of each symbol


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    venue: str
    port: int
    seed: int
    tape: Path | None
    tape_time: bool
    speed: float
    faults: Path | None
    as_of: str | None
    tls: Path | None
    unlimited: bool
    as_json: bool
    idle_s: float | None = None


class _Source(NamedTuple):
    """Where prices come from, and the market that stands there at the start."""

    market: Market
    steps: Iterable[Step]


def serve(asked: Asked) -> None:
    """Serve until interrupted."""
    if asked.venue != "binance":
        raise UsageError(f"--venue {asked.venue} is not served; the sandbox speaks: binance")
    asyncio.run(_serve(asked))


def _source(asked: Asked) -> _Source:
    if asked.tape is not None:
        reel = Reel(tape_in(asked.tape), _PAST_BARS)
        start = reel.start if asked.tape_time else None
        clock = Clock(time.time_ns, speed=asked.speed, start=start)
        shift = (clock.now - reel.start) // _MINUTE_NS * _MINUTE_NS
        return _Source(Market(reel.listed(0 if start else shift), clock), reel.steps())
    start = Instant(time.time_ns()) if asked.tape_time else None
    clock = Clock(time.time_ns, speed=asked.speed, start=start)
    walks = [Walk(one, price, asked.seed) for one, price in LISTED.values()]
    return _Source(
        Market([walk.listed(clock.now, _MINUTES) for walk in walks], clock), steps(walks)
    )


def _balances(market: Market) -> dict[Asset, Decimal]:
    """Cash, and coins of every symbol."""
    held: dict[Asset, Decimal] = {}
    for listing in market.listings.values():
        one, price = listing.instrument, listing.ladder.bid.price
        held[one.quote] = _CASH
        held.setdefault(one.base, floor_to(_COINS / price, one.step))
    return held


async def _serve(asked: Asked) -> None:
    source = _source(asked)
    limits = UNLIMITED if asked.unlimited else None
    exchange = Exchange(source.market, limits, _day(asked.as_of))
    if asked.faults is not None:
        exchange.faults.plan(read_script(asked.faults))
    key, secret = exchange.add_key(exchange.open_account(_balances(source.market)))
    server = Server(exchange, source.steps, asked.speed)
    context, authority = (None, None) if asked.tls is None else make_tls(asked.tls)
    port = await server.start(Where(asked.port, context))
    http, ws = ("http", "ws") if context is None else ("https", "wss")
    said = {
        "venue": asked.venue,
        "rest": f"{http}://{HOST}:{port}",
        "stream": f"{ws}://{HOST}:{port}",
        "ws_api": f"{ws}://{HOST}:{port}{API}",
        "api_key": key.name,
        "api_secret": secret,
    }
    if authority is not None:
        said["ca"] = str(authority)
    _say(said, as_json=asked.as_json)
    await _until_stopped(server, asked.idle_s)


def _say(said: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(said), flush=True)
        return
    for name, value in said.items():
        print(f"{name:<12}{value}", flush=True)


async def _until_stopped(server: Server, idle_s: float | None) -> None:
    """Until a signal comes, or nobody has come for so long; what the market fails with ends it as
    well."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stop, stopped.set)
    waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(server.wait())]
    if idle_s is not None:
        waits.append(asyncio.create_task(_until_idle(server, idle_s)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if waits[1].done():
            waits[1].result()
            print("the tape is over: prices stand still", file=sys.stderr)
            await stopped.wait()
    finally:
        for wait in waits:
            wait.cancel()
        await server.stop()


async def _until_idle(server: Server, idle_s: float) -> None:
    """Until nothing was asked and nobody was connected for so long."""
    loop = asyncio.get_running_loop()
    seen, since = -1, loop.time()
    while loop.time() - since < idle_s:
        await asyncio.sleep(min(1.0, idle_s))
        if server.sockets.open or server.asked != seen:
            seen, since = server.asked, loop.time()


def _day(text: str | None) -> date:
    if text is None:
        return date.max
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text!r} is not a day such as 2026-01-31") from None

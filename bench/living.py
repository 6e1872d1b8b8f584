"""The live loop: a closed bar in to an order out, a cycle of many symbols, a start."""

import decimal
import resource
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import numpy as np
from msgspec.structs import replace

from bench.data import CACHE
from bench.harness import CYCLE, IN_TO_OUT, LIVE_START, OURS, Row
from bench.served import sandbox
from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.venues.binance import market_feed
from thunes.adapters.venues.binance.listed import listed_at
from thunes.adapters.venues.binance.market_codec import decode_market
from thunes.adapters.venues.binance.market_frames import CandleUpdate
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport, Raw
from thunes.compose.engine import build_live_engine
from thunes.compose.live import Wanted, begin
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import AccountSeen, QuoteReceived
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar, Quote
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Asset,
    Instant,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.portfolio.sizing import parse_sizing
from thunes.runtime.recovery import Recorded, recover, take_over

SECONDS = 90
_D = Decimal
_FLIP = '''
import numpy as np
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy, Signals


class Flip(SignalStrategy):
    """In with every even second, out with every odd one."""

    def signals(self, bars: Bars) -> Signals:
        even = bars.open_time // 1_000_000_000 % 2 == 0
        return Signals(enter=even, exit=~even)
'''
_FOUR = '''
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import sma
from thunes.core.market.signals import crossed_above, crossed_below
from thunes.core.strategy.protocol import SignalStrategy, Signals


class Cross(SignalStrategy):
    """A crossing of averages on a higher timeframe."""

    timeframe: str = "15m"

    def signals(self, bars: Bars) -> Signals:
        higher = bars.at(self.timeframe)
        fast, slow = higher.align(sma(higher.close, 10)), higher.align(sma(higher.close, 30))
        return Signals(enter=crossed_above(fast, slow), exit=crossed_below(fast, slow))
'''


def rows(_: int) -> list[Row]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        where = Path(folder)
        return [latency(where), cycle(where), started(where)]


def latency(where: Path) -> Row:
    """A bar of one second closes on the wire of a sandbox; when its order leaves, in ms."""
    (where / "flip.py").write_text(_FLIP, encoding="utf-8")
    heard, took = [0], list[float]()
    hear, exchange = market_feed.MarketFeed.hear, CcxtTransport.exchange

    def hearing(self: market_feed.MarketFeed, frame: bytes) -> None:
        at = time.perf_counter_ns()
        said = decode_market(frame)
        if isinstance(said, CandleUpdate) and said.candle.closed:
            heard[0] = at
        hear(self, frame)

    async def exchanging(self: CcxtTransport, method: str, url: str, headers: object) -> Raw:
        if method == "POST" and heard[0]:
            took.append((time.perf_counter_ns() - heard[0]) / 1e6)
            heard[0] = 0
        return await exchange(self, method, url, headers)  # type: ignore[arg-type]

    market_feed.MarketFeed.hear = hearing  # type: ignore[method-assign]
    CcxtTransport.exchange = exchanging  # type: ignore[method-assign]
    try:
        with sandbox() as site:
            _trade(where, f"http://127.0.0.1:{site.port}", Keys(site.key, site.secret))
    finally:
        market_feed.MarketFeed.hear = hear  # type: ignore[method-assign]
        CcxtTransport.exchange = exchange  # type: ignore[method-assign]
    cuts = quantiles(took, n=100)
    note = f"p99 {cuts[98]:.2f} ms, {len(took)} orders, each synced to disk before it left"
    return Row(work=IN_TO_OUT, who=OURS, times=[cuts[49] / 1e3], note=note)


def _trade(where: Path, place: str, keys: Keys) -> None:
    listed = listed_at(place, [Symbol("BTCUSDT")])
    spec = _spec(listed.instruments, NS_PER_SECOND, (f"{where / 'flip.py'}:Flip", {}), "fixed:100")
    lease = AccountLease.take("bench", where, where / "leases")
    clock = SystemClock((listed.time, listed.counted))
    running = begin(Wanted(spec, place, keys, where / "state", history_bars=60), clock, lease)
    timer = threading.Timer(SECONDS, running.process.stop)
    timer.start()
    try:
        running.process.run()
    finally:
        running.close()
        lease.release()


def _spec(
    instruments: tuple[Instrument, ...],
    timeframe: int,
    strategy: tuple[str, dict[str, str]],
    sizing: str,
) -> RunSpec:
    symbols = tuple(one.symbol for one in instruments)
    return RunSpec(
        quote=Asset("USDT"),
        timeframe=timeframe,
        instruments=instruments,
        strategies=(specify_strategy(*strategy, symbols),),
        sizing=parse_sizing(sizing),
        exits=ExitPlan(stop_distance=_D("0.02")),
        costs=Costs(_D(10), "received"),
    )


SYMBOLS, BARS = 50, 5_000
MINUTE = 60 * NS_PER_SECOND


class _Deaf:
    """A venue that is told and never answers."""

    def send(self, command: VenueCommand, at: Instant) -> None:
        pass

    def ask_account(self, at: Instant, fills_since: Instant) -> None:
        pass


class _Lease:
    epoch = 1

    def renew(self, at: Instant) -> None:
        pass

    def holds(self, _: Instant) -> bool:
        return True


def cycle(where: Path) -> Row:
    """Bars of 50 symbols close: one step with strategies on 1m, 15m, 1h and 4h of each."""
    (where / "four.py").write_text(_FOUR, encoding="utf-8")
    coins = [f"C{place:02d}" for place in range(SYMBOLS)]
    instruments = tuple(
        Instrument(
            Symbol(f"{c}USDT"), Asset(c), Asset("USDT"), Price(_D("0.01")), Quantity(_D("0.001"))
        )
        for c in coins
    )
    spec = _spec(instruments, MINUTE, ("sma_cross", {}), "fixed:100")
    symbols = tuple(one.symbol for one in instruments)
    more = []
    for number, timeframe in enumerate(("15m", "1h", "4h")):
        one = specify_strategy(f"{where / 'four.py'}:Cross", {"timeframe": timeframe}, symbols)
        more.append(replace(one, id=StrategyId(f"cross{number}")))
    spec = replace(spec, strategies=(*spec.strategies, *more))
    engine = build_live_engine(spec)
    kept = KeptJournal.open(where / "cycle", b"{}")
    live = take_over(engine, 0, _Deaf(), kept, (SystemClock(), _Lease()))
    cash = {Asset("USDT"): Quantity(_D(10**6))}
    live.hear(AccountSeen(Instant(0), live.engine.state.at, Instant(0), (), (), cash))
    rng, now = np.random.default_rng(3), live.engine.state.at // MINUTE * MINUTE
    walks = 100 * np.exp(rng.normal(0, 0.001, (SYMBOLS, BARS + 60)).cumsum(axis=1))
    begin_at = now - BARS * MINUTE

    def bar(row: int, place: int) -> Bar:
        price, opened = float(walks[place, row]), Instant(begin_at + row * MINUTE)
        close = Instant(opened + MINUTE)
        return Bar(opened, close, price, price * 1.001, price * 0.999, price, 10.0)

    live.close({s: tuple(bar(r, p) for r in range(BARS)) for p, s in enumerate(symbols)})
    times = []
    for row in range(BARS, BARS + 60):
        closed: dict[Symbol, tuple[Bar, ...]] = {
            symbol: (bar(row, place),) for place, symbol in enumerate(symbols)
        }
        start = time.perf_counter()
        live.close(closed)
        times.append(time.perf_counter() - start)
    kept.release()
    note = f"{SYMBOLS} symbols x 4 timeframes, {BARS:,} bars each; worst {max(times) * 1e3:.0f} ms"
    return Row(work=CYCLE, who=OURS, times=times[10:], note=note)


JOURNAL_BYTES = 100 * 2**20


def started(where: Path) -> Row:
    """A journal of 100 MB with a state kept near its end: until the engine is where it was."""
    instrument = Instrument(
        Symbol("BTCUSDT"), Asset("BTC"), Asset("USDT"), Price(_D("0.01")), Quantity(_D("0.001"))
    )
    spec = _spec((instrument,), MINUTE, ("sma_cross", {}), "fixed:100")
    engine, folder = build_live_engine(spec), where / "long"
    kept = KeptJournal.open(folder, b"{}")
    live = take_over(engine, 0, _Deaf(), kept, (SystemClock(), _Lease()))
    size, count, one = 0, 0, Quantity(_D(1))
    while size < JOURNAL_BYTES:
        count += 1
        price = Price(_D(50_000) + _D(count % 1_000) / 100)
        above = Price(price + 1)
        quote = Quote(live.engine.state.at, instrument.symbol, price, one, above, one)
        live.hear(QuoteReceived(quote.at, quote))
        size += 480
        if count % 10_000 == 0:
            size = _size(folder)
    live.keep()
    for _ in range(500):
        live.hear(QuoteReceived(quote.at, quote))
    kept.release()
    times = []
    for _ in range(3):
        decimal.setcontext(decimal.Context())
        start = time.perf_counter()
        fresh = build_live_engine(spec)
        again = KeptJournal.open(folder, b"{}")
        found = again.recorded()
        recover(fresh, Recorded(found.state, found.after, found.beside))
        times.append(time.perf_counter() - start)
        assert fresh.state.digest() == engine.state.digest()
        again.release()
    note = f"{count:,} lines, {_size(folder) / 2**20:.0f} MB before compression"
    return Row(work=LIVE_START, who=OURS, times=times, note=note)


def _size(folder: Path) -> int:
    """Bytes as they were written; a full segment is compressed about so many times."""
    return sum(
        path.stat().st_size * (1 if path.suffix == ".jsonl" else 16 * 2**20 // path.stat().st_size)
        for path in folder.iterdir()
        if path.name[0].isdigit()
    )


if __name__ == "__main__":
    for one in rows(1):
        print(one)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", file=sys.stderr)

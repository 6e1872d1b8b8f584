"""The live loop: an order's way, a cycle of many symbols, the rate of messages, a start."""

import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from bench.data import CACHE
from bench.harness import CYCLE, OURS, Row
from bench.latency import latency
from bench.rate import rate
from bench.rules import rules
from bench.start import starts
from thunes.adapters.clock import SystemClock
from thunes.adapters.storage.kept import KeptJournal
from thunes.compose.engine import build_live_engine
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Asset,
    Instant,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.runtime.recovery import take_over

SECONDS = 90
_D = Decimal
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


def rows(runs: int) -> list[Row]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        where = Path(folder)
        return [*latency(runs), cycle(where), *rate(runs), *starts(runs)]


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
    spec = rules(instruments, MINUTE)
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
    note = (
        f"{BARS:,} bars each; worst {max(times[10:]) * 1e3:.0f} ms, the first {times[0] * 1e3:.0f}"
    )
    return Row(work=CYCLE, who=OURS, times=times[10:], note=note)


if __name__ == "__main__":
    for one in rows(1):
        print(one)

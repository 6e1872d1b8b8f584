"""What is kept beside a process that trades: its bytes a day, and what it takes from each step."""

import gzip
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

from bench.data import CACHE
from bench.harness import OURS, ROOT, Row
from thunes.adapters.clock import SystemClock
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.market.recorder import Recorder
from thunes.adapters.storage.projections.keeping import Projections
from thunes.adapters.storage.projections.keeping_up import keep_up
from thunes.adapters.venues.binance.market_codec import decode_market
from thunes.adapters.venues.binance.market_frames import BookTicker, Trade
from thunes.compose.engine import build_live_engine
from thunes.compose.spec import RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.compose.tables import TablesTask
from thunes.core.domain.event import QuoteReceived
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import NS_PER_SECOND, Asset, Instant, Price, Quantity, Symbol
from thunes.core.portfolio.sizing import parse_sizing
from thunes.ops.logs import Logs, Output
from thunes.runtime.closings import Closings
from thunes.runtime.ears import Ears
from thunes.runtime.inbox import Inbox
from thunes.runtime.live import Live
from thunes.runtime.recovery import take_over
from thunes.runtime.supervisor import Pulse

SYMBOLS = 50
RECORDED = ("btcusdt_20240808.jsonl.gz", "ethusdt_20240808.jsonl.gz")
_DAY_S, _GB = 86_400, 1e9
_FLUSH_S = 10
_STEP_S, _STEPS, _ROUNDS = 0.005, 2_000, 3
_D = Decimal
Heard = Quote | PublicTrade


class _Deaf:
    def send(self, *_: object) -> None:
        pass

    def ask_account(self, *_: object) -> None:
        pass


class _Lease:
    epoch = 1

    def renew(self, _: Instant) -> None:
        pass

    def holds(self, _: Instant) -> bool:
        return True


def rows(_: int) -> list[Row]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        places = (ROOT / "shared", ROOT.parent / "shared")
        ticks = [place / "data/tick/binance_spot" for place in places]
        there = [place for place in ticks if place.is_dir()][:1]
        found = [_bytes_a_day(place, Path(folder) / "day") for place in there]
        return found + _steps(Path(folder))


def _bytes_a_day(ticks: Path, folder: Path) -> Row:
    """Two symbols in their recorded minutes, taken as those of all symbols on all days: copies of
    them would be compressed away."""
    heard = [list(_recorded(ticks / name)) for name in RECORDED]
    symbols = _symbols()[: len(heard)]
    live, kept = _live(folder / "journal", symbols)
    recorder = Recorder(folder / "tape", every_ms=1_000, keep_days=30)
    inbox, now = Inbox(), Instant(0)
    ears = Ears(inbox, Closings(symbols, {}), lambda: now, (recorder,))
    merged = sorted(
        (
            (each.at, symbol, each)
            for symbol, told in zip(symbols, heard, strict=True)
            for each in told
        ),
        key=lambda row: row[0],
    )
    begin, spent = merged[0][0], 0.0
    for at, symbol, each in merged:
        now = at
        start = time.perf_counter()
        if isinstance(each, Quote):
            ears.quoted(Quote(at, symbol, each.bid, each.bid_quantity, each.ask, each.ask_quantity))
        else:
            ears.traded(PublicTrade(at, symbol, each.price, each.quantity))
        spent += time.perf_counter() - start
        while (event := inbox.take(0.0)) is not None:
            assert not callable(event)
            live.hear(event)
    recorder.flush(everything=True)
    kept.release()
    seconds = (merged[-1][0] - begin) / NS_PER_SECOND
    parts = {name: _size(folder / name) for name in ("journal", "tape/quotes", "tape/trades")}
    scale = SYMBOLS / len(symbols) * _DAY_S / seconds / _GB
    a_day = {name: size * scale for name, size in parts.items()}
    said = ", ".join(f"{name} {size:.2f}" for name, size in a_day.items())
    note = (
        f"{sum(a_day.values()):.2f} GB a day for {SYMBOLS} symbols all as busy as these: "
        f"{said} (journal before compression), {len(merged) / seconds:,.0f} messages/s of the two"
    )
    return Row(
        work="beside, quotes and trades told and recorded",
        who=OURS,
        times=[spent],
        units=len(merged),
        unit="messages/s",
        note=note,
    )


def _recorded(path: Path) -> Iterator[Heard]:
    with gzip.open(path) as file:
        for line in file:
            at, _, frame = line.partition(b" ")
            if b"@bookTicker" in frame or b"@trade" in frame:
                said = decode_market(frame)
                if isinstance(said, BookTicker):
                    yield said.quote(Instant(int(at)))
                elif isinstance(said, Trade):
                    yield said.public()


def _steps(folder: Path) -> list[Row]:
    """Steps two hundred times a second, by who else is at work; in turns, for loads come and go."""
    ways = {
        "alone": _nobody,
        "tables by a thread": _thread,
        "tables by a process": _process,
        "tape": _tape,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_ROUNDS):
        for name, beside in ways.items():
            where = folder / f"{turn}-{name.replace(' ', '-')}"
            symbols = _symbols()
            live, kept = _live(where / "journal", symbols)
            with beside(where):
                took[name] += _measured(live, symbols)
            kept.release()
    found = []
    for name, times in took.items():
        cuts = quantiles(times, n=1_000)
        note = f"p99 {cuts[989]:.2f} ms, p99.9 {cuts[998]:.2f} ms from when it was due"
        found.append(
            Row(work=f"beside, a step: {name}", who=OURS, times=[cuts[499] / 1e3], note=note)
        )
    return found


def _measured(live: Live, symbols: list[Symbol]) -> list[float]:
    """From when each step was due to its end, in ms."""
    took, one = [], Quantity(_D("1.5"))
    due = time.perf_counter()
    for number in range(_STEPS):
        due += _STEP_S
        time.sleep(max(0.0, due - time.perf_counter()))
        price = Price(_D(50_000) + _D(number % 500) / 10)
        at = live.engine.state.at
        quote = Quote(at, symbols[number % SYMBOLS], price, one, Price(price + 1), one)
        live.hear(QuoteReceived(at, quote))
        ended = time.perf_counter()
        took.append((ended - due) * 1e3)
        due = max(due, ended - _STEP_S)
    return took


@contextmanager
def _nobody(_: Path) -> Iterator[None]:
    yield


@contextmanager
def _thread(where: Path) -> Iterator[None]:
    with (
        Projections(where / "thunes.db", where / "journal") as tables,
        _running(lambda stop: keep_up(tables, lambda s: not stop.wait(s), print)),
    ):
        time.sleep(2)
        yield


@contextmanager
def _process(where: Path) -> Iterator[None]:
    task = TablesTask(where, "", Logs(Output(level="error")))
    with _running(lambda stop: task.run(Pulse(stop, time.monotonic))):
        while not (where / "thunes.db").exists():
            time.sleep(0.5)
        time.sleep(5)
        yield


@contextmanager
def _tape(where: Path) -> Iterator[None]:
    """As many rows as a busy market leaves, written as often as they are beside a process."""
    recorder, one = Recorder(where / "tape", every_ms=1_000, keep_days=30), Quantity(_D(1))

    def work(stop: threading.Event) -> None:
        second = 0
        while not stop.wait(1.0):
            second += 1
            at = Instant(second * NS_PER_SECOND)
            for number in range(500):
                symbol = Symbol(f"C{number % SYMBOLS:02d}USDT")
                price = Price(_D(100 + number))
                recorder.quoted(Quote(at, symbol, price, one, Price(price + 1), one))
                recorder.traded(PublicTrade(at, symbol, price, one))
            if second % _FLUSH_S == 0:
                recorder.flush()

    with _running(work):
        yield


@contextmanager
def _running(work: Callable[[threading.Event], object]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _symbols() -> list[Symbol]:
    return [Symbol(f"C{place:02d}USDT") for place in range(SYMBOLS)]


def _live(journal: Path, symbols: list[Symbol]) -> tuple[Live, KeptJournal]:
    journal.parent.mkdir(parents=True)
    instruments = tuple(
        Instrument(
            symbol, Asset(symbol[:3]), Asset("USDT"), Price(_D("0.01")), Quantity(_D("0.00001"))
        )
        for symbol in symbols
    )
    spec = RunSpec(
        quote=Asset("USDT"),
        timeframe=60 * NS_PER_SECOND,
        instruments=instruments,
        strategies=(specify_strategy("sma_cross", {}, tuple(symbols)),),
        sizing=parse_sizing("fixed:100"),
    )
    kept = KeptJournal.open(journal, b"{}")
    return take_over(build_live_engine(spec), 0, _Deaf(), kept, (SystemClock(), _Lease())), kept


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    for row in rows(1):
        print(row, file=sys.stderr)

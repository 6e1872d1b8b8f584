"""Live: introduces engine, journal, venue and clock to each other, for one account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.storage.reading import read_header
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.compose.amending import amended, amendment
from thunes.compose.engine import build_live_engine, in_force
from thunes.compose.headers import live_header, read_header_of
from thunes.compose.spec import Account, Header, RunSpec
from thunes.compose.strategies import keep_texts
from thunes.core.domain.errors import DataError
from thunes.core.domain.units import Instant, Symbol, format_timeframe
from thunes.core.engine import Engine
from thunes.runtime.closings import Closings
from thunes.runtime.ears import Ears, MarketTap
from thunes.runtime.inbox import Inbox
from thunes.runtime.process import Process
from thunes.runtime.recovery import Recorded, recover, take_over

HISTORY_BARS = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """One account to be traded: `place` as `hosts_at` takes it, `directory` keeps its state."""

    spec: RunSpec
    place: str
    keys: Keys
    directory: Path
    history_bars: int = HISTORY_BARS
    taps: tuple[MarketTap, ...] = ()
    troubled: Callable[[str], object] = field(default=lambda _: None)


class Running:
    """A process that trades, with all that it stands on; `close` lets go of it in order."""

    def __init__(self, process: Process, venue: BinanceVenue, kept: KeptJournal) -> None:
        self.process = process
        self.venue = venue
        self.kept = kept

    def close(self) -> None:
        """What was sent is answered first; stops stay at the venue."""
        self.venue.close()
        self.kept.release()


def begin(wanted: Wanted, clock: SystemClock, lease: AccountLease) -> Running:
    """Recover what came before and connect; the process then has to be run.

    Where the rules are not those of the last process, the journal tells of it before anything is
    decided by them. Raises DataError where the state is of another account.
    """
    journal, spec = wanted.directory / JOURNAL, wanted.spec
    account = Account(wanted.place, fingerprint(wanted.keys))
    kept = KeptJournal.open(journal, live_header(spec, account))
    header = read_header_of(read_header(journal), journal)
    _refuse_another(header, account, wanted.directory)
    engine = build_live_engine(header.run, journal)
    found = kept.recorded()
    unkept = recover(engine, Recorded(found.state, found.after, found.beside))
    before = in_force(header, engine)
    spec = amended(before, spec, wanted.directory)
    keep_texts(spec.strategies, journal)
    known = _closes_known(engine)
    inbox, closings = Inbox(), Closings([one.symbol for one in spec.instruments], known)
    ears = Ears(inbox, closings, clock.now, wanted.taps, wanted.troubled)
    since = min(known.values(), default=Instant(0))
    if len(known) < len(spec.instruments):
        since = Instant(clock.now() - wanted.history_bars * spec.timeframe)
    access = Access(
        wanted.place,
        wanted.keys,
        {one.symbol: one for one in spec.instruments},
        interval=format_timeframe(spec.timeframe),
        bars_since=Instant(since // spec.timeframe * spec.timeframe),
        speed=clock.speed,
    )
    venue = BinanceVenue(access, ears, clock.now)
    venue.open()
    live = take_over(engine, unkept, venue, kept, (clock, lease))
    if (other := amendment(before, spec)) is not None:
        live.hear(other)
    ears.when_reconnected(live.reconnected)
    process = Process(live, inbox, closings, clock)
    return Running(process, venue, kept)


def fingerprint(keys: Keys) -> str:
    """Tells keys apart, and nothing of them."""
    return sha256(b"thunes account " + keys.api_key.encode()).hexdigest()[:16]


def _closes_known(engine: Engine) -> Mapping[Symbol, Instant]:
    """Up to when the bars of each symbol are known."""
    bars = engine.state.market.tape.bars
    return {symbol: Instant(int(each.close_time[-1])) for symbol, each in bars.items()}


def _refuse_another(found: Header, account: Account, directory: Path) -> None:
    """A journal goes on with the account that it was begun with."""
    if found.account != account:
        raise DataError(
            f"{directory} holds the state of another account ({_place(found)}); give --state "
            "another directory, or trade with the key that it was begun with"
        )


def _place(header: Header) -> str:
    return "a backtest" if header.account is None else header.account.place

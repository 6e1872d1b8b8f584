"""Live: introduces engine, journal, venue and clock to each other, for one account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.reading import read_header
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.compose.engine import build_live_engine
from thunes.compose.headers import live_header, read_header_of
from thunes.compose.spec import Account, Header, RunSpec
from thunes.core.domain.errors import DataError
from thunes.core.domain.units import Instant, Symbol, format_timeframe
from thunes.core.engine import Engine
from thunes.runtime.closings import Closings
from thunes.runtime.ears import Ears, MarketTap
from thunes.runtime.inbox import Inbox
from thunes.runtime.process import Process
from thunes.runtime.recovery import Recorded, recover, take_over

JOURNAL = "journal"
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

    Raises DataError where the state is of another account or was decided by other rules.
    """
    journal, spec = wanted.directory / JOURNAL, wanted.spec
    account = Account(wanted.place, fingerprint(wanted.keys))
    kept = KeptJournal.open(journal, live_header(spec, account))
    if not kept.fresh:
        header = read_header_of(read_header(journal), journal)
        spec = _as_begun(header, spec)
        _refuse_another(header, Header(header.thunes, spec, {}, account), wanted.directory)
    engine = build_live_engine(spec)
    found = kept.recorded()
    unkept = recover(engine, Recorded(found.state, found.after, found.before))
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


def _as_begun(found: Header, wanted: RunSpec) -> RunSpec:
    """The rules wanted now with the instruments that the journal was begun with: the venue may have
    changed its filters since, which the adapter knows; what is on record is decided by these."""
    symbols = [one.symbol for one in wanted.instruments]
    if [one.symbol for one in found.run.instruments] != symbols:
        return wanted
    return replace(wanted, instruments=found.run.instruments)


def _refuse_another(found: Header, wanted: Header, directory: Path) -> None:
    """A journal goes on with the account and the rules that it was begun with."""
    if found.account != wanted.account:
        raise DataError(
            f"{directory} holds the state of another account ({_place(found)}); give --state "
            "another directory, or trade with the key that it was begun with"
        )
    if found.run != wanted.run:
        names = [
            name
            for name in RunSpec.__struct_fields__
            if getattr(found.run, name) != getattr(wanted.run, name)
        ]
        raise DataError(
            f"{directory} was begun with other rules: {', '.join(names)} differ. Go back to "
            "those, or begin a new state directory once nothing is held"
        )


def _place(header: Header) -> str:
    return "a backtest" if header.account is None else header.account.place

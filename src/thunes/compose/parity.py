"""Parity runs: a journal replayed by its engine, and its bars run as a backtest beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from thunes.adapters.storage.reading import read_header
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine, engine_from_header
from thunes.compose.headers import read_header_of, rules_in
from thunes.compose.spec import RunSpec
from thunes.compose.strategies import kept_text, load_kind
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.event import BarsClosed, Event, OperatorActed, RulesChanged
from thunes.core.domain.line import Line, Outcome
from thunes.core.domain.market import Bar, BarColumns
from thunes.core.domain.mode import Cause as ModeCause
from thunes.core.domain.units import NS_PER_DAY, Instant, Symbol, format_instant
from thunes.core.state import State
from thunes.core.strategy.protocol import SignalStrategy
from thunes.ops.parity import Decisions, replayed
from thunes.ops.parity_causes import compare
from thunes.ops.parity_certificate import Certificate, Compared, certify
from thunes.ops.parity_rounds import Rounds
from thunes.ops.parity_terms import Cause, Frame, Mismatch

_COLUMNS = tuple(BarColumns.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Second:
    """What else to hold an account against: bars of another source, rules of another file."""

    bars: Mapping[Symbol, BarColumns] = field(default_factory=dict)
    rules: RunSpec | None = None


@dataclass(slots=True)
class _Begun:
    """How the compared days began: cash to run the backtest with, and what was held already."""

    at: Instant
    cash: Decimal
    held: tuple[Symbol, ...] = ()


@dataclass(slots=True)
class _Read:
    """What a journal holds: its trades, its bars, how each of its days began, and when it went on
    by other rules."""

    directory: Path
    rounds: Rounds = field(default_factory=Rounds)
    bars: dict[Symbol, list[Bar]] = field(default_factory=dict)
    days: dict[int, _Begun] = field(default_factory=dict)
    rules: list[tuple[Instant, RunSpec]] = field(default_factory=list)

    def take(self, line: Line, state: State, spec: RunSpec) -> None:
        """The next line; `state` is what was before it."""
        event = line.event
        if isinstance(event, RulesChanged):
            self.rules.append((event.at, rules_in(event.rules)))
        if isinstance(event, BarsClosed) and event.bars:
            newest = max(bars[-1].close_time for bars in event.bars.values())
            if newest // NS_PER_DAY not in self.days:
                self.days[newest // NS_PER_DAY] = _begun(newest, state, spec, first=not self.days)
            for symbol, bars in event.bars.items():
                self.bars.setdefault(symbol, []).extend(bars)
        self.rounds(line)


def _begun(newest: Instant, state: State, spec: RunSpec, *, first: bool) -> _Begun:
    """A journal begins with its first closing, every later day at midnight."""
    at = newest if first else Instant(newest // NS_PER_DAY * NS_PER_DAY)
    held = tuple(state.ledger.positions)
    if not held:
        return _Begun(at, state.ledger.books.held(spec.quote))
    return _Begun(at, state.view(state.at).account.equity(), held)


def parity(directory: Path, day: int | None, whole: bool, second: Second) -> Certificate:
    """The certificate of a UTC day (days since 1970; None: the last one), or of all of a journal.

    DataError: no journal, a damaged one or one of a backtest; UsageError: no such day in it.
    """
    header = read_header_of(read_header(directory), directory)
    if header.account is None:
        raise DataError(
            f"{directory} is the journal of a backtest: there is no account to compare it with; "
            "`thunes audit replay` shows whether it comes out the same again"
        )
    engine = engine_from_header(read_header(directory), directory)
    decisions, read, spec = Decisions(), _Read(directory), header.run
    for line in replayed(directory, engine.step, decisions):
        read.take(line, engine.state, spec)
    begun, end = _span(directory, read, day, whole)
    notes: list[str] = []
    spec, end = _one_set(spec, read, begun, end, notes)
    last = max(bars[-1].close_time for bars in read.bars.values())
    frame = Frame(
        start=Instant(begun.at - 1),
        end=end,
        last=last,
        timeframe=spec.timeframe,
        slippage_bps=spec.costs.slippage_bps,
        instruments={one.symbol: one for one in spec.instruments},
        masked=_masked(read.rounds, begun, last, notes),
    )
    comparable = _comparable(spec, read, notes)
    compared, sources = _against(comparable, begun, (read, frame), second)
    return certify(compared, decisions, header.thunes, (notes, sources))


def _span(directory: Path, read: _Read, day: int | None, whole: bool) -> tuple[_Begun, Instant]:
    """How the compared time began, and its last instant."""
    if not read.days:
        raise DataError(f"{directory}: no bar has closed in it yet, so nothing was decided")
    days = list(read.days)
    if whole:
        return read.days[days[0]], Instant((days[-1] + 1) * NS_PER_DAY - 1)
    wanted = days[-1] if day is None else day
    if wanted not in read.days:
        names = [format_instant(each * NS_PER_DAY)[:10] for each in (wanted, days[0], days[-1])]
        raise UsageError(
            f"{directory} holds nothing of {names[0]}: bars close in it from {names[1]} to "
            f"{names[2]}"
        )
    return read.days[wanted], Instant((wanted + 1) * NS_PER_DAY - 1)


def _one_set(
    spec: RunSpec, read: _Read, begun: _Begun, end: Instant, notes: list[str]
) -> tuple[RunSpec, Instant]:
    """A backtest has one set of rules: those that stood at the beginning, until others came."""
    for at, rules in read.rules:
        if at <= begun.at:
            spec = rules
        elif at <= end:
            time = format_instant(at)[:19]
            notes.append(f"after {time}Z: other rules decided then, which one backtest cannot have")
            return spec, Instant(at - 1)
    return spec, end


def _masked(
    rounds: Rounds, begun: _Begun, last: Instant, notes: list[str]
) -> dict[Symbol, Instant]:
    """Until when symbols are not compared: what was held when the time began has no beginning."""
    masked: dict[Symbol, Instant] = {}
    for symbol in begun.held:
        until = last
        for one in rounds.all.values():
            mine = one.symbol == symbol and one.filled_at is not None and one.filled_at < begun.at
            if mine and one.flat and one.exits and one.exits[-1].trade.exit_time >= begun.at:
                until = one.exits[-1].trade.exit_time
        masked[symbol] = until
        said = "to the end" if until == last else f"until {format_instant(until)[:19]}Z"
        notes.append(f"{symbol} {said}: it was held when this began, which a backtest cannot be")
    return masked


def _comparable(spec: RunSpec, read: _Read, notes: list[str]) -> RunSpec:
    """The rules less the strategies that a backtest cannot begin in the middle."""
    kept = []
    for each in spec.strategies:
        if issubclass(load_kind(each.source, kept_text(each, read.directory))[0], SignalStrategy):
            kept.append(replace(each, symbols=tuple(s for s in each.symbols if s in read.bars)))
        else:
            notes.append(f"{each.id}: it answers its own fills, and cannot begin in the middle")
    return replace(spec, strategies=tuple(each for each in kept if each.symbols))


def _against(
    spec: RunSpec, begun: _Begun, side: tuple[_Read, Frame], second: Second
) -> tuple[Compared, list[str]]:
    """The account against its own rules on its own bars, then, one after the other, against the
    bars of another source and against other rules: what each adds is due to it."""
    read, frame = side
    here = read.rounds
    columns = {symbol: _columns(bars) for symbol, bars in read.bars.items()}
    there = _modelled(spec, columns, begun, read.directory)
    found = compare(here, there, frame)
    sources = [f"bars of the journal: {sum(map(len, columns.values())):,}"]
    if second.bars:
        columns, said = _others(columns, second.bars)
        sources.append(said)
        there = _modelled(spec, columns, begun, read.directory)
        found = _due_to(Cause.DATA, said, found, compare(here, there, frame))
    if second.rules is not None:
        other = replace(second.rules, strategies=spec.strategies)
        names = [n for n in RunSpec.__struct_fields__ if getattr(other, n) != getattr(spec, n)]
        said = f"rules that differ: {', '.join(names) or 'none'}"
        sources.append(said)
        there = _modelled(other, columns, begun, read.directory)
        found = _due_to(Cause.CONFIGURATION, said, found, compare(here, there, frame))
    return Compared(here, there, frame, found), sources


def _due_to(
    cause: Cause, why: str, before: list[Mismatch], found: list[Mismatch]
) -> list[Mismatch]:
    """What was there before has the cause that it had; what is new has this one."""
    known = {(each.key, each.what): each for each in before}
    return [
        each._replace(cause=old.cause, why=old.why)
        if (old := known.get((each.key, each.what))) is not None
        else each._replace(cause=cause, why=why)
        for each in found
    ]


def _modelled(
    spec: RunSpec, columns: Mapping[Symbol, BarColumns], begun: _Begun, journal: Path
) -> Rounds:
    """The trades of a backtest that trades from `begun` on; what comes before is only looked at."""
    rounds = Rounds()
    if not spec.strategies:
        return rounds
    traded = {s: columns[s] for each in spec.strategies for s in each.symbols}
    opened = Instant(min(int(bars.open_time[0]) for bars in traded.values()))

    def see(event: Event, outcome: Outcome) -> None:
        rounds(Line(event, outcome.commands, outcome.facts))

    acts = ((opened, ModeCause.OPERATOR_PAUSE), (begun.at, ModeCause.OPERATOR_RESUME))
    world = World(
        {spec.quote: begun.cash},
        operators=[OperatorActed(at, cause, "parity", "the past") for at, cause in acts],
    )
    run_backtest(spec, traded, world, (build_engine(spec, traded, journal), see))
    return rounds


def _columns(bars: list[Bar]) -> BarColumns:
    values = {name: [getattr(bar, name) for bar in bars] for name in _COLUMNS}
    return BarColumns(
        **{n: np.array(v, np.int64 if n == "open_time" else float) for n, v in values.items()}
    )


def _others(
    own: Mapping[Symbol, BarColumns], given: Mapping[Symbol, BarColumns]
) -> tuple[dict[Symbol, BarColumns], str]:
    """The bars of another source over the same time, and how many of them are not the same."""
    found, apart, count = dict(own), 0, 0
    for symbol, other in given.items():
        if symbol not in own:
            raise UsageError(f"--bars {symbol}: the journal trades no such symbol")
        mine = own[symbol]
        low, high = np.searchsorted(other.open_time, (mine.open_time[0], mine.open_time[-1] + 1))
        cut = BarColumns(*(getattr(other, name)[low:high] for name in _COLUMNS))
        if not len(cut) or cut.open_time[-1] != mine.open_time[-1]:
            times = [format_instant(int(mine.open_time[place])) for place in (0, -1)]
            raise UsageError(
                f"--bars {symbol}: the journal has bars from {times[0]} to {times[1]}; give a file "
                "that reaches as far"
            )
        found[symbol] = cut
        rows = {int(t): row for row, t in enumerate(mine.open_time.tolist())}
        for row, time in enumerate(cut.open_time.tolist()):
            count += 1
            at = rows.get(time)
            apart += at is None or any(
                getattr(mine, n)[at] != getattr(cut, n)[row]
                for n in ("open", "high", "low", "close")
            )
        apart += len(set(rows) - set(cut.open_time.tolist()))
    return found, f"bars of the other source that differ: {apart:,} of {count:,}"

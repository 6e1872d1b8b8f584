"""Engines: built from a specification and bars, and built again from a journal's header."""

import decimal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thunes.adapters.storage.tape import load_tape
from thunes.compose.headers import read_header_of, rules_in
from thunes.compose.spec import Header, RunSpec
from thunes.compose.strategies import kept_text, load_kind
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.terms import Terms
from thunes.core.domain.units import EXACT, ZERO, Symbol
from thunes.core.engine import Engine, Rooms
from thunes.core.execution.propose import Execution
from thunes.core.market.bars import Bars
from thunes.core.market.market import Market
from thunes.core.market.tape import Tape
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.anchored import Anchored
from thunes.core.strategy.catalog import build
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk, Observer, Strategy


@dataclass(frozen=True, slots=True)
class Built:
    """An engine and what it stands on."""

    engine: Engine
    strategies: Strategies
    tape: Tape
    desks: Mapping[Desk, Strategy]


def build_engine(
    spec: RunSpec,
    columns: Mapping[Symbol, BarColumns],
    journal: Path | None = None,
    since: int = 0,
) -> Built:
    """The engine of a run on these bars; a `journal` keeps texts of its strategies. Bars that open
    before `since` (ns UTC) only warm up what gives signals."""
    decimal.setcontext(EXACT)
    tape = Tape({s: Bars(s, spec.timeframe, bars) for s, bars in columns.items()})
    instruments = {instrument.symbol: instrument for instrument in spec.instruments}
    _refuse_strangers(spec, instruments, columns)
    half_spread = spec.costs.slippage_bps / 10_000
    market = Market(tape, instruments, half_spread)
    desks = _desks(spec, journal)
    strategies = Strategies(desks, tape, since)
    # What is held from the start over the past is left as a strategy's position would not be.
    rooms = _rooms(spec, strategies, ExitPlan())
    return Built(Engine(State(market, rooms.terms), rooms), strategies, tape, desks)


def build_live_engine(spec: RunSpec, journal: Path | None = None) -> Engine:
    """The engine of an account, on a tape that begins empty and grows."""
    decimal.setcontext(EXACT)
    tape = Tape.growing(spec.timeframe)
    instruments = {instrument.symbol: instrument for instrument in spec.instruments}

    def made(by: RunSpec) -> Rooms:
        for each in by.strategies:
            for symbol in each.symbols:
                if symbol not in instruments:
                    raise UsageError(
                        f"strategy {each.id} trades {symbol}, which is not traded here"
                    )
        return _rooms(by, Anchored(_desks(by, journal), tape), by.exits)

    rooms = made(spec)
    state = State(Market(tape, instruments), rooms.terms)
    return Engine(state, rooms, lambda text: made(rules_in(text)))


def in_force(header: Header, engine: Engine) -> RunSpec:
    """The rules that a recovered engine goes by: the last that its journal tells of."""
    return rules_in(engine.told) if engine.told else header.run


def _rooms(spec: RunSpec, strategies: Observer, adopted: ExitPlan) -> Rooms:
    # Cash is kept back for fees only where they are taken from it, as the venue does.
    in_quote = spec.costs.fee_asset == "quote"
    reserve = spec.costs.fee_rate if in_quote else ZERO
    return Rooms(
        terms=Terms(spec.quote, reserve, spec.limits.watches_equity, adopted),
        risk=Risk(spec.limits),
        strategies=strategies,
        portfolio=Portfolio(spec.sizing, spec.exits),
        execution=Execution(spec.exits, spec.costs.fee_rate, spec.entry_cap, fee_in_quote=in_quote),
    )


def strategies_over(spec: RunSpec, tape: Tape) -> Strategies:
    """The strategies of a run, evaluated on all of a tape at once."""
    return Strategies(_desks(spec, None), tape)


def _refuse_strangers(
    spec: RunSpec, instruments: Mapping[Symbol, Instrument], columns: Mapping[Symbol, BarColumns]
) -> None:
    for symbol in columns:
        if symbol not in instruments:
            raise UsageError(f"there are bars of {symbol} but no instrument describes it")
    for each in spec.strategies:
        for symbol in each.symbols:
            if symbol not in columns:
                raise UsageError(
                    f"strategy {each.id} trades {symbol}, but there are no bars of it; "
                    f"give --bars {symbol}=FILE"
                )


def _desks(spec: RunSpec, journal: Path | None) -> dict[Desk, Strategy]:
    desks: dict[Desk, Strategy] = {}
    for each in spec.strategies:
        kind, sha256 = load_kind(each.source, kept_text(each, journal))
        if each.sha256 and each.sha256 != sha256:
            raise DataError(
                f"{each.source} is not the text that this run was recorded with; "
                "restore that version of the file to replay it"
            )
        strategy = build(kind, each.parameters)
        for symbol in each.symbols:
            desk = Desk(each.id, symbol)
            if desk in desks:
                raise UsageError(f"strategy {each.id} is given {symbol} twice")
            desks[desk] = strategy
    return desks


def engine_from_header(header: bytes, directory: Path) -> Engine:
    """The engine that a journal in `directory` was written by, before its first event."""
    read = read_header_of(header, directory)
    if read.account is not None:
        return build_live_engine(read.run, directory)
    return build_engine(read.run, load_tape(directory, read.tape), directory).engine

"""Decisions examined: what the gates of look-ahead ask of strategies that answer events.

They have no signals to look at. So they are run through the engine, on histories that end earlier
or go on otherwise, and all that was decided by then must be the same to the last byte.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import numpy as np

from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import RunSpec
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.fact import OrderChanged, PositionChanged
from thunes.core.domain.line import Line, Outcome, encode
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Instant, Symbol, format_instant
from thunes.core.market.bars import Bars
from thunes.research.examination import Answer, Verdict
from thunes.research.lookahead import LookAhead
from thunes.research.null_market import ERRORS_MAX, Fortune, fortune, step_of, walk
from thunes.research.poison import Poison, rewritten
from thunes.research.probe import Breach, Gate, Probe
from thunes.research.recording import Recording

_ROWS = 600
_CUTS = 12
_NULL_ROWS = 400
_NULL_STEPS = 128
_MARKETS = (20, 200)
_TRADES_MIN = 100
_CASH = Decimal(10_000)
_TOLD_BY_ITSELF = (OrderChanged, PositionChanged)
"""How orders stand: one of the last close is at the venue, with no open to come."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class _Decision:
    """A step at which something was decided: when, its line, and what came of it in words.

    What answers a fill at an open is later than that bar's predecessor, which closes just then.
    """

    at: int
    line: bytes
    said: str


def decisions_examined(
    spec: RunSpec, bars: Bars, seconds: float, progress: Progress = lambda *_: None
) -> list[Answer]:
    """REPEAT, G1, G2 and G4 of an event strategy; the other gates say why they cannot be asked."""
    one = alone(spec, bars.symbol)
    sample = bars.prefix(_ROWS)
    full = _decided(one, sample)
    answers = [_repeated(one, sample, full)]
    progress(1, 3)
    if answers[0].verdict is Verdict.PASSED:
        answers += [_held(one, sample, full, gate) for gate in (Gate.PREFIX, Gate.POISON)]
        progress(2, 3)
        answers.append(_null(one, bars, seconds))
        progress(3, 3)
    for gate, why in _NOT_ASKED.items():
        answers.append(Answer(gate, 0, Verdict.UNTOLD, why))
    return sorted(answers, key=lambda each: list(Gate).index(each.gate))


_NOT_ASKED = {
    Gate.CHUNKS: "the engine asks it bar by bar already: see G1",
    Gate.SCALE: "amounts and levels of money have a scale by right",
    Gate.DELAY: "it has no signals that could come later",
    Gate.TAINT: "it has no columns that could be tainted: see G2",
}


def alone(spec: RunSpec, symbol: Symbol) -> RunSpec:
    """The same run on one symbol."""
    strategies = tuple(msgspec.structs.replace(s, symbols=(symbol,)) for s in spec.strategies)
    described = tuple(each for each in spec.instruments if each.symbol == symbol)
    return msgspec.structs.replace(spec, strategies=strategies, instruments=described)


def world_of(spec: RunSpec) -> World:
    """An account of 10,000 in quote."""
    return World({spec.quote: _CASH})


def _decided(spec: RunSpec, bars: Bars) -> list[_Decision]:
    columns: Mapping[Symbol, BarColumns] = {bars.symbol: bars.columns}
    built = build_engine(spec, columns)
    found: list[_Decision] = []

    def watch(event: Event, outcome: Outcome) -> None:
        decided = [each for each in outcome.facts if not isinstance(each, _TOLD_BY_ITSELF)]
        if outcome.commands or decided:
            named = Counter(type(each).__name__ for each in (*outcome.commands, *decided))
            said = ", ".join(f"{count} {name}" for name, count in named.items())
            line = encode(Line(event, outcome.commands, outcome.facts))
            at = event.at + (not isinstance(event, BarsClosed))
            found.append(_Decision(at, line, said))

    run_backtest(spec, columns, world_of(spec), (built, watch))
    return found


def _repeated(spec: RunSpec, sample: Bars, full: list[_Decision]) -> Answer:
    different = _first_difference(full, _decided(spec, sample), int(sample.close_time[-1]))
    if different is None:
        said = f"asked twice it decides the same, {len(full):,} times in {len(sample):,} bars"
        return Answer(Gate.REPEAT, 2, Verdict.PASSED, said)
    probe = Probe(Gate.REPEAT, len(sample), "when it is run again")
    return _found(sample, Breach(probe, *different), 2)


def _held(spec: RunSpec, sample: Bars, full: list[_Decision], gate: Gate) -> Answer:
    """G1: on bars that end earlier; G2: on bars that go on otherwise."""
    if not full:
        text = f"it decides nothing in {len(sample):,} bars"
        return Answer(gate, 0, Verdict.UNTOLD, text)
    cuts = _cuts(sample, full)
    for asked, cut in enumerate(cuts, start=1):
        if gate is Gate.PREFIX:
            how, bars = f"when the data end with bar {cut - 1}", sample.prefix(cut)
        else:
            poison = (Poison.OTHER, Poison.HIGH)[asked % 2]
            how = f"with {poison.value} from bar {cut} on"
            bars = rewritten(sample, slice(cut, len(sample)), poison)
        until = int(sample.close_time[cut - 1])
        different = _first_difference(full, _decided(spec, bars), until)
        if different is not None:
            return _found(sample, Breach(Probe(gate, cut, how), *different), asked)
    said = f"{_SAME[gate]} changes nothing that was decided by then, {len(cuts)} times"
    return Answer(gate, len(cuts), Verdict.PASSED, said)


_SAME = {Gate.PREFIX: "a history that ends earlier", Gate.POISON: "a market that goes on otherwise"}


def _cuts(sample: Bars, full: list[_Decision]) -> list[int]:
    """Rows at which something was decided, and others, spread over all."""
    at = np.array([each.at for each in full], dtype=np.int64)
    rows = np.unique(np.searchsorted(sample.close_time, at, side="right"))
    some = rows[:: max(1, rows.size // (_CUTS // 2))].tolist()
    some += np.linspace(1, len(sample) - 1, _CUTS // 2, dtype=np.int64).tolist()
    return sorted({row for row in some if 0 < row < len(sample)})


def _first_difference(
    full: list[_Decision], other: list[_Decision], until: int
) -> tuple[int, str, object, object] | None:
    """When the first decision up to then that is not the same was due, and what was decided."""
    a = [each for each in full if each.at <= until]
    b = [each for each in other if each.at <= until]
    for place in range(max(len(a), len(b))):
        one = a[place] if place < len(a) else None
        two = b[place] if place < len(b) else None
        if one is None or two is None or one.line != two.line:
            at = min(each.at for each in (one, two) if each is not None)
            was, became = (each.said if each else "nothing" for each in (one, two))
            return at, "decision", was, became
    return None


def _found(sample: Bars, breach: Breach, asked: int) -> Answer:
    """The breach has the time of a decision for its row: the row is the last one closed by then."""
    gate, at = breach.probe.gate, Instant(breach.row)
    row = max(0, int(np.searchsorted(sample.close_time, at, side="right")) - 1)
    why = (
        "chance, the clock, or a memory between runs"
        if gate is Gate.REPEAT
        else "it knows more than has happened"
    )
    became = "another one of that kind" if breach.was == breach.became else breach.became
    text = (
        f"{gate.value}: the decision at {format_instant(at)} (bar {row}) is {breach.was}, but "
        f"{became} {breach.probe.how}: {why}."
    )
    kind = "not repeatable" if gate is Gate.REPEAT else "foreknowledge"
    told = Breach(breach.probe, row, breach.column, breach.was, breach.became)
    return Answer(gate, asked, Verdict.NOT_PASSED, text, LookAhead(gate, kind, row, text, told))


def _null(spec: RunSpec, like: Bars, seconds: float) -> Answer:
    """G4 by the engine: what is earned on the whole account, without costs."""
    wholes: list[float] = []
    began, trades, traded = time.perf_counter(), 0, 0.0
    free = msgspec.structs.replace(spec, costs=type(spec.costs)())
    while len(wholes) < _MARKETS[1]:
        if len(wholes) >= _MARKETS[0] and time.perf_counter() - began > seconds:
            break
        bars = walk(len(wholes), _NULL_ROWS, _NULL_STEPS, like)
        columns = {bars.symbol: bars.columns}
        built = build_engine(free, columns)
        recording = Recording(built.engine.state)
        run_backtest(free, columns, world_of(free), (built, recording))
        equity = built.engine.state.view(Instant(int(bars.close_time[-1]))).account.equity()
        wholes.append(float(equity / _CASH) - 1.0)
        trades += len(recording.trades)
        traded += recording.traded / float(_CASH)
    returns = np.array(wholes)
    # A limit is met one step late and a stop one step too well.
    slack = step_of(like, _NULL_STEPS) * traded / len(wholes)
    return _of_null(fortune(returns, returns, slack), trades)


def _of_null(found: Fortune, trades: int) -> Answer:
    asked, told = found.markets, f"{trades:,} trades on {found.markets} random walks"
    if trades < _TRADES_MIN or found.error == 0.0:
        return Answer(Gate.NULL, asked, Verdict.UNTOLD, f"only {told}: too few to tell")
    text = (
        f"{told} earn {found.mean:+.4%} of the account a walk, {found.errors:+.1f} standard errors "
        "from nothing"
    )
    if abs(found.mean) <= ERRORS_MAX * found.error + found.slack:
        return Answer(Gate.NULL, asked, Verdict.PASSED, text)
    said = f"{Gate.NULL.value}: {text}: where nothing can be earned, whoever does knows what comes."
    finding = LookAhead(Gate.NULL, "null market", None, said)
    return Answer(Gate.NULL, asked, Verdict.NOT_PASSED, said, finding)

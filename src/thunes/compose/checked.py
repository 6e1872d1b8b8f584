"""Checked strategies: each gate of look-ahead, asked of signals or, by the engine, of decisions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from thunes.compose.backtest import run_backtest
from thunes.compose.decided import alone, decisions_examined, world_of
from thunes.compose.engine import build_engine
from thunes.compose.spec import RunSpec
from thunes.compose.strategies import load_kind
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol
from thunes.core.market.bars import Bars
from thunes.core.strategy.catalog import build
from thunes.core.strategy.protocol import SignalStrategy, Strategy
from thunes.research.examination import Answer, Subject, Verdict, examination, sample_of
from thunes.research.lookahead import check_fills
from thunes.research.measure import trade_rows
from thunes.research.null_market import SECONDS
from thunes.research.probe import Gate
from thunes.research.recording import Recording

BARS_MIN = 64
_MOST_ROWS = 10_000

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gates said of a strategy on the bars of one symbol."""

    symbol: Symbol
    bars: int
    signals: bool
    answers: tuple[Answer, ...]

    @property
    def passed(self) -> bool:
        return all(each.verdict is not Verdict.NOT_PASSED for each in self.answers)


def check_strategy(
    spec: RunSpec,
    columns: Mapping[Symbol, BarColumns],
    seconds: float = SECONDS,
    progress: Progress = lambda *_: None,
) -> Iterator[Checked]:
    """Ask all gates of the one strategy of `spec`, symbol by symbol; null markets take at most so
    many seconds each. DataError: too few bars. StrategyError: it raised."""
    for symbol in spec.strategies[0].symbols:
        bars = Bars(symbol, spec.timeframe, columns[symbol])
        if len(bars) < BARS_MIN:
            raise DataError(
                f"{symbol} has {len(bars)} bars: a strategy is checked on {BARS_MIN} at least"
            )
        first = _anew(spec)
        if isinstance(first, SignalStrategy):
            # What was shown bars to choose a sample by may remember them: another one is asked.
            sample, asked = sample_of(first, bars), _anew(spec)
            assert isinstance(asked, SignalStrategy), "the same text makes the same class"
            answers = examination(Subject(asked, bars, sample), seconds, progress)
        else:
            sample = bars.prefix(_MOST_ROWS)
            answers = decisions_examined(spec, bars, seconds, progress)
        answers.append(_of_fills(spec, sample))
        yield Checked(symbol, len(bars), isinstance(first, SignalStrategy), tuple(answers))


def _anew(spec: RunSpec) -> Strategy:
    """The strategy, of its text run once more, so that it has not seen a bar."""
    each = spec.strategies[0]
    return build(load_kind(each.source)[0], each.parameters)


def _of_fills(spec: RunSpec, sample: Bars) -> Answer:
    """What of G8 can be asked of a strategy by itself: no entry has the close that signalled it."""
    columns = {sample.symbol: sample.columns}
    built = build_engine(alone(spec, sample.symbol), columns)
    recording = Recording(built.engine.state)
    run_backtest(alone(spec, sample.symbol), columns, world_of(spec), (built, recording))
    rows = trade_rows(recording)
    found = check_fills(rows, sample)
    if found:
        return Answer(Gate.FILLS, 1, Verdict.NOT_PASSED, found[0].text, found[0])
    if not rows:
        return Answer(Gate.FILLS, 1, Verdict.UNTOLD, "it entered nothing on these bars")
    said = f"none of {len(rows):,} entries by the engine has the close that signalled it"
    return Answer(Gate.FILLS, 1, Verdict.PASSED, said)

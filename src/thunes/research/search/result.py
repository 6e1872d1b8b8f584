"""What a search and a walk forward have to show: plain values for tables, files and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.cscv import Overfitting
from thunes.core.stats.fortunes import Fortunes
from thunes.research.evidence import Evidence
from thunes.research.search.picturing import as_number
from thunes.research.verdict import Judgement

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was searched: the same words stand above every table and page.

    `start` and `end` are ns UTC, `timeframe` ns, `data` is the hash of the bars. `fixed` are the
    parameters that were not searched, `settings` (name, text) pairs, in order.
    """

    study: str
    strategy: str
    symbols: tuple[str, ...]
    quote: str
    timeframe: int
    start: int
    end: int
    settings: tuple[tuple[str, str], ...]
    fixed: Parameters = field(default_factory=dict)
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One parameter set that was run. Figures over the whole search: Sharpe ratio a year (365
    days), return and deepest drawdown (in [-1, 0]) as fractions; None: cannot be measured.

    `score` is what the search maximises, over the tests of its folds. `on_front`: no other set has
    both a better Sharpe ratio and a smaller drawdown.
    """

    number: int
    parameters: Parameters
    score: float | None
    sharpe: float | None
    total_return: float | None
    max_drawdown: float | None
    trades: int
    on_front: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A search from end to end.

    `names` are the parameters that were searched; `trials` in the order in which they ran; `chosen`
    and `peak` are rows of `trials`: whose surroundings score best, and whose own score is best.
    `refused` sets were none for the strategy. `importance` is by name the share of the variance of
    scores that the parameter explains by itself. `days` (ns UTC, ends of days) and `equity` are the
    chosen set's over the whole search. `luck` holds every split of CSCV. `evidence` and what hangs
    on it are None where the search cannot be judged; `judgement` then says why.
    """

    ran: Ran
    names: tuple[str, ...]
    trials: tuple[Tried, ...]
    refused: int
    chosen: int
    peak: int
    importance: Mapping[str, float]
    days: Ints
    equity: Floats
    judgement: Judgement
    evidence: Evidence | None = None
    luck: Overfitting | None = None
    fortunes: Fortunes | None = None

    @property
    def at_the_edge(self) -> tuple[str, ...]:
        """The parameters of which the choice has the first or the last value that was tried: what
        lies beyond is not known."""
        found = []
        for name in self.names:
            tried = dict.fromkeys(trial.parameters[name] for trial in self.trials)
            order = [number for each in tried if (number := as_number(each)) is not None]
            own = as_number(self.trials[self.chosen].parameters[name])
            if 2 < len(order) == len(tried) and own in (min(order), max(order)):
                found.append(name)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One window: parameters were frozen at `train_end`, before the test began. Times ns UTC.

    `train_score` is what chose them; Sharpe ratios are a year; returns are fractions, those a year
    are compounded over 365 days.
    """

    number: int
    train_start: int
    train_end: int
    test_start: int
    test_end: int
    parameters: Parameters
    trials: int
    train_score: float | None
    train_sharpe: float | None
    train_return_a_year: float | None
    test_sharpe: float | None
    test_return: float
    test_return_a_year: float | None
    test_drawdown: float
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A walk forward. `equity` at `days` is the tests' one after the other, the only curve that is
    performance; `hold` what equal amounts of the symbols would have come to over the same days.
    Both began with `initial`.

    `efficiency` is the growth a year (in logarithms) out of sample over that in sample, `positive`
    the share of windows that earned. `interval` is of the Sharpe ratio a year, at 95 %.
    """

    ran: Ran
    names: tuple[str, ...]
    windows: tuple[Window, ...]
    anchored: bool
    initial: float
    days: Ints
    equity: Floats
    hold: Floats
    sharpe: float | None
    total_return: float
    max_drawdown: float
    efficiency: float | None
    positive: float
    judgement: Judgement
    interval: tuple[float, float] | None = None
    psr: float | None = None
    dsr: float | None = None
    periods_needed: float | None = None
    fortunes: Fortunes | None = None

    @property
    def hold_return(self) -> float | None:
        """What holding came to over the same days; None over none."""
        return float(self.hold[-1] / self.initial - 1) if self.hold.size else None

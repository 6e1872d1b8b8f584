"""Parameters: a snapshot made of what a search, a backtest and an account tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from thunes.adapters.git import commit_of
from thunes.adapters.storage.parameters import DailyReturns, ParameterSnapshot
from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.storage.reading import read_header
from thunes.compose.fingerprint import hash_of_tapes
from thunes.compose.headers import read_header_of
from thunes.compose.results import Result, text_of
from thunes.compose.spec import Header, StrategySpec
from thunes.compose.strategies import load_kind, name_of
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.units import Instant, StrategyId
from thunes.core.stats.performance import DAYS_A_YEAR, sharpe
from thunes.core.strategy.catalog import build, describe
from thunes.ops.daily_returns import (
    Days,
    day_text,
    days_in_csv,
    days_of_account,
    days_of_backtest,
)
from thunes.ops.week_rule import WEEK, sharpe_until

_MONTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be kept: of what nothing is said here, `result` and `backtest` (a journal) tell.

    `returns` is a CSV of daily ones, `state` of an account that has traded by these parameters.
    """

    strategy: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    result: Result = field(default_factory=Result)
    backtest: Path | None = None
    returns: Path | None = None
    state: Path | None = None
    trials: int | None = None
    verdict: str = ""
    in_sample: Mapping[str, float] = field(default_factory=dict)
    out_of_sample: Mapping[str, float] = field(default_factory=dict)
    notes: str = ""


def snapshot_of(wanted: Wanted, at: Instant) -> ParameterSnapshot:
    """The snapshot of what is wanted. Raises UsageError where nothing says which strategy, where
    two say different things, or a strategy refuses its parameters; DataError for damaged files."""
    result = wanted.result
    ran = None if wanted.backtest is None else _backtest(wanted.backtest)
    spec = _spec(wanted, ran)
    days = _returns(wanted)
    lived = {} if wanted.state is None else lived_days(wanted.state, spec.id)
    returns = None if not days else _whole(days)
    kept = None if returns is None else sharpe(returns.values, DAYS_A_YEAR)
    return ParameterSnapshot(
        timestamp=at,
        strategy_id=spec.id,
        source=spec.source,
        parameters=spec.parameters,
        git_sha=commit_of(Path()),
        strategy_hash=spec.sha256,
        data_hash=hash_of_tapes(ran.tape, ran.run.timeframe) if ran else result.data,
        trials=wanted.trials if wanted.trials is not None else result.trials,
        in_sample={**result.in_sample, **wanted.in_sample},
        out_of_sample={**result.out_of_sample, **wanted.out_of_sample},
        sharpe_7d=sharpe_until(lived, max(lived, default=0), WEEK),
        sharpe_30d=sharpe_until(lived, max(lived, default=0), _MONTH),
        backtest_sharpe=kept if kept is not None else result.backtest_sharpe,
        verdict=wanted.verdict or result.verdict,
        reasons=result.reasons,
        notes=wanted.notes,
        returns=returns,
    )


def lived_days(place: Path, strategy: StrategyId) -> Days:
    """Daily returns of a strategy: in a state directory, a journal, or a CSV.

    Raises UsageError where there is none of these, or the strategy does not trade there.
    """
    if place.is_file():
        return days_in_csv(place)
    journal = _journal_in(place)
    header = read_header_of(read_header(journal), journal)
    there = [each.id for each in header.run.strategies]
    if header.account is None:
        return days_of_backtest(_alone(journal, header))
    found = days_of_account(journal, strategy)
    if strategy not in there and not any(found.values()):
        raise UsageError(f"{journal}: {strategy} does not trade there, but {', '.join(there)}")
    return found


def _journal_in(place: Path) -> Path:
    """The journal of a state directory, or the directory of a journal itself."""
    journal = place / JOURNAL if (place / JOURNAL).is_dir() else place
    if not journal.is_dir():
        raise UsageError(f"{place} is neither a directory with a journal nor a CSV")
    return journal


def strategies_in(place: Path) -> Sequence[StrategySpec]:
    """Those of a journal as it began; none of a CSV."""
    if place.is_file():
        return ()
    journal = _journal_in(place)
    return read_header_of(read_header(journal), journal).run.strategies


def _backtest(journal: Path) -> Header:
    header = read_header_of(read_header(journal), journal)
    if header.account is not None:
        raise UsageError(f"{journal} is the journal of an account: name it with --state")
    _alone(journal, header)
    return header


def _alone(journal: Path, header: Header) -> Path:
    """A backtest of one strategy: of several, nobody can tell whose the equity is."""
    if len(header.run.strategies) != 1:
        names = ", ".join(each.id for each in header.run.strategies)
        raise UsageError(f"{journal} holds {names} on one equity: give each a backtest of its own")
    return journal


def _spec(wanted: Wanted, ran: Header | None) -> StrategySpec:
    """Who is told of: by the flags, or the result of a search, and as the backtest ran it."""
    texts = {**wanted.result.parameters, **wanted.parameters}
    source = wanted.strategy or wanted.result.strategy
    if ran is not None and not source:
        source = ran.run.strategies[0].source
    if not source:
        raise UsageError("say which strategy: --strategy, a --result that names it, or --backtest")
    if ran is None:
        kept = _checked(source, texts, wanted.name)
        lacking = [name for name in kept.parameters if name not in texts]
        if lacking and wanted.result.searched:
            raise UsageError(
                f"the search does not tell {', '.join(lacking)}, which it did not search: say "
                f"--param {lacking[0]}=VALUE, as it was, or --backtest"
            )
        return kept
    own = ran.run.strategies[0]
    if name_of(source) != name_of(own.source):
        raise UsageError(f"{wanted.backtest} ran {own.source}, and not {source}")
    kept = _checked(own.source, own.parameters, wanted.name or own.id)
    if kept.sha256 != own.sha256:
        raise DataError(f"{own.source} has changed since {wanted.backtest} ran it: run it again")
    other = _checked(own.source, {**own.parameters, **texts}, "").parameters
    for name, value in kept.parameters.items():
        if other[name] != value:
            raise UsageError(
                f"{wanted.backtest} ran with {name} = {value}, and not with {other[name]}: run the "
                "backtest with the parameters that are to be kept"
            )
    return kept


def _checked(source: str, texts: Mapping[str, str], name: str) -> StrategySpec:
    """With every parameter, those by default included: a default may be another one tomorrow."""
    kind, sha256 = load_kind(source)
    strategy = build(kind, texts)
    whole = {each.name: text_of(getattr(strategy, each.name)) for each in describe(kind)}
    return StrategySpec(StrategyId(name or name_of(source)), source, whole, (), sha256)


def _returns(wanted: Wanted) -> Days:
    if wanted.returns is not None and wanted.backtest is not None:
        raise UsageError("--returns and --backtest both tell daily returns: give one of them")
    if wanted.returns is not None:
        return days_in_csv(wanted.returns)
    return {} if wanted.backtest is None else days_of_backtest(wanted.backtest)


def _whole(days: Days) -> DailyReturns:
    """Raises DataError for a day that lacks in between."""
    first, last = min(days), max(days)
    for day in range(first, last + 1):
        if day not in days:
            raise DataError(
                f"there is no return for {day_text(day)}, between {day_text(first)} and "
                f"{day_text(last)}: give every day, 0 where nothing was held"
            )
    return DailyReturns.of(first, np.array(list(days.values())))

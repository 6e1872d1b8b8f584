"""Parameters: a snapshot made of what a search, a backtest and an account tell of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from thunes.adapters.git import commit_of
from thunes.adapters.storage.parameters import DailyReturns, ParameterSnapshot
from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.storage.reading import read_header
from thunes.compose.headers import read_header_of
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


class Result(msgspec.Struct, frozen=True):
    """What is taken from the JSON of `thunes optimize` or `thunes backtest`; the rest is left."""

    strategy: str | dict[str, Any] = ""
    parameters: dict[str, str | int | float | bool] | None = None
    best: Any = None
    trials: int | None = None
    dsr: float | None = None
    pbo: float | None = None
    sharpe: float | None = None
    in_sample: dict[str, Any] = {}
    out_of_sample: dict[str, Any] = {}
    verdict: str = ""
    reasons: list[str | dict[str, Any]] = []
    data: str = ""


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


def read_result(text: str, where: str) -> Result:
    """Raises DataError for what is no such JSON."""
    try:
        return msgspec.json.decode(text, type=Result)
    except msgspec.DecodeError as error:
        raise DataError(
            f"{where} is not what optimize or backtest print as JSON: {error}"
        ) from error


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
        data_hash=_data(ran) if ran is not None else result.data,
        trials=wanted.trials if wanted.trials is not None else result.trials,
        in_sample={**_searched(result), **wanted.in_sample},
        out_of_sample={**_figures(result.out_of_sample), **wanted.out_of_sample},
        sharpe_7d=sharpe_until(lived, max(lived, default=0), WEEK),
        sharpe_30d=sharpe_until(lived, max(lived, default=0), _MONTH),
        backtest_sharpe=kept if kept is not None else result.sharpe,
        verdict=wanted.verdict or result.verdict,
        reasons=tuple(_said(each) for each in result.reasons),
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
    told, result = wanted.result.strategy, wanted.result
    named = told if isinstance(told, str) else str(told.get("name", ""))
    given = result.parameters
    if given is None and isinstance(told, dict):
        given = told.get("parameters", {})
    texts = {name: _text(value) for name, value in (given or {}).items()} | dict(wanted.parameters)
    source = wanted.strategy or named or (ran.run.strategies[0].source if ran else "")
    if not source:
        raise UsageError("say which strategy: --strategy, a --result that names it, or --backtest")
    if ran is None:
        return _checked(source, texts, wanted.name)
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
    whole = {each.name: _text(getattr(strategy, each.name)) for each in describe(kind)}
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


def _data(ran: Header) -> str:
    """The bars of all symbols in one hash."""
    return sha256("".join(f"{s} {ran.tape[s]}\n" for s in sorted(ran.tape)).encode()).hexdigest()


def _searched(result: Result) -> dict[str, float]:
    best = result.best if isinstance(result.best, dict) else {"score": result.best}
    return _figures({**result.in_sample, **best, "dsr": result.dsr, "pbo": result.pbo})


def _figures(told: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among what was told."""
    return {
        name: float(value)
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _said(reason: str | dict[str, Any]) -> str:
    return reason if isinstance(reason, str) else str(reason.get("text", ""))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Results: what a search, a walk forward or a backtest printed as JSON, as far as it is kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from thunes.core.domain.errors import DataError

_GRAVEST = ("REJECT", "HOLD", "PROMOTE")
_OF_SEARCH = ("dsr", "pbo", "spa", "path_low", "doubled_costs", "trials_effective")
_OF_WALK = (
    *("sharpe", "total_return", "max_drawdown", "hold_return", "efficiency", "positive"),
    *("psr", "dsr"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What was chosen, and on what evidence; figures by name, Sharpe ratios a year. Of parameters
    that a `searched` one does not tell nobody knows whether they were the defaults. `data` is the
    hash of the bars."""

    strategy: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    trials: int | None = None
    in_sample: Mapping[str, float] = field(default_factory=dict)
    out_of_sample: Mapping[str, float] = field(default_factory=dict)
    backtest_sharpe: float | None = None
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    searched: bool = False
    data: str = ""


class _Told(msgspec.Struct, frozen=True):
    """The fields that are looked at; the rest is left."""

    strategy: str | dict[str, Any] = ""
    parameters: dict[str, str | int | float | bool] | None = None
    best: Any = None
    chosen: dict[str, Any] = {}
    trials: int | None = None
    trials_counted: int | None = None
    sharpe: float | None = None
    windows: list[Any] | None = None
    verdict: str = ""
    reasons: list[str | dict[str, Any]] = []
    data: str = ""


def read_result(text: str, where: str) -> Result:
    """Raises DataError for what is no such JSON."""
    try:
        told = msgspec.json.decode(text, type=_Told)
        plain = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise DataError(
            f"{where} is not what optimize, walkforward or backtest print as JSON: {error}"
        ) from error
    named, given = told.strategy, told.parameters or {}
    if isinstance(named, dict):  # a backtest tells the parameters with the name
        given = named.get("parameters") or given
    walked = told.windows is not None
    best = told.chosen or (told.best if isinstance(told.best, dict) else {"score": told.best})
    searched = {**best, **{name: plain.get(name) for name in _OF_SEARCH}}
    searched.pop("number", None)  # of the trial, which is no figure
    return Result(
        strategy=named if isinstance(named, str) else str(named.get("name", "")),
        parameters={name: text_of(value) for name, value in given.items()},
        trials=told.trials_counted or told.trials,
        in_sample={} if walked else _figures(searched),
        out_of_sample=_figures({name: plain.get(name) for name in _OF_WALK}) if walked else {},
        backtest_sharpe=None if walked else told.sharpe,
        verdict=told.verdict,
        reasons=tuple(
            each if isinstance(each, str) else str(each.get("text", "")) for each in told.reasons
        ),
        searched="study" in plain,
        data=told.data,
    )


def merged(results: Sequence[Result]) -> Result:
    """What they tell together: the first that says it, all figures, the gravest verdict."""
    verdicts = [each.verdict for each in results if each.verdict]
    return Result(
        strategy=next((each.strategy for each in results if each.strategy), ""),
        parameters=next((each.parameters for each in results if each.parameters), {}),
        trials=next((each.trials for each in results if each.trials is not None), None),
        in_sample={name: v for each in results for name, v in each.in_sample.items()},
        out_of_sample={name: v for each in results for name, v in each.out_of_sample.items()},
        backtest_sharpe=next(
            (each.backtest_sharpe for each in results if each.backtest_sharpe is not None), None
        ),
        verdict=min(verdicts, key=_gravity, default=""),
        reasons=tuple(text for each in results for text in each.reasons),
        searched=any(each.searched for each in results),
        data=next((each.data for each in results if each.data), ""),
    )


def text_of(value: object) -> str:
    """A parameter as a strategy takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _gravity(verdict: str) -> int:
    """A word that nobody knows promotes nothing."""
    return _GRAVEST.index(verdict) if verdict in _GRAVEST else 0


def _figures(told: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among what was told."""
    return {
        name: float(value)
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }

"""`thunes parameters keep|decay`: add a snapshot, and ask whether what it promised still comes."""

import json
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from thunes.cli.parameters import PATH, AsJson, Versions, app, found, warn

if TYPE_CHECKING:
    from thunes.adapters.storage.parameters import Kept
    from thunes.compose.parameters import Result, Wanted
    from thunes.ops.daily_returns import Days

_Texts = list[str] | None
_File = Path | None


class By(StrEnum):
    """Which rule is asked."""

    ANY = "any"
    CUSUM = "cusum"
    WEEK = "week"


_Strategy = Annotated[str, Option(help="A name of `thunes strategies`, or FILE.py:Class.")]
_Param = Annotated[_Texts, Option(help="NAME=VALUE of the strategy. May repeat.")]
_Name = Annotated[str, Option(help="What it is called where it runs. Default: as it is.")]
_ResultOf = Annotated[
    str | None, Option(help="What `thunes optimize --json` printed: a file, or - to read it.")
]
_Backtest = Annotated[
    _File, Option(help="The journal of a backtest: its parameters, hashes and daily returns.")
]
_Returns = Annotated[
    _File, Option(help="Daily returns instead: a CSV with the columns date and return.")
]
_State = Annotated[_File, Option(help="An account that trades by them: Sharpe of its last days.")]
_Trials = Annotated[int | None, Option(min=1, help="How many were tried.")]
_Verdict = Annotated[str, Option(help="PROMOTE, HOLD or REJECT. Default: the result's.")]
_In = Annotated[_Texts, Option(help="A figure in sample, NAME=NUMBER as sharpe=1.8. May repeat.")]
_Out = Annotated[_Texts, Option(help="A figure out of sample, NAME=NUMBER. May repeat.")]
_Notes = Annotated[str, Option(help="Whatever is worth knowing.")]


@app.command()
def keep(
    strategy: _Strategy = "",
    param: _Param = None,
    name: _Name = "",
    result: _ResultOf = None,
    backtest: _Backtest = None,
    returns: _Returns = None,
    state: _State = None,
    trials: _Trials = None,
    verdict: _Verdict = "",
    in_sample: _In = None,
    out_of_sample: _Out = None,
    notes: _Notes = "",
    versions: Versions = PATH,
    as_json: AsJson = False,
) -> None:
    """Keep a snapshot: strategy, parameters, hashes, git commit, figures, verdict, daily returns.

    What is not promoted is kept as well, and told. Exit code 0: kept, 1: failed, 2: asked wrongly.

    Example: thunes parameters keep --result optimize.json --backtest runs/best --notes "first"
    """
    from thunes.compose.parameters import Wanted
    from thunes.core.domain.amounts import pairs

    wanted = Wanted(
        strategy=strategy,
        parameters=pairs("--param", param or []),
        name=name,
        result=_result(result),
        backtest=backtest,
        returns=returns,
        state=state,
        trials=trials,
        verdict=_verdict(verdict),
        in_sample=_numbers("--in-sample", in_sample or []),
        out_of_sample=_numbers("--out-of-sample", out_of_sample or []),
        notes=notes,
    )
    _keep(wanted, versions, as_json=as_json)


@app.command()
def decay(
    place: Annotated[
        Path,
        Argument(
            metavar="DIR|CSV",
            help="A state directory, a journal, or daily returns (columns date and return).",
            show_default=False,
        ),
    ],
    snapshot: Annotated[int | None, Option(min=1, help="Default: the strategy's newest.")] = None,
    strategy: Annotated[str | None, Option(help="Which, where several trade.")] = None,
    start: Annotated[
        str | None, Option("--from", help="First UTC day. Default: after the kept returns.")
    ] = None,
    days_between: Annotated[
        int, Option(min=30, max=36_500, help="Days between false alarms of the CUSUM.")
    ] = 730,
    by: Annotated[By, Option(help="Whose alarm counts for the exit code.")] = By.ANY,
    versions: Versions = PATH,
    as_json: AsJson = False,
) -> None:
    """Ask whether a strategy still earns what its backtest did, day by day.

    A CUSUM of daily returns alarms at a stated rate where nothing is wrong; a Sharpe ratio of 7
    days below 1 on three days in a row is told with how often it does.
    Exit code 0: no alarm, 1: an alarm, or something failed, 2: asked wrongly.

    Example: thunes parameters decay var --by cusum
    """
    from dataclasses import replace

    from thunes.cli.decay_text import decay_json, print_decay
    from thunes.ops.decay import judge_decay

    kept, notes = _whose(place, snapshot, strategy, versions)
    lived = _lived(place, kept, start, notes)
    returns = kept.snapshot.returns
    judged = judge_decay(None if returns is None else returns.values, lived, days_between)
    judged = replace(judged, notes=tuple(notes))
    if as_json:
        typer.echo(json.dumps({"snapshot": kept.number} | decay_json(judged), ensure_ascii=False))
    else:
        title = f"{kept.snapshot.strategy_id}, against snapshot {kept.number}"
        print_decay(judged, title)
    cusum = judged.drift is not None and judged.drift.alarm is not None
    alarms = {By.ANY: cusum or judged.weeks.alarm, By.CUSUM: cusum, By.WEEK: judged.weeks.alarm}
    raise typer.Exit(1 if alarms[by] else 0)


def _keep(wanted: "Wanted", versions: Path, *, as_json: bool) -> None:
    from thunes.adapters.storage.parameters import ParameterVersions
    from thunes.cli.parameters_text import print_snapshot, snapshot_json
    from thunes.compose.parameters import snapshot_of
    from thunes.core.domain.units import Instant

    made = snapshot_of(wanted, Instant(time.time_ns()))
    kept = ParameterVersions(versions).append(made)
    if as_json:
        typer.echo(json.dumps(snapshot_json(kept), ensure_ascii=False))
    else:
        print_snapshot(kept)
        typer.echo(f"kept: {versions}")
    warn(kept)


def _whose(
    place: Path, number: int | None, strategy: str | None, versions: Path
) -> "tuple[Kept, list[str]]":
    """The snapshot to judge by; and where what runs differs from it, that."""
    from thunes.compose.parameters import strategies_in
    from thunes.core.domain.errors import UsageError

    running = strategies_in(place)
    if strategy is None and number is None and len(running) > 1:
        names = ", ".join(each.id for each in running)
        raise UsageError(f"{place} trades {names}: say which one with --strategy")
    if strategy is None and number is None and running:
        strategy = running[0].id
    kept = found(versions, number, strategy)
    notes = []
    for each in running:
        if each.id == kept.snapshot.strategy_id:
            wanted = kept.snapshot.parameters
            notes += [
                f"{name} = {value} where it trades, and {wanted.get(name)} in the snapshot"
                for name, value in each.parameters.items()
                if wanted.get(name) != value
            ]
    return kept, notes


def _lived(place: Path, kept: "Kept", start: str | None, notes: list[str]) -> "Days":
    """The days to judge: none that the snapshot was made from, unless they are asked for."""
    from thunes.cli.times import window_asked
    from thunes.compose.parameters import lived_days
    from thunes.core.domain.errors import UsageError
    from thunes.core.domain.units import NS_PER_DAY, StrategyId

    lived = lived_days(place, StrategyId(kept.snapshot.strategy_id))
    returns, (first, _) = kept.snapshot.returns, window_asked(start, None)
    since = min(lived, default=0) if first is None else -(-first // NS_PER_DAY)
    if first is None and returns is not None:
        since = returns.last_day + 1
    judged = {day: value for day, value in lived.items() if day >= since}
    if len(judged) < len(lived) and first is None:
        notes.append(f"{len(lived) - len(judged)} days that the snapshot was made from: left out")
    if not judged:
        raise UsageError(
            f"{place} holds no whole day to judge ({len(lived)} days in all): a day is whole when "
            "a bar of the next one closes; --from says from which day on"
        )
    return judged


def _result(place: str | None) -> "Result":
    from thunes.compose.parameters import Result, read_result
    from thunes.core.domain.errors import UsageError

    if place is None:
        return Result()
    if place == "-":
        return read_result(sys.stdin.read(), "standard input")
    try:
        return read_result(Path(place).read_text("utf-8"), place)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--result {place} cannot be read: {error}") from error


def _verdict(text: str) -> str:
    from thunes.core.domain.errors import UsageError
    from thunes.research.verdict import Verdict

    if text and text not in list(Verdict):
        raise UsageError(f"--verdict {text!r} is none of {', '.join(Verdict)}")
    return text


def _numbers(flag: str, texts: Sequence[str]) -> dict[str, float]:
    from thunes.core.domain.amounts import number, pairs

    return {
        name: float(number(f"{flag} {name}", value)) for name, value in pairs(flag, texts).items()
    }

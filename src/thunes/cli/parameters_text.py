"""How the verbs of `thunes parameters` tell what they found: tables with units, or plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from thunes.adapters.storage.parameters import Kept, ParameterSnapshot
from thunes.core.domain.units import format_instant
from thunes.ops.daily_returns import day_text
from thunes.ops.decay import CRITICAL, IN_A_ROW, LEAST, Decay

_NONE = "-"
_SHORT = 12  # digits of a hash on the terminal
_UNJUDGED = "not judged"


def snapshot_json(kept: Kept, *, whole: bool = False) -> dict[str, Any]:
    """A snapshot as plain values; `whole` with every daily return."""
    one = kept.snapshot
    told: dict[str, Any] = {"number": kept.number}
    told |= {name: getattr(one, name) for name in one.__struct_fields__}
    told["timestamp"] = format_instant(one.timestamp)
    told["promoted"] = one.promoted
    told["returns"] = None
    if one.returns is not None:
        first, last = day_text(one.returns.first_day), day_text(one.returns.last_day)
        told["returns"] = {"first": first, "last": last, "days": one.returns.values.size}
        if whole:
            told["returns"]["daily"] = one.returns.values.tolist()
    return told


def print_history(kept: Sequence[Kept]) -> None:
    table = Table()
    table.add_column("number", justify="right")
    for name in ("kept (UTC)", "strategy", "parameters", "verdict"):
        table.add_column(name, overflow="fold")
    for name in ("trials", "backtest", "30 days", "7 days"):
        table.add_column(name, justify="right")
    for number, one in kept:
        sharpes = (one.backtest_sharpe, one.sharpe_30d, one.sharpe_7d)
        table.add_row(
            str(number),
            format_instant(one.timestamp)[:16].replace("T", " "),
            one.strategy_id,
            _pairs(one.parameters),
            one.verdict or _UNJUDGED,
            _NONE if one.trials is None else f"{one.trials:,}",
            *map(_figure, sharpes),
        )
    console = _console()
    console.print(table, highlight=False)
    console.print(
        "Sharpe ratios a year (365 days): backtest, last 30 and 7 days lived", style="dim"
    )


def print_snapshot(kept: Kept) -> None:
    table = Table(title=f"snapshot {kept.number}", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows_of(kept.snapshot):
        table.add_row(name, value)
    _console().print(table, highlight=False)


def print_compared(one: Kept, other: Kept) -> None:
    """Side by side; what differs is marked."""
    left, right = dict(rows_of(one.snapshot)), dict(rows_of(other.snapshot))
    table = Table()
    for name in ("", f"snapshot {one.number}", f"snapshot {other.number}", ""):
        table.add_column(name, overflow="fold")
    for name in dict.fromkeys([*left, *right]):
        values = left.get(name, _NONE), right.get(name, _NONE)
        table.add_row(name, *values, "" if values[0] == values[1] else "differs")
    _console().print(table, highlight=False)


def compared_json(one: Kept, other: Kept) -> dict[str, Any]:
    """Both, and by name what differs."""
    left, right = snapshot_json(one), snapshot_json(other)
    apart: dict[str, Any] = {
        name: [left[name], right[name]] for name in left if left[name] != right[name]
    }
    ours, theirs = one.snapshot.parameters, other.snapshot.parameters
    apart["parameters"] = {
        name: [ours.get(name), theirs.get(name)]
        for name in dict.fromkeys([*ours, *theirs])
        if ours.get(name) != theirs.get(name)
    }
    return {"snapshots": [left, right], "differs": apart}


def rows_of(one: ParameterSnapshot) -> list[tuple[str, str]]:
    """What a snapshot tells, in lines of name and value."""
    return [
        ("kept (UTC)", format_instant(one.timestamp)),
        ("strategy", one.strategy_id),
        ("source", one.source),
        *((f"parameter {name}", value) for name, value in one.parameters.items()),
        ("verdict", one.verdict or _UNJUDGED),
        *((f"reason {place}", text) for place, text in enumerate(one.reasons, start=1)),
        ("trials", _NONE if one.trials is None else f"{one.trials:,}"),
        ("Sharpe of the backtest (a year)", _figure(one.backtest_sharpe)),
        ("Sharpe of 30 days lived (a year)", _figure(one.sharpe_30d)),
        ("Sharpe of 7 days lived (a year)", _figure(one.sharpe_7d)),
        *((f"in sample: {name}", f"{value:.6g}") for name, value in one.in_sample.items()),
        *((f"out of sample: {name}", f"{value:.6g}") for name, value in one.out_of_sample.items()),
        ("daily returns", _span(one)),
        ("git commit", one.git_sha or _NONE),
        ("SHA-256 of the strategy file", one.strategy_hash[:_SHORT] or _NONE),
        ("SHA-256 of the bars", one.data_hash[:_SHORT] or _NONE),
        ("notes", one.notes or _NONE),
    ]


def _span(one: ParameterSnapshot) -> str:
    if one.returns is None:
        return "none kept"
    first, last = day_text(one.returns.first_day), day_text(one.returns.last_day)
    return f"{one.returns.values.size:,} from {first} to {last}"


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _pairs(parameters: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in parameters.items())


def decay_json(found: Decay) -> dict[str, Any]:
    """Both rules as plain values; ratios are a year, returns fractions."""
    weeks, drift = found.weeks, found.drift
    return {
        "days": len(found.lived),
        "first": day_text(min(found.lived)),
        "last": day_text(max(found.lived)),
        "missing": found.missing,
        "cusum": None
        if drift is None
        else {
            "alarm": drift.alarm is not None,
            "since": None if drift.alarm is None else day_text(drift.alarm),
            "level": drift.level,
            "threshold": drift.watch.threshold,
            "days_between_false_alarms": drift.watch.days_between_false_alarms,
            "days_to_detect": drift.watch.days_to_detect,
        },
        "week": {
            "alarm": weeks.alarm,
            "critical": weeks.critical,
            "sharpe_7d": weeks.newest,
            "days_below": weeks.below,
            "healthy_share": None if found.healthy is None else found.healthy.share,
            "healthy_days_until": None if found.healthy is None else found.healthy.days_until,
            "sharpes": {day_text(day): value for day, value in weeks.sharpes.items()},
        },
        "why": found.why,
        "notes": [*found.notes, found.said],
    }


def print_decay(found: Decay, title: str) -> None:
    weeks, drift = found.weeks, found.drift
    table = Table(title=title, title_justify="left")
    for name in ("rule", "value", "limit", "verdict"):
        table.add_column(name, overflow="fold")
    if drift is None:
        table.add_row("CUSUM of daily returns", _NONE, _NONE, "not measured")
    else:
        said = "no alarm" if drift.alarm is None else f"ALARM since {day_text(drift.alarm)}"
        watch = drift.watch
        limit = f"{watch.threshold:.1f} standard deviations"
        table.add_row("CUSUM of daily returns", f"{drift.level:.1f}", limit, said)
        between, detect = watch.days_between_false_alarms, watch.days_to_detect
        table.add_row("  mean days between false alarms", f"{between:,.0f} days", "", "")
        table.add_row("  mean days until a lost edge is found", f"{detect:,.0f} days", "", "")
    said = "CRITICAL" if weeks.critical else "ALARM" if weeks.alarm else "no alarm"
    limit = f"{LEAST:g} a year (critical {CRITICAL:g})"
    table.add_row("Sharpe ratio of 7 days", _figure(weeks.newest), limit, "")
    days = f"{weeks.below} days"
    table.add_row("  below in a row, by distinct days", days, f"{IN_A_ROW} days", said)
    console = _console()
    console.print(table, highlight=False)
    span = f"{day_text(min(found.lived))} to {day_text(max(found.lived))}"
    lack = f", {found.missing} without a closing" if found.missing else ""
    console.print(f"{len(found.lived)} days lived, {span}{lack}", highlight=False)
    for text in (found.why, *found.notes, found.said):
        if text:
            console.print(text, highlight=False, markup=False)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=140)

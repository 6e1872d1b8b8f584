"""How the verbs of `thunes parameters` tell what they found: tables with units, or plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from thunes.adapters.storage.parameters import Kept, ParameterSnapshot
from thunes.cli.wide import NONE, console, figure
from thunes.core.domain.units import format_instant
from thunes.ops.daily_returns import day_text

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
            NONE if one.trials is None else f"{one.trials:,}",
            *map(figure, sharpes),
        )
    shown = console()
    shown.print(table, highlight=False)
    shown.print("Sharpe ratios a year (365 days): backtest, last 30 and 7 days lived", style="dim")


def print_snapshot(kept: Kept) -> None:
    table = Table(title=f"snapshot {kept.number}", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _rows(kept.snapshot):
        table.add_row(name, value)
    console().print(table, highlight=False)


def print_compared(one: Kept, other: Kept) -> None:
    """Side by side; what differs is marked."""
    left, right = dict(_rows(one.snapshot)), dict(_rows(other.snapshot))
    table = Table()
    for name in ("", f"snapshot {one.number}", f"snapshot {other.number}", ""):
        table.add_column(name, overflow="fold")
    for name in dict.fromkeys([*left, *right]):
        values = left.get(name, NONE), right.get(name, NONE)
        table.add_row(name, *values, "" if values[0] == values[1] else "differs")
    console().print(table, highlight=False)


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


def _rows(one: ParameterSnapshot) -> list[tuple[str, str]]:
    """What a snapshot tells, in lines of name and value."""
    return [
        ("kept (UTC)", format_instant(one.timestamp)),
        ("strategy", one.strategy_id),
        ("source", one.source),
        *((f"parameter {name}", value) for name, value in one.parameters.items()),
        ("verdict", one.verdict or _UNJUDGED),
        *((f"reason {place}", text) for place, text in enumerate(one.reasons, start=1)),
        ("trials", NONE if one.trials is None else f"{one.trials:,}"),
        ("Sharpe of the backtest (a year)", figure(one.backtest_sharpe)),
        ("Sharpe of 30 days lived (a year)", figure(one.sharpe_30d)),
        ("Sharpe of 7 days lived (a year)", figure(one.sharpe_7d)),
        *((f"in sample: {name}", f"{value:.6g}") for name, value in one.in_sample.items()),
        *((f"out of sample: {name}", f"{value:.6g}") for name, value in one.out_of_sample.items()),
        ("daily returns", _span(one)),
        ("git commit", one.git_sha or NONE),
        ("SHA-256 of the strategy file", one.strategy_hash[:_SHORT] or NONE),
        ("SHA-256 of the bars", one.data_hash[:_SHORT] or NONE),
        ("notes", one.notes or NONE),
    ]


def _span(one: ParameterSnapshot) -> str:
    if one.returns is None:
        return "none kept"
    first, last = day_text(one.returns.first_day), day_text(one.returns.last_day)
    return f"{one.returns.values.size:,} from {first} to {last}"


def _pairs(parameters: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in parameters.items())

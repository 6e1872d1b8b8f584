"""How `thunes parameters decay` tells what it found: a table with units, or plain values."""

from typing import Any

from rich.table import Table

from thunes.cli.wide import NONE, console, figure
from thunes.ops.daily_returns import day_text
from thunes.ops.decay import Decay
from thunes.ops.week_rule import CRITICAL, IN_A_ROW, LEAST


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
        table.add_row("CUSUM of daily returns", NONE, NONE, "not measured")
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
    table.add_row("Sharpe ratio of 7 days", figure(weeks.newest), limit, "")
    days = f"{weeks.below} days"
    table.add_row("  below in a row, by distinct days", days, f"{IN_A_ROW} days", said)
    shown = console()
    shown.print(table, highlight=False)
    span = f"{day_text(min(found.lived))} to {day_text(max(found.lived))}"
    lack = f", {found.missing} without a closing" if found.missing else ""
    shown.print(f"{len(found.lived)} days lived, {span}{lack}", highlight=False)
    for text in (found.why, *found.notes, found.said):
        if text:
            shown.print(text, highlight=False, markup=False)

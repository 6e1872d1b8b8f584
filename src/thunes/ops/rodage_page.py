"""The report of a rodage as a page and as JSON."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.adapters.pages import render, write_page
from thunes.core.domain.units import NS_PER_DAY, format_instant
from thunes.ops.drawing import bars_of, line_of
from thunes.ops.evidence import Criterion, Evidence, Verdict
from thunes.ops.go_no_go import decision
from thunes.ops.lived_days import Day
from thunes.ops.parity_page import as_json as certificate_json
from thunes.ops.parity_page import style, words_of
from thunes.ops.uptime import recoveries
from thunes.simulation.notes import Happened

_TEMPLATE = files("thunes.ops").joinpath("rodage.html.j2")
_SIGN = {Verdict.GO: "good", Verdict.NO_GO: "bad", Verdict.NOT_MEASURED: "open"}


def as_json(found: Evidence, criteria: Sequence[Criterion]) -> dict[str, Any]:
    """The report for a program."""
    record = found.record
    return {
        "verdict": decision(criteria).value,
        "from": format_instant(found.start),
        "to": format_instant(found.end),
        "hours": found.hours,
        "criteria": [{**each._asdict(), "verdict": each.verdict.value} for each in criteria],
        "days": list(_days(found)),
        "faults": list(_faults(found)),
        "sharpe": {**record._asdict(), "said": record.said},
        "refused_by_risk": dict(found.days.gates),
        "naked_s": {name: max(each) for name, each in found.seen.times.items() if each},
        "invariants": {
            "checks": sum(found.seen.checks.values()),
            "broken": [each.text for each in found.seen.broken],
        },
        "trace": found.seen.trace,
        "parity": certificate_json(found.certificate),
    }


def write_rodage(
    found: Evidence, criteria: Sequence[Criterion], words: tuple[str, Sequence[str]], path: Path
) -> None:
    """Write the page; `words` are its title and how the run was made. UsageError without the extra
    `report`, ThunesError where it cannot be written."""
    title, made = words
    verdict = decision(criteria)
    counts = {each.value: sum(c.verdict is each for c in criteria) for each in Verdict}
    page = {
        "title": title,
        "made": made,
        "style": style(),
        "verdict": verdict.value,
        "sign": _SIGN[verdict],
        "counts": counts,
        "period": f"{format_instant(found.start)} to {format_instant(found.end)}",
        "criteria": [(each, _SIGN[each.verdict]) for each in criteria],
        "record": found.record,
        "equity": line_of([float(value) for _, value in found.equity]),
        "trades": bars_of(sorted(float(each) for each in found.days.earned)),
        "days": list(_days(found)),
        "faults": list(_faults(found)),
        "gates": found.days.gates.most_common(),
        "gaps": [(format_instant(g.start)[:19], f"{g.seconds:.1f}", g.why) for g in found.gaps],
        "parity": words_of(found.certificate),
    }
    write_page(path, render(_TEMPLATE, page))


def _days(found: Evidence) -> Iterator[dict[str, Any]]:
    """One row a UTC day."""
    equity = {at // NS_PER_DAY: value for at, value in found.equity}
    for number in sorted({*found.days.days, *equity}):
        day = found.days.days.get(number, Day())
        notes = [note for note in found.notes if note.at // NS_PER_DAY == number]
        gaps = [gap.seconds for gap in found.gaps if gap.start // NS_PER_DAY == number]
        worth = equity.get(number)
        yield {
            "day": format_instant(number * NS_PER_DAY)[:10],
            "equity": "" if worth is None else f"{worth:.2f}",
            "pnl": f"{day.pnl:+.4f}",
            "trades": day.trades,
            "won": day.won,
            "orders": day.orders,
            "rejected": day.rejected,
            "refused_by_risk": day.refused_by_risk,
            "failed_requests": day.failed_requests,
            "halts": day.halts,
            "reconnections": sum(note.what is Happened.RECONNECTED for note in notes),
            "deaths": sum(note.what is Happened.DIED for note in notes),
            "down_s": round(sum(gaps), 1),
        }


def _faults(found: Evidence) -> Iterator[dict[str, Any]]:
    """Each fault that struck, how often, and what became of it."""
    broken = ", ".join(dict.fromkeys(each.name for each in found.seen.broken))
    for name, count in found.seen.faults.items():
        took = list(recoveries(found.notes, name))
        well = [each for each in took if each is not None]
        if took and len(well) < len(took):
            became = f"{len(took) - len(well)} not recovered from"
        elif well:
            became = f"all well again, the slowest after {max(well):.1f} s"
        else:
            became = f"broken: {broken}" if broken else "outlived: every invariant held"
        yield {"fault": name, "struck": count, "became": became}

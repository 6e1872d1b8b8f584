"""Lives through a rodage as it was asked for, judges it, and tells the verdict."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path

from rich.console import Console
from rich.table import Table

from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.storage.reading import read_steps
from thunes.cli.flags import RunFlags
from thunes.cli.taped import tape_in
from thunes.compose.parity import Second, parity
from thunes.compose.rodage import HISTORY_BARS, Lived, Rodage, live_through
from thunes.compose.rules import rules_of
from thunes.config import load_config
from thunes.config.loading import Loaded, load, without_file
from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import decode_line
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Instant,
    Symbol,
    format_instant,
    format_timeframe,
)
from thunes.ops.evidence import Criterion, Evidence, Verdict
from thunes.ops.go_no_go import decision, judge
from thunes.ops.lived_days import LivedDays
from thunes.ops.rodage_page import as_json, write_rodage
from thunes.ops.seven_days import short_record
from thunes.ops.uptime import gaps
from thunes.sandbox.instruments import LISTED
from thunes.simulation.faults import Faults
from thunes.simulation.market import Recipe, synthesize
from thunes.simulation.plan import read_plan, shipped_plan

_MINUTE_NS = 60 * NS_PER_SECOND
_SYMBOLS = ("BTCUSDT", "ETHUSDT")
_COLORS = {Verdict.GO: "green", Verdict.NO_GO: "red", Verdict.NOT_MEASURED: "yellow"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    hours: float
    tape: Path | None
    synthetic: bool
    seed: int
    faults: Path | None
    state: Path
    report: Path | None
    config: Path | None
    flags: RunFlags
    as_json: bool


def live_asked(asked: Asked) -> bool:
    """Live through it, judge it, tell of it; whether it is a GO."""
    journal = asked.state / JOURNAL
    _refuse(asked, journal)
    rodage = _rodage(asked)
    days: list[str] = []

    def told(at: Instant) -> None:
        day = format_instant(at)[:10]
        if day not in days:
            days.append(day)
            print(f"{day} ...", file=sys.stderr)

    lived = live_through(rodage, journal, (lambda _: None) if asked.as_json else told)
    found = _evidence(lived, journal, reported=asked.report is not None)
    criteria = judge(found)
    if asked.report is not None:
        market = str(asked.tape) if asked.tape else f"made-up market, seed {asked.seed}"
        plan = str(asked.faults) if asked.faults else "the plan of faults that THUNES brings"
        traded = ", ".join(each.id for each in rodage.spec.strategies)
        made = [market, plan, f"{traded} on {', '.join(rodage.columns)}", str(journal)]
        write_rodage(found, criteria, (f"Rodage of {found.hours:g} hours", made), asked.report)
    if asked.as_json:
        print(json.dumps(as_json(found, criteria), ensure_ascii=False))
    else:
        _tell(asked, criteria)
    return decision(criteria) is Verdict.GO


def _refuse(asked: Asked, journal: Path) -> None:
    if asked.tape is not None and asked.synthetic:
        raise UsageError("--tape names a recorded market and --synthetic makes one up: give one")
    if journal.exists():
        raise UsageError(
            f"{journal} exists already, and a rodage cannot go on where one ended: its exchange "
            "is gone. Give --state a new directory"
        )


def _rodage(asked: Asked) -> Rodage:
    timeframe, instruments, columns = _market(asked)
    loaded = _configured(asked, timeframe, tuple(columns))
    spec = rules_of(loaded, instruments)

    def plan(start: Instant) -> Faults:
        return shipped_plan(start) if asked.faults is None else read_plan(asked.faults, start)

    plan(Instant(0))  # what is wrong with it is told at once
    return Rodage(spec, loaded.config.account.cash, columns, asked.hours, asked.seed, plan)


def _configured(asked: Asked, timeframe: int, symbols: tuple[Symbol, ...]) -> Loaded:
    """The configuration, if one is named, on the symbols and bars of this market."""
    flags = replaced(asked.flags, symbols=symbols, timeframe=format_timeframe(timeframe)).said()
    return without_file({}, flags) if asked.config is None else load(asked.config, flags)


def _market(
    asked: Asked,
) -> tuple[int, tuple[Instrument, ...], Mapping[Symbol, BarColumns]]:
    if asked.tape is not None:
        tape = tape_in(asked.tape, asked.flags.symbols)
        return tape.timeframe, tuple(tape.instruments), tape.bars
    names = asked.flags.symbols or _SYMBOLS
    if not asked.flags.symbols and asked.config is not None:
        names = load_config(asked.config).run.symbols
    if strange := [name for name in names if name not in LISTED]:
        raise UsageError(
            f"--symbol {', '.join(strange)}: a made-up market has {', '.join(LISTED)}; give --tape "
            "for others"
        )
    bars = HISTORY_BARS + int(asked.hours * 60)
    columns = {
        Symbol(name): synthesize(
            Recipe(
                seed=asked.seed + place,
                bars=bars,
                timeframe=_MINUTE_NS,
                start_price=LISTED[name][1],
            )
        )
        for place, name in enumerate(names)
    }
    return _MINUTE_NS, tuple(LISTED[name][0] for name in names), columns


def _evidence(lived: Lived, journal: Path, *, reported: bool) -> Evidence:
    days = LivedDays()
    for _, data in read_steps(journal):
        days(decode_line(data))
    return Evidence(
        start=lived.start,
        end=lived.end,
        days=days,
        gaps=gaps(lived.notes, lived.start, lived.end),
        notes=lived.notes,
        seen=lived.verdict,
        drill=lived.drill,
        record=short_record(lived.equity),
        certificate=parity(journal, None, True, Second()),
        equity=lived.equity,
        bars=lived.bars,
        memory_bytes=lived.memory_bytes,
        reported=reported,
    )


def _tell(asked: Asked, criteria: list[Criterion]) -> None:
    console = Console()
    table = Table(title=f"Rodage of {asked.hours:g} hours", title_justify="left")
    for name in ("number", "criterion", "value", "limit", "verdict"):
        table.add_column(name, overflow="fold")
    for each in criteria:
        color = _COLORS[each.verdict]
        said = f"[{color}]{each.verdict.value}[/]"
        table.add_row(each.number, each.name, each.value, each.limit, said)
    console.print(table)
    for each in criteria:
        if each.verdict is Verdict.NO_GO or each.number == "F355":
            console.print(f"{each.number}, {each.name}: {each.why or each.value}", markup=False)
    if asked.report is not None:
        console.print(f"written: {asked.report}", soft_wrap=True)
    console.print(decision(criteria).value, style=_COLORS[decision(criteria)])

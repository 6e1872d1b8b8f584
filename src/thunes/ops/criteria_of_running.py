"""Criteria of running: duration, uptime, connections, data, processes, memory, protection."""

from collections.abc import Iterator

from thunes.ops.evidence import WEEK_H, Criterion, Evidence, Verdict, passed, texts
from thunes.ops.uptime import FORCED, recoveries
from thunes.simulation.lives import KILLED
from thunes.simulation.notes import Happened

UPTIME_MIN = 0.99
RECONNECTIONS_A_DAY = 5
MEMORY_MAX = 1_000_000_000
NAKED_S_MAX = 90.0


def of_running(found: Evidence) -> Iterator[Criterion]:
    """What a machine can be asked, whatever is traded on it."""
    yield from _time(found)
    yield from _connection(found)
    yield from _health(found)


def _time(found: Evidence) -> Iterator[Criterion]:
    hours, closings = found.hours, found.days.closings
    yield Criterion(
        "F348",
        "Duration",
        f"{hours:,.1f} h, {closings:,} checks",
        f"{WEEK_H} h",
        passed(hours >= WEEK_H),
        "lived through at high speed; a check is a closing of bars",
    )
    down = sum(gap.seconds for gap in found.gaps)
    longest = max((gap.seconds for gap in found.gaps), default=0.0)
    share = 1 - down / (hours * 3_600)
    budget = (1 - UPTIME_MIN) * hours * 60
    yield Criterion(
        "F349, F416",
        "Uptime",
        f"{share:.3%}: {down / 60:.1f} min down, {len(found.gaps)} times, {longest:.0f} s at most",
        f"> {UPTIME_MIN:.0%}: {budget:.1f} min down",
        passed(share > UPTIME_MIN),
        "down is every interval in which no process was ready to trade: dead, hanging, starting",
    )
    connected = sum(note.what is Happened.RECONNECTED for note in found.notes)
    weekly = 7 * RECONNECTIONS_A_DAY * max(1.0, hours / WEEK_H)
    yield Criterion(
        "F350",
        "Reconnections",
        f"{connected} ({connected / hours * 24:.1f} a day)",
        f"< {weekly:.0f} ({RECONNECTIONS_A_DAY} a day)",
        passed(connected < weekly),
    )


def _connection(found: Evidence) -> Iterator[Criterion]:
    took = [each for fault in FORCED for each in recoveries(found.notes, fault)]
    lost = [each for each in took if each is None]
    slowest = max((each for each in took if each is not None), default=0.0)
    yield Criterion(
        "F354",
        "Connected again after each disconnection",
        f"{len(took) - len(lost)} of {len(took)}, the slowest after {slowest:.1f} s",
        "all",
        passed(not lost) if took else Verdict.NOT_MEASURED,
        "" if took else "the plan disconnects nothing",
    )
    broken = [each for each in found.seen.broken if each.name in ("S6", "L4", "S26", "S39")]
    whole = found.days.bars == found.bars and not broken
    yield Criterion(
        "F354",
        "Data lost",
        f"{found.bars - found.days.bars} of {found.bars:,} bars, {len(broken)} ledgers apart",
        "0",
        passed(whole),
        "every fill of the exchange is in the books" if whole else texts(broken),
    )


def _health(found: Evidence) -> Iterator[Criterion]:
    died = [note.text for note in found.notes if note.what is Happened.DIED]
    bugs = [text for text in died if not text.startswith(KILLED)]
    yield Criterion(
        "F357",
        "Processes that ended by themselves",
        f"{len(bugs)} ({len(died) - len(bugs)} killed by the plan)",
        "0",
        passed(not bugs),
        "; ".join(bugs[:3]),
    )
    seen = found.seen
    looked = sum(seen.checks.values())
    yield Criterion(
        "F357",
        "Invariants (out of step with the exchange)",
        f"{len(seen.broken)} broken, {looked:,} checks of {len(seen.checks)}",
        "0",
        passed(seen.clean and not seen.duplicates),
        texts(seen.broken) or f"{seen.duplicates} orders bought twice",
    )
    yield Criterion(
        "F357",
        "Memory",
        f"{found.memory_bytes / 1e6:,.0f} MB",
        f"<= {MEMORY_MAX / 1e6:,.0f} MB",
        passed(found.memory_bytes <= MEMORY_MAX),
        "of the process with the made-up exchange and all that watches in it",
    )
    naked = [s for what, each in seen.times.items() if what.startswith("naked") for s in each]
    worst = max(naked, default=0.0)
    yield Criterion(
        "F144",
        "Worst time without a stop",
        f"{worst:.1f} s",
        f"<= {NAKED_S_MAX:.0f} s",
        passed(worst <= NAKED_S_MAX),
    )

"""Verdicts in words: tables for a person, plain values for a program, the story of a seed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from thunes.core.domain.event import AccountSeen, BarsClosed
from thunes.core.domain.units import Instant, format_instant
from thunes.ops.story import Storyteller
from thunes.simulation.campaign import Campaign
from thunes.simulation.case import Case
from thunes.simulation.chronicle import Moment, chronicle
from thunes.simulation.dashboard import figures
from thunes.simulation.tally import Tally
from thunes.simulation.verdict import Verdict

TOLD_IN_FULL = 3
LAST_WORDS = 12
LISTED = 20


@dataclass(frozen=True, slots=True)
class Campaigned:
    """A campaign, as far as it came, and the seconds that it took (0: not measured)."""

    campaign: Campaign
    tally: Tally
    wall_s: float = 0.0

    @classmethod
    def of(cls, case: Case, verdict: Verdict) -> "Campaigned":
        """A campaign of one seed."""
        seeds = range(case.seed, case.seed + 1)
        tally = Tally()
        tally.add(verdict)
        return cls(Campaign(seeds, case.profile, case.minutes, 1, case.without), tally)

    @property
    def complete(self) -> bool:
        return self.tally.seeds == len(self.campaign.seeds)

    @property
    def steps_per_s(self) -> float | None:
        return self.tally.steps / self.wall_s if self.wall_s else None


def campaign_json(done: Campaigned) -> dict[str, Any]:
    """A campaign as plain values."""
    campaign, tally = done.campaign, done.tally
    return {
        "profile": campaign.profile,
        "minutes": campaign.minutes,
        "start": campaign.seeds.start,
        "asked": len(campaign.seeds),
        "complete": done.complete,
        "seeds": tally.seeds,
        "simulated_days": tally.days,
        "steps": tally.steps,
        "steps_per_s": done.steps_per_s,
        "faults": dict(tally.faults),
        "crashes": tally.deaths,
        "checks": dict(tally.checks),
        "violations": len(tally.broken),
        "bound_95": None if tally.broken else tally.bound,
        "broken": [_broken_json(campaign, verdict) for verdict in tally.broken],
        "duplicates": tally.duplicates,
        "seconds": {what: spread._asdict() for what, spread in tally.spreads().items()},
        "probes": dict(tally.probes),
        "probes_missed": tally.missed,
        "trace": tally.trace,
    }


def _broken_json(campaign: Campaign, verdict: Verdict) -> dict[str, Any]:
    said = [{"name": b.name, "text": b.text, "at": format_instant(b.at)} for b in verdict.broken]
    return {
        "seed": verdict.seed,
        "invariants": said,
        "explain": command_for(campaign.case(verdict.seed), "--explain"),
    }


def print_campaign(done: Campaigned) -> None:
    """What a campaign came to; of the first seeds that broke something, what and how."""
    console, tally, campaign = Console(), done.tally, done.campaign
    title = (
        f"{campaign.profile}, {campaign.minutes} minutes a seed, from seed {campaign.seeds.start}"
    )
    if not done.complete:
        title += f"; {tally.seeds:,} of {len(campaign.seeds):,} seeds were finished"
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in figures(tally):
        table.add_row(name, value)
    if done.steps_per_s is not None:
        table.add_row("steps a second", f"{done.steps_per_s:,.0f} in {done.wall_s:,.1f} s")
    console.print(table)
    if tally.seeds:
        console.print(_seconds(tally))
        counts = [f"{name} {tally.faults[name]:,}" for name in sorted(tally.faults)]
        console.print("faults injected:", Columns(counts, column_first=True, padding=(0, 3)))
    for verdict in tally.broken[:TOLD_IN_FULL]:
        print_broken(campaign.case(verdict.seed), verdict, None)
    for name, seeds in tally.first_broken.items():
        more = ", ..." if len(seeds) > LISTED else ""
        said = ", ".join(str(seed) for seed in seeds[:LISTED]) + more
        console.print(f"broken first, {name}: seeds {said}", highlight=False, soft_wrap=True)


def _seconds(tally: Tally) -> Table:
    table = Table(title="seconds", title_justify="left")
    table.add_column("what")
    for name in ("times", "p50", "p99", "worst"):
        table.add_column(name, justify="right")
    for what, spread in tally.spreads().items():
        table.add_row(what, f"{spread.times:,}", *(f"{each:.2f}" for each in spread[1:]))
    return table


def print_broken(case: Case, verdict: Verdict, file: Path | None) -> None:
    """The first invariant that a seed broke, the last events before, and how to look further."""
    console = Console(soft_wrap=True, highlight=False)
    first = verdict.broken[0]
    console.print(
        f"\n[bold red]seed {case.seed} of {case.profile} breaks {first.name}[/] "
        f"at {format_instant(first.at)}:"
    )
    console.print(f"  {first.text}", markup=False)
    others = [each.name for each in verdict.broken[1:]]
    if others:
        console.print(f"  and then: {', '.join(others)}")
    console.print("  What happened last before that:")
    for at, text in _last_words(case, first.at):
        console.print(f"    {format_instant(at)}  {text}", markup=False)
    if file is not None:
        console.print(f"  The whole story: thunes simulate --replay {file} --explain")
        return
    console.print(f"  The whole story: {command_for(case, '--explain')}")
    console.print(f"  Cut it down:     {command_for(case, '--shrink')}")


def command_for(case: Case, flag: str) -> str:
    """The command line that looks at one seed."""
    minutes = f" --minutes {case.minutes}" if case.minutes != 60 else ""
    return f"thunes simulate --seed {case.seed} --profile {case.profile}{minutes} {flag}"


def story(case: Case) -> list[tuple[Instant, str]]:
    """All that happens in the world of a case, in sentences, but for what only repeats itself."""
    told: list[tuple[Instant, str]] = []
    writer = _Writer()
    chronicle(case, lambda moment: told.extend(writer.sentences(moment)))
    return told


def _last_words(case: Case, until: Instant) -> list[tuple[Instant, str]]:
    last: deque[tuple[Instant, str]] = deque(maxlen=LAST_WORDS)
    last.extend(each for each in story(case) if each[0] <= until)
    return list(last)


class _Writer:
    """Puts moments into sentences; a look at an account that is as it was is not worth one."""

    def __init__(self) -> None:
        self._teller = Storyteller()
        self._seen = ""

    def sentences(self, moment: Moment) -> Iterator[tuple[Instant, str]]:
        if moment.line is None:
            self._seen = ""
            yield moment.at, moment.text
            return
        event = moment.line.event
        told = [sentence.text for sentence in self._teller.tell(moment.line)]
        if isinstance(event, BarsClosed):
            told = told[1:]
        elif isinstance(event, AccountSeen):
            before, self._seen = self._seen, told[0]
            told = told[1:] if before == told[0] else told
        for text in told:
            yield moment.at, text

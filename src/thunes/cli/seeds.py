"""Seeds for a person: many with a progress bar, one with its story, one cut down, a corpus."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from thunes.adapters.storage.bars.catalog import replace_file
from thunes.cli.verdicts import (
    Campaigned,
    campaign_json,
    print_broken,
    print_campaign,
    story,
)
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import format_instant
from thunes.simulation.campaign import Campaign, verdicts
from thunes.simulation.case import Case
from thunes.simulation.corpus import corpus, encode_regression, read_regression, regression_of
from thunes.simulation.dashboard import section, with_section
from thunes.simulation.shrink import shrink
from thunes.simulation.tally import Tally

SEEDS, START, PROFILE, MINUTES = 200, 1, "swarm", 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line said; None where it said nothing."""

    seeds: int | None
    start: int | None
    profile: str | None
    jobs: int | None
    minutes: int | None
    seed: int | None
    explain: bool
    shrink: bool
    into: Path
    replay: Path | None
    table: Path | None
    as_json: bool


def run_asked(asked: Asked) -> bool:
    """Run what was asked for and tell of it; whether all of it was clean."""
    _refuse(asked)
    if asked.replay is not None:
        return _replay(asked, asked.replay)
    if asked.seed is None:
        return _campaign(asked)
    case = Case(asked.seed, asked.profile or PROFILE, asked.minutes or MINUTES)
    Campaign(range(0), case.profile)
    return _shrunk(case, asked) if asked.shrink else _alone(case, asked)


def _refuse(asked: Asked) -> None:
    """Refuse what contradicts itself before anything runs."""
    if asked.replay is not None and (asked.seed, asked.profile, asked.minutes) != (
        None,
        None,
        None,
    ):
        raise UsageError("--replay: the file says which seed, profile and minutes; leave them out")
    alone = asked.seed is not None or asked.replay is not None
    many = {"--seeds": asked.seeds, "--start": asked.start, "--jobs": asked.jobs}
    for flag, value in {**many, "--table": asked.table}.items():
        if alone and value is not None:
            raise UsageError(f"{flag} is for many seeds; leave it out, or --seed and --replay")
    if asked.shrink and (asked.seed is None or asked.explain):
        raise UsageError("--shrink cuts one seed down: give --seed N, and no --explain")
    if asked.explain and not alone:
        raise UsageError("--explain tells the story of one seed: give --seed N or --replay FILE")
    if asked.table is not None:
        _writable("--table", asked.table)
    if asked.shrink:
        _writable("--into", asked.into / "x")


def _writable(flag: str, path: Path) -> None:
    """Say before a long run that its end could not be kept."""
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise UsageError(f"{flag}: {path} is not a plain file; name one")
    place = path.parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"{flag}: {place} is not a directory; name another place")
    if not os.access(place, os.W_OK):
        raise ThunesError(f"{flag}: the directory {place} cannot be written to")


def _campaign(asked: Asked) -> bool:
    """Many seeds, as far as Ctrl-C lets them run."""
    first, count = START if asked.start is None else asked.start, asked.seeds or SEEDS
    campaign = Campaign(
        range(first, first + count),
        asked.profile or PROFILE,
        asked.minutes or MINUTES,
        _jobs(asked),
    )
    tally, began, interrupted = Tally(), time.perf_counter(), False
    try:
        with _progress(count) as advance, closing(verdicts(campaign)) as found:
            for verdict in found:
                tally.add(verdict)
                advance(len(tally.broken))
    except KeyboardInterrupt:
        interrupted = True
    done = Campaigned(campaign, tally, time.perf_counter() - began)
    if asked.as_json:
        typer.echo(json.dumps(campaign_json(done), indent=2, allow_nan=False))
    else:
        print_campaign(done)
    if interrupted:
        print(f"interrupted: {tally.seeds:,} of {count:,} seeds were finished", file=sys.stderr)
        raise KeyboardInterrupt
    if asked.table is not None:
        _write_table(asked.table, campaign, tally)
    return not tally.broken


def _jobs(asked: Asked) -> int:
    """How many processes: as many as asked for, but no more than there are cores."""
    cores = os.cpu_count() or 1
    if asked.jobs is not None and asked.jobs > cores:
        said = f"note: --jobs {asked.jobs}: this machine has {cores} cores, so {cores} are used"
        print(said, file=sys.stderr)
    return min(asked.jobs or cores, cores)


def _write_table(path: Path, campaign: Campaign, tally: Tally) -> None:
    page = path.read_text("utf-8") if path.exists() else ""
    seeds, profile = campaign.seeds, campaign.profile
    command = f"thunes simulate --seeds {len(seeds)} --start {seeds.start} --profile {profile}"
    command += f" --minutes {campaign.minutes} --table {path}"
    text = with_section(page, section(profile, tally, command))
    replace_file(path, lambda unfinished: _write(unfinished, text.encode()))
    print(f"written: {path}", file=sys.stderr)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _alone(case: Case, asked: Asked, *, file: Path | None = None) -> bool:
    """One seed: its verdict, and its whole story if asked for."""
    verdict = case.run()
    told = [f"{format_instant(at)}  {text}" for at, text in story(case)] if asked.explain else []
    if asked.as_json:
        found = campaign_json(Campaigned.of(case, verdict))
        typer.echo(json.dumps({**found, "story": told}, indent=2, allow_nan=False))
        return verdict.clean
    for line in told:
        typer.echo(line)
    if verdict.clean:
        typer.echo(
            f"seed {case.seed} of {case.profile}: clean; {verdict.steps:,} steps, "
            f"{sum(verdict.faults.values()):,} faults, {verdict.deaths} crashes"
        )
    else:
        print_broken(case, verdict, file)
    return verdict.clean


def _shrunk(case: Case, asked: Asked) -> bool:
    """Cut down what a seed breaks and write it into the corpus; False: it does break something."""
    broken = case.run().broken
    if not broken:
        raise UsageError(
            f"seed {case.seed} breaks nothing in {case.minutes} minutes of {case.profile}; "
            "there is nothing to shrink"
        )
    with _progress(None) as advance:
        small = shrink(case, lambda _: advance(0))
    verdict = small.run()
    same = next(each for each in verdict.broken if each.name == broken[0].name)
    path = asked.into / f"{same.name.lower()}_{case.profile}_{case.seed}.json"
    regression = regression_of(small, same.name, same.text)
    replace_file(path, lambda unfinished: _write(unfinished, encode_regression(regression)))
    if asked.as_json:
        found = campaign_json(Campaigned.of(small, verdict))
        typer.echo(json.dumps({**found, "regression": str(path)}, indent=2, allow_nan=False))
        return False
    print_broken(small, verdict, path)
    left = ", ".join(verdict.faults) or "none"
    typer.echo(f"cut down to {small.minutes} minutes with these faults: {left}")
    typer.echo(
        f"written: {path}; it fails until {same.name} holds, and is run by every test from then on"
    )
    return False


def _replay(asked: Asked, place: Path) -> bool:
    """Run the regressions of a corpus; whether all of them are clean."""
    files = corpus(place)
    cases = [(path, *read_regression(path)) for path in files]
    if len(cases) == 1:
        return _alone(cases[0][1], asked, file=cases[0][0])
    if asked.explain:
        raise UsageError(f"--explain tells one story, but {place} holds {len(cases)}; name a file")
    found = []
    for path, case, regression in cases:
        verdict = case.run()
        found.append({"file": str(path), "seed": case.seed, "broke": regression.broke})
        found[-1]["clean"] = verdict.clean
        if not verdict.clean and not asked.as_json:
            print_broken(case, verdict, path)
    broken = sum(not each["clean"] for each in found)
    if asked.as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        typer.echo(f"{len(found)} regressions: {len(found) - broken} clean, {broken} broken")
    return not broken


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, told how many seeds are broken; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("seeds", total=total)

        def advance(broken: int) -> None:
            said = f"seeds, [red]{broken} broken[/]" if broken else "seeds"
            bar.update(task, advance=1, description=said)

        yield advance

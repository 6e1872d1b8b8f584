"""`make mutants`: how many seeds each planted bug takes to be found, in a table."""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from tests.mutants.hunt import STRIDE, Hunted, hunt_one
from tests.mutants.planted import MUTANTS
from thunes.simulation.dashboard import with_section

FOUND = Path(__file__).with_name("found.json")
_TITLE = "## Planted bugs"


def main() -> int:
    """0 if every planted bug was found."""
    asked = _arguments()
    wanted = [m for m in MUTANTS if asked.only in m.name]
    tasks = [(MUTANTS.index(mutant), asked.ranges, asked.seeds) for mutant in wanted]
    hunted: list[Hunted] = []
    with get_context("spawn").Pool(asked.jobs) as pool:
        for each in pool.imap(hunt_one, tasks):
            hunted.append(each)
            print("  ".join(_row(each)), flush=True)
    lost = [each.name for each in hunted if each.first is None]
    print(f"{len(hunted) - len(lost)} of {len(hunted)} planted bugs were found")
    if asked.table is not None:
        _write(asked.table, hunted)
        _remember(hunted)
    for name in lost:
        print(f"not found: {name}", file=sys.stderr)
    return 1 if lost else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose name has this in it")
    parser.add_argument("--ranges", type=int, default=5, help="disjoint ranges of seeds")
    parser.add_argument("--seeds", type=int, default=STRIDE, help="of each range, at most")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", type=Path, help="the Markdown page to write the table into")
    asked = parser.parse_args()
    asked.seeds = min(asked.seeds, STRIDE)
    return asked


def _row(hunted: Hunted) -> tuple[str, ...]:
    """Name, lesson, profile, first seed, median, worst, what found it."""
    mutant = next(each for each in MUTANTS if each.name == hunted.name)
    caught, seeds = hunted.first, hunted.seeds()
    first, by = ("-", "not found") if caught is None else (str(caught.seed), caught.by)
    median = f"{statistics.median(seeds):g}"
    worst = str(max(seeds)) if hunted.everywhere else f"over {STRIDE}"
    return mutant.name, mutant.lesson, mutant.profile, first, median, worst, by


def _write(path: Path, hunted: list[Hunted]) -> None:
    medians = [statistics.median(each.seeds()) for each in hunted]
    recall = sum(each.first is not None for each in hunted) / len(hunted)
    everywhere = sum(each.everywhere for each in hunted)
    said = (
        f"{len(hunted)} bugs were planted, one at a time, each by a change to one function; "
        f"{recall:.0%} were found, {everywhere} of them in each of {len(hunted[0].caught)} ranges "
        f"of {STRIDE} seeds for itself, after {statistics.median(medians):g} seeds in the middle."
    )
    lines = [
        f"{_TITLE}\n",
        f"{said}\n",
        "| bug | lesson | profile | first seed | seeds to find it (median) | at most | found by |",
        "|---|---|---|---:|---:|---:|---|",
        *(f"| {' | '.join(_row(each))} |" for each in hunted),
        "\n`make mutants`\n",
    ]
    page = path.read_text("utf-8") if path.exists() else ""
    path.write_text(with_section(page, "\n".join(lines)), "utf-8")


def _remember(hunted: list[Hunted]) -> None:
    """Keep the first seed that finds each, for the tests."""
    kept: dict[str, int] = json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}
    kept |= dict(_firsts(hunted))
    names = [mutant.name for mutant in MUTANTS]
    ordered = {name: kept[name] for name in names if name in kept}
    FOUND.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")


def _firsts(hunted: list[Hunted]) -> Iterator[tuple[str, int]]:
    for each in hunted:
        if each.first is not None:
            yield each.name, each.first.seed


if __name__ == "__main__":
    sys.exit(main())

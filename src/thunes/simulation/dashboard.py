"""The dashboard: what a campaign came to, as rows for people and as a section of a page."""

from collections.abc import Iterator, Mapping

from thunes.simulation.subjects import ELSEWHERE
from thunes.simulation.tally import Spread, Tally

_HEAD = """# Reliability

What the faulty world has shown, each section written whole by the command that its last line
names (`thunes simulate --table`, `make mutants`). The same seeds give the same numbers wherever
they are run. Simulation shows the presence of bugs, never their absence: the bound on violations
holds for the faults as they are simulated, not for interpreter, kernel or network.
"""
_TITLE = "## "


def figures(tally: Tally) -> Iterator[tuple[str, str]]:
    """What is counted, by name."""
    yield "seeds", f"{tally.seeds:,}"
    yield "simulated days", f"{tally.days:,.1f}"
    yield "steps", f"{tally.steps:,}"
    yield "faults injected", f"{tally.faults.total():,} of {len(tally.faults)} kinds"
    yield "crashes", f"{tally.deaths:,}"
    yield "invariant checks", f"{tally.checks.total():,} of {len(tally.checks)} invariants"
    yield "violations", violations(tally)
    yield "duplicate exposures", f"{tally.duplicates:,}"
    hit = len(tally.probes) - len(tally.missed)
    yield "probes hit", f"{hit} of {len(tally.probes)}"
    if tally.missed:
        yield "probes missed", ", ".join(tally.missed)


def violations(tally: Tally) -> str:
    """How many seeds broke something, or which share may still, with 95 % confidence."""
    if tally.broken:
        by_name = (f"{name} {len(seeds):,}" for name, seeds in tally.first_broken.items())
        return f"{len(tally.broken):,} seeds: {', '.join(by_name)}"
    return f"0 (95 %: at most {tally.bound:.3%} of seeds, 3/n)"


def section(profile: str, tally: Tally, command: str) -> str:
    """The section of one profile, in Markdown."""
    rows = [f"| {name} | {value} |" for name, value in figures(tally)]
    return "\n".join(
        [
            f"{_TITLE}Profile {profile}\n",
            "| what | figure |\n|---|---|",
            *rows,
            "\n| seconds | times | p50 | p99 | worst |\n|---|---:|---:|---:|---:|",
            *(_spread(what, spread) for what, spread in tally.spreads().items()),
            "\n| " + " | ".join(("fault", "injected")) + " |\n|---|---:|",
            *_counts(tally.faults),
            "\n| probe | hit |\n|---|---:|",
            *_counts(tally.probes),
            "\n| invariant | looked at |\n|---|---:|",
            *_counts(tally.checks),
            "\n| invariant | why no checker watches it here |\n|---|---|",
            *(f"| {name} | {why} |" for name, why in ELSEWHERE.items()),
            f"\n`{command}` (trace {tally.trace[:16]})\n",
        ]
    )


def with_section(page: str, text: str) -> str:
    """`page` with `text` put in the place of the section of the same title, or at the end."""
    parts = page.split(f"\n{_TITLE}")
    found = {part.split("\n", 1)[0]: f"{_TITLE}{part}" for part in parts[1:]}
    found[text.removeprefix(_TITLE).split("\n", 1)[0]] = text
    return "\n".join([_HEAD, *(f"{each.strip()}\n" for each in found.values())])


def _counts(counts: Mapping[str, int]) -> list[str]:
    """By name: the order in which they were first met changes with the seeds."""
    return [f"| {name} | {counts[name]:,} |" for name in sorted(counts)]


def _spread(what: str, spread: Spread) -> str:
    times = " | ".join(f"{each:.2f}" for each in spread[1:])
    return f"| {what} | {spread.times:,} | {times} |"

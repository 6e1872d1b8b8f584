"""A search on the terminal: the verdict first, then what it rests on, then the best sets."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from thunes.core.domain.units import format_instant, format_timeframe
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.research.evidence import Evidence
from thunes.research.search.result import Ran, Searched
from thunes.research.verdict import Judgement, Verdict
from thunes.research.wording import percent, ratio

BEST = 5
_STYLES = {Verdict.PROMOTE: "green", Verdict.HOLD: "yellow", Verdict.REJECT: "red"}


def print_search(found: Searched, files: Sequence[Path]) -> None:
    """Verdict and reasons, statistics, the best sets, where the files are."""
    console = Console()
    print_verdict(console, found.ran, found.judgement)
    if found.evidence is not None:
        console.print(_statistics(found.evidence))
    console.print(_best(found))
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.importance.items())
    console.print(f"what each parameter explains of the scores: {shares}", style="dim")
    for name in found.at_the_edge:
        console.print(
            f"[yellow]{name} stands at the edge of its range: what lies beyond is not known[/]",
            highlight=False,
        )
    for path in files:
        console.print(f"written: {path}", highlight=False, soft_wrap=True)


def print_verdict(console: Console, ran: Ran, judgement: Judgement) -> None:
    """What was searched, the verdict, and its reasons, the gravest first."""
    symbols = ", ".join(ran.symbols[:3]) + (
        f" and {len(ran.symbols) - 3} more" if len(ran.symbols) > 3 else ""
    )
    console.print(
        f"{ran.strategy} on {symbols}, {format_timeframe(ran.timeframe)} bars, "
        f"{format_instant(ran.start)} to {format_instant(ran.end)}; study {ran.study}",
        highlight=False,
    )
    style = _STYLES[judgement.verdict]
    console.print(f"[bold {style}]{judgement.verdict.value}[/]")
    for reason in judgement.reasons:
        mark = {"PROMOTE": "+", "HOLD": "?", "REJECT": "-"}[reason.says.value]
        console.print(f" [{_STYLES[reason.says]}]{mark}[/] {reason.text}", highlight=False)


def _statistics(e: Evidence) -> Table:
    table = Table(title="How likely it is luck", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    year = DAYS_A_YEAR**0.5
    low, high = (year * each for each in e.interval)
    needed = "more than there can be" if e.periods_needed is None else f"{e.periods_needed:,.0f}"
    rows = (
        (
            "trials on these bars",
            f"{e.trials:,}, worth {e.effective.strictest:,.1f} different ones",
        ),
        ("Sharpe, a year", f"{year * e.record.sharpe:.2f}, 95 % within {low:.2f} to {high:.2f}"),
        ("PSR, above zero", _share(e.psr)),
        ("DSR, all trials", _share(e.dsr_raw)),
        ("DSR, effective trials", _share(e.dsr)),
        ("days that would prove it", f"{needed} (there are {e.record.observations:,})"),
        ("PBO", _share(e.pbo)),
        ("chance of a loss out of sample", _share(e.loss_probability)),
        ("SPA p-value", f"{e.spa:.3f}"),
        ("sets that earn, all counted (StepM)", f"{e.survivors:,}"),
        ("return at doubled costs", percent(e.doubled_costs, 1, signed=True)),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _best(found: Searched) -> Table:
    ranked = sorted(
        (t for t in found.trials if t.score is not None), key=lambda t: -(t.score or 0.0)
    )
    shown = [found.trials[found.chosen], *(t for t in ranked[:BEST] if t.number != found.chosen)]
    title = f"The choice, and the best of {len(found.trials):,} sets"
    if found.refused:
        title += f" ({found.refused:,} more the strategy refused)"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in found.names:
        table.add_column(name, justify="right")
    for name in ("score", "Sharpe, a year", "return", "max drawdown", "trades"):
        table.add_column(name, justify="right")
    for each in shown:
        mark = "chosen" if each.number == found.chosen else ""
        table.add_row(
            mark + (" peak" if each.number == found.peak else ""),
            *(each.parameters[name] for name in found.names),
            ratio(each.score),
            ratio(each.sharpe),
            percent(each.total_return, 1, signed=True),
            percent(each.max_drawdown, 1),
            f"{each.trades:,}",
        )
    return table


def _share(value: float | None) -> str:
    return percent(value, 1)

"""The demonstration: what the demo does, step by step, told in plain words."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from thunes.adapters.storage.bars.catalog import save_bars
from thunes.adapters.storage.reading import read_header
from thunes.cli.tables import print_result
from thunes.cli.trades import write_trades
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import Built, build_engine, engine_from_header
from thunes.compose.measured import measured_backtest
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.event import Event
from thunes.core.domain.fact import ModeChanged
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Mode
from thunes.core.domain.order import OrderRole
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import Asset, Money, Price, Quantity, Symbol, format_instant
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.ops.audit import replay, verify
from thunes.research.report import write_report
from thunes.simulation.market import DEMO_MARKET, synthesize

SYMBOL = Symbol("BTCUSDT")
MARK = ".thunes-demo"
CASH = Decimal(10_000)
DAILY_LOSS = Money(Decimal(60))
DCA = {
    "every": "1d",
    "base": "1000",
    "orders": "3",
    "scale": "1.5",
    "budget": "9000",
    "stop": "0.1",
}

Said = Callable[[str], None]


def demonstrate(out: Path) -> None:
    """Run the demo into `out`; raises UsageError where that is somebody else's directory."""
    _make_room(out)
    console = Console()

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("demo", total=6)
        say("[bold]1. A market.[/] Made up from a seed: regimes, clustered volatility, price gaps.")
        bars = synthesize(DEMO_MARKET)
        save_bars(out / "BTCUSDT_1h.parquet", bars)
        first, last = int(bars.open_time[0]), int(bars.open_time[-1])
        say(
            f"   {len(bars):,} hours of BTCUSDT, {format_instant(first)} to {format_instant(last)}."
        )
        progress.advance(task)
        report = _two_backtests(out, bars, console, say, lambda: progress.advance(task))
        _kill(out, bars, say)
        progress.advance(task)
        _prove(out / "journal", say)
        progress.advance(task, 2)
    say(f"\n[bold]The report:[/] {report.resolve()}")
    say(f"Look further: thunes audit show {out / 'journal'} --kind modes")


def _make_room(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; name a directory with --out")
    if out.exists() and not (out / MARK).exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty and not of an older demo; name another with --out")
    shutil.rmtree(out, ignore_errors=True)
    try:
        out.mkdir(parents=True)
        (out / MARK).touch()
    except OSError as error:
        raise ThunesError(f"the demo cannot write to {out}: {error.strerror}") from error


def _spec(source: str, parameters: dict[str, str], limits: Limits = WIDE_OPEN) -> RunSpec:
    instrument = Instrument(
        symbol=SYMBOL,
        base=Asset("BTC"),
        quote=Asset("USDT"),
        tick=Price(Decimal("0.01")),
        step=Quantity(Decimal("0.00001")),
        min_quantity=Quantity(Decimal("0.00001")),
        min_notional=Money(Decimal(5)),
    )
    return RunSpec(
        quote=Asset("USDT"),
        timeframe=DEMO_MARKET.timeframe,
        instruments=(instrument,),
        strategies=(specify_strategy(source, parameters, (SYMBOL,)),),
        sizing=parse_sizing("equity:50%"),
        exits=ExitPlan(stop_distance=Decimal("0.03")),
        limits=limits,
        costs=Costs(fee_bps=Decimal(10), slippage_bps=Decimal(5)),
    )


def _two_backtests(
    out: Path, bars: BarColumns, console: Console, say: Said, advance: Callable[[], None]
) -> Path:
    say("\n[bold]2. Two strategies on it,[/] through the whole engine, fees and slippage included.")
    report = out / "report.html"
    for source, parameters in (("sma_cross", {"fast": "10", "slow": "30"}), ("dca", DCA)):
        world = World({Asset("USDT"): CASH})
        result = measured_backtest(_spec(source, parameters), {SYMBOL: bars}, world).result
        files = [out / f"trades_{source}.csv"]
        write_trades(result.trades, files[0])
        if source == "sma_cross":
            write_report(result, report, str(files[0]))
            files.append(report)
        print_result(result, files)
        console.print()
        advance()
    return report


def _kill(out: Path, bars: BarColumns, say: Said) -> None:
    say(
        "[bold]3. The same dca as it would run live:[/] every step in a journal before its orders "
        f"leave,\n   and a daily loss limit of {DAILY_LOSS} USDT."
    )
    spec = _spec("dca", DCA, Limits(daily_loss=DAILY_LOSS))
    built = build_engine(spec, {SYMBOL: bars})
    witness = _Witness(built, say)
    world = World({Asset("USDT"): CASH}, journal=out / "journal")
    ran = run_backtest(spec, {SYMBOL: bars}, world, (built, witness))
    if not witness.halted:
        raise ThunesError("the demo market no longer reaches the daily loss limit: a bug")
    say(f"   {ran.steps:,} steps; {witness.refused} later entries were refused, each on record.")


class _Witness:
    """Watches the run and tells of the kill when it happens."""

    def __init__(self, built: Built, say: Said) -> None:
        self.halted = False
        self.refused = 0
        self._built = built
        self._say = say

    def __call__(self, event: Event, outcome: Outcome) -> None:
        for fact in outcome.facts:
            if isinstance(fact, ModeChanged) and fact.after is Mode.HALTED:
                self._tell(event, fact, outcome)
            elif self.halted and getattr(fact, "refused_by", None) is not None:
                self.refused += 1

    def _tell(self, event: Event, fact: ModeChanged, outcome: Outcome) -> None:
        self.halted = True
        canceled = sum(len(getattr(c, "order_ids", ())) for c in outcome.commands)
        working = self._built.engine.state.ledger.orders.working(SYMBOL)
        kept = [w.order for w in working if w.order.role is OrderRole.STOP]
        self._say(
            f"   {format_instant(event.at)}  lost {fact.actual:.2f} of {fact.limit} USDT today: "
            f"[bold]killed.[/]\n   {canceled} waiting entries were called off; "
            f"{len(kept)} stop stayed at the venue"
            + "".join(f": sell {o.quantity} BTC at {o.stop_price}" for o in kept)
            + "."
        )
        if not kept:
            raise ThunesError("a stop did not survive the kill: a bug")


def _prove(journal: Path, say: Said) -> None:
    say("\n[bold]4. Proof.[/]")
    found = verify(journal)
    if not found.ok:
        raise ThunesError(f"the journal is damaged: {found.problems[0].text}")
    say(
        f"   {found.lines:,} lines verified: none changed, missing or swapped. "
        f"Head {found.head[:16]}."
    )
    engine = engine_from_header(read_header(journal), journal)
    again = replay(journal, engine.step)
    if again.difference is not None:
        raise ThunesError("the replay decided otherwise than the journal: a bug")
    say(f"   {again.steps:,} steps replayed: every decision came out the same, bit for bit.")

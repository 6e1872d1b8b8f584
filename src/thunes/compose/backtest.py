"""The backtest world: tape, simulated venue, engine, and a store in memory or on disk."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from thunes.adapters.storage.discard import discard_journal
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.memory import MemoryStore
from thunes.adapters.storage.tape import save_tape
from thunes.adapters.venues.simulated.costs import Charged, FeeModel, FixedSlippage
from thunes.adapters.venues.simulated.models import (
    Ambiguity,
    LatencyModel,
    Models,
    ParticipationModel,
)
from thunes.adapters.venues.simulated.venue import SimulatedVenue
from thunes.compose.engine import Built, build_engine
from thunes.compose.headers import header_of
from thunes.compose.spec import Friction, RunSpec
from thunes.compose.strategies import keep_texts
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Asset, Quantity, Symbol, format_instant
from thunes.runtime.driver import Driver, Watch
from thunes.runtime.horizon import Skipping
from thunes.runtime.ports import Store


@dataclass(frozen=True, slots=True)
class World:
    """What a backtest runs in, beside its specification.

    `every_bar` visits rows where nothing can happen as well; the outcome is the same.
    """

    balances: Mapping[Asset, Decimal]
    friction: Friction = field(default_factory=Friction)
    journal: Path | None = None
    every_bar: bool = False
    operators: Sequence[OperatorActed] = ()
    progress: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """A backtest that has run to its last bar."""

    built: Built
    venue: SimulatedVenue
    outcome_hash: str
    steps: int


class _Both:
    """One store in front of two: the running digest, and the journal if there is one."""

    def __init__(self, memory: MemoryStore, journal: Journal) -> None:
        self._memory = memory
        self._journal = journal

    def append(self, line: bytes, *, durable: bool) -> None:
        self._memory.append(line, durable=durable)
        self._journal.append(line, durable=durable)


def run_backtest(
    spec: RunSpec,
    columns: Mapping[Symbol, BarColumns],
    world: World,
    watched: tuple[Built, Watch] | None = None,
) -> Ran:
    """Run `spec` over the bars from first to last; a journal is sealed at the end.

    With `watched` that engine runs and that watch is told of every step.
    """
    built = build_engine(spec, columns) if watched is None else watched[0]
    _refuse_unpriced(spec, built, world)
    watches = () if watched is None else (watched[1],)
    memory = MemoryStore()
    if world.journal is None:
        return _drive(spec, built, world, (memory, memory), watches)
    journal = Journal.create(world.journal, header_of(spec, columns))
    try:
        with journal:
            save_tape(world.journal, columns)
            keep_texts(spec.strategies, world.journal)
            return _drive(spec, built, world, (memory, _Both(memory, journal)), watches)
    except (ThunesError, KeyboardInterrupt):
        # What was to be measured was not: half a record of it would only be taken for a whole one.
        discard_journal(world.journal)
        raise


def _refuse_unpriced(spec: RunSpec, built: Built, world: World) -> None:
    """What is held from the start must have a price from the start: equity is never guessed."""
    priced = {spec.quote: True}
    for instrument in spec.instruments:
        if instrument.quote == spec.quote and instrument.symbol in built.tape.bars:
            priced[instrument.base] = built.tape.row(instrument.symbol, 0) >= 0
    for asset, amount in world.balances.items():
        if amount and not priced.get(asset):
            text = "only later" if asset in priced else "never"
            begins = format_instant(int(built.tape.times[0]) - spec.timeframe)
            raise UsageError(
                f"{amount} {asset} is held from the start, but its first bar comes {text}: give "
                f"bars of {asset} against {spec.quote} from {begins} on, or begin without it"
            )


def _drive(
    spec: RunSpec,
    built: Built,
    world: World,
    stores: tuple[MemoryStore, Store],
    watches: Sequence[Watch],
) -> Ran:
    memory, store = stores
    venue = SimulatedVenue(spec.instruments, world.balances, _models(spec, world.friction))
    driver = Driver(built.engine, venue, store, built.tape)
    for watch in watches:
        driver.watch(watch)
    for act in world.operators:
        driver.expect(act)
    balances = {asset: Quantity(amount) for asset, amount in world.balances.items()}
    skipping = Skipping(built.strategies, _prices_matter(spec, built))
    # Frozen values make no cycles, and looking for them costs a fifth of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        driver.run(balances, skipping, world.every_bar, world.progress)
    finally:
        if collecting:
            gc.enable()
    return Ran(built, venue, memory.outcome_hash, driver.steps)


def _prices_matter(spec: RunSpec, built: Built) -> bool:
    """Whether anything but a closed bar is answered with a look at prices."""
    in_third_asset = spec.costs.fee_asset == Charged.BNB.value
    return spec.limits.watches_equity or built.strategies.reacts or in_third_asset


def _models(spec: RunSpec, friction: Friction) -> Models:
    fees = FeeModel(
        maker=spec.costs.fee_rate,
        taker=spec.costs.fee_rate,
        charged=Charged(spec.costs.fee_asset),
    )
    return Models(
        fees=fees,
        slippage=FixedSlippage(spec.costs.slippage_bps),
        latency=LatencyModel(friction.latency_ms * 1_000_000),
        participation=ParticipationModel(friction.participation),
        ambiguity=Ambiguity.OPTIMISTIC if friction.optimistic else Ambiguity.PESSIMISTIC,
    )

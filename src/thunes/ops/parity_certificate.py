"""The certificate: what a journal shows of its days, in figures with their units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.ops.parity import Decisions
from thunes.ops.parity_causes import left_alike
from thunes.ops.parity_rounds import Round, Rounds
from thunes.ops.parity_terms import Cause, Frame, Mismatch, slippage_bps


class Spread(NamedTuple):
    """How a figure is spread over `cases`; zeros where there are none."""

    cases: int
    p50: float
    p99: float
    worst: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a journal shows of the days that were asked for.

    `rounds` are trades of the account that were compared, `same` of them without a difference.
    `slips` are fills in basis points, worse than the model above zero; `within` counts those inside
    the model's interval. Latencies are seconds. `left_out` says what was not compared, and why.
    """

    start: Instant
    end: Instant
    recorded_by: str
    decisions: Decisions
    rounds: int
    same: int
    mismatches: Sequence[Mismatch]
    fills: Spread
    slips: Sequence[float]
    within: int
    slippage_bps: Decimal
    to_order_s: Spread
    to_fill_s: Spread
    fees: tuple[Decimal, Decimal]
    left_out: Sequence[str] = ()
    sources: Sequence[str] = field(default_factory=tuple)

    @property
    def holds(self) -> bool:
        """Whether every decision on record is the engine's own."""
        return self.decisions.departure is None

    @property
    def within_share(self) -> float | None:
        """The share of fills inside the model's interval; None without fills."""
        return self.within / self.fills.cases if self.fills.cases else None

    @property
    def by_cause(self) -> dict[str, int]:
        counts = {cause.value: 0 for cause in Cause}
        for each in self.mismatches:
            counts[each.cause.value] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides of a comparison, what is compared, and what was found."""

    here: Rounds
    there: Rounds
    frame: Frame
    mismatches: Sequence[Mismatch]


def certify(
    compared: Compared, decisions: Decisions, recorded_by: str, notes: tuple[list[str], list[str]]
) -> Certificate:
    """The certificate of what was compared; `notes` are what was left out, and the sources."""
    frame = compared.frame
    ours = [r for r in compared.here.all.values() if r.bought and frame.includes(r)]
    apart = {each.key for each in compared.mismatches}
    slips = list(_slips(compared, ours))
    models = [r for r in compared.there.all.values() if r.bought and frame.includes(r)]
    decided = [r for r in ours if r.filled_at is not None and not r.meddled]
    return Certificate(
        start=frame.start,
        end=frame.end,
        recorded_by=recorded_by,
        decisions=decisions,
        rounds=len(ours),
        same=sum(r.key not in apart for r in ours),
        mismatches=tuple(compared.mismatches),
        fills=spread([float(bps) for _, bps, _ in slips]),
        slips=tuple(float(bps) for _, bps, _ in slips),
        slippage_bps=frame.slippage_bps,
        within=sum(frame.within(one.symbol, bps, price) for one, bps, price in slips),
        to_order_s=spread([(r.decided_at - r.signal) / NS_PER_SECOND for r in decided]),
        to_fill_s=spread(
            [(r.filled_at - r.decided_at) / NS_PER_SECOND for r in decided if r.filled_at]
        ),
        fees=(_fees(ours), _fees(models)),
        left_out=notes[0],
        sources=notes[1],
    )


def _slips(compared: Compared, ours: Sequence[Round]) -> Iterator[tuple[Round, Decimal, Decimal]]:
    """Each fill that has a counterpart: its round, how much worse it is, the model's price."""
    for one in ours:
        model = compared.there.all.get(one.key)
        if model is None or not model.bought:
            continue
        yield one, slippage_bps(one.price, model.price, buys=True), model.price
        for mine, other in zip(one.exits, model.exits, strict=False):
            if not left_alike(mine, other, compared.frame):
                break
            price, their = mine.trade.exit_price, other.trade.exit_price
            yield one, slippage_bps(price, their, buys=False), their


def _fees(rounds: Sequence[Round]) -> Decimal:
    return sum((each.trade.fees for one in rounds for each in one.exits), Decimal(0))


def spread(values: Sequence[float]) -> Spread:
    """Nearest ranks of the values; the worst is the highest."""
    if not values:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = sorted(values)

    def rank(percent: int) -> float:
        return ordered[-(-percent * len(ordered) // 100) - 1]

    return Spread(len(ordered), rank(50), rank(99), ordered[-1])

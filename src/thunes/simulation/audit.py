"""The audit: once all is quiet, process, journal and exchange tell of the same account."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from thunes.core.domain.errors import DataError
from thunes.core.domain.units import ZERO, Instant
from thunes.runtime.recovery import replay
from thunes.simulation.sight import Sight


class _Check(Protocol):
    def __call__(self, sight: Sight, start: Instant) -> Iterator[str]: ...


class Audit(NamedTuple):
    """One thing that must agree at the end; `start` is when the world began."""

    name: str
    sentence: str
    check: _Check


def _alive(sight: Sight, start: Instant) -> Iterator[str]:
    if sight.state is None:
        yield f"no process lives {(sight.now - start) / 1e9:.0f} s after the start"


def _settled(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001 - one signature
    state = sight.state
    if state is None:
        return
    unknown = [r.order.id for r in state.ledger.orders.by_age() if r.state.value == "unknown"]
    if unknown:
        yield f"unknown at the end: {', '.join(unknown)}"
    if state.memory.unreconciled:
        yield "unreconciled at the end"


def _same_balances(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    state = sight.state
    if state is None:
        return
    for asset, units in sight.world.exchange.backend.floor.totals().items():
        if (here := state.ledger.books.held(asset)) != units:
            yield f"{here} {asset} here, {units} at the exchange"


def _same_orders(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    state = sight.state
    if state is None:
        return
    here = {record.order.id: record.filled for record in state.ledger.orders.by_age()}
    there = {i: true.filled() for i, true in sight.truth.open.items() if true.ours}
    for order_id in dict.fromkeys((*here, *there)):
        if order_id not in here or order_id not in there:
            yield f"{order_id} is open {'here' if order_id in here else 'there'} only"
        elif here[order_id] != there[order_id]:
            yield f"{order_id}: {here[order_id]} filled here, {there[order_id]} there"


def _same_fills(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    state = sight.state
    if state is None:
        return
    for order_id, record in state.ledger.orders.closed.items():
        true = sight.truth.latest.get(order_id)
        real = ZERO if true is None else true.filled()
        if record.filled != real:
            yield f"{order_id}: {record.filled} filled here, {real} there"


def _same_again(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    """The journal replayed from scratch gives the state that lives now."""
    state = sight.state
    if state is None:
        return
    engine = sight.scene.engine()
    try:
        replay(engine, list(sight.world.journal.recorded()))
    except DataError as error:
        yield str(error)
        return
    if engine.state.digest() != state.digest():
        yield "the journal replayed gives another state"


AUDITS: tuple[Audit, ...] = (
    Audit("L14", "somebody trades the account", _alive),
    Audit("L3", "nothing is unknown", _settled),
    Audit("L4", "balances are the same", _same_balances),
    Audit("S9", "open orders are the same", _same_orders),
    Audit("S6", "fills are the same, order by order", _same_fills),
    Audit("S27", "the journal alone gives the state", _same_again),
)

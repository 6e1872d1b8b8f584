"""The audit: once all is quiet, process, journal and exchange tell of the same account."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Protocol

from thunes.core.domain.errors import DataError
from thunes.core.domain.order import Side
from thunes.core.domain.units import ZERO, Instant
from thunes.simulation.oracle import NONE, Account, flows
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
        if true is not None and not true.ours:
            continue  # of others only what concerns our coins is kept
        real = ZERO if true is None else true.filled()
        if record.filled != real:
            yield f"{order_id}: {record.filled} filled here, {real} there"


def _same_again(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    """The journal replayed from scratch gives the state that lives now."""
    state = sight.state
    if state is None:
        return
    try:
        rebuilt = sight.rebuilt.digest(sight.world.journal.lines)
    except DataError as error:
        yield str(error)
        return
    if rebuilt != state.digest():
        yield "the journal replayed gives another state"


def _chained(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001
    journal = sight.world.journal
    try:
        found = journal.on_disk()
    except DataError as error:
        yield str(error)
        return
    if found != journal.lines:
        yield f"{len(found)} lines are on disk, {len(journal.lines)} were written"


def _added_up(sight: Sight, start: Instant) -> Iterator[str]:  # noqa: ARG001 - one signature
    """An independent ledger finds what the exchange holds, and what we believe to have earned."""
    account = _recomputed(sight)
    floor, state = sight.world.exchange.backend.floor, sight.state
    for asset, units in floor.totals().items():
        if (added := account.balances.get(asset, NONE)) != Fraction(units):
            yield f"fills and transfers make {float(added)} {asset}, the exchange holds {units}"
    listing = sight.scene.listing
    cash, symbols = next(iter(listing.balances)), [each.symbol for each in listing.instruments]
    moved = [*listing.balances.items(), *((t.asset, t.amount) for t in sight.truth.transfers)]
    earned = flows(account, cash, moved)
    if earned != sum(account.realised.values(), NONE) and not account.oversold:
        yield f"cash and lots say {float(earned)} was earned, sales say otherwise"
    strange = any(t.asset != cash for t in sight.truth.transfers) or account.oversold
    if state is None or strange or sight.lost_coins:
        return  # coins that came or went have no price on which all could agree
    open_cost = NONE
    for symbol in symbols:
        lots = (*state.ledger.lots.get(symbol, ()), *state.ledger.dust.get(symbol, ()))
        open_cost += sum((Fraction(lot.cost) for lot in lots), NONE)
        if (held := sum((Fraction(lot.quantity) for lot in lots), NONE)) != account.held(symbol):
            yield f"lots of {float(held)} {symbol} here, {float(account.held(symbol))} were bought"
    pnl = sum((Fraction(each) for each in sight.earned), NONE)
    at_cost = sum((account.spent(symbol) for symbol in symbols), NONE)
    working = sum(
        (
            Fraction(record.value - record.traded_value - record.fees + record.traded_fees)
            - sum((Fraction(lot.cost) for lot in record.lots), NONE)
            for record in state.ledger.orders.by_age()
            if record.lots
        ),
        NONE,
    )
    if pnl + working - open_cost != earned - at_cost:
        here, there = float(pnl + working - open_cost), float(earned - at_cost)
        yield f"trades and lots make {here} of cash here, the exchange {there}"


def _recomputed(sight: Sight) -> Account:
    listing = sight.scene.listing
    account = Account({i.symbol: (i.base, i.quote) for i in listing.instruments})
    for asset, units in listing.balances.items():
        account.move(asset, units)
    for transfer in sight.truth.transfers:
        account.move(transfer.asset, transfer.amount)
    for seen in sight.truth.fills:
        fill = seen.fill
        fee = (str(fill.fee_asset), Decimal(fill.fee))
        account.trade(seen.symbol, seen.side is Side.BUY, fill.price, fill.quantity, fee)
    return account


AUDITS: tuple[Audit, ...] = (
    Audit("L14", "somebody trades the account", _alive),
    Audit("L3", "nothing is unknown", _settled),
    Audit("L4", "balances are the same", _same_balances),
    Audit("S9", "open orders are the same", _same_orders),
    Audit("S6", "fills are the same, order by order", _same_fills),
    Audit("S26", "an independent ledger finds the same money", _added_up),
    Audit("S39", "the journal is on disk, without a gap, each line chained to the last", _chained),
    Audit("S27", "the journal alone gives the state", _same_again),
)

"""Protection: the stops and targets that a holding must have, held against those that rest.

A position is split into legs, each with one stop and at most one target for the same quantity
(on a spot account both lock the same coins, so they are one one-cancels-other list). What should
rest is derived from the position; where the venue holds anything else for a leg, that leg is
replaced as a whole. Entry fills, added fills, hit targets, moved stops and lost stops are all
this one comparison.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.position import Leg, Position
from thunes.core.domain.units import ONE, ZERO, OrderId, Price, floor_to
from thunes.core.domain.view import ALIVE, OrderState, View, Working
from thunes.core.ledger.protection import is_spared


def restore(
    held: Position, legs: tuple[Leg, ...], purpose: Purpose, view: View, *, sends: bool = True
) -> list[Proposal]:
    """What makes the venue hold exactly `legs` for the position; nothing where it already does.

    What is on its way to the venue is not taken back, for the cancel might overtake it, and what
    rests is not taken back without a replacement before everything else rests: its answer is news,
    and news come here again. Unless it `sends` now, the legs are planned and no more.
    """
    selling = [
        w
        for w in view.account.working(held.symbol)
        if w.order.side is Side.SELL and w.state in ALIVE
    ]
    names, instrument = [leg.name for leg in legs], view.market.instrument(held.symbol)
    stale = [w for w in selling if w.order.leg not in names]
    waits = not sends
    free = view.account.sellable(held.symbol) - _locked(view.account.working(held.symbol))
    proposals: list[Proposal] = []
    for leg in legs if sends else ():
        resting = [w for w in selling if w.order.leg == leg.name]
        if _as_planned(leg, resting, held, instrument):
            waits = waits or not all_at_rest(resting)
            continue
        gives = stale + resting
        if not all_at_rest(gives) or (not gives and leg.quantity > free):
            waits = True  # for an answer, or for what holds its coins to be known as gone
            continue
        free -= ZERO if gives else leg.quantity
        stale, waits = [], True
        orders, cancels = leg_orders(held, leg, view), tuple([w.order.id for w in gives])
        proposals.append(_proposal(held, legs, purpose, orders, cancels))
    if stale and not waits and all_at_rest(stale):
        cancels = tuple([w.order.id for w in stale])
        proposals.append(_proposal(held, legs, purpose, (), cancels))
    if not proposals and legs != held.legs:
        proposals.append(_proposal(held, legs, purpose, (), ()))
    return proposals


def all_at_rest(working: Collection[Working]) -> bool:
    """Whether the venue has acknowledged all of these, and none is being cancelled."""
    for each in working:
        if each.state is OrderState.SUBMITTED or each.state is OrderState.CANCELING:
            return False
    return True


def rests(held: Position, working: Collection[Working]) -> bool:
    """Whether what works is what the legs ask for, by number and size."""
    wanted, sizes = 0, dict[str, Decimal]()
    for leg in held.legs:
        wanted += (leg.stop_price is not None) + (leg.target_price is not None)
        sizes[leg.name] = leg.quantity
    if len(working) != wanted:
        return False
    return all(each.order.quantity == sizes.get(each.order.leg) for each in working)


def _locked(working: Collection[Working]) -> Decimal:
    """Coins that sell orders may still hold; the two of a list hold the same ones.

    Of a list of which one is over, the other is as well, or will be: the venue ends both.
    """
    locked, lists = ZERO, dict[str, Decimal]()
    for each in working:
        order = each.order
        if order.side is not Side.SELL or (each.state is OrderState.UNKNOWN and not each.lost):
            continue
        left = (order.quantity or ZERO) - each.filled
        if order.list_id is None:
            locked += left
        elif order.list_id in lists or each.state is not OrderState.CANCELING:
            locked += left - lists.get(order.list_id, ZERO)
            lists[order.list_id] = left
        else:
            lists[order.list_id] = ZERO
    return locked


def _proposal(
    held: Position,
    legs: tuple[Leg, ...],
    purpose: Purpose,
    orders: tuple[Order, ...],
    cancels: tuple[OrderId, ...],
) -> Proposal:
    stops = [leg.stop_price for leg in legs if leg.stop_price is not None]
    return Proposal(
        purpose=purpose,
        symbol=held.symbol,
        strategy=held.strategy,
        orders=orders,
        cancels=cancels,
        stop_price=min(stops) if stops else None,
        legs=legs,
    )


def _as_planned(
    leg: Leg, resting: Sequence[Working], held: Position, instrument: Instrument
) -> bool:
    wanted = (
        (OrderRole.STOP, leg.stop_price),
        (OrderRole.TARGET, leg.target_price),
    )
    for role, price in wanted:
        found = [w.order for w in resting if w.order.role is role]
        if len(found) != (0 if price is None else 1):
            return False
        if found and (found[0].stop_price or found[0].limit_price) != price:
            return False
    for each in resting:
        lacking = leg.quantity - (each.order.quantity or ZERO) + each.filled
        if lacking and not is_spared(each.order, lacking, held, instrument):
            return False
    return True


def leg_orders(held: Position, leg: Leg, view: View) -> tuple[Order, ...]:
    """The stop of a leg, and its target if it has one: then the two are one list."""
    both = leg.stop_price is not None and leg.target_price is not None
    list_id = f"list-{view.new_id()}" if both else None
    rows = (
        (OrderRole.TARGET, OrderType.LIMIT, leg.target_price),
        (OrderRole.STOP, OrderType.STOP_MARKET, leg.stop_price),
    )
    return tuple(
        [
            Order(
                id=view.new_id(),
                symbol=held.symbol,
                side=Side.SELL,
                type=kind,
                role=role,
                strategy=held.strategy,
                quantity=leg.quantity,
                limit_price=price if role is OrderRole.TARGET else None,
                stop_price=price if role is OrderRole.STOP else None,
                list_id=list_id,
                leg=leg.name,
            )
            for role, kind, price in rows
            if price is not None
        ]
    )


def move_stop(held: Position, fee_rate: Decimal, view: View) -> list[Proposal]:
    """Break-even and trailing, on the close of a bar only; a stop never loosens.

    Break-even is the entry price with the fees of both sides; trailing keeps `trail_distance`
    below the highest close since the entry. A level at or above the last price would trigger at
    once and is left for a later bar.
    """
    stop, mark = held.stop_price, view.market.mark(held.symbol)
    if stop is None or mark is None or not held.legs:
        return []
    wanted = stop
    for level in _raised(held, fee_rate, view.market.instrument(held.symbol)):
        if level < mark:
            wanted = max(wanted, level)
    if wanted == stop:
        return []
    legs = tuple(replace(leg, stop_price=wanted) for leg in held.legs)
    return restore(held, legs, Purpose.MOVE_STOP, view)


def _raised(held: Position, fee_rate: Decimal, instrument: Instrument) -> list[Price]:
    plan, levels = held.plan, []
    if plan.break_even_after is not None and held.targets_hit >= plan.break_even_after:
        even = held.entry_price * (ONE + fee_rate) / (ONE - fee_rate)
        # Rounded up: one tick below would be a loss.
        levels.append(Price(-floor_to(-even, instrument.tick)))
    trails = plan.trail_after is not None and held.targets_hit >= plan.trail_after
    if trails and plan.trail_distance is not None and held.peak_close is not None:
        trail = held.peak_close * (ONE - plan.trail_distance)
        levels.append(Price(floor_to(trail, instrument.tick)))
    return levels

"""Protection: the stops and targets that a holding must have, held against those that rest.

A position is split into legs, each with one stop and at most one target for the same quantity
(on a spot account both lock the same coins, so they are one one-cancels-other list). What should
rest is derived from the position; where the venue holds anything else for a leg, that leg is
replaced as a whole. Entry fills, added fills, hit targets, moved stops and lost stops are all
this one comparison.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.instrument import Instrument, failed_price
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.position import ExitPlan, Leg, Position
from thunes.core.domain.units import ONE, ZERO, OrderId, Price, Quantity, floor_to
from thunes.core.domain.view import ALIVE, View, Working
from thunes.core.execution.entries import first_stop

WHOLE = "all"
RUNNER = "runner"


def plan_legs(held: Position, price: Price, instrument: Instrument) -> tuple[Leg, ...]:
    """The legs of a whole position after an entry fill at `price`.

    While the entry still fills there is one leg with a stop only. Once it is complete the targets
    take their shares of the filled quantity, each rounded down to the step; what they leave is
    the runner. A leg too small to be sold joins the next one, a target that `price` has passed
    drops out alone.
    """
    stop = held.stop_price or first_stop(held.plan, held.entry_price, instrument)
    size = Quantity(floor_to(held.quantity, instrument.step))
    targets = _targets(held, price, instrument) if held.entry_size else []
    if stop is None and not targets:
        return ()
    smallest = (stop or price) * ONE
    legs: list[Leg] = []
    left, carried, total = size, ZERO, ZERO
    for number, (target, share) in enumerate(targets, start=1):
        total += share
        wanted = floor_to(size * share, instrument.step) + carried
        quantity = Quantity(min(wanted, left))
        if not _sellable(quantity, smallest, instrument):
            carried = quantity
            continue
        carried = ZERO
        legs.append(Leg(f"tp{number}", quantity, stop, target))
        left = Quantity(left - quantity)
    if legs and (total >= ONE or not _sellable(left, smallest, instrument)):
        last = legs.pop()
        legs.append(replace(last, quantity=Quantity(last.quantity + left)))
    elif left > ZERO:
        target_price = targets[-1][0] if total >= ONE else None
        name = RUNNER if legs else WHOLE
        legs.append(Leg(name, left, stop, target_price))
    return tuple([leg for leg in legs if leg.stop_price or leg.target_price])


def _targets(held: Position, price: Price, instrument: Instrument) -> list[tuple[Price, Decimal]]:
    """Target prices, rounded towards the entry, with their shares.

    One that was passed, or that the venue's filters refuse, is left out alone.
    """
    plan, entry = held.plan, held.entry_price
    if plan.target_price is not None:
        rows = [(plan.target_price, ONE)]
    else:
        rows = [(Price(entry * (ONE + t.distance)), t.share) for t in plan.targets]
    rounded = [(Price(floor_to(target, instrument.tick)), share) for target, share in rows]
    return [
        (target, share)
        for target, share in rounded
        if target > price and failed_price(instrument, target, price) is None
    ]


def _sellable(quantity: Decimal, price: Decimal, instrument: Instrument) -> bool:
    return (
        quantity > ZERO
        and quantity >= instrument.min_quantity
        and quantity * price >= instrument.min_notional
    )


def named_leg(name: str, quantity: Quantity, plan: ExitPlan, price: Price, i: Instrument) -> Leg:
    """The leg of one entry that is protected on its own, as the cells of a grid are."""
    stop = first_stop(plan, price, i)
    target = plan.target_price
    return Leg(
        name,
        Quantity(floor_to(quantity, i.step)),
        stop,
        None if target is None else Price(floor_to(target, i.tick)),
    )


def restore(held: Position, legs: tuple[Leg, ...], purpose: Purpose, view: View) -> list[Proposal]:
    """What makes the venue hold exactly `legs` for the position; nothing where it already does."""
    selling = [
        w
        for w in view.account.working(held.symbol)
        if w.order.side is Side.SELL and w.state in ALIVE
    ]
    names = [leg.name for leg in legs]
    stale = [w.order.id for w in selling if w.order.leg not in names]
    proposals: list[Proposal] = []
    for leg in legs:
        resting = [w for w in selling if w.order.leg == leg.name]
        if _as_planned(leg, resting):
            continue
        cancels = (*stale, *(w.order.id for w in resting))
        stale = []
        orders = _leg_orders(held, leg, view)
        proposals.append(_proposal(held, legs, purpose, orders, cancels))
    if stale:
        proposals.append(_proposal(held, legs, purpose, (), tuple(stale)))
    if not proposals and legs != held.legs:
        proposals.append(_proposal(held, legs, purpose, (), ()))
    return proposals


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


def _as_planned(leg: Leg, resting: Sequence[Working]) -> bool:
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
    return all((w.order.quantity or ZERO) - w.filled == leg.quantity for w in resting)


def _leg_orders(held: Position, leg: Leg, view: View) -> tuple[Order, ...]:
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

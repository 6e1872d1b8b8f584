"""The plan: into which legs a position is split, each with its stop and at most one target."""

from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.instrument import Instrument, failed_price
from thunes.core.domain.position import ExitPlan, Leg, Position
from thunes.core.domain.units import ONE, ZERO, Price, Quantity, floor_to
from thunes.core.ledger.legs import fitted

WHOLE = "all"
RUNNER = "runner"


def first_stop(plan: ExitPlan, entry: Price, instrument: Instrument) -> Price | None:
    """Where the stop belongs for an entry at `entry`: rounded away from it."""
    if plan.stop_price is not None:
        return Price(floor_to(plan.stop_price, instrument.tick))
    if plan.stop_distance is None:
        return None
    return Price(floor_to(entry * (ONE - plan.stop_distance), instrument.tick))


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


def gathered(legs: tuple[Leg, ...], held: Position, instrument: Instrument) -> tuple[Leg, ...]:
    """Fees in coins leave each leg a fraction of a step; the last leg takes what they add up to.
    What a fee took from the position itself, the last legs lack."""
    if not legs:
        return legs
    spare = floor_to(held.quantity, instrument.step) - sum((x.quantity for x in legs), ZERO)
    if spare < ZERO:
        return fitted(legs, held.quantity, instrument.step)
    if not spare or legs[-1].stop_price is None:
        return legs
    return (*legs[:-1], replace(legs[-1], quantity=Quantity(legs[-1].quantity + spare)))


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

"""Commands: what an approved proposal asks of the venue, and why it ends what it ends."""

from thunes.core.domain.command import CancelOrders, Command, PlaceOrders, ReplaceOrders, SetTimer
from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.order import Order
from thunes.core.domain.units import OrderId


def commands_for(orders: tuple[Order, ...], cancels: tuple[OrderId, ...]) -> list[Command]:
    """Cancel and replace as one act where there are both; a timer for each order that expires."""
    commands: list[Command] = []
    if orders and cancels:
        commands.append(ReplaceOrders(cancels, orders))
    elif orders:
        commands.append(PlaceOrders(orders))
    elif cancels:
        commands.append(CancelOrders(cancels))
    commands += [SetTimer(o.expires_at, o.id) for o in orders if o.expires_at is not None]
    return commands


def exit_reason(proposal: Proposal, order: Order) -> str:
    """Why a position would be left by this order; "" where its role says it all."""
    if proposal.purpose is Purpose.EXIT:
        return proposal.reason
    if proposal.purpose is Purpose.MOVE_STOP and order.stop_price is not None:
        return "trailing_stop"
    return ""

"""Intents: what was to be bought and what of it was, over all orders that were sent for it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.evidence import SeenFill, Standing
from thunes.core.domain.order import OrderRole
from thunes.core.domain.units import ZERO, OrderId
from thunes.simulation.holdings import bid
from thunes.simulation.sight import Promise, Sight


class Bought(NamedTuple):
    """Base units, and what was paid for them in quote units, fees aside."""

    units: Decimal = ZERO
    paid: Decimal = ZERO


class Intents:
    """Adds up the fills at the exchange, by what was meant with them.

    `doubled` are the entries that were filled beyond what was intended, by their first order.
    """

    def __init__(self, sight: Sight) -> None:
        self.checks = 0
        self.doubled: dict[OrderId, None] = {}
        self._sight = sight
        self._fills = 0
        self._bought: dict[OrderId, Bought] = {}

    def look(self) -> Iterator[tuple[str, str]]:
        """Invariants that fills since the last look have broken."""
        fills = self._sight.truth.fills
        for seen in fills[self._fills :]:
            self.checks += 1
            promise = self._sight.promises.get(seen.fill.order_id)
            if promise is not None and promise.order.role is OrderRole.ENTRY:
                yield from self._entered(seen, promise)
                yield from self._protected(seen, promise)
        self._fills = len(fills)

    def _entered(self, seen: SeenFill, promise: Promise) -> Iterator[tuple[str, str]]:
        proposal, fill = self._meant(promise), seen.fill
        if proposal is None:
            yield "S2", f"{fill.order_id} has filled {fill.quantity}, and nobody meant it"
            return
        intent = proposal.orders[0].id
        before = self._bought.get(intent, Bought())
        now = Bought(before.units + fill.quantity, before.paid + fill.quantity * fill.price)
        self._bought[intent] = now
        entries = [order for order in proposal.orders if order.role is OrderRole.ENTRY]
        units = sum((order.quantity or ZERO for order in entries), ZERO)
        amount = sum((order.quote_amount or ZERO for order in entries), ZERO)
        if (units and now.units > units) or (amount and now.paid > amount):
            self.doubled[intent] = None
            meant = units or f"for {amount}"
            yield (
                "S2",
                f"{now.units} {seen.symbol} for {now.paid} bought, meant: {meant} ({intent})",
            )

    def _protected(self, seen: SeenFill, promise: Promise) -> Iterator[tuple[str, str]]:
        """An entry that brings its stop fills wholly, and the stop begins in the same instant,
        unless the price has passed it."""
        entry = promise.order
        brought = () if promise.decided is None else promise.decided.proposal.orders
        for order in brought:
            if order.after != entry.id or order.role is not OrderRole.STOP:
                continue
            if seen.fill.quantity != entry.quantity:
                yield "S10", f"{seen.fill.quantity} of {entry.quantity} of {entry.id} were filled"
            true = self._sight.truth.latest.get(order.id)
            begun = true is not None and true.standing is not Standing.EXPIRED
            if not begun and bid(self._sight, seen.symbol) > (order.stop_price or ZERO):
                yield "S10", f"{entry.id} has filled, and its stop {order.id} did not begin"

    def _meant(self, promise: Promise) -> Proposal | None:
        """The entry that an order was sent for: its own, or else the last one there was."""
        order = promise.order
        for each in (promise, *reversed(self._sight.promises.values())):
            said, other = each.decided, each.order
            same = (other.symbol, other.strategy) == (order.symbol, order.strategy)
            entry = said is not None and said.proposal.purpose is Purpose.ENTRY
            if said is not None and entry and same and each.at <= promise.at:
                return said.proposal
        return None

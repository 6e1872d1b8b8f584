"""Allocation: from what strategies think to what the account wants, exits first."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.decision import Action, Budget, Signal, Target
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO, Money
from thunes.core.domain.view import View
from thunes.core.portfolio.sizing import Sizing, size


class Portfolio:
    """Sizes entries by one rule and shares the account's cash among them in their order."""

    def __init__(self, sizing: Sizing, exits: ExitPlan) -> None:
        self._sizing = sizing
        self._exits = exits

    def allocate(self, signals: Sequence[Signal], budget: Budget, view: View) -> Sequence[Target]:
        """One target per signal that asks for something to be done, exits and cancels first."""
        if not signals:
            return ()
        leaving: list[Target] = []
        entries: list[Target] = []
        for signal in signals:
            if signal.action is Action.EXIT or signal.action is Action.CANCEL:
                leaving.append(Target(signal))
                continue
            target = self._enter(signal, budget, view)
            entries.append(target)
            if target.quote_amount is not None:
                budget = replace(budget, spent=Money(budget.spent + target.quote_amount))
        return leaving + entries

    def _enter(self, signal: Signal, budget: Budget, view: View) -> Target:
        if signal.quote_amount is not None:
            return Target(signal=signal, quote_amount=signal.quote_amount)
        wish = size(self._sizing, signal.symbol, self._stop_distance(signal), budget, view)
        if wish is None:
            # Wanted, but not to be sized: risk refuses an amount of zero and so records it.
            return Target(signal=signal, quote_amount=Money(ZERO))
        return Target(signal=signal, quantity=wish.quantity, quote_amount=wish.quote_amount)

    def _stop_distance(self, signal: Signal) -> Decimal | None:
        if signal.stop_distance is not None:
            return signal.stop_distance
        plan = signal.plan or self._exits
        return plan.stop_distance

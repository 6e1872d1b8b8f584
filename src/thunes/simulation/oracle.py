"""The oracle: an independent ledger of what the exchange did, in fractions and in few words.

It shares no code with the ledger of the core. From fills and transfers alone it adds up balances,
what is held of each symbol, fees, and what was realised, first in, first out.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

NONE = Fraction(0)


@dataclass(slots=True)
class Lot:
    """Units bought together, and what one of them cost, fees included."""

    units: Fraction
    cost: Fraction


@dataclass(slots=True)
class Account:
    """Balances and lots of a spot account; `pairs` names base and quote of each symbol."""

    pairs: Mapping[str, tuple[str, str]]
    balances: dict[str, Fraction] = field(default_factory=dict)
    lots: dict[str, deque[Lot]] = field(default_factory=dict)
    fees: dict[str, Fraction] = field(default_factory=dict)
    realised: dict[str, Fraction] = field(default_factory=dict)
    oversold: dict[str, Fraction] = field(default_factory=dict)

    def move(self, asset: str, units: Decimal) -> None:
        """Units come, or go if negative."""
        self._add(self.balances, asset, Fraction(units))

    def trade(
        self, symbol: str, buys: bool, price: Decimal, units: Decimal, fee: tuple[str, Decimal]
    ) -> None:
        """One fill with its fee."""
        base, quote = self.pairs[symbol]
        paid, many = Fraction(price) * Fraction(units), Fraction(units)
        fee_asset, charged = fee[0], Fraction(fee[1])
        self._add(self.balances, base, many if buys else -many)
        self._add(self.balances, quote, -paid if buys else paid)
        self._add(self.balances, fee_asset, -charged)
        self._add(self.fees, fee_asset, charged)
        in_quote = charged if fee_asset == quote else NONE
        if buys:
            kept = many - (charged if fee_asset == base else NONE)
            lot = Lot(kept, (paid + in_quote) / kept)
            self.lots.setdefault(symbol, deque()).append(lot)
        else:
            self._sell(symbol, many, paid - in_quote)

    def held(self, symbol: str) -> Fraction:
        """Units bought and not sold."""
        return sum((lot.units for lot in self.lots.get(symbol, ())), NONE)

    def spent(self, symbol: str) -> Fraction:
        """What the units held have cost."""
        return sum((lot.units * lot.cost for lot in self.lots.get(symbol, ())), NONE)

    def _sell(self, symbol: str, units: Fraction, proceeds: Fraction) -> None:
        lots, cost, left = self.lots.setdefault(symbol, deque()), NONE, units
        while left and lots:
            taken = min(left, lots[0].units)
            cost += taken * lots[0].cost
            lots[0].units -= taken
            left -= taken
            if not lots[0].units:
                lots.popleft()
        if left:
            self._add(self.oversold, symbol, left)
        self._add(self.realised, symbol, proceeds - cost)

    @staticmethod
    def _add(sums: dict[str, Fraction], name: str, units: Fraction) -> None:
        sums[name] = sums.get(name, NONE) + units


def flows(account: Account, cash: str, moved: Iterable[tuple[str, Decimal]]) -> Fraction:
    """What trading has earned so far in `cash`, holdings at cost: its change less what `moved`.

    It equals what was realised, however that was split into trades.
    """
    brought = sum((Fraction(units) for asset, units in moved if asset == cash), NONE)
    at_cost = sum((account.spent(symbol) for symbol in account.pairs), NONE)
    return account.balances.get(cash, NONE) - brought + at_cost

"""The venue's own account: what is free and what open orders hold, exact in every unit."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.units import EXACT, ZERO, Asset

_add = EXACT.add
_subtract = EXACT.subtract


class Balance(NamedTuple):
    """Units of one asset."""

    free: Decimal
    locked: Decimal


class Account:
    """Free and locked units per asset. Neither is ever negative."""

    __slots__ = ("free", "locked")

    def __init__(self, balances: Mapping[Asset, Decimal]) -> None:
        self.free: dict[Asset, Decimal] = dict(balances)
        self.locked: dict[Asset, Decimal] = dict.fromkeys(balances, ZERO)

    def open(self, asset: Asset) -> None:
        """Know `asset`, with nothing of it when it is new."""
        self.free.setdefault(asset, ZERO)
        self.locked.setdefault(asset, ZERO)

    def lock(self, asset: Asset, amount: Decimal) -> None:
        self.free[asset] = _subtract(self.free[asset], amount)
        self.locked[asset] = _add(self.locked[asset], amount)

    def release(self, asset: Asset, amount: Decimal) -> None:
        self.locked[asset] = _subtract(self.locked[asset], amount)
        self.free[asset] = _add(self.free[asset], amount)

    def add(self, asset: Asset, amount: Decimal) -> None:
        self.free[asset] = _add(self.free[asset], amount)

    def take(self, asset: Asset, amount: Decimal) -> None:
        self.free[asset] = _subtract(self.free[asset], amount)

    def balances(self) -> dict[Asset, Balance]:
        return {asset: Balance(free, self.locked[asset]) for asset, free in self.free.items()}

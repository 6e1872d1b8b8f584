"""Double entry: every amount leaves one account and enters another, exactly."""

from decimal import Decimal

from thunes.core.domain.units import ZERO, Asset
from thunes.core.domain.word import Word


class Account(Word):
    """Where an asset can be, as seen by us."""

    WALLET = "wallet"  # ours
    MARKET = "market"  # what counterparties took and gave
    FEES = "fees"  # what the venue kept
    WORLD = "world"  # deposits and withdrawals


class Books:
    """Balances by account and asset. The sum over the accounts of an asset is always zero."""

    def __init__(self) -> None:
        self.accounts: dict[Account, dict[Asset, Decimal]] = {each: {} for each in Account}

    def post(self, asset: Asset, source: Account, target: Account, amount: Decimal) -> None:
        """Move `amount` (it may be negative) of `asset` from `source` to `target`."""
        giving, taking = self.accounts[source], self.accounts[target]
        giving[asset] = giving.get(asset, ZERO) - amount
        taking[asset] = taking.get(asset, ZERO) + amount

    def held(self, asset: Asset) -> Decimal:
        return self.accounts[Account.WALLET].get(asset, ZERO)

    def imbalance(self) -> dict[Asset, Decimal]:
        """Assets whose accounts do not sum to zero: always empty unless there is a bug."""
        sums: dict[Asset, Decimal] = {}
        for balances in self.accounts.values():
            for asset, amount in balances.items():
                sums[asset] = sums.get(asset, ZERO) + amount
        return {asset: total for asset, total in sums.items() if total != ZERO}

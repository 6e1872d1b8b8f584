"""Which commission a fill costs, and in which asset it is taken."""

from decimal import Decimal

from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.desk import BNB, Desk
from thunes.adapters.venues.simulated.orders import Working
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import EXACT, ONE, ZERO, Asset, Instant, ceil_to, floor_to

_BNB_STEP = Decimal("0.00000001")


class Commission:
    """Applies a fee model."""

    def __init__(self, fees: FeeModel, desk: Desk) -> None:
        self.fees = fees
        self._desk = desk

    def due(
        self, working: Working, quantity: Decimal, cost: Decimal, rate: Decimal
    ) -> tuple[Decimal, Asset]:
        """The fee for `quantity` base units traded for `cost` quote units, and its asset."""
        charged, instrument = self.fees.charged, working.book.instrument
        if charged is Charged.BNB:
            fee = self._bnb(instrument, cost, rate)
            if fee is not None:
                return fee, BNB
        if charged is Charged.QUOTE or not working.buy:
            return self._stepped(EXACT.multiply(cost, rate)), instrument.quote
        return self._stepped(EXACT.multiply(quantity, rate)), instrument.base

    def _stepped(self, fee: Decimal) -> Decimal:
        return floor_to(fee, self.fees.step) if self.fees.step else fee

    def _bnb(self, instrument: Instrument, cost: Decimal, rate: Decimal) -> Decimal | None:
        """The fee in BNB, rounded up to its eighth digit; None where its price or BNB lacks."""
        desk = self._desk
        price: float | None = None
        if instrument.quote == BNB:
            price = 1.0
        elif instrument.quote in desk.bnb_books:
            # An old price of BNB is good enough for a fee.
            price = desk.session.price(desk.bnb_books[instrument.quote], Instant(0), buy=True)
        if price is None:
            return None
        due = EXACT.multiply(EXACT.multiply(cost, rate), ONE - self.fees.bnb_discount)
        fee = ceil_to(EXACT.divide(due, Decimal(repr(price))), _BNB_STEP)
        return fee if fee <= desk.account.free.get(BNB, ZERO) else None

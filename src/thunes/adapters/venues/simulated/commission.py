"""Which commission a fill costs, and in which asset it is taken."""

from decimal import Decimal

from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.desk import Desk
from thunes.adapters.venues.simulated.orders import Working
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import EXACT, ONE, ZERO, Asset, ceil_to

_BNB = Asset("BNB")
_BNB_STEP = Decimal("0.00000001")


class Commission:
    """Applies a fee model; finds the price of BNB among the symbols of the venue."""

    def __init__(self, fees: FeeModel, desk: Desk) -> None:
        self.fees = fees
        self._desk = desk
        self._bnb_books = {
            book.instrument.quote: book
            for book in desk.books.values()
            if book.instrument.base == _BNB
        }

    def due(
        self, working: Working, quantity: Decimal, cost: Decimal, rate: Decimal
    ) -> tuple[Decimal, Asset]:
        """The fee for `quantity` base units traded for `cost` quote units, and its asset."""
        charged, instrument = self.fees.charged, working.book.instrument
        if charged is Charged.BNB:
            fee = self._bnb(instrument, cost, rate)
            if fee is not None:
                return fee, _BNB
        if charged is Charged.QUOTE or not working.buy:
            return EXACT.multiply(cost, rate), instrument.quote
        return EXACT.multiply(quantity, rate), instrument.base

    def _bnb(self, instrument: Instrument, cost: Decimal, rate: Decimal) -> Decimal | None:
        """The fee in BNB, rounded up to its eighth digit; None where its price or BNB lacks."""
        desk = self._desk
        price: float | None = None
        if instrument.quote == _BNB:
            price = 1.0
        elif instrument.quote in self._bnb_books:
            price = desk.session.price(self._bnb_books[instrument.quote], buy=True)
        if price is None:
            return None
        due = EXACT.multiply(EXACT.multiply(cost, rate), ONE - self.fees.bnb_discount)
        fee = ceil_to(EXACT.divide(due, Decimal(repr(price))), _BNB_STEP)
        return fee if fee <= desk.account.free.get(_BNB, ZERO) else None

"""The venue's floor: open orders meet prices and become fills, exact to the last digit."""

from decimal import Decimal

from thunes.adapters.venues.simulated import admission
from thunes.adapters.venues.simulated.commission import Commission
from thunes.adapters.venues.simulated.costs import Charged
from thunes.adapters.venues.simulated.desk import Desk
from thunes.adapters.venues.simulated.models import Models
from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.core.domain.instrument import Filter, Instrument, too_large
from thunes.core.domain.order import Accepted, Filled, OrderRole, OrderType
from thunes.core.domain.units import (
    EXACT,
    ONE,
    ZERO,
    Asset,
    Price,
    Quantity,
    ceil_to,
    floor_to,
)

_multiply = EXACT.multiply
_add = EXACT.add
_subtract = EXACT.subtract


class Floor:
    """Turns an order that acts into its fill, its fee and what follows for its list."""

    def __init__(self, desk: Desk, models: Models) -> None:
        self.desk = desk
        self.fees = models.fees
        self.commission = Commission(models.fees, desk)
        self.slippage = models.slippage
        self.share = models.participation.share
        self.amount_factor = (
            EXACT.add(ONE, models.fees.taker) if models.fees.charged is Charged.QUOTE else ONE
        )
        self.trades = 0
        self.room: Decimal | None = None  # base units that may still fill here; None: any

    def enter(self, book: Book, volume: float) -> None:
        """Turn to a book that trades `volume` base units here and now."""
        if self.share is None:
            return
        number = self.desk.session.number
        if book.filled_bar != number:
            book.filled_bar, book.filled = number, ZERO
        room = _subtract(_multiply(Decimal(repr(volume)), self.share), book.filled)
        self.room = floor_to(room, book.instrument.step)

    def act(
        self,
        working: Working,
        market: Decimal | None,
        *,
        at_market: bool = False,
        taker: bool = False,
    ) -> None:
        """The order acts: at the price `market`, or at its own level inside a bar's range.

        `at_market`: a limit order gets a market that is better, except a target, which is never
        credited more than its price; `taker`: the order came to that market, not it to the order.
        """
        working.acts_from = self.desk.session.number + 1  # what is left goes on in the next bar
        sibling = working.sibling
        if sibling is not None and sibling.locked:  # the funds of a list go with the one that acts
            working.locked, sibling.locked = sibling.locked, ZERO
        kind, target = working.kind, working.order.role is OrderRole.TARGET
        if working.brings:
            self._at_once(working, market or ZERO)
        elif kind is OrderType.LIMIT:
            price = working.level
            if at_market and market is not None and not target:
                price = self._on_tick(working, market)
            rate = self.fees.taker if taker else self.fees.maker
            self._fill(working, price, working.left, rate)
        elif working.waits_for_limit:
            self._trigger_limit(working, market)
        elif kind is OrderType.MARKET:
            self._sweep(working, market or ZERO)
        else:
            level_counts = market is None or (target and kind is OrderType.TAKE_PROFIT)
            price = working.level if level_counts or market is None else market
            working.trigger(OrderType.MARKET, touch=self.desk.touch)
            self._sweep(working, price)
            self._end_sibling(working)

    def _at_once(self, working: Working, market: Decimal) -> None:
        """All of the order at this market, moved against it, or nothing."""
        price = self._slipped(working, market, working.left)
        beyond = price > working.level if working.buy else price < working.level
        if beyond or (self.room is not None and working.left > self.room):
            self.desk.expire(working, admission.NOT_AT_ONCE)
        else:
            self._fill(working, price, working.left, self.fees.taker)

    def _trigger_limit(self, working: Working, market: Decimal | None) -> None:
        """A stop-limit or take-profit-limit becomes a limit order.

        It fills at once only where the market is better.

        Triggered at the open it meets the rest of the same bar, inside a range only the next.
        """
        met = working.level if market is None else market
        working.trigger(OrderType.LIMIT, touch=self.desk.touch)
        limit = working.level
        better = met < limit if working.buy else met > limit
        if better or (met == limit and not working.strict):
            price = self._slipped(working, met, working.left)
            price = min(price, limit) if working.buy else max(price, limit)
            self._fill(working, price, working.left, self.fees.taker)
        elif market is not None:
            working.acts_from = self.desk.session.number
        self._end_sibling(working)

    def _sweep(self, working: Working, price: Decimal) -> None:
        """A market order takes `price`, moved against it."""
        order = working.order
        if order.quote_amount is None:
            price = self._slipped(working, price, working.left)
            self._fill(working, price, working.left, self.fees.taker)
            return
        instrument = working.book.instrument
        price = self._slipped(working, price, working.left / price)
        one_step = _multiply(_multiply(price, self.amount_factor), instrument.step)
        quantity = _multiply(EXACT.divide_int(working.left, one_step), instrument.step)
        failed = _failed_amount(instrument, quantity)
        if failed is not None:
            self.desk.refuse(working, admission.refusal_of_filter(failed))
        else:
            self._fill(working, price, quantity, self.fees.taker)

    def _slipped(self, working: Working, price: Decimal, quantity: Decimal) -> Decimal:
        fraction = self.slippage.fraction(quantity)
        if fraction:
            moved = _add(ONE, fraction) if working.buy else _subtract(ONE, fraction)
            price = _multiply(price, moved)
        return self._on_tick(working, price)

    def _on_tick(self, working: Working, price: Decimal) -> Decimal:
        """The price on the grid, rounded against the order; nothing is sold for nothing."""
        tick = working.book.instrument.tick
        return ceil_to(price, tick) if working.buy else floor_to(price, tick) or tick

    def _fill(self, working: Working, price: Decimal, quantity: Decimal, rate: Decimal) -> None:
        """Exchange `quantity`, or what there is room for, at `price`; a sibling ends with it."""
        whole = self.room is None or quantity <= self.room
        if not whole:
            quantity = self.room or ZERO
            if quantity <= ZERO:
                return
        desk, account = self.desk, self.desk.account
        instrument = working.book.instrument
        cost = _multiply(price, quantity)
        fee, fee_asset = self.commission.due(working, quantity, cost, rate)
        paid = _add(cost, fee) if fee_asset == instrument.quote else cost
        if working.buy and paid > _add(account.free[instrument.quote], working.locked):
            desk.refuse(working, admission.FUNDS)
            return
        if working.locked:
            account.release(working.asset, working.locked)
            working.locked = ZERO
        if working.buy:
            account.take(instrument.quote, cost)
            account.add(instrument.base, quantity)
        else:
            account.take(instrument.base, quantity)
            account.add(instrument.quote, cost)
        account.take(fee_asset, fee)
        self._tell(working, (price, quantity, fee, fee_asset), whole=whole)
        self._end_sibling(working)
        if whole:
            desk.remove(working)
            desk.begin(working)
        else:
            self._carry_on(working, quantity, paid)

    def _tell(
        self, working: Working, fill: tuple[Decimal, Decimal, Decimal, Asset], *, whole: bool
    ) -> None:
        price, quantity, fee, fee_asset = fill
        self.trades += 1
        if self.room is not None:
            self.room = _subtract(self.room, quantity)
            working.book.filled = _add(working.book.filled, quantity)
        said, order_id = self.desk.said, working.order.id
        if not working.said:
            working.said = True
            said.append(Accepted(order_id))
        said.append(
            Filled(
                order_id,
                str(self.trades),
                Price(price),
                Quantity(quantity),
                Quantity(fee),
                fee_asset,
                whole,
            )
        )

    def _carry_on(self, working: Working, quantity: Decimal, paid: Decimal) -> None:
        """What is left of a part-filled order stays open and holds its funds."""
        if working.order.quote_amount is not None:
            working.left = need = _subtract(working.left, paid)
        else:
            working.left = need = _subtract(working.left, quantity)
            if working.buy:
                # A triggered stop has no limit: what it was sent with stands for its price.
                order = working.order
                unit = order.limit_price or order.stop_price or EXACT.divide(paid, quantity)
                need = _multiply(_multiply(need, unit), self.desk.fee_factor)
        self.desk.hold(working, need)

    def _end_sibling(self, working: Working) -> None:
        if working.sibling is not None:
            self.desk.expire(working.sibling, "One of the list was executed or triggered.")


def _failed_amount(instrument: Instrument, quantity: Decimal) -> Filter | None:
    """The filter that a market buy by amount fails once its quantity is known."""
    if quantity <= ZERO or quantity < instrument.min_quantity:
        return Filter.LOT_SIZE
    return too_large(instrument, quantity, at_market=True)

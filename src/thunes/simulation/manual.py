"""A person who uses the same account by hand: orders, closes, deposits and withdrawals."""

from decimal import Decimal

from thunes.core.domain.command import CancelOrders, PlaceOrders
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import (
    ZERO,
    Asset,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    floor_to,
)
from thunes.simulation.backend import Answer
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault

BY_HAND = "web"
"""How the ids of orders begin that were placed by hand."""


class Person:
    """Acts on the exchange's own pages; what it forbids at the time is not done."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._count = 0

    def order(
        self, symbol: Symbol, side: Side, quantity: Quantity, limit: Price | None = None
    ) -> Answer:
        """Place an order: at market, or at `limit`."""
        self._count += 1
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        order = Order(
            id=OrderId(f"{BY_HAND}{self._count}"),
            symbol=symbol,
            side=side,
            type=kind,
            role=OrderRole.ENTRY if side is Side.BUY else OrderRole.EXIT,
            strategy=StrategyId(""),
            quantity=quantity,
            limit_price=limit,
        )
        if self._barred(Fault.MAINTENANCE) or self._barred(Fault.CANCEL_ONLY):
            return ()
        return self._exchange.backend.trade(PlaceOrders((order,)), ours=False)

    def cancel(self, *order_ids: OrderId) -> Answer:
        if not order_ids or self._barred(Fault.MAINTENANCE):
            return ()
        return self._exchange.backend.trade(CancelOrders(order_ids), ours=False)

    def close(self, symbol: Symbol) -> Answer:
        """Cancel what would sell coins of `symbol`, stops too, and sell all of them at market."""
        floor = self._exchange.backend.floor
        selling = [
            order_id
            for order_id, true in self._exchange.truth.open.items()
            if true.order.symbol == symbol and true.order.side is Side.SELL
        ]
        canceled = self.cancel(*selling)
        instrument = floor.books[symbol].instrument
        held = floor_to(floor.account.free[instrument.base], instrument.step)
        if held <= ZERO:
            return canceled
        return canceled + self.order(symbol, Side.SELL, Quantity(held))

    def deposit(self, asset: Asset, amount: Decimal) -> None:
        self._exchange.backend.move(asset, amount)

    def withdraw(self, asset: Asset, amount: Decimal) -> None:
        """Take out `amount`, or what is free of it."""
        self._exchange.backend.move(asset, -amount)

    def _barred(self, fault: Fault) -> bool:
        return self._exchange.gate.lasts(fault)

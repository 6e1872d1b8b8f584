"""Answers: what REST says of orders, fills, balances and the time, byte for byte into values."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from thunes.adapters.venues.binance.states import PENDING, SIDES, STANDINGS
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.evidence import SeenFill, SeenOrder, Standing
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Rejected, Report, Side
from thunes.core.domain.units import Asset, Instant, OrderId, Price, Quantity, Symbol

T = TypeVar("T")
_NOTHING = Quantity(Decimal(0))


class _Fill(msgspec.Struct, frozen=True, rename="camel"):
    """One execution in the answer to an order."""

    price: Price
    qty: Quantity
    commission: Quantity
    commission_asset: Asset
    trade_id: int


class OrderRow(msgspec.Struct, frozen=True, rename="camel"):
    """An order as it stands: placed, cancelled, asked for, or one of a list."""

    symbol: Symbol
    order_id: int
    client_order_id: OrderId  # in the answer to a cancel: the cancel's own
    order_list_id: int = -1
    orig_client_order_id: OrderId | None = None
    status: str = ""  # not told by the shortest answers
    side: str = ""
    type: str = ""
    orig_qty: Quantity = _NOTHING
    executed_qty: Quantity | None = None
    expiry_reason: str = ""
    fills: tuple[_Fill, ...] = ()

    @property
    def ours(self) -> OrderId:
        return self.orig_client_order_id or self.client_order_id

    def reports(self) -> list[Report]:
        """What an answer tells the core: accepted, its fills, and its end if it has ended."""
        if self.status == PENDING:
            return []
        if self.status and self.status not in STANDINGS:
            raise Unreadable("an order", self.status.encode(), "no such status is known")
        standing = STANDINGS.get(self.status, Standing.OPEN)
        order_id = self.ours
        if standing is Standing.REJECTED:
            return [Rejected(order_id, 0, "The venue refused it.")]
        said: list[Report] = [] if standing is Standing.CANCELED else [Accepted(order_id)]
        for place, fill in enumerate(self.fills, 1):
            whole = standing is Standing.FILLED and place == len(self.fills)
            said.append(
                Filled(
                    order_id=order_id,
                    trade_id=str(fill.trade_id),
                    price=fill.price,
                    quantity=fill.qty,
                    fee=fill.commission,
                    fee_asset=fill.commission_asset,
                    complete=whole,
                )
            )
        if standing is Standing.CANCELED:
            said.append(Canceled(order_id, self.executed_qty))
        elif standing is Standing.EXPIRED:
            text = f"The venue ended it: {self.expiry_reason or 'no reason given'}"
            said.append(Expired(order_id, text, self.executed_qty))
        return said

    def seen(self) -> SeenOrder:
        """As evidence; a market buy by amount has no quantity of its own."""
        known = self.side in SIDES and self.status in STANDINGS
        if not known or self.executed_qty is None:
            words = f"{self.side} {self.status} {self.executed_qty}"
            raise Unreadable("an order", words.encode(), "it does not say how it stands")
        return SeenOrder(
            self.ours,
            self.symbol,
            SIDES[self.side],
            self.orig_qty,
            self.executed_qty,
            STANDINGS[self.status],
        )


class ListRow(msgspec.Struct, frozen=True, rename="camel"):
    """An order list: what became of each of its orders."""

    order_list_id: int
    symbol: Symbol
    order_reports: tuple[OrderRow, ...]


class TradeRow(msgspec.Struct, frozen=True, rename="camel"):
    """One fill of the account; it names its order by the venue's own number."""

    symbol: Symbol
    id: int
    order_id: int
    price: Price
    qty: Quantity
    commission: Quantity
    commission_asset: Asset
    time: int
    is_buyer: bool

    def seen(self, order_id: OrderId, at: Instant) -> SeenFill:
        fill = Filled(
            order_id=order_id,
            trade_id=str(self.id),
            price=self.price,
            quantity=self.qty,
            fee=self.commission,
            fee_asset=self.commission_asset,
            complete=False,
        )
        side = Side.BUY if self.is_buyer else Side.SELL
        return SeenFill(at, self.symbol, side, fill)


class _Balance(msgspec.Struct, frozen=True):
    asset: Asset
    free: Decimal
    locked: Decimal


class _Account(msgspec.Struct, frozen=True):
    balances: tuple[_Balance, ...]


class _Time(msgspec.Struct, frozen=True, rename="camel"):
    server_time: int


def decode(body: bytes, kind: type[T], what: str) -> T:
    """`body` as a `kind`. Raises Unreadable, which names `what` it was to be."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Unreadable(what, body, error) from error


def decode_balances(body: bytes) -> dict[Asset, Quantity]:
    """Totals by asset, free and locked, of what there is any of."""
    rows = decode(body, _Account, "the account").balances
    totals = {row.asset: Quantity(row.free + row.locked) for row in rows}
    return {asset: total for asset, total in totals.items() if total}


def decode_time(body: bytes) -> int:
    """The server's time in milliseconds."""
    return decode(body, _Time, "the time").server_time

"""Account frames: what the user data stream says of our orders, and the answers beside it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from thunes.adapters.venues.binance.classify import Trouble
from thunes.adapters.venues.binance.states import PENDING
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Rejected, Report
from thunes.core.domain.units import Asset, OrderId, Price, Quantity, Symbol


class Execution(msgspec.Struct, frozen=True):
    """An executionReport: what has just happened to one order."""

    event_time: int = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    client_id: OrderId = msgspec.field(name="c")  # of a cancel: the cancel's own
    side: str = msgspec.field(name="S")
    kind: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    order_id: int = msgspec.field(name="i")
    last_quantity: Quantity = msgspec.field(name="l")
    filled: Quantity = msgspec.field(name="z")
    last_price: Price = msgspec.field(name="L")
    time: int = msgspec.field(name="T")
    fee: Quantity = msgspec.field(name="n", default=Quantity(Decimal(0)))
    fee_asset: Asset | None = msgspec.field(name="N", default=None)
    trade_id: int = msgspec.field(name="t", default=-1)
    list_id: int = msgspec.field(name="g", default=-1)
    original_id: OrderId | None = msgspec.field(name="C", default=None)
    reject_reason: str = msgspec.field(name="r", default="NONE")
    expiry_reason: str = msgspec.field(name="eR", default="")

    @property
    def ours(self) -> OrderId:
        """The client order id of the order itself, whatever request the event is about."""
        return self.original_id or self.client_id

    def report(self) -> Report | None:
        """In the words of the core; None for what changes nothing for us."""
        match self.kind:
            case "NEW":
                return None if self.status == PENDING else Accepted(self.ours)
            case "TRADE":
                return Filled(
                    order_id=self.ours,
                    trade_id=str(self.trade_id),
                    price=self.last_price,
                    quantity=self.last_quantity,
                    fee=self.fee,
                    fee_asset=self.fee_asset or Asset(""),
                    complete=self.status == "FILLED",
                )
            case "CANCELED":
                return Canceled(self.ours, self.filled)
            case "REJECTED":
                return Rejected(self.ours, 0, f"The venue refused it: {self.reject_reason}")
            case _ if self.status.startswith("EXPIRED"):
                reason = self.expiry_reason or self.kind
                return Expired(self.ours, f"The venue ended it: {reason}", self.filled)
            case _:
                return None


class Answer(msgspec.Struct, frozen=True):
    """What the WebSocket API says to a request of ours."""

    id: int | str | None
    status: int
    error: Trouble | None = None


class _Event(msgspec.Struct, frozen=True):
    e: str = ""


class _Frame(msgspec.Struct, frozen=True):
    event: msgspec.Raw = msgspec.Raw()
    e: str = ""  # some events come without a wrapper
    id: int | str | None = None
    status: int | None = None


_FRAME = msgspec.json.Decoder(_Frame)
_EVENT = msgspec.json.Decoder(_Event)
_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "executionReport": msgspec.json.Decoder(Execution),
}
_ANSWER = msgspec.json.Decoder(Answer)
ENDINGS = ("eventStreamTerminated", "serverShutdown")
"""Events after which this connection tells no more of the account."""


def decode_account(frame: bytes) -> Execution | Answer | str:
    """What one frame says; of an event that is no execution only its name. Raises Unreadable.

    Balances are not read from the stream: they are asked for, together with all else.
    """
    try:
        said = _FRAME.decode(frame)
        if said.status is not None:
            return _ANSWER.decode(frame)
        payload: bytes | msgspec.Raw = said.event if said.event != msgspec.Raw() else frame
        kind = _EVENT.decode(payload).e
        decoder = _DECODERS.get(kind)
        if decoder is None:
            return kind
        execution: Execution = decoder.decode(payload)
        return execution
    except msgspec.MsgspecError as error:
        raise Unreadable("a frame of the account stream", frame, error) from error

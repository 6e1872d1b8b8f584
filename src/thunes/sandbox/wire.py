"""Orders, trades and balances as JSON of the REST and WebSocket APIs."""

from decimal import Decimal
from typing import Any

from thunes.sandbox.orders import Fill, Record

Json = dict[str, Any]


def places(value: Decimal | float) -> str:
    """A number with the eight places that the venue writes."""
    return f"{value:.8f}"


def acknowledged(record: Record) -> Json:
    return {
        "symbol": record.symbol,
        "orderId": record.id,
        "orderListId": record.list_id,
        "clientOrderId": record.ticket.client_id,
        "transactTime": record.updated,
    }


def placed(record: Record, form: str) -> Json:
    """The answer to a placement: `form` is ACK, RESULT or FULL."""
    answer = acknowledged(record)
    if form != "ACK":
        answer |= _state(record)
        answer["workingTime"] = record.working_time
        answer["selfTradePreventionMode"] = record.ticket.self_trade
    if form == "FULL":
        answer["fills"] = [_fill(fill) for fill in record.fills]
    return answer


def canceled(record: Record) -> Json:
    """The answer to a cancel: `clientOrderId` is the cancel's own."""
    answer = acknowledged(record)
    answer["origClientOrderId"] = record.ticket.client_id
    answer["clientOrderId"] = record.cancel_id
    return answer | _state(record) | {"selfTradePreventionMode": record.ticket.self_trade}


def queried(record: Record) -> Json:
    """An order as a query tells of it."""
    answer = acknowledged(record)
    del answer["transactTime"]
    answer |= _state(record)
    answer["stopPrice"] = places(record.ticket.stop or 0)
    answer["icebergQty"] = places(record.ticket.iceberg or 0)
    answer["time"] = record.created
    answer["updateTime"] = record.updated
    answer["isWorking"] = record.working
    answer["workingTime"] = record.working_time
    answer["origQuoteOrderQty"] = places(record.ticket.amount or 0)
    answer["selfTradePreventionMode"] = record.ticket.self_trade
    return answer


def traded(record: Record, fill: Fill) -> Json:
    """A trade of an account."""
    return {
        "symbol": record.symbol,
        "id": fill.trade_id,
        "orderId": record.id,
        "orderListId": record.list_id,
        "price": places(fill.price),
        "qty": places(fill.quantity),
        "quoteQty": places(fill.price * fill.quantity),
        "commission": places(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at,
        "isBuyer": record.ticket.side == "BUY",
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def _state(record: Record) -> Json:
    ticket = record.ticket
    state: Json = {
        "price": places(ticket.price or 0),
        "origQty": places(record.quantity),
        "executedQty": places(record.executed),
        "origQuoteOrderQty": places(ticket.amount or 0),
        "cummulativeQuoteQty": places(record.spent),
        "status": record.status,
        "timeInForce": ticket.time_in_force,
        "type": ticket.type,
        "side": ticket.side,
    }
    if ticket.stop is not None:
        state["stopPrice"] = places(ticket.stop)
    if ticket.iceberg is not None:
        state["icebergQty"] = places(ticket.iceberg)
    if ticket.trailing_bips is not None:
        state["trailingDelta"] = ticket.trailing_bips
        state["trailingTime"] = record.created
    if ticket.strategy_id is not None:
        state["strategyId"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        state["strategyType"] = ticket.strategy_type
    if record.reason:
        state["expiryReason"] = record.reason
    return state


def _fill(fill: Fill) -> Json:
    return {
        "price": places(fill.price),
        "qty": places(fill.quantity),
        "commission": places(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": fill.trade_id,
    }

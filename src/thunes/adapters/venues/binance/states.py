"""Order states: Binance's words for sides, kinds and standings of orders, and ours for the same."""

from collections.abc import Mapping

from thunes.core.domain.evidence import Standing
from thunes.core.domain.order import OrderType, Side

STANDINGS: Mapping[str, Standing] = {
    "NEW": Standing.OPEN,
    "PENDING_NEW": Standing.OPEN,  # the waiting leg of a list
    "PARTIALLY_FILLED": Standing.OPEN,
    "PENDING_CANCEL": Standing.OPEN,
    "FILLED": Standing.FILLED,
    "CANCELED": Standing.CANCELED,
    "EXPIRED": Standing.EXPIRED,
    "EXPIRED_IN_MATCH": Standing.EXPIRED,
    "REJECTED": Standing.REJECTED,
}
PENDING = "PENDING_NEW"

SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}

KINDS: Mapping[OrderType, str] = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_MARKET: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
}

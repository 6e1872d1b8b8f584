"""The table of what is served, over REST and over the WebSocket API."""

from collections.abc import Mapping

from thunes.sandbox import list_trading, public, queries, tickers, trading
from thunes.sandbox.call import Auth, Route

_API = "/api/v3/"
_ROUTES = public.ROUTES | tickers.ROUTES | queries.ROUTES | trading.ROUTES | list_trading.ROUTES

REST: Mapping[tuple[str, str], Route] = {
    (method, _API + path): route
    for (method, path), route in ((name.split(), route) for name, route in _ROUTES.items())
} | {("GET", "/sapi/v1/account/apiRestrictions"): Route(queries.restrictions, 1, Auth.SIGNED)}

_SOCKET_NAMES: Mapping[str, str] = {
    "ping": "GET ping",
    "time": "GET time",
    "exchangeInfo": "GET exchangeInfo",
    "depth": "GET depth",
    "trades.recent": "GET trades",
    "trades.historical": "GET historicalTrades",
    "trades.aggregate": "GET aggTrades",
    "klines": "GET klines",
    "uiKlines": "GET uiKlines",
    "avgPrice": "GET avgPrice",
    "ticker.24hr": "GET ticker/24hr",
    "ticker.tradingDay": "GET ticker/tradingDay",
    "ticker.price": "GET ticker/price",
    "ticker.book": "GET ticker/bookTicker",
    "order.place": "POST order",
    "order.test": "POST order/test",
    "order.status": "GET order",
    "order.cancel": "DELETE order",
    "order.cancelReplace": "POST order/cancelReplace",
    "order.amend.keepPriority": "PUT order/amend/keepPriority",
    "openOrders.status": "GET openOrders",
    "openOrders.cancelAll": "DELETE openOrders",
    "orderList.place.oco": "POST orderList/oco",
    "orderList.place.oto": "POST orderList/oto",
    "orderList.place.otoco": "POST orderList/otoco",
    "orderList.status": "GET orderList",
    "orderList.cancel": "DELETE orderList",
    "openOrderLists.status": "GET openOrderList",
    "allOrderLists": "GET allOrderList",
    "account.status": "GET account",
    "account.commission": "GET account/commission",
    "account.rateLimits.orders": "GET rateLimit/order",
    "allOrders": "GET allOrders",
    "myTrades": "GET myTrades",
}

SOCKET: Mapping[str, Route] = {name: _ROUTES[rest] for name, rest in _SOCKET_NAMES.items()}

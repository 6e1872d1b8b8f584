"""The table of what is served, over REST and over the WebSocket API."""

from collections.abc import Mapping

from thunes.sandbox import list_trading, public, queries, tickers, trading
from thunes.sandbox.call import Route

_API = "/api/v3/"
_ROUTES = public.ROUTES | tickers.ROUTES | queries.ROUTES | trading.ROUTES | list_trading.ROUTES

REST: Mapping[tuple[str, str], Route] = {
    (method, _API + path): route
    for (method, path), route in ((name.split(), route) for name, route in _ROUTES.items())
}

"""Requests that tell an account of its orders, its trades and its money."""

from thunes.adapters.venues.simulated.admission import COMBINATION, NO_SUCH_ORDER
from thunes.core.domain.units import ZERO
from thunes.sandbox import wire
from thunes.sandbox.call import Auth, Call, Route, Routes, by_symbol
from thunes.sandbox.params import Params
from thunes.sandbox.quirks import Quirk
from thunes.sandbox.refused import Refused
from thunes.sandbox.wire import Json, places

_DAY_MS = 86_400_000


def _query_order(call: Call) -> Json:
    """GET order."""
    record = call.order(NO_SUCH_ORDER)
    call.params.finish()
    return wire.queried(record)


def _open_orders(call: Call) -> list[Json]:
    """GET openOrders; legs that wait are among them."""
    symbol = call.symbol()
    call.params.finish()
    standing = call.holder.standing.values()
    return [wire.queried(r) for r in standing if symbol in (None, r.symbol)]


def _all_orders(call: Call) -> list[Json]:
    """GET allOrders: from an id on, or the newest of a time."""
    params = call.params
    symbol = call.exchange.market.find(params.required("symbol")).symbol
    first, limit = params.integer("orderId"), params.between("limit", 500, 1, 1_000)
    start, end = _times(call)
    params.finish()
    found = [
        record
        for record in call.holder.records.values()
        if record.symbol == symbol
        and (record.id >= first if first is not None else start <= record.created <= end)
    ]
    return [wire.queried(r) for r in (found[:limit] if first is not None else found[-limit:])]


def _my_trades(call: Call) -> list[Json]:
    """GET myTrades: of an order, from a trade id on, or the newest of a time."""
    params = call.params
    symbol = call.exchange.market.find(params.required("symbol")).symbol
    order, first = params.integer("orderId"), params.integer("fromId")
    limit = params.between("limit", 500, 1, 1_000)
    timed = "startTime" in params
    two_ways = first is not None and (timed or "endTime" in params)
    if two_ways and call.exchange.has(Quirk.ONE_WAY_INTO_TRADES):
        raise Refused(*COMBINATION)
    start, end = _times(call)
    params.finish()
    found = [
        (record, fill)
        for record, fill in call.holder.trades
        if record.symbol == symbol
        and order in (None, record.id)
        and (first is None or fill.trade_id >= first)
        and start <= fill.at <= end
    ]
    oldest_first = first is not None or timed
    return [wire.traded(r, f) for r, f in (found[:limit] if oldest_first else found[-limit:])]


def _account(call: Call) -> Json:
    """GET account."""
    without_zero = call.params.flag("omitZeroBalances")
    call.params.finish()
    holder = call.holder
    fees = holder.models.fees
    held = holder.floor.account.balances()
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": places(fees.maker),
            "taker": places(fees.taker),
            "buyer": places(ZERO),
            "seller": places(ZERO),
        },
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.exchange.clock.ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": places(free), "locked": places(locked)}
            for asset, (free, locked) in held.items()
            if free or locked or not without_zero
        ],
        "permissions": ["SPOT"],
        "uid": call.exchange.holders.index(holder) + 1,
    }


def restrictions(call: Call) -> Json:
    """GET apiRestrictions: what the key that asks may do."""
    call.params.finish()
    key = call.key
    assert key is not None, "the route asks for a key"
    return {
        "ipRestrict": False,
        "createTime": 0,
        "enableReading": True,
        "enableSpotAndMarginTrading": key.trades,
        "enableWithdrawals": key.withdraws,
        "enableInternalTransfer": False,
        "permitsUniversalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
    }


def _commission(call: Call) -> Json:
    """GET account/commission."""
    symbol = call.exchange.market.find(call.params.required("symbol")).symbol
    call.params.finish()
    fees = call.holder.models.fees
    none = {"maker": places(0), "taker": places(0), "buyer": places(0), "seller": places(0)}
    in_bnb = fees.charged.value == "bnb"
    return {
        "symbol": symbol,
        "standardCommission": none | {"maker": places(fees.maker), "taker": places(fees.taker)},
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": in_bnb,
            "enabledForSymbol": True,
            "discountAsset": "BNB",
            "discount": places(1 - fees.bnb_discount),
        },
    }


def _order_limits(call: Call) -> list[Json]:
    """GET rateLimit/order."""
    call.params.finish()
    exchange = call.exchange
    return call.holder.counts.listed(exchange.allowance, exchange.clock.ms)


def _trades_weight(params: Params) -> int:
    return 5 if "orderId" in params else 20


def _times(call: Call) -> tuple[int, int]:
    """`startTime` and `endTime` (ms), at most a day apart."""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    if start is not None and end is not None and not 0 <= end - start <= _DAY_MS:
        raise Refused(-1127, "More than 24 hours between startTime and endTime.")
    if start is not None and end is None:
        end = start + _DAY_MS
    if end is not None and start is None:
        start = end - _DAY_MS
    return (start or 0), (1 << 62 if end is None else end)


ROUTES: Routes = {
    "GET account": Route(_account, 20, Auth.SIGNED),
    "GET account/commission": Route(_commission, 20, Auth.SIGNED),
    "GET order": Route(_query_order, 4, Auth.SIGNED),
    "GET openOrders": Route(_open_orders, by_symbol(6, 80), Auth.SIGNED),
    "GET allOrders": Route(_all_orders, 20, Auth.SIGNED),
    "GET myTrades": Route(_my_trades, _trades_weight, Auth.SIGNED),
    "GET rateLimit/order": Route(_order_limits, 40, Auth.SIGNED),
}

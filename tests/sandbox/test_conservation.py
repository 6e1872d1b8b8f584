"""Whatever is asked in whatever order: money and coins are neither made nor lost."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.venue import CASH, D, Venue

PRICES = st.sampled_from(["95", "98", "99.5", "100", "100.01", "101", "105"])
QUANTITIES = st.sampled_from(["0.1", "1", "4", "7"])
SIDES = st.sampled_from(["BUY", "SELL"])
ORDERS = st.fixed_dictionaries(
    {
        "side": SIDES,
        "type": st.sampled_from(
            ["MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "TAKE_PROFIT", "STOP_LOSS_LIMIT"]
        ),
        "quantity": QUANTITIES,
        "price": PRICES,
        "stopPrice": PRICES,
        "timeInForce": st.sampled_from(["GTC", "IOC", "FOK"]),
        "mode": st.sampled_from(["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"]),
    }
)
ACTS = st.one_of(
    st.tuples(st.just("order"), ORDERS),
    st.tuples(st.just("oco"), st.tuples(SIDES, QUANTITIES)),
    st.tuples(st.just("otoco"), st.tuples(PRICES, QUANTITIES)),
    st.tuples(st.just("quote"), st.tuples(st.integers(90, 110), st.sampled_from(["0.5", "5"]))),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
)
NEEDS = {
    "MARKET": (),
    "LIMIT": ("price", "timeInForce"),
    "LIMIT_MAKER": ("price",),
    "STOP_LOSS": ("stopPrice",),
    "TAKE_PROFIT": ("stopPrice",),
    "STOP_LOSS_LIMIT": ("price", "stopPrice", "timeInForce"),
}


def act(venue: Venue, kind: str, what: Any) -> None:
    if kind == "order":
        words = {word: what[word] for word in ("side", "type", "quantity", *NEEDS[what["type"]])}
        words["selfTradePreventionMode"] = what["mode"]
        venue.try_("POST", "order", symbol="BTCUSDT", **words)
    elif kind == "oco":
        side, quantity = what
        above, below = (
            ("LIMIT_MAKER", "STOP_LOSS") if side == "SELL" else ("STOP_LOSS", "LIMIT_MAKER")
        )
        words = {"symbol": "BTCUSDT", "side": side, "quantity": quantity}
        for name, leg, price in (("above", above, "110"), ("below", below, "90")):
            words |= {f"{name}Type": leg}
            words |= {f"{name}{'Price' if leg == 'LIMIT_MAKER' else 'StopPrice'}": price}
        venue.try_("POST", "orderList/oco", **words)
    elif kind == "otoco":
        price, quantity = what
        venue.try_(
            "POST",
            "orderList/otoco",
            symbol="BTCUSDT",
            workingType="LIMIT",
            workingSide="BUY",
            workingPrice=price,
            workingQuantity=quantity,
            workingTimeInForce="GTC",
            pendingSide="SELL",
            pendingQuantity=quantity,
            pendingAboveType="LIMIT_MAKER",
            pendingAbovePrice="110",
            pendingBelowType="STOP_LOSS",
            pendingBelowStopPrice="90",
        )
    elif kind == "quote":
        bid, size = what
        venue.quote(f"{bid}.00", f"{bid}.01", size=size)
    else:
        standing = sorted(venue.holder.standing)
        if standing:
            number = standing[what % len(standing)]
            venue.try_("DELETE", "order", symbol="BTCUSDT", orderId=number)


def check(venue: Venue) -> None:
    account = venue.holder.floor.account
    moved: dict[str, Decimal] = {"USDT": D(0), "BTC": D(0), "BNB": D(0)}
    for record, fill in venue.holder.trades:
        sign = 1 if record.ticket.side == "BUY" else -1
        moved["BTC"] += sign * fill.quantity
        moved["USDT"] -= sign * fill.quantity * fill.price
        moved[fill.fee_asset] -= fill.fee
    for asset, change in moved.items():
        free, locked = account.free[asset], account.locked[asset]
        assert min(free, locked) >= 0, asset
        assert free + locked == CASH[asset] + change, asset
    for record in venue.holder.records.values():
        assert sum((fill.quantity for fill in record.fills), D(0)) == record.executed
        assert record.executed <= record.quantity
        assert (record.executed == record.quantity) is (record.status == "FILLED")
        open_at_desk = str(record.id) in venue.holder.floor.desk.open
        assert open_at_desk is record.is_open, (record.id, record.status)
        assert (record.id in venue.holder.standing) is not record.over
    if not venue.holder.standing:
        assert not any(account.locked.values())
    told = [event["t"] for event in venue.events if event.get("x") == "TRADE"]
    assert told == [fill.trade_id for _, fill in venue.holder.trades]


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_nothing_is_made_or_lost(acts: list[tuple[str, Any]]) -> None:
    venue = Venue()
    for kind, what in acts:
        act(venue, kind, what)
        check(venue)

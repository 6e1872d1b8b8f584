"""The ledger: double entry to the last digit, cash reserved and released, lots, dust and trades."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bench import BTC, Bench, flat_bars, placed, signal, trades
from thunes.core.domain.decision import Action
from thunes.core.domain.fact import Noticed, TradeClosed
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Rejected,
    Side,
)
from thunes.core.domain.position import Lot
from thunes.core.domain.units import ZERO
from thunes.core.ledger.books import Account
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.lots import consume
from thunes.core.ledger.orders import CLOSED_KEPT_MAX, OrderRecord
from thunes.core.risk.invariants import broken_invariants

D = Decimal
BNB_PRICE = D("250.5")

# S26: double entry over random fills, with fees in any asset.


class Shadow:
    """The same account in five obvious lines: what went in, what came out."""

    def __init__(self) -> None:
        self.wallet = {"USDT": D(10**7), "BTC": ZERO, "BNB": D(10**4)}
        self.fees = ZERO

    def book(self, side: Side, fill: Filled) -> None:
        sign = 1 if side is Side.BUY else -1
        self.wallet["BTC"] += sign * fill.quantity
        self.wallet["USDT"] -= sign * fill.quantity * fill.price
        self.wallet[fill.fee_asset] -= fill.fee
        worth = {"USDT": D(1), "BTC": fill.price, "BNB": BNB_PRICE}
        self.fees += fill.fee * worth[fill.fee_asset]


def value_of(price: Decimal) -> Any:
    return lambda asset, amount: amount * {"USDT": D(1), "BTC": price, "BNB": BNB_PRICE}[asset]


PIECES = st.lists(
    st.tuples(
        st.integers(1, 10**6),  # steps of 0.00001
        st.integers(100, 10**7),  # ticks of 0.01
        st.sampled_from(["USDT", "BTC", "BNB"]),
        st.integers(0, 200),  # fee, in hundredths of a percent of the value
    ),
    min_size=1,
    max_size=8,
)


def fee_of(value: Decimal, quantity: Decimal, asset: str, bps: int) -> Decimal:
    rate = D(bps) / 10_000
    if asset == "BTC":
        return quantity * rate
    return value * rate if asset == "USDT" else (value * rate / BNB_PRICE).quantize(D("1E-8"))


@settings(max_examples=80)
@given(st.lists(st.tuples(PIECES, st.booleans()), min_size=1, max_size=4), st.data())
def test_every_posting_balances_and_equity_changes_by_what_was_earned(
    rounds: list[tuple[list[tuple[int, int, str, int]], bool]], data: st.DataObject
) -> None:
    """S26: accounts sum to zero; equity change = realised + unrealised, fees in both, exactly."""
    ledger, shadow = Ledger({"BTCUSDT": BTC}), Shadow()
    ledger.deposit(dict(shadow.wallet))
    start, realised, number, price = shadow.wallet["USDT"], ZERO, 0, D(0)
    bnb_paid = ZERO
    for pieces, whole in rounds:
        for side in (Side.BUY, Side.SELL):
            if side is Side.SELL and "BTCUSDT" not in ledger.positions:
                continue  # too little was bought to be sold
            number += 1
            order_id = f"t{number}"
            role = OrderRole.ENTRY if side is Side.BUY else OrderRole.EXIT
            order = Order(order_id, "BTCUSDT", side, OrderType.MARKET, role, "me", quantity=D(999))
            ledger.orders.submit(OrderRecord(order, reference=D(100)))
            for place, (steps, ticks, asset, bps) in enumerate(pieces):
                price, quantity = D(ticks) / 100, D(steps) / 100_000
                if side is Side.SELL:
                    held = ledger.positions["BTCUSDT"].quantity
                    last = place == len(pieces) - 1
                    quantity = held if last and whole else min(quantity, held / 2)
                    asset = "USDT" if asset == "BTC" else asset
                fee = fee_of(price * quantity, quantity, asset, bps)
                complete = place == len(pieces) - 1
                fill = Filled(order_id, f"x{place}", price, quantity, fee, asset, complete)
                facts = ledger.book(number, ledger.orders.find(order_id), fill, value_of(price))
                realised += sum((f.trade.pnl for f in facts if isinstance(f, TradeClosed)), ZERO)
                shadow.book(side, fill)
                bnb_paid += fee if asset == "BNB" else ZERO
                assert ledger.books.imbalance() == {}
                if side is Side.SELL and "BTCUSDT" not in ledger.positions:
                    break
    wallet = ledger.books.accounts[Account.WALLET]
    assert {a: wallet[a] for a in shadow.wallet} == shadow.wallet
    lots = [*ledger.lots.get("BTCUSDT", []), *ledger.dust.get("BTCUSDT", [])]
    assert sum((lot.quantity for lot in lots), ZERO) == wallet["BTC"]
    held = ledger.positions.get("BTCUSDT")
    parked = sum((lot.quantity for lot in ledger.dust.get("BTCUSDT", [])), ZERO)
    assert (held.quantity if held else ZERO) + parked == wallet["BTC"]
    unrealised = price * wallet["BTC"] - sum((lot.cost for lot in lots), ZERO)
    equity = wallet["USDT"] + price * wallet["BTC"] - bnb_paid * BNB_PRICE
    pending = [r for r in ledger.orders.closed.values() if r.lots]
    assert not pending
    assert equity - start == realised + unrealised


def test_a_fee_is_known_in_the_asset_it_was_taken_in() -> None:
    """A fee in base is fewer units for the same money, one in BNB more money for the same units."""
    for asset, fee, quantity, cost in (
        ("USDT", "1", D(10), D(1_001)),
        ("BTC", "0.01", D("9.99"), D(1_000)),
        ("BNB", "0.01", D(10), D("1002.505")),
    ):
        ledger = Ledger({"BTCUSDT": BTC})
        ledger.deposit({"USDT": D(10_000), "BNB": D(1)})
        order = Order("t1", "BTCUSDT", Side.BUY, OrderType.MARKET, OrderRole.ENTRY, "me", D(10))
        ledger.orders.submit(OrderRecord(order))
        fill = Filled("t1", "x", D(100), D(10), D(fee), asset, True)
        ledger.book(1, ledger.orders.find("t1"), fill, value_of(D(100)))
        (lot,) = ledger.lots["BTCUSDT"]
        assert (lot.quantity, lot.cost) == (quantity, cost)
        assert ledger.positions["BTCUSDT"].quantity == quantity


def test_books_that_do_not_balance_are_named() -> None:
    bench = Bench()
    bench.state.ledger.books.accounts[Account.FEES]["USDT"] = D("0.01")
    assert bench.state.ledger.books.imbalance() == {"USDT": D("0.01")}
    assert [broken.name for broken in broken_invariants(bench.state.ledger, bench.view)] == ["S26"]
    bench.state.ledger.books.accounts[Account.FEES].clear()


# S25: reserved and released (F381, F382).


def waiting(**more: Any) -> tuple[Bench, Order]:
    """A bench with one accepted limit entry of 10 BTC at 90: worst cost 900.9."""
    bench = Bench(sizing="quantity:10", **more)
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    assert bench.cash() - bench.view.account.available() == D("900.9")
    bench.report(Accepted(order.id))
    return bench, order


def test_available_is_cash_less_the_worst_of_every_entry() -> None:
    bars = {s: flat_bars([100.0] * 9, s) for s in ("BTCUSDT", "ETHUSDT")}
    bench = Bench(bars=bars, sizing="quantity:10")
    bench.bar(signal(limit_price=D(90)), signal(symbol="ETHUSDT", quote_amount=D(500)))
    assert bench.view.account.available() == D(10_000) - D("900.9") - 500
    assert bench.view.account.exposure("BTCUSDT") == D("900.9")
    assert bench.view.account.total_exposure() == D("1400.9")


def test_a_fill_releases_by_what_it_cost() -> None:
    bench, order = waiting()
    bench.report(bench.fill(order, "89", "4", fee="0.3", complete=False))
    assert bench.cash() == D(10_000) - 356 - D("0.3")
    assert bench.view.account.available() == bench.cash() - 6 * D("90.09")
    bench.report(bench.fill(order, "90", "6", fee="0.5"))
    assert bench.view.account.available() == bench.cash() == D("9643.7") - D("540.5")


ENDS = {
    "cancel": lambda order: Canceled(order.id),
    "reject": lambda order: Rejected(order.id, -2010, "no"),
    "expire": lambda order: Expired(order.id, "over"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("part", [False, True])
def test_every_end_releases_exactly_once(end: str, part: bool) -> None:
    bench = Bench(sizing="quantity:10")
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    if part:
        if end == "reject":
            return  # what has filled is not refused any more
        bench.report(bench.fill(order, "90", "4", fee="0.36", complete=False))
    for _ in range(2):
        bench.report(ENDS[end](order))
        assert bench.view.account.available() == bench.cash()
    assert bench.cash() == D(10_000) - (D("360.36") if part else ZERO)
    assert bench.view.account.entries() == ()


def test_an_amount_bought_for_less_releases_the_rest_at_the_end() -> None:
    bench = Bench(sizing="fixed:1000")
    (order,) = placed(bench.bar(signal()))
    assert bench.view.account.available() == 9_000
    bench.report(bench.fill(order, "100", "4", fee="0.4", complete=False))
    assert bench.view.account.available() == 9_000, "the rest may still be spent"
    bench.report(bench.fill(order, "100", "5", fee="0.5", complete=True))
    assert bench.view.account.available() == bench.cash() == D("9099.1")


@pytest.mark.parametrize("kind", [OutcomeUnknown, CancelRefused])
def test_what_may_still_exist_keeps_its_cash(kind: Any) -> None:
    bench, order = waiting()
    bench.bar(signal(Action.CANCEL))
    assert bench.view.account.available() == D(10_000) - D("900.9"), "a cancel asked for is no end"
    report = kind(order.id) if kind is OutcomeUnknown else kind(order.id, -2011, "?")
    bench.report(report)
    bench.bars(3)
    assert bench.view.account.available() == D(10_000) - D("900.9")
    (again,) = [d for d in bench.bar(signal()).facts if hasattr(d, "refused_by")]
    assert again.refused_by is not None, "and no second entry beside it"
    bench.report(Canceled(order.id))
    assert bench.view.account.available() == 10_000


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 400_000), st.integers(8_000, 9_000)), max_size=4),
    st.sampled_from(["fill", *ENDS]),
)
def test_money_is_conserved_by_every_order(parts: list[tuple[int, int]], end: str) -> None:
    """F382: after the end exactly what was paid is gone, by actual cost and fee."""
    bench = Bench(sizing="quantity:10")
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    paid, left = ZERO, D(10)
    for steps, ticks in parts:
        quantity = min(D(steps) / 100_000, left - D("0.00001"))
        if not quantity:
            break  # all but the last step is bought
        price = D(ticks) / 100
        fee = price * quantity * D("0.001")
        bench.report(bench.fill(order, str(price), quantity, fee=fee, complete=False))
        paid, left = paid + price * quantity + fee, left - quantity
        worst = left * 90 * D("1.001")
        assert bench.view.account.available() == 10_000 - paid - worst
        assert bench.view.account.available() >= 0
    if end == "fill":
        fee = left * 90 * D("0.001")
        bench.report(bench.fill(order, "90", left, fee=fee, complete=True))
        paid += left * 90 + fee
    elif end != "reject" or not parts:
        bench.report(ENDS[end](order))
    else:
        return
    assert bench.view.account.available() == bench.cash() == 10_000 - paid


# Lots.


def lot(quantity: str, price: str, cost: str = "") -> Lot:
    return Lot(0, D(quantity), D(price), D(cost or D(quantity) * D(price)), ZERO)


def test_lots_go_first_in_first_out() -> None:
    lots = [lot("1", "100"), lot("2", "110"), lot("3", "120")]
    taken = consume(lots, D(2))
    assert [(t.quantity, t.price, t.cost) for t in taken] == [(1, 100, 100), (1, 110, 110)]
    assert [(t.quantity, t.cost) for t in lots] == [(1, 110), (3, 360)]


@given(
    st.lists(st.tuples(st.integers(1, 999), st.integers(1, 10**9)), min_size=1, max_size=5),
    st.data(),
)
def test_splitting_lots_loses_nothing(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    lots = [lot(f"{q}", "7", f"{c}e-8") for q, c in rows]
    quantity, cost = sum(q for q, _ in rows), sum((each.cost for each in lots), ZERO)
    sold = data.draw(st.integers(1, quantity))
    taken = consume(lots, D(sold))
    assert sum(each.quantity for each in taken) == sold
    assert sum((each.cost for each in [*taken, *lots]), ZERO) == cost
    assert all(each.quantity > 0 for each in [*taken, *lots])


# Trades.


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**5)), min_size=1, max_size=6))
def test_the_pnl_of_trades_sums_to_the_change_of_cash(parts: list[tuple[int, int]]) -> None:
    bench = Bench(sizing="quantity:7")
    (order,) = placed(bench.bar(signal()))
    bench.report(bench.fill(order, "99.97", "3", fee="0.01", complete=False))
    bench.report(bench.fill(order, "100.01", "4", fee="0.03"))
    closed = []
    for steps, ticks in parts:
        held = bench.held()
        quantity = min(D(steps) / 100_000, held)
        (order,) = placed(bench.bar(signal(Action.EXIT)))
        price, fee = D(ticks) / 100, (D(ticks) / 777_777).quantize(D("1E-8"))
        outcome = bench.report(
            bench.fill(order, str(price), quantity, fee=fee, complete=quantity == held)
        )
        closed += trades(outcome)
        if quantity < held:
            closed += trades(bench.report(Expired(order.id, "no liquidity")))
        if not bench.held():
            break
    else:
        held = bench.held()
        (order,) = placed(bench.bar(signal(Action.EXIT)))
        closed += trades(bench.report(bench.fill(order, "101", held)))
    parked = [lot for lots in bench.state.ledger.dust.values() for lot in lots]
    cost = sum((each.cost for each in parked), ZERO)
    assert bench.cash() - 10_000 == sum((t.pnl for t in closed), ZERO) - cost
    assert sum((t.quantity for t in closed), ZERO) + sum((x.quantity for x in parked), ZERO) == 7


def test_the_fills_of_one_exit_are_one_trade() -> None:
    bench = Bench(sizing="quantity:7")
    (order,) = placed(bench.bar(signal()))
    bench.report(bench.fill(order, "100", "7", fee="0.7"))
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    for price, quantity in (("110", "1"), ("120", "2")):
        outcome = bench.report(bench.fill(order, price, quantity, fee="0.1", complete=False))
        assert trades(outcome) == []
    (trade,) = trades(bench.report(bench.fill(order, "130", "4", fee="0.2")))
    assert trade.quantity == 7
    assert trade.exit_price * 7 == pytest.approx(D(870))
    assert trade.pnl == 870 - 700 - D("1.1")
    assert trade.fees == D("1.1")


def test_a_trade_tells_its_entry_by_the_lots_it_closed() -> None:
    bench = Bench(sizing="quantity:10")
    bench.enter("10", "100")
    opened = bench.at
    bench.bar()
    (order,) = placed(bench.bar(signal(Action.ADD)))
    bench.report(bench.fill(order, "50", "10"))
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(bench.fill(order, "60", "10", complete=False))
    (first,) = trades(bench.report(Expired(order.id, "over")))
    assert (first.entry_time, first.entry_price, first.pnl) == (opened, 100, -400)
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    (second,) = trades(bench.report(bench.fill(order, "60", "10")))
    assert (second.entry_price, second.pnl) == (50, 100)


# Dust.


def test_what_cannot_be_sold_any_more_is_dust() -> None:
    """A fee in base leaves less than a whole step: it stays in the wallet, and is no position."""
    bench = Bench()
    (order,) = placed(bench.bar(signal()))
    bench.report(bench.fill(order, "100", "0.5", fee="0.000005", fee_asset="BTC", complete=True))
    assert bench.held() == D("0.499995")
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    assert order.quantity == D("0.49999")
    outcome = bench.report(bench.fill(order, "100"))
    assert [f.flat for f in outcome.facts if isinstance(f, TradeClosed)] == [True]
    assert bench.held() == 0
    assert [x.quantity for x in bench.state.ledger.dust["BTCUSDT"]] == [D("0.000005")]
    equity = bench.view.account.equity()
    assert equity == bench.cash() + D("0.000005") * 100, "and it is still worth what it is worth"
    bench.enter("1")
    assert bench.held() == 1, "a new position does not take the old dust in"


@pytest.mark.parametrize("pieces", [("9.99", "0.01"), ("9.96", "0.01", "0.03")])
def test_an_exit_in_pieces_is_not_over_before_its_last(pieces: tuple[str, ...]) -> None:
    """What is left between two pieces of one sale may be worth little, but it is being sold."""
    bench = Bench()
    bench.enter("10")
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    closed = []
    for piece in pieces:
        last = piece is pieces[-1]
        closed += trades(bench.report(bench.fill(order, "100", piece, complete=last)))
    assert [trade.quantity for trade in closed] == [10]
    assert bench.held() == 0
    assert bench.state.ledger.dust == {}


def test_a_rest_too_small_to_sell_is_dust_when_its_exit_ends() -> None:
    bench = Bench()
    bench.enter("10")
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(bench.fill(order, "100", "9.99", complete=False))
    (trade,) = trades(bench.report(Expired(order.id, "no liquidity")))
    assert trade.quantity == D("9.99")
    assert bench.held() == 0
    assert [x.quantity for x in bench.state.ledger.dust["BTCUSDT"]] == [D("0.01")]


def test_an_entry_that_ends_with_too_little_to_sell_is_dust() -> None:
    bench = Bench()
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    bench.report(bench.fill(order, "90", "0.01", complete=False))
    bench.report(Canceled(order.id))
    assert bench.held() == 0
    assert [x.quantity for x in bench.state.ledger.dust["BTCUSDT"]] == [D("0.01")]


# Records of orders.


def test_open_orders_are_kept_apart_from_a_bounded_past() -> None:
    bench = Bench()
    for _ in range(CLOSED_KEPT_MAX + 20):
        (order,) = placed(bench.bar(signal(limit_price=D(90))))
        bench.report(Rejected(order.id, -2010, "no"))
    orders = bench.state.ledger.orders
    assert len(orders.closed) == CLOSED_KEPT_MAX
    assert not orders.open_entries
    assert not any(orders.open.values())
    outcome = bench.report(Accepted("t1"))
    assert [f.code for f in outcome.facts if isinstance(f, Noticed)] == ["foreign_order"]


# Snapshot and restore.


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["buy", "part", "fill", "exit", "bar", "cancel"]), max_size=14))
def test_a_restored_state_goes_on_as_if_nothing_had_happened(acts: list[str]) -> None:
    one, other = Bench(sizing="quantity:3"), Bench(sizing="quantity:3")
    half = len(acts) // 2
    for place, what in enumerate([*acts, "bar", "exit"]):
        if place == half:
            snapshot = one.state.snapshot()
            other.state.restore(snapshot)
            assert other.state.snapshot() == snapshot
            assert other.state.digest() == one.state.digest()
            other.at, other.orders = one.at, dict(one.orders)
            other.resting, other.left = dict(one.resting), dict(one.left)
            other.trades = one.trades
        said = [acted(bench, what) for bench in ((one, other) if place >= half else (one,))]
        assert said[0] == said[-1]
    assert other.state.digest() == one.state.digest()


def acted(bench: Bench, what: str) -> Any:
    open_orders = [r.order for r in bench.state.ledger.orders.working("BTCUSDT")]
    if what == "buy":
        return bench.bar(signal(limit_price=D(99)))
    if what == "exit":
        return bench.bar(signal(Action.EXIT))
    if what == "cancel":
        return bench.bar(signal(Action.CANCEL))
    if what in ("part", "fill") and open_orders:
        order = open_orders[0]
        size = "1" if what == "part" else bench.left.get(order.id, order.quantity)
        return bench.report(bench.fill(order, "99", size, fee="0.01"))
    return bench.bar()


def test_a_snapshot_of_another_shape_is_refused() -> None:
    bench = Bench()
    with pytest.raises(msgspec.ValidationError):
        bench.state.restore(bench.state.snapshot().replace(b'"sequence"', b'"sequel"'))

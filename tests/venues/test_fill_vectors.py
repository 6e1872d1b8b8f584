"""Prices of fills at bars: every vector of the methods page, and what they leave open."""

import pytest

from tests.venues.pit import CASH, D, Pit, fills, kinds, place, price, swap
from thunes.adapters.venues.simulated.costs import FeeModel, FixedSlippage
from thunes.adapters.venues.simulated.models import Ambiguity, Models
from thunes.core.domain.order import OrderRole, OrderType, Side

SLIPPING = Models(slippage=FixedSlippage(D(5)))
OPTIMISTIC = Models(ambiguity=Ambiguity.OPTIMISTIC)
FLAT = (100.0, 100.0, 100.0, 100.0)


def started(models: Models | None = None) -> Pit:
    pit = Pit(models)
    pit.run(*FLAT)
    return pit


def test_market_long_at_100_with_half_spread_of_one_bp_pays_100_01() -> None:
    pit = started(Models(slippage=FixedSlippage(D(1))))
    assert pit.send(place(pit.buy())) == [], "a market order waits for the open"
    assert price(pit.run(100.0, 101.0, 99.0, 100.0)) == D("100.01")


def test_market_price_is_rounded_to_the_tick_against_us() -> None:
    pit = started(Models(slippage=FixedSlippage(D("0.3"))))
    pit.send(place(pit.buy()))
    assert price(pit.run(100.01, 101.0, 99.0, 100.0)) == D("100.02")  # 100.0130003
    pit.send(place(pit.sell()))
    assert price(pit.run(100.01, 101.0, 99.0, 100.0)) == D("100.00")  # 100.0069997


def test_market_fills_at_the_open_of_the_next_bar_not_of_this_one() -> None:
    pit = started()
    pit.send(place(pit.buy()))
    assert price(pit.run(123.0, 130.0, 120.0, 125.0)) == D(123)


def test_open_off_the_grid_is_rounded_against_us_even_without_slippage() -> None:
    pit = started()
    pit.send(place(pit.buy()))
    assert price(pit.run(100.001, 101.0, 99.0, 100.0)) == D("100.01")


def test_float_price_means_its_shortest_decimal() -> None:
    """0.1 + 0.2 is another float than 0.3, so another price; 0.3 itself is exactly 0.3."""
    pit = started()
    pit.send(place(pit.buy(quantity=D(20))))
    assert price(pit.run(0.3, 0.3, 0.3, 0.3)) == D("0.3")
    pit.send(place(pit.buy(quantity=D(20))))
    assert price(pit.run(0.1 + 0.2, 0.31, 0.3, 0.3)) == D("0.31")


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((98.0, 99.5, 97.0, 98.0), "98"),  # gapped through: the open
        ((100.0, 101.0, 98.5, 100.0), "99"),  # met inside the bar: the stop
        ((100.0, 101.0, 99.0, 100.0), "99"),  # touching is enough for a stop
        ((99.0, 101.0, 98.5, 100.0), "99"),  # opened exactly on it
        ((100.0, 101.0, 99.01, 100.0), None),
    ],
)
def test_stop_market_long_exit_at_99(bar: tuple[float, ...], expected: str | None) -> None:
    pit = started()
    pit.send(place(pit.stop("99")))
    assert price(pit.run(*bar)) == (None if expected is None else D(expected))


def test_stop_slips_from_its_level_and_down_to_the_tick() -> None:
    pit = started(SLIPPING)
    pit.send(place(pit.stop("98.05")))
    assert price(pit.run(100.0, 101.0, 97.0, 100.0)) == D("98.00")  # 98.000975


@pytest.mark.parametrize(
    ("bar", "expected"),
    [((102.0, 103.0, 101.5, 102.0), "102.06"), ((100.0, 101.0, 99.0, 100.0), "101.06")],
)
def test_buy_stop_is_the_mirror(bar: tuple[float, ...], expected: str) -> None:
    pit = started(SLIPPING)
    pit.send(place(pit.order(Side.BUY, OrderType.STOP_MARKET, stop_price=D(101))))
    found = price(pit.run(*bar))
    assert found == D(expected)  # 102.051 and 101.0505, up to the tick


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((100.0, 101.0, 99.00, 100.0), None),  # touched: no fill
        ((100.0, 101.0, 98.99, 100.0), "99"),  # traded through: at the limit
        ((98.5, 101.0, 98.0, 100.0), "98.5"),  # opened better: the open
    ],
)
def test_limit_long_entry_at_99(bar: tuple[float, ...], expected: str | None) -> None:
    pit = started()
    pit.send(place(pit.buy_limit("99")))
    assert price(pit.run(*bar)) == (None if expected is None else D(expected))


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((100.0, 102.00, 99.0, 100.0), None),  # touched: no fill
        ((100.0, 102.01, 99.0, 100.0), "102"),
        ((103.0, 104.00, 102.5, 103.0), "102"),  # opened better: credited the limit all the same
    ],
)
def test_take_profit_limit_at_102(bar: tuple[float, ...], expected: str | None) -> None:
    pit = started()
    pit.send(place(pit.target("102")))
    assert price(pit.run(*bar)) == (None if expected is None else D(expected))


def test_limit_exit_that_is_no_target_gets_the_better_open() -> None:
    pit = started()
    pit.send(place(pit.target("102", role=OrderRole.EXIT)))
    assert price(pit.run(103.0, 104.0, 102.5, 103.0)) == D(103)


def test_limit_touch_fills_is_a_switch() -> None:
    pit = started(Models(limit_touch_fills=True))
    pit.send(place(pit.buy_limit("99")))
    assert price(pit.run(100.0, 101.0, 99.0, 100.0)) == D(99)


@pytest.mark.parametrize(("models", "expected"), [(None, "99"), (OPTIMISTIC, "102")])
def test_stop_and_target_in_one_bar(models: Models | None, expected: str) -> None:
    """+2 % and -1 % in one bar: -1 % is the headline, +2 % the optimistic end."""
    pit = started(models)
    pit.send(pit.pair("99", "102"))
    assert price(pit.run(100.0, 103.0, 98.0, 100.0)) == D(expected)
    assert pit.venue.ambiguous_bars == 1


@pytest.mark.parametrize(
    "bar",
    [
        (100.0, 102.0, 98.0, 100.0),  # the target was only touched
        (100.0, 103.0, 99.5, 100.0),
        (98.0, 103.0, 97.0, 100.0),  # a gap decides: nothing ambiguous
    ],
)
def test_bars_that_are_not_ambiguous(bar: tuple[float, ...]) -> None:
    pit = started()
    pit.send(pit.pair("99", "102"))
    pit.run(*bar)
    assert pit.venue.ambiguous_bars == 0


def test_an_ambiguous_bar_counts_once_however_many_legs_it_hits() -> None:
    pit = started()
    pit.send(pit.pair("99", "102"))
    pit.send(pit.pair("99", "103"))
    pit.run(100.0, 104.0, 98.0, 100.0)
    assert pit.venue.ambiguous_bars == 1
    pit.send(pit.pair("99", "102"))
    pit.run(100.0, 104.0, 98.0, 100.0)
    assert pit.venue.ambiguous_bars == 2


def test_stop_and_target_of_an_entry_at_this_open_live_in_the_same_bar() -> None:
    for bar, expected in (
        ((100.0, 101.0, 98.9, 100.0), "99"),
        ((100.0, 102.5, 99.5, 100.0), "102"),
    ):
        pit = started()
        pit.send(place(pit.buy()))
        assert price(pit.open(*bar)) == D(100)
        assert len(pit.now(pit.pair("99", "102"))) == 2
        assert price(pit.rest()) == D(expected)


def test_stop_of_an_entry_inside_the_bar_meets_the_same_low() -> None:
    pit = started()
    pit.send(place(pit.buy_limit("99.5")))
    pit.open(100.0, 103.0, 98.0, 102.0)
    assert price(pit.trade()) == D("99.5")
    pit.now(pit.pair("99", "102"))
    assert price(pit.rest()) == D(99), "the fill was on the way down"
    assert pit.venue.ambiguous_bars == 0, "the target did not live in this bar"


def test_target_of_an_entry_inside_the_bar_waits_for_the_next() -> None:
    pit = started()
    pit.send(place(pit.buy_limit("99.5")))
    pit.open(100.0, 103.0, 99.2, 102.0)
    pit.trade()
    pit.now(pit.pair("99", "102.5"))
    assert pit.rest() == []
    assert price(pit.run(102.0, 102.6, 101.0, 102.0)) == D("102.5")


def test_market_order_sent_inside_a_bar_takes_the_next_open() -> None:
    pit = started()
    pit.send(place(pit.buy()))
    pit.open(100.0, 105.0, 95.0, 104.0)
    pit.now(place(pit.sell()))
    pit.venue.open_bars(pit.number * 60_000_000_000, pit.bar)
    assert pit.rest() == []
    assert price(pit.run(104.5, 105.0, 104.0, 104.0)) == D("104.5")


def test_moved_stop_meets_the_rest_of_the_same_bar() -> None:
    """A first target is hit and the rest is set to break even: the worst is assumed."""
    pit = started()
    rest = pit.stop("98")
    pit.send(place(rest))
    pit.send(pit.pair("98", "101"))
    pit.open(100.5, 102.0, 99.8, 101.5)
    assert price(pit.trade()) == D(101)
    pit.now(swap((rest,), pit.stop("100")))
    assert price(pit.rest()) == D(100)


def test_entries_and_stops_are_met_in_the_order_of_the_way_down() -> None:
    pit = started()
    low, middle, high = pit.buy_limit("97"), pit.stop("98"), pit.buy_limit("99")
    for order in (low, middle, high):
        pit.send(place(order))
    found = fills(pit.run(100.0, 100.0, 96.0, 99.0))
    assert [f.order_id for f in found] == [high.id, middle.id, low.id]


@pytest.mark.parametrize(
    ("stop", "limit", "bar", "expected"),
    [
        ("99", "98.5", (100.0, 101.0, 98.8, 100.0), "98.95"),  # slips, but stays above the limit
        ("99", "98.98", (100.0, 101.0, 98.8, 100.0), "98.98"),  # never worse than the limit
        ("99", "99.5", (100.0, 101.0, 98.8, 100.0), None),  # the high may have been before
        ("99", "98.5", (98.0, 98.4, 97.0, 98.0), None),  # gapped past stop and limit
        ("99", "98.5", (98.0, 98.6, 97.0, 98.0), "98.5"),  # came back through the limit
    ],
)
def test_stop_limit(stop: str, limit: str, bar: tuple[float, ...], expected: str | None) -> None:
    pit = started(SLIPPING)
    order = pit.order(
        Side.SELL,
        OrderType.STOP_LIMIT,
        role=OrderRole.STOP,
        stop_price=D(stop),
        limit_price=D(limit),
    )
    pit.send(place(order))
    assert price(pit.run(*bar)) == (None if expected is None else D(expected))


def test_triggered_stop_limit_goes_on_as_a_limit() -> None:
    pit = started()
    fields = {"stop_price": D(99), "limit_price": D("99.5"), "role": OrderRole.STOP}
    pit.send(place(pit.order(Side.SELL, OrderType.STOP_LIMIT, **fields)))
    assert pit.run(100.0, 100.0, 98.8, 99.0) == []
    assert price(pit.run(99.2, 99.6, 99.0, 99.5)) == D("99.5")


@pytest.mark.parametrize(
    ("role", "bar", "expected"),
    [
        (OrderRole.TARGET, (100.0, 102.0, 99.0, 100.0), "101.94"),  # touched: market, slipped
        (OrderRole.TARGET, (103.0, 104.0, 102.5, 103.0), "101.94"),  # never better than its price
        (OrderRole.EXIT, (103.0, 104.0, 102.5, 103.0), "102.94"),
        (OrderRole.TARGET, (100.0, 101.99, 99.0, 100.0), None),
    ],
)
def test_take_profit_market(role: OrderRole, bar: tuple[float, ...], expected: str | None) -> None:
    pit = started(SLIPPING)
    pit.send(place(pit.order(Side.SELL, OrderType.TAKE_PROFIT, role=role, stop_price=D(102))))
    assert price(pit.run(*bar)) == (None if expected is None else D(expected))


def test_all_cash_buys_the_floor_of_cash_over_price_with_fee() -> None:
    """floor(10000 / (100.05 x 1.001) / 0.001) steps: 99.85009."""
    fees = FeeModel(maker=D("0.001"), taker=D("0.001"))
    pit = started(Models(fees=fees, slippage=FixedSlippage(D(5))))
    pit.send(place(pit.buy(quote_amount=CASH["USDT"])))
    fill = fills(pit.run(100.0, 101.0, 99.0, 100.0))[0]
    assert (fill.price, fill.quantity) == (D("100.05"), D("99.850"))
    assert fill.fee == D("9.989992500")
    assert pit.balances["USDT"].free == D(10_000) - D("9989.9925") - fill.fee


def test_reports_of_a_list_come_in_one_batch() -> None:
    pit = started()
    command = pit.pair("99", "102")
    stop, target = command.orders
    assert kinds(pit.send(command)) == [f"Accepted {stop.id}", f"Accepted {target.id}"]
    pit.open(100.0, 101.0, 98.0, 100.0)
    pit.venue.trade_bars(pit.number, pit.bar)
    (batch,) = pit.venue.reports()
    assert kinds(list(batch.reports)) == [f"Filled {stop.id}", f"Expired {target.id}"]
    assert batch.at == pit.bar[pit.symbol].open_time


def test_take_profit_with_a_limit_becomes_a_limit_order() -> None:
    pit = Pit()
    pit.run(100, 101, 99, 100)
    words = {"stop_price": D(102), "limit_price": D(103)}
    pit.send(place(pit.order(Side.SELL, OrderType.TAKE_PROFIT, **words)))
    assert fills(pit.run(100, 102.5, 100, 101)) == []  # triggered, its price not passed
    (fill,) = fills(pit.run(101, 103.5, 100, 101))
    assert fill.price == D(103)
    pit.send(place(pit.order(Side.SELL, OrderType.TAKE_PROFIT, **words)))
    (fill,) = fills(pit.run(105, 106, 104, 105))  # the open is beyond both
    assert fill.price == D(105)

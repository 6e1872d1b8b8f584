"""Fees, impact, latency, participation, and matching against quotes and trades."""

import pytest

from tests.venues.pit import BTC, CASH, MINUTE, D, Pit, cancel, fills, kinds, place, price
from thunes.adapters.venues.simulated.costs import (
    Charged,
    FeeModel,
    FixedSlippage,
    SquareRootImpact,
)
from thunes.adapters.venues.simulated.models import LatencyModel, Models, ParticipationModel
from thunes.adapters.venues.simulated.venue import SimulatedVenue
from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.order import CancelRefused, Expired, OrderType, Side

TEN_BPS = FeeModel(maker=D("0.0005"), taker=D("0.001"))
FLAT = (100.0, 100.0, 100.0, 100.0)
BNB = Instrument("BNBUSDT", "BNB", "USDT", D("0.1"), D("0.001"))


def started(models: Models) -> Pit:
    pit = Pit(models)
    pit.run(*FLAT)
    return pit


def charged(where: Charged) -> Models:
    return Models(fees=FeeModel(maker=D("0.0005"), taker=D("0.001"), charged=where))


def test_fee_in_quote_is_added_to_the_cost_and_taken_from_the_proceeds() -> None:
    pit = started(charged(Charged.QUOTE))
    pit.send(place(pit.buy(quantity=D(2))))
    bought = fills(pit.run(*FLAT))[0]
    assert (bought.fee, bought.fee_asset) == (D("0.2"), "USDT")
    pit.send(place(pit.sell(quantity=D(2))))
    sold = fills(pit.run(*FLAT))[0]
    assert (sold.fee, sold.fee_asset) == (D("0.2"), "USDT")
    assert pit.balances["USDT"].free == D("9999.6")
    assert pit.balances["BTC"].free == D(10)


def test_fee_of_what_is_received_leaves_less_to_sell() -> None:
    pit = started(charged(Charged.RECEIVED))
    pit.send(place(pit.buy(quantity=D(2))))
    bought = fills(pit.run(*FLAT))[0]
    assert (bought.fee, bought.fee_asset) == (D("0.002"), "BTC")
    assert pit.balances["BTC"].free == D("11.998")
    pit.send(place(pit.sell(quantity=D(1))))
    sold = fills(pit.run(*FLAT))[0]
    assert (sold.fee, sold.fee_asset) == (D("0.1"), "USDT")


def test_resting_orders_pay_the_maker_rate_triggered_ones_the_taker_rate() -> None:
    pit = started(charged(Charged.QUOTE))
    pit.send(pit.pair("90", "110"))
    assert fills(pit.run(100.0, 111.0, 100.0, 111.0))[0].fee == D("0.055")
    pit.send(pit.pair("100", "120"))
    assert fills(pit.run(111.0, 111.0, 99.0, 99.0))[0].fee == D("0.1")


def test_limit_that_comes_to_a_better_open_is_a_taker_one_that_has_rested_a_maker() -> None:
    pit = started(charged(Charged.QUOTE))
    pit.send(place(pit.buy_limit("99")))
    assert fills(pit.run(98.0, 98.0, 98.0, 98.0))[0].fee == D("0.098")
    pit.send(place(pit.buy_limit("97")))
    pit.run(98.0, 98.0, 98.0, 98.0)
    assert fills(pit.run(96.0, 96.0, 96.0, 96.0))[0].fee == D("0.048")


def bnb_venue(bnb: str) -> tuple[SimulatedVenue, dict[str, Bar]]:
    models = charged(Charged.BNB)
    venue = SimulatedVenue([BTC, BNB], {**CASH, "BNB": D(bnb)}, models)
    bars = {
        "BTCUSDT": Bar(0, MINUTE, 100.0, 100.0, 100.0, 100.0, 1.0),
        "BNBUSDT": Bar(0, MINUTE, 300.0, 300.0, 300.0, 300.0, 1.0),
    }
    venue.open_bars(0, bars)
    venue.trade_bars(0, bars)
    return venue, bars


@pytest.mark.parametrize(
    ("held", "fee", "asset"),
    [("1", "0.00050000", "BNB"), ("0.0005", "0.00050000", "BNB"), ("0.00049999", "0.002", "BTC")],
)
def test_fee_in_bnb_at_a_discount_while_bnb_suffices(held: str, fee: str, asset: str) -> None:
    """2 x 100 x 0.1 % x 75 % = 0.15 USDT = 0.0005 BNB at 300."""
    venue, bars = bnb_venue(held)
    pit = Pit()
    assert venue.interested() == ()
    venue.send(place(pit.buy(quantity=D(2))), MINUTE)
    assert venue.interested() == ("BTCUSDT", "BNBUSDT"), "its bars are wanted for its price"
    bars = {
        s: Bar(MINUTE, 2 * MINUTE, b.open, b.high, b.low, b.close, 1.0) for s, b in bars.items()
    }
    venue.open_bars(MINUTE, bars)
    fill = fills(list(venue.reports()[0].reports))[0]
    assert (fill.fee, fill.fee_asset) == (D(fee), asset)


def test_fee_in_bnb_without_a_price_of_bnb_is_taken_from_what_is_received() -> None:
    pit = Pit(charged(Charged.BNB), balances={**CASH, "BNB": D(5)})
    pit.run(*FLAT)
    pit.send(place(pit.buy(quantity=D(2))))
    assert fills(pit.run(*FLAT))[0].fee_asset == "BTC"


def test_square_root_impact_of_the_published_vector() -> None:
    """sigma 3 %, Q/V 1 %: 30 bps."""
    impact = SquareRootImpact(half_spread=D(0), daily_sigma=D("0.03"), daily_volume=D(200))
    assert impact.fraction(D(2)) == D("0.003")
    pit = started(Models(slippage=impact))
    pit.send(place(pit.buy(quantity=D(2))))
    assert price(pit.run(*FLAT)) == D("100.30")
    pit.send(place(pit.sell(quantity=D(2))))
    assert price(pit.run(*FLAT)) == D("99.70")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: FeeModel(maker=D("-0.1")),
        lambda: FeeModel(taker=D(1)),
        lambda: FixedSlippage(D(10_000)),
        lambda: FixedSlippage(D(-1)),
        lambda: SquareRootImpact(D(0), D("0.03"), D(0)),
        lambda: SquareRootImpact(D(0), D("-0.03"), D(1)),
        lambda: LatencyModel(-1),
        lambda: ParticipationModel(D(0)),
        lambda: ParticipationModel(D("1.1")),
    ],
)
def test_models_that_make_no_sense_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(UsageError):
        wrong()


SECOND = Models(latency=LatencyModel(1_000_000_000))


def test_market_order_that_travels_past_the_open_takes_the_one_after() -> None:
    pit = started(SECOND)
    pit.send(place(pit.buy()))
    assert pit.venue.interested() == ("BTCUSDT",)
    assert pit.venue.levels("BTCUSDT").at_open
    assert pit.run(101.0, 101.0, 101.0, 101.0) == []
    assert price(pit.run(102.0, 102.0, 102.0, 102.0)) == D(102)


def test_stop_that_arrives_inside_a_bar_meets_its_low_all_the_same() -> None:
    pit = started(SECOND)
    order = pit.stop("99")
    pit.send(place(order))
    assert kinds(pit.run(100.0, 100.0, 98.0, 100.0)) == [
        f"Accepted {order.id}",
        f"Filled {order.id}",
    ]
    assert pit.stamps == sorted(pit.stamps)


def test_cancel_that_travels_comes_too_late() -> None:
    pit = started(SECOND)
    order = pit.buy_limit("99")
    pit.send(place(order))
    pit.run(*FLAT)
    pit.send(cancel(order))
    reports = pit.run(98.5, 100.0, 98.0, 100.0)
    assert kinds(reports) == [f"Filled {order.id}", f"CancelRefused {order.id}"]
    assert isinstance(reports[1], CancelRefused)
    assert pit.stamps == sorted(pit.stamps)


TENTH = Models(participation=ParticipationModel(D("0.1")), fees=TEN_BPS)


def test_a_bar_fills_its_share_and_the_rest_goes_on_in_the_next() -> None:
    pit = started(TENTH)
    order = pit.buy(quantity=D("2.5"))
    pit.send(place(order))
    assert kinds(pit.run(100.0, 100.0, 100.0, 100.0, 10.0)) == [
        f"Accepted {order.id}",
        f"Filled {order.id}",
    ]
    assert kinds(pit.run(101.0, 101.0, 101.0, 101.0, 10.0009)) == [f"Filled {order.id}"]
    assert kinds(pit.run(102.0, 102.0, 102.0, 102.0, 10.0)) == [f"Filled {order.id}"]
    found = fills(pit.reports)
    assert [(f.price, f.quantity, f.complete) for f in found] == [
        (D(100), D(1), False),
        (D(101), D(1), False),
        (D(102), D("0.5"), True),
    ]
    assert pit.balances["USDT"].locked == D(0)


def test_orders_of_one_bar_share_its_volume() -> None:
    pit = started(TENTH)
    first, second = pit.buy_limit("99"), pit.buy_limit("98")
    pit.send(place(first))
    pit.send(place(second))
    pit.run(100.0, 100.0, 97.0, 100.0, 15.0)
    assert [(f.order_id, f.quantity) for f in fills(pit.reports)] == [
        (first.id, D(1)),
        (second.id, D("0.5")),
    ]
    assert pit.balances["USDT"].locked == D("49.049")


def test_triggered_stop_goes_on_as_a_market_order_and_keeps_its_coins() -> None:
    pit = started(TENTH)
    command = pit.pair("99", "110", quantity=D(2))
    stop, target = command.orders
    pit.send(command)
    assert kinds(pit.run(100.0, 100.0, 98.0, 98.0, 5.0)) == [
        f"Filled {stop.id}",
        f"Expired {target.id}",
    ]
    assert pit.balances["BTC"] == (D(8), D("1.5"))
    assert kinds(pit.run(97.0, 111.0, 97.0, 97.0, 1000.0)) == [f"Filled {stop.id}"]
    assert fills(pit.reports)[-1].price == D(97)
    assert pit.balances["BTC"] == (D(8), D(0))


def test_stop_triggered_where_nothing_trades_ends_its_sibling_and_keeps_its_coins() -> None:
    pit = started(TENTH)
    command = pit.pair("99", "110", quantity=D(10))
    target, stop = command.orders[1], command.orders[0]
    pit.send(place(target, stop))  # the coins are noted on the first of the list
    assert kinds(pit.run(100.0, 100.0, 98.0, 98.0, 0.0)) == [f"Expired {target.id}"]
    assert pit.balances["BTC"] == (D(0), D(10))
    assert kinds(pit.run(97.0, 97.0, 97.0, 97.0, 1000.0)) == [f"Filled {stop.id}"]


def test_amount_is_spent_over_several_bars_and_what_buys_no_step_is_given_back() -> None:
    pit = started(TENTH)
    order = pit.buy(quote_amount=D(250))
    pit.send(place(order))
    pit.run(100.0, 100.0, 100.0, 100.0, 10.0)
    pit.run(100.0, 100.0, 100.0, 100.0, 10.0)
    pit.run(100.0, 100.0, 100.0, 100.0, 10.0)
    found = fills(pit.reports)
    assert [f.quantity for f in found] == [D(1), D(1), D("0.497")]
    assert found[-1].complete
    assert pit.balances["USDT"] == (D(10_000) - D("249.9497"), D(0))


def test_amount_whose_rest_buys_no_step_expires() -> None:
    pit = started(TENTH)
    order = pit.buy(quote_amount=D("100.2"))
    pit.send(place(order))
    assert not fills(pit.run(100.0, 100.0, 100.0, 100.0, 9.99))[0].complete
    assert pit.balances["USDT"].locked == D("0.2001")
    dear = pit.run(300.0, 300.0, 300.0, 300.0, 10.0)
    assert dear == [Expired(order.id, "Filter failure: LOT_SIZE")]
    assert pit.balances["USDT"].locked == D(0)


def quote(at: int, bid: str, ask: str, size: str = "5") -> Quote:
    return Quote(at, "BTCUSDT", D(bid), D(size), D(ask), D(size))


class Ticks(Pit):
    """The same pit, fed by quotes and trades."""

    def quote(self, at: int, bid: str, ask: str, size: str = "5") -> list:
        self.venue.on_quote(quote(at, bid, ask, size))
        return self._collect()

    def print(self, at: int, price: str, size: str = "5") -> list:
        self.venue.on_trade(PublicTrade(at, "BTCUSDT", D(price), D(size)))
        return self._collect()


def test_quotes_fill_market_orders_at_the_other_side() -> None:
    pit = Ticks()
    pit.quote(1, "99", "101")
    pit.send(place(pit.buy()), 1)
    assert price(pit.quote(2, "99.5", "101.5")) == D("101.5")
    pit.send(place(pit.sell()), 2)
    assert price(pit.quote(3, "99.6", "101.6")) == D("99.6")


def test_quotes_trigger_stops_on_the_side_that_they_sell_to() -> None:
    pit = Ticks()
    pit.quote(1, "100", "100.1")
    pit.send(place(pit.stop("99")), 1)
    assert pit.quote(2, "99.01", "99.02") == []
    assert price(pit.quote(3, "98.9", "99.9")) == D("98.9")


def test_limit_that_rests_keeps_its_price_and_needs_the_quote_to_pass_it() -> None:
    pit = Ticks(Models(fees=TEN_BPS))
    pit.quote(1, "100", "100.1")
    pit.send(place(pit.buy_limit("99")), 1)
    assert pit.quote(2, "98.9", "99.1") == []
    assert pit.quote(3, "98.9", "99") == []
    found = fills(pit.quote(4, "98", "98.5"))[0]
    assert (found.price, found.fee) == (D(99), D("0.0495"))


def test_limit_that_crosses_the_quote_takes_it() -> None:
    pit = Ticks(Models(fees=TEN_BPS))
    pit.quote(1, "100", "100.1")
    pit.send(place(pit.buy_limit("101")), 1)
    found = fills(pit.quote(2, "100", "100.2"))[0]
    assert (found.price, found.fee) == (D("100.2"), D("0.1002"))


def test_trades_fill_what_they_pass_and_trigger_what_they_touch() -> None:
    pit = Ticks()
    pit.print(1, "100")
    pit.send(pit.pair("99", "101"), 1)
    assert pit.print(2, "101") == []
    assert price(pit.print(3, "101.5")) == D(101)
    pit.send(place(pit.stop("99")), 3)
    assert price(pit.print(4, "99")) == D(99)


def test_participation_in_trades_is_a_share_of_each() -> None:
    pit = Ticks(Models(participation=ParticipationModel(D("0.1"))))
    pit.print(1, "100")
    pit.send(place(pit.buy_limit("99")), 1)
    assert pit.print(2, "98.9", "4")[0].quantity == D("0.4")
    assert pit.print(3, "98.9", "4")[0].quantity == D("0.4")
    assert pit.print(4, "98.9", "4")[0].quantity == D("0.2")


def test_latency_delays_to_the_quote_after() -> None:
    pit = Ticks(Models(latency=LatencyModel(10)))
    pit.quote(1, "99", "101")
    pit.send(place(pit.buy()), 1)
    assert pit.quote(5, "99", "101") == []
    assert price(pit.quote(11, "99", "101.2")) == D("101.2")


def test_levels_tell_what_would_act() -> None:
    pit = started(Models())
    none = pit.venue.levels("BTCUSDT")
    assert (none.at_open, none.below, none.above) == (False, float("-inf"), float("inf"))
    pit.send(pit.pair("90", "110"))
    pit.send(place(pit.buy_limit("95")))
    pit.send(place(pit.order(Side.BUY, OrderType.STOP_MARKET, stop_price=D(105))))
    levels = pit.venue.levels("BTCUSDT")
    assert (levels.at_open, levels.below, levels.above) == (False, 95.0, 105.0)
    market = pit.buy()
    pit.send(place(market))
    assert pit.venue.levels("BTCUSDT").at_open
    pit.send(cancel(market))
    assert not pit.venue.levels("BTCUSDT").at_open


def test_interested_symbols_stand_in_the_order_of_the_instruments() -> None:
    venue = SimulatedVenue([BTC, BNB], {**CASH, "BNB": D(10)})
    pit = Pit()
    venue.send(place(pit.buy_limit("200", symbol="BNBUSDT")), 1)
    btc = pit.buy_limit("90")
    venue.send(place(btc), 1)
    assert venue.interested() == ("BTCUSDT", "BNBUSDT")
    venue.send(cancel(btc), 1)
    assert venue.interested() == ("BNBUSDT",)


def test_ranges_may_be_of_other_symbols_than_the_opens() -> None:
    """A driver brings bars of the symbols with orders, and an answer to a fill may add one."""
    venue = SimulatedVenue([BTC, BNB], {**CASH, "BNB": D(10)})
    pit = Pit()
    bar = Bar(0, MINUTE, 100.0, 101.0, 98.0, 100.0, 1.0)
    venue.open_bars(0, {"BTCUSDT": bar})
    stop = pit.stop("99", symbol="BNBUSDT")
    venue.send(place(stop), 0)
    venue.reports()
    venue.trade_bars(0, {"BNBUSDT": bar})
    assert price(list(venue.reports()[0].reports)) == D(99)

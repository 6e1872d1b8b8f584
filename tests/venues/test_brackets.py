"""Brackets at the simulated venue: wholly and at once or not at all, and what they bring."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.venues.pit import D, Pit, cancel, fills, kinds, place, swap
from thunes.adapters.venues.simulated.costs import Charged, FeeModel, FixedSlippage
from thunes.adapters.venues.simulated.models import LatencyModel, Models, ParticipationModel
from thunes.core.domain.market import Quote
from thunes.core.domain.order import Accepted, Expired, Filled, OrderType, Rejected, Side

FLAT = (100.0, 100.0, 100.0, 100.0)
MINUTE = 60_000_000_000
RECEIVED = Models(fees=FeeModel(taker=D("0.001"), charged=Charged.RECEIVED))


def started(models: Models | None = None, **balances: Decimal) -> Pit:
    pit = Pit(models, balances={"USDT": D(10_000), **balances})
    pit.run(*FLAT)
    return pit


def test_it_fills_at_the_next_open_and_its_stop_begins_with_it() -> None:
    pit = started()
    entry, stop = (sent := pit.bracket("101", "95")).orders
    assert kinds(pit.send(sent)) == [f"Accepted {entry.id}"]
    said = pit.open(100.5, 101.0, 100.0, 100.0)
    assert kinds(said) == [f"Filled {entry.id}", f"Accepted {stop.id}"]
    assert fills(said)[0].price == D("100.5"), "the open, not the limit"
    assert pit.rest() == []
    assert [f.price for f in fills(pit.run(96.0, 96.0, 94.0, 96.0))] == [95]


def test_the_stop_acts_in_the_range_of_the_bar_of_the_fill() -> None:
    pit = started()
    pit.send(pit.bracket("101", "95", "105"))
    said = pit.run(100.0, 106.0, 94.0, 100.0)
    assert [f.price for f in fills(said)] == [100, 95], "the stop before the target"
    assert kinds(said)[-1].startswith("Expired")
    assert not pit.venue.interested()


@pytest.mark.parametrize(
    ("models", "opened", "volume"),
    [
        (Models(), 101.01, 1000.0),
        (Models(slippage=FixedSlippage(D(5))), 100.96, 1000.0),
        (Models(participation=ParticipationModel(D("0.1"))), 100.0, 9.99),
    ],
    ids=["the open is above its limit", "with slippage it is", "too little is offered"],
)
def test_else_all_of_it_expires(models: Models, opened: float, volume: float) -> None:
    pit = started(models)
    entry, stop, target = (sent := pit.bracket("101", "95", "105")).orders
    pit.send(sent)
    said = pit.run(opened, 102.0, 90.0, 100.0, volume)
    assert kinds(said) == [f"Expired {name.id}" for name in (entry, stop, target)]
    assert pit.balances["USDT"] == (10_000, 0)
    assert not pit.venue.interested()
    assert pit.run(90.0, 110.0, 90.0, 100.0) == []


def test_at_its_very_limit_it_fills() -> None:
    pit = started(Models(slippage=FixedSlippage(D(5))))
    pit.send(pit.bracket("101", "95"))
    assert fills(pit.open(100.94, 101.0, 100.0, 100.0))[0].price == D("101.00")


def test_it_waits_for_an_open_and_meets_no_range() -> None:
    pit = started()
    pit.open(*FLAT)
    assert len(pit.now(pit.bracket("101", "95"))) == 1
    assert pit.rest() == []
    assert fills(pit.open(*FLAT))


def test_one_that_travels_for_long_meets_the_open_after_it_arrived() -> None:
    pit = started(Models(latency=LatencyModel(MINUTE // 2)))
    pit.send(pit.bracket("101", "95"))
    assert len(pit.run(*FLAT)) == 1, "accepted inside the bar"
    assert len(fills(pit.run(*FLAT))) == 1


def test_what_a_fee_in_coins_takes_the_stop_cannot_sell() -> None:
    pit = started(RECEIVED)
    entry, stop = pit.bracket("101", "95", quantity=D(10)).orders
    pit.send(place(entry, stop))
    said = pit.open(*FLAT)
    assert said[-1] == Expired(stop.id, "Account has insufficient balance for requested action.")
    pit = started(RECEIVED)
    entry, stop = pit.bracket("101", "95", quantity=D(10)).orders
    pit.send(place(entry, replace(stop, quantity=D("9.99"))))
    assert isinstance(pit.open(*FLAT)[-1], Accepted)


def test_a_stop_that_the_open_has_passed_never_begins() -> None:
    pit = started()
    _, stop = (sent := pit.bracket("101", "95")).orders
    pit.send(sent)
    assert pit.open(94.0, 94.0, 94.0, 94.0)[-1] == Expired(
        stop.id, "Order would trigger immediately."
    )


def test_with_the_entry_all_of_it_is_cancelled_and_with_what_waits_too() -> None:
    for place_of in (0, 2):
        pit = started()
        orders = (sent := pit.bracket("101", "95", "105")).orders
        pit.send(sent)
        assert kinds(pit.send(cancel(orders[place_of]))) == [f"Canceled {o.id}" for o in orders]
        assert kinds(pit.send(cancel(orders[1]))) == [f"CancelRefused {orders[1].id}"]
        assert pit.balances["USDT"] == (10_000, 0)


def test_what_has_begun_can_be_replaced() -> None:
    pit = started()
    _, stop = (sent := pit.bracket("101", "95")).orders
    pit.send(sent)
    pit.open(*FLAT)
    moved = pit.stop("96")
    assert kinds(pit.now(swap((stop,), moved))) == [f"Canceled {stop.id}", f"Accepted {moved.id}"]


def test_funds_are_held_for_the_entry_alone() -> None:
    pit = started()
    pit.send(pit.bracket("101", "95"))
    assert pit.balances["USDT"] == (10_000 - 101, 101)
    assert pit.balances["BTC"] == (0, 0)


def test_it_brings_no_id_twice() -> None:
    pit = started()
    entry, stop = pit.bracket("101", "95").orders
    pit.send(place(entry, stop))
    again = pit.buy_limit("99", id=stop.id)
    assert isinstance(pit.send(place(again))[0], Rejected)
    pit.open(*FLAT)
    assert isinstance(
        pit.now(place(replace(entry, id="new"), replace(stop, after="new")))[0], Rejected
    )


def test_a_list_that_makes_no_sense_is_refused_as_a_whole() -> None:
    pit = started()
    entry, stop = pit.bracket("101", "95").orders
    other = pit.stop("94", after=entry.id)
    market = pit.buy()
    for orders in (
        (stop,),  # after something that is not there
        (entry, replace(stop, after="x")),
        (entry, replace(stop, side=Side.BUY)),
        (entry, stop, other),  # two stops
        (market, replace(stop, after=market.id)),
        (entry, replace(stop, type=OrderType.MARKET, stop_price=None)),
    ):
        said = pit.send(place(*orders))
        assert [type(each) for each in said] == [Rejected] * len(orders)
        assert {each.code for each in said if isinstance(each, Rejected)} == {-1128}


def test_a_filter_that_what_it_brings_fails_refuses_it_at_once() -> None:
    pit = started()
    entry, stop = pit.bracket("101", "95").orders
    said = pit.send(place(entry, replace(stop, stop_price=D("95.001"))))
    assert [type(each) for each in said] == [Rejected, Rejected]


def test_at_a_quote_it_fills_or_ends_and_its_target_rests() -> None:
    pit = started(Models(fees=FeeModel(taker=D("0.001"))))

    def quote(bid: str, ask: str, size: str) -> list[object]:
        at = (pit.number + 2) * MINUTE
        pit.venue.on_quote(Quote(at, pit.symbol, D(bid), D(size), D(ask), D(size)))
        return [report for batch in pit.venue.reports() for report in batch.reports]

    quote("100", "100.01", "50")
    _, _, target = (sent := pit.bracket("101", "95", "105")).orders
    pit.send(sent)
    said = quote("100", "100.01", "50")
    assert [type(each) for each in said] == [Filled, Accepted, Accepted]
    (sold, _) = quote("106", "106.01", "50")
    assert isinstance(sold, Filled)
    assert (sold.order_id, sold.price) == (target.id, 105)
    assert sold.fee == 0, "it had rested"
    pit.send(pit.bracket("101", "95"))
    assert [type(each) for each in quote("106", "106.01", "50")] == [Expired, Expired]

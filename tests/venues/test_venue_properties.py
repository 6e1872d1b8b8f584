"""What must hold at the simulated venue for any bars, any orders and any models."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.pit import MINUTE, D, Pit, cancel, place, swap
from thunes.adapters.venues.simulated.costs import Charged, FeeModel, FixedSlippage
from thunes.adapters.venues.simulated.models import (
    Ambiguity,
    LatencyModel,
    Models,
    ParticipationModel,
)
from thunes.core.domain.market import Bar
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    OrderType,
    Rejected,
    Report,
    Side,
)

START = {"USDT": D(2000), "BTC": D(10), "BNB": D("0.01")}
CENT = D("0.01")


def cents(low: int, high: int) -> st.SearchStrategy[D]:
    return st.integers(low, high).map(lambda n: n * CENT)


@st.composite
def bars(draw: st.DrawFn) -> tuple[float, ...]:
    o, h, low, c = (draw(st.integers(9_500, 10_500)) for _ in range(4))
    volume = draw(st.sampled_from([0.0, 1.5, 20.0, 1000.0]))
    top, bottom = max(o, h, low, c), min(o, h, low, c)
    return o / 100, top / 100, bottom / 100, c / 100, volume


MODELS = st.builds(
    Models,
    fees=st.builds(
        FeeModel,
        maker=st.sampled_from([D(0), D("0.0005")]),
        taker=st.sampled_from([D(0), D("0.00075")]),
        charged=st.sampled_from(Charged),
    ),
    slippage=st.builds(FixedSlippage, st.sampled_from([D(0), D("0.5"), D(7)])),
    latency=st.builds(LatencyModel, st.sampled_from([0, 0, 5, 2 * MINUTE])),
    participation=st.builds(ParticipationModel, st.sampled_from([None, None, D("0.1")])),
    ambiguity=st.sampled_from(Ambiguity),
    limit_touch_fills=st.booleans(),
)

# One thing that a trader may do: (verb, price, second price, quantity, pick of an older order).
DEED = st.tuples(
    st.sampled_from(
        [
            "buy",
            "amount",
            "sell",
            "limit",
            "target",
            "stop",
            "pair",
            "bracket",
            "buy_stop",
            "take",
            "stop_limit",
            "cancel",
            "swap",
        ]
    ),
    cents(9_400, 10_600),
    cents(9_400, 10_600),
    st.integers(1, 3000).map(lambda n: n * D("0.001")),
    st.integers(0, 50),
)
# Per bar: its prices, deeds after the open, after the first fill of the range, at the close.
MINUTES = st.lists(
    st.tuples(
        bars(),
        st.lists(DEED, max_size=2),
        st.lists(DEED, max_size=1),
        st.lists(DEED, max_size=3),
    ),
    min_size=1,
    max_size=12,
)


class Run:
    """A whole run, with what each fill met."""

    def __init__(self, minutes: list[Any], models: Models, watch: Callable[[Pit], None]) -> None:
        self.pit = Pit(models, balances=START)
        self.orders: dict[str, Order] = {}
        self.fills: list[tuple[Filled, Bar, bool]] = []
        self.watch = watch
        for prices, after_open, inside, at_close in minutes:
            self.note(self.pit.open(*prices), at_open=True)
            self.do(after_open, self.pit.now)
            inner = list(inside)
            while found := self.pit.trade():
                self.note(found, at_open=False)
                self.do(inner, self.pit.now)
                inner = []
            self.do(at_close, self.pit.send)

    def note(self, reports: list[Report], *, at_open: bool) -> None:
        self.watch(self.pit)
        bar = self.pit.bar[self.pit.symbol]
        self.fills.extend((r, bar, at_open) for r in reports if isinstance(r, Filled))

    def do(self, deeds: list[Any], send: Callable[[Any], list[Report]]) -> None:
        for deed in deeds:
            self.note(send(self.command(*deed)), at_open=False)

    def command(self, verb: str, one: D, two: D, quantity: D, pick: int) -> Any:
        pit, sized = self.pit, {"quantity": quantity}
        old = list(self.orders.values())
        chosen = (old[pick % len(old)],) if old else ()
        if verb == "cancel":
            return cancel(*chosen)
        if verb == "pair":
            made = pit.pair(str(min(one, two)), str(max(one, two)), **sized).orders
        elif verb == "bracket":
            target = str(max(one, two) + 1) if pick % 2 else ""
            made = pit.bracket(str(max(one, two)), str(min(one, two)), target, **sized).orders
        else:
            made = (self.one_order(verb, one, two, sized),)
        self.orders.update((o.id, o) for o in made)
        return swap(chosen, *made) if verb == "swap" else place(*made)

    def one_order(self, verb: str, one: D, two: D, sized: dict[str, D]) -> Order:
        pit = self.pit
        match verb:
            case "buy":
                return pit.buy(**sized)
            case "amount":
                return pit.buy(quote_amount=one)
            case "sell":
                return pit.sell(**sized)
            case "limit":
                return pit.buy_limit(str(one), **sized)
            case "target":
                return pit.target(str(one), **sized)
            case "buy_stop":
                return pit.order(Side.BUY, OrderType.STOP_MARKET, stop_price=one, **sized)
            case "take":
                role = OrderRole.TARGET
                return pit.order(
                    Side.SELL, OrderType.TAKE_PROFIT, role=role, stop_price=one, **sized
                )
            case "stop_limit":
                kind = OrderType.STOP_LIMIT
                return pit.order(Side.SELL, kind, stop_price=one, limit_price=two, **sized)
        return pit.stop(str(one), **sized)


def unwatched(pit: Pit) -> None:
    pass


def balanced(pit: Pit) -> None:
    for asset, (free, locked) in pit.balances.items():
        assert free >= 0, asset
        assert locked >= 0, asset
    if not pit.venue.interested():
        assert all(b.locked == 0 for b in pit.balances.values()), "nothing open, nothing locked"


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_money_and_coins_are_conserved_exactly(minutes: list[Any], models: Models) -> None:
    run = Run(minutes, models, balanced)
    expected: dict[str, D] = defaultdict(D, START)
    for fill, _, _ in run.fills:
        sign = 1 if run.orders[fill.order_id].side is Side.BUY else -1
        expected["BTC"] += sign * fill.quantity
        expected["USDT"] -= sign * fill.price * fill.quantity
        expected[fill.fee_asset] -= fill.fee
    for asset, (free, locked) in run.pit.balances.items():
        assert free + locked == expected[asset]


@given(MINUTES, MODELS)
@settings(max_examples=150)
def test_an_entry_with_its_protection_fills_wholly_or_not_at_all(
    minutes: list[Any], models: Models
) -> None:
    """And in the batch of its fill all that it brings begins, or is told to be over."""
    run = Run(minutes, models, unwatched)
    brought = {o.after for o in run.orders.values()} - {None}
    for name in brought:
        parts = [fill for fill, _, _ in run.fills if fill.order_id == name]
        assert [fill.quantity for fill in parts] in ([], [run.orders[name].quantity])
        told = [r for r in run.pit.reports if r.order_id == name]
        assert not (parts and isinstance(told[-1], Expired | Canceled))
        for order in run.orders.values():
            if order.after == name and parts:
                at = run.pit.reports.index(parts[0])
                said = [r for r in run.pit.reports[at : at + 3] if r.order_id == order.id]
                assert isinstance(said[0], Accepted | Expired)
            elif order.after == name:
                said = [r for r in run.pit.reports if r.order_id == order.id]
                assert not any(isinstance(r, Accepted | Filled) for r in said)


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_no_fill_lies_outside_its_bar_beyond_slippage(minutes: list[Any], models: Models) -> None:
    """Except to our loss: a limit or a target that the market has passed is credited its price."""
    slip = models.slippage.fraction(D(1))
    run = Run(minutes, models, unwatched)
    for fill, bar, _ in run.fills:
        order = run.orders[fill.order_id]
        low, high = D(repr(bar.low)), D(repr(bar.high))
        below, above = low * (1 - slip) - CENT, high * (1 + slip) + CENT
        credited = order.limit_price is not None or order.type is OrderType.TAKE_PROFIT
        assert below < fill.price or (credited and order.side is Side.SELL)
        assert fill.price < above or (credited and order.side is Side.BUY)


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_no_fill_is_better_than_its_order_allows(minutes: list[Any], models: Models) -> None:
    run = Run(minutes, models, unwatched)
    for fill, bar, at_open in run.fills:
        order = run.orders[fill.order_id]
        sign = 1 if order.side is Side.BUY else -1  # a higher price is worse for a buy
        opened = D(repr(bar.open))
        if order.type is OrderType.MARKET:
            assert at_open
            assert sign * fill.price >= sign * opened
        if order.limit_price is not None:
            assert sign * fill.price <= sign * order.limit_price, "never worse than the limit"
        if any(each.after == order.id for each in run.orders.values()):
            assert at_open
            assert fill.price >= opened, "it takes what the market asks"
        elif order.type is OrderType.LIMIT:
            gap = at_open and order.role is not OrderRole.TARGET
            assert fill.price == (opened if gap else order.limit_price)
        if order.type is OrderType.TAKE_PROFIT and not at_open:
            assert fill.price <= order.stop_price, "a target is credited its price at most"
        if order.type is OrderType.STOP_MARKET and not at_open:
            assert sign * fill.price >= sign * order.stop_price


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_reports_follow_the_life_of_an_order(minutes: list[Any], models: Models) -> None:
    run = Run(minutes, models, unwatched)
    state: dict[str, str] = {}
    filled: dict[str, D] = defaultdict(D)
    for report in run.pit.reports:
        before = state.get(report.order_id, "sent")
        match report:
            case Accepted():
                assert before in ("sent", "open")
                state[report.order_id] = "open"
            case Rejected():
                assert before == "sent"
                state[report.order_id] = "over"
            case Filled():
                assert before == "open"
                assert report.quantity > 0
                filled[report.order_id] += report.quantity
                state[report.order_id] = "over" if report.complete else "open"
            case Canceled() | Expired():
                assert before != "over"
                state[report.order_id] = "over"
            case CancelRefused(code=-2011):
                assert before in ("sent", "over")
    for order_id, order in run.orders.items():
        if order.quantity is not None:
            assert filled[order_id] <= order.quantity
    for fill, _, _ in run.fills:
        quantity = run.orders[fill.order_id].quantity
        if fill.complete and quantity is not None:
            assert filled[fill.order_id] == quantity


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_time_never_goes_back_and_trades_have_their_own_ids(
    minutes: list[Any], models: Models
) -> None:
    run = Run(minutes, models, unwatched)
    assert all(one <= other for one, other in pairwise(run.pit.stamps))
    names = [fill.trade_id for fill, _, _ in run.fills]
    assert len(names) == len(set(names))


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_open_sells_never_exceed_what_is_held(minutes: list[Any], models: Models) -> None:
    """One of a list can fill only, so a list counts once."""
    orders = Run(minutes, models, unwatched).orders

    def covered(pit: Pit) -> None:
        over = {r.order_id for r in pit.reports if isinstance(r, Canceled | Expired | Rejected)}
        done: dict[str, D] = defaultdict(D)
        for report in pit.reports:
            if isinstance(report, Filled):
                done[report.order_id] += report.quantity
        left: dict[str, D] = {}
        for report in pit.reports:
            order = orders[report.order_id]
            resting = isinstance(report, Accepted) and order.side is Side.SELL
            if resting and order.id not in over:
                left[order.list_id or order.id] = order.quantity - done[order.id]
        assert sum(left.values(), D(0)) <= pit.balances["BTC"].locked

    Run(minutes, models, covered)


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_the_same_run_says_the_same(minutes: list[Any], models: Models) -> None:
    one, other = (Run(minutes, models, unwatched).pit for _ in range(2))
    assert one.reports == other.reports
    assert one.stamps == other.stamps
    assert one.balances == other.balances


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_bars_that_miss_all_levels_change_nothing(minutes: list[Any], models: Models) -> None:
    """What `levels` does not announce does not happen: a driver may skip such bars."""
    pit = Run(minutes, models, unwatched).pit
    levels = pit.venue.levels("BTCUSDT")
    prices = [p for p in (97.0, 100.0, 103.0) if levels.below < p < levels.above]
    if levels.at_open or not prices:
        return
    before = (len(pit.reports), pit.balances)
    pit.run(*prices[:1] * 4)
    assert (len(pit.reports), pit.balances) == before


@given(MINUTES, MODELS)
@settings(max_examples=60)
def test_nothing_open_means_nobody_is_interested(minutes: list[Any], models: Models) -> None:
    run = Run(minutes, models, unwatched)
    open_ids = dict.fromkeys(run.orders)
    for report in run.pit.reports:
        over = isinstance(report, Canceled | Expired | Rejected)
        if over or (isinstance(report, Filled) and report.complete):
            open_ids.pop(report.order_id, None)
    assert bool(run.pit.venue.interested()) == bool(open_ids)

"""Ten thousand messages of which many are lost, doubled, swapped or unreadable: in the end we know
what the venue knows."""

from collections import Counter

from tests.binance.arena import Arena, Rig, fills_at
from tests.binance.scripted import D, entry
from tests.binance.test_pitfalls import market_dials, until
from tests.binance.test_venue import QUICK
from tests.sandbox.venue import START as BEGAN_MS
from tests.sandbox.venue import Print
from thunes.adapters.venues.binance.market_feed import LATE_NS, QUIET_NS
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.evidence import Standing
from thunes.core.domain.units import NS_PER_SECOND

MESSAGES, ROUNDS = 10_000, 20
MINUTE_S = 60
BENT = ("stream_lost", "stream_twice", "stream_swapped", "stream_cut", "stream_binary")
ENDS = ("stream_closed", "shutdown", "stream_silent")


def churn(arena: Arena, round_: int) -> None:
    """Quotes and trades of half a minute, all at once: half of the messages each."""
    pairs = MESSAGES // ROUNDS // 2
    for step in range(pairs):
        cents = D((round_ * pairs + step) % 150).scaleb(-2)
        bid, ask = 100 + cents, 100 + cents + D("0.01")
        arena.venue.quote(str(bid), str(ask), "50", (Print(bid, D("0.5"), True),))


def plan(arena: Arena) -> None:
    """The faults of a round, each a few times."""
    for kind in BENT[:3]:
        for on in ("market", "user"):
            arena.fault(kind, on=on, times=15)
    # Never so many in a row that the connection is given up for them alone.
    arena.fault("stream_cut", on="market", times=2)
    arena.fault("stream_binary", on="market", times=5)
    arena.fault("stream_cut", on="user", times=2)


def test_ten_thousand_messages_and_every_fault() -> None:
    since = BEGAN_MS // 60_000 * MINUTE_S * NS_PER_SECOND
    struck, names = Counter[str](), []
    with Arena() as arena, Rig(arena, QUICK, bars_since=since) as rig:
        began = arena.now()
        for round_ in range(ROUNDS):
            plan(arena)
            names.append(f"thunes-3-{round_}")
            order = entry(names[-1], quantity=D("0.5"), quote_amount=None, limit_price=D("100.40"))
            rig.send(PlaceOrders((order,)))
            rig.heard.until(lambda name=names[-1]: rig.heard.of(name))
            arena.do(lambda number=round_: churn(arena, number))
            arena.pass_time(MINUTE_S / 2)
            struck += arena.struck()
            if round_ % 4 == 3:
                _end(arena, rig, ENDS[round_ // 4 % len(ENDS)])
            arena.heal()
        assert min(struck[kind] for kind in BENT) > ROUNDS, struck
        assert rig.heard.reconnects > ROUNDS // 4 / len(ENDS)
        _price_is_known(arena, rig)
        _account_is_known(arena, rig, names, began)
        _bars_are_whole(arena, rig)


def _end(arena: Arena, rig: Rig, how: str) -> None:
    """End every connection, or have it go quiet, until there are others."""
    before = market_dials(arena)
    arena.fault(how, on="market" if how == "stream_silent" else "*", value=None)
    if how == "stream_silent":
        arena.quote("100.90", "100.91")
        arena.pass_time(QUIET_NS / NS_PER_SECOND + 1)
    until(lambda: set(market_dials(arena)) - set(before) and arena.dials() == 2)


def _price_is_known(arena: Arena, rig: Rig) -> None:
    """Whatever the stream left out: after a quiet while the price is that of REST."""
    arena.pass_time(QUIET_NS / NS_PER_SECOND + 1)
    ladder = arena.do(lambda: arena.venue.market.find("BTCUSDT").ladder)
    rig.heard.until(
        lambda: (
            (rig.heard.quotes[-1].bid, rig.heard.quotes[-1].ask)
            == (ladder.bid.price, ladder.ask.price)
        )
    )
    begun = len(rig.heard.quotes)
    arena.quote("100.77", "100.78")
    rig.heard.until(lambda: any(each.bid == D("100.77") for each in rig.heard.quotes[begun:]))


def _account_is_known(arena: Arena, rig: Rig, names: list[str], began: int) -> None:
    """Every order is settled, every fill was told, and none that did not happen."""
    seen = rig.look(began)
    standings = {order.order_id: order.standing for order in seen.orders}
    at_venue = arena.do(
        lambda: {
            record.ticket.client_id: record.status for record in arena.venue.holder.records.values()
        }
    )
    for name in names:
        refused = rig.heard.of(name) and name not in at_venue
        still_open = standings.get(name) is Standing.OPEN
        assert refused or still_open == (at_venue[name] in ("NEW", "PARTIALLY_FILLED")), name
    assert set(rig.heard.fills()) == fills_at(arena)
    assert fills_at(arena)
    balances = {asset: amount for asset, amount in seen.balances.items() if amount}
    assert balances == arena.do(lambda: _totals(arena))


def _totals(arena: Arena) -> dict[str, object]:
    rows = arena.venue.ask("GET", "account")["balances"]
    totals = {row["asset"]: D(row["free"]) + D(row["locked"]) for row in rows}
    return {asset: amount for asset, amount in totals.items() if amount}


def _bars_are_whole(arena: Arena, rig: Rig) -> None:
    """Every closed bar once, in order, without a gap, and as REST has it."""
    arena.pass_time(MINUTE_S + LATE_NS / NS_PER_SECOND + 1)
    end = arena.now() // (MINUTE_S * NS_PER_SECOND) * MINUTE_S * NS_PER_SECOND
    rig.heard.until(lambda: rig.heard.bars[-1].close_time == end)
    bars = rig.heard.bars
    opens = [bar.open_time for bar in bars]
    first = opens[0]
    assert opens == list(range(first, end, MINUTE_S * NS_PER_SECOND))
    rows = arena.do(
        lambda: arena.venue.public(
            "klines", symbol="BTCUSDT", interval="1m", startTime=first // 10**6, limit=1_000
        )
    )
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars] == [
        tuple(float(each) for each in row[1:6]) for row in rows[: len(bars)]
    ]

"""Every difference between an account and a backtest has one cause, and is told by its name."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from thunes.core.domain.decision import Gate
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import Trade
from thunes.core.domain.units import NS_PER_SECOND
from thunes.ops.parity_causes import compare
from thunes.ops.parity_rounds import Exit, Round, Rounds
from thunes.ops.parity_terms import Cause, Frame, What, slippage_bps

D = Decimal
S = NS_PER_SECOND
MINUTE = 60 * S
AAA, WHO = "AAAUSDT", "cross"
SIGNAL = 100 * MINUTE
KEY = (AAA, WHO, SIGNAL)
FRAME = Frame(
    start=0,
    end=1_000 * MINUTE,
    last=1_000 * MINUTE,
    timeframe=MINUTE,
    slippage_bps=D(5),
    instruments={
        AAA: Instrument(symbol=AAA, base="AAA", quote="USDT", tick=D("0.01"), step=D("0.001"))
    },
    masked={},
)


def trade(**changed: object) -> Trade:
    made = Trade(
        symbol=AAA,
        strategy=WHO,
        entry_time=SIGNAL,
        entry_price=D(100),
        quantity=D(1),
        exit_time=110 * MINUTE,
        exit_price=D(101),
        fees=D("0.201"),
        pnl=D("0.799"),
        exit_reason="signal",
    )
    return replace(made, **changed)


def a_round(wait: int = 0, signal: int = SIGNAL, **changed: object) -> Round:
    """Bought at 100 and sold ten bars later; `wait` is how long each way takes."""
    made = Round(AAA, WHO, signal, signal + wait, asked=D(100), by_amount=True)
    made.bought, made.paid, made.filled_at = D(1), D(100), signal + 2 * wait
    sold = trade(exit_time=signal + 10 * MINUTE + wait, **changed)
    made.exits = [Exit(sold, signal + 10 * MINUTE, wait)]
    made.flat = True
    return made


def rounds(*made: Round) -> Rounds:
    found = Rounds()
    for each in made:
        found.all[each.key] = each
        for close in (each.signal, each.signal + 10 * MINUTE):
            found.known[each.symbol, close] = close
    return found


def only(here: Rounds, there: Rounds) -> tuple[What, Cause]:
    (one,) = compare(here, there, FRAME)
    assert one.why
    return one.what, one.cause


def test_what_lies_within_the_model_is_no_difference() -> None:
    ours = a_round(wait=S // 5)
    ours.paid = D("99.93")
    assert compare(rounds(ours), rounds(a_round()), FRAME) == []


def test_a_clock_that_is_a_little_behind_changes_no_bar() -> None:
    ours = a_round(exit_price=D("101.01"))
    ours.filled_at = SIGNAL - S // 10
    ours.exits = [Exit(trade(exit_time=110 * MINUTE - S // 10), 110 * MINUTE, 0)]
    assert compare(rounds(ours), rounds(a_round()), FRAME) == []


def test_a_price_beyond_the_model_is_of_the_fill() -> None:
    ours = a_round()
    ours.paid = D("100.2")
    assert only(rounds(ours), rounds(a_round())) == (What.ENTRY_PRICE, Cause.FILL)
    ours = a_round(exit_price=D("100.8"))
    assert only(rounds(ours), rounds(a_round())) == (What.EXIT_PRICE, Cause.FILL)


def test_a_price_that_was_waited_for_is_of_time() -> None:
    ours = a_round(wait=8 * S)
    ours.paid = D("100.2")
    assert only(rounds(ours), rounds(a_round())) == (What.ENTRY_PRICE, Cause.TIMING)
    ours = a_round(wait=8 * S, exit_price=D("100.8"))
    assert only(rounds(ours), rounds(a_round())) == (What.EXIT_PRICE, Cause.TIMING)


def test_a_part_is_of_the_fill() -> None:
    ours = a_round(quantity=D("0.4"), fees=D("0.0804"))
    ours.bought, ours.paid = D("0.4"), D(40)
    assert only(rounds(ours), rounds(a_round())) == (What.QUANTITY, Cause.FILL)


def test_another_fee_is_of_the_fee() -> None:
    ours = a_round(fees=D("0.15"))
    assert only(rounds(ours), rounds(a_round())) == (What.FEE, Cause.FEE)


def test_an_entry_in_a_later_bar_is_of_time() -> None:
    ours = a_round()
    ours.filled_at = SIGNAL + 3 * MINUTE
    assert only(rounds(ours), rounds(a_round())) == (What.ENTRY_BAR, Cause.TIMING)


def _without(change: Callable[[Rounds], object]) -> Rounds:
    here = Rounds()
    here.known[AAA, SIGNAL] = SIGNAL + S
    change(here)
    return here


MISSING: list[tuple[Callable[[Rounds], object], Cause]] = [
    (lambda r: r.refused.update({KEY: Gate.DAILY_LOSS}), Cause.RISK),
    (lambda r: r.refused.update({KEY: Gate.RECONCILED}), Cause.RISK),
    (lambda r: r.refused.update({KEY: Gate.STALE_DATA}), Cause.TIMING),
    (lambda r: r.known.update({(AAA, SIGNAL): SIGNAL + 61 * S}), Cause.TIMING),
    (lambda r: r.passed_over.add((AAA, SIGNAL)), Cause.TIMING),
    (lambda r: r.known.clear(), Cause.TIMING),
    (lambda r: r.all.update({KEY: Round(AAA, WHO, SIGNAL, SIGNAL)}), Cause.FILL),
    (lambda r: r.broken.update({SIGNAL + S: "division by zero"}), Cause.CONFIGURATION),
    (lambda r: None, Cause.DATA),
]


@pytest.mark.parametrize("place", range(len(MISSING)))
def test_why_a_trade_is_only_in_the_backtest(place: int) -> None:
    change, cause = MISSING[place]
    assert only(_without(change), rounds(a_round())) == (What.MISSING, cause)


def test_why_a_trade_is_only_in_the_account() -> None:
    there = Rounds()
    assert only(rounds(a_round()), there) == (What.EXTRA, Cause.DATA)
    there.refused[KEY] = Gate.LOSS_COOL_DOWN
    assert only(rounds(a_round()), there) == (What.EXTRA, Cause.RISK)
    ours = a_round()
    ours.meddled = "bought by nobody here"
    assert only(rounds(ours), Rounds()) == (What.EXTRA, Cause.RISK)


def test_why_it_was_left_otherwise() -> None:
    stopped = a_round()
    stopped.exits = [Exit(trade(exit_reason="stop", exit_time=105 * MINUTE), None, 0)]
    assert only(rounds(stopped), rounds(a_round())) == (What.EXIT, Cause.FILL)
    by_hand = a_round()
    by_hand.meddled = "somebody asked to flatten"
    by_hand.exits = [Exit(trade(exit_reason="operator", exit_time=104 * MINUTE), None, 0)]
    assert only(rounds(by_hand), rounds(a_round())) == (What.EXIT, Cause.RISK)
    late = a_round()
    late.exits = [Exit(trade(exit_time=115 * MINUTE), 115 * MINUTE, 0)]
    here = rounds(late)
    here.known[AAA, 110 * MINUTE] = 113 * MINUTE
    assert only(here, rounds(a_round())) == (What.EXIT, Cause.TIMING)
    refused = a_round()
    refused.failed.append("-2010 insufficient balance")
    refused.exits = [Exit(trade(exit_time=112 * MINUTE), 110 * MINUTE, 0)]
    assert only(rounds(refused), rounds(a_round())) == (What.EXIT, Cause.FILL)


def test_what_follows_has_the_cause_of_what_it_follows_from() -> None:
    later = a_round(signal=SIGNAL + 200 * MINUTE)
    here = _without(lambda r: r.known.update({(AAA, SIGNAL): SIGNAL + 90 * S}))
    here.refused[later.key] = Gate.LOSS_COOL_DOWN
    found = compare(here, rounds(a_round(), later), FRAME)
    assert [each.cause for each in found] == [Cause.TIMING, Cause.TIMING]
    assert "it follows from" in found[1].why


def test_what_was_held_at_the_start_is_left_out() -> None:
    masked = Frame(
        FRAME.start,
        FRAME.end,
        FRAME.last,
        MINUTE,
        FRAME.slippage_bps,
        FRAME.instruments,
        {AAA: SIGNAL},
    )
    assert compare(Rounds(), rounds(a_round()), masked) == []


@given(st.decimals(50, 200, places=2), st.decimals(50, 200, places=2))
def test_slippage_has_the_sign_of_the_side(ours: Decimal, model: Decimal) -> None:
    buys, sells = (slippage_bps(ours, model, buys=side) for side in (True, False))
    assert buys == -sells
    assert (buys > 0) == (ours > model)

"""Causes: wherein the trades of an account differ from those of a backtest, and why each does."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.decision import Gate
from thunes.core.domain.order import OrderRole
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, format_instant
from thunes.core.ledger.orders import MANUAL
from thunes.core.strategy.anchored import LATE_MAX_NS
from thunes.ops.parity_rounds import Exit, Key, Round, Rounds
from thunes.ops.parity_terms import Cause, Frame, Mismatch, What, slippage_bps

PROMPT_NS = 5 * NS_PER_SECOND
"""What takes longer from a close to its order, or from an order to its fill, is late."""

FEE_BPS_MAX = Decimal("0.05")
"""Fees that differ by less are rounded differently."""

CLOCK_NS = NS_PER_SECOND
"""A clock may be so wrong: what happened closer to the turn of a bar belongs to either."""

_FOLLOWS = "; it follows from "
_RESTING = (OrderRole.STOP.value, OrderRole.TARGET.value, "trailing_stop")


def compare(here: Rounds, there: Rounds, frame: Frame) -> list[Mismatch]:
    """All differences between the rounds of an account and of a backtest, oldest first."""
    found: list[Mismatch] = []
    for key in sorted({*here.all, *there.all, *here.refused}, key=lambda key: (key[2], key[:2])):
        ours, model = _traded(here, key, frame), _traded(there, key, frame)
        known = _Known(here, there, frame, found)
        if ours is None and model is not None:
            found.append(_missing(known, model))
        elif ours is not None and model is None:
            found.append(_extra(known, ours))
        elif ours is not None and model is not None:
            found.extend(_pair(known, ours, model))
    return found


def _traded(rounds: Rounds, key: Key, frame: Frame) -> Round | None:
    found = rounds.all.get(key)
    return found if found is not None and found.bought and frame.includes(found) else None


class _Known(NamedTuple):
    """The evidence: both sides, what is compared, and what was found to differ before."""

    here: Rounds
    there: Rounds
    frame: Frame
    before: list[Mismatch]

    def follows(self, symbol: Symbol) -> Mismatch | None:
        """The last difference that left the two with other holdings: of the symbol, or else any."""
        apart = (What.MISSING, What.EXTRA, What.EXIT, What.ENTRY_BAR, What.QUANTITY)
        of_all = [each for each in self.before if each.what in apart]
        of_symbol = [each for each in of_all if each.key[0] == symbol]
        return next(reversed(of_symbol or of_all), None)


def _following(known: _Known, symbol: Symbol, why: str) -> tuple[Cause, str] | None:
    cause = known.follows(symbol)
    if cause is None:
        return None
    symbol, _, signal = cause.key
    root = cause.why.partition(_FOLLOWS)[2] or f"{symbol} {format_instant(signal)}: {cause.why}"
    return cause.cause, f"{why}{_FOLLOWS}{root}"


def _missing(known: _Known, model: Round) -> Mismatch:
    cause, why = _why_missing(known, model)
    return Mismatch(model.key, What.MISSING, "no trade", _bought(model), cause, why)


def _why_missing(known: _Known, model: Round) -> tuple[Cause, str]:
    here, key = known.here, model.key
    symbol, _, signal = key
    gate = here.refused.get(key)
    if gate is Gate.STALE_DATA:
        return Cause.TIMING, "the price was too old when it was to be decided on"
    if gate is not None:
        why = f"refused here by {gate.value}"
        return _following(known, symbol, why) or (Cause.RISK, why)
    sent = here.all.get(key)
    if sent is not None:
        said = "; ".join(dict.fromkeys(sent.failed)) or "nothing of it was filled"
        return Cause.FILL, f"the order was sent: {said}"
    late = _late(here, symbol, signal)
    if late:
        return Cause.TIMING, late
    failed = here.broken.get(here.known.get((symbol, signal), Instant(0)))
    if failed:
        return Cause.CONFIGURATION, f"the strategy failed here: {failed}"
    return Cause.DATA, "the signal is seen only with bars that came later: the strategy looks ahead"


def _late(here: Rounds, symbol: Symbol, signal: Instant) -> str:
    """Why nothing was decided on a bar: it was known too late; "" if it was not."""
    known = here.known.get((symbol, signal))
    if known is None:
        return "the bar was never known here"
    waited = (known - signal) / NS_PER_SECOND
    if known - signal > LATE_MAX_NS:
        return f"the bar was known {waited:.1f} s after its close: nothing is decided on it then"
    if (symbol, signal) in here.passed_over:
        return f"the bar was known {waited:.1f} s after its close, together with a later one"
    return ""


def _extra(known: _Known, ours: Round) -> Mismatch:
    cause, why = _why_extra(known, ours)
    return Mismatch(ours.key, What.EXTRA, _bought(ours), "no trade", cause, why)


def _why_extra(known: _Known, ours: Round) -> tuple[Cause, str]:
    if ours.meddled:
        return Cause.RISK, ours.meddled
    gate = known.there.refused.get(ours.key)
    if gate is not None:
        why = f"refused in the backtest by {gate.value}"
        return _following(known, ours.symbol, why) or (Cause.RISK, why)
    sent = known.there.all.get(ours.key)
    if sent is not None:
        return Cause.FILL, "the backtest fills nothing of it: " + "; ".join(sent.failed or ["-"])
    return Cause.DATA, "decided on bars as they were then; all bars together give no such signal"


def _pair(known: _Known, ours: Round, model: Round) -> Iterator[Mismatch]:
    """The differences of two rounds that began with the same signal."""
    frame, key = known.frame, ours.key
    late = _slow(ours)
    if not _same_bar(ours.filled_at, model.filled_at, frame):
        cause = (Cause.FILL, "; ".join(ours.failed)) if ours.failed else (Cause.TIMING, late)
        times = _time(ours.filled_at), _time(model.filled_at)
        yield Mismatch(key, What.ENTRY_BAR, *times, *_said(cause, "filled in another bar"))
    worse = slippage_bps(ours.price, model.price, buys=True)
    if not frame.within(ours.symbol, worse, model.price):
        why = f"{worse:+.1f} bps against the model"
        cause = (Cause.TIMING, f"{why}; {late}") if late else (Cause.FILL, why)
        yield Mismatch(key, What.ENTRY_PRICE, f"{ours.price:.8g}", f"{model.price:.8g}", *cause)
    if _sized_otherwise(frame, ours, model):
        sizes = f"{ours.bought:f}", f"{model.bought:f}"
        yield Mismatch(key, What.QUANTITY, *sizes, *_why_sized(known, ours))
    yield from _exits(known, ours, model)


def _sized_otherwise(frame: Frame, ours: Round, model: Round) -> bool:
    """Whether neither the units nor what was paid for them are the same, as far as a price within
    the model's interval lets them be."""
    step = frame.instruments[ours.symbol].step
    allowed = frame.slippage_bps / 5_000 + 2 * step / model.bought
    units, paid = ours.bought / model.bought, ours.paid / model.paid
    return abs(units - 1) > allowed and abs(paid - 1) > allowed


def _why_sized(known: _Known, ours: Round) -> tuple[Cause, str]:
    if ours.meddled:
        return Cause.RISK, ours.meddled
    if ours.share < Decimal("0.99"):
        return Cause.FILL, f"{ours.share:.0%} of what was asked for was filled"
    follows = _following(known, ours.symbol, "sized from another equity")
    if follows is not None:
        return follows
    moved = [text for at, text in known.here.moved.items() if known.frame.start < at < ours.signal]
    if moved:
        return Cause.RISK, f"sized from another equity: {moved[-1]}"
    return Cause.FILL, "sized from another equity: the fills before it differ within the model"


def _exits(known: _Known, ours: Round, model: Round) -> Iterator[Mismatch]:
    frame, key = known.frame, ours.key
    for mine, other in _parts(ours, model, frame):
        if mine is None or other is None or not left_alike(mine, other, frame):
            cause = _why_left(known, ours, mine, other)
            yield Mismatch(key, What.EXIT, _sold(mine), _sold(other), *cause)
            return  # what follows in the one has no counterpart in the other
        price, their = mine.trade.exit_price, other.trade.exit_price
        worse = slippage_bps(price, their, buys=False)
        if not frame.within(ours.symbol, worse, their):
            why, late = f"{worse:+.1f} bps against the model", mine.late_ns > PROMPT_NS
            said = f"{why}; decided {mine.late_ns / NS_PER_SECOND:.1f} s after the close"
            cause = (Cause.TIMING, said) if late else (Cause.FILL, why)
            yield Mismatch(key, What.EXIT_PRICE, f"{price:.8g}", f"{their:.8g}", *cause)
    mine_bps, their_bps = ours.fee_bps, model.fee_bps
    if mine_bps is None or their_bps is None or abs(mine_bps - their_bps) <= FEE_BPS_MAX:
        return
    fees = f"{mine_bps:.2f} bps", f"{their_bps:.2f} bps"
    yield Mismatch(key, What.FEE, *fees, Cause.FEE, "the venue took another fee")


def _parts(ours: Round, model: Round, frame: Frame) -> Iterator[tuple[Exit | None, Exit | None]]:
    """The exits of both, one beside the other, as far as the bars reach."""
    mine = [each for each in ours.exits if each.trade.exit_time < frame.last]
    other = [each for each in model.exits if each.trade.exit_time < frame.last]
    for place in range(max(len(mine), len(other))):
        yield (
            mine[place] if place < len(mine) else None,
            other[place] if place < len(other) else None,
        )


def _why_left(
    known: _Known, ours: Round, mine: Exit | None, other: Exit | None
) -> tuple[Cause, str]:
    if ours.meddled or (mine is not None and mine.trade.exit_reason == MANUAL):
        return Cause.RISK, ours.meddled or "somebody else sold it"
    if other is not None and other.signal is not None:
        late = _late(known.here, ours.symbol, other.signal)
        if late:
            return Cause.TIMING, late
    if ours.failed:
        return Cause.FILL, "; ".join(dict.fromkeys(ours.failed))
    if (mine is None or other is None) and len(ours.exits) > 1:
        return Cause.FILL, f"sold in {len(ours.exits)} parts"
    rests = [each for each in (mine, other) if each and each.trade.exit_reason in _RESTING]
    if rests:
        return Cause.FILL, f"a {rests[0].trade.exit_reason} meets prices that bars do not tell of"
    if mine is not None and mine.signal is None:
        return Cause.FILL, f"left because {mine.trade.exit_reason}"
    if mine is not None and mine.signal is not None:
        waited = (mine.trade.exit_time - mine.signal) / NS_PER_SECOND
        return Cause.TIMING, f"known to be sold {waited:.1f} s after the bar that it was decided on"
    return Cause.TIMING, _slow(ours) or "decided, or filled, in another bar"


def left_alike(mine: Exit, other: Exit, frame: Frame) -> bool:
    """Whether two exits are of one reason and one bar."""
    a, b = mine.trade, other.trade
    return a.exit_reason == b.exit_reason and _same_bar(a.exit_time, b.exit_time, frame)


def _slow(ours: Round) -> str:
    """What took too long from the close to the fill; "" if nothing did."""
    decided = ours.decided_at - ours.signal
    filled = 0 if ours.filled_at is None else ours.filled_at - ours.decided_at
    if decided > PROMPT_NS:
        return f"decided {decided / NS_PER_SECOND:.1f} s after the close"
    return f"filled {filled / NS_PER_SECOND:.1f} s after it was sent" if filled > PROMPT_NS else ""


def _said(cause: tuple[Cause, str], otherwise: str) -> tuple[Cause, str]:
    return cause[0], cause[1] or otherwise


def _same_bar(at: Instant | None, model: Instant | None, frame: Frame) -> bool:
    if at is None or model is None:
        return at is model
    bar = model // frame.timeframe
    return bar in [(at + error) // frame.timeframe for error in (0, -CLOCK_NS, CLOCK_NS)]


def _time(at: Instant | None) -> str:
    return "-" if at is None else format_instant(at)[:23]


def _bought(one: Round) -> str:
    return f"bought {one.bought:f} at {one.price:.8g}"


def _sold(one: Exit | None) -> str:
    if one is None:
        return "still held"
    trade = one.trade
    return f"{trade.exit_reason} {_time(trade.exit_time)} at {trade.exit_price:.8g}"

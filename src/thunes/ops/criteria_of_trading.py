"""Criteria of trading: trades, kill switch, orders, agreement with venue and backtest."""

from collections.abc import Iterator

from thunes.core.domain.fact import Difference
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.ops.evidence import BLAME_NS, WEEK_H, Criterion, Evidence, Verdict, passed
from thunes.ops.lived_days import FILTER_CODE
from thunes.ops.seven_days import SHARPE_MIN
from thunes.simulation.faults import Fault
from thunes.simulation.notes import Happened

TRADES_MIN = 5
REJECTED_MAX = 0.01
FILLS_MIN = 0.95
_LOST_NS = 45 * NS_PER_SECOND  # as late as an answer comes, and what the client waits for it
_BLAMED_NS = {
    **{
        fault.value: _LOST_NS
        for fault in (
            Fault.REQUEST_LOST,
            Fault.REQUEST_DELAYED,
            Fault.RESET_BEFORE_SENT,
            Fault.RESET_AFTER_SENT,
            Fault.NO_CONNECTION,
            Fault.HALF_OPEN,
            Fault.ANSWER_LOST,
            Fault.ANSWER_DELAYED,
            Fault.ANSWER_TRUNCATED,
            Fault.ANSWER_HTML,
            Fault.ERROR_WITH_EFFECT,
            Fault.ERROR_WITHOUT_EFFECT,
            Fault.PARTIAL_BATCH,
            Fault.SLOW_ENGINE,
            Fault.PAUSE,
            Fault.HANG,
        )
    },
    **{
        fault.value: BLAME_NS
        for fault in (
            Fault.RATE_LIMITED,
            Fault.BANNED,
            Fault.OUTAGE,
            Fault.MAINTENANCE,
            Fault.CANCEL_ONLY,
        )
    },
}
_BY_HAND = (Fault.MANUAL_ORDER, Fault.MANUAL_CLOSE, Fault.DEPOSIT, Fault.WITHDRAWAL)


def of_trading(found: Evidence) -> Iterator[Criterion]:
    """What can be asked of the account, its orders and its books."""
    yield from _trading(found)
    yield from _kill_switch(found)
    yield from _orders(found)
    yield from _truth(found)
    yield from _paper(found)


def _trading(found: Evidence) -> Iterator[Criterion]:
    trades = found.days.total("trades")
    short = trades < TRADES_MIN and found.hours < WEEK_H
    yield Criterion(
        "F351",
        "Trades",
        str(trades),
        f">= {TRADES_MIN}",
        Verdict.NOT_MEASURED if short else passed(trades >= TRADES_MIN),
        "the run is shorter than the week that these are asked of" if short else "",
    )


def _kill_switch(found: Evidence) -> Iterator[Criterion]:
    drilled = found.drill.at
    strange = [
        cause.value
        for at, cause in found.days.halts
        if cause is Cause.INVARIANT_BROKEN
        or (cause is Cause.OPERATOR_KILL and (drilled is None or abs(at - drilled) > BLAME_NS))
    ]
    explained = len(found.days.halts) - len(strange)
    yield Criterion(
        "F352",
        "Kill switch: unexplained triggers",
        f"{len(strange)} ({explained} explained)",
        "0",
        passed(not strange),
        ", ".join(strange) or "a limit that was reached explains itself by its numbers",
    )
    wrong = "; ".join(found.drill.wrong)
    yield Criterion(
        "F352, F146",
        "Kill switch: drill",
        "never thrown" if drilled is None else wrong or "nothing entered, every stop stayed",
        "nothing enters, every stop stays at the exchange",
        Verdict.NOT_MEASURED if drilled is None else passed(not wrong),
        "no position was held under its stop in the second half of the run"
        if drilled is None
        else f"thrown while {found.drill.held} was held",
    )
    yield Criterion(
        "F352",
        "Kill switch: alert",
        "",
        "an alert arrives",
        Verdict.NOT_MEASURED,
        "no alerts leave an accelerated run: drill it on the running system",
    )


def _orders(found: Evidence) -> Iterator[Criterion]:
    days = found.days
    orders, rejected = days.total("orders"), days.total("rejected")
    wrong = days.codes[FILTER_CODE]
    yield Criterion("F353", "Orders that fail a filter (-1013)", str(wrong), "0", passed(not wrong))
    share = rejected / orders if orders else 0.0
    refused = days.total("refused_by_risk")
    yield Criterion(
        "F353, F357, F417",
        "Orders rejected by the exchange",
        f"{rejected} of {orders} ({share:.2%})",
        f"<= {REJECTED_MAX:.0%}",
        passed(share <= REJECTED_MAX) if orders else Verdict.NOT_MEASURED,
        f"refused by our own limits before they left, and not counted here: {refused}",
    )
    failed = days.failed_at
    blameless = sum(not _to_blame(found, at) for at in failed)
    yield Criterion(
        "F353",
        "Requests that failed without a fault of the plan",
        f"{blameless} ({len(failed) - blameless} with one)",
        "0",
        passed(not blameless),
    )


def _to_blame(found: Evidence, at: Instant) -> bool:
    """Whether a fault that keeps requests from being answered had struck shortly before."""
    return any(
        note.what is Happened.STRUCK and 0 <= at - note.at <= _BLAMED_NS.get(note.text, -1)
        for note in found.notes
    )


def _truth(found: Evidence) -> Iterator[Criterion]:
    record, sharpe = found.record, found.record.sharpe
    between = "" if record.low is None else f" (95 %: {record.low:.1f} to {record.high:.1f})"
    yield Criterion(
        "F355",
        f"Sharpe ratio of {record.days} days",
        "none" if sharpe is None else f"{sharpe:.2f}{between}",
        f"> {SHARPE_MIN} was asked for",
        Verdict.NOT_MEASURED,
        record.said,
    )
    by_hand = any(fault.value in found.seen.faults for fault in _BY_HAND)
    counts = found.days.differences
    late, stale = counts[Difference.LATE_FILL], found.days.stale
    # The cash that an account begins with is met as something that came.
    others = sum(counts.values()) - late - stale - min(1, counts[Difference.BALANCE])
    yield Criterion(
        "F356",
        "Reconciliation: mismatches",
        f"{others} ({late} fills found by looking, {stale} answers older than the books)",
        "0",
        Verdict.NOT_MEASURED if by_hand else passed(not others),
        "people act on the account by the plan" if by_hand else "",
    )


def _paper(found: Evidence) -> Iterator[Criterion]:
    certificate = found.certificate
    decisions, share = certificate.decisions, certificate.within_share
    yield Criterion(
        "F357",
        "Parity: decisions that come out again",
        f"{decisions.equal:,} of {decisions.steps:,}",
        "all",
        passed(certificate.holds),
    )
    yield Criterion(
        "F357",
        "Parity: fills within the model",
        "no fills" if share is None else f"{share:.1%} of {certificate.fills.cases}",
        f">= {FILLS_MIN:.0%}",
        Verdict.NOT_MEASURED if share is None else passed(share >= FILLS_MIN),
    )
    yield Criterion(
        "F358",
        "Meeting",
        "",
        "evidence, near-misses, risk and decision on record",
        Verdict.NOT_MEASURED,
        "people decide: this report is the record they sign",
    )
    yield Criterion(
        "F359",
        "Report",
        "written" if found.reported else "not asked for",
        "equity, trades, errors",
        Verdict.GO if found.reported else Verdict.NOT_MEASURED,
    )
    yield Criterion(
        "F360",
        "Metrics kept",
        f"{len(found.days.days)} days: P&L, trades, wins, Sharpe, halts, reconnections, latency",
        "all of them",
        passed(bool(found.days.days)),
    )

"""The mode: NORMAL, DEGRADED or HALTED, as a table, and the limits that move it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from thunes.core.domain.fact import ModeChanged
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.units import NS_PER_DAY, ZERO, Instant
from thunes.core.domain.view import View
from thunes.core.risk.limits import Limits

M, C = Mode, Cause
_Reached = tuple[Cause, Decimal, Decimal]

_WORSE = {
    C.DRAWDOWN_LIMIT: M.HALTED,
    C.DAILY_LOSS: M.HALTED,
    C.INVARIANT_BROKEN: M.HALTED,
    C.OPERATOR_KILL: M.HALTED,
}

MODE_TABLE: Mapping[Mode, Mapping[Cause, Mode]] = {
    M.NORMAL: {
        **_WORSE,
        C.DRAWDOWN_WARNING: M.DEGRADED,
        C.OPERATOR_PAUSE: M.DEGRADED,
        C.OPERATOR_RESUME: M.NORMAL,
        C.DRAWDOWN_RECOVERED: M.NORMAL,
        C.DAY_ROLLED: M.NORMAL,
    },
    M.DEGRADED: {
        **_WORSE,
        C.DRAWDOWN_WARNING: M.DEGRADED,
        C.OPERATOR_PAUSE: M.DEGRADED,
        C.OPERATOR_RESUME: M.NORMAL,
        C.DRAWDOWN_RECOVERED: M.NORMAL,
        C.DAY_ROLLED: M.NORMAL,
    },
    M.HALTED: {
        **_WORSE,
        C.DRAWDOWN_WARNING: M.HALTED,
        C.OPERATOR_PAUSE: M.HALTED,
        C.OPERATOR_RESUME: M.NORMAL,
        C.DRAWDOWN_RECOVERED: M.NORMAL,
        C.DAY_ROLLED: M.NORMAL,
    },
}

LIFTED_BY: Mapping[Cause, tuple[Cause, ...]] = {
    C.DRAWDOWN_WARNING: (C.DRAWDOWN_RECOVERED, C.OPERATOR_RESUME),
    C.OPERATOR_PAUSE: (C.OPERATOR_RESUME,),
    C.DRAWDOWN_LIMIT: (C.OPERATOR_RESUME,),
    C.DAILY_LOSS: (C.OPERATOR_RESUME, C.DAY_ROLLED),  # the day only where the limits say so
    C.INVARIANT_BROKEN: (C.OPERATOR_RESUME,),
    C.OPERATOR_KILL: (C.OPERATOR_RESUME,),
}
"""Which causes may end the mode that a cause began: nothing else leads back to NORMAL."""

RECOVERIES_MAX = 2
RECOVERIES_NS = NS_PER_DAY
"""So often within this time a drawdown that has recovered ends its warning. An account that swings
about its limit more often than that is for an operator to look at."""


@dataclass(frozen=True, slots=True)
class ModeReading:
    """The mode of this step, and how it was reached; `cause` is None while NORMAL."""

    mode: Mode
    cause: Cause | None
    changes: tuple[ModeChanged, ...] = ()
    recoveries: tuple[Instant, ...] = ()

    @property
    def now(self) -> tuple[Mode, Cause | None, tuple[Instant, ...]]:
        """What has to be remembered of it."""
        return self.mode, self.cause, self.recoveries


def next_mode(mode: Mode, began: Cause | None, cause: Cause, limits: Limits) -> Mode:
    """Where `cause` leads from `mode`, which `began` began."""
    after = MODE_TABLE[mode][cause]
    if after is Mode.NORMAL and began is not None:
        by_day = began is C.DAILY_LOSS and cause is C.DAY_ROLLED
        if cause not in LIFTED_BY[began] or (by_day and limits.daily_loss_lifted_by != "day"):
            return mode
    return after


def read_mode(limits: Limits, view: View) -> ModeReading:
    """The mode after everything known now: requests first, then the limits on equity."""
    memory = view.memory
    reading = ModeReading(memory.mode, memory.cause, (), memory.recoveries)
    for cause in memory.requested:
        reading = _changed(reading, cause, limits, None, None)
    if limits.watches_equity and reading.mode is not Mode.HALTED:
        for cause, actual, limit in _reached(limits, reading, view):
            reading = _changed(reading, cause, limits, actual, limit)
    return _counted(reading, view) if reading.changes else reading


def _changed(
    reading: ModeReading,
    cause: Cause,
    limits: Limits,
    actual: Decimal | None,
    limit: Decimal | None,
) -> ModeReading:
    after = next_mode(reading.mode, reading.cause, cause, limits)
    if after is reading.mode and not _binds_more(cause, reading.cause):
        return reading
    change = ModeChanged(before=reading.mode, after=after, cause=cause, actual=actual, limit=limit)
    began = reading.cause if _binds_more(reading.cause, cause) else cause
    began_now = None if after is Mode.NORMAL else began
    return ModeReading(after, began_now, (*reading.changes, change), reading.recoveries)


def _counted(reading: ModeReading, view: View) -> ModeReading:
    """With what brought the mode back: an operator who resumes begins the count anew."""
    causes = [change.cause for change in reading.changes]
    if Cause.OPERATOR_RESUME in causes:
        return replace(reading, recoveries=())
    if Cause.DRAWDOWN_RECOVERED in causes:
        lately = (*reading.recoveries, view.at)[-RECOVERIES_MAX:]
        return replace(reading, recoveries=lately)
    return reading


def _binds_more(cause: Cause | None, other: Cause | None) -> bool:
    """Whether fewer may lift `cause` than `other`: then it is the one that holds the mode.

    A new day must not undo what an operator stopped, whichever of the two came first.
    """
    if cause is None or other is None or cause not in LIFTED_BY or other not in LIFTED_BY:
        return False
    return set(LIFTED_BY[cause]) < set(LIFTED_BY[other])


def _reached(limits: Limits, reading: ModeReading, view: View) -> list[_Reached]:
    """Limits on equity that are reached, with (actual, limit), gravest last."""
    found: list[_Reached] = []
    peak, start = view.memory.peak_equity, view.memory.day_start_equity
    if peak is None and start is None:
        return found  # nothing has closed yet: a coin held from the start has no price
    equity = view.account.equity()
    resumed = any(change.cause is Cause.OPERATOR_RESUME for change in reading.changes)
    if peak is not None and peak > ZERO and not resumed:  # a resume accepts the fall from it
        fallen = (peak - equity) / peak
        warning, limit = limits.drawdown_warning, limits.drawdown_limit
        if warning is not None and fallen >= warning:
            found.append((C.DRAWDOWN_WARNING, fallen, warning))
        elif warning is not None and _may_recover(view):
            found.append((C.DRAWDOWN_RECOVERED, fallen, warning))
        if limit is not None and fallen >= limit:
            found.append((C.DRAWDOWN_LIMIT, fallen, limit))
    if start is not None:
        lost = start - equity
        if limits.daily_loss is not None and lost >= limits.daily_loss:
            found.append((C.DAILY_LOSS, lost, limits.daily_loss))
        share = limits.daily_loss_share
        if share is not None and lost >= share * start:
            found.append((C.DAILY_LOSS, lost, share * start))
    return found


def _may_recover(view: View) -> bool:
    lately = [at for at in view.memory.recoveries if view.at - at < RECOVERIES_NS]
    return len(lately) < RECOVERIES_MAX

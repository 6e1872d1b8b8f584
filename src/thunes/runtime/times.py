"""Times: when a job is due, in UTC and in whole seconds."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from thunes.core.domain.units import NS_PER_SECOND, Instant

NEVER = Instant(2**62)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def daily(clock: str) -> CronTrigger:
    """Every day at `HH:MM`, UTC."""
    hour, _, minute = clock.partition(":")
    return CronTrigger(hour=hour, minute=minute, second=0, timezone=UTC)


def every(seconds: int) -> IntervalTrigger:
    """At the multiples of so many seconds since 1970, so that a restart moves nothing."""
    return IntervalTrigger(seconds=seconds, start_date=_EPOCH, timezone=UTC)


def next_time(when: BaseTrigger, after: Instant) -> Instant:
    """The first time after `after`; all of them are whole seconds."""
    whole = datetime.fromtimestamp(after // NS_PER_SECOND + 1, UTC)
    found: datetime | None = when.get_next_fire_time(None, whole)
    if found is None:
        return NEVER
    return Instant((found - _EPOCH) // timedelta(seconds=1) * NS_PER_SECOND)

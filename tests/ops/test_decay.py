"""Decay: a strategy that lost its edge is found, a healthy one alarms as seldom as is said."""

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.performance import DAYS_A_YEAR, sharpe
from thunes.core.stats.sharpe import TrackRecord, minimum_track_record
from thunes.ops.decay import judge_decay
from thunes.ops.seven_days import chance_below, standard_error
from thunes.ops.week_rule import false_alarms, sharpe_until, week_rule


def drawn(annual: float, days: int, seed: int = 1, *, exact: bool = False) -> np.ndarray:
    """Fat-tailed daily returns with this Sharpe ratio, in truth or exactly."""
    x = np.random.default_rng(seed).standard_t(4, days) / math.sqrt(2)
    if exact:
        x = (x - x.mean()) / x.std(ddof=1)
    return 0.02 * (x + annual / math.sqrt(DAYS_A_YEAR))


def by_day(returns: np.ndarray, first: int = 20_000) -> dict[int, float]:
    return {first + day: float(value) for day, value in enumerate(returns)}


PAST = drawn(2.0, 1_000, exact=True)


def test_published_what_a_week_can_show() -> None:
    """Reference methods, 1.7: in closed form, and as drawn."""
    assert standard_error(7) == pytest.approx(7.22, abs=0.005)
    assert standard_error(30) == pytest.approx(3.49, abs=0.005)
    closed = [
        1 - chance_below(0.8, 0.0, 7),
        1 - chance_below(0.8, 2.0, 7),
        chance_below(1.0, 2.0, 7),
    ]
    assert [round(each, 3) for each in closed] == [0.456, 0.566, 0.445]
    rng = np.random.default_rng(7)
    for true, limit, expected in ((0.0, 0.8, 0.544), (2.0, 0.8, 0.434), (2.0, 1.0, 0.445)):
        weeks = rng.standard_normal((100_000, 7)) + true / math.sqrt(DAYS_A_YEAR)
        found = weeks.mean(1) / weeks.std(1, ddof=1) * math.sqrt(DAYS_A_YEAR)
        # Seven days estimate their own deviation as well: the closed form takes it as known.
        assert float((found < limit).mean()) == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize(
    ("true", "moments", "days"),
    [
        (1, (0, 3), 990),
        (2, (0, 3), 249),
        (3, (0, 3), 112),
        (1, (-1, 10), 1_046),
        (2, (-1, 10), 280),
        (3, (-1, 10), 134),
    ],
)
def test_published_days_until_a_ratio_is_known(
    true: int, moments: tuple[float, float], days: int
) -> None:
    record = TrackRecord(true / math.sqrt(DAYS_A_YEAR), 100, *moments)
    needed = minimum_track_record(record, variance_at="estimate")
    assert needed is not None
    assert round(needed) == days


def test_f230_three_days_below_one() -> None:
    """Weeks with ratios chosen by hand: 1 alarms on the third day below, 0.5 makes it critical."""
    good, bad = drawn(8.0, 7, exact=True), drawn(-8.0, 10, seed=3)
    lived = by_day(np.concatenate([good, bad]))
    days = list(lived)
    for last in days[6:]:
        rule = week_rule({day: value for day, value in lived.items() if day <= last})
        ratios = [rule.sharpes[day] for day in sorted(rule.sharpes)]
        expected = 0
        for ratio in reversed(ratios):
            if ratio >= 1.0:
                break
            expected += 1
        assert rule.below == expected
        assert rule.alarm == (expected >= 3)
        assert rule.critical == (expected >= 3 and ratios[-1] < 0.5)
    assert rule.alarm
    assert rule.critical
    assert not week_rule({}).alarm


@pytest.mark.parametrize(("newest", "critical"), [(0.9, False), (0.4, True)])
def test_f230_below_a_half_is_critical(newest: float, critical: bool) -> None:
    week = drawn(newest, 7, exact=True)
    lived = by_day(np.tile(week, 2)[:9])  # each week holds the same returns
    rule = week_rule(lived)
    assert rule.newest == pytest.approx(newest)
    assert (rule.below, rule.alarm, rule.critical) == (3, True, critical)


def test_f423_a_day_counts_once_however_often_it_is_looked_at() -> None:
    lived = by_day(drawn(-5.0, 8, exact=True))
    assert week_rule(lived).below == 2
    again = {**lived, max(lived): lived[max(lived)]}
    for _ in range(5):
        again |= lived
    assert week_rule(again).below == 2
    assert not week_rule(again).alarm
    assert week_rule(lived | {max(lived) + 1: -0.05}).alarm


def test_f423_days_in_a_row_have_none_missing_between() -> None:
    lived = by_day(np.tile(drawn(-5.0, 7, exact=True), 5)[:30])
    rule = week_rule(lived)
    assert rule.below == len(rule.sharpes) == 24
    del lived[max(lived) - 1]
    rule = week_rule(lived)
    assert (rule.below, rule.alarm) == (0, False), "the newest week is not whole"


def test_a_week_without_trades_says_nothing() -> None:
    rule = week_rule(dict.fromkeys(range(20_000, 20_030), 0.0))
    assert (rule.sharpes, rule.below, rule.newest) == ({}, 0, None)


@given(
    st.dictionaries(st.integers(0, 20), st.floats(-0.2, 0.2, allow_subnormal=False), max_size=21)
)
def test_the_ratio_of_days_is_that_of_exactly_those_days(lived: Mapping[int, float]) -> None:
    for day in range(25):
        wanted = [lived[each] for each in range(day - 6, day + 1) if each in lived]
        expected = sharpe(np.array(wanted), 365) if len(wanted) == 7 else None
        assert sharpe_until(lived, day, 7) == expected


def test_the_rule_of_weeks_is_told_with_its_own_false_alarms() -> None:
    found = false_alarms(PAST, Sampling(1.0, 600, 3))
    stood, days = [], []
    for seed in range(60):
        lived = drawn(2.0, DAYS_A_YEAR, seed=seed)
        rule = week_rule(by_day(lived))
        row = 0
        stands = []
        for day in range(20_008, 20_365):
            row = row + 1 if rule.sharpes.get(day - 2, 9.0) < 1.0 else 0
            stands.append(row >= 3)
        stood.append(np.mean(stands))
        days.append(stands.index(True) + 9 if True in stands else 365)
    assert found.share == pytest.approx(float(np.mean(stood)), abs=0.03)
    assert found.days_until == pytest.approx(float(np.mean(days)), rel=0.25)
    assert found.share > 0.25, "a healthy strategy stands under alarm on every fourth day"


def test_the_cusum_alarms_a_healthy_strategy_as_seldom_as_is_said() -> None:
    found = judge_decay(PAST, by_day(PAST))
    assert found.drift is not None
    watch = found.drift.watch
    assert watch.days_between_false_alarms == pytest.approx(730, rel=0.02)
    rng = np.random.default_rng(11)
    runs = [watch.alarm(rng.choice(PAST, 4 * 730)) for _ in range(400)]  # healthy resamples
    days = sum(4 * 730 if first is None else first + 1 for first in runs)
    assert days / sum(first is not None for first in runs) == pytest.approx(730, rel=0.15)


def test_a_decayed_strategy_is_found() -> None:
    found = judge_decay(PAST, by_day(drawn(-2.0, 600)))
    assert found.drift is not None
    assert found.drift.alarm is not None
    assert found.drift.level > found.drift.watch.threshold
    watch = found.drift.watch
    assert watch.days_to_detect < watch.days_between_false_alarms / 3
    lost = [watch.alarm(drawn(0.0, 4_000, seed)) for seed in range(100)]
    assert all(first is not None for first in lost)
    delay = float(np.mean([first for first in lost if first is not None]))
    assert delay == pytest.approx(watch.days_to_detect, rel=0.25)
    worse = [watch.alarm(drawn(-2.0, 4_000, seed)) for seed in range(100)]
    assert float(np.mean([first for first in worse if first is not None])) < delay


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (None, "no daily returns were kept"),
        (np.zeros(5), "5 rows of returns"),
        (np.zeros(50), "are 0: they have no dependence"),
        (-PAST, "only an edge above zero can decay"),
        (drawn(2.0, 20), "10 fewer than the 30"),
    ],
)
def test_without_a_backtest_to_compare_with_the_rule_of_weeks_stands_alone(
    kept: np.ndarray | None, why: str
) -> None:
    found = judge_decay(kept, by_day(drawn(-5.0, 30, exact=True)))
    assert found.drift is None
    assert why in found.why
    assert found.weeks.alarm
    assert "44.5%" in found.said


def test_missing_days_are_counted() -> None:
    lived = by_day(drawn(2.0, 10))
    assert judge_decay(PAST, lived).missing == 0
    del lived[20_004]
    assert judge_decay(PAST, lived).missing == 1


def test_the_error_of_a_week_is_that_of_its_days() -> None:
    assert NormalDist(2.0, standard_error(7)).cdf(1.0) == chance_below(1.0, 2.0, 7)

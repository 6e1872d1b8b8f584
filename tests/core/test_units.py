"""Units: exact rounding to any step, instants in UTC, timeframes and their names."""

import decimal
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Filter, Instrument, failed_filter
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import (
    EXACT,
    NS_PER_SECOND,
    ceil_to,
    floor_to,
    format_instant,
    format_timeframe,
    parse_instant,
    parse_timeframe,
)

D = Decimal
VALUES = st.decimals(-(10**9), 10**9, places=12)
STEPS = st.one_of(
    st.sampled_from([D(s) for s in ("1", "10", "0.1", "0.01", "0.00001", "1E-8", "0.5", "0.25")]),
    st.decimals(D("1E-9"), D(1_000), places=9).filter(lambda step: step > 0),
)


@given(VALUES, STEPS)
def test_floor_and_ceil_are_exact_for_every_step(value: Decimal, step: Decimal) -> None:
    with decimal.localcontext(EXACT):
        low, high = floor_to(value, step), ceil_to(value, step)
        assert low % step == 0
        assert high % step == 0
        assert low <= value < low + step
        assert high - step < value <= high
        assert high - low in (0, step)


@given(VALUES, STEPS)
def test_rounding_twice_is_rounding_once(value: Decimal, step: Decimal) -> None:
    with decimal.localcontext(EXACT):
        low, high = floor_to(value, step), ceil_to(value, step)
        assert floor_to(low, step) == ceil_to(low, step) == low
        assert floor_to(high, step) == ceil_to(high, step) == high
        assert floor_to(-value, step) == -high


@given(st.integers(-(10**12), 10**12), STEPS)
def test_a_multiple_of_the_step_stays_what_it_is(count: int, step: Decimal) -> None:
    with decimal.localcontext(EXACT):
        value = count * step
        assert floor_to(value, step) == ceil_to(value, step) == value


@given(st.decimals(D("0.00001"), 10**6, places=8), STEPS, st.decimals(D("0.01"), 10**5, places=2))
def test_a_floored_quantity_passes_the_lot_size_filter(
    quantity: Decimal, step: Decimal, price: Decimal
) -> None:
    """What `round(quantity, 4)` could not promise: any step, any size."""
    with decimal.localcontext(EXACT):
        instrument = Instrument("AB", "A", "B", tick=D("0.01"), step=step)
        amount = floor_to(quantity, step)
        order = Order(
            "t1", "AB", Side.SELL, OrderType.MARKET, OrderRole.EXIT, "me", quantity=amount
        )
        failed = failed_filter(instrument, order, price)
        assert failed is (Filter.LOT_SIZE if amount == 0 else None)
        beside = replace(order, quantity=amount + step / 2)
        assert failed_filter(instrument, beside, price) is Filter.LOT_SIZE


def test_known_roundings() -> None:
    assert floor_to(D("0.29"), D("0.01")) == D("0.29")
    assert floor_to(D("1.1"), D("0.1")) == D("1.1")
    assert floor_to(D("-0.01"), D("0.1")) == D("-0.1")
    assert ceil_to(D("-0.01"), D("0.1")) == 0
    assert floor_to(D("0.00137") * D("0.4"), D("0.00001")) == D("0.00054")
    assert ceil_to(D("99.995"), D("0.01")) == D(100)


# Instants.

YEAR_1000, YEAR_9999 = -30_610_224_000 * NS_PER_SECOND, 253_370_764_800 * NS_PER_SECOND
INSTANTS = st.integers(YEAR_1000, YEAR_9999)


@given(INSTANTS.map(lambda at: at // 1_000 * 1_000))
def test_an_instant_survives_its_text(at: int) -> None:
    text = format_instant(at)
    assert text.endswith("Z"), "always UTC, always said"
    assert parse_instant(text) == at


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_zones_name_one_instant(stamp: datetime, minutes: int) -> None:
    away = stamp.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_instant(away.isoformat()) == parse_instant(stamp.isoformat())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01", 0),
        ("2024-01-01", 1_704_067_200 * NS_PER_SECOND),
        ("2024-01-01T00:00:00Z", 1_704_067_200 * NS_PER_SECOND),
        ("2024-01-01T01:00:00+01:00", 1_704_067_200 * NS_PER_SECOND),
        ("2024-01-01T00:00:00.000001", 1_704_067_200 * NS_PER_SECOND + 1_000),
    ],
)
def test_known_instants(text: str, at: int) -> None:
    assert parse_instant(text) == at


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "1704067200"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="ISO 8601") as caught:
        parse_instant(text)
    assert repr(text) in str(caught.value)


def test_nanoseconds_are_shown_only_where_there_are_any() -> None:
    assert format_instant(0) == "1970-01-01T00:00:00Z"
    assert format_instant(1) == "1970-01-01T00:00:00.000000001Z"
    assert format_instant(1_500_000_000) == "1970-01-01T00:00:01.5Z"


# Timeframes.


@given(st.integers(1, 10**6).map(lambda seconds: seconds * NS_PER_SECOND))
def test_a_timeframe_survives_its_name(nanoseconds: int) -> None:
    assert parse_timeframe(format_timeframe(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("1m", 60), ("15m", 900), ("1h", 3_600), ("4h", 14_400), ("1d", 86_400)],
)
def test_known_timeframes(text: str, seconds: int) -> None:
    assert parse_timeframe(text) == seconds * NS_PER_SECOND
    assert format_timeframe(seconds * NS_PER_SECOND) == text


def test_a_week_is_seven_days() -> None:
    assert parse_timeframe("1w") == parse_timeframe("7d")


@pytest.mark.parametrize("text", ["", "h", "0h", "-1h", "1H", "1.5h", "1h ", "01m", "1M", "1h\n"])
def test_what_is_no_timeframe_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not like"):
        parse_timeframe(text)

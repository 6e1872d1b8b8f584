"""Spaces of parameters: what ranges come to, who is a neighbour, and what is refused how."""

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.domain.errors import UsageError
from thunes.core.strategy.catalog import SHIPPED, build
from thunes.research.search.space import Axis, Space, space_of

SMA = SHIPPED["sma_cross"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=5:8", ("5", "6", "7", "8")),
        ("fast=5:9:3", ("5", "8")),
        ("fast=5:5", ("5",)),
        ("fast=20,5,10,5", ("5", "10", "20")),
    ],
)
def test_what_a_range_comes_to(text: str, values: tuple[str, ...]) -> None:
    assert space_of(SMA, [text], {}).axes == (Axis("fast", values),)


def test_fractions_keep_their_digits() -> None:
    axis = space_of(SHIPPED["dca"], ["take_profit=0.01:0.03:0.005"], {}).axes[0]
    assert axis.values == ("0.010", "0.015", "0.020", "0.025", "0.030")


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        (["fast=50:5"], "is empty: 50 is above 5"),
        (["fast=30:40", "slow=10:20"], "not one of 121 sets can run.*fast .* must be below slow"),
        (["quick=1:2"], "has no such parameter; it has fast, slow"),
        (["fast=a:b"], "is not LOW:HIGH or LOW:HIGH:STEP in numbers"),
        (["fast=1:2:3:4"], "is not LOW:HIGH or LOW:HIGH:STEP"),
        (["fast=5:50:0"], "the step must be above zero"),
        (["fast=0:5"], "fast = '0' is not int >= 1"),
        (["fast=5:6000"], "fast = '6000' is not int >= 1 and <= 5000"),
        (["fast=1,,3"], "a value is empty"),
        (["fast=1.5:2.5:0.5"], "fast = '1.5' is not int"),
        (["fast"], "is not NAME=VALUE"),
        (["fast=1:2", "fast=3:4"], "given twice"),
        (["slow=2:20000:0.0001"], "values, more than 100,000"),
    ],
)
def test_a_range_that_is_none_is_refused_in_words(ranges: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        space_of(SMA, ranges, {})


def test_a_fraction_without_a_step_is_asked_for_one() -> None:
    with pytest.raises(UsageError, match="say the step as well"):
        space_of(SHIPPED["dca"], ["take_profit=0.01:0.03"], {})


def test_a_parameter_is_fixed_or_searched() -> None:
    with pytest.raises(UsageError, match="by --param and by --range"):
        space_of(SMA, ["fast=5:8"], {"fast": "6"})
    space = space_of(SMA, ["fast=5:8"], {"slow": "40"})
    assert space.whole((0,)) == {"slow": "40", "fast": "5"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_strategy_can_be_searched_without_a_word(name: str) -> None:
    space = space_of(SHIPPED[name], [], {})
    assert all(len(axis.values) > 1 for axis in space.axes)
    assert any(space.refusal(point) is None for point in islice(space.points(), 5_000))
    for axis in space.axes:
        numbers = [float(each) for each in axis.values]
        assert numbers == sorted(set(numbers))


def test_a_point_and_its_parameters_are_the_same_thing() -> None:
    space = space_of(SMA, ["fast=5:9:2", "slow=20,40"], {})
    for point in space.points():
        assert space.point(space.parameters(point)) == point
    assert space.size == len(list(space.points())) == 6


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_neighbours_are_one_place_apart_and_mutual(sizes: list[int], data: st.DataObject) -> None:
    axes = tuple(Axis(f"p{n}", tuple(map(str, range(size)))) for n, size in enumerate(sizes))
    space = Space(SMA, axes, {})
    point = data.draw(st.tuples(*(st.integers(0, size - 1) for size in sizes)))
    near = set(space.around(point))
    apart = {p: [abs(a - b) for a, b in zip(p, point, strict=True)] for p in space.points()}
    whole = {p for p, d in apart.items() if max(d) == 1}
    assert near == (whole if len(sizes) <= 3 else {p for p in whole if sum(apart[p]) == 1})
    assert all(point in set(space.around(other)) for other in near)


def test_what_is_not_refused_can_be_built() -> None:
    space = space_of(SMA, ["fast=5:30:5", "slow=10:30:5"], {})
    for point in product(range(6), range(5)):
        if space.refusal(point) is None:
            build(SMA, space.whole(point))
        else:
            assert int(space.whole(point)["fast"]) >= int(space.whole(point)["slow"])

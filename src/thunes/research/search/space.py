"""The space: which values each searched parameter of a strategy may take, as finite axes.

A point is one place on each axis, in the order of the axes. Neighbours differ by at most one place
on every axis.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product

from thunes.core.domain.amounts import pairs
from thunes.core.domain.errors import UsageError
from thunes.core.strategy.catalog import Parameter, build, describe
from thunes.core.strategy.protocol import Strategy

VALUES_MAX = 100_000
"""Of one axis."""

_AROUND = tuple(2.0 ** (k / 2) for k in range(-4, 5))
"""What a default is multiplied by where nobody says a range."""

Point = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and its values as texts: ascending where they are numbers (`ordered`)."""

    name: str
    values: tuple[str, ...]
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Space:
    """Axes of a strategy of this kind; its other parameters are `fixed`."""

    kind: type[Strategy]
    axes: tuple[Axis, ...]
    fixed: Mapping[str, str]

    @property
    def size(self) -> int:
        """How many points there are, those among them that the strategy refuses included."""
        return math.prod(len(axis.values) for axis in self.axes)

    def points(self) -> Iterator[Point]:
        """Every point; the last axis turns fastest."""
        return product(*(range(len(axis.values)) for axis in self.axes))

    def parameters(self, point: Point) -> dict[str, str]:
        """What is searched at a point, by name."""
        return {axis.name: axis.values[at] for axis, at in zip(self.axes, point, strict=True)}

    def point(self, parameters: Mapping[str, str]) -> Point:
        """Where these values lie. KeyError, ValueError: not on these axes."""
        return tuple(axis.values.index(parameters[axis.name]) for axis in self.axes)

    def whole(self, point: Point) -> dict[str, str]:
        """All parameters at a point, the fixed ones included."""
        return {**self.fixed, **self.parameters(point)}

    def refusal(self, point: Point) -> str | None:
        """Why the strategy refuses these values together; None: it does not."""
        try:
            build(self.kind, self.whole(point))
        except UsageError as error:
            return str(error)
        return None

    def around(self, point: Point) -> Iterator[Point]:
        """Its neighbours, those on single axes only where there are more than three axes."""
        near = [
            [at + step for step in (-1, 0, 1) if 0 <= at + step < len(axis.values)]
            for axis, at in zip(self.axes, point, strict=True)
        ]
        for each in product(*near):
            moved = sum(a != b for a, b in zip(each, point, strict=True))
            if moved == 1 or (moved and len(self.axes) <= 3):
                yield each


def space_of(kind: type[Strategy], ranges: Sequence[str], fixed: Mapping[str, str]) -> Space:
    """The space that `ranges` (NAME=LOW:HIGH[:STEP] or NAME=A,B,C) tell of.

    Without any, numbers that are not `fixed` go from a quarter to four times their default.
    UsageError: a range is empty or none, or the strategy refuses every point.
    """
    known = {each.name: each for each in describe(kind)}
    told = pairs("--range", ranges)
    for name in told:
        if name not in known:
            raise UsageError(
                f"--range {name}: {kind.__name__} has no such parameter; it has "
                f"{', '.join(known) or 'none'}"
            )
        if name in fixed:
            raise UsageError(f"{name} is given by --param and by --range: give one of them")
    axes = [_checked(kind, _told(known[name], text)) for name, text in told.items()] or [
        axis
        for each in known.values()
        if each.name not in fixed and (axis := _usual(kind, each)) is not None
    ]
    if not axes:
        raise UsageError(
            f"{kind.__name__} has nothing to search: give --range NAME=LOW:HIGH:STEP of one of its "
            f"parameters ({', '.join(known) or 'it has none'})"
        )
    space = Space(kind, tuple(axes), dict(fixed))
    _refuse_nothing_left(space)
    return space


def _refuse_nothing_left(space: Space) -> None:
    why = None
    for point, _ in zip(space.points(), range(VALUES_MAX), strict=False):
        why = space.refusal(point)
        if why is None:
            return
    raise UsageError(f"not one of {space.size:,} sets can run; the last of them: {why}")


def _told(parameter: Parameter, text: str) -> Axis:
    name = f"--range {parameter.name}={text}"
    if ":" not in text:
        values = tuple(dict.fromkeys(each.strip() for each in text.split(",")))
        if not all(values):
            raise UsageError(f"{name}: a value is empty; say NAME=A,B,C or NAME=LOW:HIGH:STEP")
        numbers = [_number(each) for each in values]
        if parameter.type == "bool" or any(each is None for each in numbers):
            return Axis(parameter.name, values, ordered=False)
        order = sorted(range(len(values)), key=lambda k: numbers[k] or Decimal(0))
        return Axis(parameter.name, tuple(values[k] for k in order))
    parts = [_number(each) for each in text.split(":")]
    if len(parts) not in (2, 3) or any(each is None for each in parts):
        raise UsageError(f"{name} is not LOW:HIGH or LOW:HIGH:STEP in numbers, as 5:50:5")
    if len(parts) == 2 and parameter.type != "int":
        raise UsageError(f"{name}: say the step as well, as {text}:STEP")
    low, high, step = (*(each for each in parts if each is not None), Decimal(1))[:3]
    if not step > 0:
        raise UsageError(f"{name}: the step must be above zero, not {step}")
    if low > high:
        raise UsageError(f"{name} is empty: {low} is above {high}")
    count = int((high - low) / step) + 1
    if count > VALUES_MAX:
        raise UsageError(f"{name} has {count:,} values, more than {VALUES_MAX:,}: take a step")
    return Axis(parameter.name, tuple(f"{low + k * step:f}" for k in range(count)))


def _checked(kind: type[Strategy], axis: Axis) -> Axis:
    """The axis, if the parameter takes its first and its last value."""
    for value in (axis.values[0], axis.values[-1]):
        if (why := _outside(kind, axis.name, value)) is not None:
            raise UsageError(f"--range {axis.name}: {why}")
    return axis


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _usual(kind: type[Strategy], parameter: Parameter) -> Axis | None:
    """Values around the default, in equal ratios, as far as the strategy takes them."""
    default = parameter.default
    if isinstance(default, bool) or not isinstance(default, int | float | Decimal) or not default:
        return None
    whole = isinstance(default, int)
    numbers = [float(default) * by for by in _AROUND]
    texts = dict.fromkeys(str(round(n)) if whole else f"{Decimal(f'{n:.4g}'):f}" for n in numbers)
    taken = tuple(text for text in texts if _outside(kind, parameter.name, text) is None)
    return Axis(parameter.name, taken) if len(taken) > 1 else None


def _outside(kind: type[Strategy], name: str, text: str) -> str | None:
    """Why the parameter itself does not take a value, whatever the others are; None: it does."""
    try:
        build(kind, {name: text})
    except UsageError as error:
        return str(error) if f"{name} = " in str(error) else None
    return None

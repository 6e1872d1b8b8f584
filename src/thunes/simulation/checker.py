"""A checker: one invariant by name, the sentence that it checks, and how."""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from thunes.simulation.sight import Sight

Subject = TypeVar("Subject")


class Checker(NamedTuple, Generic[Subject]):
    """`check` says, with numbers, what of `subject` breaks the invariant; nothing if it holds."""

    name: str
    sentence: str
    check: Callable[[Sight, Subject], Iterator[str]]

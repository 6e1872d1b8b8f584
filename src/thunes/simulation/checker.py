"""A checker: one invariant by name, the sentence that it checks, and how."""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from thunes.core.domain.event import Event
from thunes.simulation.sight import Sight

Subject = TypeVar("Subject")


class Checker(NamedTuple, Generic[Subject]):
    """`check` says, with numbers, what of `subject` breaks the invariant; nothing if it holds.

    Of steps it looks at those for an event of `on`, or at any; with `acts` only at those that have
    decided or found out anything.
    """

    name: str
    sentence: str
    check: Callable[[Sight, Subject], Iterator[str]]
    on: tuple[type[Event], ...] = ()
    acts: bool = False

    def concerns(self, event: type[Event], acts: bool, closely: bool) -> bool:
        """Whether it looks at such a step; one that is not looked at closely must be named."""
        if self.on:
            return event in self.on and (acts or not self.acts)
        return acts or (closely and not self.acts)

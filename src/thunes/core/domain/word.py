"""The base of all enums here: members that are found in a table as fast as anything."""

from enum import Enum


class Word(Enum):
    """An enum whose members hash by identity: `Enum`'s own hash runs Python code at each look-up,
    and a member is the only object of its kind."""

    __hash__ = object.__hash__

"""The base of all enums here: members that are found as fast as any other constant."""

from enum import Enum, EnumType
from typing import Any


class _WordType(EnumType):
    """Keeps members as plain class attributes: Python 3.11 finds them through a descriptor that
    runs Python code at each access, 3.12 and later do as is done here."""

    def __new__(mcs, *args: Any, **kwargs: Any) -> "_WordType":
        made = super().__new__(mcs, *args, **kwargs)
        members: dict[str, Enum] = dict(made.__members__)
        for name, member in members.items():
            type.__setattr__(made, name, member)
        return made


class Word(Enum, metaclass=_WordType):
    """An enum whose members hash by identity: `Enum`'s own hash runs Python code at each look-up,
    and a member is the only object of its kind."""

    __hash__ = object.__hash__

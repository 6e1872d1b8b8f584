"""A command: what it is called, who may use it and when, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from thunes.core.domain.units import Symbol
from thunes.core.domain.word import Word
from thunes.core.engine import Engine
from thunes.ops.commands.instance import Context, Plain

FRESH_S = 60
SYMBOLS_MAX = 500

Said = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""One line of a person, without any sign that would move a terminal's cursor."""

Name = Annotated[Symbol, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]


class Role(Word):
    """Who somebody is; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        roles = list(Role)
        return roles.index(self) >= roles.index(needed)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arguments."""


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done: it stays in the journal."""

    why: Said = ""


class Wanted(Reason, frozen=True, forbid_unknown_fields=True):
    """Of which symbols; none: of all that are held."""

    symbols: Annotated[tuple[Name, ...], msgspec.Meta(max_length=SYMBOLS_MAX)] = ()


@dataclass(frozen=True, slots=True)
class Foretold:
    """What will happen: in words, and as names. Whoever confirms it confirms no more than that."""

    text: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """`arguments` is the struct that `act` takes. One that `foretells` is done only once what it
    told was confirmed; one that is older than `fresh_s` when it comes is not done at all."""

    name: str
    sentence: str
    role: Role
    act: Callable[[Context, Any], Plain]
    arguments: type[msgspec.Struct] = Nothing
    foretells: Callable[[Engine, Any], Foretold] | None = None
    fresh_s: int = FRESH_S

"""Any message: values of the core's words, built from the declaration of their fields."""

import types
import typing
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=None)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: NUMBERS,
    int: st.integers(-(2**63), 2**63 - 1),
    str: st.text(max_size=8),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


@cache
def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a message type, built from the declaration of its fields."""
    if isinstance(kind, typing.NewType):
        return anything(kind.__supertype__)
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([anything(each) for each in inner])
    if origin is tuple:
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(anything(inner[0]), anything(inner[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    fields = {each.name: anything(each.type) for each in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)

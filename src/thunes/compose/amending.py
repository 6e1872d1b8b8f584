"""Amending: an account goes on by other rules than those before, as far as that can be."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from thunes.compose.headers import rules_text
from thunes.compose.spec import RunSpec
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import RulesChanged
from thunes.core.domain.units import Instant

_FIXED = ("quote", "timeframe")


def amended(before: RunSpec, wanted: RunSpec, directory: Path) -> RunSpec:
    """What an account goes on by: the rules wanted, with the instruments that its journal was begun
    with, for the venue may have changed its filters since, which the adapter knows.

    Raises DataError for what its books and bars stand on: asset, bars and symbols stay.
    """
    symbols = [{one.symbol for one in each.instruments} for each in (before, wanted)]
    other = [name for name in _FIXED if getattr(before, name) != getattr(wanted, name)]
    if symbols[0] != symbols[1]:
        other.append("symbols")
    if other:
        raise DataError(
            f"{directory} was begun with other {' and '.join(other)}: go back to "
            f"{_told(before, other)}, or begin a new state directory once nothing is held. "
            "Strategies, sizes, exits, costs and limits may change"
        )
    return replace(wanted, instruments=before.instruments)


def amendment(before: RunSpec, now: RunSpec) -> RulesChanged | None:
    """The event that tells of the other rules; None where they are the same."""
    if before == now:
        return None
    told = [
        said
        for name in RunSpec.__struct_fields__
        for said in _apart(name, getattr(before, name), getattr(now, name))
    ]
    return RulesChanged(Instant(0), rules_text(now), "; ".join(told))


def _apart(name: str, before: Any, now: Any) -> list[str]:
    """What differs, part by part."""
    if before == now:
        return []
    if isinstance(before, msgspec.Struct) and type(before) is type(now):
        return [
            said
            for each in before.__struct_fields__
            for said in _apart(f"{name}.{each}", getattr(before, each), getattr(now, each))
        ]
    if isinstance(before, tuple) and isinstance(now, tuple) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [said for place, pair in pairs for said in _apart(f"{name}.{place}", *pair)]
    return [f"{name} {_text(before)} -> {_text(now)}"]


def _text(value: object) -> str:
    if value is None:
        return "open"
    if isinstance(value, tuple | dict | msgspec.Struct):
        return msgspec.json.Encoder(decimal_format="string").encode(value).decode()
    return str(value)


def _told(spec: RunSpec, names: list[str]) -> str:
    symbols = ", ".join(one.symbol for one in spec.instruments)
    said = {"quote": spec.quote, "timeframe": f"{spec.timeframe // 10**9} s", "symbols": symbols}
    return ", ".join(said[name] for name in names)

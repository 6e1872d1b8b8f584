"""The catalogue: strategies by name, and parameters checked against their bounds."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from thunes.core.domain.errors import UsageError
from thunes.core.strategy.dca import Dca
from thunes.core.strategy.donchian import Donchian
from thunes.core.strategy.grid import Grid
from thunes.core.strategy.protocol import SignalStrategy, Strategy
from thunes.core.strategy.rsi import Rsi
from thunes.core.strategy.sma_cross import SmaCross

SHIPPED: Mapping[str, type[Strategy]] = {
    "sma_cross": SmaCross,
    "rsi": Rsi,
    "donchian": Donchian,
    "dca": Dca,
    "grid": Grid,
}


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a strategy as a user sees it; `default` is None where one must be given,
    and `bounds` is empty where there are none."""

    name: str
    type: str
    default: Any
    bounds: str


def names_no_stop(source: str) -> bool:
    """Whether its entries leave the stop to the run: only strategies of a user may name one."""
    kind = SHIPPED.get(source)
    return kind is not None and issubclass(kind, SignalStrategy)


def build(kind: type[Strategy], parameters: Mapping[str, str]) -> Strategy:
    """The strategy with these parameters (texts); what does not fit is named with its bounds."""
    known = {each.name: each for each in describe(kind)}
    for name in parameters:
        if name not in known:
            raise UsageError(
                f"{kind.__name__} has no parameter {name!r}; it has {', '.join(known) or 'none'}"
            )
    try:
        return msgspec.convert(dict(parameters), kind, strict=False)
    except msgspec.ValidationError as error:
        text, _, name = str(error).partition(" - at `$.")
        wrong = known.get(name.rstrip("`"))
        if wrong is None:
            raise UsageError(f"parameters of {kind.__name__}: {text}") from error
        raise UsageError(
            f"parameters of {kind.__name__}: {wrong.name} = {parameters[wrong.name]!r} is not "
            f"{wrong.type} {wrong.bounds}".rstrip()
        ) from error


def describe(kind: type[Strategy]) -> tuple[Parameter, ...]:
    """Name, type, default and bounds of each parameter, in order."""
    hints = get_type_hints(kind, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(kind):
        hint, bounds = hints[field.name], ""
        for meta in get_args(hint)[1:]:
            if isinstance(meta, msgspec.Meta):
                bounds = _bounds(meta)
        plain = get_args(hint)[0] if bounds else hint
        default = None if field.default is msgspec.NODEFAULT else field.default
        rows.append(Parameter(field.name, getattr(plain, "__name__", str(plain)), default, bounds))
    return tuple(rows)


def _bounds(meta: msgspec.Meta) -> str:
    signs = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
    found = [(sign, getattr(meta, name)) for name, sign in signs]
    return " and ".join(f"{sign} {value:g}" for sign, value in found if value is not None)

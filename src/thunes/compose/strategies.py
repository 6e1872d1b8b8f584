"""Strategy files: a user's own strategy, loaded from `FILE.py:Class`."""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from thunes.compose.spec import StrategySpec
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import StrategyId, Symbol
from thunes.core.strategy.catalog import SHIPPED, build
from thunes.core.strategy.protocol import EventStrategy, SignalStrategy, Strategy


def load_kind(source: str) -> tuple[type[Strategy], str]:
    """The strategy class that `source` names, and the SHA-256 of its file ("" if shipped)."""
    if ":" not in source:
        kind = SHIPPED.get(source)
        if kind is None:
            raise UsageError(
                f"no strategy {source!r}: there are {', '.join(SHIPPED)}, or FILE.py:Class"
            )
        return kind, ""
    file, _, name = source.rpartition(":")
    path = Path(file)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"strategy file {path} cannot be read: {error.strerror}") from error
    found = getattr(_execute(path, text), name, None)
    if found is None:
        raise UsageError(f"strategy file {path} has no class {name!r}")
    if not (isinstance(found, type) and issubclass(found, SignalStrategy | EventStrategy)):
        raise UsageError(
            f"{name} in {path} is not a strategy: derive it from SignalStrategy or EventStrategy "
            "of thunes.core.strategy.protocol"
        )
    return found, hashlib.sha256(text).hexdigest()


def _execute(path: Path, text: bytes) -> object:
    """Run the file as a module. It is the user's own code, with the user's own rights."""
    module_name = f"thunes_strategy_{hashlib.sha256(text).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"strategy file {path} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the border to foreign code: named, and reported as theirs
        del sys.modules[module_name]
        kind = type(error).__name__
        raise UsageError(f"strategy file {path} cannot be loaded: {kind}: {error}") from error
    return module


def specify_strategy(
    source: str, parameters: Mapping[str, str], symbols: tuple[Symbol, ...], name: str = ""
) -> StrategySpec:
    """The strategy by name or file, with its parameters checked now rather than in the run."""
    kind, sha256 = load_kind(source)
    build(kind, parameters)
    identity = name or source.rpartition(":")[2]
    return StrategySpec(StrategyId(identity), source, dict(parameters), symbols, sha256)

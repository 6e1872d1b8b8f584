"""Strategy files: a user's own strategy, loaded from `FILE.py:Class`."""

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType

from thunes.adapters.storage.note import Note
from thunes.adapters.storage.places import TEXTS
from thunes.compose.spec import StrategySpec
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import StrategyId, Symbol
from thunes.core.strategy.catalog import SHIPPED, build
from thunes.core.strategy.protocol import EventStrategy, SignalStrategy, Strategy


def load_kind(source: str, known: Path | None = None) -> tuple[type[Strategy], str]:
    """The strategy class that `source` names, and the SHA-256 of its text ("" if shipped).

    A text that is `known` is read from there. Raises UsageError.
    """
    if source in SHIPPED:
        return SHIPPED[source], ""
    file, _, name = source.rpartition(":")
    if not file or not name:
        hint = f"{source.rstrip(':')}:MyStrategy" if ".py" in source else "FILE.py:Class"
        raise UsageError(f"no strategy {source!r}: there are {', '.join(SHIPPED)}, or {hint}")
    path = Path(file) if known is None else known
    text = read_text(path)
    module = _execute(path, text)
    found = getattr(module, name, None)
    if found is None:
        there = [each for each, value in vars(module).items() if _is_strategy(value)]
        raise UsageError(
            f"strategy file {path} has no class {name!r}, but {', '.join(there) or 'no strategy'}"
        )
    if not _is_strategy(found):
        raise UsageError(
            f"{name} in {path} is not a strategy: derive it from SignalStrategy (and define "
            "signals) or from EventStrategy (and define observe) of thunes.core.strategy.protocol"
        )
    return found, hashlib.sha256(text).hexdigest()


def keep_texts(strategies: Iterable[StrategySpec], journal: Path) -> None:
    """Keep what the strategies of a journal do beside it: a file of the user's own may change, and
    what it decided until then must come out again. Raises UsageError, ThunesError."""
    for each in strategies:
        if not each.sha256 or kept_text(each, journal) is not None:
            continue
        kept = _place(each, journal)
        text = read_text(Path(each.source.rpartition(":")[0]))
        if hashlib.sha256(text).hexdigest() == each.sha256:
            try:
                kept.parent.mkdir(exist_ok=True)
            except OSError as error:
                raise ThunesError(f"{kept.parent} cannot be made: {error.strerror}") from error
            Note(kept).write(text)


def kept_text(strategy: StrategySpec, journal: Path | None) -> Path | None:
    """Where the text of a strategy is kept, if a journal keeps it."""
    place = None if journal is None else _place(strategy, journal)
    return place if place is not None and place.exists() else None


def _place(strategy: StrategySpec, journal: Path) -> Path:
    return journal / TEXTS / f"{strategy.sha256}.py"


def read_text(path: Path) -> bytes:
    """The text of a strategy file, which is not run for it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"strategy file {path} cannot be read: {error.strerror}") from error


def _is_strategy(value: object) -> bool:
    """Whether it is a class that answers with signals of its own."""
    if not isinstance(value, type):
        return False
    if issubclass(value, SignalStrategy):
        return value.signals is not SignalStrategy.signals
    return issubclass(value, EventStrategy) and value.observe is not EventStrategy.observe


def _loader(path: Path, text: bytes) -> SourceLoader:
    """Loads the very text that was read, and leaves nothing compiled beside it."""

    class Text(SourceLoader):
        def get_filename(self, _: str) -> str:
            return str(path)

        def get_data(self, _: bytes | str) -> bytes:
            return text

    return Text()


def _execute(path: Path, text: bytes) -> ModuleType:
    """Run the file as a module. It is the user's own code, with the user's own rights."""
    if path.suffix != ".py":
        raise UsageError(f"strategy file {path} is not a Python file: its name must end in .py")
    module_name = f"thunes_strategy_{hashlib.sha256(text).hexdigest()[:16]}"
    spec = importlib.util.spec_from_loader(module_name, _loader(path, text))
    assert spec is not None and spec.loader is not None, "it was made with one"
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    # The border to foreign code: whatever it raises, exits included, is named and reported as its.
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise UsageError(f"strategy file {path} cannot be loaded: {why}") from error
    return module


def name_of(source: str) -> str:
    """What a strategy is called in the run: its name in the catalogue, or its class."""
    return source.rpartition(":")[2]


def specify_strategy(
    source: str, parameters: Mapping[str, str], symbols: tuple[Symbol, ...], name: str = ""
) -> StrategySpec:
    """The strategy by name or file, with its parameters checked now rather than in the run; `name`
    is what it is called if not as its source."""
    kind, sha256 = load_kind(source)
    build(kind, parameters)
    identity = StrategyId(name or name_of(source))
    return StrategySpec(identity, source, dict(parameters), symbols, sha256)

"""A planted bug: one function of the real code with a few words of it changed."""

import builtins
import dis
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from types import CodeType, FunctionType
from typing import Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """`lesson` says what went wrong once, or would; `before` becomes `after` in `function`.

    `before` stands in the function exactly once, or the patch is out of date. It is looked for in
    seeds of `profile`.
    """

    name: str
    lesson: str
    function: str  # "module:qualified.name"
    before: str
    after: str
    profile: str = "swarm"

    def source(self) -> str:
        """The mutated function, as text."""
        text = textwrap.dedent(inspect.getsource(self._real()))
        places = [
            (line, old)
            for line in text.splitlines()
            if (old := _indented(self.before, line)) in text and old.split("\n")[0] in line
        ]
        fits = f"{self.name}: {len(places)} places fit the patch; it is to be renewed"
        assert len(places) == 1, fits
        line, old = places[0]
        assert text.count(old) == 1, fits
        return text.replace(old, _indented(self.after, line))

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The bug is in the code, wherever the function is used; afterwards it is not."""
        real = self._real()
        sound = real.__code__
        real.__code__ = self._mutated(real)
        try:
            yield
        finally:
            real.__code__ = sound

    def _mutated(self, real: FunctionType) -> Any:
        names: dict[str, Any] = {}
        text = "from __future__ import annotations\n" + self.source()
        exec(compile(text, f"<{self.name}>", "exec"), dict(real.__globals__), names)  # noqa: S102
        code = _function(names[real.__name__]).__code__
        known = {*real.__globals__, *dir(builtins)}
        strange = [name for name in _globals_of(code) if name not in known]
        assert not strange, f"{self.name}: {real.__module__} does not know {strange}"
        return code

    def _real(self) -> FunctionType:
        return _function(resolve_name(self.function))


def _globals_of(code: CodeType) -> Iterator[str]:
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(each.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(constant)


def _function(found: Any) -> FunctionType:
    """The plain function behind a method, a property or a class method."""
    found = getattr(found, "fget", found)
    return inspect.unwrap(getattr(found, "__func__", found))


def _indented(words: str, line: str) -> str:
    """`words` as they would stand from somewhere in `line` on."""
    columns = len(line) - len(line.lstrip())
    return textwrap.indent(words, " " * columns)[columns:]

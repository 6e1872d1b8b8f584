"""Every public name in the source is used in the source; what only users call is on a list."""

import ast
import re
from collections.abc import Iterator

from tests.house.reading import Module, modules
from tests.house.rules import FUNCTIONS, is_command
from tests.house.test_tidy import EXCEPTIONS, excepted

Place = tuple[str, int, int]

BY_NAME = r"[\w.]+:\w+|thunes(\.\w+)+"
"""Text that names something to be loaded: `package.module:Name`, `thunes.cli.demo`."""


def definitions(module: Module) -> Iterator[tuple[str, str, Place]]:
    """(where, name, lines) of public functions, classes, methods and module constants."""

    def own(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str, Place]]:
        for node in body:
            place = (module.name, node.lineno, node.end_lineno or node.lineno)
            for name in names(node):
                if not name.startswith("_"):
                    yield f"{module.name}:{prefix}{name}", name, place
            if isinstance(node, ast.ClassDef) and not prefix:
                methods = [inner for inner in node.body if isinstance(inner, FUNCTIONS)]
                yield from own(list(methods), f"{node.name}.")

    yield from own(module.tree.body, "")


def names(node: ast.stmt) -> list[str]:
    """The names that a statement defines; a verb of the command line is used by its user."""
    if isinstance(node, FUNCTIONS):
        return [] if is_command(node) else [node.name]
    if isinstance(node, ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def uses(module: Module) -> Iterator[tuple[str, int]]:
    """(name, line) of everything read, called, or named in text such as `package.module:Name`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and re.fullmatch(BY_NAME, str(node.value)):
            yield re.split(r"[.:]", str(node.value))[-1], node.lineno


def unused(read: list[Module]) -> list[str]:
    """Public names that nothing outside their own definition uses."""
    used: dict[str, list[tuple[str, int]]] = {}
    for module in read:
        for name, line in uses(module):
            used.setdefault(name, []).append((module.name, line))

    def is_used(name: str, place: Place) -> bool:
        home, first, last = place
        return any(
            module != home or not first <= line <= last for module, line in used.get(name, [])
        )

    return [
        where
        for module in read
        for where, name, place in definitions(module)
        if not is_used(name, place)
    ]


def test_every_public_name_is_used() -> None:
    allowed = excepted("dead_code", EXCEPTIONS)
    found = unused(modules())
    dead = [where for where in found if where not in allowed]
    idle = [where for where in allowed if where not in found]
    assert not dead, "used nowhere in src (tests do not count):\n  " + "\n  ".join(dead)
    assert not idle, "the exception is no longer needed:\n  " + "\n  ".join(idle)


def test_planted_dead_code_is_caught() -> None:
    planted = """
LIMIT = 1
def alone(n):
    return alone(n - 1)
class Kept:
    def called(self): ...
    def never(self): ...
    def __len__(self): ...
def _private(): ...
@app.command()
def verb(): ...
"""
    user = (
        "from thunes.a import Kept, alone\nKept().called()\nLOAD = 'thunes.b:Loaded'\nprint(LOAD)"
    )
    loaded = "class Loaded: ..."
    read = [
        Module("thunes/a.py", planted),
        Module("thunes/b.py", loaded),
        Module("thunes/c.py", user),
    ]
    assert unused(read) == ["thunes.a:LIMIT", "thunes.a:alone", "thunes.a:Kept.never"]

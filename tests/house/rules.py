"""The rules of the house as functions of one module: each yields the faults that it finds."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.house.reading import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

MONEY_ROOMS = ("thunes.core.ledger", "thunes.core.risk", "thunes.core.execution")
BANNED_FILE_WORDS = {"util", "utils", "helper", "helpers", "common", "base", "manager", "misc"}
WORLD_NAMES = re.compile(
    r"^(is|in|if)_(live|paper|backtest|replay|test|testing|sandbox|simulated|dry_run)$"
    r"|^(dry_run|testing|test_mode|live_mode|paper_mode|backtest_mode)$"
)
WALKS = re.compile(r"^(list|tuple|iter|enumerate|zip|map|next)$|\.(join|extend|fromkeys)$")
IMPURE_CALLS = re.compile(
    r"^(open|print|input|exec|eval|compile|hash|breakpoint|__import__)$"
    r"|^(.*\.)?(datetime\.(now|utcnow|today)|date\.today)$"
    r"|^(time|random|os|uuid|secrets|logging|asyncio|threading|sys)\."
    r"|^(np|numpy)\.(random|load|save|memmap|fromfile|loadtxt|savetxt)\b"
    r"|\.(read_text|write_text|read_bytes|write_bytes)$"
)


class Fault(NamedTuple):
    """One place that breaks a rule; `value` is what was measured, where something was."""

    where: str
    value: int
    said: str


Rule = Callable[[Module], Iterator[Fault]]


class Size(NamedTuple):
    """A size that passes `soft` only by an exception, and `hard` (if there is one) never."""

    measure: Rule
    soft: int
    hard: int | None = None


def scopes(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Every class and function with its dotted name inside the module, outermost first."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                name = f"{prefix}{child.name}"
                yield name, child
                yield from walk(child, name + ".")
            else:
                yield from walk(child, prefix)

    yield from walk(module.tree, "")


def functions(module: Module) -> Iterator[tuple[str, Function]]:
    yield from ((name, node) for name, node in scopes(module) if isinstance(node, FUNCTIONS))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of names; what is not a name shows as `?`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def is_command(function: Function) -> bool:
    """Whether the function is a verb of the command line: its parameters are the verb's flags."""
    decorators = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    return any(dotted(d).endswith((".command", ".callback")) for d in decorators)


# Sizes: each yields a measurement for every place, which the test compares with the two limits.


def function_lines(module: Module) -> Iterator[Fault]:
    """Lines of a function from `def` to its end; the docstring is not counted."""
    for name, node in functions(module):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if ast.get_docstring(node) is not None:
            said = node.body[0]
            lines -= (said.end_lineno or said.lineno) - said.lineno + 1
        yield Fault(f"{module.name}:{name}", lines, f"{lines} lines in one function")


def module_lines(module: Module) -> Iterator[Fault]:
    lines = len(module.text.splitlines())
    yield Fault(module.name, lines, f"{lines} lines in one module")


def public_names(module: Module) -> Iterator[Fault]:
    """Public functions and classes that the module defines; constants and types are not counted.

    Neither are the words of `core.domain`: classes there that only hold fields or list values.
    """
    found = []
    for node in module.tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            behaves = any(isinstance(inner, FUNCTIONS) for inner in node.body)
            is_word = isinstance(node, ast.ClassDef) and not behaves
            if not (is_word and module.within("thunes.core.domain")):
                found.append(node.name)
    yield Fault(module.name, len(found), f"{len(found)} public names: {', '.join(found)}")


def parameters(module: Module) -> Iterator[Fault]:
    for name, node in functions(module):
        if is_command(node):
            continue
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        args = [a for a in args if a.arg not in ("self", "cls")]
        yield Fault(f"{module.name}:{name}", len(args), f"{len(args)} parameters")


def class_methods(module: Module) -> Iterator[Fault]:
    for name, node in scopes(module):
        if isinstance(node, ast.ClassDef):
            count = sum(isinstance(child, FUNCTIONS) for child in node.body)
            yield Fault(f"{module.name}:{name}", count, f"{count} methods in one class")


SIZES = {
    "function_lines": Size(function_lines, 40, 70),
    "module_lines": Size(module_lines, 300, 400),
    "public_names": Size(public_names, 6),
    "parameters": Size(parameters, 5),
    "class_methods": Size(class_methods, 12),
}


# Rules: each yields only what is wrong.


def line_columns(module: Module) -> Iterator[Fault]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if len(line) > 100:
            yield Fault(module.name, number, f"line {number} has {len(line)} columns")


def module_docstring(module: Module) -> Iterator[Fault]:
    """The docstring's first paragraph is the room's one sentence."""
    said = (ast.get_docstring(module.tree) or "").split("\n\n")[0].strip()
    if not said:
        yield Fault(module.name, 1, "no module docstring: say the room's one sentence")
    elif not said.endswith((".", ":")):
        yield Fault(module.name, 1, "the module docstring does not begin with a sentence")


def file_name(module: Module) -> Iterator[Fault]:
    for part in module.name.split("."):
        if BANNED_FILE_WORDS & set(part.lower().split("_")):
            yield Fault(module.name, 1, f"{part!r} names no room: say what the module is for")


def core_impure(module: Module) -> Iterator[Fault]:
    """Calls in the core that read, write, wait, guess or throw dice."""
    if not module.within("thunes.core"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and IMPURE_CALLS.search(dotted(node.func)):
            yield Fault(module.name, node.lineno, f"line {node.lineno}: {dotted(node.func)}(...)")
        elif isinstance(node, ast.Attribute) and dotted(node) in ("np.random", "numpy.random"):
            yield Fault(module.name, node.lineno, f"line {node.lineno}: {dotted(node)}")


def core_set_iterated(module: Module) -> Iterator[Fault]:
    """The order of a set changes from process to process: sort it, or use a dict."""
    if not module.within("thunes.core"):
        return
    known = set_names(module.tree)
    for node in ast.walk(module.tree):
        walked: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            walked = [node.iter]
        elif isinstance(node, ast.Starred):
            walked = [node.value]
        elif isinstance(node, ast.Call) and WALKS.search(dotted(node.func)):
            walked = node.args
        for expression in walked:
            if is_set(expression, known):
                line = expression.lineno
                yield Fault(module.name, line, f"line {line}: a set is iterated")


def set_names(tree: ast.AST) -> set[str]:
    """Names and attributes that are annotated as a set or are given one."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            kind = node.annotation
            kind = kind.value if isinstance(kind, ast.Subscript) else kind
            if dotted(kind).split(".")[-1] in ("set", "frozenset", "Set", "AbstractSet"):
                found.add(dotted(node.target) if isinstance(node, ast.AnnAssign) else node.arg)
        elif isinstance(node, ast.Assign) and is_set(node.value, set()):
            found.update(dotted(target) for target in node.targets)
    return found | {f"self.{name}" for name in found}


def is_set(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        return dotted(node.func) in ("set", "frozenset")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub):
        return any(is_set(side, known) or is_keys(side) for side in (node.left, node.right))
    return dotted(node) in known


def is_keys(node: ast.expr) -> bool:
    """Keys of a mapping joined by `|`, `&` or `-` become a set."""
    return isinstance(node, ast.Call) and dotted(node.func).endswith((".keys", ".items"))


def inner_import(module: Module) -> Iterator[Fault]:
    """Imports inside functions: `cli` may; adapters and the report may for heavy libraries."""
    if module.within("thunes.cli"):
        return
    heavy = module.within("thunes.adapters", "thunes.ml", "thunes.research.report")
    for name, function in functions(module):
        for node in ast.walk(function):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            first = node.names[0].name if isinstance(node, ast.Import) else node.module or ""
            if not heavy or first.split(".")[0] == "thunes":
                where = f"{module.name}:{name}"
                yield Fault(where, node.lineno, f"line {node.lineno}: import inside a function")


def lazy_import(module: Module) -> Iterator[Fault]:
    """Modules loaded by name escape the floors: only the kernel and the front door may."""
    allowed = ("thunes.core.stats.kernel", "thunes.cli", "thunes.compose", "thunes.config")
    if module.within(*allowed):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func).endswith(
            ("import_module", "spec_from_file_location", "__import__")
        ):
            yield Fault(module.name, node.lineno, f"line {node.lineno}: {dotted(node.func)}(...)")


def broad_except(module: Module) -> Iterator[Fault]:
    """`except Exception` hides bugs: it may stand in two named places."""
    broad = ("Exception", "BaseException")
    for place, line, node in handlers(module):
        kinds = node.elts if isinstance(node, ast.Tuple) else [node]
        if node is None or any(k is not None and dotted(k) in broad for k in kinds):
            yield Fault(place, line, f"line {line}: catches everything")


def handlers(module: Module) -> Iterator[tuple[str, int, ast.expr | None]]:
    """What each `except` and each `suppress` catches, with the function that it stands in."""
    owner = {}
    for name, function in functions(module):
        owner.update((id(inner), name) for inner in ast.walk(function))
    for node in ast.walk(module.tree):
        place = f"{module.name}:{owner.get(id(node), 'module')}"
        if isinstance(node, ast.ExceptHandler):
            yield place, node.lineno, node.type
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
            yield from ((place, node.lineno, kind) for kind in node.args)


def silent_except(module: Module) -> Iterator[Fault]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and all(is_idle(inner) for inner in node.body):
            yield Fault(module.name, node.lineno, f"line {node.lineno}: an error vanishes silently")


def is_idle(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass | ast.Continue)


def unfinished(module: Module) -> Iterator[Fault]:
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            mark = re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
            if mark:
                line = token.start[0]
                yield Fault(module.name, line, f"line {line}: {mark[1]}")


def world_names(module: Module) -> Iterator[Fault]:
    """Nothing knows which world it is in."""
    for node in ast.walk(module.tree):
        name = {
            ast.Name: "id",
            ast.Attribute: "attr",
            ast.arg: "arg",
            ast.keyword: "arg",
            ast.FunctionDef: "name",
        }.get(type(node))
        said = getattr(node, name) if name else None
        if said and WORLD_NAMES.match(said):
            yield Fault(module.name, node.lineno, f"line {node.lineno}: {said}")


def money_float(module: Module) -> Iterator[Fault]:
    """Money is Decimal: no float where it is kept, limited or spent."""
    if module.within(*MONEY_ROOMS):
        for annotation in annotations(module.tree):
            if any(dotted(n) in ("float", "np.float64", "Floats") for n in ast.walk(annotation)):
                line = annotation.lineno
                yield Fault(module.name, line, f"line {line}: float in an annotation")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func).endswith("Decimal") and node.args:
            value = node.args[0]
            if isinstance(value, ast.Constant) and isinstance(value.value, float):
                yield Fault(module.name, node.lineno, f"line {node.lineno}: Decimal of a float")


def annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        said = node.returns if isinstance(node, FUNCTIONS) else getattr(node, "annotation", None)
        if said is not None:
            yield said


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        line_columns,
        module_docstring,
        file_name,
        core_impure,
        core_set_iterated,
        inner_import,
        lazy_import,
        broad_except,
        silent_except,
        unfinished,
        world_names,
        money_float,
    )
}

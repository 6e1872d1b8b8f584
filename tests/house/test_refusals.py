"""What a venue says when it refuses is written down once."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.house.reading import modules

OWN = "thunes.adapters.venues.binance"
"""What our adapter takes the venue to say is its own: it knows no venue of ours."""


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every string that is told beside a code below -1000: `(-2010, "...")`, `F(-2010, "...")`."""
    for node in ast.walk(tree):
        row = node.elts if isinstance(node, ast.Tuple) else getattr(node, "args", [])
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and _is_code(key):
                    yield from _strings(value)
        if isinstance(row, list) and row and _is_code(row[0]):
            yield from (text for each in row[1:] for text in _strings(each))


def _is_code(node: ast.AST) -> bool:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return negative and isinstance(node.operand, ast.Constant) and int(node.operand.value) >= 1000


def _strings(node: ast.AST) -> Iterator[str]:
    """Whole sentences; the parts of one that is put together are left out."""
    parts = [
        part for each in ast.walk(node) if isinstance(each, ast.JoinedStr) for part in each.values
    ]
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each not in parts:
            yield each.value


def test_a_refusal_is_worded_in_one_place() -> None:
    known = [m for m in modules() if not m.name.startswith(OWN)]
    texts = {text for module in known for text in _texts(module.tree) if " " in text}
    assert len(texts) > 30, "the refusals are found at all"
    places: dict[str, list[str]] = defaultdict(list)
    for module in known:
        for text in _strings(module.tree):
            if text in texts:
                places[text].append(module.name)
    twice = {text: where for text, where in places.items() if len(where) > 1}
    assert not twice, "import it from where it stands:\n" + "\n".join(
        f"  {text!r}: {', '.join(where)}" for text, where in twice.items()
    )

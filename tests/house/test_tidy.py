"""Sizes, names and banned things: every module keeps the rules, each exception is needed."""

import tomllib
from pathlib import Path

import pytest

from tests.house.reading import Module, modules
from tests.house.rules import RULES, SIZES, Fault

LIST = Path(__file__).with_name("exceptions.toml")
EXCEPTIONS = tomllib.loads(LIST.read_text("utf-8")).get("exception", [])
BROAD_EXCEPT_MAX = 2

DOMAIN = "thunes/core/domain/sample.py"
CORE = "thunes/core/market/sample.py"
LEDGER = "thunes/core/ledger/sample.py"
OPS = "thunes/ops/sample.py"


def excepted(rule: str, listed: list[dict]) -> dict[str, int]:
    return {e["where"]: e.get("value", 0) for e in listed if e["rule"] == rule}


def broken(rule: str, read: list[Module], listed: list[dict]) -> list[str]:
    """What breaks one rule, and which of its exceptions nothing needs any longer."""
    allowed = excepted(rule, listed)
    if rule in SIZES:
        return too_big(rule, read, allowed)
    faults = [fault for module in read for fault in RULES[rule](module)]
    lines = [f"{f.where}: {f.said}" for f in faults if f.where not in allowed]
    idle = sorted(set(allowed) - {f.where for f in faults})
    return lines + [f"{where}: the exception is no longer needed" for where in idle]


def too_big(rule: str, read: list[Module], allowed: dict[str, int]) -> list[str]:
    size = SIZES[rule]
    lines = []
    found: dict[str, Fault] = {f.where: f for module in read for f in size.measure(module)}
    for where, fault in found.items():
        limit = allowed.get(where, size.soft)
        if size.hard is not None and fault.value > size.hard:
            lines.append(f"{where}: {fault.said}; the hard limit is {size.hard}")
        elif fault.value > limit:
            lines.append(f"{where}: {fault.said}; the limit is {limit}")
    for where, value in allowed.items():
        now = found[where].value if where in found else 0
        if now <= size.soft:
            lines.append(f"{where}: the exception is no longer needed")
        elif now < value:
            lines.append(f"{where}: lower the exception from {value} to {now}")
    return lines


@pytest.mark.parametrize("rule", [*SIZES, *RULES])
def test_every_module_keeps(rule: str) -> None:
    lines = broken(rule, modules(), EXCEPTIONS)
    assert not lines, f"{rule}:\n  " + "\n  ".join(lines)


def test_exceptions_are_well_formed() -> None:
    known = {*SIZES, *RULES, "dead_code"}
    for entry in EXCEPTIONS:
        assert entry["rule"] in known, f"no rule {entry['rule']!r}"
        assert len(entry["reason"]) > 20, f"{entry['where']}: say why"
    places = [(e["rule"], e["where"]) for e in EXCEPTIONS]
    assert len(places) == len(set(places)), "an exception is listed twice"


def test_everything_is_caught_in_two_named_places_at_most() -> None:
    assert len(excepted("broad_except", EXCEPTIONS)) <= BROAD_EXCEPT_MAX


def function(lines: int, head: str = "def f():") -> str:
    return "\n".join([head, *["    x = 1"] * (lines - 1)])


# Each rule with code that breaks it and nearby code that keeps it, as (file, text).
PLANTS: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "function_lines": (
        [
            (OPS, function(41)),
            (OPS, f"class C:\n    async {function(41).replace(chr(10), chr(10) + '    ')}"),
        ],
        [(OPS, function(40)), (OPS, function(40).replace(":\n", ':\n    """a\n\n    b"""\n', 1))],
    ),
    "module_lines": ([(OPS, "x = 1\n" * 301)], [(OPS, "x = 1\n" * 300)]),
    "public_names": (
        [
            (OPS, "\n".join(f"def f{i}(): ..." for i in range(7))),
            (OPS, "\n".join(f"class C{i}: ..." for i in range(7))),
            (DOMAIN, "\n".join(f"class C{i}:\n    def f(self): ..." for i in range(7))),
        ],
        [
            (OPS, "\n".join(f"def f{i}(): ...\ndef _g{i}(): ...\nX{i} = {i}" for i in range(6))),
            (DOMAIN, "\n".join(f"class C{i}:\n    x: int" for i in range(7))),
        ],
    ),
    "parameters": (
        [(OPS, "def f(a, b, c, *, d, e, f): ...")],
        [
            (OPS, "class C:\n    def f(self, a, b, c, d, e): ..."),
            (OPS, "@app.command()\ndef f(a, b, c, d, e, f, g): ..."),
        ],
    ),
    "class_methods": (
        [(OPS, "class C:\n" + "\n".join(f"    def f{i}(self): ..." for i in range(13)))],
        [(OPS, "class C:\n" + "\n".join(f"    def f{i}(self): ..." for i in range(12)))],
    ),
    "line_columns": ([(OPS, "#" * 101)], [(OPS, "#" * 100)]),
    "module_docstring": (
        [(OPS, "x = 1"), (OPS, '"""no sentence"""')],
        [(OPS, '"""A sentence."""'), (OPS, '"""A sentence\nover two lines.\n\nMore"""')],
    ),
    "file_name": (
        [
            ("thunes/ops/utils.py", ""),
            ("thunes/ops/order_manager.py", ""),
            ("thunes/common/x.py", ""),
        ],
        [("thunes/core/domain/units.py", ""), ("thunes/ops/baseline.py", "")],
    ),
    "core_impure": (
        [
            (CORE, "open('x')"),
            (CORE, "print(1)"),
            (CORE, "datetime.now(UTC)"),
            (CORE, "datetime.datetime.utcnow()"),
            (CORE, "time.monotonic_ns()"),
            (CORE, "random.random()"),
            (CORE, "rng = np.random.default_rng"),
            (CORE, "os.urandom(8)"),
            (CORE, "uuid.uuid4()"),
            (CORE, "logging.getLogger('x')"),
            (CORE, "hash('x')"),
            (CORE, "path.read_text()"),
        ],
        [
            (OPS, "print(open('x'))"),
            (CORE, "bars.open(1); re.compile('x'); at.time(); book.hash()"),
        ],
    ),
    "core_set_iterated": (
        [
            (CORE, "for x in {1, 2}: ..."),
            (CORE, "[x for x in set(y)]"),
            (CORE, "held: set[str] = load()\nfor x in held: ..."),
            (CORE, "def f(held: frozenset[str]):\n    return list(held)"),
            (
                CORE,
                "class C:\n  held: set[str]\n  def f(self):\n    return ','.join(self.held)",
            ),
            (CORE, "for x in a.keys() | b.keys(): ..."),
            (CORE, "x = [*{1, 2}]"),
        ],
        [
            (CORE, "for x in sorted({1, 2}): ...\nif x in {1, 2}: ..."),
            (CORE, "for x in {'a': 1}: ..."),
            (CORE, "for x in a.keys(): ..."),
            (OPS, "for x in {1, 2}: ..."),
        ],
    ),
    "inner_import": (
        [
            (OPS, "def f():\n    import csv"),
            ("thunes/adapters/x.py", "def f():\n    from thunes.core.domain import units"),
        ],
        [
            ("thunes/cli/x.py", "def f():\n    from thunes.compose import backtest"),
            ("thunes/adapters/x.py", "def f():\n    import pyarrow"),
            ("thunes/research/report.py", "def f():\n    import plotly"),
        ],
    ),
    "lazy_import": (
        [(CORE, "importlib.import_module('time')"), (OPS, "import_module('x')")],
        [("thunes/compose.py", "importlib.import_module('x')")],
    ),
    "broad_except": (
        [
            (OPS, "try: f()\nexcept Exception as e: raise X from e"),
            (OPS, "try: f()\nexcept (OSError, BaseException): raise"),
            (OPS, "try: f()\nexcept: raise"),
            (OPS, "with contextlib.suppress(Exception): f()"),
        ],
        [(OPS, "try: f()\nexcept (OSError, ValueError): raise\nwith suppress(OSError): f()")],
    ),
    "silent_except": (
        [
            (OPS, "try: f()\nexcept OSError: pass"),
            (OPS, "try: f()\nexcept OSError:\n    'why not'"),
            (OPS, "for x in y:\n    try: f()\n    except OSError: continue"),
        ],
        [(OPS, "try: f()\nexcept OSError: return_code = 1")],
    ),
    "unfinished": (
        [(OPS, "x = 1  # TO" + "DO later"), (OPS, '"""FIX' + 'ME."""')],
        [(OPS, "todo = 1")],
    ),
    "world_names": (
        [
            (OPS, "if is_live: ..."),
            (OPS, "def f(dry_run=False): ..."),
            (OPS, "f(testing=True)"),
            (OPS, "self.is_backtest = 1"),
            (OPS, "def is_paper(): ..."),
        ],
        [(OPS, "alive = living = tested = backtest = 1")],
    ),
    "money_float": (
        [
            (LEDGER, "def f(x: float): ..."),
            (LEDGER, "def f() -> tuple[float, int]: ..."),
            (LEDGER, "x: dict[str, float] = {}"),
            (OPS, "x = Decimal(0.1)"),
        ],
        [(CORE, "def f(x: float) -> float: ..."), (LEDGER, "x: Decimal = Decimal('0.1')")],
    ),
}


def test_every_rule_has_a_plant() -> None:
    assert set(PLANTS) == {*SIZES, *RULES}


@pytest.mark.parametrize("rule", PLANTS)
def test_a_planted_fault_is_caught(rule: str) -> None:
    breaks, keeps = PLANTS[rule]
    for where, text in breaks:
        assert broken(rule, [Module(where, text)], []), f"not caught: {text}"
    for where, text in keeps:
        assert not broken(rule, [Module(where, text)], []), f"caught wrongly: {text}"


def test_exceptions_may_only_shrink() -> None:
    def lines(size: int, value: int) -> list[str]:
        listed = [{"rule": "function_lines", "where": "thunes.ops.sample:f", "value": value}]
        return broken("function_lines", [Module(OPS, function(size))], listed)

    assert lines(52, 52) == []
    assert "limit is 52" in lines(53, 52)[0]
    assert "lower the exception from 52 to 51" in lines(51, 52)[0]
    assert "no longer needed" in lines(40, 52)[0]
    assert "hard limit is 70" in lines(71, 71)[0]
    idle = [{"rule": "silent_except", "where": "thunes.ops.sample"}]
    assert "no longer needed" in broken("silent_except", [Module(OPS, "x = 1")], idle)[0]

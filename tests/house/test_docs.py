"""What the pages tell a reader to type exists."""

import ast
import importlib
import re
import shlex
from typing import Any

import pytest

from tests.house.reading import ROOT, has_command_line

PAGES = ("README.md", "CONTRIBUTING.md")


def commands(page: str) -> list[str]:
    """The command lines in the fenced shell blocks of a page, continued lines joined."""
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ").strip() for line in lines if line.strip()]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def missing_targets(page: str, targets: set[str]) -> list[str]:
    said = re.findall(r"`make ([a-z]+)", page)
    said += [line.split()[1] for line in commands(page) if line.startswith("make ")]
    return sorted(set(said) - targets)


def thunes_words(line: str) -> list[str] | None:
    """The words after `thunes`, or None if the line does not run it."""
    words = shlex.split(line, comments=True)
    if "thunes" not in words:
        return None
    words = words[words.index("thunes") + 1 :]
    stops = [words.index(stop) for stop in ("|", ">", "&&", ";") if stop in words]
    return words[: min(stops)] if stops else words


def strange_words(words: list[str], command: Any) -> list[str]:
    """Verbs and flags that the command line does not know."""
    flags = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    rest = list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        verb = rest.pop(0)
        if verb not in command.commands:
            return [verb]
        command = command.commands[verb]
        flags |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    said = [word.split("=")[0] for word in rest if re.match(r"--?[a-zA-Z]", word)]
    return [word for word in said if word not in flags]


def command_line() -> Any:
    """The verbs of `thunes`, or a skip while there is no command line."""
    if not has_command_line():
        pytest.skip("thunes.cli is not built yet")
    typer = importlib.import_module("typer")
    front = importlib.import_module("thunes.cli")
    for name in ("app", "main.app", "app.app"):
        found: Any = front
        for part in name.split("."):
            found = getattr(found, part, None)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
    raise AssertionError("thunes.cli offers no typer app under the name `app`")


@pytest.mark.parametrize("name", PAGES)
def test_make_targets_exist(name: str) -> None:
    assert not missing_targets((ROOT / name).read_text("utf-8"), make_targets())


@pytest.mark.parametrize("name", PAGES)
def test_thunes_examples_parse(name: str) -> None:
    tree = command_line()
    for line in commands((ROOT / name).read_text("utf-8")):
        words = thunes_words(line)
        assert not words or not strange_words(words, tree), f"{name}: {line}"


def missing_imports(page: str) -> list[str]:
    """What the Python examples of a page import from thunes and thunes does not have."""
    missing = []
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "thunes":
                known = find(str(node.module))
                missing += [f"{node.module}.{n.name}" for n in node.names if n.name not in known]
    return missing


def find(module: str) -> list[str]:
    try:
        return dir(importlib.import_module(module))
    except ModuleNotFoundError:
        return []


@pytest.mark.parametrize("name", PAGES)
def test_python_examples_import_what_exists(name: str) -> None:
    if not has_command_line():
        pytest.skip("thunes.cli is not built yet")
    assert missing_imports((ROOT / name).read_text("utf-8")) == []


def test_readme_says_the_two_commands() -> None:
    said = commands((ROOT / "README.md").read_text("utf-8"))
    assert {"make demo", "make test"} <= set(said)


def test_planted_faults_are_caught() -> None:
    typer = importlib.import_module("typer")
    app = typer.Typer()
    audit = typer.Typer()
    app.add_typer(audit, name="audit")

    @app.command()
    def backtest(cash: int = 1) -> None: ...

    @audit.command()
    def show(journal: str, after: int = 0) -> None: ...

    @audit.command()
    def verify(journal: str) -> None: ...

    tree = typer.main.get_command(app)
    block = "make nothing\n$ thunes backtest \\\n  --cash 1 --cush 2 | tee x\n"
    page = f"Run `make tset`.\n```sh\n{block}```"
    assert missing_targets(page, {"test"}) == ["nothing", "tset"]
    words = thunes_words(commands(page)[1])
    assert words == ["backtest", "--cash", "1", "--cush", "2"]
    assert strange_words(words, tree) == ["--cush"]
    assert strange_words(["backtset"], tree) == ["backtset"]
    assert strange_words(["audit", "show", "dir", "--after", "3"], tree) == []
    assert strange_words(["audit", "shew", "dir"], tree) == ["shew"]
    example = "```python\nfrom thunes.core.domain.units import Price, Prise\n```\n"
    assert missing_imports(example) == ["thunes.core.domain.units.Prise"]
    lost = "```python\nfrom thunes.nowhere import x\n```\n"
    assert missing_imports(lost) == ["thunes.nowhere.x"]


def missing_tests(page: str) -> list[str]:
    """Tests that a page names and that are not there."""
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`", page)
    return [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file()
        or not re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]


def test_every_test_that_the_coverage_names_exists() -> None:
    page = (ROOT / "docs/coverage.md").read_text("utf-8")
    assert page.count("::test_") > 20
    assert missing_tests(page) == []
    assert missing_tests("`tests/house/test_docs.py::test_of_nothing`, `tests/no.py::test_x`")

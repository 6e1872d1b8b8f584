"""Reads the source tree for the tests that keep the house."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One Python file; `where` is its place below the source root: `thunes/core/engine.py`."""

    where: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.where)

    @cached_property
    def name(self) -> str:
        """The dotted name: `thunes.core.engine`."""
        return self.where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def within(self, *rooms: str) -> bool:
        """Whether the module is one of these rooms or lies in one."""
        return any(self.name == room or self.name.startswith(room + ".") for room in rooms)


def modules(source: Path = SOURCE) -> list[Module]:
    """Every module below `source`, in the order of their paths."""
    files = sorted(source.rglob("*.py"))
    return [Module(f.relative_to(source).as_posix(), f.read_text("utf-8")) for f in files]


def tracked_texts() -> dict[str, str]:
    """The text files that git tracks, by path; new files that git does not ignore count too."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    texts = {}
    for name in filter(None, listing.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (raw := path.read_bytes()):
            texts[name] = raw.decode("utf-8", "replace")
    return texts


def run_python(code: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter on `code`, with `path` first among the places it imports from."""
    paths = f"import sys; sys.path.insert(0, {str(path)!r})\n" if path else ""
    return subprocess.run(
        [sys.executable, "-c", paths + code],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )


def has_command_line() -> bool:
    """Whether `thunes.cli` is built: an empty folder of that name is not it."""
    return (SOURCE / "thunes/cli/__init__.py").is_file()

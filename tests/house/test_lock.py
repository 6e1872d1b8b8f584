"""The lock names public hosts only and fits pyproject.toml."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.reading import ROOT

HOSTS = {"pypi.org", "files.pythonhosted.org"}
LOCK = (ROOT / "uv.lock").read_text("utf-8")


def strangers(lock: str) -> list[str]:
    """Places in a lock that are neither the public index nor its file host."""
    places = re.findall(r'(?:registry|url|git|path|find-links) = "([^"]*)"', lock)
    places += re.findall(r'[a-z+]+://[^"\s]+', lock)
    allowed = re.compile(rf"https://({'|'.join(map(re.escape, sorted(HOSTS)))})/")
    return sorted({place for place in places if not allowed.match(place)})


def find_uv() -> str | None:
    own = ROOT / ".uv/bin/uv"
    return str(own) if own.exists() else shutil.which("uv")


def is_current(uv: str, folder: Path) -> bool:
    settings = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_FIND_LINKS", "UV_FROZEN")
    environment = {k: v for k, v in os.environ.items() if k not in settings}
    environment |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
    command = [uv, "lock", "--check", "--offline"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def test_every_host_in_the_lock_is_public() -> None:
    assert LOCK.count("https://pypi.org/simple") > 20
    assert strangers(LOCK) == []


@pytest.mark.parametrize(
    "line",
    [
        'source = { registry = "https://mirror.example/simple" }',
        'source = { registry = "/srv/wheels" }',
        '{ url = "http://files.pythonhosted.org/x.whl" }',
        'source = { git = "https://github.com/someone/something" }',
        '{ path = "x.whl" }',
        '{ url = "https://pypi.org.example/x.whl" }',
    ],
)
def test_a_planted_host_is_caught(line: str) -> None:
    assert strangers(LOCK + line)


def test_the_lock_fits_the_project(tmp_path: Path) -> None:
    uv = find_uv()
    if uv is None:
        pytest.skip("no uv on this machine")
    assert is_current(uv, ROOT), "run: uv lock (CONTRIBUTING.md says how)"

    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text("utf-8").replace('"numpy>=2.4"', '"numpy>=99"'), "utf-8")
    assert not is_current(uv, tmp_path), "a lock that does not fit was not noticed"

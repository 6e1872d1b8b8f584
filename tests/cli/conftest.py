"""A room with two made-up markets in it, and the command line as a person meets it."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from thunes.adapters.storage.bars.catalog import save_bars
from thunes.cli.main import main
from thunes.simulation.market import DEMO_MARKET, synthesize


class Answer(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


Ask = Callable[[str], Answer]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 2,400 hours of a made-up BTCUSDT."""
    folder = tmp_path_factory.mktemp("market")
    save_bars(folder / "BTCUSDT_1h.parquet", synthesize(DEMO_MARKET))
    return folder


@pytest.fixture
def room(tmp_path: Path, market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: `BTCUSDT_1h.parquet` and nothing else."""
    (tmp_path / "BTCUSDT_1h.parquet").write_bytes((market / "BTCUSDT_1h.parquet").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ask(room: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs `thunes LINE` in the room; whatever escapes but an exit fails the test."""

    def run(line: str) -> Answer:
        capsys.readouterr()
        code: object = 0
        try:
            main(shlex.split(line))
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return Answer(0 if code is None else int(str(code)), said.out, said.err)

    return run

"""Places that cannot be written: exit 1, one sentence, and nothing half-written is left."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from thunes.adapters.storage.appender import Appender

RUN = "backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --json"


def names(room: Path) -> set[str]:
    return {str(each.relative_to(room)) for each in room.rglob("*")}


@pytest.mark.parametrize("flag", ["--trades", "--report", "--journal"])
@pytest.mark.parametrize("place", ["/proc/none/x", "BTCUSDT_1h.parquet/x"])
def test_a_directory_that_cannot_be_made(flag: str, place: str, ask: Ask, room: Path) -> None:
    answer = ask(f"{RUN} {flag} {place}")
    assert answer.code == 1, answer
    assert str(Path(place).parent) in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""
    assert names(room) == {"BTCUSDT_1h.parquet"}


@pytest.mark.parametrize("flag", ["--trades", "--report"])
def test_a_directory_that_may_not_be_written_is_told_before_the_run(
    flag: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thunes.cli.run.os.access", lambda *_: False)
    monkeypatch.setattr("thunes.cli.run.measured_backtest", None)
    answer = ask(f"{RUN} {flag} x")
    assert answer.code == 1
    assert f"{flag}: the directory . cannot be written to" in answer.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--trades .", "is a directory; name a file in it"),
        ("--report .", "is a directory; name a file in it"),
        ("--trades BTCUSDT_1h.parquet", "is used by this command already"),
        ("--report ./BTCUSDT_1h.parquet", "is used by this command already"),
        ("--trades x --report x", "is used by this command already"),
        ("--trades /dev/null", "is not a plain file"),
    ],
)
def test_a_file_that_must_not_be_written(flags: str, said: str, ask: Ask, room: Path) -> None:
    before = (room / "BTCUSDT_1h.parquet").read_bytes()
    answer = ask(f"{RUN} {flags} --journal j")
    assert answer.code == 2
    assert said in answer.err
    assert (room / "BTCUSDT_1h.parquet").read_bytes() == before
    assert names(room) == {"BTCUSDT_1h.parquet"}


def test_a_journal_is_never_written_over(ask: Ask, room: Path) -> None:
    assert ask(f"{RUN} --journal j").code == 0
    before = {name: (room / name).read_bytes() for name in names(room) if (room / name).is_file()}
    answer = ask(f"{RUN} --journal j")
    assert answer.code == 2
    assert "j already holds a journal; name another directory" in answer.err
    after = {name: (room / name).read_bytes() for name in names(room) if (room / name).is_file()}
    assert after == before


def full_after(pieces: int) -> Callable[[Appender, bytes], None]:
    """A write that finds the disk full after so many pieces."""
    write, count = Appender.write, [0]

    def limited(self: Appender, data: bytes) -> None:
        count[0] += 1
        if count[0] > pieces:
            self._cut_back(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        write(self, data)

    return limited


@pytest.mark.parametrize("pieces", [0, 1, 40])
def test_a_disk_that_fills_up_under_the_journal(
    pieces: int, ask: Ask, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (room / "mine").mkdir()
    (room / "mine/notes.txt").write_text("keep", encoding="utf-8")
    monkeypatch.setattr(Appender, "write", full_after(pieces))
    for place in ("j", "mine"):
        answer = ask(f"{RUN} --journal {place} --trades t.csv")
        assert answer.code == 1, answer
        assert "No space left on device" in answer.err
    assert names(room) == {"BTCUSDT_1h.parquet", "mine", "mine/notes.txt"}


def test_a_disk_that_really_is_full(ask: Ask, room: Path) -> None:
    (room / "small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(room / "small")]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        for flag in ("--journal", "--report"):
            answer = ask(f"{RUN} {flag} small/x")
            assert answer.code == 1, answer
            assert "full" in answer.err or "No space left" in answer.err
            assert answer.err.count("\n") == 1
            assert list((room / "small").iterdir()) == []
    finally:
        subprocess.run(["umount", str(room / "small")], check=True)


SLOW = """
import time
from thunes.core.strategy.protocol import EventStrategy

class Slow(EventStrategy):
    def period(self):
        return 3_600_000_000_000

    def observe(self, event, view, desk):
        print("asked", flush=True)
        time.sleep(0.05)
        return ()
"""


def test_ctrl_c_leaves_nothing_behind_and_exits_130(room: Path) -> None:
    (room / "slow.py").write_text(SLOW, encoding="utf-8")
    line = "backtest --strategy slow.py:Slow --bars BTCUSDT_1h.parquet --journal j --trades t.csv"
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from thunes.cli.main import main; main()"
    run = subprocess.Popen(
        [sys.executable, "-B", "-c", code, *line.split()],
        cwd=room,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "asked\n"
    time.sleep(0.2)
    assert (room / "j").exists()
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert names(room) - {"slow.py"} == {"BTCUSDT_1h.parquet"}

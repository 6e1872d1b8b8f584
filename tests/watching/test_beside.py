"""What is kept beside a process that trades never holds it up, and tells what it missed."""

import os
import signal
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.projections.told import begun, lived, projected
from tests.watching.lived import Written
from thunes.adapters.storage.market import recorder
from thunes.adapters.storage.market.gaps import look_through
from thunes.compose import tables
from thunes.compose.beside import Beside, Kept
from thunes.compose.spell import Spell
from thunes.compose.tables import TablesTask
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.market import Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, parse_instant
from thunes.core.market.tape import Tape
from thunes.runtime.supervisor import Pulse, Task

D = Decimal
START = parse_instant("2026-11-21T10:00:00Z")
MINUTE = 60 * NS_PER_SECOND


class Beaten(Pulse):
    """A pulse that lets a task turn so often, with something done before each turn."""

    def __init__(self, *between: Callable[[], object]) -> None:
        super().__init__(threading.Event(), time.monotonic)
        self._between = list(between)

    def wait(self, seconds: float) -> bool:
        if not self._between:
            return False
        self._between.pop(0)()
        return True


def nothing() -> None:
    pass


def around(folder: Path, kept: Kept, log: Written) -> tuple[Beside, list[Task]]:
    made = Beside(folder, kept, log.logs)
    state = SimpleNamespace(market=SimpleNamespace(tape=Tape.growing(MINUTE)))
    running: Any = SimpleNamespace(
        process=SimpleNamespace(live=SimpleNamespace(engine=SimpleNamespace(state=state)))
    )
    spec = SimpleNamespace(timeframe=MINUTE, instruments=[SimpleNamespace(symbol="BTCUSDT")])
    wanted: Any = SimpleNamespace(spec=spec)
    return made, made.tasks(running, wanted)


def quote(second: int) -> Quote:
    at = Instant(START + second * NS_PER_SECOND)
    return Quote(at, Symbol("BTCUSDT"), D(1), D(1), D(2), D(1))


def test_a_spell_is_told_when_it_begins_and_when_it_is_over(tmp_path: Path) -> None:
    log, now = Written(tmp_path), [0.0]
    spell = Spell("DISK", log.logs, lambda: now[0])

    def fail() -> None:
        raise ThunesError(f"full at {now[0]:g}")

    for _ in range(2):
        assert spell.act(nothing)
        for _ in range(3):
            now[0] += 5
            assert not spell.act(fail)
        assert spell.act(nothing)
    said = [line["event"] for line in log.lines()]
    assert said == ["TROUBLE", "DISK_AGAIN"] * 2
    assert log.said("TROUBLE")[0]["text"].startswith("DISK: full at 5;")
    assert [line["after_s"] for line in log.said("DISK_AGAIN")] == [10, 10]


def test_a_disk_that_takes_nothing_is_told_once_and_what_waited_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING_MAX", 3)
    log = Written(tmp_path)
    made, (task,) = around(tmp_path, Kept(tables=False), log)
    (tap,) = made.taps
    block = tmp_path / "tape"
    block.write_text("a file where the folder should be")

    def hear() -> None:
        for second in range(6):
            tap.quoted(quote(second))

    task.run(Beaten(hear, nothing, nothing, block.unlink, nothing))
    assert [line["event"] for line in log.lines()] == ["TROUBLE", "TAPE_AGAIN", "TAPE_GAP"]
    assert log.said("TAPE_GAP")[0]["rows_lost"] == 2
    (day,) = look_through(block, longest_s=20)
    assert day.quotes == 4, "three waited, and the newest was written in the end"


def test_nothing_is_recorded_where_nobody_wants_it(tmp_path: Path) -> None:
    made, tasks = around(tmp_path, Kept(tape=False, tables=False), Written(tmp_path))
    assert (made.taps, tasks) == ((), [])


def test_without_the_extra_it_is_said_once_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_NEEDED", ("no_such_package",))
    log = Written(tmp_path)
    _, tasks = around(tmp_path, Kept(tape=False), log)
    assert tasks == []
    (line,) = log.lines()
    assert (line["level"], line["event"]) == ("info", "TABLES")
    assert "thunes[sql]" in line["text"]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children() -> list[int]:
    """Processes that keep tables for this one."""
    text = Path(f"/proc/{os.getpid()}/task")
    found = (each / "children" for each in text.iterdir())
    pids = [int(pid) for each in found if each.exists() for pid in each.read_text().split()]
    return [pid for pid in pids if b"follow" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_a_process_keeps_the_tables_and_another_one_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_PAUSE_S", 0.1)
    log, stop = Written(tmp_path), threading.Event()
    lines = lived(3).lines
    with begun(tmp_path / "journal") as journal:
        for line in lines[:100]:
            journal.append(line, durable=False)
        task = TablesTask(tmp_path, "", log.logs)
        thread = threading.Thread(target=task.run, args=(Pulse(stop, time.monotonic),))
        thread.start()
        try:
            follower = projected(tmp_path / "thunes.db", tmp_path / "journal")
            until(lambda: (tmp_path / "thunes.db").exists() and _reached(follower) >= 100)
            (first,) = children()
            os.kill(first, signal.SIGKILL)
            until(lambda: children() not in ([], [first]))
            for line in lines[100:]:
                journal.append(line, durable=False)
            until(lambda: _reached(follower) >= len(lines))
        finally:
            stop.set()
            thread.join(30)
        checked = follower.check()
    assert not thread.is_alive()
    assert children() == []
    assert (checked.difference, checked.behind) == (None, 0)
    (trouble,) = log.said("TROUBLE")
    assert "TABLES: it has ended with code -9" in trouble["text"]


def _reached(follower: Any) -> int:
    try:
        reached: int = follower.check().sequence
    except ThunesError:
        return -1
    return reached


@pytest.mark.slow
def test_an_address_that_is_none_is_told_and_never_shown(tmp_path: Path) -> None:
    log, stop = Written(tmp_path), threading.Event()
    with begun(tmp_path / "journal"):
        task = TablesTask(tmp_path, "mysql://me:s3cret@here/x", log.logs)
        thread = threading.Thread(target=task.run, args=(Pulse(stop, time.monotonic),))
        thread.start()
        try:
            until(lambda: log.path.exists() and log.said("TROUBLE"))
        finally:
            stop.set()
            thread.join(30)
    (trouble,) = log.said("TROUBLE")
    assert "no database that thunes knows" in trouble["text"]
    assert "s3cret" not in log.path.read_text()

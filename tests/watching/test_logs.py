"""One line a message, no secret in any, and a log that cannot be written stops nobody."""

import json
import tempfile
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bench import Bench
from tests.watching.lived import Written
from thunes.core.domain.errors import ThunesError
from thunes.core.risk.limits import Limits
from thunes.ops.cycles import HEARTBEAT_S, Cycles, cooling
from thunes.ops.log_file import LogFile
from thunes.ops.logs import Logs, Output

CANARY = "canary-0123456789"


def test_a_message_is_one_line_whatever_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = Written(tmp_path, level="info")
    written.logs.say("info", "two\nlines", text="a\r\nb\u2028c\x00", number=Decimal("1.50"))
    (line,) = written.path.read_text("utf-8").splitlines()
    assert json.loads(line)["event"] == "two\nlines"
    assert json.loads(line)["number"] == "1.50"
    (shown,) = capsys.readouterr().err.splitlines()
    assert "level=info" in shown
    assert "number=1.50" in shown


@given(st.text(), st.text())
def test_no_text_breaks_a_line(event: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = Written(Path(folder))
        written.logs.say("info", event, text=text)
        (line,) = written.path.read_bytes().decode("utf-8").removesuffix("\n").splitlines()
        assert line.isprintable()
        assert json.loads(line)["event"] == event


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_is_never_told_whoever_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: Any
) -> None:
    written = Written(tmp_path, level="debug", form=form, secrets=(CANARY, ""))
    logs = written.logs
    logs.trouble(f"the key {CANARY} was refused")
    logs.say("info", CANARY, nested={"a": [CANARY, {CANARY: 1}]}, error=ValueError(CANARY))
    logs.say("info", "named", **{CANARY: "x"})
    told = written.path.read_text("utf-8") + capsys.readouterr().err
    assert CANARY not in told
    assert told.count("***") >= 8


def test_a_level_keeps_what_is_below_it_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = Written(tmp_path, level="warning", file_level="info")
    for level in ("debug", "info", "warning", "error"):
        written.logs.say(level, level)  # type: ignore[arg-type]
    assert [line["event"] for line in written.lines()] == ["info", "warning", "error"]
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not written.logs.says("debug")
    assert written.logs.says("info")


def test_a_log_without_a_file_has_the_console_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs = Logs(Output(level="info", form="json"))
    logs.say("debug", "hidden")
    logs.say("info", "shown", flag=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["flag"] is True
    assert logs.file is None


def test_a_full_file_makes_place_and_the_oldest_goes(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log", size_max=100, kept=2)
    for number in range(40):
        file.write(f"line {number:02} " + "." * 20)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2"]
    lines = [
        line
        for name in ("log.2", "log.1", "log")
        for line in (tmp_path / name).read_text().split("\n")
    ]
    numbers = [int(line.split()[1]) for line in lines if line]
    assert numbers == list(range(40 - len(numbers), 40)), "in order, none missing at the end"
    assert all((tmp_path / name).stat().st_size <= 100 for name in names)


def test_a_file_that_somebody_moves_away_is_begun_anew(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log")
    file.write("one")
    file.path.rename(tmp_path / "moved")
    assert file.age_s(0.0) == float("inf")
    file.write("two")
    assert file.path.read_text() == "two\n"
    assert file.age_s(file.path.stat().st_mtime + 7.0) == pytest.approx(7.0)


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(ThunesError, match=r"plain/log cannot be written: .*\[logs\] file"):
        LogFile(tmp_path / "plain" / "log")


def test_a_disk_that_fails_later_costs_lines_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = LogFile(tmp_path / "room" / "log")
    file.path.unlink()
    file.path.parent.rmdir()
    file.write("one")
    file.write("two")
    assert file.lost == 2
    assert len(capsys.readouterr().err.splitlines()) == 1, "it is told once"


def test_a_console_that_is_gone_costs_lines_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    written = Written(tmp_path, level="info")
    monkeypatch.setattr("sys.stderr", Gone())
    written.logs.say("info", "one")
    assert written.logs.lost == 1
    assert len(written.lines()) == 1


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    written = Written(tmp_path)

    def talk(name: int) -> None:
        for number in range(200):
            written.logs.say("info", "line", who=name, number=number)

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = written.lines()
    assert len(lines) == 800
    for name in range(4):
        said = [line["number"] for line in lines if line["who"] == name]
        assert said == list(range(200))


class Beaten:
    """Cycles of an engine, in a time that is set by hand."""

    def __init__(self, tmp_path: Path) -> None:
        self.bench = Bench()
        self.now = 0.0
        self.written = Written(tmp_path)
        self.cycles = Cycles(self.written.logs, self.bench.engine, lambda: self.now)


def test_a_closing_has_one_line_with_its_numbers(tmp_path: Path) -> None:
    beaten = Beaten(tmp_path)
    for _ in range(2):
        with beaten.cycles():
            beaten.now += 0.25
            beaten.bench.bar()
    first, second = beaten.written.said("CYCLE_SUMMARY")
    assert (first["cycle"], second["cycle"]) == (1, 2)
    assert first["duration_ms"] == 250
    assert (first["positions"], first["universe"], first["cooldowns_active"]) == (0, 2, 0)
    assert first["system_state"] == "normal"


def test_a_closing_that_fails_has_its_line_too_and_goes_on_failing(tmp_path: Path) -> None:
    beaten = Beaten(tmp_path)
    with pytest.raises(ZeroDivisionError), beaten.cycles():
        raise ZeroDivisionError("by a bug")
    (line,) = beaten.written.said("CYCLE_SUMMARY_FAILED")
    assert line["error"] == "ZeroDivisionError: by a bug"
    assert beaten.written.said("CYCLE_SUMMARY") == [line]


def test_while_a_process_acts_its_log_is_never_older_than_a_minute(tmp_path: Path) -> None:
    beaten = Beaten(tmp_path)
    for _ in range(600):
        beaten.cycles.beat()
        beaten.now += 1.0
    lines = beaten.written.said("HEARTBEAT")
    assert len(lines) == 600 / HEARTBEAT_S
    with beaten.cycles():
        pass
    beaten.now += HEARTBEAT_S - 1
    beaten.cycles.beat()
    assert len(beaten.written.said("HEARTBEAT")) == len(lines), "the closing was a line as well"


def test_cool_downs_are_counted_while_they_last() -> None:
    bench = Bench(limits=Limits(signal_cool_down_s=7_000))
    bench.obey(bench.enter("10"))
    assert cooling(bench.engine) == 1
    bench.bar()
    assert cooling(bench.engine) == 1
    bench.bar()
    assert cooling(bench.engine) == 0

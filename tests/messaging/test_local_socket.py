"""The local socket: for its owner only, a line in and a line out, and nobody waits for anybody."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.commands.instances import OWNER, flat
from thunes.adapters.messaging import local_socket
from thunes.adapters.messaging.local_client import Absent, ask
from thunes.adapters.messaging.local_socket import AT_ONCE, REQUEST_MAX, Answer, LocalSocket
from thunes.core.domain.errors import ThunesError, UsageError

PATIENCE_S = 20.0
pytestmark = pytest.mark.timeout(60)


def echo(line: bytes, uid: int) -> bytes:
    return b"%d " % uid + line


@contextmanager
def served(path: Path, answer: Answer = echo) -> Iterator[LocalSocket]:
    server = LocalSocket.bind(path)
    server.serve(answer)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "control.sock"


def test_a_line_in_and_a_line_out(path: Path) -> None:
    with served(path):
        for line in (b"one", b"two", b"", b"x" * (REQUEST_MAX - 1)):
            assert ask(path, line, PATIENCE_S) == b"%d " % os.getuid() + line
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_nobody_serves(path: Path) -> None:
    with pytest.raises(Absent):
        ask(path, b"one", PATIENCE_S)
    with pytest.raises(Absent):
        ask(path.parent / ("x" * 200), b"one", PATIENCE_S)


def test_a_socket_that_a_dead_process_left_is_replaced(path: Path) -> None:
    code = f"""
import os, socket
listener = socket.socket(socket.AF_UNIX)
listener.bind({str(path)!r})
listener.listen()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE_S)
    assert path.exists()
    with pytest.raises(Absent):
        ask(path, b"one", PATIENCE_S)
    with served(path):
        assert ask(path, b"one", PATIENCE_S).endswith(b"one")


def test_a_socket_that_somebody_serves_is_left_alone(path: Path) -> None:
    with served(path):
        with pytest.raises(ThunesError, match="another process answers at"):
            LocalSocket.bind(path)
        assert ask(path, b"one", PATIENCE_S).endswith(b"one")


def test_a_path_that_is_too_long_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"103 bytes .* give --state a shorter one"):
        LocalSocket.bind(tmp_path / ("x" * 100))
    with pytest.raises(ThunesError, match="cannot be made: No such file"):
        LocalSocket.bind(tmp_path / "no" / "s")


def test_another_user_is_not_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with served(path, lambda line, _: heard.append(line) or b""):
        monkeypatch.setattr(local_socket, "user_of", lambda peer: os.getuid() + 1)
        with pytest.raises(ThunesError, match=r"ended without an answer|no answer"):
            ask(path, b"halt", PATIENCE_S)
    assert heard == []


def test_what_is_longer_than_any_request_is_cut_and_answered(path: Path) -> None:
    with served(path, lambda line, _: b"%d" % len(line)), socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        peer.sendall(b"y" * REQUEST_MAX)
        assert peer.recv(100) == b"%d\n" % REQUEST_MAX


def test_one_who_waits_keeps_nobody_waiting(path: Path) -> None:
    free, answers = threading.Event(), []

    def answer(line: bytes, _: int) -> bytes:
        if line == b"slow":
            assert free.wait(PATIENCE_S)
        return line

    with served(path, answer):
        slow = [
            threading.Thread(target=lambda: answers.append(ask(path, b"slow", PATIENCE_S)))
            for _ in range(AT_ONCE - 1)
        ]
        for thread in slow:
            thread.start()
        assert ask(path, b"quick", PATIENCE_S) == b"quick"
        assert answers == []
        free.set()
        for thread in slow:
            thread.join(PATIENCE_S)
    assert answers == [b"slow"] * len(slow)


def test_whoever_says_nothing_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_socket, "READ_S", 0.05)
    with served(path):
        for _ in range(2 * AT_ONCE):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(PATIENCE_S)
                peer.connect(str(path))
                peer.sendall(b"never en")
                assert peer.recv(100) == b""
        assert ask(path, b"one", PATIENCE_S).endswith(b"one")


def test_whoever_is_being_answered_hears_it_when_the_process_ends(path: Path) -> None:
    begun, answers = threading.Event(), []

    def answer(line: bytes, _: int) -> bytes:
        begun.set()
        return line

    server = LocalSocket.bind(path)
    server.serve(answer)
    thread = threading.Thread(target=lambda: answers.append(ask(path, b"stop", PATIENCE_S)))
    thread.start()
    assert begun.wait(PATIENCE_S)
    server.close()
    thread.join(PATIENCE_S)
    assert answers == [b"stop"]


@given(line=st.binary(max_size=2_000).filter(lambda each: b"\n" not in each))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_answered_by_a_typed_error(path: Path, line: bytes) -> None:
    told = flat()
    with served(path, lambda asked, _: told.desk.answer(asked, OWNER)):
        answer = json.loads(ask(path, line, PATIENCE_S))
        assert answer["error"]["kind"] == "unreadable"
        again = json.dumps(told.request("status")).encode()
        assert json.loads(ask(path, again, PATIENCE_S))["ok"]

"""Secrets: found in order, refused where others could read them, and never shown."""

import copy
import io
import json
import logging
import os
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import msgspec
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from thunes.adapters.secrets.env_file import read_env_file, write_env_file
from thunes.adapters.secrets.secret import Secret
from thunes.adapters.secrets.sources import Found, Secrets
from thunes.core.domain.errors import ThunesError, UsageError

CANARY = "canary-7f3a"


class Ring(KeyringBackend):
    """A keyring in memory, or one that fails."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.failure is not None:
            raise self.failure
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def env_file(folder: Path, text: str, name: str = ".env", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_secret_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("x").info("%s %r %s", secret, secret, [secret])
    said = [str(secret), repr(secret), f"{secret} {secret!r} {secret:>30}", str({"a": secret})]
    said += ["%s" % secret, "{}".format(secret), str(copy.deepcopy([secret])), caplog.text]  # noqa: UP031, UP032
    for dump in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode, pickle.dumps):
        with pytest.raises(TypeError) as caught:
            dump(secret)
        said.append(str(caught.value))
    try:
        raise ValueError(secret)
    except ValueError as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        said.append("".join(trace.format()))
    assert all(CANARY not in text for text in said), said
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == CANARY
    assert (secret == Secret(CANARY), secret == CANARY, bool(Secret(""))) == (True, False, False)


def test_the_order_in_which_sources_are_asked(tmp_path: Path, ring: Ring) -> None:
    ring.set_password("thunes", "K", "ring")
    assert Secrets(tmp_path, {}).find("K") == Found(Secret("ring"), "keyring")
    env_file(tmp_path, "K=file\n")
    assert Secrets(tmp_path, {}).find("K") == Found(Secret("file"), ".env")
    env_file(tmp_path, "K=local\n", ".env.local")
    assert Secrets(tmp_path, {}).find("K") == Found(Secret("local"), ".env.local")
    assert Secrets(tmp_path, {"K": "env"}).find("K") == Found(Secret("env"), "environment")
    assert Secrets(tmp_path, {"K": ""}).find("K") == Found(Secret("local"), ".env.local")
    assert Secrets(tmp_path, {}).find("L") is None


def test_a_locked_keyring_says_so_and_a_missing_one_is_none(tmp_path: Path, ring: Ring) -> None:
    ring.failure = KeyringLocked(CANARY)
    with pytest.raises(ThunesError, match="the keyring does not give K") as caught:
        Secrets(tmp_path, {}).find("K")
    assert CANARY not in str(caught.value)
    ring.failure = NoKeyringError()
    assert Secrets(tmp_path, {}).find("K") is None


def test_without_the_extra_there_is_no_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert Secrets(tmp_path, {}).find("K") is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_could_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = env_file(tmp_path, f"K={CANARY}\n", mode=mode)
    with pytest.raises(UsageError, match=rf"mode {mode:04o}.*chmod 600") as caught:
        read_env_file(path)
    assert CANARY not in str(caught.value)
    path.chmod(0o400)
    assert read_env_file(path) == {"K": Secret(CANARY)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = env_file(tmp_path, "K=x\n")
    os.chown(path, 12_345, -1)
    with pytest.raises(UsageError, match="belongs to another user"):
        read_env_file(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"A=1\n{CANARY} is not a line\n", "line 2: this is not NAME=VALUE"),
        (f"\n\n{CANARY}\n", "line 3: this is not NAME=VALUE"),
        (f"A='{CANARY}\n", "line 1: this is not NAME=VALUE"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_not_shown(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_env_file(env_file(tmp_path, text))
    assert CANARY not in str(caught.value)


def test_what_is_no_text_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"K=\xff\n")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_env_file(path)
    (tmp_path / "d").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("d", "pipe"):
        with pytest.raises(UsageError, match="is not a plain file"):
            read_env_file(tmp_path / name)
    assert read_env_file(tmp_path / "none") == {}


def test_forms_that_people_write(tmp_path: Path) -> None:
    text = "# keys\nexport A = one # said\nB='two # not said'\nC=\"three\nlines\"\nD=\n"
    found = read_env_file(env_file(tmp_path, text))
    told = {name: each.reveal() for name, each in found.items()}
    assert told == {"A": "one", "B": "two # not said", "C": "three\nlines", "D": ""}


def test_what_is_written_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    before = os.umask(0)
    try:
        write_env_file(path, {"A": Secret("x # y $HOME"), "B": Secret("z")})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_env_file(path) == {"A": Secret("x # y $HOME"), "B": Secret("z")}
    with pytest.raises(UsageError, match="exists already"):
        write_env_file(path, {"A": Secret("other")})
    with pytest.raises(UsageError, match="quotes or line breaks") as caught:
        write_env_file(tmp_path / "new", {"A": Secret(f"{CANARY}'\n")})
    assert CANARY not in str(caught.value)
    assert not (tmp_path / "new").exists()
    with pytest.raises(ThunesError, match="cannot be written"):
        write_env_file(tmp_path / "nowhere" / ".env", {"A": Secret("x")})


def test_a_secret_in_a_stream_stays_hidden() -> None:
    stream = io.StringIO()
    print(Secret(CANARY), [Secret(CANARY)], file=stream)
    assert CANARY not in stream.getvalue()

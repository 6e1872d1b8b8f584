"""The `.env` file: names and values, read only where nobody else can read them."""

import os
import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from thunes.adapters.secrets.secret import Secret
from thunes.core.domain.errors import ThunesError, UsageError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_env_file(path: Path) -> dict[str, Secret]:
    """The values in `path` by name; nothing where there is no such file.

    Raises UsageError where others could read or change it, and where a line is not NAME=VALUE.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for a writer
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        _refuse_shared(path, os.fstat(descriptor))
        with open(descriptor, encoding="utf-8", closefd=False) as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    finally:
        os.close(descriptor)
    return _parsed(path, text)


def write_env_file(path: Path, values: Mapping[str, Secret]) -> None:
    """A new file that only its owner can read; raises UsageError where there is one already."""
    for name, value in values.items():
        if any(sign in value.reveal() for sign in "'\\\n\r\0"):
            raise UsageError(f"{name} has quotes or line breaks: write it into {path} by hand")
    lines = [f"{name}='{value.reveal()}'\n" for name, value in values.items()]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the mask of this process says
            file.writelines(lines)
    except FileExistsError:
        raise UsageError(f"{path} exists already; it was left as it is") from None
    except OSError as error:
        raise ThunesError(f"{path} cannot be written: {error.strerror}") from error


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path} is not a plain file")
    if status.st_uid != os.geteuid():
        raise UsageError(f"{path} belongs to another user; it has to be yours: chown it")
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise UsageError(f"{path} has mode {mode:04o}: others could use it; chmod 600 {path}")


def _parsed(path: Path, text: str) -> dict[str, Secret]:
    found: dict[str, Secret] = {}
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            blank = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
            line = binding.original.line + binding.original.string[:blank].count("\n")
            raise UsageError(f"{path}, line {line}: this is not NAME=VALUE")
        if binding.key is not None:
            found[binding.key] = Secret(binding.value or "")
    return found

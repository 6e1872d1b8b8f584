"""The archive: journal, kept state and configuration in one file, taken while all goes on."""

import gzip
import io
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import zstandard

from thunes.adapters.storage.places import TEXTS
from thunes.adapters.storage.segments import segments
from thunes.core.domain.errors import ThunesError, UsageError

FORMS = (".tar.zst", ".tar.gz")
_SECRET = re.compile(
    r"^(\s*[\w.\"'-]*(?:secret|password|passphrase|token|key)[\w\"'-]*\s*=).*$", re.I | re.M
)
_TRIES = 5
_PERMISSIONS = 0o600


class Archived(NamedTuple):
    """What is in an archive: its files, and how many bytes they have unpacked."""

    files: tuple[str, ...]
    size: int


def archive(journal: Path, configuration: Path | None, target: Path) -> Archived:
    """Write what brings the account back: unpacked into an empty directory it can be gone on with.

    The journal ends with a whole line, and has the line that the kept state was taken after, for
    that is read first. Raises UsageError for a target that stands or has another name, ThunesError
    where it cannot be written; then nothing stands there.
    """
    if not target.name.endswith(FORMS):
        raise UsageError(f"{target} must be named like backup{FORMS[0]} or backup{FORMS[1]}")
    if target.exists():
        raise UsageError(f"{target} stands already; name another file")
    temporary = target.with_name(f".{target.name}.tmp")
    files: list[str] = []
    size = 0
    try:
        with _written(temporary, target) as tar:
            for name, data in _parts(journal, configuration):
                files.append(name)
                size += len(data)
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), _PERMISSIONS
                tar.addfile(member, io.BytesIO(data))
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ThunesError(f"{target} cannot be written: {error.strerror}") from error
    except ThunesError:
        temporary.unlink(missing_ok=True)
        raise
    return Archived(tuple(files), size)


@contextmanager
def _written(path: Path, named: Path) -> Iterator[tarfile.TarFile]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PERMISSIONS)
    with os.fdopen(descriptor, "wb") as file:
        with _packed(file, named) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
            yield tar
        file.flush()
        os.fsync(file.fileno())


def _packed(file: IO[bytes], named: Path) -> gzip.GzipFile | zstandard.ZstdCompressionWriter:
    if named.name.endswith(FORMS[0]):
        return zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)


def _parts(journal: Path, configuration: Path | None) -> Iterator[tuple[str, bytes]]:
    kept = journal / "snapshot"
    state = kept.read_bytes() if kept.exists() else None
    if configuration is not None:
        text = configuration.read_text(encoding="utf-8")
        yield "thunes.toml", without_secrets(text).encode()
    for number in [each.number for each in segments(journal)]:
        path, data = _segment(journal, number)
        yield f"{journal.name}/{path.name}", data
    for path in sorted((journal / TEXTS).glob("*.py")):
        yield f"{journal.name}/{TEXTS}/{path.name}", path.read_bytes()
    if state is not None:
        yield f"{journal.name}/{kept.name}", state


def _segment(journal: Path, number: int) -> tuple[Path, bytes]:
    """One segment up to its last whole line; its writer may compress it meanwhile."""
    for _ in range(_TRIES):
        found = next(each for each in segments(journal) if each.number == number)
        with suppress(FileNotFoundError):  # compressed since it was listed
            data = found.path.read_bytes()
            return found.path, data if found.compressed else data[: data.rfind(b"\n") + 1]
    raise ThunesError(f"segment {number} of {journal} comes and goes: ask again")


def without_secrets(text: str) -> str:
    """A configuration without what only its owner may know: values of such names are taken out."""
    return _SECRET.sub(r'\1 "***"', text)

"""Builds small journals for the tests and writes them apart, line by line."""

from pathlib import Path

from thunes.adapters.storage.chain import CHAIN_START, Kind, forge
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.segments import blocks, compress, segments

HEADER = b'{"strategy":"sma_cross","tape":{}}'


def payload(number: int) -> bytes:
    """A step-like text whose length varies with its number."""
    return b'{"event":{"type":"bars_closed","at":%d},"pad":"%b"}' % (number**3, b"x" * (number % 7))


def build(directory: Path, steps: int, segment_bytes: int, *, close: bool = True) -> Path:
    """A journal of `steps` steps, closed unless told otherwise."""
    journal = Journal.create(directory, HEADER, segment_bytes=segment_bytes)
    for number in range(1, steps + 1):
        journal.append(payload(number), durable=False)
    if close:
        journal.close()
    else:
        journal.release()
    return directory


def chained(lines: int) -> list[bytes]:
    """The lines of a closed journal, each with its line end."""
    made, digest = [], CHAIN_START
    for number in range(lines):
        if number == 0:
            kind, text = Kind.SESSION, HEADER
        elif number == lines - 1:
            kind, text = Kind.CLOSED, b'{"lines":%d}' % number
        else:
            kind, text = Kind.STEP, payload(number)
        line, digest = forge(digest, number, kind, text)
        made.append(line)
    return made


def put(directory: Path, parts: list[list[bytes]], *, packed: bool) -> Path:
    """Write these lines as segments; all but the last are compressed if `packed`."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    for number, lines in enumerate(parts, 1):
        path = directory / f"{number:06d}.jsonl"
        path.write_bytes(b"".join(lines))
        if packed and number < len(parts):
            compress(path)
    return directory


def lines_of(directory: Path) -> list[bytes]:
    """All lines of a journal, without line ends."""
    found: list[bytes] = []
    for segment in segments(directory):
        for block in blocks(segment):
            assert block.data is not None
            found += block.data.splitlines()
    return found

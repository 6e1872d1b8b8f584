"""How fast the journal is: appends that are synced, appends that are not, and verification."""

import tempfile
import time
from pathlib import Path

from thunes.adapters.storage.journal import Journal
from thunes.ops.audit import verify

SYNCED = 2_000
LINES = 400_000
LINE_BYTES = 500


def main() -> None:
    """Print the figures, one a line."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # on disk: /tmp may be memory
        middle, late = synced(Path(folder) / "synced")
        print(f"journal append with sync: p50 {middle:.3f} ms, p99 {late:.3f} ms ({SYNCED} lines)")
        appended, verified = bulk(Path(folder) / "bulk")
        print(f"journal append without sync, with rotation: {appended:,.0f} lines/s")
        print(f"journal verify ({LINE_BYTES} bytes a line, zstd segments): {verified:,.0f} lines/s")


def synced(directory: Path) -> tuple[float, float]:
    """Milliseconds (p50, p99) of one append that is on disk when it returns."""
    taken = []
    with Journal.create(directory, b"{}") as journal:
        for number in range(SYNCED):
            line = step(number)
            start = time.perf_counter()
            journal.append(line, durable=True)
            taken.append(time.perf_counter() - start)
    taken.sort()
    return taken[SYNCED // 2] * 1e3, taken[SYNCED * 99 // 100] * 1e3


def bulk(directory: Path) -> tuple[float, float]:
    """Lines per second written and verified; most segments are compressed."""
    lines = [step(number) for number in range(LINES)]
    start = time.perf_counter()
    with Journal.create(directory, b"{}") as journal:
        for line in lines:
            journal.append(line, durable=False)
    appended = LINES / (time.perf_counter() - start)
    start = time.perf_counter()
    found = verify(directory)
    verified = found.lines / (time.perf_counter() - start)
    assert found.ok, found.problems
    return appended, verified


def step(number: int) -> bytes:
    """A payload that makes a line of about `LINE_BYTES`, no two alike."""
    varied = b"%d,%d;" % (number, number * 7919 % 1_000_003)
    return (b'{"event":"' + varied * 40)[: LINE_BYTES - 102] + b'"}'


if __name__ == "__main__":
    main()

"""Start: from nothing to ready to trade, real processes on a journal of 100 MB and more."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench.data import CACHE
from bench.harness import LIVE_START, OURS, Row
from bench.history import History
from thunes.adapters.storage.journal import in_use
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.reading import read_header
from thunes.adapters.storage.segments import blocks, segments
from thunes.cli.asking import told
from thunes.compose.engine import engine_from_header
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant
from thunes.runtime.ears import QUOTE_EVERY_NS
from thunes.runtime.live import KEEP_EVERY
from thunes.runtime.recovery import Recorded, recover

SIZE, ROUND_BYTES = 105 * 2**20, 900  # three quotes
STARTS = 5
CASH = Decimal(10_000)
PATIENCE_S, LOOK_S = 120.0, 0.01
_SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")


class Site:
    """A state directory with a sandbox of its own, and processes that trade there."""

    def __init__(self, state: Path) -> None:
        self.state, self.journal = state, state / "journal"

    @contextmanager
    def trading(self) -> Iterator[float]:
        """A process from its start until it is killed; how long it took to be ready."""
        words = [word for symbol in _SYMBOLS for word in ("--symbol", symbol)]
        command = [sys.executable, "-m", "thunes", "paper", "--state", str(self.state)]
        home = os.environ | {"XDG_STATE_HOME": str(self.state.parent / "home")}
        began = time.perf_counter()
        with (self.state.parent / "said").open("ab") as said:
            process = subprocess.Popen(
                [*command, "--speed", "1", *words], stdout=said, stderr=said, env=home
            )
        try:
            self._until_ready(process)
            yield time.perf_counter() - began
        finally:
            process.kill()
            process.wait()

    def _until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Until a signal of now would be decided upon: known, compared, connected, unhalted."""
        until = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < until:
            try:
                said = told(self.state, "status")
            except ThunesError:
                said = {}
            if said.get("reconciled") and said["venue"]["up"] and said["mode"] == "normal":
                return
            time.sleep(LOOK_S)
        raise AssertionError((self.state.parent / "said").read_text(encoding="utf-8")[-2_000:])

    def stopped(self) -> None:
        """A process that gets ready and ends in order."""
        with self.trading():
            told(self.state, "stop")
            while in_use(self.journal):
                time.sleep(LOOK_S)

    def leave(self) -> None:
        known = json.loads((self.state / "sandbox.json").read_text(encoding="utf-8"))
        os.kill(known["pid"], signal.SIGTERM)


def starts(_: int) -> list[Row]:
    """Ready is who would decide upon a signal now. After an end in order; with the journal out of
    memory; and killed just before the state was to be kept again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        site = Site(Path(folder) / "var")
        site.state.mkdir()
        try:
            return _measured(site)
        finally:
            site.leave()


def _measured(site: Site) -> list[Row]:
    site.stopped()
    header, kept, killed = read_header(site.journal), *map(site.state.with_name, ("kept", "killed"))
    bare = _times(site, site.journal.rename(site.state.with_name("bare")))
    shutil.rmtree(site.journal)
    rounds = SIZE // ROUND_BYTES
    begin = Instant(time.time_ns() - (rounds + 1_000) * QUOTE_EVERY_NS)
    history = History(site.journal, header, begin)
    history.live(CASH, rounds)
    history.release()
    site.stopped()
    shutil.copytree(site.journal, kept)
    shutil.copytree(site.journal, killed)
    history = History(killed, header, Instant(time.time_ns()))
    history.quote(KEEP_EVERY - 2)
    history.release()
    warm, cold, late = _times(site, kept), _times(site, kept, cold=True), _times(site, killed)
    seconds, lines, size = _recovery(kept, header)
    note = f"{lines:,} lines, {size / 2**20:.0f} MB; best {min(warm):.2f} s; journal not in memory "
    note += f"{median(cold):.2f}; killed {KEEP_EVERY - 1} lines after the state was kept "
    note += f"{median(late):.2f}; an empty journal {median(bare):.2f}; recovery alone {seconds:.2f}"
    return [Row(work=LIVE_START, who=OURS, times=warm, note=note)]


def _times(site: Site, journal: Path, *, cold: bool = False) -> list[float]:
    """Starts on copies of this journal."""
    times = []
    for _ in range(STARTS):
        shutil.rmtree(site.journal, ignore_errors=True)
        shutil.copytree(journal, site.journal)
        if cold:
            _forget(site.journal)
        with site.trading() as seconds:
            times.append(seconds)
    return times


def _forget(journal: Path) -> None:
    """Have the system read these files from the disk again."""
    for path in journal.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _recovery(journal: Path, header: bytes) -> tuple[float, int, int]:
    """Processor seconds from the journal to the state, its lines, and its bytes uncompressed."""
    engine, began = engine_from_header(header, journal), time.process_time()
    kept = KeptJournal.open(journal, header)
    found = kept.recorded()
    recover(engine, Recorded(found.state, found.after, found.beside))
    seconds = time.process_time() - began
    kept.release()
    size = sum(len(block.data or b"") for each in segments(journal) for block in blocks(each))
    return seconds, kept.journal.head.sequence, size


if __name__ == "__main__":
    print(starts(1)[0])

"""The state: is what a start would go on with whole, ours, and free to be taken up."""

import os
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from thunes.adapters.storage.damage import Damage
from thunes.adapters.storage.journal import in_use
from thunes.adapters.storage.reading import read_header, read_steps
from thunes.adapters.storage.segments import segments
from thunes.adapters.storage.snapshots import SNAPSHOT, load_snapshot
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.units import format_timeframe
from thunes.ops.audit import verify
from thunes.ops.doctor.finding import Finding, failed, ok, skipped, warned

_WHOLE_MAX = 256 << 20
_LOCKS = Path("/proc/locks")
_VERIFY = "thunes audit verify"


class Expected(NamedTuple):
    """What the configuration would go on with: the venue as `hosts_at` takes it ("": a sandbox that
    is yet to be started), the timeframe in nanoseconds."""

    place: str
    quote: str
    timeframe: int
    symbols: Collection[str]


class _Instrument(msgspec.Struct):
    symbol: str


class _Run(msgspec.Struct):
    quote: str
    timeframe: int
    instruments: tuple[_Instrument, ...]


class _Account(msgspec.Struct):
    place: str


class _Header(msgspec.Struct):
    """What the doctor reads of a journal's header; the rest is for who wrote it."""

    run: _Run
    account: _Account | None = None  # a run over the past is of no account


def state(directory: Path, expected: Expected | None) -> list[Finding]:
    """The journal in `directory`, who writes it, whose it is, and the snapshot beside it."""
    names = ("journal", "lock", "journal matches", "snapshot")
    if not directory.is_dir() or not segments(directory):
        return [skipped(name, f"there is no journal in {directory} yet") for name in names]
    return [
        _whole(directory),
        _lock(directory),
        _ours(directory, expected),
        _snapshot(directory),
    ]


def _whole(directory: Path) -> Finding:
    size = sum(each.path.stat().st_size for each in segments(directory))
    if size > _WHOLE_MAX:
        seen = f"{directory} has {size >> 20} MiB, too many to read all of them here"
        return warned("journal", seen, f"{_VERIFY} {directory}")
    found = verify(directory)
    damages = [each for each in found.problems if each.damage not in _MENDED]
    if damages:
        return failed(
            "journal", f"damaged: {damages[0]}", f"{_VERIFY} {directory}; restore a backup"
        )
    if found.problems:
        return ok("journal", f"{found.lines} lines; its program died, the next start goes on")
    return ok("journal", f"{found.lines} lines, whole")


_MENDED = (Damage.NOT_CLOSED, Damage.TORN)
"""What a crash leaves, and the next start mends by itself."""


def _lock(directory: Path) -> Finding:
    if not in_use(directory):
        return ok("lock", "nobody writes the journal")
    who = _holder(directory)
    return warned("lock", f"a running program writes {directory}: {who}", "stop it before another")


def _holder(directory: Path) -> str:
    """The process that holds the lock, where the system tells it."""
    try:
        status, held = directory.stat(), _LOCKS.read_text("utf-8")
        file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in held.splitlines():
            words = line.split()
            if "FLOCK" in words and file in words:
                number = words[words.index(file) - 1]
                line = Path(f"/proc/{number}/comm").read_text("utf-8").strip()
                return f"process {number} ({line})"
    except OSError:
        return "this system does not say which"
    return "this system does not say which"


def _ours(directory: Path, expected: Expected | None) -> Finding:
    name = "journal matches"
    if expected is None:
        return skipped(name, "the configuration cannot be used")
    try:
        header = msgspec.json.decode(read_header(directory), type=_Header)
    except (DataError, msgspec.MsgspecError) as error:
        return failed(name, f"its header cannot be read: {error}", f"{_VERIFY} {directory}")
    other = "name another --state, or go on with the configuration that it was begun with"
    run, account = header.run, header.account
    if account is not None and expected.place and account.place != expected.place:
        return failed(name, f"its account is at {account.place}, not at {expected.place}", other)
    if run.quote != expected.quote:
        return failed(name, f"its account counts in {run.quote}, not in {expected.quote}", other)
    if run.timeframe != expected.timeframe:
        bars = f"{format_timeframe(run.timeframe)}, not {format_timeframe(expected.timeframe)}"
        return failed(name, f"its bars are of {bars}", other)
    lost = [each.symbol for each in run.instruments if each.symbol not in expected.symbols]
    if lost:
        return failed(name, f"it trades {', '.join(lost)}, which run.symbols does not name", other)
    return ok(name, f"the same account asset, bars and symbols ({run.quote})")


def _snapshot(directory: Path) -> Finding:
    if not (directory / SNAPSHOT).exists():
        return skipped("snapshot", "none yet: a start replays the whole journal")
    kept = load_snapshot(directory)
    if kept is None:
        do = f"remove {directory / SNAPSHOT}; a start then replays the whole journal"
        return warned("snapshot", "it is damaged, and not used", do)
    last = 0
    try:
        for last, line in read_steps(directory):
            if last == kept.steps and sha256(line).hexdigest() != kept.line:
                return warned(
                    "snapshot", "it is that of another journal, and not used", "remove it"
                )
    except ThunesError as error:
        return skipped("snapshot", str(error))
    if kept.steps > last:
        seen = f"it comes after step {kept.steps}, the journal ends with {last}"
        do = "the journal is an older copy: restore the newest one, orders are missing in it"
        return failed("snapshot", seen, do)
    return ok("snapshot", f"after step {kept.steps} of {last}")

"""The faults that can be switched on: which, when, how long, how often, and on what."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from thunes.core.domain.errors import UsageError
from thunes.core.domain.word import Word

STATUSES = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
_NUMBER_MAX = 10**9


class Fault(Word):
    """What may go wrong. `on` chooses requests (`POST /api/v3/order`, `WS order.place`), streams
    (`market`, `user`), dials (their path) or symbols, with `*` and `?`; `value` says how much."""

    # Requests and their answers.
    REQUEST_LOST = "request_lost"  # nothing is done, and after `value` s the connection ends
    REQUEST_LATE = "request_late"  # done `value` s later: the clock is looked at then
    ANSWER_LOST = "answer_lost"  # done, but the connection ends without an answer
    ANSWER_LATE = "answer_late"  # done, answered `value` s later
    ANSWER_CUT = "answer_cut"  # done, half of the answer comes
    ANSWER_PAGE = "answer_page"  # done, answered with a page of a proxy
    ERROR_BEFORE = "error_before"  # not done: the code is `value`, -1001 unless told
    ERROR_AFTER = "error_after"  # done all the same: the code is `value`, -1007 unless told
    RATE_LIMITED = "rate_limited"  # 429 with `value` s to wait
    BANNED = "banned"  # 418 with `value` s to wait
    ORDER_LIMITED = "order_limited"  # 429 with -1015
    BLOCKED = "blocked"  # 403 with a page

    # Streams: of the market, and of the user's own data.
    STREAM_SILENT = "stream_silent"  # open, pings are answered, nothing is told
    STREAM_LOST = "stream_lost"  # a message is missing: a gap
    STREAM_TWICE = "stream_twice"
    STREAM_SWAPPED = "stream_swapped"  # a message comes after the next one
    STREAM_LATE = "stream_late"  # `value` s later: after the answer of its request
    STREAM_CUT = "stream_cut"  # half of a message: not JSON
    STREAM_BINARY = "stream_binary"
    STREAM_HALF_OPEN = "stream_half_open"  # nothing is read, nothing is written, nothing closes
    STREAM_UNPINGED = "stream_unpinged"  # the server sends no pings
    STREAM_CLOSED = "stream_closed"  # at once, with the code `value`, 1001 unless told
    SHUTDOWN = "shutdown"  # announced by `serverShutdown`, closed `value` s later
    DIAL_REFUSED = "dial_refused"  # no handshake: HTTP status `value`, 503 unless told
    DIAL_CLOSED = "dial_closed"  # a handshake, then the end

    # The venue itself.
    CLOCK_SKEW = "clock_skew"  # its clock is `value` ms ahead
    SYMBOL_STATUS = "symbol_status"  # `value` is HALT, BREAK or CANCEL_ONLY
    PRICE_STEP = "price_step"  # the filter changes: `value` is the new tick
    WIPED = "wiped"  # as on a testnet: orders and history gone, balances refilled, keys kept


class Planned(msgspec.Struct, forbid_unknown_fields=True):
    """One fault of a script or an admin call; seconds count from the start or from the call."""

    fault: str
    at_s: float = 0.0
    lasts_s: float | None = None  # None: until it is cleared
    times: int | None = None  # None: as often as there is an occasion
    on: str = "*"
    where: str = ""  # of streams: only messages that contain this
    value: float | str | None = None


@dataclass(slots=True)
class Active:
    """A fault as it is planned in the box's own time (ms)."""

    fault: Fault
    plan: Planned
    begins: float
    ends: float
    left: float
    struck: int = 0
    acted: bool = False

    def number(self, default: float) -> float:
        """`value` as a number."""
        value = self.plan.value
        return default if value is None else float(value)


class FaultBox:
    """Says whether a fault strikes now; `now_ms` is real time, whatever the venue's clock says."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now = now_ms
        self.active: list[Active] = []

    def plan(self, plans: Sequence[Planned]) -> None:
        """Switch on from now, or later."""
        now = self._now()
        for plan in plans:
            begins = now + plan.at_s * 1_000
            ends = float("inf") if plan.lasts_s is None else begins + plan.lasts_s * 1_000
            left = float("inf") if plan.times is None else plan.times
            self.active.append(Active(Fault(plan.fault), plan, begins, ends, left))

    def clear(self) -> list[Active]:
        """Switch all off; those that were on."""
        ended, self.active = self.active, []
        return ended

    def strikes(self, fault: Fault, on: str, text: bytes = b"") -> Active | None:
        """The planned fault that strikes on this occasion, counted as struck."""
        if not self.active:
            return None
        now = self._now()
        for one in self.active:
            if (
                one.fault is fault
                and one.left > 0
                and one.begins <= now < one.ends
                and fnmatchcase(on, one.plan.on)
                and one.plan.where.encode() in text
            ):
                one.left -= 1
                one.struck += 1
                return one
        return None

    def first(self, faults: Sequence[Fault], on: str, text: bytes = b"") -> Active | None:
        for fault in faults if self.active else ():
            found = self.strikes(fault, on, text)
            if found is not None:
                return found
        return None

    def due(self, faults: Sequence[Fault]) -> list[Active]:
        """Of `faults` those that have begun and were not acted upon yet."""
        now = self._now()
        found = [
            one
            for one in self.active
            if one.fault in faults and not one.acted and one.begins <= now
        ]
        for one in found:
            one.acted = True
            one.struck += 1
        return found

    def over(self) -> list[Active]:
        """Those that have ended since the last call; they leave the box."""
        now = self._now()
        ended = [one for one in self.active if one.ends <= now]
        self.active = [one for one in self.active if one.ends > now]
        return ended

    def listed(self) -> list[Mapping[str, Any]]:
        return [msgspec.to_builtins(one.plan) | {"struck": one.struck} for one in self.active]


def read_plans(said: Any, source: str) -> list[Planned]:
    """Faults as they were written down; raises UsageError naming source, place and field."""
    rows = said if isinstance(said, list) else [said]
    plans = []
    for number, row in enumerate(rows, 1):
        try:
            plan = msgspec.convert(row, Planned)
        except msgspec.ValidationError as error:
            raise UsageError(f"{source}: fault {number}: {error}") from None
        known = [fault.value for fault in Fault]
        if plan.fault not in known:
            raise UsageError(
                f"{source}: fault {number}: {plan.fault!r} is not known; there are: "
                + ", ".join(known)
            )
        if plan.at_s < 0 or (plan.lasts_s or 0) < 0 or (plan.times or 0) < 0:
            raise UsageError(f"{source}: fault {number}: at_s, lasts_s and times count from 0")
        wanted = _wanted(plan)
        if wanted:
            raise UsageError(f"{source}: fault {number}: value must be {wanted}")
        plans.append(plan)
    return plans


def _wanted(plan: Planned) -> str:
    """What the value of a fault would have to be; empty: it is."""
    if plan.fault == Fault.SYMBOL_STATUS.value:
        fine = plan.value is None or plan.value in STATUSES
        return "" if fine else f"one of {', '.join(STATUSES)}"
    if plan.value is None:
        return "a number" if plan.fault == Fault.PRICE_STEP.value else ""
    try:
        number = float(plan.value)
    except ValueError:
        return "a number"
    low = 0 if plan.fault == Fault.PRICE_STEP.value else -_NUMBER_MAX
    return "" if low < number < _NUMBER_MAX else f"a number above {low}, below {_NUMBER_MAX}"


def read_script(path: Path) -> list[Planned]:
    """The `[[fault]]` tables of a TOML file."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from error
    strange = sorted(set(said) - {"fault"})
    if strange or not isinstance(said.get("fault"), list):
        raise UsageError(f"{path}: expected [[fault]] tables and nothing else, found {strange}")
    return read_plans(said["fault"], str(path))

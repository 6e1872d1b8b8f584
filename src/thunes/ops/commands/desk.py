"""The desk: takes requests, each once, in time and from those who may, and answers every one."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Annotated

import msgspec

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.line import encode
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.domain.word import Word
from thunes.core.engine import Engine
from thunes.ops.commands.command import FRESH_S, Command, Foretold, Role
from thunes.ops.commands.instance import Context, Instance, Plain
from thunes.runtime.process import NotHeard

CONFIRM_S = 60
AHEAD_S, BEFORE_S = 5, 1
IDS_MAX = 10_000
PENDING_MAX = 100


class Trouble(Word):
    """Why a request was not carried out."""

    UNREADABLE = "unreadable"
    UNKNOWN_COMMAND = "unknown_command"
    BAD_ARGUMENTS = "bad_arguments"
    STALE = "stale"
    REPLAYED = "replayed"
    FORBIDDEN = "forbidden"
    NOT_CONFIRMED = "not_confirmed"
    BUSY = "busy"
    FAILED = "failed"


class Declined(ThunesError):
    """A request is not carried out; `trouble` is for programs, the text for people."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message: `at` is the asker's wall clock (nanoseconds since the epoch), `id` is never used
    twice, `token` confirms what an earlier answer has told."""

    command: Annotated[str, msgspec.Meta(max_length=40)]
    id: Annotated[str, msgspec.Meta(min_length=16, max_length=64)]
    at: int
    arguments: msgspec.Raw = msgspec.Raw(b"{}")
    token: Annotated[str, msgspec.Meta(max_length=64)] = ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as the journal will name them, and what they are."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class _Pending:
    """What was told and may be confirmed, by the same asker, once, until then."""

    who: str
    command: str
    arguments: msgspec.Struct
    told: Foretold
    until: float


class Desk:
    """Any thread may ask. `wall` is the machine's wall clock in nanoseconds, `count` a clock that
    nobody can set, in seconds."""

    def __init__(
        self,
        instance: Instance,
        commands: Mapping[str, Command],
        wall: Callable[[], int] = time.time_ns,
        count: Callable[[], float] = time.monotonic,
    ) -> None:
        self._instance = instance
        self._commands = commands
        self._wall, self._count = wall, count
        self._began = count()
        self._lock = Lock()
        self._ids: OrderedDict[str, float] = OrderedDict()
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    def answer(self, line: bytes, asker: Asker) -> bytes:
        """The answer to one request, both JSON; whatever is asked, it is answered."""
        name = ""
        try:
            request = _read(line)
            name = request.id
            said = {"ok": True, "id": name} | self._answered(request, asker)
        except NotHeard as error:
            said = _refusal(name, Trouble.BUSY, error)
        except Declined as error:
            said = _refusal(name, error.trouble, error)
            if error.trouble is Trouble.UNKNOWN_COMMAND:
                said["commands"] = list(self._commands)
        except ThunesError as error:
            wrongly = error.exit_code != ThunesError.exit_code
            said = _refusal(name, Trouble.BAD_ARGUMENTS if wrongly else Trouble.FAILED, error)
        return encode(said)

    def _answered(self, request: Request, asker: Asker) -> Plain:
        command = self._commands.get(request.command)
        if command is None:
            text = f"{request.command!r} is not a command; these are: {', '.join(self._commands)}"
            raise Declined(Trouble.UNKNOWN_COMMAND, text)
        if not asker.role.may(command.role):
            text = f"{command.name} is for an {command.role.value}; {asker.name} is none"
            raise Declined(Trouble.FORBIDDEN, text)
        self._admit(request, command.fresh_s)
        try:
            arguments = msgspec.json.decode(request.arguments, type=command.arguments)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Declined(Trouble.BAD_ARGUMENTS, f"{command.name}: {error}") from error
        context = Context(self._instance, asker.name)
        if command.foretells is None:
            return {"said": command.act(context, arguments)}
        if not request.token:
            return self._foretold(command, arguments, context)
        pending = self._confirmed(request.token, command, arguments, asker)
        guard = _no_more_than(command, pending)
        return {"said": command.act(Context(self._instance, asker.name, guard), arguments)}

    def _admit(self, request: Request, fresh_s: int) -> None:
        """Once, and in time: what is older than this process was asked of another one."""
        age, now = self._wall() - request.at, self._count()
        old_s = min(fresh_s, FRESH_S, now - self._began + BEFORE_S)
        if age > old_s * NS_PER_SECOND:
            text = f"this was asked {age // NS_PER_SECOND} s ago, or before this process: ask again"
            raise Declined(Trouble.STALE, text)
        if age < -AHEAD_S * NS_PER_SECOND:
            text = f"this is from {-age // NS_PER_SECOND} s ahead: set the clock of who asked"
            raise Declined(Trouble.STALE, text)
        with self._lock:
            if request.id in self._ids:
                raise Declined(Trouble.REPLAYED, f"{request.id} was asked already; it is not twice")
            if len(self._ids) >= IDS_MAX:
                oldest = next(iter(self._ids))
                if now - self._ids[oldest] < FRESH_S + AHEAD_S:
                    raise Declined(Trouble.BUSY, f"{IDS_MAX} requests in a minute: ask less")
                del self._ids[oldest]
            self._ids[request.id] = now

    def _foretold(self, command: Command, arguments: msgspec.Struct, context: Context) -> Plain:
        foretells = command.foretells
        assert foretells is not None, "it was looked at"
        told = context.hands.ask(lambda live: foretells(live.engine, arguments))
        token = secrets.token_hex(16)
        pending = _Pending(context.who, command.name, arguments, told, self._count() + CONFIRM_S)
        with self._lock:
            self._pending[token] = pending
            if len(self._pending) > PENDING_MAX:
                self._pending.popitem(last=False)
        lasts = {"token": token, "lasts_s": CONFIRM_S}
        return {"confirm": {"text": told.text, "what": list(told.what), **lasts}}

    def _confirmed(
        self, token: str, command: Command, arguments: msgspec.Struct, asker: Asker
    ) -> _Pending:
        with self._lock:
            pending = self._pending.pop(token, None)
        if pending is None or self._count() > pending.until:
            text = f"this confirms nothing that was told in the last {CONFIRM_S} s: ask again"
            raise Declined(Trouble.NOT_CONFIRMED, text)
        asked = (pending.who, pending.command, pending.arguments)
        if asked != (asker.name, command.name, arguments):
            raise Declined(Trouble.NOT_CONFIRMED, "this confirms something else: ask again")
        return pending


def _no_more_than(command: Command, pending: _Pending) -> Callable[[Engine], None]:
    """Refuses, in the turn in which it would happen, what was not told."""
    foretells = command.foretells
    assert foretells is not None, "it was looked at"

    def guard(engine: Engine) -> None:
        now = foretells(engine, pending.arguments)
        if any(each not in pending.told.what for each in now.what):
            text = f"it is not any more as it was told. Now: {now.text}. Ask again"
            raise Declined(Trouble.NOT_CONFIRMED, text)

    return guard


def _read(line: bytes) -> Request:
    try:
        return msgspec.json.decode(line, type=Request)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        text = f"this is not a request such as {_EXAMPLE}: {error}"
        raise Declined(Trouble.UNREADABLE, text) from error


def _refusal(name: str, trouble: Trouble, error: ThunesError) -> Plain:
    return {"ok": False, "id": name, "error": {"kind": trouble.value, "text": str(error)}}


_EXAMPLE = '{"command":"status","id":"0123456789abcdef","at":1700000000000000000}'

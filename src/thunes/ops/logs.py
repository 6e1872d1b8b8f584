"""Logs: what is said while trading goes on, one line each, without secrets."""

import sys
import time
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import structlog

from thunes.ops.log_file import LogFile

Level = Literal["debug", "info", "warning", "error"]

_RANK: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_FIRST = ("time", "level", "event")
_HIDDEN = "***"
_SECRET_MIN = 6
"""What is shorter than that would hide plain words."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where lines go: to stderr from `level` on in a `form`, and all of `file_level` to a file, as
    JSON. `secrets` are never written, whoever says them."""

    level: Level = "info"
    form: Literal["console", "json"] = "console"
    file: Path | None = None
    file_level: Level = "info"
    secrets: Collection[str] = ()


class Logs:
    """Any thread may say something; whoever says it names its part of the house."""

    def __init__(self, output: Output) -> None:
        """Raises ThunesError where the file cannot be written."""
        self.file = None if output.file is None else LogFile(output.file)
        self._sinks = _Sinks(output, self.file)
        self._least = min(_RANK[output.level], _RANK[output.file_level if self.file else "error"])
        processors: Sequence[structlog.typing.Processor] = [
            _stamped,
            _Scrubbed(output.secrets),
            self._sinks,
        ]
        self._logger = structlog.wrap_logger(
            structlog.ReturnLogger(),
            processors=processors,
            wrapper_class=structlog.make_filtering_bound_logger(self._least),
        )

    def say(self, level: Level, event: str, **words: object) -> None:
        """One line: what happened, in a few words that can be searched for, and its numbers."""
        self._logger.log(_RANK[level], event, **words)

    @property
    def lost(self) -> int:
        """Lines that could not be written somewhere."""
        return self._sinks.lost + (self.file.lost if self.file else 0)

    def says(self, level: Level) -> bool:
        """Whether lines of this level go anywhere."""
        return _RANK[level] >= self._least

    def trouble(self, text: str) -> None:
        """What only a person can mend."""
        self.say("error", "TROUBLE", text=text)


def _stamped(_: Any, level: str, words: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """With the machine's own time: logs are read beside those of other programs."""
    stamp = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    return {"time": stamp.replace("+00:00", "Z"), "level": level} | dict(words)


class _Scrubbed:
    """Replaces what must not be read, in whatever it is said: the second net, not the first."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = sorted((s for s in secrets if len(s) >= _SECRET_MIN), key=len, reverse=True)

    def __call__(
        self, _: Any, __: str, words: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {self._clean(name): self._plain(value) for name, value in words.items()}

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._clean(str(name)): self._plain(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in value]
        return self._clean(str(value))

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


class _Sinks:
    """Writes a line to each place that wants it. Where nobody can read it is lost, and counted:
    whoever says something trades, and goes on."""

    def __init__(self, output: Output, file: LogFile | None) -> None:
        self.lost = 0
        self._console = _RANK[output.level]
        self._kept = _RANK[output.file_level]
        self._file = file
        self._json = structlog.processors.JSONRenderer()
        self._text = structlog.processors.LogfmtRenderer(key_order=_FIRST, bool_as_flag=False)
        self._said = self._json if output.form == "json" else self._text

    def __call__(self, logger: Any, name: str, words: MutableMapping[str, Any]) -> str:
        rank = _RANK[words["level"]]
        if self._file is not None and rank >= self._kept:
            self._file.write(_one_line(self._json(logger, name, dict(words))))
        if rank >= self._console:
            line = _one_line(self._said(logger, name, dict(words)))
            try:
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
            except OSError:
                self.lost += 1
        raise structlog.DropEvent


def _one_line(text: str | bytes) -> str:
    """Whatever ends a line anywhere, or cannot be seen, is written as JSON writes it."""
    said = text if isinstance(text, str) else text.decode()
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in said)

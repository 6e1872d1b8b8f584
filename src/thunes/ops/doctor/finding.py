"""Findings: what one check of the doctor has seen, and what to do about it."""

from typing import NamedTuple

from thunes.core.domain.word import Word


class Verdict(Word):
    """Whether trading may begin: a failure forbids it, a warning does not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"  # there was nothing to look at, or no way to


class Finding(NamedTuple):
    """A named check, its verdict, what was seen, and what to do where something is to be done."""

    name: str
    verdict: Verdict
    seen: str
    do: str = ""


def ok(name: str, seen: str) -> Finding:
    return Finding(name, Verdict.OK, seen)


def warned(name: str, seen: str, do: str) -> Finding:
    return Finding(name, Verdict.WARN, seen, do)


def failed(name: str, seen: str, do: str) -> Finding:
    return Finding(name, Verdict.FAIL, seen, do)


def skipped(name: str, seen: str) -> Finding:
    return Finding(name, Verdict.SKIPPED, seen)

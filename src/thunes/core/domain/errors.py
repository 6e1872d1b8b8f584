"""Trouble that a person can mend, said in one clear sentence."""


class ThunesError(Exception):
    """Something failed; the message names what, where and what to do (exit code 1)."""

    exit_code = 1


class UsageError(ThunesError):
    """The caller asked for something that does not exist or contradicts itself (exit code 2)."""

    exit_code = 2


class DataError(ThunesError):
    """A file or a series of market data is not what it claims to be."""

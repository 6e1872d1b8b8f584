"""The secret: a text that no message, log, file or traceback ever shows."""

from typing import NoReturn

_SHOWN = "***"


class Secret:
    """Holds a text that only `reveal` gives; whoever asks for it shows it to nobody.

    It cannot be pickled or made into JSON: both would write it down.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the request that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({_SHOWN})"

    def __str__(self) -> str:
        return _SHOWN

    def __format__(self, form: str) -> str:
        return format(_SHOWN, form)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")

"""What cannot be read: a message that is not what the venue's protocol says it would be."""

from thunes.core.domain.errors import ThunesError

_SHOWN_MAX = 120


class Unreadable(ThunesError):
    """A message that means nothing for certain; it is counted and never guessed at."""

    def __init__(self, what: str, payload: bytes, why: object) -> None:
        shown = payload[:_SHOWN_MAX].decode("utf-8", "replace")
        more = f"... ({len(payload)} bytes)" if len(payload) > _SHOWN_MAX else ""
        super().__init__(f"Binance: {what} cannot be read: {why}; it begins {shown!r}{more}")

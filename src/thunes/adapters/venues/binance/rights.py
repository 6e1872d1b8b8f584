"""Rights: what a key may do, as the venue tells it, and why it had better not be used for entries.

A key that can take money out turns every leak into a loss of everything; trading needs no such
right. The rehearsal rooms do not tell (404): money there is made up.
"""

import msgspec

from thunes.adapters.venues.binance.answers import decode
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.requests import Request, Urgency


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """What the venue says of a key; `create_time` in milliseconds, 0 where it is not told."""

    enable_withdrawals: bool
    enable_spot_and_margin_trading: bool
    enable_internal_transfer: bool = False
    permits_universal_transfer: bool = False
    ip_restrict: bool = False
    create_time: int = 0

    @property
    def doubt(self) -> str:
        """Why it had better not be used for entries; "" if it may."""
        if self.enable_withdrawals:
            return "this key may withdraw; make one that may only read and trade"
        if not self.enable_spot_and_margin_trading:
            return "this key may not trade; allow it Spot trading, and nothing else"
        return ""


def read_rights(reply: bytes) -> Told:
    """The answer to `Rights.request`. Raises Unreadable."""
    return decode(reply, Told, "the rights of the key")


class Rights:
    """What is known of them; before the first answer, and where nobody tells, nothing is held
    against the key."""

    def __init__(self) -> None:
        self.doubt = ""

    def request(self) -> Request:
        return Request("GET", "/sapi/v1/account/apiRestrictions", (), 1, Urgency.QUERY)

    def heard(self, reply: bytes | Failure) -> str:
        """Take the answer; what is newly wrong with the key, or "". Raises Unreadable."""
        if isinstance(reply, Failure):
            return ""
        doubt = read_rights(reply).doubt
        new, self.doubt = doubt != self.doubt, doubt
        return doubt if new else ""

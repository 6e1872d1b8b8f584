"""The visit: what the doctor is to look at at a venue."""

from decimal import Decimal
from typing import NamedTuple

from thunes.adapters.secrets.secret import Secret


class Visit(NamedTuple):
    """Where to look (as `hosts_at` takes it), with which key and secret, and what is traded there.

    `least` is what an entry is worth at least, where that is known; `real`: with real money.
    """

    place: str
    key: tuple[Secret, Secret] | None
    symbols: tuple[str, ...]
    least: Decimal | None
    real: bool


OF_VENUE = ("venue REST", "venue streams", "clock", "symbols")
OF_KEY = ("key accepted", "rights of the key", "age of the key")
"""The checks of a visit by name."""

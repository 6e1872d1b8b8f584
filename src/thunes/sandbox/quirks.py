"""What the venue has changed over the years: since when it does what, and where that is said."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from thunes.core.domain.word import Word

_LOG = "https://github.com/binance/binance-spot-api-docs/blob/master/CHANGELOG.md"


class Quirk(Word):
    """Each is a way to behave that once was another; `TABLE` says since when."""

    LISTEN_KEY_RETIRED = "listen_key_retired"
    CANCEL_ONLY = "cancel_only"
    ONE_WAY_INTO_TRADES = "one_way_into_trades"
    DIALS_COUNTED = "dials_counted"


class Change(NamedTuple):
    """`since`: the first day of it."""

    since: date
    text: str
    source: str


TABLE: Mapping[Quirk, Change] = {
    Quirk.LISTEN_KEY_RETIRED: Change(
        date(2026, 2, 20),
        "userDataStream over REST and userDataStream.start, .ping and .stop are gone: 410.",
        f"{_LOG}, 2026-01-21; github.com/thrasher-corp/gocryptotrader issue 2190",
    ),
    Quirk.CANCEL_ONLY: Change(
        date(2026, 7, 7),
        "A symbol may have the status CANCEL_ONLY; before, such a symbol is told as BREAK.",
        f"{_LOG}, 2026-07-01",
    ),
    Quirk.ONE_WAY_INTO_TRADES: Change(
        date(2022, 12, 5),
        "myTrades refuses fromId together with startTime or endTime: -1128.",
        f"{_LOG}, 2022-12-05",
    ),
    Quirk.DIALS_COUNTED: Change(
        date(2023, 2, 17),
        "An address may open 300 WebSocket connections in five minutes.",
        f"{_LOG}, 2023-02-17",
    ),
}


def has(quirk: Quirk, as_of: date) -> bool:
    """Whether the venue of that day behaves so."""
    return TABLE[quirk].since <= as_of


def listed(as_of: date) -> list[dict[str, str | bool]]:
    """The table, oldest change first."""
    return [
        {
            "quirk": quirk.value,
            "since": change.since.isoformat(),
            "holds": has(quirk, as_of),
            "text": change.text,
            "source": change.source,
        }
        for quirk, change in sorted(TABLE.items(), key=lambda item: item[1].since)
    ]

"""Where a series lives in the catalog: `venue/SYMBOL/timeframe.parquet`, any symbol, no tricks."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import format_timeframe

QUARANTINE = "quarantine"
_SYMBOL_MAX = 64
_VENUE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")

# BTCUSDT-1m-2024-01.zip (Binance), BTC_USDT-1h.feather (freqtrade), BTCUSDT_1h.parquet (ours).
_FILE_NAME = re.compile(r"^(?P<symbol>.+?)[-_](?P<timeframe>[1-9][0-9]*[smhdw])(?![A-Za-z0-9])")
_SHELF_NAME = re.compile(r"^[1-9][0-9]*[smhdw]\.parquet$")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of one series; both names are checked when it is built (UsageError)."""

    venue: str
    symbol: str
    timeframe: int

    def __post_init__(self) -> None:
        if not _VENUE.match(self.venue) or self.venue == QUARANTINE:
            raise UsageError(
                f"venue {self.venue!r} must be lower-case letters, digits, '-' or '_', and not "
                f"{QUARANTINE!r}"
            )
        symbol = unicodedata.normalize("NFC", self.symbol)
        object.__setattr__(self, "symbol", symbol)
        wrong = [k for k in symbol if k in "/\\:" or not k.isprintable() or k.isspace()]
        if wrong or not symbol or symbol[0] in ".-" or len(symbol.encode()) > 4 * _SYMBOL_MAX:
            raise UsageError(
                f"symbol {self.symbol!r} cannot name a folder; write it without '/', like BTCUSDT"
            )

    def file(self, root: Path) -> Path:
        """Where its bars are kept."""
        return self.folder(root) / f"{format_timeframe(self.timeframe)}.parquet"

    def folder(self, root: Path) -> Path:
        """The folder of its symbol."""
        return root / self.venue / self.symbol

    def quarantine(self, root: Path) -> Path:
        """The folder of the rows that were put aside."""
        return root / QUARANTINE / self.venue / self.symbol


def symbol_in_name(path: Path) -> str | None:
    """The symbol that a name tells: `BTCUSDT-1m-2024-01.zip`, `BTC_USDT-1h.feather`, and
    `BTCUSDT/1m.parquet` as a catalog has it."""
    if _SHELF_NAME.match(path.name):
        return path.absolute().parent.name or None
    match = _FILE_NAME.match(path.name)
    if match is None:
        return None
    parts = match["symbol"].split("_")
    # A word in front, as in outage_BTCUSDT_1m, is not of the symbol.
    while len(parts) > 1 and parts[0].islower() and not parts[-1].islower():
        parts.pop(0)
    return "".join(parts).upper()

"""The ports: what the driver needs of a venue and of a store, whoever they are."""

from collections.abc import Mapping
from typing import Protocol

from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import VenueReported
from thunes.core.domain.market import Bar, Levels
from thunes.core.domain.units import Instant, Symbol


class Venue(Protocol):
    """Takes commands and reports what became of them."""

    def send(self, command: VenueCommand, at: Instant) -> None:
        """Hand over a command at `at`; answers come through `reports`."""

    def reports(self) -> tuple[VenueReported, ...]:
        """All that happened since the last call, oldest first; empty when nothing did."""


class BarVenue(Venue, Protocol):
    """A venue that executes against bars, in two phases per bar."""

    def open_bars(self, at: Instant, bars: Mapping[Symbol, Bar]) -> None:
        """These bars open at `at`: only their `open` and `open_time` are known to traders."""

    def trade_bars(self, at: Instant, bars: Mapping[Symbol, Bar]) -> None:
        """The rest of the same bars traded: stops, targets and limits meet highs and lows."""

    def levels(self, symbol: Symbol) -> Levels:
        """What would make this symbol's resting orders act (conservative)."""

    def interested(self) -> tuple[Symbol, ...]:
        """Symbols with any working order, in a fixed order."""


class Store(Protocol):
    """Keeps one line per step."""

    def append(self, line: bytes, *, durable: bool) -> None:
        """Add the encoded line; with `durable` it is on disk when this returns."""

"""The tally: what the ledger does not keep for ever, counted from the journal and from then on."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from thunes.adapters.storage.tail import marked
from thunes.core.domain.event import AccountSeen, Event, VenueReported
from thunes.core.domain.fact import Fact, ModeChanged, TradeClosed
from thunes.core.domain.line import Outcome, decode_line
from thunes.core.domain.order import Filled
from thunes.core.domain.position import Trade
from thunes.core.domain.units import Instant
from thunes.core.ledger.orders import is_ours
from thunes.ops.once import Once

TRADES_KEPT = 1_000
_COUNTED = (b'"type":"filled"', b'"type":"trade_closed"', b'"type":"mode_changed"')


class Tally:
    """Counts each fill of our orders once, however often it is told; only one thread watches."""

    def __init__(self) -> None:
        self.fills = 0
        self.trades = 0
        self.recent: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.mode_since: Instant | None = None  # None: since the beginning
        self._once = Once()

    @classmethod
    def of(cls, directory: Path) -> "Tally":
        """All that the journal in `directory` tells of; DataError where it is damaged."""
        tally = cls()
        for data in marked(directory, _COUNTED):
            line = decode_line(data)
            tally._count(line.event, line.facts)
        return tally

    def watch(self, event: Event, outcome: Outcome) -> None:
        """One more step of the process."""
        self._count(event, outcome.facts)

    def _count(self, event: Event, facts: Sequence[Fact]) -> None:
        if isinstance(event, VenueReported):
            for report in event.reports:
                if isinstance(report, Filled):
                    self._filled(report)
        elif isinstance(event, AccountSeen):
            for seen in event.fills:
                self._filled(seen.fill)
        for fact in facts:
            if isinstance(fact, TradeClosed):
                self.trades += 1
                self.recent.append(fact.trade)
            elif isinstance(fact, ModeChanged) and fact.after is not fact.before:
                self.mode_since = event.at

    def _filled(self, fill: Filled) -> None:
        if is_ours(fill.order_id) and self._once.first(fill):
            self.fills += 1

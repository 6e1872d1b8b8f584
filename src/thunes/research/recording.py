"""The recording: what a backtest leaves behind, taken down while it runs."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from thunes.core.domain.decision import Gate
from thunes.core.domain.event import AccountOpened, Event, VenueReported
from thunes.core.domain.fact import Decided, ModeChanged, TradeClosed
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import Floats
from thunes.core.domain.order import Filled, OrderRole
from thunes.core.domain.position import Trade
from thunes.core.domain.units import Asset
from thunes.core.market.tape import Tape
from thunes.core.state import State

_AT_MARKET = (OrderRole.ENTRY, OrderRole.EXIT, OrderRole.STOP)


@dataclass(slots=True)
class Recording:
    """Told of every step of a run over `state`; balances are kept as steps in time.

    `traded` is the value of all fills, `taken` of those at market, in the quote asset.
    """

    state: State
    trades: list[Trade] = field(default_factory=list)
    refusals: dict[Gate, int] = field(default_factory=dict)
    modes: list[ModeChanged] = field(default_factory=list)
    traded: float = 0.0
    taken: float = 0.0
    approved: int = 0
    _held: defaultdict[Asset, dict[int, Decimal]] = field(default_factory=lambda: defaultdict(dict))

    def __call__(self, event: Event, outcome: Outcome) -> None:
        for fact in outcome.facts:
            if type(fact) is Decided:
                if fact.refused_by is not None:
                    self.refusals[fact.refused_by] = self.refusals.get(fact.refused_by, 0) + 1
                elif fact.checks:
                    self.approved += 1
            elif type(fact) is TradeClosed:
                self.trades.append(fact.trade)
            elif type(fact) is ModeChanged:
                self.modes.append(fact)
        if type(event) is VenueReported:
            for report in event.reports:
                if type(report) is Filled:
                    self._filled(event.at, report)
        elif type(event) is AccountOpened:
            for asset in event.balances:
                self._note(event.at, asset)

    def balance(self, asset: Asset, tape: Tape) -> Floats:
        """What was held of `asset` at each closing of the tape."""
        held = self._held.get(asset, {})
        values = np.array([0.0, *map(float, held.values())])
        # A fill is stamped with the open of its bar: it counts from that bar's close.
        rows = np.searchsorted(tape.times, np.fromiter(held, np.int64), side="right")
        return np.repeat(values, np.diff(rows, prepend=0, append=len(tape)))

    def held_at(self, asset: Asset, at: int) -> float:
        """What was held of `asset` just after `at`."""
        held = self._held.get(asset, {})
        place = bisect_right(list(held), at)
        return float(list(held.values())[place - 1]) if place else 0.0

    def _filled(self, at: int, fill: Filled) -> None:
        record = self.state.ledger.orders.find(fill.order_id)
        if record is None:
            return
        value = float(fill.price * fill.quantity)
        self.traded += value
        order = record.order
        if order.limit_price is None and order.role in _AT_MARKET:
            self.taken += value
        instrument = self.state.market.instruments[order.symbol]
        self._note(at, instrument.base)
        self._note(at, instrument.quote)
        if fill.fee_asset != instrument.quote:
            self._note(at, fill.fee_asset)

    def _note(self, at: int, asset: Asset) -> None:
        self._held[asset][at] = self.state.ledger.books.held(asset)

"""The recording: what a backtest leaves behind, taken down while it runs."""

from bisect import bisect_right
from dataclasses import dataclass, field

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
    _at: dict[Asset, list[int]] = field(default_factory=dict)
    _held: dict[Asset, list[float]] = field(default_factory=dict)

    def __call__(self, event: Event, outcome: Outcome) -> None:
        for fact in outcome.facts:
            if isinstance(fact, TradeClosed):
                self.trades.append(fact.trade)
            elif isinstance(fact, Decided):
                self._decided(fact)
            elif isinstance(fact, ModeChanged):
                self.modes.append(fact)
        if isinstance(event, VenueReported):
            self._reported(event)
        elif isinstance(event, AccountOpened):
            for asset in event.balances:
                self._note(event.at, asset)

    def balance(self, asset: Asset, tape: Tape) -> Floats:
        """What was held of `asset` at each closing of the tape."""
        at, held = self._at.get(asset, []), self._held.get(asset, [])
        # A fill is stamped with the open of its bar: it counts from that bar's close.
        rows = np.searchsorted(np.array(at, dtype=np.int64), tape.times, side="left")
        values = np.array([0.0, *held])
        return np.asarray(values[rows], dtype=np.float64)

    def held_at(self, asset: Asset, at: int) -> float:
        """What was held of `asset` just after `at`."""
        place = bisect_right(self._at.get(asset, []), at)
        return self._held[asset][place - 1] if place else 0.0

    def _decided(self, fact: Decided) -> None:
        if fact.refused_by is not None:
            self.refusals[fact.refused_by] = self.refusals.get(fact.refused_by, 0) + 1
        elif fact.checks:
            self.approved += 1

    def _reported(self, event: VenueReported) -> None:
        for report in event.reports:
            if not isinstance(report, Filled):
                continue
            record = self.state.ledger.orders.find(report.order_id)
            if record is None:
                continue
            value = float(report.price * report.quantity)
            self.traded += value
            order = record.order
            if order.role in _AT_MARKET and order.limit_price is None:
                self.taken += value
            instrument = self.state.market.instruments[order.symbol]
            for asset in (instrument.base, instrument.quote):
                self._note(event.at, asset)
            if report.fee_asset not in (instrument.base, instrument.quote):
                self._note(event.at, report.fee_asset)

    def _note(self, at: int, asset: Asset) -> None:
        times = self._at.setdefault(asset, [])
        held = self._held.setdefault(asset, [])
        amount = float(self.state.ledger.books.held(asset))
        if times and times[-1] == at:
            held[-1] = amount
        else:
            times.append(at)
            held.append(amount)

"""The terms of a comparison: wherein an account and a backtest may differ, why, and how far not."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Instant, Symbol
from thunes.core.domain.word import Word
from thunes.ops.parity_rounds import Key, Round


class Cause(Word):
    """Why an account and a backtest differ."""

    DATA = "data"  # other bars, or bars that came later
    TIMING = "timing"  # known late, decided late, filled late
    FEE = "fee"
    FILL = "fill"  # a price beyond the model, a part, a refusal by the venue, the way inside a bar
    CONFIGURATION = "configuration"  # other rules
    RISK = "risk"  # a limit, a halt, a person: what a backtest cannot know


class What(Word):
    """Wherein two trades differ."""

    MISSING = "only in the backtest"
    EXTRA = "only in the account"
    ENTRY_BAR = "entry bar"
    ENTRY_PRICE = "entry price"
    QUANTITY = "quantity"
    EXIT = "exit bar or reason"
    EXIT_PRICE = "exit price"
    FEE = "fee"


class Mismatch(NamedTuple):
    """One difference: as it was here, as it is in the backtest, and its one cause."""

    key: Key
    what: What
    here: str
    there: str
    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What is compared: rounds whose signal lies in (`start`, `end`], exits up to `last`, and of
    each symbol in `masked` only what began after that; with which tolerance."""

    start: Instant
    end: Instant
    last: Instant
    timeframe: int
    slippage_bps: Decimal
    instruments: dict[Symbol, Instrument]
    masked: dict[Symbol, Instant]

    def includes(self, one: Round) -> bool:
        begun = self.masked.get(one.symbol, self.start)
        return max(begun, self.start) < one.signal <= self.end and one.signal < self.last

    def within(self, symbol: Symbol, bps: Decimal, price: Decimal) -> bool:
        """Whether a price that is worse than the model's by so much lies in its interval: from as
        much better than the undisturbed price as the model is worse, to the model's own."""
        ticks = self.instruments[symbol].tick * 2 / price * 10_000
        return -2 * self.slippage_bps - ticks <= bps <= ticks


def slippage_bps(ours: Decimal, model: Decimal, *, buys: bool) -> Decimal:
    """By how much a price is worse than another, in basis points."""
    return (ours / model - 1) * (10_000 if buys else -10_000)

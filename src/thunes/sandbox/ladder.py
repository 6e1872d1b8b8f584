"""The visible book of a symbol: the best level as quoted, and behind it a made-up ladder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import ZERO

DEPTH = 50
_MIX = 2_654_435_761
_SPREAD = 1 << 32


class Level(NamedTuple):
    """Base units offered at a price."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Shape:
    """How deep and how wide the levels of a symbol are."""

    gap: Decimal  # between levels behind the best; a multiple of the tick
    lot: Decimal  # levels hold 1 to 1,000 lots each; a multiple of the step
    seed: int = 0

    def quantity(self, line: int) -> Decimal:
        """The size of a level depends on its price alone, so that a small move moves few levels."""
        mixed = (line * _MIX ^ self.seed * 40_503) % _SPREAD
        return self.lot * (1 + (mixed >> 8) % 1_000)


@dataclass(slots=True)
class Ladder:
    """Both sides at one moment; `taken` is what our own orders took of it until the next quote."""

    bid: Level
    ask: Level
    shape: Shape
    taken: dict[Decimal, Decimal] = field(default_factory=dict)

    def levels(self, *, asks: bool, depth: int = DEPTH) -> Iterator[Level]:
        """Best first, what is left of them; a level that is gone is left out."""
        shape, taken = self.shape, self.taken
        best = self.ask if asks else self.bid
        line = int(best.price // shape.gap)
        step = 1 if asks else -1
        if not asks and line * shape.gap < best.price:
            line += 1
        left = best.quantity - taken.get(best.price, ZERO)
        if left > ZERO:
            yield Level(best.price, left)
        for _ in range(depth - 1):
            line += step
            if line <= 0:
                return
            price = line * shape.gap
            left = shape.quantity(line) - taken.get(price, ZERO)
            if left > ZERO:
                yield Level(price, left)

    def take(self, price: Decimal, quantity: Decimal) -> None:
        self.taken[price] = self.taken.get(price, ZERO) + quantity


def affordable(ladder: Ladder, amount: Decimal, instrument: Instrument, *, buy: bool) -> Decimal:
    """The largest quantity on the step whose cost at this ladder is at most `amount`.

    One step more than there is, where the whole ladder costs less: such an order cannot fill.
    """
    step, quantity = instrument.step, ZERO
    for price, offered in ladder.levels(asks=buy):
        wanted = amount // (price * step) * step
        part = min(wanted, offered // step * step)
        quantity += part
        amount -= part * price
        if part == wanted:
            return quantity
    return quantity + step

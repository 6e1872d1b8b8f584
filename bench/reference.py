"""What each work item must come to: the peers' published results, and plain loops to check with.

The loops share no code with the engine. With the peers' convention they reproduce their published
numbers, with ours they say what the engine must get: what is left between the two is the
convention and nothing else.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bench.data import D2, D3, Table, table

FEE, SLIPPAGE = 0.001, 0.0005
FAST, SLOW = 10, 30
CENT = 0.005


class Expected(NamedTuple):
    """Final equity and entries of a work item."""

    equity: float
    entries: int

    def matches(self, equity: float, entries: int) -> bool:
        """Whether a result is the same to the cent."""
        return abs(equity - self.equity) < CENT and entries == self.entries


class Check(NamedTuple):
    """What the peers' floor gets for a work item, what our convention makes of it, and why."""

    published: Expected
    ours: Expected
    why: str = ""

    def said(self, equity: float, entries: int) -> str:
        """Whether a result equals the published one to the cent, or ours, or neither."""
        if self.published.matches(equity, entries):
            return "yes"
        if self.ours.matches(equity, entries):
            return "by our convention"
        return "no"


def checks() -> dict[str, Check]:
    """The check of every work item; the loops take some seconds."""
    d1_full, d1_unit = Expected(8_617.1241154771, 40), Expected(999_993_712.1089, 40)
    d2_unit = Expected(997_702_748.1252, 10_226)
    d2, levels = table("d2"), "a stop and a target are live within the entry bar, a target fills "
    levels += "at its price without slippage and only when passed; theirs from the bar after, "
    levels += "touched, with slippage"
    ties = "6 of the 12 exact ties on D3 come out as crosses in their running float sums"
    d3 = table("d3")
    return {
        "W1 D1 full cash": Check(d1_full, d1_full),
        "W1 D1 one unit": Check(d1_unit, d1_unit),
        "W1 D2 one unit": Check(d2_unit, d2_unit),
        "W3 D2 2%/4%": Check(bracket(d2, 0.02, 0.04, PEERS), bracket(d2, 0.02, 0.04, OURS), levels),
        "W3 D2 0.2%/0.4%": Check(
            Expected(997_648_509.58, 10_226), bracket(d2, 0.002, 0.004, OURS), levels
        ),
        "W7 D3 45 symbols": Check(Expected(883_659.1257, 38_124), portfolio(d3, exact=True), ties),
        "cold start": Check(d1_full, d1_full),
    }


class Convention(NamedTuple):
    """Where systems honestly differ about stops and targets."""

    live_in_entry_bar: bool
    exit_at_open_first: bool  # a signal's exit fills at the open, before the bar's range is met
    target_is_limit: bool  # passed, not touched; its own price, without slippage


PEERS = Convention(live_in_entry_bar=False, exit_at_open_first=False, target_is_limit=False)
OURS = Convention(live_in_entry_bar=True, exit_at_open_first=True, target_is_limit=True)


def bracket(prices: Table, stop: float, target: float, convention: Convention) -> Expected:
    """One unit on a billion, SMA 10/30, stop and target as fractions below and above the entry."""
    opens, highs, lows, closes = (prices[row].tolist() for row in range(4))
    cash, held, entries = 1e9, False, 0
    levels = 0.0, 0.0
    sell = (1.0 - SLIPPAGE) * (1.0 - FEE)
    for row, said in enumerate(_signals(_units(closes, D2.digits))):
        opened, fresh = opens[row], False
        if said == 1 and not held:
            price = opened * (1.0 + SLIPPAGE)
            cash, held, fresh = cash - price * (1.0 + FEE), True, True
            entries += 1
            levels = price * (1.0 - stop), price * (1.0 + target)
        got = 0.0
        if held and (not fresh or convention.live_in_entry_bar):
            got = _exit(opened, lows[row], highs[row], levels, convention)
        if held and said == -1 and (got == 0.0 or convention.exit_at_open_first):
            got = opened * sell
        if got:
            cash, held = cash + got, False
    return Expected(cash + (closes[-1] if held else 0.0), entries)


def _exit(
    opened: float, low: float, high: float, levels: tuple[float, float], convention: Convention
) -> float:
    """What one unit brings at its stop or target in this bar, the stop first; 0 for neither."""
    stop, target = levels
    sell = (1.0 - SLIPPAGE) * (1.0 - FEE)
    if low <= stop:
        return min(stop, opened) * sell
    if convention.target_is_limit:
        return target * (1.0 - FEE) if high > target else 0.0
    return max(target, opened) * sell if high >= target else 0.0


def portfolio(prices: Table, *, exact: bool) -> Expected:
    """1,000 of coins an entry on a million; cash never runs short, so each symbol stands alone.

    Averages are compared in whole units of the price, or (not `exact`) as running sums of floats.
    """
    cash, entries = 1e6, 0
    for rows in prices:
        opens, closes = rows[0].tolist(), rows[3].tolist()
        held = 0.0
        values = _units(closes, D3[0].digits) if exact else closes
        for opened, said in zip(opens, _signals(values), strict=True):
            if said == 1 and not held:
                held = 1_000.0 / opened
                cash -= 1_000.0 * (1.0 + SLIPPAGE) * (1.0 + FEE)
                entries += 1
            elif said == -1 and held:
                cash, held = cash + held * opened * (1.0 - SLIPPAGE) * (1.0 - FEE), 0.0
        cash += held * closes[-1]
    return Expected(cash, entries)


def _units(closes: list[float], digits: int) -> list[int]:
    return [round(close * 10**digits) for close in closes]


def _signals(values: list[int] | list[float]) -> Iterator[int]:
    """For each bar what the close before it said: 1 enter, -1 leave, 0 nothing."""
    fast: float = 0
    slow: float = 0
    was = said = 0
    for row, value in enumerate(values):
        yield said
        fast += value
        slow += value
        fast -= values[row - FAST] if row >= FAST else 0
        slow -= values[row - SLOW] if row >= SLOW else 0
        said = 0
        if row >= SLOW - 1:
            now = 1 if fast * SLOW > slow * FAST else -1  # a tie is not above
            said = now if was not in (0, now) else 0
            was = now

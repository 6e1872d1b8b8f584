"""The corpus: every planted cheat is caught, and no clean strategy is accused.

`pytest tests/research/test_corpus.py -s` shows which gate catches what.
"""

from collections import Counter

import numpy as np

from tests.market.sample import walk_bars
from tests.research.clean import clean
from tests.research.planted import PLANTED, Remembers, planted
from thunes.core.domain.market import BarColumns
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.gates import (
    check_chunks,
    check_poison,
    check_prefix,
    check_scale,
    check_taint,
)
from thunes.research.lookahead import examine
from thunes.research.probe import Gate

ROWS = 300
GATES = (Gate.CHUNKS, Gate.PREFIX, Gate.POISON, Gate.TAINT)


def holed(seed: int, rows: int = ROWS) -> Bars:
    """A walk whose record has holes."""
    bars = walk_bars(seed, rows + 40)
    kept = np.random.default_rng(seed).permutation(rows + 39)[: rows - 1] + 1
    at = np.append(0, np.sort(kept))
    return Bars(
        bars.symbol,
        bars.timeframe,
        BarColumns(*(getattr(bars.columns, name)[at] for name in BarColumns.__slots__)),
    )


def caught(strategy: SignalStrategy, bars: Bars) -> dict[Gate, int]:
    """How many breaches each gate finds, in the order in which they are to be asked."""
    found = {
        Gate.CHUNKS: len(check_chunks(strategy, bars)),
        Gate.PREFIX: len(check_prefix(strategy, bars)),
        Gate.POISON: len(check_poison(strategy, bars)),
    }
    return {**found, Gate.TAINT: len(check_taint(strategy, bars, every=16))}


def test_every_planted_cheat_is_caught() -> None:
    bars = holed(3)
    table = {name: caught(planted(name), bars) for name in PLANTED}
    for name, found in table.items():
        print(f"{name:<36}" + "".join(f"{found[gate]:>7}" for gate in GATES))
    missed = [name for name, found in table.items() if not any(found.values())]
    by_gate = Counter(gate for found in table.values() for gate in GATES if found[gate])
    print(f"{len(table)} cheats, missed {missed}, caught by", dict(by_gate))
    assert len(table) >= 40
    assert missed == []


def test_every_clean_strategy_passes() -> None:
    bars, accused, silent = holed(5), {}, []
    every = list(clean())
    for strategy in every:
        fired = strategy.signals(bars)
        if not (fired.enter.any() and fired.exit.any()):
            silent.append(strategy.name)
        found = caught(strategy, bars)
        if any(found.values()) or check_scale(strategy, bars):
            accused[strategy.name] = found
    print(f"{len(every)} clean strategies, accused {accused}, silent {silent}")
    assert len(every) >= 200
    assert silent == [], "a strategy that never speaks proves nothing"
    assert accused == {}


def test_what_remembers_bars_is_caught_before_it_has_seen_them() -> None:
    found = examine(Remembers(), holed(3))
    assert [(each.gate, each.kind) for each in found] == [(Gate.CHUNKS, "memory")]
    again = {each.gate for each in examine(Remembers(), holed(3))}
    assert again <= {Gate.SCALE}, "once it has seen them nothing tells any more"

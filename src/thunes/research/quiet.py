"""Quiet: a strategy is asked about bars that were made up, without what it warns of there."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from thunes.core.market.bars import Bars
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import Signals, SignalStrategy


@contextmanager
def unwarned() -> Iterator[None]:
    """Neither numpy nor anybody else warns meanwhile."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def given_signals(strategy: SignalStrategy, bars: Bars) -> Signals:
    """The strategy's signals, checked. StrategyError: it raised, or gave something else."""
    with unwarned():
        return evaluate(strategy, bars)

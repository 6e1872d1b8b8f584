"""Searches and walks forward made up from a seed, to show and to test pages with."""

import math
from dataclasses import replace
from itertools import product

import numpy as np

from bench.nulls import FASTS, SLOWS, averages
from thunes.core.domain.units import NS_PER_DAY, parse_instant
from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.cscv import overfitting
from thunes.core.stats.drawdown import max_drawdown
from thunes.core.stats.fortunes import resampled_fortunes
from thunes.core.stats.neighbourhood import most_robust
from thunes.core.stats.paths import column_sharpes
from thunes.core.stats.performance import sharpe
from thunes.core.stats.sharpe import minimum_track_record, probabilistic_sharpe, track_record
from thunes.research.evidence import Scrutiny, Search, weigh
from thunes.research.search.result import Ran, Searched, Tried, Walked, Window
from thunes.research.verdict import Judgement, Reason, Verdict, judge

START = parse_instant("2022-01-01T00:00:00Z")
INITIAL = 10_000.0
YEAR = math.sqrt(365)
QUICK = Scrutiny(draws=200, blocks=10)
UNJUDGED = Judgement(
    Verdict.HOLD,
    (
        Reason(
            "evidence",
            None,
            "at least 32 days",
            Verdict.HOLD,
            "the search cannot be judged: 9 days are fewer than 32",
        ),
    ),
)


def ran(days: int, symbols: tuple[str, ...] = ("BTCUSDT",)) -> Ran:
    return Ran(
        study="averages-7",
        strategy="sma_cross",
        symbols=symbols,
        quote="USDT",
        timeframe=NS_PER_DAY // 24,
        start=START,
        end=START + days * NS_PER_DAY,
        settings=(
            ("Search", "grid, seed 7"),
            ("Folds", "5 purged, embargo 1 %"),
            ("Fees", "0.1 % of each fill"),
        ),
    )


def front(ratios: np.ndarray, falls: np.ndarray) -> np.ndarray:
    """No other trial has both a better ratio and a smaller fall."""
    return np.array(
        [not np.any((ratios > r) & (falls > f)) for r, f in zip(ratios, falls, strict=True)]
    )


def explained(scores: np.ndarray, values: list[str]) -> float:
    """The share of the variance that the mean score at each value has."""
    names, place = np.unique(values, return_inverse=True)
    means = np.array([scores[place == i].mean() for i in range(names.size)])
    return float(np.var(means[place]) / np.var(scores))


def searched(
    seed: int = 7, edge: float = 0.1, days: int = 730, every: int = 1, scrutiny: Scrutiny = QUICK
) -> Searched:
    """A search over pairs of averages, each `every` pair of them."""
    made = averages(np.random.default_rng(seed), days, edge)
    returns, steps = made.returns[:, ::every], made.steps[::every]
    pairs = [{"fast": str(f), "slow": str(s)} for f, s in product(FASTS, SLOWS)][::every]
    equity = np.cumprod(1 + returns, axis=0) * INITIAL
    scores = column_sharpes(returns) * YEAR
    falls = np.array([max_drawdown(column) for column in equity.T])
    fronts = front(scores, falls)
    chosen = most_robust(steps, scores)
    evidence = replace(
        weigh(Search(returns=returns, chosen=chosen, steps=steps, scores=scores), scrutiny),
        doubled_costs=0.123,
        gates_hold=True,
    )
    return Searched(
        ran=ran(days),
        names=("fast", "slow"),
        trials=tuple(
            Tried(
                number=i + 1,
                parameters=pair,
                score=float(scores[i]),
                sharpe=float(scores[i]),
                total_return=float(equity[-1, i] / INITIAL - 1),
                max_drawdown=float(falls[i]),
                trades=40 + i % 17,
                on_front=bool(fronts[i]),
            )
            for i, pair in enumerate(pairs)
        ),
        refused=37,
        chosen=chosen,
        peak=int(scores.argmax()),
        importance={
            name: explained(scores, [pair[name] for pair in pairs]) for name in ("fast", "slow")
        },
        days=START + np.arange(1, days + 1) * NS_PER_DAY,
        equity=equity[:, chosen],
        judgement=judge(evidence),
        evidence=evidence,
        luck=overfitting(returns, scrutiny.blocks),
        fortunes=resampled_fortunes(returns[:, chosen], Sampling(5.0, 500)),
    )


def unjudged(count: int = 1, names: tuple[str, ...] = ("fast",)) -> Searched:
    """A search too short to be judged, of `count` trials that never traded."""
    values = [{name: str(10 + i) for name in names} for i in range(count)]
    trials = tuple(
        Tried(
            number=i,
            parameters=value,
            score=None,
            sharpe=None,
            total_return=0.0,
            max_drawdown=0.0,
            trades=0,
        )
        for i, value in enumerate(values, start=1)
    )
    return Searched(
        ran=ran(9),
        names=names,
        trials=trials,
        refused=0,
        chosen=0,
        peak=0,
        importance={},
        days=START + np.arange(1, 10) * NS_PER_DAY,
        equity=np.full(9, INITIAL),
        judgement=UNJUDGED,
    )


def window(number: int, test: np.ndarray, train: np.ndarray, at: int, fast: int) -> Window:
    """A window that begins `at` days after the start; returns are one a day."""

    def yearly(returns: np.ndarray) -> float:
        return float(np.prod(1 + returns) ** (365 / returns.size) - 1)

    def ratio(returns: np.ndarray) -> float | None:
        found = sharpe(returns)
        return None if found is None else found * YEAR

    times = START + np.array([at, at + train.size, at + train.size + test.size]) * NS_PER_DAY
    return Window(
        number=number,
        train_start=int(times[0]),
        train_end=int(times[1]),
        test_start=int(times[1]),
        test_end=int(times[2]),
        parameters={
            "fast": str(fast),
            "slow": str(3 * fast),
            "kind": "ema" if fast > 20 else "sma",
        },
        trials=25,
        train_score=ratio(train),
        train_sharpe=ratio(train),
        train_return_a_year=yearly(train),
        test_sharpe=ratio(test),
        test_return=float(np.prod(1 + test) - 1),
        test_return_a_year=yearly(test),
        test_drawdown=max_drawdown(np.cumprod(np.concatenate(([1.0], 1 + test)))),
        trades=7,
    )


def walked(
    count: int = 12, train: int = 180, test: int = 30, seed: int = 3, anchored: bool = False
) -> Walked:
    """A walk forward over `count` windows in which about half of the promise is kept."""
    rng = np.random.default_rng(seed)
    windows, tests = [], []
    for i in range(count):
        inside = rng.normal(0.003, 0.02, train)
        outside = rng.normal(0.0014, 0.02, test)
        tests.append(outside)
        windows.append(window(i + 1, outside, inside, i * test, int(rng.integers(5, 30))))
    returns = np.concatenate(tests)
    equity = INITIAL * np.cumprod(1 + returns)
    hold = INITIAL * np.cumprod(1 + rng.normal(0.0005, 0.03, returns.size))
    record = track_record(returns)
    fortunes = resampled_fortunes(returns, Sampling(5.0, 500))
    trained = np.mean([each.train_return_a_year for each in windows])
    criterion = Reason("sharpe", record.sharpe * YEAR, "above 0", Verdict.PROMOTE, "it is above 0")
    unknown = Reason("dsr", None, "at least 0.95", Verdict.HOLD, "it was not measured")
    return Walked(
        ran=ran(train + count * test, ("BTCUSDT", "ETHUSDT")),
        names=("fast", "slow", "kind"),
        windows=tuple(windows),
        anchored=anchored,
        initial=INITIAL,
        days=START + (train + 1 + np.arange(returns.size)) * NS_PER_DAY,
        equity=equity,
        hold=hold,
        sharpe=record.sharpe * YEAR,
        total_return=float(equity[-1] / INITIAL - 1),
        max_drawdown=max_drawdown(np.concatenate(([INITIAL], equity))),
        efficiency=float((equity[-1] / INITIAL) ** (365 / returns.size) - 1) / float(trained),
        positive=float(np.mean([each.test_return > 0 for each in windows])),
        judgement=Judgement(Verdict.HOLD, (unknown, criterion)),
        interval=(-0.4, 3.1),
        psr=probabilistic_sharpe(record),
        dsr=None,
        periods_needed=minimum_track_record(record),
        fortunes=fortunes,
    )

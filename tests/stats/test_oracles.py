"""Other people's libraries agree, where their conventions meet ours.

They are not installed for the tests: `uv run --group oracle pytest tests/stats/test_oracles.py`.
"""

import math
import warnings

import numpy as np
import pytest

from thunes.core.stats.bootstrap import Sampling, _bandwidth, automatic_block
from thunes.core.stats.splits import CombinatorialPurgedCV, PurgedKFold, Spans
from thunes.core.stats.superior import (
    _long_run_variance,
    superior_ability,
    superior_trials,
)
from thunes.core.stats.walk_forward import WalkForward

ABSENT = "is not installed: uv run --group oracle pytest tests/stats/test_oracles.py"


def library(name: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} {ABSENT}")


BLOCK = 5


def gains(seed: int, rows: int = 300, trials: int = 25) -> np.ndarray:
    """Dependent gains, each column with a long-run deviation of one.

    arch 8.0.0 compares means that are not divided by their deviations, `studentize` or not; where
    all deviations are equal that is the same test.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_t(4, (rows, trials))
    x[1:] += 0.4 * x[:-1]
    x += rng.normal(-0.02, 0.08, trials)
    return x / np.sqrt(_long_run_variance(x - x.mean(axis=0), BLOCK))


@pytest.mark.parametrize("seed", range(6))
def test_arch_gives_the_same_p_values(seed: int) -> None:
    bootstrap = library("arch.bootstrap")
    draws, x = 2_000, gains(seed)
    # Theirs are losses, ours gains.
    theirs = bootstrap.SPA(np.zeros(len(x)), -x, block_size=BLOCK, reps=draws, seed=seed)
    theirs.compute()
    ours = superior_ability(x, Sampling(BLOCK, draws, seed))
    for name in ("lower", "consistent", "upper"):
        p = float(theirs.pvalues[name])
        error = math.sqrt(2 * max(p * (1 - p), 1 / draws) / draws)
        assert abs(getattr(ours, name) - p) < 4.5 * error + 1 / draws, name


@pytest.mark.parametrize("seed", range(4))
def test_arch_finds_the_same_survivors(seed: int) -> None:
    bootstrap = library("arch.bootstrap")
    # Clear cases: near the critical value two bootstraps differ by chance.
    x = gains(seed) - 0.15
    x[:, [3, 8]] += 0.45
    theirs = bootstrap.StepM(np.zeros(len(x)), -x, block_size=BLOCK, reps=1_000, seed=seed)
    theirs.compute()
    ours = superior_trials(x, Sampling(BLOCK, 1_000, seed))
    assert ours.tolist() == sorted(theirs.superior_models)
    assert ours.tolist() == [3, 8]


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_arch_takes_blocks_as_long(rho: float, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = library("arch.bootstrap")
    x = np.random.default_rng(7).standard_normal(800)
    for i in range(1, x.size):
        x[i] += rho * x[i - 1]
    theirs = float(bootstrap.optimal_block_length(x)["stationary"].iloc[0])
    own = automatic_block(x)
    assert own == pytest.approx(theirs, rel=0.3)
    # They take the first lag that is insignificant, the paper the one before it: two lags more.
    monkeypatch.setattr(
        "thunes.core.stats.bootstrap._bandwidth", lambda r, n: _bandwidth(r, n) + 2 * (rho > 0)
    )
    assert automatic_block(x) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("parts", "tested", "rows"), [(6, 2, 60), (10, 2, 100), (5, 3, 37)])
def test_skfolio_tests_the_same_rows_on_the_same_paths(parts: int, tested: int, rows: int) -> None:
    selection = library("skfolio.model_selection")
    theirs = selection.CombinatorialPurgedCV(n_folds=parts, n_test_folds=tested)
    ours = CombinatorialPurgedCV(parts=parts, tested=tested, embargo=0)
    x = np.zeros((rows, 2))
    assert ours.get_n_splits() == theirs.n_splits
    assert len(ours.paths()) == theirs.n_test_paths
    if rows % parts:  # they put what is left over elsewhere
        return
    for (train, test), (their_train, their_test) in zip(
        ours.split(x), theirs.split(x), strict=True
    ):
        assert test.tolist() == np.concatenate(their_test).tolist()
        assert train.tolist() == their_train.tolist()


@pytest.mark.parametrize("purge", [0, 3])
def test_skfolio_purges_as_many_rows_where_all_labels_are_equally_long(purge: int) -> None:
    selection = library("skfolio.model_selection")
    theirs = selection.CombinatorialPurgedCV(
        n_folds=6, n_test_folds=2, purged_size=purge, embargo_size=2
    )
    rows = np.arange(120)
    ours = CombinatorialPurgedCV(parts=6, tested=2, spans=Spans(rows, rows + purge), embargo=2)
    for (train, test), (their_train, _) in zip(
        ours.split(rows), theirs.split(np.zeros((120, 2))), strict=True
    ):
        assert test.size == 40
        assert train.tolist() == their_train.tolist()


@pytest.mark.parametrize("anchored", [False, True])
def test_skfolio_walks_through_the_same_windows(anchored: bool) -> None:
    selection = library("skfolio.model_selection")
    theirs = selection.WalkForward(
        train_size=10, test_size=4, expand_train=anchored, purged_size=2, reduce_test=True
    )
    rows = np.arange(33)
    # They leave the purged rows out between training and test; a train of 12 with labels of 2 rows
    # is the same window, but for where the first one begins.
    ours = WalkForward(
        train=12, test=4, anchored=anchored, whole=False, spans=Spans(rows, rows + 2)
    )
    for (train, test), (their_train, their_test) in zip(
        ours.split(rows), theirs.split(np.zeros((33, 2))), strict=True
    ):
        assert test.tolist() == their_test.tolist()
        assert train.tolist() == their_train.tolist()


@pytest.mark.parametrize(
    "cv",
    [
        PurgedKFold(folds=4, embargo=2),
        CombinatorialPurgedCV(parts=5, tested=2, embargo=2),
        WalkForward(train=20, test=10),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_scikit_learn_takes_the_splitters(cv: object) -> None:
    model_selection, linear_model = (
        library("sklearn.model_selection"),
        library("sklearn.linear_model"),
    )
    x = np.random.default_rng(1).standard_normal((80, 3))
    y = x @ [1.0, 2.0, 3.0]
    scores = model_selection.cross_val_score(linear_model.LinearRegression(), x, y, cv=cv)
    assert len(scores) == cv.get_n_splits(x)
    assert scores == pytest.approx(1.0)

"""Studies that learn: the same points for the same seed, through any interruption."""

from pathlib import Path

import pytest

from tests.search.tried import trying_with
from thunes.adapters.studies import OptunaStudy
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.research.search.samplers import WORST, try_study
from thunes.research.search.space import Point
from thunes.research.search.trying import Trying
from thunes.research.trials import Trial

AXES = {"fast": (8, True), "slow": (8, True)}


def peak(fast: float, slow: float) -> float:
    return -abs(fast - 20) - abs(slow - 60)


def score(trial: Trial | None) -> tuple[float, ...]:
    return (WORST,) if trial is None else (float(trial.returns.mean()),)


def two(trial: Trial | None) -> tuple[float, ...]:
    return (*score(trial), 1.0)


def study(seed: int = 1, sampler: str = "tpe", **shared: object) -> OptunaStudy:
    better = ("maximize",) if sampler == "tpe" else ("maximize", "minimize")
    return OptunaStudy("s", AXES, (sampler, seed), better, **shared)  # type: ignore[arg-type]


def run(trying: Trying, trials: int, sampler: str = "tpe", seed: int = 1) -> list[Point]:
    told = score if sampler == "tpe" else two
    try_study(study(seed, sampler), trials, trying, told, lambda *_: None)
    return list(trying.found)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_that_goes_on_ends_where_an_undisturbed_one_does(
    tmp_path: Path, sampler: str
) -> None:
    whole = run(trying_with(tmp_path / "whole", peak), 20, sampler)
    run(trying_with(tmp_path / "cut", peak), 9, sampler)
    again = trying_with(tmp_path / "cut", peak)
    assert run(again, 20, sampler) == whole
    assert again.ran == 20 - 9
    assert run(trying_with(tmp_path / "other", peak), 20, sampler, seed=2) != whole


def test_it_learns(tmp_path: Path) -> None:
    trying = trying_with(tmp_path, peak)
    run(trying, 35)
    best = max(trying.found, key=lambda point: trying.found[point].returns.mean())
    assert trying.space.parameters(best) == {"fast": "20", "slow": "60"}


def test_as_many_different_sets_as_were_asked_for(tmp_path: Path) -> None:
    trying = trying_with(tmp_path, peak)
    assert len(run(trying, 25)) == 25


def test_a_space_that_has_no_more_ends_the_search(tmp_path: Path) -> None:
    trying = trying_with(tmp_path, peak)
    run(trying, 60)
    assert len(trying.found) <= 60


def test_workers_share_what_they_learn(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    card = {"strategy": "sma_cross", "data set": "d"}
    one, other = trying_with(tmp_path / "one", peak), trying_with(tmp_path / "two", peak)
    try_study(study(shared=(url, card)), 6, one, score, lambda *_: None)
    try_study(study(shared=(url, card)), 12, other, score, lambda *_: None)
    assert one.ran == 6
    assert other.ran == 6
    assert set(one.found) < set(other.found)
    assert len(other.found) == 12
    assert len(other.ledger.read().trials) == 12


@pytest.mark.parametrize("what", ["strategy", "data set"])
def test_a_study_of_something_else_is_refused(tmp_path: Path, what: str) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    card = {"strategy": "sma_cross", "data set": "d"}
    study(shared=(url, card))
    with pytest.raises(UsageError, match=f"study s was begun with another {what}: .*, and here"):
        study(shared=(url, {**card, what: "x"}))


def test_a_database_that_is_not_there_is_told() -> None:
    with pytest.raises(ThunesError, match=r"the database of study s does not answer: .*run the"):
        study(shared=("sqlite:////nowhere/at/all.db", {}))

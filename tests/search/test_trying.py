"""Trying: once each, on record before it counts, and known again after a crash."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.search.tried import DATA, trying_with
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.research.search.samplers import Batch, grid_points, random_points, try_all
from thunes.research.search.trying import Terms, Trying
from thunes.research.trials import TrialLedger

ALL = Batch(16, lambda *_: None)


def flat(fast: float, slow: float) -> float:
    return slow - fast


def test_every_set_is_run_once_and_is_on_record(tmp_path: Path) -> None:
    asked: list[object] = []
    trying = trying_with(tmp_path, flat, asked)  # type: ignore[arg-type]
    points = grid_points(trying.space, 1_000)
    try_all(points + points, trying, ALL)
    recorded = TrialLedger(tmp_path, DATA).read().trials
    assert len(asked) == len(recorded) == len(trying.found) == trying.ran
    assert len(trying.found) + len(trying.refused) == len(points)
    assert all("must be below" in why for why in trying.refused.values())


def test_what_is_on_record_is_not_run_again_and_comes_out_the_same(tmp_path: Path) -> None:
    first = trying_with(tmp_path, flat)
    points = grid_points(first.space, 1_000)
    try_all(points[:20], first, ALL)
    asked: list[object] = []
    again = trying_with(tmp_path, flat, asked)  # type: ignore[arg-type]
    try_all(points, again, ALL)
    assert len(asked) == len(again.found) - len(first.found)
    whole = trying_with(tmp_path / "other", flat)
    try_all(points, whole, ALL)
    assert {p: t.returns.tolist() for p, t in again.found.items()} == {
        p: t.returns.tolist() for p, t in whole.found.items()
    }


@pytest.mark.parametrize("changed", [{"config": "other"}, {"code": "2"}])
def test_other_rules_or_other_code_are_run_again(tmp_path: Path, changed: dict[str, str]) -> None:
    terms = Terms(config="c", code="1", study="s", strategy="sma_cross", seed=0)
    trying_with(tmp_path, flat, terms=terms)([(0, 3)])
    again = trying_with(tmp_path, flat, terms=replace(terms, **changed))
    again([(0, 3)])
    assert again.ran == 1
    # The same outcome of the same configuration is still one trial, whatever code ran it.
    assert again.others == (1 if "config" in changed else 0)


def test_a_trial_that_cannot_be_recorded_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying = trying_with(tmp_path, flat)

    def full(self: TrialLedger, trials: object) -> None:
        raise ThunesError("no space left")

    monkeypatch.setattr(TrialLedger, "append", full)
    with pytest.raises(ThunesError, match="no space left"):
        trying([(0, 3)])
    assert trying.found == {}
    assert trying.ran == 0


def test_trials_of_earlier_searches_are_counted(tmp_path: Path) -> None:
    terms = Terms(config="c", code="1", study="s", strategy="sma_cross", seed=0)
    trying_with(tmp_path, flat, terms=terms)([(0, 3), (0, 4), (1, 4)])
    later = trying_with(tmp_path, flat, terms=replace(terms, study="t"))
    later([(0, 3), (2, 5)])
    assert (later.ran, later.others) == (1, 2)


def test_what_others_found_is_taken_over_and_recorded(tmp_path: Path) -> None:
    there = trying_with(tmp_path / "there", flat)
    there([(0, 3), (1, 4)])
    here = trying_with(tmp_path / "here", flat)
    here([(0, 3)])
    here.admit(list(there.found.values()))
    assert set(here.found) == {(0, 3), (1, 4)}
    assert here.ran == 1
    assert len(TrialLedger(tmp_path / "here", DATA).read().trials) == 2


def test_random_points_are_different_allowed_and_told_by_the_seed(tmp_path: Path) -> None:
    space = trying_with(tmp_path, flat).space
    drawn = list(random_points(space, 30, 5))
    assert len(set(drawn)) == 30
    assert drawn == list(random_points(space, 30, 5)) != list(random_points(space, 30, 6))
    assert all(space.refusal(point) is None for point in drawn)
    allowed = [point for point in space.points() if space.refusal(point) is None]
    assert sorted(random_points(space, 10_000, 1)) == allowed


def test_a_grid_that_does_not_fit_says_how_many_and_what_to_do(tmp_path: Path) -> None:
    trying: Trying = trying_with(tmp_path, flat)
    with pytest.raises(UsageError, match=r"64 sets, and 50 fit .* --sampler random --trials 50"):
        grid_points(trying.space, 50)

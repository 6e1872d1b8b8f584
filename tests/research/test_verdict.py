"""Verdicts: by table, on noise, on an edge, and from the ledger through to the reasons."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.nulls import DESIGNS, Found, searched
from thunes.core.domain.errors import DataError
from thunes.core.stats.effective import EffectiveTrials
from thunes.core.stats.neighbourhood import Surroundings, most_robust
from thunes.core.stats.overfitting import deflated_sharpe
from thunes.core.stats.paths import column_sharpes, path_sharpes
from thunes.core.stats.sharpe import TrackRecord, minimum_track_record, track_record
from thunes.core.stats.splits import CombinatorialPurgedCV
from thunes.research.evidence import Evidence, Scrutiny, Search, weigh
from thunes.research.trials import Attempt, TrialLedger, trial_of
from thunes.research.verdict import CRITERIA, Verdict, judge

QUICK = Scrutiny(draws=200, blocks=10)

GOOD = Evidence(
    record=TrackRecord(0.15, 700),
    trials=100,
    effective=EffectiveTrials(100, 20.0, 4),
    interval=(0.05, 0.25),
    psr=0.999,
    dsr_raw=0.95,
    dsr=0.97,
    periods_needed=150.0,
    pbo=0.05,
    loss_probability=0.02,
    degradation=0.4,
    survivors=3,
    spa=0.01,
    path_low=0.04,
    around=Surroundings(3, 0.15, 0.1, 8, 0.9, 0.01, 2.0),
    doubled_costs=0.2,
    gates_hold=True,
)


def around(**changed: float | None) -> Surroundings:
    assert GOOD.around is not None
    return replace(GOOD.around, **changed)


P, H, R = Verdict.PROMOTE, Verdict.HOLD, Verdict.REJECT


@pytest.mark.parametrize(
    ("changed", "verdict", "first"),
    [
        ({}, P, None),
        ({"dsr": 0.95}, P, None),
        ({"dsr": 0.9499}, H, "dsr"),
        ({"dsr": 0.5}, H, "dsr"),
        ({"dsr": 0.4999}, R, "dsr"),
        ({"dsr": None}, H, "dsr"),
        ({"pbo": 0.10}, P, None),
        ({"pbo": 0.1001}, H, "pbo"),
        ({"pbo": 0.9}, H, "pbo"),
        ({"loss_probability": 0.5}, P, None),
        ({"loss_probability": 0.5001}, R, "loss_probability"),
        ({"spa": 0.05}, P, None),
        ({"spa": 0.0501}, H, "spa"),
        ({"spa": 0.51}, R, "spa"),
        ({"path_low": 0.0}, H, "path_low"),
        ({"path_low": -9.0}, H, "path_low"),
        ({"doubled_costs": 0.0}, H, "doubled_costs"),
        ({"doubled_costs": None}, H, "doubled_costs"),
        ({"gates_hold": False}, R, "gates"),
        ({"gates_hold": None}, H, "gates"),
        ({"around": None}, H, "low"),
        ({"around": around(low=0.0)}, H, "low"),
        ({"around": around(plateau=0.5)}, P, None),
        ({"around": around(plateau=0.49)}, H, "plateau"),
        ({"around": around(plateau=None)}, H, "plateau"),
        ({"pbo": 0.6, "spa": 0.6, "dsr": None}, R, "spa"),
    ],
)
def test_the_table(changed: dict[str, object], verdict: Verdict, first: str | None) -> None:
    found = judge(replace(GOOD, **changed))
    assert found.verdict is verdict
    assert {reason.figure for reason in found.reasons} == {each.figure for each in CRITERIA}
    gravest = found.reasons[0]
    assert gravest.says is verdict
    if first is not None:
        assert gravest.figure == first
        assert gravest.threshold in gravest.text


def test_a_reason_names_figure_value_and_threshold() -> None:
    reasons = judge(replace(GOOD, dsr=0.4, doubled_costs=None)).reasons
    assert reasons[0].text == (
        "the deflated Sharpe ratio at the effective number of trials is 0.4, not at least 0.95: "
        "that speaks against it"
    )
    assert reasons[1].text == "the return at doubled costs was not measured; it has to be above 0"


@given(st.floats(0, 0.4), st.floats(1, 1e5), st.floats(1, 1e5), st.integers(10, 3_000))
def test_deflation_falls_with_the_number_of_trials(
    ratio: float, one: float, other: float, size: int
) -> None:
    few, many = sorted((one, other))
    record = TrackRecord(ratio, size)
    assert deflated_sharpe(record, many, 0.002) <= deflated_sharpe(record, few, 0.002) + 1e-12


def search_of(seed: int, edge: float) -> tuple[Search, np.ndarray]:
    trials = DESIGNS["sources"](np.random.default_rng(seed), 400, edge)
    returns, steps = trials.returns[:, ::5], trials.steps[::5]
    scores = column_sharpes(returns)
    chosen = most_robust(steps, scores)
    return Search(returns=returns, chosen=chosen, steps=steps, scores=scores), returns


def found(design: str, edge: float, seeds: range) -> list[Found]:
    return [searched(design, seed, edge, 730, QUICK) for seed in seeds]


@pytest.mark.parametrize("design", DESIGNS)
def test_noise_is_not_promoted(design: str) -> None:
    # `python -m bench.nulls` does the same on 200 markets with all draws.
    verdicts = [each.verdict for each in found(design, 0.0, range(12))]
    assert verdicts.count(Verdict.PROMOTE) == 0
    assert verdicts.count(Verdict.REJECT) >= 6


def test_a_planted_edge_is_found() -> None:
    verdicts = [each.verdict for each in found("sources", 0.25, range(6))]
    assert verdicts.count(Verdict.PROMOTE) >= 4
    assert verdicts.count(Verdict.REJECT) == 0


def test_an_edge_that_all_trials_share_is_not_rejected() -> None:
    # The best of one half is no better than the others on the other half.
    each = found("averages", 0.35, range(3))
    assert all(one.evidence.spa <= 0.05 for one in each)
    assert all(one.verdict is not Verdict.REJECT for one in each)
    assert all(one.evidence.loss_probability < 0.5 for one in each)


def test_evidence_is_that_of_the_single_figures() -> None:
    search, returns = search_of(3, edge=0.2)
    found = weigh(search, QUICK)
    record = track_record(returns[:, search.chosen])
    assert found.record == record
    assert found.periods_needed == minimum_track_record(record)
    variance = np.var(column_sharpes(returns), ddof=1)
    assert found.dsr_raw == pytest.approx(deflated_sharpe(record, returns.shape[1], variance))
    assert found.dsr == pytest.approx(deflated_sharpe(record, found.effective.strictest, variance))
    assert found.dsr > found.dsr_raw
    assert found.interval[0] < record.sharpe < found.interval[1]
    more = weigh(replace(search, trials_before=10_000), QUICK)
    assert more.trials == 10_000 + returns.shape[1]
    assert more.dsr < found.dsr


def test_paths_follow_the_best_of_each_training() -> None:
    rng = np.random.default_rng(1)
    returns = rng.standard_normal((60, 4)) * 0.01
    cv = CombinatorialPurgedCV(parts=6, tested=2, embargo=1)
    expected = []
    for train, test in cv.split(returns):
        ratios = returns[train].mean(axis=0) / returns[train].std(axis=0, ddof=1)
        expected.append(returns[test, int(ratios.argmax())])
    paths = cv.recombined(expected)
    ratios = paths.mean(axis=1) / paths.std(axis=1, ddof=1)
    assert path_sharpes(returns, cv) == pytest.approx(ratios, rel=1e-12)
    assert (path_sharpes(np.zeros((60, 3)), cv) == 0).all()


def test_the_ledger_carries_a_search_to_its_verdict(tmp_path: Path) -> None:
    _, returns = search_of(5, edge=0.0)
    ledger = TrialLedger(tmp_path, "c" * 64)
    for number, column in enumerate(returns.T):
        attempt = Attempt("c" * 64, f"{number:016x}", "s", "sma_cross", {}, 1, number)
        ledger.append([trial_of(attempt, column)])
    trials, matrix = ledger.read().returns()
    assert len(trials) == returns.shape[1]
    chosen = int(np.argmax([trial.sharpe or 0.0 for trial in trials]))
    found = weigh(Search(returns=matrix, chosen=chosen), QUICK)
    assert judge(found).verdict is not Verdict.PROMOTE


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (Search(returns=np.zeros((19, 3)), chosen=0), "1 fewer than the 20 needed"),
        (Search(returns=np.ones((40, 1)), chosen=0), "1 trials, 1 fewer than the 2"),
        (Search(returns=np.zeros((40, 2)), chosen=2), "trial 2 of 2"),
        (Search(returns=np.zeros((40, 2)), chosen=0), "never earned nor lost"),
        (Search(returns=np.full((40, 2), np.nan), chosen=0), "row 0 of column 0 is nan"),
    ],
)
def test_bad_input_says_what_is_wrong(search: Search, said: str) -> None:
    with pytest.raises(DataError, match=f"the search cannot be judged: .*{said}"):
        weigh(search, QUICK)

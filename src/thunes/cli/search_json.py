"""Searches as JSON: the verdict, its reasons and every figure, by names that stay."""

from typing import Any

from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.research.search.result import Searched
from thunes.research.verdict import Judgement


def search_json(found: Searched) -> dict[str, Any]:
    """The figures of a search as plain values; Sharpe ratios are a year, `track_record` is days."""
    chosen, peak, e = found.trials[found.chosen], found.trials[found.peak], found.evidence
    year = DAYS_A_YEAR**0.5
    figures: dict[str, Any] = {
        "study": found.ran.study,
        "strategy": found.ran.strategy,
        "symbols": list(found.ran.symbols),
        "data": found.ran.data,
        "best": chosen.score,
        "parameters": {**found.ran.fixed, **chosen.parameters},
        "trials": len(found.trials),
        "refused": found.refused,
        "dsr": None,
        "pbo": None,
        **judgement_json(found.judgement),
        "chosen": _trial_json(found, found.chosen),
        "peak": {"best": peak.score, "parameters": dict(peak.parameters)},
        "front": [_trial_json(found, n) for n, t in enumerate(found.trials) if t.on_front],
        "at_the_edge": list(found.at_the_edge),
        "importance": dict(found.importance),
        "settings": dict(found.ran.settings),
    }
    if e is None:
        return figures
    return figures | {
        "dsr": e.dsr,
        "dsr_raw": e.dsr_raw,
        "psr": e.psr,
        "pbo": e.pbo,
        "loss_probability": e.loss_probability,
        "degradation": e.degradation,
        "spa": e.spa,
        "survivors": e.survivors,
        "trials_counted": e.trials,
        "trials_effective": e.effective.strictest,
        "sharpe_interval": [year * each for each in e.interval],
        "track_record_needed": e.periods_needed,
        "path_low": year * e.path_low,
        "doubled_costs": e.doubled_costs,
    }


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """The verdict and its reasons, the gravest first."""
    return {
        "verdict": judgement.verdict.value,
        "reasons": [
            {
                "figure": each.figure,
                "value": each.value,
                "threshold": each.threshold,
                "says": each.says.value,
                "text": each.text,
            }
            for each in judgement.reasons
        ],
    }


def _trial_json(found: Searched, row: int) -> dict[str, Any]:
    trial = found.trials[row]
    return {
        "number": trial.number,
        "parameters": dict(trial.parameters),
        "score": trial.score,
        "sharpe": trial.sharpe,
        "total_return": trial.total_return,
        "max_drawdown": trial.max_drawdown,
        "trades": trial.trades,
    }

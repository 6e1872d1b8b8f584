"""What the pages of a search and of a walk forward say alike: the verdict, and what was asked."""

import math
from collections.abc import Sequence

from thunes.core.domain.units import format_timeframe
from thunes.research.page import Words
from thunes.research.search.figures import SHARPES_A_YEAR, fortune_tiles
from thunes.research.search.result import Parameters, Ran, Searched, Tried, Walked
from thunes.research.verdict import Judgement, Reason, Verdict
from thunes.research.wording import DASH, moment, ratio, span

SYMBOLS_NAMED_MAX = 8

_SIGNS = {Verdict.PROMOTE: "good", Verdict.HOLD: "open", Verdict.REJECT: "bad"}
_MEANINGS = {
    Verdict.PROMOTE: "Every criterion is met.",
    Verdict.HOLD: "Not shown yet: more data, or what was not measured, may decide.",
    Verdict.REJECT: "At least one figure says that more likely than not there is nothing.",
}
_FIGURES = {
    "gates": "Gates",
    "dsr": "Deflated Sharpe ratio",
    "pbo": "Overfitting (PBO)",
    "loss_probability": "Loss out of sample",
    "spa": "Superior ability (SPA)",
    "path_low": "Worst paths",
    "doubled_costs": "Doubled costs",
    "low": "Scores around it",
    "plateau": "Plateau",
    "efficiency": "Efficiency",
    "positive": "Windows that earned",
}


def judged_words(judged: Searched | Walked) -> Words:
    """The words of both pages; nothing in them is escaped yet."""
    ran, judgement = judged.ran, judged.judgement
    return {
        "strategy": ran.strategy,
        "facts": _facts(ran),
        "verdict": judgement.verdict.value,
        "sign": _SIGNS[judgement.verdict],
        "meaning": _MEANINGS[judgement.verdict],
        "reasons": [_reason(reason) for reason in judgement.reasons],
        "why": _why(judgement),
        "fortunes": fortune_tiles(judged.fortunes),
        "settings": ran.settings,
    }


def set_text(trial: Tried, names: Sequence[str]) -> str:
    """`#12: fast 10, slow 30`."""
    said = parameter_text(trial.parameters, names)
    return f"#{trial.number}: {said}" if said else f"#{trial.number}"


def parameter_text(parameters: Parameters, names: Sequence[str]) -> str:
    """`fast 10, slow 30`; nothing without a name."""
    return ", ".join(f"{name} {parameters.get(name, DASH)}" for name in names)


def _facts(ran: Ran) -> list[str]:
    symbols = ", ".join(ran.symbols[:SYMBOLS_NAMED_MAX])
    more = len(ran.symbols) - SYMBOLS_NAMED_MAX
    return [
        f"{symbols} and {more:,} more" if more > 0 else symbols,
        f"bars of {format_timeframe(ran.timeframe)}",
        f"{moment(ran.start)} to {moment(ran.end)} UTC",
        span(ran.end - ran.start),
        f"study {ran.study}",
    ]


def _reason(reason: Reason) -> Words:
    return {
        "says": reason.says.value,
        "sign": _SIGNS[reason.says],
        "figure": _FIGURES.get(reason.figure, reason.figure.replace("_", " ").capitalize()),
        "value": _value(reason),
        "threshold": reason.threshold,
        "text": reason.text,
    }


def _value(reason: Reason) -> str:
    if reason.value is None or not math.isfinite(reason.value):
        return DASH
    if reason.figure == "gates":
        return "all hold" if reason.value >= 1 else "not all hold"
    if reason.figure == "path_low":
        return f"{ratio(reason.value * SHARPES_A_YEAR)} a year"
    return f"{reason.value:.4g}".replace("-", "\N{MINUS SIGN}")


def _why(judgement: Judgement) -> str:
    """Why there is no evidence: what the gravest reason without a value says."""
    without = [reason.text for reason in judgement.reasons if reason.value is None]
    said = (without or ["the result does not say why"])[0].removesuffix(".")
    return said.removeprefix("the search cannot be judged: ")

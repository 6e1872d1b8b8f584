"""Whether the choice of a search may trade: promote, hold or reject, each with its reasons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from thunes.research.evidence import Evidence


class Verdict(StrEnum):
    """PROMOTE: every criterion is met. REJECT: one says that more likely than not there is nothing.
    HOLD: neither; more data, or what was not measured, may decide."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class Reason:
    """One criterion: what the figure came to (None: not measured), what it had to be, and what that
    says of the choice by itself."""

    figure: str
    value: float | None
    threshold: str
    says: Verdict
    text: str


class Judgement(NamedTuple):
    """The verdict and all its reasons, the gravest first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Criterion(Generic[Subject]):
    """A figure that has to reach `limit`, from below (`sign` 1) or from above (-1), or to pass it
    (`strict`). Beyond `hopeless` it speaks against the choice."""

    figure: str
    what: str
    value: Callable[[Subject], float | None]
    limit: float
    sign: int = 1
    strict: bool = False
    hopeless: float | None = None

    def judged(self, subject: Subject) -> Reason:
        value = self.value(subject)
        word = {(1, False): "at least", (1, True): "above", (-1, False): "at most"}
        threshold = f"{word[self.sign, self.strict]} {self.limit:g}"
        if value is None:
            text = f"{self.what} was not measured; it has to be {threshold}"
            return Reason(self.figure, None, threshold, Verdict.HOLD, text)
        margin = self.sign * (value - self.limit)
        met = margin > 0 if self.strict else margin >= 0
        says = Verdict.PROMOTE if met else Verdict.HOLD
        text = f"{self.what} is {value:.3g}, {'as' if met else 'not'} {threshold}"
        if self.hopeless is not None and self.sign * (value - self.hopeless) < 0:
            says = Verdict.REJECT
            text += ": that speaks against it"
        return Reason(self.figure, value, threshold, says, text)


def _low(evidence: Evidence) -> float | None:
    return evidence.around.low if evidence.around is not None else None


def _plateau(evidence: Evidence) -> float | None:
    return evidence.around.plateau if evidence.around is not None else None


def _gates(evidence: Evidence) -> float | None:
    return None if evidence.gates_hold is None else float(evidence.gates_hold)


CRITERIA: tuple[Criterion[Evidence], ...] = (
    Criterion(
        "gates",
        "the share of look-ahead and null-market gates that hold",
        _gates,
        1.0,
        hopeless=1.0,
    ),
    Criterion(
        "dsr",
        "the deflated Sharpe ratio at the effective number of trials",
        lambda e: e.dsr,
        0.95,
        hopeless=0.5,
    ),
    # Where all trials share an edge, the best of one half is no better than others on the other
    # half: this figure may keep a choice from promotion, and says nothing against it.
    Criterion("pbo", "the probability of backtest overfitting", lambda e: e.pbo, 0.10, -1),
    Criterion(
        "loss_probability",
        "the chance that the best of one half of the past loses on the other",
        lambda e: e.loss_probability,
        0.5,
        -1,
        hopeless=0.5,
    ),
    Criterion(
        "spa",
        "the p-value of superior predictive ability",
        lambda e: e.spa,
        0.05,
        -1,
        hopeless=0.5,
    ),
    Criterion(
        "path_low",
        "the 5 % quantile of the Sharpe ratios of the paths out of sample",
        lambda e: e.path_low,
        0.0,
        strict=True,
    ),
    Criterion(
        "doubled_costs", "the return at doubled costs", lambda e: e.doubled_costs, 0.0, strict=True
    ),
    Criterion("low", "the 5 % quantile of the scores around it", _low, 0.0, strict=True),
    Criterion("plateau", "the share of neighbours within 20 % of its score", _plateau, 0.5),
)
"""What a choice has to show. The tossed coins are ours: half of the neighbours, half of the halves,
and whatever is `hopeless`. The other limits are those that the sources in `core.stats` use."""


def judge(evidence: Evidence) -> Judgement:
    """Judge the evidence of a search by every criterion."""
    return judged_by(CRITERIA, evidence)


def judged_by(criteria: Sequence[Criterion[Subject]], subject: Subject) -> Judgement:
    """Judge something by other criteria."""
    reasons = [criterion.judged(subject) for criterion in criteria]
    gravest = list(_ranked(reasons))
    return Judgement(gravest[0].says, tuple(gravest))


def _ranked(reasons: list[Reason]) -> Iterator[Reason]:
    for says in (Verdict.REJECT, Verdict.HOLD, Verdict.PROMOTE):
        yield from (reason for reason in reasons if reason.says is says)

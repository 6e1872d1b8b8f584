"""GO or NO-GO: every criterion of a rodage, and what they come to together."""

from collections.abc import Sequence

from thunes.ops.criteria_of_running import of_running
from thunes.ops.criteria_of_trading import of_trading
from thunes.ops.evidence import Criterion, Evidence, Verdict


def judge(found: Evidence) -> list[Criterion]:
    """Every criterion, in the order of its number."""
    return sorted([*of_running(found), *of_trading(found)], key=lambda each: each.number)


def decision(criteria: Sequence[Criterion]) -> Verdict:
    """GO where nothing says NO-GO; what was not measured is for people to weigh."""
    failed = any(each.verdict is Verdict.NO_GO for each in criteria)
    return Verdict.NO_GO if failed else Verdict.GO

"""The forms in which sets are run: with and without the rules that nobody asked for, plain and
compiled, they tell the same to the bit."""

from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.runtime.worlds import SYMBOLS, Case, market
from tests.screen.test_screen import PAIRS, bars_of, terms
from tests.screen.worlds import screened_cases
from thunes.compose.screened import terms_of
from thunes.compose.strategies import load_kind
from thunes.core.domain.errors import DataError
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import Money
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.strategy.catalog import build
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.screen import Screened, screen, trace
from thunes.research.sweep import events, job
from thunes.research.sweep.terms import Terms

D = Decimal
FORM_OF = job.form_of
FEW_LIMITS = (WIDE_OPEN, Limits(min_notional=Money(D(300)), order_size=Money(D(9_000))))
LEVELS = ExitPlan(
    stop_distance=D("0.01"),
    targets=(TargetLevel(D("0.02"), D("0.5")),),
    trail_distance=D("0.012"),
    trail_after=1,
)


def assert_same(one: Screened, other: Screened) -> None:
    for name in Screened.__dataclass_fields__:
        if name not in ("strategies", "doubts", "daily"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.doubts == other.doubts


@st.composite
def plain_cases(draw: st.DrawFn) -> Case:
    """Cases that ask for no more than the leaner form knows."""
    case = draw(screened_cases())
    sizing = draw(st.sampled_from(["all_cash", "fixed:100", "fixed:2500.5", "quantity:3.7"]))
    only = structs.replace(
        case.spec,
        sizing=parse_sizing(sizing),
        limits=draw(st.sampled_from(FEW_LIMITS)),
        exits=ExitPlan(),
        entry_cap=None,
        costs=structs.replace(
            case.spec.costs, fee_asset=draw(st.sampled_from(["quote", "received"]))
        ),
    )
    return Case(only, case.columns, case.world)


@settings(max_examples=150)
@given(plain_cases())
def test_without_the_rules_that_nobody_asked_for_it_makes_the_same_trades(case: Case) -> None:
    spec = case.spec.strategies[0]
    assume("true" not in spec.parameters.values())  # signals with stops ask for all rules
    strategy = build(load_kind(spec.source)[0], spec.parameters)
    assert isinstance(strategy, SignalStrategy)
    bars, asked = bars_of(case.columns), terms_of(case.spec, case.world)
    leaner = [False]

    def every_rule(plain: bool, compiled: bool) -> job.Runs:
        leaner[0] = plain
        return FORM_OF(False, compiled)

    try:
        lean, its_fills = trace(bars, strategy, asked)
    except DataError:
        assume(False)
    with patch.object(job, "form_of", every_rule):
        full, fills = trace(bars, strategy, asked)
    assert leaner[0]
    assert its_fills == fills
    assert_same(lean, full)


@pytest.mark.parametrize(
    "changed",
    [
        {"exits": LEVELS},
        {"exits": ExitPlan(targets=LEVELS.targets)},
        {"entry_cap": D("0.01")},
        {"sizing": parse_sizing("equity:25%")},
        {"limits": Limits(max_positions=1)},
        {"limits": Limits(loss_cool_down_s=3_600)},
        {"limits": Limits(signal_cool_down_s=3_600)},
        {"limits": Limits(daily_loss_share=D("0.02"))},
        {"limits": Limits(drawdown_limit=D("0.1"))},
        {"limits": Limits(total_exposure=D("0.5"))},
        {"limits": Limits(loss_per_trade=Money(D(10)))},
    ],
)
def test_terms_that_ask_for_a_rule_are_run_by_every_rule(changed: dict[str, object]) -> None:
    asked, forms = replace(terms(), **changed), []  # type: ignore[arg-type]

    def seen(plain: bool, compiled: bool) -> job.Runs:
        forms.append(plain)
        return FORM_OF(plain, compiled)

    bars = bars_of({SYMBOLS[0]: market(3, 300)})
    with patch.object(job, "form_of", seen):
        screen(bars, PAIRS, terms())
        screen(bars, PAIRS, asked)
    assert forms == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed", [{}, {"exits": LEVELS}, {"sizing": parse_sizing("equity:25%")}], ids=str
)
def test_compiled_it_computes_the_same(
    changed: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = bars_of({symbol: market(5 + n, 2_500) for n, symbol in enumerate(SYMBOLS)})
    asked: Terms = replace(terms(SYMBOLS, "fixed:2500"), **changed)  # type: ignore[arg-type]
    monkeypatch.setattr(job, "COMPILE_FROM", 10**9)
    monkeypatch.setattr(events, "COMPILE_FROM", 10**9)
    plain = screen(bars, PAIRS, asked)
    monkeypatch.setattr(job, "COMPILE_FROM", 0)
    monkeypatch.setattr(events, "COMPILE_FROM", 0)
    assert_same(plain, screen(bars, PAIRS, asked))
    assert plain.trades.sum() > 50

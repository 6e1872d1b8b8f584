"""The screen makes the trades of the engine, over random strategies, markets, costs and limits."""

import pytest
from hypothesis import assume, given, settings

from tests.runtime.test_determinism import plain
from tests.runtime.worlds import Case
from tests.screen.worlds import screened_cases
from thunes.compose import screened
from thunes.compose.screened import confirm
from thunes.core.domain.errors import DataError, UsageError
from thunes.research.agreement import ScreenDisagrees
from thunes.research.screen import Fill


@settings(max_examples=150)
@given(screened_cases())
def test_the_screen_makes_the_trades_of_the_engine(case: Case) -> None:
    try:
        confirm(case.spec, case.columns, case.world)
    except DataError as error:
        assume("give more bars" not in str(error))
        raise
    except UsageError as error:
        assume("cannot be screened to its end" not in str(error))
        raise


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"price": 1.0}, "The rule: an entry fills at the next open, moved against us"),
        ({"quantity": 7.5}, "The rule: an entry is sized by the rule of sizing"),
        ({"row": 1}, "The rule: an entry fills at the next open, moved against us"),
    ],
)
def test_another_trade_is_told_with_both_sides_and_the_rule(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, float], said: str
) -> None:
    case = plain("cross")
    honest = screened.trace
    kept = confirm(case.spec, case.columns, case.world).fills
    assert len(kept) > 4

    def cheats(*args: object) -> tuple[object, list[Fill]]:
        found, fills = honest(*args)  # type: ignore[arg-type]
        return found, [fills[0]._replace(**changed), *fills[1:]]  # type: ignore[arg-type]

    monkeypatch.setattr(screened, "trace", cheats)
    with pytest.raises(ScreenDisagrees, match=said) as caught:
        confirm(case.spec, case.columns, case.world)
    assert "fill 1 differs. The screen: buy" in str(caught.value)
    assert "the engine: buy" in str(caught.value)


def test_a_trade_too_many_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    case, honest = plain("cross"), screened.trace
    monkeypatch.setattr(screened, "trace", lambda *args: (honest(*args)[0], honest(*args)[1][:-1]))
    with pytest.raises(ScreenDisagrees, match="The screen: none; the engine: "):
        confirm(case.spec, case.columns, case.world)

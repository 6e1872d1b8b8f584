"""The screen makes the trades of the engine, over random strategies, markets, costs and limits."""

from collections import Counter

import pytest
from hypothesis import assume, given, settings

from tests.runtime.worlds import Case
from tests.screen.worlds import screened_cases
from thunes.compose.screened import confirm
from thunes.core.domain.errors import DataError, UsageError


@settings(max_examples=300)
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

"""Every planted bug is found, by a seed that is clean without it."""

import json

import pytest

from tests.mutants.__main__ import FOUND
from tests.mutants.hunt import clean, look
from tests.mutants.mutant import Mutant
from tests.mutants.planted import MUTANTS
from thunes.core.risk.limits import Limits

SEEDS: dict[str, int] = json.loads(FOUND.read_text("utf-8"))
SPARE = range(1, 61)


def test_there_are_many() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30
    assert list(SEEDS) == [mutant.name for mutant in MUTANTS], "make mutants finds their seeds"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    """By the seed that found it last, or by another one, for other code lives other lives."""
    for seed in (SEEDS[mutant.name], *SPARE):
        if look(mutant, seed) is not None and clean(seed, mutant.profile):
            return
    pytest.fail(f"{mutant.name}: no seed finds it any more; see `make mutants`")


def test_a_bug_is_gone_when_it_is_not_planted() -> None:
    function = "thunes.core.risk.limits:Limits.watches_equity"
    mutant = Mutant("always", "", function, "limit is not None", "True")
    assert not Limits().watches_equity
    with mutant.planted():
        assert Limits().watches_equity
    assert not Limits().watches_equity


def test_a_patch_that_fits_nothing_is_refused() -> None:
    mutant = Mutant("stale", "", "thunes.core.engine:Engine.step", "no such words", "")
    with pytest.raises(AssertionError, match="renewed"):
        mutant.source()

"""The corpus: every case in tests/seeds that broke something once is clean, for ever."""

from pathlib import Path

import pytest

from thunes.simulation.corpus import encode_regression, read_regression, regression_of

SEEDS = sorted((Path(__file__).parents[1] / "seeds").glob("*.json"))


@pytest.mark.parametrize("path", SEEDS, ids=[path.stem for path in SEEDS])
def test_what_broke_once_is_clean(path: Path) -> None:
    case, regression = read_regression(path)
    found = case.run().broken
    assert not found, f"{regression.broke} ({regression.said}) once, now {found[0]}"


@pytest.mark.parametrize("path", SEEDS, ids=[path.stem for path in SEEDS])
def test_a_file_is_written_as_it_is_read(path: Path) -> None:
    case, kept = read_regression(path)
    again = regression_of(case, kept.broke, kept.said)
    assert encode_regression(again) == path.read_bytes()

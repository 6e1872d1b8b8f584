"""Consent: kept for exactly what was agreed to, and for its time."""

from decimal import Decimal
from pathlib import Path

import pytest

from thunes.compose.consent import Terms, doubt, give
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant

TERMS = Terms("binance", "0a1b", "digest", Decimal("50.0"), "USDT")
NOW, UNTIL = Instant(10**18), Instant(2 * 10**18)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    give(tmp_path, TERMS, NOW, UNTIL)
    return tmp_path


def test_the_sentence_names_venue_key_and_loss() -> None:
    said = "trade real money at binance with key 0a1b, losing up to 50 USDT a day"
    assert TERMS.sentence == said


def test_it_counts_from_its_time_until_its_end(given: Path) -> None:
    assert doubt(given, TERMS, NOW) == ""
    assert doubt(given, TERMS, Instant(UNTIL - 1)) == ""
    assert "has ended, with its checklist" in doubt(given, TERMS, UNTIL)


def test_a_clock_that_was_set_back_makes_it_last_no_longer(given: Path) -> None:
    assert "the clock was set back" in doubt(given, TERMS, Instant(NOW - 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"venue": "another"}, "something else was agreed to"),
        ({"key": "0a1c"}, "another key"),
        ({"daily_loss": Decimal(51)}, "another loss of a day"),
        ({"quote": "EUR"}, "something else was agreed to"),
        ({"configuration": "other"}, "with another configuration"),
    ],
)
def test_it_counts_for_nothing_else(given: Path, change: dict[str, object], said: str) -> None:
    assert said in doubt(given, TERMS._replace(**change), NOW)  # type: ignore[arg-type]


def test_none_and_one_that_is_damaged(tmp_path: Path) -> None:
    assert doubt(tmp_path / "none", TERMS, NOW) == "nobody has agreed to it yet"
    (tmp_path / "consent.json").write_text('{"sentence": 1}')
    assert "cannot be read" in doubt(tmp_path, TERMS, NOW)


def test_a_place_that_cannot_keep_it() -> None:
    with pytest.raises(ThunesError, match="cannot be written"):
        give(Path("/proc/none"), TERMS, NOW, UNTIL)

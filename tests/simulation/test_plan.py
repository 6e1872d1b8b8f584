"""Plans say what befalls a run; what is wrong with one is told all at once."""

from pathlib import Path

import pytest

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault, FaultBox
from thunes.simulation.plan import read_plan, shipped_plan

HOUR = 3_600 * NS_PER_SECOND


def test_what_is_planned_strikes_at_its_time() -> None:
    box = FaultBox(shipped_plan(Instant(0)), Chance(1))
    first = box.wait_ns(Fault.CRASH, Instant(0))
    assert first == 6.75 * HOUR
    assert box.wait_ns(Fault.CRASH, Instant(int(6.75 * HOUR))) == 24 * HOUR
    assert box.wait_ns(Fault.CRASH, Instant(10 * HOUR)) == 20.75 * HOUR
    box.heal()
    assert box.wait_ns(Fault.CRASH, Instant(10 * HOUR)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fault]]\nfault = 'rain'", "is none of"),
        ("[[fault]]\nfault = 'disk'\nevery_h = 1", "is none of"),
        ("[[fault]]\nfault = 'crash'\nchance = 0.1", "by the clock"),
        ("[[fault]]\nfault = 'crash'", "needs every_h"),
        ("[[fault]]\nfault = 'crash'\nevery_h = 0", "must lie from"),
        ("[[fault]]\nfault = 'answer lost'\nchance = 2", "must lie from"),
        ("[[fault]]\nfault = 'answer lost'\nchance = true", "not a number"),
        ("[[fault]]\nfault = 'answer lost'\nevery_h = 2", "by the occasion"),
        ("[[fault]]\nfault = 'crash'\nevery_h = 1\nhow = 2", "there is no how"),
        ("[[fault]]\nfault='crash'\nevery_h=1\n[[fault]]\nfault='crash'\nevery_h=2", "twice"),
        ("fault = 3", "a list of"),
        ("[faults]", "a list of"),
        ("= 3", "not TOML"),
    ],
)
def test_a_wrong_plan_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_plan(path, Instant(0))
    assert "plan.toml" in str(caught.value)


def test_every_fault_of_a_plan_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("[[fault]]\nfault = 'rain'\n[[fault]]\nfault = 'crash'")
    with pytest.raises(UsageError) as caught:
        read_plan(path, Instant(0))
    assert "fault 1" in str(caught.value)
    assert "fault 2" in str(caught.value)

"""Days lived in seconds: the journal holds, the verdict follows from the numbers."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.ops.rehearsals import CONFIG, PLAN, asked
from thunes.adapters.storage.reading import read_steps
from thunes.cli import app
from thunes.cli.flags import RunFlags
from thunes.cli.lived import _evidence, _rodage, live_asked
from thunes.compose.parity import Second, parity
from thunes.compose.rodage import live_through
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.fact import Difference
from thunes.core.domain.mode import Cause as ModeCause
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant
from thunes.ops.audit import verify
from thunes.ops.evidence import Criterion, Evidence, Verdict
from thunes.ops.go_no_go import decision, judge
from thunes.ops.parity_terms import Cause
from thunes.ops.seven_days import short_record
from thunes.ops.uptime import Gap, gaps, recoveries
from thunes.simulation.notes import Happened, Note
from thunes.simulation.verdict import Broken

S = NS_PER_SECOND


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """F213: an hour under faults, and its five quiet minutes."""
    folder = tmp_path_factory.mktemp("hour")
    journal = folder / "state" / "journal"
    lived = live_through(_rodage(asked(folder, 65 / 60, seed=3)), journal)
    return _evidence(lived, journal, reported=False)


def rows(found: Evidence) -> dict[str, Criterion]:
    return {each.name: each for each in judge(found)}


def test_an_hour_is_lived_through_without_a_broken_invariant(hour: Evidence) -> None:
    said = rows(hour)
    failed = [name for name, each in said.items() if each.verdict is Verdict.NO_GO]
    assert set(failed) <= {"Duration", "Uptime", "Parity: fills within the model"}
    assert hour.seen.clean
    assert hour.seen.deaths >= 1
    assert hour.drill.at is not None
    assert said["Kill switch: drill"].verdict is Verdict.GO
    assert said["Data lost"].verdict is Verdict.GO
    assert said["Processes that ended by themselves"].verdict is Verdict.GO


def test_five_minutes_are_lived_through(tmp_path: Path) -> None:
    """F213: five minutes under faults, and five quiet ones; its journal is whole."""
    page = tmp_path / "five.html"
    assert not live_asked(asked(tmp_path, 10 / 60, report=page))  # far from a week
    journal = tmp_path / "state" / "journal"
    assert verify(journal).ok
    assert "NO-GO" in page.read_text()
    with pytest.raises(ThunesError, match="exists already"):
        live_asked(asked(tmp_path, 10 / 60))


@pytest.mark.parametrize("seed", [11, 12])
def test_each_difference_of_a_faulty_run_has_a_cause(tmp_path: Path, seed: int) -> None:
    live_asked(asked(tmp_path, 2.5, seed=seed))
    found = parity(tmp_path / "state" / "journal", None, True, Second())
    assert found.holds
    assert found.mismatches, "a plan as hard as this leaves traces"
    assert all(isinstance(each.cause, Cause) and each.why for each in found.mismatches)


def test_the_same_seed_writes_the_same_journal(tmp_path: Path) -> None:
    journals = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        live_through(_rodage(asked(folder, 0.3)), folder / "journal")
        journals.append([data for _, data in read_steps(folder / "journal")])
    assert journals[0] == journals[1]


def changed(found: Evidence, **fields: Any) -> Evidence:
    return replace(found, **fields)


WORSE: list[tuple[str, Callable[[Evidence], Evidence]]] = [
    ("Uptime", lambda e: changed(e, gaps=[Gap(e.start, Instant(e.start + 60 * S), "crash")])),
    (
        "Reconnections",
        lambda e: changed(e, notes=[Note(e.start, Happened.RECONNECTED)] * 35),
    ),
    (
        "Processes that ended by themselves",
        lambda e: changed(e, notes=[Note(e.start, Happened.DIED, "AssertionError: x")]),
    ),
    ("Memory", lambda e: changed(e, memory_bytes=1_000_000_001)),
    ("Data lost", lambda e: changed(e, bars=e.bars + 1)),
    (
        "Invariants (out of step with the exchange)",
        lambda e: changed(e, seen=_with(e.seen, broken=(Broken("S2", "twice", e.start),))),
    ),
    (
        "Worst time without a stop",
        lambda e: changed(e, seen=_with(e.seen, times={"naked": (91.0,)})),
    ),
    (
        "Requests that failed without a fault of the plan",
        lambda e: changed(e, notes=[], days=_days(e, failed_at=[e.start])),
    ),
    (
        "Kill switch: unexplained triggers",
        lambda e: changed(e, days=_days(e, halts=[(e.start, ModeCause.INVARIANT_BROKEN)])),
    ),
    (
        "Reconciliation: mismatches",
        lambda e: changed(e, days=_days(e, differences={Difference.PHANTOM: 1}, stale=0)),
    ),
    ("Kill switch: drill", lambda e: changed(e, drill=_drilled("bought while it was thrown"))),
    (
        "Connected again after each disconnection",
        lambda e: changed(e, notes=[Note(e.start, Happened.STRUCK, "stream disconnected")]),
    ),
    ("Orders that fail a filter (-1013)", lambda e: changed(e, days=_days(e, codes={-1013: 1}))),
]


def _drilled(*wrong: str) -> Any:
    return SimpleNamespace(at=Instant(0), held="BTCUSDT", wrong=list(wrong))


def _with(value: Any, **fields: Any) -> Any:
    from msgspec.structs import replace as with_fields

    return with_fields(value, **fields)


def _days(found: Evidence, **fields: Any) -> Any:
    from collections import Counter

    made = replace(found.days)
    for name, value in fields.items():
        setattr(made, name, Counter(value) if isinstance(value, dict) else value)
    return made


@pytest.mark.parametrize("place", range(len(WORSE)))
def test_what_is_beyond_its_limit_is_a_no_go(hour: Evidence, place: int) -> None:
    name, spoil = WORSE[place]
    worse = spoil(hour)
    assert rows(worse)[name].verdict is Verdict.NO_GO
    assert decision(judge(worse)) is Verdict.NO_GO


def test_our_own_refusals_are_no_rejections(hour: Evidence) -> None:
    """F417: what risk refuses has never been an order."""
    days = replace(hour.days, days={1: replace(next(iter(hour.days.days.values())))})
    days.days[1].orders, days.days[1].rejected, days.days[1].refused_by_risk = 100, 1, 5_000
    name = "Orders rejected by the exchange"
    assert rows(changed(hour, days=days))[name].verdict is Verdict.GO
    days.days[1].rejected = 2
    assert rows(changed(hour, days=days))[name].verdict is Verdict.NO_GO


def test_a_week_without_a_fault_found_is_a_go(hour: Evidence) -> None:
    week = changed(hour, end=Instant(hour.start + 7 * NS_PER_DAY), gaps=[])
    week.days.days[0] = replace(next(iter(hour.days.days.values())), trades=5)
    failed = [each.name for each in judge(week) if each.verdict is Verdict.NO_GO]
    assert failed in ([], ["Parity: fills within the model"])


def test_uptime_is_counted_by_intervals() -> None:
    """F416: a share and the longest gap, whatever began it."""
    notes = [
        Note(Instant(0), Happened.STARTED),
        Note(Instant(2 * S), Happened.READY),
        Note(Instant(100 * S), Happened.DIED, "Crash"),
        Note(Instant(105 * S), Happened.STARTED),
        Note(Instant(110 * S), Happened.READY),
        Note(Instant(200 * S), Happened.HUNG),
        Note(Instant(207 * S), Happened.WOKE),
        Note(Instant(300 * S), Happened.DIED, "Crash"),
    ]
    found = gaps(notes, Instant(0), Instant(310 * S))
    assert [gap.seconds for gap in found] == [2.0, 10.0, 7.0, 10.0]


def test_a_stroke_is_recovered_from_or_not() -> None:
    name = "stream disconnected"
    struck = Note(Instant(10 * S), Happened.STRUCK, name)
    assert list(recoveries([struck], name)) == [None]
    well = Note(Instant(14 * S), Happened.RECONNECTED)
    assert list(recoveries([struck, well], name)) == [4.0]
    assert list(recoveries([struck, well], "bars late")) == []


def test_seven_days_show_next_to_nothing() -> None:
    """The figures of the literature for a week: 7.2, 46 % by luck, 57 % for a good one."""
    samples = [
        (Instant(day * NS_PER_DAY), Decimal(10_000 + 10 * day * (-1) ** day)) for day in range(8)
    ]
    record = short_record(samples)
    assert record.days == 7
    assert round(record.error, 2) == 7.22
    assert round(100 * record.by_luck, 1) == 45.6
    assert round(100 * record.if_good, 1) == 56.6
    assert record.low is not None
    assert record.low < record.sharpe < record.high
    assert "46%" in record.said
    wide = [(Instant(day * NS_PER_DAY), Decimal(10_000 + 100 * day + day % 2)) for day in range(8)]
    far = short_record(wide)
    assert far.low is not None
    assert far.high - far.low > 3 * (record.high - record.low)


def refused(*words: str) -> str:
    with pytest.raises(ThunesError) as caught:
        CliRunner().invoke(app, ["rodage", *words], catch_exceptions=False)
    return str(caught.value)


def test_what_cannot_be_lived_is_refused_by_name(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "new"))
    assert "too short" in refused("--hours", "0.01", *state)
    assert "give one" in refused("--tape", str(tmp_path), "--synthetic", *state)
    assert "no such folder" in refused("--tape", str(tmp_path / "none"), *state)
    assert "made-up market has" in refused("--symbol", "XUSDT", *state)
    assert "cannot be read" in refused("--faults", str(tmp_path / "none.toml"), *state)
    assert not (tmp_path / "new").exists()


@pytest.mark.real_data
def test_a_recorded_market_is_lived_through(tmp_path: Path, real_data: Path) -> None:
    folder = real_data / "binance_spot/universe_2024/15m"
    wanted = asked(tmp_path, 24, tape=folder, synthetic=False, flags=RunFlags(symbols=("SOLUSDT",)))
    live_asked(wanted)
    found = parity(tmp_path / "state" / "journal", None, True, Second())
    assert found.holds


def test_the_verb_prints_json(tmp_path: Path) -> None:
    plan, config = tmp_path / "plan.toml", tmp_path / "thunes.toml"
    plan.write_text(PLAN)
    config.write_text(CONFIG)
    words = ["rodage", "--hours", "0.2", "--symbol", "BTCUSDT", "--json", "--faults", str(plan)]
    said = CliRunner().invoke(
        app, [*words, "--config", str(config), "--state", str(tmp_path / "state")]
    )
    assert said.exit_code == 1
    told = json.loads(said.stdout)
    assert told["verdict"] == "NO-GO"
    assert {each["verdict"] for each in told["criteria"]} <= {"GO", "NO-GO", "NOT MEASURED"}

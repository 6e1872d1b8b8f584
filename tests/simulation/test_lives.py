"""What a process may die of, and what the next one must have become."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.simulation.lived import Lived
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.runtime.recovery import Recorded
from thunes.simulation.lives import Lives
from thunes.simulation.supervisor import End
from thunes.simulation.world import World

D = Decimal


def _life(lived: Lived) -> Lives:
    lives = Lives(lived.sight)
    assert not list(lives.look())
    return lives


def test_a_process_that_remembers_what_no_line_says_is_found(lived: Lived) -> None:
    lives, world = _life(lived), lived.trial.world
    lived.state.memory.peak_equity = D(1)
    found: list[tuple[str, str]] = []
    world.die("Crash")
    found.extend(lives.look())
    _starts_over(world, lambda: found.extend(lives.look()))
    assert [name for name, _ in found] == ["S34"]


@pytest.mark.parametrize(
    ("cause", "disk_failed", "expected"),
    [
        ("Crash", False, True),
        ("Stopped", True, True),
        ("Fenced", False, True),
        ("SyncFailed", True, True),
        ("ThunesError", True, True),
        ("ThunesError", False, False),
        ("DataError", True, False),
        ("LeaseHeld", False, False),
    ],
)
def test_a_process_dies_of_what_the_world_did_to_it_only(
    lived: Lived, cause: str, disk_failed: bool, expected: bool
) -> None:
    lives, world = _life(lived), lived.trial.world
    world.die(cause, "so it goes")
    world.last_end = End(cause, "so it goes", disk_failed)
    said = [f"{name}: {text}" for name, text in lives.look()]
    assert said == ([] if expected else [f"S43: a process died of {cause}: so it goes"])


def test_a_synced_line_that_a_crash_takes_is_found(lived: Lived) -> None:
    lives, journal = _life(lived), lived.trial.world.journal
    journal.synced += len(journal.lines)
    lived.trial.world.die("Crash")
    assert "S39" in [name for name, _ in lives.look()]


def _starts_over(world: World, look: Callable[[], object]) -> None:
    """What comes in the minute after a death."""
    world._live(Instant(world.agenda.now + 60 * NS_PER_SECOND), look)


def _broken_link(world: World) -> None:
    node = next(n for p, n in world.journal._platter.names.items() if p.endswith(".jsonl"))
    for content in (node.data, node.kept):
        content[len(content) // 4] ^= 1


def _other_line(world: World, change: Callable[[bytes], bytes]) -> None:
    opened = world.journal.open

    def other() -> Any:
        found = opened()
        return Recorded(found.state, [*map(change, found.lines)])

    world.journal.open = other  # type: ignore[method-assign]


def _other_schema(world: World) -> None:
    _other_line(world, lambda line: line.replace(b'"version":1', b'"version":2'))


def _other_limits(world: World) -> None:
    limits = replace(world.scene.limits, order_size=D(6))
    object.__setattr__(world.scene, "limits", limits)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_broken_link, "the journal /journal is damaged"),
        (_other_schema, "this line has version 2; this program reads 1"),
        (_other_limits, "is decided otherwise by this program"),
    ],
    ids=["S39", "S41", "S42"],
)
def test_nobody_trades_on_a_journal_of_another_making(
    lived: Lived, harm: Callable[[World], None], says: str
) -> None:
    world, ends = lived.trial.world, dict[int, str]()
    received = len(lived.sight.truth.received)
    harm(world)

    def look() -> None:
        assert world.last_end is not None
        ends[world.deaths] = f"{world.last_end.cause}: {world.last_end.text}"

    world.die("Crash")
    _starts_over(world, look)
    first, *others = ends.values()
    assert first == "Crash: "
    assert len(others) > 3
    assert not [end for end in others if not (end.startswith("DataError: ") and says in end)]
    assert world.process is None
    assert len(lived.sight.truth.received) == received

"""Every damage to a journal is found and located: exhaustively on small ones, then at random."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.journals import build, chained, put
from thunes.adapters.storage import segments as segments_module
from thunes.adapters.storage.damage import Damage, Problem
from thunes.adapters.storage.scan import scan
from thunes.adapters.storage.segments import segments

LINES = 14
NAMES = ("000001.jsonl", "000002.jsonl", "000003.jsonl")


def split(lines: list[bytes]) -> list[list[bytes]]:
    return [lines[:5], lines[5:10], lines[10:]]


def damages(directory: Path) -> list[Problem]:
    found = scan(directory)
    problems = list(found.problems)
    if not found.closed:
        last = segments(directory)[-1].path.name
        problems.append(Problem(Damage.NOT_CLOSED, last, 0, found.sequence + 1, 0, ""))
    return problems


def other_bytes(value: int) -> Iterator[int]:
    """Some bits flipped, among them that of the case, and signs that mean something here."""
    flipped = {value ^ 1, value ^ 0x20, value ^ 0x80} | set(b'\n"0')
    yield from flipped - {value}


def test_a_whole_journal_has_no_damage(tmp_path: Path) -> None:
    assert damages(put(tmp_path, split(chained(LINES)), packed=False)) == []
    assert damages(put(tmp_path, split(chained(LINES)), packed=True)) == []


def test_every_flipped_byte_of_plain_segments(tmp_path: Path) -> None:
    put(tmp_path, split(chained(LINES)), packed=False)
    sequence = 0
    for number, lines in enumerate(split(chained(LINES))):
        path = tmp_path / NAMES[number]
        data, start = path.read_bytes(), 0
        for index, line in enumerate(lines):
            for at in range(start, start + len(line)):
                for value in other_bytes(data[at]):
                    path.write_bytes(data[:at] + bytes([value]) + data[at + 1 :])
                    problems = damages(tmp_path)
                    where = f"{path.name} byte {at} -> {value}: {problems}"
                    first = problems[0]
                    assert first.file == path.name, where
                    assert first.sequence == sequence, where
                    assert first.line == index + 1, where
                    assert first.offset == start, where
            start += len(line)
            sequence += 1
        path.write_bytes(data)


@pytest.mark.parametrize("frame_bytes", [1, 300, 1 << 17])
def test_every_flipped_byte_of_compressed_segments(
    tmp_path: Path, frame_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments_module, "_FRAME_BYTES", frame_bytes)
    put(tmp_path, split(chained(LINES)), packed=True)
    for segment in segments(tmp_path)[:-1]:
        data = segment.path.read_bytes()
        table = segments_module._table(data)
        assert table is not None
        first, last = (0, 4) if segment.number == 1 else (5, 9)
        ranges = [(first, last)] * len(data)  # of a byte in the table: the whole segment
        at, sequence = 0, first
        for frame in table.frames:
            ranges[at : at + frame.bytes] = [(sequence, sequence + frame.lines - 1)] * frame.bytes
            at, sequence = at + frame.bytes, sequence + frame.lines
        for at, value in enumerate(data):
            for other in (value ^ 1, value ^ 0x80, value ^ 0xFF):
                segment.path.write_bytes(data[:at] + bytes([other]) + data[at + 1 :])
                problems = damages(tmp_path)
                where = f"{segment.path.name} byte {at} -> {other}: {problems}"
                assert problems, where
                assert problems[0].file == segment.path.name, where
                assert ranges[at][0] <= problems[0].sequence <= ranges[at][1], where
        segment.path.write_bytes(data)


@pytest.mark.parametrize("packed", [False, True])
def test_every_removed_line(tmp_path: Path, packed: bool) -> None:
    for gone in range(LINES):
        parts = [
            [line for line in part if line != chained(LINES)[gone]]
            for part in split(chained(LINES))
        ]
        first = damages(put(tmp_path, parts, packed=packed))[0]
        assert first.sequence == gone
        if gone < LINES - 1:
            assert first.damage is Damage.MISSING
            assert first.text.endswith(f"missing: {gone}")
        else:
            assert first.damage is Damage.NOT_CLOSED


@pytest.mark.parametrize("packed", [False, True])
def test_every_removed_range(tmp_path: Path, packed: bool) -> None:
    lines = chained(LINES)
    for start, end in combinations(range(LINES), 2):
        gone = lines[start:end]
        parts = [[line for line in part if line not in gone] for part in split(lines)]
        first = damages(put(tmp_path, [part for part in parts if part], packed=packed))[0]
        assert first.sequence == start
        assert first.damage is Damage.MISSING


@pytest.mark.parametrize("packed", [False, True])
def test_every_swapped_pair(tmp_path: Path, packed: bool) -> None:
    for one, two in combinations(range(LINES), 2):
        lines = chained(LINES)
        lines[one], lines[two] = lines[two], lines[one]
        problems = damages(put(tmp_path, split(lines), packed=packed))
        assert problems[0].sequence == one
        assert problems[0].damage is Damage.OUT_OF_ORDER
        assert problems[0].text == f"line {two} stands where line {one} belongs"
        assert problems[0].file.startswith(NAMES[one // 5])
        assert problems[0].line == one % 5 + 1
        assert all(problem.damage is not Damage.MISSING for problem in problems)


@pytest.mark.parametrize("packed", [False, True])
def test_every_line_that_stands_twice(tmp_path: Path, packed: bool) -> None:
    for which in range(LINES):
        for place in range(which + 1, LINES + 1):
            lines = chained(LINES)
            lines.insert(place, lines[which])
            problems = damages(put(tmp_path, split(lines), packed=packed))
            assert problems[0].damage is Damage.REPEATED
            assert problems[0].sequence == place
            assert all(problem.damage is not Damage.CHANGED for problem in problems)


def test_an_invented_line_is_found(tmp_path: Path) -> None:
    other = [line.replace(b"bars_closed", b"bars_stolen") for line in chained(LINES)]
    for place in range(1, LINES - 1):
        lines = chained(LINES)
        lines.insert(place, other[place])
        assert damages(put(tmp_path, split(lines), packed=False))[0].sequence == place


def test_a_line_changed_with_its_own_hash_breaks_at_the_next(tmp_path: Path) -> None:
    from thunes.adapters.storage.chain import Kind, forge, take_apart

    lines = chained(LINES)
    seal = take_apart(lines[6][:-1]).seal
    assert seal is not None
    lines[7], _ = forge(seal, 7, Kind.STEP, b'{"event":"never"}')
    problems = damages(put(tmp_path, split(lines), packed=False))
    assert [(problem.sequence, problem.damage) for problem in problems] == [(8, Damage.CHANGED)]


@pytest.mark.parametrize("packed", [False, True])
def test_a_missing_segment_is_named_with_its_lines(tmp_path: Path, packed: bool) -> None:
    put(tmp_path, split(chained(LINES)), packed=packed)
    segments(tmp_path)[1].path.unlink()
    problems = damages(tmp_path)
    assert (problems[0].damage, problems[0].file) == (Damage.MISSING, "000002.jsonl")
    assert problems[1].text == "before line 10, missing: 5 to 9"


def test_a_removed_tail_of_a_closed_journal_is_found(tmp_path: Path) -> None:
    put(tmp_path, split(chained(LINES))[:2], packed=False)
    assert [problem.damage for problem in damages(tmp_path)] == [Damage.NOT_CLOSED]


def test_every_cut_of_the_last_segment(tmp_path: Path) -> None:
    put(tmp_path, split(chained(LINES)), packed=False)
    path = tmp_path / NAMES[2]
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        whole = data[:length].count(b"\n")
        problems = damages(tmp_path)
        torn = bool(data[:length]) and not data[:length].endswith(b"\n")
        assert problems[0].damage is (Damage.TORN if torn else Damage.NOT_CLOSED)
        assert problems[0].sequence == 10 + whole


@pytest.mark.parametrize("keep", [0, 1, 40, 200])
def test_a_cut_compressed_segment(tmp_path: Path, keep: int) -> None:
    put(tmp_path, split(chained(LINES)), packed=True)
    path = segments(tmp_path)[1].path
    path.write_bytes(path.read_bytes()[:keep])
    problems = damages(tmp_path)
    assert problems[0].file == path.name
    assert problems[0].sequence == 5


def test_a_flood_of_damage_is_cut_short(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_bytes(chained(LINES)[3] * 5_000)
    problems = scan(tmp_path).problems
    assert problems[-1].damage is Damage.TOO_MANY
    assert len(problems) < 1_010


edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "remove", "swap", "repeat", "cut"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, packed=st.booleans(), border=st.integers(1, 28))
def test_any_mix_of_damage_is_found(
    tmp_path: Path, edits: list[tuple[str, int, int]], packed: bool, border: int
) -> None:
    """The first place where the bytes differ from those written is the first that is named."""
    original = chained(30)
    lines = list(original)
    for what, one, two in edits:
        edit(lines, what, one, two)
    put(tmp_path, [part for part in (lines[:border], lines[border:]) if part], packed=packed)
    problems = damages(tmp_path)
    if lines == original:
        assert problems == []
        return
    first = next(
        (at for at, (a, b) in enumerate(zip(lines, original, strict=False)) if a != b),
        min(len(lines), len(original)),
    )
    assert problems[0].sequence == first


def edit(lines: list[bytes], what: str, one: int, two: int) -> None:
    if len(lines) < 2:
        return
    at, other = one % len(lines), two % len(lines)
    match what:
        case "flip":
            line = bytearray(lines[at])
            line[two % (len(line) - 1)] ^= 1 << one % 8
            lines[at] = bytes(line)
        case "remove":
            del lines[at]
        case "swap":
            lines[at], lines[other] = lines[other], lines[at]
        case "repeat":
            lines.insert(other, lines[at])
        case "cut":
            del lines[max(at, 1) :]


def test_a_journal_as_written_is_whole_however_it_is_rotated(tmp_path: Path) -> None:
    for size in (1, 300, 1_000, 1 << 20):
        found = scan(build(tmp_path / str(size), 40, size))
        assert found.problems == ()
        assert (found.lines, found.closed) == (42, True)

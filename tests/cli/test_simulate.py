"""`thunes simulate`: what it prints, what it keeps, and what it says to bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import Ask
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation import case as cases
from thunes.simulation.faults import Fault
from thunes.simulation.profiles import quiet
from thunes.simulation.verdict import Broken, Verdict

FEW = "simulate --jobs 1 --minutes 8"
CLEAN = f"{FEW} --profile quiet"
BROKEN = f"{FEW} --profile crash"
KEYS = (
    "profile minutes start asked complete seeds simulated_days steps steps_per_s faults crashes "
    "checks violations bound_95 broken duplicates seconds probes probes_missed trace"
)
MIDNIGHT = Instant(1_704_153_600 * NS_PER_SECOND)

run_truly = cases.run_seed


def run_doctored(
    seed: int, profile: str, minutes: int = 60, without: frozenset[Fault] = frozenset()
) -> Verdict:
    """As if every crash broke an invariant."""
    verdict = run_truly(seed, profile, minutes, without)
    crashes = verdict.faults.get(Fault.CRASH.value, 0)
    broken = (Broken("S99", f"{crashes} > 0 [on purpose]", MIDNIGHT),) if crashes else ()
    return replace(verdict, broken=broken)


@pytest.fixture
def doctored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "run_seed", run_doctored)


def names(room: Path) -> set[str]:
    found = {str(each.relative_to(room)) for each in room.rglob("*")}
    return found - {"BTCUSDT_1h.parquet"}


def words(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def test_clean_seeds_are_told_in_one_table(ask: Ask, room: Path) -> None:
    answer = ask(f"{CLEAN} --seeds 3 --start 5")
    assert answer.code == 0, answer
    said = words(answer.out)
    assert "quiet, 8 minutes a seed, from seed 5" in said
    assert "seeds 3" in said
    assert "violations 0 (95 %: at most 100.000% of seeds, 3/n)" in said
    assert names(room) == set()


def test_a_program_reads_the_same_from_any_number_of_processes(ask: Ask) -> None:
    told = []
    for jobs in (1, 2):
        answer = ask(f"simulate --seeds 6 --minutes 8 --jobs {jobs} --json")
        assert answer.code == 0, answer
        told.append(json.loads(answer.out))
        assert set(told[-1]) == set(KEYS.split())
        assert told[-1].pop("steps_per_s") > 0
    assert told[0] == told[1]
    assert told[0]["complete"]
    assert told[0]["bound_95"] == 0.5
    assert told[0]["seeds"] == 6
    assert told[0]["steps"] > 6


@pytest.mark.usefixtures("doctored")
def test_what_broke_is_told_with_what_to_do_next(ask: Ask) -> None:
    answer = ask(f"{BROKEN} --seeds 12")
    assert answer.code == 1, answer
    found = json.loads(ask(f"{BROKEN} --seeds 12 --json").out)
    seeds = [each["seed"] for each in found["broken"]]
    assert len(seeds) > 3
    first = found["broken"][0]
    assert first["invariants"][0]["name"] == "S99"
    assert first["invariants"][0]["at"] == "2024-01-02T00:00:00Z"
    assert f"seed {seeds[0]} of crash breaks S99 at 2024-01-02T00:00:00Z:" in answer.out
    assert "> 0 [on purpose]" in answer.out
    assert f"simulate --seed {seeds[0]} --profile crash --minutes 8 --explain" in answer.out
    assert "What happened last before that:\n    2024-01-0" in answer.out
    assert f"violations {len(seeds)} seeds: S99 {len(seeds)}" in words(answer.out)
    assert f"broken first, S99: seeds {', '.join(map(str, seeds))}" in answer.out
    told = ask(f"{first['explain'].removeprefix('thunes ')}")
    assert told.code == 1
    assert "FAULT: crash" in told.out
    assert "the process is dead" in told.out
    assert "from now on no fault strikes" in told.out


@pytest.mark.usefixtures("doctored")
def test_a_failure_is_cut_down_and_kept_for_ever(
    ask: Ask, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads(ask("simulate --seeds 8 --jobs 1 --profile crash --minutes 20 --json").out)
    seed = found["broken"][0]["seed"]
    line = f"simulate --seed {seed} --profile crash --minutes 20 --shrink --into kept"
    answer = ask(line)
    assert answer.code == 1, answer
    path = f"kept/s99_crash_{seed}.json"
    assert f"written: {path}" in answer.out
    kept = json.loads((room / path).read_text())
    assert kept["minutes"] < 20
    assert set(kept["without"]) == {f.value for f in Fault if f is not Fault.CRASH}
    assert (kept["schema"], kept["expected"], kept["broke"]) == (1, "clean", "S99")
    assert "with these faults: crash" in answer.out
    again = ask(f"simulate --replay {path} --explain")
    assert again.code == 1
    assert "FAULT: crash" in again.out
    assert f"thunes simulate --replay {path} --explain" in again.out
    monkeypatch.setattr(cases, "run_seed", run_truly)
    assert "clean" in ask(f"simulate --replay {path}").out
    (room / "kept/other.json").write_bytes((room / path).read_bytes())
    assert "2 regressions: 2 clean, 0 broken" in ask("simulate --replay kept").out
    assert [each["clean"] for each in json.loads(ask("simulate --replay kept --json").out)] == [
        True,
        True,
    ]


def test_the_page_keeps_one_section_for_each_profile(ask: Ask, room: Path) -> None:
    for profile, seeds in (("quiet", 2), ("swarm", 3), ("quiet", 4)):
        line = f"{FEW} --seeds {seeds} --profile {profile} --table docs/reliability.md"
        assert ask(line).code == 0
    page = (room / "docs/reliability.md").read_text()
    assert page.count("# Reliability") == 1
    assert page.count("## Profile quiet") == page.count("## Profile swarm") == 1
    assert "| seeds | 4 |" in page.split("## Profile swarm")[0]
    assert "| seeds | 3 |" in page.split("## Profile swarm")[1]
    assert "`thunes simulate --seeds 4 --start 1 --profile quiet --minutes 8 --table docs" in page
    again = ask(f"{FEW} --seeds 3 --profile swarm --table docs/reliability.md")
    assert again.code == 0
    assert (room / "docs/reliability.md").read_text() == page


WRONG = {
    "--profile nope": "profile 'nope' is none of",
    "--seed 1 --profile nope": "profile 'nope' is none of",
    "--seeds 0": "'--seeds': Input should be greater than or equal to 1",
    "--seeds x": "'--seeds': Input should be a valid integer",
    "--start -1": "'--start': Input should be greater than or equal to 0",
    "--jobs 0": "'--jobs': Input should be greater than or equal to 1",
    "--minutes 5": "Input should be greater than or equal to 6",
    "--minutes 100001": "Input should be less than or equal to 100000",
    "--seed -1": "Input should be greater than or equal to 0",
    "--explain": "--explain tells the story of one seed: give --seed N or --replay FILE",
    "--shrink": "--shrink cuts one seed down: give --seed N",
    "--seed 1 --shrink --explain": "give --seed N, and no --explain",
    "--seed 1 --seeds 2": "--seeds is for many seeds",
    "--seed 1 --jobs 2": "--jobs is for many seeds",
    "--seed 1 --table x.md": "--table is for many seeds",
    "--replay x --seed 1": "--replay: the file says which seed",
    "--replay x --profile dense": "--replay: the file says which seed",
    "--replay none.json": "there is no none.json; name a file that --shrink wrote",
    "--replay .": ". holds no regression; --shrink writes one",
    "--table .": "--table: . is not a plain file",
    "--table BTCUSDT_1h.parquet/x": "--table: BTCUSDT_1h.parquet is not a directory",
    "--seed 1 --minutes 6 --profile quiet --shrink": "there is nothing to shrink",
    "--seed 1 --shrink --into BTCUSDT_1h.parquet": "is a file",
    "more": "unexpected extra argument",
}


@pytest.mark.parametrize("flags", WRONG)
def test_what_is_asked_wrongly_is_told_before_anything_runs(
    flags: str, ask: Ask, room: Path
) -> None:
    answer = ask(f"simulate {flags}")
    assert answer.code == 2, answer
    assert WRONG[flags] in words(answer.err)
    assert answer.out == ""
    assert names(room) == set()


GOOD = (
    '{"schema": 1, "seed": 3, "profile": "quiet", "minutes": 6, "without": [], '
    '"expected": "clean", "broke": "S4", "said": "x"}'
)
BAD_FILES: dict[str, tuple[str, str]] = {
    "empty": ("", "is damaged or not a regression"),
    "text": ("hello", "is damaged or not a regression"),
    "cut off": (GOOD[:60], "is damaged or not a regression"),
    "a list": ("[]", "is damaged or not a regression"),
    "no schema": ('{"seed": 3}', "missing required field `schema`"),
    "older": (GOOD.replace('"schema": 1', '"schema": 0'), "is of schema 0, but this program reads"),
    "newer": (GOOD.replace('"schema": 1', '"schema": 2'), "run it with the THUNES that wrote it"),
    "wrong type": (GOOD.replace('"seed": 3', '"seed": "3"'), "Expected `int`, got `str`"),
    "field lost": (GOOD.replace('"seed": 3, ', ""), "missing required field `seed`"),
    "field too many": (GOOD.replace('"seed"', '"x": 1, "seed"'), "unknown field `x`"),
    "no such profile": (GOOD.replace("quiet", "nope"), "profile 'nope' is none of"),
    "no such fault": (GOOD.replace("[]", '["nope"]'), "there is no fault 'nope'"),
    "seed below 0": (GOOD.replace('"seed": 3', '"seed": -3'), "a seed below 0"),
    "too short": (GOOD.replace('"minutes": 6', '"minutes": 1'), "less than 6 minutes"),
    "too long": (GOOD.replace('"minutes": 6', '"minutes": 9999999'), "more than 100000 minutes"),
    "other end": (GOOD.replace('"clean"', '"broken"'), "anything expected but 'clean'"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_holds_no_regression(name: str, ask: Ask, room: Path) -> None:
    text, said = BAD_FILES[name]
    (room / "x.json").write_text(text, encoding="utf-8")
    answer = ask("simulate --replay x.json")
    assert answer.code == 1, answer
    assert answer.err.startswith("error: x.json")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""


def test_the_file_that_the_bad_ones_were_made_of_is_good(ask: Ask, room: Path) -> None:
    (room / "x.json").write_text(GOOD, encoding="utf-8")
    assert ask("simulate --replay x.json").code == 0


def test_bytes_that_are_no_text(ask: Ask, room: Path) -> None:
    (room / "x.json").write_bytes(b'{"schema": 1, "said": "\xff"}')
    answer = ask("simulate --replay x.json")
    assert answer.code == 1
    assert "is damaged or not a regression" in answer.err


def test_more_jobs_than_cores_are_noted_not_refused(ask: Ask) -> None:
    answer = ask(f"{CLEAN.replace('--jobs 1', '--jobs 10000')} --seeds 1 --json")
    assert answer.code == 0
    cores = os.cpu_count()
    assert (
        answer.err == f"note: --jobs 10000: this machine has {cores} cores, so {cores} are used\n"
    )
    assert json.loads(answer.out)["seeds"] == 1


def test_ctrl_c_prints_what_was_found_until_then(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, room: Path
) -> None:
    def interrupted(seed: int, *rest: object) -> Verdict:
        if seed == 3:
            raise KeyboardInterrupt
        return run_truly(seed, *rest)

    monkeypatch.setattr(cases, "run_seed", interrupted)
    answer = ask(f"{CLEAN} --seeds 9 --table page.md")
    assert answer.code == 130
    assert "2 of 9 seeds were finished" in words(answer.out)
    assert answer.err == "interrupted: 2 of 9 seeds were finished\n"
    assert names(room) == set()
    found = json.loads(ask(f"{CLEAN} --seeds 9 --json").out)
    assert (found["seeds"], found["complete"]) == (2, False)


RUN = """
import signal
import thunes.cli.seeds
from thunes.cli.main import main
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("ready", flush=True)
    main()
"""


def test_ctrl_c_ends_every_process(room: Path) -> None:
    (room / "run.py").write_text(RUN, encoding="utf-8")
    line = "simulate --seeds 1000000 --jobs 2 --minutes 6"
    run = subprocess.Popen(
        [sys.executable, "-B", "run.py", *line.split()],
        cwd=room,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    time.sleep(2.0)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "of 1,000,000 seeds were finished" in words(out)
    assert "Traceback" not in err
    deadline = time.monotonic() + 20.0
    while left := alive(run.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def alive(group: int) -> list[str]:
    """The processes of a group that are not over."""
    listed = subprocess.check_output(["ps", "-A", "-o", "pgid=,stat="], text=True)
    found = [line.split() for line in listed.splitlines()]
    return [state for number, state in found if number == str(group) and state[0] != "Z"]


def test_a_disk_that_really_is_full(ask: Ask, room: Path) -> None:
    small = room / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        with (small / "filler").open("wb", buffering=0) as filler:
            filler.write(bytes(16_384))
        answer = ask(f"{CLEAN} --seeds 2 --table small/page.md")
        assert answer.code == 1, answer
        assert "error: cannot write small/page.md: No space left on device" in answer.err
        assert "seeds" in answer.out
        assert [each.name for each in small.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("line", ["simulate --seeds 1 --minutes 6", "--version"])
def test_output_that_nobody_can_keep_is_told_in_one_line(line: str) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    with full.open("w") as out:
        ended = subprocess.run(
            [sys.executable, "-c", "from thunes.cli import main; main()", *line.split()],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "error: the output could not be written: No space left on device\n"


@pytest.mark.usefixtures("doctored")
def test_a_place_that_may_not_be_written_is_told_before_the_run(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thunes.cli.seeds.os.access", lambda *_: False)
    monkeypatch.setattr(cases, "run_seed", None)
    for line in (f"{CLEAN} --table x/page.md", "simulate --seed 1 --shrink --into x/y"):
        answer = ask(line)
        assert answer.code == 1
        assert "cannot be written to" in answer.err


def test_a_quiet_world_has_no_faults(ask: Ask) -> None:
    assert not quiet().intensity
    assert json.loads(ask(f"{CLEAN} --seeds 2 --json").out)["faults"] == {}

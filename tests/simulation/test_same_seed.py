"""The same seed is the same world: in another process, with another order of every set."""

import os
import subprocess
import sys

import pytest

RUN = """
import sys
from thunes.simulation.trial import run_seed
for profile, first, last in (("swarm", 1, 140), ("crash", 141, 170), ("dense", 171, 200)):
    for seed in range(first, last + 1):
        print(profile, seed, run_seed(seed, profile, 30).trace)
"""


@pytest.mark.slow
def test_two_hundred_seeds_leave_equal_traces_in_fresh_processes() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RUN],
            env={**os.environ, "PYTHONHASHSEED": hashing},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hashing in ("1", "2")
    ]
    told = [run.communicate()[0].splitlines() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert [one for one, other in zip(*told, strict=True) if one != other] == []
    assert len(told[0]) == 200
    assert len({line.split()[-1] for line in told[0]}) == 200, "each seed is a world of its own"

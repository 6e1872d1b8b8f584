"""One process an account, wherever its state lies; and a time that nobody can set back."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountHeld, AccountLease
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import NS_PER_SECOND, Instant

HOLD = """
import sys
import time
from pathlib import Path
from thunes.adapters.lease import AccountLease
AccountLease.take("an account", Path(sys.argv[1]), Path(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


def test_whoever_else_wants_the_account_is_told_who_has_it(tmp_path: Path) -> None:
    leases = tmp_path / "leases"
    command = [sys.executable, "-c", HOLD, str(tmp_path / "one"), str(leases)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        with pytest.raises(AccountHeld, match=rf"process {one.pid} with state .*one since 20"):
            AccountLease.take("an account", tmp_path / "two", leases)
        other = AccountLease.take("another account", tmp_path / "two", leases)
        other.release()
        one.kill()
    lease = AccountLease.take("an account", tmp_path / "two", leases)
    assert lease.holds(Instant(1 << 62))
    lease.release()
    assert not lease.holds(Instant(0))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ThunesError, match="file"):
        AccountLease.take("an account", tmp_path, tmp_path / "file")


def test_the_account_is_not_told_by_the_name_of_its_file(tmp_path: Path) -> None:
    lease = AccountLease.take("canary", tmp_path, tmp_path)
    assert not [path for path in tmp_path.iterdir() if "canary" in path.name]
    lease.release()


def test_time_counts_on_by_what_the_machine_counts() -> None:
    counted = [1_000]
    clock = SystemClock((Instant(50), 1_000), speed=2.0, count=lambda: counted[0])
    assert clock.now() == 50
    counted[0] += NS_PER_SECOND
    assert clock.now() == 50 + 2 * NS_PER_SECOND
    assert clock.wait_s(Instant(50 + 4 * NS_PER_SECOND)) == 1.0
    assert clock.wait_s(Instant(0)) == 0.0


def test_a_clock_that_is_told_nothing_tells_the_time_of_now() -> None:

    before = time.time_ns()
    first, second = SystemClock(), SystemClock()
    told = first.now()
    assert before <= told <= second.now() + NS_PER_SECOND
    assert first.now() >= told

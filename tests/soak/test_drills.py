"""The drills of the bench, once each and without their times, where no other test has been there:
an account that is halted and let go on, and one that is brought back from its backup."""

from pathlib import Path

import pytest

from bench.drills import kill_switch, restored


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_while_it_is_halted_no_entry_leaves_and_every_stop_rests(tmp_path: Path) -> None:
    rows, wrong = kill_switch(tmp_path / "drill", rounds=1, bars=3)
    seen = {row.what: row.measured for row in rows}
    assert wrong == []
    assert int(seen["kill switch: entries wanted and refused"]) > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_backup_older_than_what_rests_brings_the_account_back(tmp_path: Path) -> None:
    rows, wrong = restored(tmp_path / "drill", rounds=1)
    assert wrong == []
    assert sum(row.good is True for row in rows) >= 2

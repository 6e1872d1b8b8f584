"""Sharing: everything is done once, in order, and what is raised is told."""

import threading

import pytest

from thunes.research.sweep.sharing import shared


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_each_part_is_done_once_and_told_in_order(count: int) -> None:
    assert shared(lambda part: part * 2, range(count)) == [2 * part for part in range(count)]


def test_a_thread_that_is_late_is_not_waited_for() -> None:
    here, rest = threading.get_ident(), threading.Event()

    def work(part: int) -> bool:
        if threading.get_ident() != here:
            assert rest.wait(60)
        elif part >= 48:  # the other can have but one of them
            rest.set()
        return threading.get_ident() == here

    done = shared(work, range(50))
    assert sum(done) >= 48


def test_what_a_part_raises_is_raised() -> None:
    def work(part: int) -> None:
        if part == 3:
            raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        shared(work, range(5))

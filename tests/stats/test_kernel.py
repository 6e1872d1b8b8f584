"""Kernels: when they are compiled, and by whom."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from thunes.core.stats import kernel as room
from thunes.core.stats.kernel import kernel, put_off, with_constants


@pytest.fixture
def compilers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, bool]]]:
    """Which threads have compiled, and whether what they tried it on could be written to."""
    found: list[tuple[int, bool]] = []

    def compiler(function: Callable[..., object]) -> Callable[..., object]:
        def compiled(values: np.ndarray) -> object:
            found.append((threading.get_ident(), bool(values.flags.writeable)))
            return function(values)

        return compiled

    monkeypatch.setattr(room, "compile_kernel", compiler)
    monkeypatch.setattr(room._Work, "rows", 0)
    monkeypatch.setattr(room, "COMPILE_FROM_ROWS", 10)
    yield found
    assert room._Work.waiting is None


def doubled() -> Callable[[np.ndarray], np.ndarray]:
    @kernel
    def double(values: np.ndarray) -> np.ndarray:
        values += values
        return values

    return double


def test_it_is_compiled_once_there_is_work_enough(compilers: list[tuple[int, bool]]) -> None:
    double = doubled()
    double(np.ones(9))
    assert not compilers
    double(np.ones(1))
    assert len(compilers) == 1


def test_put_off_nobody_waits_for_it(compilers: list[tuple[int, bool]]) -> None:
    double, values = doubled(), np.ones(10)
    with put_off() as compile_waiting:
        for _ in range(3):
            double(values)
        assert not compilers
        beside = threading.Thread(target=compile_waiting)
        beside.start()
        beside.join()
        ((thread, _),) = compilers
        assert thread != threading.get_ident()
        assert values.tolist() == [8.0] * 10  # what it was tried on was a copy
        double(values)
        assert len(compilers) == 2
        compile_waiting()
        assert len(compilers) == 2
    assert values.tolist() == [16.0] * 10


def test_put_off_it_is_compiled_for_what_it_was_called_with(
    compilers: list[tuple[int, bool]],
) -> None:
    values = np.ones(10)
    values.flags.writeable = False

    @kernel
    def total(values: np.ndarray) -> float:
        return float(values.sum())

    with put_off() as compile_waiting:
        assert total(values) == 10.0
        compile_waiting()
    assert [writeable for _, writeable in compilers] == [False]


def test_what_was_put_off_and_never_done_is_done_by_the_next_call(
    compilers: list[tuple[int, bool]],
) -> None:
    double = doubled()
    with put_off():
        double(np.ones(10))
    double(np.ones(10))
    assert len(compilers) == 1


LOUD = True


def call(name: str) -> str:
    return _said(name)


def _said(name: str) -> str:
    return name.upper() if LOUD else name


def test_a_constant_is_another_in_all_that_is_called_and_in_nothing_else() -> None:
    quiet = with_constants(call, LOUD=False, UNHEARD=1)
    assert quiet("thunes") == "thunes"
    assert call("thunes") == "THUNES"

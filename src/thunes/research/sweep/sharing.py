"""Sharing: work in parts, on the thread of whoever asks for it and on one beside it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 2

_Part = TypeVar("_Part")
_Done = TypeVar("_Done")


def shared(work: Callable[[_Part], _Done], parts: Sequence[_Part]) -> list[_Done]:
    """What comes of each part, in their order. Each thread takes the next one when it is free: on
    a busy machine the other may be late, and then is not waited for."""
    done: dict[int, _Done] = {}
    places = iter(range(len(parts)))

    def take() -> None:
        for place in places:
            done[place] = work(parts[place])

    if len(parts) < THREADS:
        take()
    else:
        with ThreadPoolExecutor(THREADS - 1) as others:
            beside = [others.submit(take) for _ in range(THREADS - 1)]
            take()
            for each in beside:
                each.result()
    return [done[place] for place in range(len(parts))]

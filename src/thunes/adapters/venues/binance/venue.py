"""The venue: Binance Spot as a live process needs it, on a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from thunes.adapters.venues.binance.client import Now
from thunes.adapters.venues.binance.gauged import read_gauges
from thunes.adapters.venues.binance.works import Access, Ears, Works
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant

Work = Callable[[Works], Coroutine[Any, Any, None]]


class Gone(ThunesError):
    """The thread that talks to the venue has ended, and so has to the process."""


class BinanceVenue:
    """Sends each command at most once and answers every order that it names.

    Its methods are for one other thread, and none of them waits for the venue.
    """

    def __init__(self, access: Access, ears: Ears, now: Now) -> None:
        self._access, self._ears, self._now = access, ears, now
        self._begun = threading.Event()
        self._works: Works | None = None
        self._begin: Callable[[Work], object] | None = None
        self._end: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, name="binance", daemon=True)

    def open(self) -> None:
        """Begin to connect."""
        self._thread.start()
        self._begun.wait()

    def send(self, command: VenueCommand, at: Instant) -> None:
        """Transmit a command; the venue takes it until its deadline after `at`. Raises Gone."""
        self._do(lambda works: works.carry_out(command, at))

    def ask_account(self, at: Instant, fills_since: Instant) -> None:
        """Ask for the whole account; heard as one `AccountSeen` if all of it arrives."""
        self._do(lambda works: works.look(at, fills_since))

    @property
    def gone(self) -> bool:
        """Whether it has ended, closed or by a bug of its own."""
        return self._begin is None

    def gauges(self) -> dict[str, object]:
        """How the venue is reached: numbers that another thread may be changing."""
        return {"up": False} if self._works is None or self.gone else read_gauges(self._works)

    def reconnect(self) -> None:
        """Give up every connection and dial anew."""

        async def work(works: Works) -> None:
            works.reconnect()

        self._do(work)

    def close(self) -> None:
        """Let what was sent be answered, and end."""
        end, self._begin, self._end = self._end, None, None
        if end is not None:
            end()
            self._thread.join()

    @property
    def works(self) -> Works | None:
        """What runs on its thread: another one may read the numbers in it, and nothing else."""
        return self._works

    def _do(self, work: Work) -> None:
        if self._begin is None:
            raise Gone("the connection to Binance has ended: nothing was sent")
        self._begin(work)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        finally:
            self._begin = None
            self._begun.set()

    async def _main(self) -> None:
        """A bug in anything that runs here ends all of it, and the process with it."""
        works = self._works = Works(self._access, self._ears, self._now)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                lasting = tasks.create_task(works.run())

                def begin(work: Work) -> object:
                    return loop.call_soon_threadsafe(lambda: tasks.create_task(work(works)))

                self._begin = begin
                self._end = lambda: loop.call_soon_threadsafe(stop.set)
                self._begun.set()
                await stop.wait()
                lasting.cancel()
        finally:
            await works.close()

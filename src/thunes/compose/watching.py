"""Watching: logs, metrics, schedule and supervisor around a process that trades."""

import atexit
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from thunes.adapters.clock import SystemClock
from thunes.adapters.storage.note import Note
from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.systemd import notify
from thunes.compose.live import Running, Wanted
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol
from thunes.core.stats.kernel import put_off
from thunes.ops.cycles import Cycles
from thunes.ops.jobs import Desk, Trades
from thunes.ops.jobs import Running as Strategy
from thunes.ops.logs import Logs, Output
from thunes.ops.metrics import AccountMetrics, Gaps, new_registry
from thunes.ops.metrics_server import MetricsServer
from thunes.ops.process_metrics import Health, HealthMetrics, VenueMetrics
from thunes.ops.telling import Teller
from thunes.runtime.schedule import Job, Schedule
from thunes.runtime.supervisor import Pulse, Supervisor, Task, Ways
from thunes.runtime.times import daily, every

SCHEDULE = "schedule.json"
LOG = "thunes.log"
_TURN_S = 1.0
_QUIET_BARS = 3
_LAST_S = 5.0
_COMPILER_S = 300.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What is to be watched, and when what is done. Port 0: no metrics are served."""

    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"
    daily_summary: str = "23:00"
    parameter_snapshot: str = "08:00"
    reconcile_every_s: int = 120
    signal_check_every_s: int = 300


class Watch:
    """Made before anything trades: its ears hear the venue from the first word on."""

    def __init__(self, watched: Watched, output: Output) -> None:
        """Raises ThunesError for a log that cannot be written or a port that is taken."""
        self.logs = Logs(output)
        self._watched = watched
        self._registry = new_registry()
        self.gaps = Gaps(self._registry)
        self._server: MetricsServer | None = None
        if watched.metrics_port:
            host, port = watched.metrics_host, watched.metrics_port
            self._server = MetricsServer(self._registry, host, port)

    @contextmanager
    def over(
        self, running: Running, wanted: Wanted, clock: SystemClock, beside: Sequence[Task] = ()
    ) -> Iterator[None]:
        """Watch a process from before it runs until it has ended, and what runs beside it."""
        process = running.process
        try:
            supervisor = self._supervisor(self._schedule(running, wanted, clock), running, beside)
        except ThunesError:
            running.close()
            raise
        self._measure(running, wanted, supervisor)
        engine = process.live.engine
        cycles = Cycles(self.logs, engine)
        process.live.watch(Teller(self.logs, engine).watch)
        process.around_closings(cycles)
        process.each_beat(supervisor.beat)
        process.each_beat(cycles.beat)
        supervisor.start()
        try:
            yield
        finally:
            if not supervisor.stop():
                atexit.register(leave_behind)
            if self._server is not None:
                self._server.close()

    def _measure(self, running: Running, wanted: Wanted, supervisor: Supervisor) -> None:
        live, registry, logs = running.process.live, self._registry, self.logs
        symbols: list[Symbol] = [one.symbol for one in wanted.spec.instruments]
        live.watch(AccountMetrics(registry, live.engine, "binance").watch)
        registry.register(VenueMetrics(lambda: running.venue.works, symbols))
        health = Health(
            starts=supervisor.starts,
            ages_s=supervisor.ages_s,
            log_age_s=lambda: logs.file.age_s(time.time()) if logs.file else 0.0,
            log_lost=lambda: logs.lost,
            conflated=lambda: running.process.conflated,
        )
        registry.register(HealthMetrics(health))

    def _supervisor(self, schedule: Task, running: Running, beside: Sequence[Task]) -> Supervisor:
        tasks = [schedule, Task("kernels", compile_kernels, _COMPILER_S), *beside]
        server = self._server
        if server is not None:
            tasks.append(Task("metrics", lambda pulse: server.serve(pulse.wait)))

        def degrade(why: str) -> None:
            self.logs.trouble(f"{why}; no position is opened until an operator resumes")
            act = OperatorActed(Instant(0), Cause.OPERATOR_PAUSE, "supervisor", why)
            running.process.tell(act)

        return Supervisor(
            tasks, Ways(self.logs.trouble, degrade, lambda why: end_at_once(why, self.logs), notify)
        )

    def _schedule(self, running: Running, wanted: Wanted, clock: SystemClock) -> Task:
        watched, spec = self._watched, wanted.spec
        notes = Note(wanted.directory / SCHEDULE)
        trades = Trades(wanted.directory / JOURNAL, running.process.live.engine.state.at)
        strategies = [Strategy(one.id, one.source, one.parameters) for one in spec.strategies]
        desk = Desk(
            running.process.ask,
            clock.now,
            self.logs,
            trades,
            strategies,
            max(_QUIET_BARS * spec.timeframe, 60 * NS_PER_SECOND),
        )
        jobs = (
            Job("daily_summary", daily(watched.daily_summary), "summary"),
            Job("parameter_snapshot", daily(watched.parameter_snapshot), "parameters"),
            Job("reconcile", every(watched.reconcile_every_s), "reconcile"),
            Job("signal_check", every(watched.signal_check_every_s), "signals"),
        )
        schedule = Schedule(jobs, desk.acts(), notes, clock.now, self.logs.trouble)
        running.process.live.watch(trades.watch)

        def keep_schedule(pulse: Pulse) -> None:
            while pulse.wait(min(_TURN_S, clock.wait_s(schedule.due()))):
                schedule.run_due()

        return Task("schedule", keep_schedule)


def compile_kernels(pulse: Pulse) -> None:
    """Compile what has become worth it: the acting thread would stand still for seconds."""
    with put_off() as compile_waiting:
        while pulse.wait(_TURN_S):
            compile_waiting()


def leave_behind() -> None:
    """End with what does not end still under way: the interpreter would take its thread apart in
    the middle of foreign code, which aborts."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def end_at_once(why: str, logs: Logs) -> None:
    """End without asking anybody: whoever stands still cannot answer, and the log might be what it
    stands still in."""
    last = threading.Timer(_LAST_S, os._exit, (1,))
    last.daemon = True
    last.start()
    logs.trouble(f"{why}: this process ends, the next one recovers")
    faulthandler.dump_traceback(sys.stderr, all_threads=True)
    os._exit(1)

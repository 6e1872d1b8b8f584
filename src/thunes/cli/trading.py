"""Trading: one account, from its first order until it is stopped, whosever money it is."""

import json
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import typer

from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.venues.binance.listed import listed_at
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import Gone
from thunes.compose.attended import attended
from thunes.compose.beside import Beside, kept_of
from thunes.compose.effective import edited, in_effect, note_began
from thunes.compose.live import Running, Wanted, begin, fingerprint
from thunes.compose.rules import rules_of
from thunes.compose.watching import LOG, Watch, Watched
from thunes.config import Config
from thunes.config.loading import Loaded
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome
from thunes.core.domain.units import Symbol, format_instant
from thunes.ops.commands.instance import Configuration
from thunes.ops.logs import Output
from thunes.ops.story import Storyteller, Topic

_TOLD_KEPT = 100
_TOLD = (Topic.ORDERS, Topic.TRADES, Topic.MODES)


@dataclass(frozen=True, slots=True)
class Door:
    """Where to trade (as `hosts_at` takes it), with which key and secret, and in whose time."""

    place: str
    keys: Keys
    secrets: tuple[str, str]  # what no log may tell
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Trading:
    """What is to be traded; `again` reads the configuration anew, and what was said over it."""

    loaded: Loaded
    again: Callable[[], Loaded]
    door: Door
    state: Path
    for_s: float | None = None
    as_json: bool = False


def trade(asked: Trading) -> None:
    """Trade until stopped, with whosever money it is."""
    config, door = asked.loaded.config, asked.door
    began = in_effect(asked.loaded)
    lease = AccountLease.take(f"{door.place} {fingerprint(door.keys)}", asked.state)
    try:
        listed = listed_at(door.place, [Symbol(name) for name in config.run.symbols])
        clock = SystemClock((listed.time, listed.counted), door.speed)
        watch = Watch(_watched(config), _output(asked))
        beside = Beside(asked.state, kept_of(config), watch.logs)
        wanted = Wanted(
            rules_of(asked.loaded, listed.instruments),
            door.place,
            door.keys,
            asked.state,
            history_bars=config.run.history_bars,
            taps=(watch.gaps, *beside.taps),
            troubled=watch.logs.trouble,
        )
        note_began(asked.state, began)
        running = begin(wanted, clock, lease)
        configuration = Configuration(asked.loaded.path, lambda: edited(began, asked.again))
        over = watch.over(running, wanted, clock, beside.tasks(running, wanted))
        with over, attended(running, wanted, clock.now, configuration):
            _run(running, asked)
    finally:
        lease.release()


def make(directory: Path) -> None:
    """The state directory, where there is none."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ThunesError(f"{directory} cannot be made: {error.strerror}") from error


def _run(running: Running, asked: Trading) -> None:
    process = running.process
    if not asked.as_json:
        teller, told = Storyteller(), deque[str](maxlen=_TOLD_KEPT)

        def tell(event: Event, outcome: Outcome) -> None:
            line = Line(event, outcome.commands, outcome.facts)
            for sentence in teller.tell(line):
                # The venue tells of an order as an answer and on its stream: once is enough.
                if sentence.topic in _TOLD and sentence.text not in told:
                    told.append(sentence.text)
                    typer.echo(f"{format_instant(event.at)[:19]}  {sentence.text}")

        process.live.watch(tell)

    _obey_signals(running)
    if asked.for_s is not None:
        timer = threading.Timer(asked.for_s, process.stop)
        timer.daemon = True
        timer.start()

    def alive() -> None:
        if running.venue.gone:
            raise ThunesError("what talks to the venue has ended by a bug of its own")

    process.each_beat(alive)
    try:
        process.run()
    finally:
        running.close()
    ledger = process.live.engine.state.ledger
    said = {"positions": sorted(ledger.positions), "orders": len(list(ledger.orders.by_age()))}
    if asked.as_json:
        typer.echo(json.dumps(said))


def _obey_signals(running: Running) -> None:
    """SIGINT and SIGTERM end the process in order, SIGUSR1 has the venue dialled anew."""

    def end(*_: object) -> None:
        running.process.stop()

    def renew(*_: object) -> None:
        with suppress(Gone):  # it is ending anyway
            running.venue.reconnect()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    signal.signal(signal.SIGUSR1, renew)


def _watched(config: Config) -> Watched:
    return Watched(
        metrics_port=config.metrics.port,
        metrics_host=config.metrics.host,
        daily_summary=config.schedule.daily_summary,
        parameter_snapshot=config.schedule.parameter_snapshot,
        reconcile_every_s=config.schedule.reconcile_every_s,
    )


def _output(asked: Trading) -> Output:
    """Without a configuration, whoever sits at a terminal reads what is told there, and of the log
    only what is wrong."""
    logs = asked.loaded.config.logs
    quiet = asked.loaded.path is None and sys.stderr.isatty()
    return Output(
        level="warning" if quiet else logs.level,
        form=logs.form,
        file=Path(logs.file) if logs.file else asked.state / LOG,
        file_level="debug" if logs.level == "debug" else "info",
        secrets=asked.door.secrets,
    )

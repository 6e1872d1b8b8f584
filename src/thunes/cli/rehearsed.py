"""Runs a rehearsal: finds or starts its venue, trades until it is stopped, and tells of it."""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import typer
from msgspec.structs import replace

from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.venues.binance.listed import listed_at
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import Gone
from thunes.compose import rehearsal
from thunes.compose.attended import attended
from thunes.compose.beside import Beside, kept_of
from thunes.compose.live import Running, Wanted, begin, fingerprint
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.compose.watching import LOG, Watch, Watched
from thunes.config import Config, limits_of, load_config
from thunes.core.domain.amounts import pairs
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import Asset, Symbol, format_instant, parse_timeframe
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import Limits
from thunes.ops.logs import Output
from thunes.ops.story import Storyteller, Topic

_LIVELY_S = 900
_TOLD = (Topic.ORDERS, Topic.TRADES, Topic.MODES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    venue: str
    state: Path
    config: Path | None
    strategy: str
    parameters: tuple[str, ...]
    symbols: tuple[str, ...]
    timeframe: str
    speed: float
    seed: int
    for_s: float | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to trade, with which key, and in whose time."""

    place: str
    keys: Keys
    speed: float
    secrets: tuple[str, str]  # what no log may tell


def rehearse(asked: Asked) -> None:
    """Trade until stopped."""
    config = Config() if asked.config is None else load_config(asked.config)
    _make(asked.state)
    where = _where(asked, config)
    lease = AccountLease.take(f"{where.place} {fingerprint(where.keys)}", asked.state)
    try:
        symbols = [Symbol(name) for name in asked.symbols]
        listed = listed_at(where.place, symbols)
        clock = SystemClock((listed.time, listed.counted), where.speed)
        spec = RunSpec(
            quote=Asset(config.account.quote),
            timeframe=parse_timeframe(asked.timeframe),
            instruments=listed.instruments,
            strategies=(
                specify_strategy(
                    asked.strategy, pairs("--param", asked.parameters), tuple(symbols)
                ),
            ),
            sizing=parse_sizing(config.sizing.rule),
            exits=ExitPlan(stop_distance=Decimal("0.02")),
            limits=_limits(config, lively=asked.config is None),
            costs=Costs(config.costs.fee_bps, "received", config.costs.slippage_bps),
        )
        watch = Watch(
            _watched(config, served=asked.config is not None), _output(asked, where, config)
        )
        beside = Beside(asked.state, kept_of(config), watch.logs)
        place, told = (spec, where.place, where.keys, asked.state), watch.logs.trouble
        wanted = Wanted(*place, taps=(watch.gaps, *beside.taps), troubled=told)
        running = begin(wanted, clock, lease)
        over = watch.over(running, wanted, clock, beside.tasks(running, wanted))
        with over, attended(running, wanted, clock.now, asked.config):
            _run(running, asked)
    finally:
        lease.release()


def _run(running: Running, asked: Asked) -> None:
    process = running.process
    if not asked.as_json:
        teller = Storyteller()

        def tell(event: Event, outcome: Outcome) -> None:
            line = Line(event, outcome.commands, outcome.facts)
            for sentence in teller.tell(line):
                if sentence.topic in _TOLD:
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


def _where(asked: Asked, config: Config) -> _Place:
    if asked.venue == "sandbox":
        found = rehearsal.find(asked.state)
        if found is not None and not rehearsal.is_up(found):
            raise UsageError(
                f"the sandbox of {asked.state} has ended, and its made-up account with it: give "
                "--state a new directory"
            )
        if found is None:
            cash = {config.account.quote: str(config.account.cash)}
            found = rehearsal.start(asked.state, cash, asked.speed, asked.seed)
            print(f"started a sandbox at {found.rest}", file=sys.stderr)
        secrets = found.api_key, found.api_secret
        return _Place(found.rest, Keys(*secrets), found.speed, secrets)
    names = {"binance-testnet": "testnet", "binance-demo": "demo"}
    place = names.get(asked.venue, asked.venue)
    if place in ("binance", "live"):
        raise UsageError("paper trades no real money: `thunes live` does")
    key, secret = (os.environ.get(f"BINANCE_{name}", "") for name in ("API_KEY", "API_SECRET"))
    return _Place(place, Keys(key, secret), 1.0, (key, secret))


def _limits(config: Config, *, lively: bool) -> Limits:
    limits = limits_of(config)
    if lively:
        return replace(limits, loss_cool_down_s=_LIVELY_S, signal_cool_down_s=_LIVELY_S)
    return limits


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ThunesError(f"{directory} cannot be made: {error.strerror}") from error


def _watched(config: Config, *, served: bool) -> Watched:
    """Metrics are served where a configuration asks for them: a port is of the whole machine, and
    several accounts may be tried beside each other."""
    return Watched(
        metrics_port=config.metrics.port if served else 0,
        metrics_host=config.metrics.host,
        daily_summary=config.schedule.daily_summary,
        parameter_snapshot=config.schedule.parameter_snapshot,
        reconcile_every_s=config.schedule.reconcile_every_s,
    )


def _output(asked: Asked, where: _Place, config: Config) -> Output:
    """Without a configuration, whoever sits at a terminal reads what is told there, and of the log
    only what is wrong."""
    quiet = asked.config is None and sys.stderr.isatty()
    return Output(
        level="warning" if quiet else config.logs.level,
        form=config.logs.form,
        file=Path(config.logs.file) if config.logs.file else asked.state / LOG,
        file_level="debug" if config.logs.level == "debug" else "info",
        secrets=where.secrets,
    )

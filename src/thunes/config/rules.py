"""Rules: what settings must be beyond their types, each told with the setting that breaks it."""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from thunes.config.layers import Origin
from thunes.config.tables import Config
from thunes.core.domain.amounts import fraction
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import parse_timeframe
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.strategy.catalog import SHIPPED, build, names_no_stop

Faults = Iterator[tuple[str, str]]
"""Settings and what is wrong with them."""


def broken_rules(config: Config, origins: Mapping[str, Origin]) -> list[tuple[str, str]]:
    """All that is wrong, with its place."""
    found = [fault for rule in _RULES for fault in rule(config)]
    if config.storage.url and not origins.get("storage.url", Origin("")).name:
        found += _password_in_file(config)
    return found


def _sizing(config: Config) -> Faults:
    yield from _said("sizing.rule", lambda: parse_sizing(config.sizing.rule))


def _exits(config: Config) -> Faults:
    for name, said in config.exits.text().faults(lambda name: f"exits.{name}"):
        yield f"exits.{name}", said
    if config.entries.cap:
        yield from _said("entries.cap", lambda: fraction("entries.cap", config.entries.cap))


def _stops(config: Config) -> Faults:
    if config.exits.stop or not any(names_no_stop(plan.source) for plan in config.strategy):
        return
    if config.sizing.rule.startswith("risk"):
        yield "sizing.rule", "risk is reckoned from the stop: give exits.stop as well"
    if config.entries.cap:
        yield "entries.cap", "an entry brings its stop along: give exits.stop as well"


def _bars(config: Config) -> Faults:
    yield from _said("run.timeframe", lambda: parse_timeframe(config.run.timeframe))


def _symbols(config: Config) -> Faults:
    known = config.run.symbols
    for symbol in dict.fromkeys(known):
        if known.count(symbol) > 1:
            yield "run.symbols", f"{symbol} stands there {known.count(symbol)} times"
        if not symbol.isalnum() or symbol != symbol.upper():
            yield "run.symbols", f"{symbol!r} is not a symbol such as BTCUSDT"
    for number, plan in enumerate(config.strategy):
        for symbol in plan.symbols:
            if symbol not in known:
                place = f"strategy.{number}.symbols"
                yield place, f"{symbol} is none of run.symbols: {', '.join(known)}"


def _strategies(config: Config) -> Faults:
    taken: dict[str, int] = {}
    for number, plan in enumerate(config.strategy):
        name = plan.name or plan.source.rpartition(":")[2]
        if name in taken:
            yield (
                f"strategy.{number}.name",
                f"{name!r} is that of strategy.{taken[name]} already: give each a name of its own",
            )
        taken.setdefault(name, number)
        kind = SHIPPED.get(plan.source)
        if kind is not None:
            place = f"strategy.{number}.parameters"
            yield from _said(place, lambda: build(kind, plan.parameters))  # noqa: B023
        elif ".py:" not in plan.source:
            known = ", ".join(SHIPPED)
            yield f"strategy.{number}.source", f"there are {known}, or FILE.py:Class"


def _places(config: Config) -> Faults:
    run = config.run
    if run.mode == "live" and run.venue != "binance":
        yield "run.venue", f"mode live trades at binance, not at {run.venue}"
    if run.mode == "paper" and run.venue == "binance":
        yield "run.venue", "binance takes real money: say so with mode live, or name another"
    if run.sandbox_url and run.venue != "sandbox":
        yield "run.sandbox_url", f"is not used at {run.venue}: take it out"
    if run.mode == "live" and not config.exits.stop:
        yield "exits.stop", "with mode live nothing is held without a stop"


_RULES: tuple[Callable[[Config], Faults], ...] = (
    _sizing,
    _exits,
    _stops,
    _bars,
    _symbols,
    _strategies,
    _places,
)


def _password_in_file(config: Config) -> Faults:
    try:
        password = urlsplit(config.storage.url.reveal()).password
    except ValueError:
        password = None
        yield "storage.url", "is not an address"
    if password:
        yield (
            "storage.url",
            "holds a password: put the address into DATABASE_URL, in the environment or .env",
        )


def _said(place: str, check: Callable[[], object]) -> Faults:
    try:
        check()
    except UsageError as error:
        yield place, str(error).removeprefix(f"{place}: ")

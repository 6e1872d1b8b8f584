"""Process metrics: what is known of the venue's wire and of our own threads when somebody asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from thunes.adapters.venues.binance.breaker import Door
from thunes.adapters.venues.binance.budget import Counted
from thunes.adapters.venues.binance.works import Works
from thunes.core.domain.units import NS_PER_SECOND, Symbol

BREAKER = "BinanceAPI"
_DOORS: Mapping[Door, float] = {Door.CLOSED: 0.0, Door.TRYING: 0.5, Door.OPEN: 1.0}
_STREAMS = ("account", "market")


class VenueMetrics(Collector):
    """How the venue is reached; nothing where it is not there yet."""

    def __init__(self, works: Callable[[], Works | None], symbols: Sequence[Symbol]) -> None:
        self._works, self._symbols = works, symbols

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        works = self._works()
        if works is None:
            return
        yield from self._streams(works)
        yield from _requests(works)
        clock = works.client.gauges.clock
        yield GaugeMetricFamily(
            "thunes_clock_offset_seconds",
            "The venue's clock minus ours",
            (clock.offset_ns or 0) / NS_PER_SECOND,
        )

    def _streams(self, works: Works) -> Iterator[Metric]:
        account, market = works.sessions
        of_symbol = GaugeMetricFamily(
            "thunes_ws_connected", "1 while the market stream is up", labels=["symbol"]
        )
        for symbol in self._symbols:
            of_symbol.add_metric([symbol], float(market.up))
        yield of_symbol
        up = GaugeMetricFamily("thunes_stream_up", "1 while it is connected", labels=["stream"])
        dials = CounterMetricFamily(
            "thunes_ws_reconnects", "Connections after the first one", labels=["stream"]
        )
        unread = CounterMetricFamily(
            "thunes_ws_unreadable", "Frames that could not be read", labels=["stream"]
        )
        for name, session in zip(_STREAMS, (account, market), strict=True):
            up.add_metric([name], float(session.up))
            dials.add_metric([name], max(0, session.counts.connections - 1))
            unread.add_metric([name], session.counts.unreadable)
        yield from (up, dials, unread)


def _requests(works: Works) -> Iterator[Metric]:
    client = works.client
    gauges, now = client.gauges, client.now()
    state = GaugeMetricFamily(
        "thunes_circuit_breaker_state", "0 closed, 0.5 half open, 1 open", labels=["breaker_name"]
    )
    state.add_metric([BREAKER], _DOORS[gauges.breaker.door])
    yield state
    opened = CounterMetricFamily(
        "thunes_circuit_breaker_opened", "Times that it opened", labels=["breaker_name"]
    )
    opened.add_metric([BREAKER], gauges.breaker.opened)
    yield opened
    counts = {
        "thunes_rest_requests": ("REST requests that left", client.asked),
        "thunes_rest_outages": ("REST requests without an answer of use", client.outages),
        "thunes_rest_fallbacks": (
            "Times that prices or bars were asked for by REST because no stream told them",
            client.fallbacks,
        ),
        "thunes_account_looks_missed": ("Looks that did not see it all", client.missed_looks),
    }
    for name, (text, count) in counts.items():
        yield CounterMetricFamily(name, text, count)
    used = GaugeMetricFamily(
        "thunes_rest_budget_used",
        "Used of each limit of the venue, as a fraction",
        labels=["limit"],
    )
    for limit in gauges.budget.limits:
        kind = "weight" if limit.counted is Counted.WEIGHT else "orders"
        name = f"{kind}_{limit.window_ns // NS_PER_SECOND}s"
        used.add_metric([name], gauges.budget.used(limit, now) / limit.most)
    yield used


@dataclass(frozen=True, slots=True)
class Health:
    """What the threads of this process say of themselves."""

    starts: Callable[[], Mapping[str, int]]
    ages_s: Callable[[], Mapping[str, float]]
    log_age_s: Callable[[], float]
    log_lost: Callable[[], int]
    conflated: Callable[[], int]


class HealthMetrics(Collector):
    """The process as it sees itself."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        health = self._health
        starts = CounterMetricFamily(
            "thunes_task_starts", "Starts of each side task", labels=["task"]
        )
        for name, count in health.starts().items():
            starts.add_metric([name], count)
        ages = GaugeMetricFamily(
            "thunes_task_beat_age_seconds", "Since its last sign of life", labels=["task"]
        )
        for name, age in health.ages_s().items():
            ages.add_metric([name], age)
        yield from (starts, ages)
        text = "Since the last line of the log file"
        yield GaugeMetricFamily("thunes_log_age_seconds", text, health.log_age_s())
        text = "Lines of the log that could not be written"
        yield CounterMetricFamily("thunes_log_lines_lost", text, health.log_lost())
        text = "Market data that newer data took the place of before it was heard"
        yield CounterMetricFamily("thunes_inbox_conflated", text, health.conflated())

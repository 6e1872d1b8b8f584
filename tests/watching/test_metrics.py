"""Every metric shows what happened, and what is served is what Prometheus reads."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.core.bench import flat_bars, placed, signal
from tests.core.test_reconcile import Look
from tests.watching.lived import Watched
from thunes.core.domain.decision import Action
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.evidence import Standing
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Expired, OutcomeUnknown, Rejected
from thunes.core.domain.position import ExitPlan
from thunes.core.risk.limits import Limits
from thunes.ops.metrics import AccountMetrics, Gaps, new_registry
from thunes.ops.metrics_server import MetricsServer
from thunes.ops.process_metrics import Health, HealthMetrics
from thunes.ops.worth import worth

D = Decimal
STOP = ExitPlan(stop_distance=D("0.05"))


class Measured(Watched):
    """A bench that is measured, in a time that is set by hand."""

    def __init__(self, **wanted: Any) -> None:
        super().__init__(**wanted)
        self.registry = CollectorRegistry()
        self.now = 0.0
        self.watch(
            lambda engine: AccountMetrics(self.registry, engine, "binance", lambda: self.now).watch
        )

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"thunes_{name}", labels)


def test_the_kill_switch_and_the_mode_are_shown() -> None:
    bench = Measured()
    assert (bench.value("kill_switch_active"), bench.value("mode")) == (0, 0)
    bench.operator(Cause.OPERATOR_PAUSE)
    assert (bench.value("kill_switch_active"), bench.value("mode")) == (0, 1)
    bench.operator(Cause.OPERATOR_KILL)
    assert (bench.value("kill_switch_active"), bench.value("mode")) == (1, 2)
    bench.operator(Cause.OPERATOR_RESUME)
    assert (bench.value("kill_switch_active"), bench.value("mode")) == (0, 0)
    for cause in ("operator_pause", "operator_kill", "operator_resume"):
        assert bench.value("mode_changes_total", cause=cause) == 1


def test_what_was_lost_today_is_a_fraction_of_the_tightest_limit() -> None:
    limits = Limits(daily_loss=D(200), daily_loss_share=D("0.5"))
    bench = Measured(bars={"BTCUSDT": flat_bars([100.0, 85.0])}, limits=limits)
    bench.obey(bench.enter("10"))
    start = bench.state.memory.day_start_equity
    bench.obey(bench.bar())
    equity = worth(bench.engine)
    assert equity is not None
    assert start is not None
    lost = start - equity
    assert lost > 100
    assert bench.value("equity") == pytest.approx(float(equity))
    assert bench.value("daily_pnl") == pytest.approx(float(-lost))
    assert bench.value("daily_pnl_used") == pytest.approx(float(lost / 200))


def test_a_gain_uses_nothing_of_the_daily_limit() -> None:
    bars = {"BTCUSDT": flat_bars([100.0, 190.0])}
    bench = Measured(bars=bars, limits=Limits(daily_loss=D(200)))
    bench.obey(bench.enter("10"))
    bench.obey(bench.bar())
    assert bench.value("daily_pnl_used") == 0
    assert (bench.value("daily_pnl") or 0) > 0


def test_orders_fills_and_trades_are_counted_once_however_often_they_are_told() -> None:
    bench = Measured(exits=STOP)
    (order,) = placed(bench.bar(signal()))
    kinds = {"venue": "binance", "order_type": "market", "side": "buy"}
    assert bench.value("orders_placed_total", **kinds) == 1
    fill = bench.fill(order, "100", "10")
    bench.now += 0.02
    bench.obey(bench.report(fill))
    bench.report(fill)
    assert bench.value("fills_total", found_by="report") == 1
    assert bench.value("open_positions") == 1
    assert bench.value("open_orders") == 1
    stops = kinds | {"order_type": "stop_market", "side": "sell"}
    assert bench.value("orders_placed_total", **stops) == 1
    outcome = bench.bar(signal(Action.EXIT))
    (exit_,) = placed(outcome)
    bench.obey(outcome)
    bench.report(bench.fill(exit_, "99"))
    assert bench.value("trades_closed_total", won="no") == 1
    assert bench.value("open_positions") == 0
    assert bench.value("order_latency_ms_bucket", le="25.0") == 3
    assert bench.value("order_latency_ms_bucket", le="10.0") == 2, "the first took 20 ms"
    assert bench.value("order_latency_ms_count") == 3


def test_refusals_are_counted_by_their_reason() -> None:
    bench = Measured(limits=Limits(order_size=D(10)))
    bench.bar(signal())
    assert bench.value("entries_refused_total", gate="order_size") == 1
    bench = Measured()
    (order,) = placed(bench.bar(signal()))
    bench.report(Rejected(order.id, -1013, "Filter failure: NOTIONAL"))
    assert bench.value("orders_rejected_total", code="-1013") == 1
    (order,) = placed(bench.bar(signal()))
    bench.report(Rejected(order.id, 5_000_000, "a code that nobody knows"))
    assert bench.value("orders_rejected_total", code="other") == 1, "labels stay few"
    (order,) = placed(bench.bar(signal()))
    bench.report(Expired(order.id, "no liquidity", D(0)))
    assert bench.value("orders_ended_by_venue_total") == 1


def test_naked_positions_and_unknown_orders_are_shown() -> None:
    bench = Measured(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    assert (bench.value("naked_positions"), bench.value("unknown_orders")) == (1, 0)
    bench.report(OutcomeUnknown(stop.id))
    assert (bench.value("naked_positions"), bench.value("unknown_orders")) == (1, 1)


def test_looks_and_what_they_find_are_counted() -> None:
    bench = Measured()
    (order,) = placed(bench.bar(signal()))
    bench.report(OutcomeUnknown(order.id))
    Look(bench).order(order, Standing.FILLED, "10").fill(order, "100", "10").see()
    assert bench.value("account_looks_total") == 1
    assert bench.value("differences_total", kind="late_fill") == 1
    assert bench.value("fills_total", found_by="look") == 1
    assert bench.value("reconciled") == 1
    assert bench.value("last_bar_seconds") == bench.state.market.closed_at() / 1e9
    assert (bench.value("steps_total") or 0) == 3


def test_what_has_no_price_has_no_worth_and_stops_nobody() -> None:
    bench = Measured(balances={"USDT": D(100), "BTC": D(5)})
    bench.operator(Cause.OPERATOR_PAUSE)
    assert worth(bench.engine) is None
    assert bench.value("equity") == 0


def test_coins_that_are_not_traded_leave_the_account_its_worth() -> None:
    """As the engine values it: somebody's other coins never get a price here."""
    bench = Measured(balances={"USDT": D(100), "DOGE": D(5)})
    assert worth(bench.engine) == 100
    bench.bar()
    assert bench.value("equity") == 100


def test_how_long_a_symbol_was_quiet_is_a_histogram() -> None:
    registry, now = CollectorRegistry(), [0.0]
    gaps = Gaps(registry, lambda: now[0])
    price = D(1)
    gaps.quoted(Quote(0, "BTCUSDT", price, price, price, price))
    now[0] += 3.0
    gaps.traded(PublicTrade(0, "BTCUSDT", price, price))
    gaps.quoted(Quote(0, "ETHUSDT", price, price, price, price))
    assert registry.get_sample_value("thunes_ws_gap_seconds_count") == 1
    assert registry.get_sample_value("thunes_ws_gap_seconds_bucket", {"le": "2.5"}) == 0
    assert registry.get_sample_value("thunes_ws_gap_seconds_bucket", {"le": "5.0"}) == 1


@pytest.fixture
def served() -> Iterator[MetricsServer]:
    registry = new_registry()
    registry.register(
        HealthMetrics(
            Health(
                lambda: {"metrics": 2}, lambda: {"acting": 0.25}, lambda: 1.5, lambda: 3, lambda: 4
            )
        )
    )
    AccountMetrics(registry, Watched().engine, "binance")
    server = MetricsServer(registry, "127.0.0.1", 0)
    yield server
    server.close()


def _read(server: MetricsServer, path: str = "/metrics", **headers: str) -> Any:
    url = f"http://127.0.0.1:{server.port}{path}"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5)


def test_what_is_served_is_valid_prometheus_text(served: MetricsServer) -> None:
    with _read(served) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = {s.name: s.value for family in families for s in family.samples}
    assert samples["thunes_kill_switch_active"] == 0
    assert samples["thunes_task_starts_total"] == 2
    assert samples["thunes_task_beat_age_seconds"] == 0.25
    assert samples["thunes_log_age_seconds"] == 1.5
    assert samples["thunes_log_lines_lost_total"] == 3
    assert samples["thunes_inbox_conflated_total"] == 4
    assert samples["process_resident_memory_bytes"] > 1e6
    with _read(served, Accept="application/openmetrics-text; version=1.0.0") as answer:
        assert answer.read().endswith(b"# EOF\n")


def test_whoever_connects_and_says_nothing_holds_nobody_up(served: MetricsServer) -> None:
    with socket.create_connection(("127.0.0.1", served.port)), _read(served) as answer:
        assert answer.status == 200
    with socket.create_connection(("127.0.0.1", served.port)) as rude:
        rude.sendall(b"\x00\xff garbage\r\n\r\n")
    with _read(served) as answer:
        assert answer.status == 200


def test_a_server_that_has_ended_is_told_and_begun_again(served: MetricsServer) -> None:
    asked: list[float] = []

    def end_it(seconds: float) -> bool:
        asked.append(seconds)
        if len(asked) == 1:
            served.close()
        return len(asked) < 3

    with pytest.raises(ThunesError, match="not served any more"):
        served.serve(end_it)
    served.serve(end_it)
    with _read(served) as answer:
        assert answer.status == 200


def test_a_port_that_is_taken_says_what_to_set() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ThunesError, match=rf"127\.0\.0\.1:{port} .*\[metrics\] port, or 0"):
            MetricsServer(CollectorRegistry(), "127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "example.org", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(UsageError, match=r"metrics\.host"):
        MetricsServer(CollectorRegistry(), host, 0)

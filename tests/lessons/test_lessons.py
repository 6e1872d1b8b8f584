"""Lessons: what went wrong in earlier systems, each with the test that keeps it from returning."""

import csv
import json
import time
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.bench import BTC, HOUR
from tests.core.messages import anything
from tests.lessons.runs import EAGER, START, Run, Step, bars, lasting, run
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_steps
from thunes.compose.spec import Costs, Friction
from thunes.config import Config, default_text, limits_of
from thunes.core.domain.command import CancelOrders, Command, PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Gate, Purpose
from thunes.core.domain.event import Event, OperatorActed
from thunes.core.domain.fact import Decided, Fact, ModeChanged
from thunes.core.domain.line import Line, decode_line, encode
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Filled, OrderRole, Side
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, floor_to, parse_instant
from thunes.core.risk.gates import PRE_TRADE_TWINS
from thunes.core.risk.limits import Limits
from thunes.simulation.market import DEMO_MARKET, synthesize

D = Decimal
STOP = ExitPlan(stop_distance=D("0.02"))
LEVELS = (TargetLevel(D("0.02"), D("0.4")), TargetLevel(D("0.04"), D("0.4")))
LADDER = ExitPlan(stop_distance=D("0.02"), targets=LEVELS)
BACKTEST = "backtest --strategy sma_cross --symbol BTCUSDT --timeframe 1h --bars BTCUSDT_1h.parquet"
TIGHT = Limits(
    max_positions=1,
    order_size=D(1_200),
    loss_per_trade=D(25),
    daily_loss=D(60),
    daily_loss_lifted_by="day",
    loss_cool_down_s=7_200,
    signal_cool_down_s=43_200,
    drawdown_warning=D("0.3"),
)


def operators(*acts: tuple[int, Cause]) -> list[OperatorActed]:
    return [OperatorActed(START + hour * HOUR, cause, "me", "a test") for hour, cause in acts]


def demo(**more: Any) -> Run:
    return run(synthesize(DEMO_MARKET), **more)


def steps_of(directory: Path) -> Iterator[Line]:
    return (decode_line(line) for _, line in read_steps(directory))


# Configuration.


def test_f363_default_configuration_can_trade(ask: Any, room: Path) -> None:
    """The default size once stood above its own cap. Here what `init` writes trades demo data."""
    assert ask("init").code == 0
    answer = ask(f"{BACKTEST} --config thunes.toml --journal j --json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    approved = [
        fact
        for line in steps_of(room / "j")
        for fact in line.facts
        if isinstance(fact, Decided) and fact.proposal.purpose is Purpose.ENTRY
        if fact.refused_by is None
    ]
    assert len(approved) >= 1
    assert told["trades"] >= 1


def test_f363_a_size_above_its_cap_is_refused_with_both_numbers(ask: Any, room: Path) -> None:
    ask("init")
    text = (room / "thunes.toml").read_text()
    (room / "thunes.toml").write_text(text.replace("fixed:100", "fixed:1001"))
    answer = ask(f"{BACKTEST} --config thunes.toml")
    assert answer.code == 2
    assert "1001" in answer.err
    assert "order_size = 1000" in answer.err


def test_f409_defaults_are_written_once(ask: Any, room: Path) -> None:
    """One model: the file that `init` writes, the file's absence and the code are the same."""
    written = tomllib.loads(default_text())
    assert Config(**written) == Config()
    assert limits_of(Config(**written)) == limits_of(Config())
    ask("init")
    assert (room / "thunes.toml").read_text() == default_text()
    (room / "none.toml").write_text("")
    hashes = [
        json.loads(ask(f"{BACKTEST} --config {name} --json").out)["outcome_hash"]
        for name in ("thunes.toml", "none.toml")
    ]
    assert hashes[0] == hashes[1]


def test_f409_every_value_stands_in_the_written_file() -> None:
    text = default_text()
    for section, value in Config():
        assert f"[{section}]" in text
        for each in value if isinstance(value, tuple) else (value,):
            for name in type(each).model_fields:
                assert f"{name} =" in text
    assert set(tomllib.loads(text)["limits"]) <= set(Limits.__struct_fields__)


# Audit.


def test_f368_every_decision_is_on_record_exactly_once() -> None:
    """Early returns once skipped the audit. Here each proposal has one record with every gate."""
    kept = demo(limits=TIGHT, exits=STOP, parameters={"leave": "7"})
    verdicts = set()
    for step in kept.steps:
        facts = step.facts(Decided)
        own = [fact for fact in facts if fact.proposal.reason != "kill_switch"]
        assert [fact.proposal for fact in own] == list(step.proposed)
        for fact in facts:
            if fact.proposal.purpose is Purpose.ENTRY:
                assert [check.gate for check in fact.checks] == list(Gate)
                verdicts.add(fact.refused_by)
    refusals = {Gate.SIGNAL_COOL_DOWN, Gate.LOSS_COOL_DOWN, Gate.KILL_SWITCH}
    assert {None, *refusals} <= verdicts, "approved and refused ones, early and late in the row"


def test_f368_nothing_leaves_without_a_record() -> None:
    kept = demo(limits=TIGHT, exits=STOP, parameters={"leave": "7"})
    for step in kept.steps:
        recorded = [
            o.id for f in step.facts(Decided) if not f.refused_by for o in f.proposal.orders
        ]
        sent = [o.id for c in step.outcome.commands for o in getattr(c, "orders", ())]
        assert sent == recorded


@settings(max_examples=25)
@given(st.lists(st.tuples(*map(anything, (Event, Command, Fact))), min_size=1, max_size=6))
def test_f390_every_kind_of_act_survives_the_journal(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, Any, Any]]
) -> None:
    """An action without a side once broke the write-ahead log. Here anything is tried."""
    directory = tmp_path_factory.mktemp("wal") / "j"
    lines = [Line(event, (command,), (fact,)) for event, command, fact in rows]
    with Journal.create(directory, b"{}") as journal:
        for line in lines:
            journal.append(encode(line), durable=True)
    assert list(steps_of(directory)) == lines


def test_f390_the_fuzz_knows_every_kind_of_act() -> None:
    for union in (Event, Command, Fact):
        for kind in get_args(union):
            assert anything(kind) is not None
    assert {PlaceOrders, CancelOrders, ReplaceOrders} < set(get_args(Command))


# Prices.


def test_f376_without_a_price_nothing_is_bought() -> None:
    """A hard-coded fallback price once sized orders. Here no price is a refusal, and counted."""
    columns = {"BTCUSDT": lasting(100, 12), "ETHUSDT": lasting(50, 6, first=6)}
    kept = run(columns)
    early = [
        (step, each)
        for step, each in kept.decided()
        if each.proposal.symbol == "ETHUSDT" and step.event.at <= START + 6 * HOUR
    ]
    assert len(early) == 6
    for _, each in early:
        assert each.refused_by is Gate.PRICE_KNOWN
        assert each.proposal.orders == ()
        assert each.proposal.notional is None
    first = next(order for order, _ in kept.fills() if order.symbol == "ETHUSDT")
    assert first.quote_amount == 1_000, "and with the first price it goes on"


def test_f376_a_rule_of_sizing_guesses_nothing_either() -> None:
    kept = run(lasting(100, 30), sizing="volatility:40%")
    verdicts = [each.refused_by for _, each in kept.decided()]
    assert len(verdicts) == 30
    assert None not in verdicts


# The kill switch.


def killed_dca(**more: Any) -> Run:
    """DCA buys at 100, waits below, is killed by an operator, and the market falls to its stop."""
    closes = [100.0] * 6 + [99.5] * 4 + [90.0, 80.0, 80.0, 80.0]
    wanted = {"every": "1h", "base": "1000", "stop": "0.15", "budget": "9000"}
    acts = operators((7, Cause.OPERATOR_KILL), (8, Cause.OPERATOR_KILL))
    return run(bars(*closes), "dca", parameters=wanted, operators=acts, **more)


def test_f387_a_kill_keeps_the_stop_and_takes_entries_back() -> None:
    kept = killed_dca()
    (step,) = [s for s in kept.steps if s.facts(ModeChanged)]
    canceled = [i for c in step.outcome.commands for i in getattr(c, "order_ids", ())]
    sent = {order.id: order for order in kept.orders()}
    assert canceled
    assert {sent[i].role for i in canceled} == {OrderRole.ENTRY}
    (trade,) = kept.trades()
    assert trade.exit_reason == "stop", "the stop was still there when it was needed"
    assert len([o for o, _ in kept.fills() if o.side is Side.BUY]) == 1
    later = kept.steps[kept.steps.index(step) :]
    assert not [o for s in later for c in s.outcome.commands for o in getattr(c, "orders", ())]


@pytest.mark.parametrize("warning", ["0.15", "0.2"])
def test_f387_a_warning_at_or_above_its_halt_is_refused(warning: str, ask: Any, room: Path) -> None:
    (room / "thunes.toml").write_text(f"[limits]\ndrawdown_warning = {warning}\n")
    answer = ask(f"{BACKTEST} --config thunes.toml")
    assert answer.code == 2
    assert f"drawdown_warning = {warning}" in answer.err
    assert "drawdown_limit = 0.15" in answer.err


def test_f434_a_kill_switch_pulled_twice_is_on_record_once() -> None:
    kept = killed_dca(limits=Limits(daily_loss=D(10)))
    assert [(c.after, c.cause) for c in kept.changes()] == [(Mode.HALTED, Cause.OPERATOR_KILL)]
    acts = [s for s in kept.steps if isinstance(s.event, OperatorActed)]
    assert len(acts) == 2
    assert acts[1].outcome.commands == ()
    assert acts[1].outcome.facts == ()


def test_f434_two_limits_reached_at_once_are_one_halt() -> None:
    limits = Limits(daily_loss=D(10), daily_loss_share=D("0.001"), drawdown_limit=D("0.001"))
    kept = run(bars(100, 100, 100, *[90.0] * 5), limits=limits)
    assert [change.after for change in kept.changes()] == [Mode.HALTED]


# Limits before and after the trade.

WATCHED = {
    Cause.DAILY_LOSS: Limits(daily_loss=D(50)),
    Cause.DRAWDOWN_LIMIT: Limits(drawdown_limit=D("0.005")),
    Cause.DRAWDOWN_WARNING: Limits(drawdown_warning=D("0.005")),
    Cause.OPERATOR_KILL: Limits(),
    Cause.OPERATOR_PAUSE: Limits(),
}


@pytest.mark.parametrize("cause", WATCHED)
def test_f388_what_stops_after_the_trade_refuses_before_it(cause: Cause) -> None:
    """A limit that was only looked at afterwards let the next trade through."""
    acts = operators((5, cause)) if not WATCHED[cause].watches_equity else []
    columns = {"BTCUSDT": bars(*[100.0] * 2, *[94.0] * 14), "ETHUSDT": lasting(50, 16)}
    parameters = {"leave": "3"}
    kept = run(columns, limits=WATCHED[cause], operators=acts, parameters=parameters)
    (change,) = kept.changes()
    assert change.cause is cause
    since = next(n for n, s in enumerate(kept.steps) if change in s.outcome.facts)
    entries = [each for step, each in kept.decided() if kept.steps.index(step) >= since]
    assert entries
    for each in entries:
        failed = {check.gate for check in each.checks if not check.passed}
        assert failed & set(PRE_TRADE_TWINS[cause])
        assert each.refused_by is not None


def test_f388_every_watched_cause_has_its_twin() -> None:
    assert set(WATCHED) | {Cause.INVARIANT_BROKEN} == set(PRE_TRADE_TWINS)


def test_f398_losing_closes_move_the_daily_loss_and_block() -> None:
    """The daily loss once stood at zero for ever, because nobody fed it."""
    closes = [100.0 - n for n in range(24)]
    limits = Limits(daily_loss=D(45), daily_loss_lifted_by="day")
    kept = run(bars(*closes), limits=limits, parameters={"leave": "2"}, costs=Costs(D(10)))
    (halt, *_) = kept.changes()
    assert (halt.after, halt.cause, halt.limit) == (Mode.HALTED, Cause.DAILY_LOSS, D(45))
    at = next(n for n, s in enumerate(kept.steps) if halt in s.outcome.facts)
    lost = -sum(f.pnl for f in (t for s in kept.steps[: at + 1] for t in trades_of(s)))
    assert len(kept.trades()) >= 2, "closes, not only the mark of what is held"
    assert halt.actual >= 45
    assert halt.actual >= lost > 0
    day = kept.steps[at].memory.day
    later = [
        each
        for step, each in kept.decided()
        if kept.steps.index(step) >= at and step.memory.day == day
    ]
    assert later
    assert all(each.refused_by is Gate.KILL_SWITCH for each in later)


def trades_of(step: Any) -> list[Any]:
    return [fact.trade for fact in step.outcome.facts if hasattr(fact, "trade")]


def test_f398_the_loss_is_counted_to_the_cent() -> None:
    kept = run(bars(100, 100, 100, 95, 94.99, 90), limits=Limits(daily_loss=D(50)))
    (halt,) = kept.changes()
    assert halt.actual == D("50"), "10 BTC fell by 5, and the limit counts as reached"


def test_f402_the_same_signal_is_not_traded_every_two_minutes() -> None:
    """Eager asks at each close of a minute; entries of a symbol are an hour apart all the same."""
    minute = 60 * NS_PER_SECOND
    kept = run(
        lasting(100, 300, timeframe=minute),
        timeframe=minute,
        parameters={"leave": "2"},
        limits=Limits(signal_cool_down_s=3_600),
    )
    passed = [step.event.at for step, each in kept.decided() if each.refused_by is None]
    assert len(passed) == 5
    assert all(later - earlier >= 3_600 * NS_PER_SECOND for earlier, later in pairwise(passed))
    refused = [each.refused_by for _, each in kept.decided() if each.refused_by]
    assert len(refused) > 200
    assert set(refused) == {Gate.SIGNAL_COOL_DOWN}


# Quantities.

STEPS = st.sampled_from(["0.00001", "0.0001", "0.001", "0.01", "0.5", "0.25", "0.3", "0.07"])


@settings(max_examples=40)
@given(
    STEPS,
    st.sampled_from(["0.01", "0.05", "0.1", "0.25"]),
    st.integers(50, 5_000),
    st.sampled_from(["quote", "received"]),
    st.integers(0, 10**6),
)
def test_f399_every_order_is_on_its_step_and_tick(
    step: str, tick: str, amount: int, asset: str, seed: int
) -> None:
    """Rounding to four digits once made quantities that no venue takes. Here any step will do."""
    ticks = 100 * 20 + np.random.default_rng(seed).integers(-9, 10, 30).cumsum() * 10
    closes = [float(int(t) * D("0.05")) for t in ticks]
    instrument = replace(BTC, step=D(step), tick=D(tick), min_quantity=D(step))
    kept = run(
        bars(*closes),
        instrument=instrument,
        sizing=f"fixed:{amount}",
        exits=LADDER,
        parameters={"leave": "5"},
        costs=Costs(D(10), asset, D(5)),
    )
    for order in kept.orders():
        if order.quantity is not None:
            assert order.quantity > 0
            assert order.quantity % D(step) == 0
        for price in (order.limit_price, order.stop_price):
            assert price is None or price % D(tick) == 0
    for _, fill in kept.fills():
        assert fill.quantity % D(step) == 0
        assert fill.price % D(tick) == 0


@settings(max_examples=40)
@given(
    st.integers(50, 9_000),
    STEPS,
    st.sampled_from([None, D("0.1"), D("0.4"), D(1)]),
    st.sampled_from(["quote", "received"]),
    st.integers(0, 10**6),
)
@example(1893, "0.00001", D("0.1"), "received", 0)  # a stop filled while the legs were planned
def test_f400_both_targets_and_the_runner_are_the_whole_position(
    amount: int, step_text: str, share: Decimal | None, asset: str, seed: int
) -> None:
    """Shares of what remained once drifted from the whole. Here the legs are it, at each step."""
    rng = np.random.default_rng(seed)
    closes = [float(100 + D(int(c)) / 4) for c in rng.integers(-6, 7, 40).cumsum() // 2]
    instrument = replace(BTC, step=D(step_text), min_quantity=D(step_text), min_notional=D(0))
    kept = run(
        bars(*closes, volume=float(rng.integers(5, 60))),
        instrument=instrument,
        sizing=f"fixed:{amount}",
        exits=LADDER,
        parameters={"leave": "9"},
        costs=Costs(D(10), asset),
        friction=Friction(participation=share),
    )
    for step, held, sold in holdings(kept):
        for fact in step.facts(Decided):
            if fact.proposal.purpose is not Purpose.PROTECT:
                continue
            legs, whole = fact.proposal.legs, floor_to(held, D(step_text))
            assert all(leg.quantity > 0 and leg.quantity % D(step_text) == 0 for leg in legs)
            assert sum(leg.quantity for leg in legs) == whole
            if [leg.name for leg in legs] == ["tp1", "tp2", "runner"] and not sold:
                forty = floor_to(whole * D("0.4"), D(step_text))
                assert [leg.quantity for leg in legs] == [forty, forty, whole - 2 * forty]


def holdings(kept: Run) -> Iterator[tuple[Step, Decimal, bool]]:
    """Each step with what its position holds, counted from the fills, and whether it sold any."""
    sent = {order.id: order for order in kept.orders()}
    held, sold = D(0), False
    for step in kept.steps:
        for fill in (r for r in getattr(step.event, "reports", ()) if isinstance(r, Filled)):
            buys = sent[fill.order_id].side is Side.BUY
            fee = fill.fee if buys and fill.fee_asset == "BTC" else D(0)
            held, sold = held + (fill.quantity - fee if buys else -fill.quantity), not buys or sold
        if any(getattr(fact, "flat", False) for fact in step.outcome.facts):
            held, sold = D(0), False  # what is left is dust, and of no position
        yield step, held, sold


# Targets and stops.


def test_f391_one_target_that_was_passed_drops_alone() -> None:
    """One invalid target once voided them all. Here the entry ends above the first of two."""
    market = bars(100, 103, 103, 103, 103, volume=7.0)
    kept = run(market, exits=LADDER, friction=Friction(participation=D(1)))
    first, second = [fill for order, fill in kept.fills() if order.side is Side.BUY]
    assert (first.price, second.price) == (100, 103), (
        "seven at the first open, the rest at the next"
    )
    cost, units = 7 * 100 + second.quantity * 103, 7 + second.quantity
    targets = [order for order in kept.orders() if order.role is OrderRole.TARGET]
    assert cost / units * D("1.02") < 103, "the first level was passed when the entry was done"
    assert [order.leg for order in targets] == ["tp1"]
    assert targets[0].limit_price == floor_to(cost / units * D("1.04"), D("0.01"))
    assert targets[0].quantity == floor_to(units * D("0.4"), D("0.00001")), (
        "its share stays its own"
    )


# Words and units.


def test_f418_refusals_are_codes_not_texts(ask: Any, room: Path) -> None:
    """One part said POSITION_LIMIT, another looked for 'position limit'. Here both are one enum."""
    (room / "thunes.toml").write_text("[limits]\nmax_positions = 1\nsignal_cool_down_s = 7200\n")
    line = (
        f"backtest --strategy {EAGER} --param leave=30 --timeframe 1h --config thunes.toml --json"
    )
    again = (room / "BTCUSDT_1h.parquet").read_bytes()
    (room / "ETHUSDT_1h.parquet").write_bytes(again)
    files = "--bars BTCUSDT=BTCUSDT_1h.parquet --bars ETHUSDT=ETHUSDT_1h.parquet --journal j"
    told = json.loads(ask(f"{line} {files}").out)
    codes = {gate.value for gate in Gate}
    assert set(told["refusals"]) <= codes
    assert told["refusals"][Gate.MAX_POSITIONS.value] > 0
    recorded: dict[str, int] = {}
    for step in steps_of(room / "j"):
        for fact in step.facts:
            if isinstance(fact, Decided) and fact.refused_by is not None:
                assert fact.refused_by in Gate
                recorded[fact.refused_by.value] = recorded.get(fact.refused_by.value, 0) + 1
    assert recorded == told["refusals"], "what is told is what is on record"


def test_f426_every_time_is_utc_and_says_so(
    ask: Any, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Naive timestamps once moved with the machine. Here its zone changes nothing."""
    told = []
    for zone in ("UTC", "Asia/Kolkata"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        line = f"{BACKTEST} --from 2024-01-10 --to 2024-03-01 --trades {zone[:3]}.csv --json"
        answer = ask(f"{line} --journal {zone[:3]}")
        assert answer.code == 0, answer.err
        told.append(answer.out)
    monkeypatch.delenv("TZ")
    time.tzset()
    assert told[0] == told[1]
    assert (room / "UTC.csv").read_bytes() == (room / "Asi.csv").read_bytes()
    with (room / "UTC.csv").open() as file:
        rows = list(csv.DictReader(file))
    times = [row[name] for row in rows for name in ("entry_time", "exit_time") if row[name]]
    assert len(times) > 10
    for text in times:
        assert text.endswith("Z")
        assert parse_instant(text) % HOUR == 0, "fills are at opens, and opens are on the hour"
    first = min(parse_instant(text) for text in times)
    assert first >= parse_instant("2024-01-10T00:00:00+00:00")


@pytest.mark.parametrize("bps", [0, 5, 50, 333])
def test_f427_slippage_is_against_us_on_both_sides(bps: int) -> None:
    """`price x (1 + slippage)` for both sides once made sells better."""
    closes = [100.0 + n % 7 for n in range(40)]
    kept = run(bars(*closes), parameters={"leave": "4"}, costs=Costs(slippage_bps=D(bps)))
    fills = kept.fills()
    assert {order.side for order, _ in fills} == {Side.BUY, Side.SELL}
    opens = {START + n * HOUR: D(repr(closes[max(n - 1, 0)])) for n in range(len(closes))}
    at = {r.trade_id: s.event.at for s in kept.steps for r in getattr(s.event, "reports", ())
          if hasattr(r, "trade_id")}  # fmt: skip
    share = D(bps) / 10_000
    for order, fill in fills:
        opened = opens[at[fill.trade_id]]
        if order.side is Side.BUY:
            assert 0 <= fill.price - opened * (1 + share) < D("0.01")
        else:
            assert 0 <= opened * (1 - share) - fill.price < D("0.01")


def test_f427_a_stop_slips_down() -> None:
    kept = run(bars(100, 100, 100, 90), exits=STOP, costs=Costs(slippage_bps=D(100)))
    (trade,) = kept.trades()
    assert trade.entry_price == 101
    assert trade.exit_price == D("97.99"), "the stop at 98.98 less one per cent, down to the tick"


CAPS = [
    ({"order_size": D(1_000), "loss_per_trade": D(20)}, None),
    ({"order_size": D(999), "loss_per_trade": D(20)}, Gate.ORDER_SIZE),
    ({"order_size": D(1_000), "loss_per_trade": D("19.99")}, Gate.LOSS_PER_TRADE),
]


@pytest.mark.parametrize(("caps", "gate"), CAPS)
def test_f428_what_an_entry_costs_and_what_it_may_lose_are_two_caps(
    caps: dict[str, Any], gate: Gate | None
) -> None:
    """`MAX_LOSS_PER_TRADE` once was a cap of size. 1,000 with a stop 2 % away may lose 20."""
    kept = run(lasting(100, 5), exits=STOP, limits=Limits(**caps))
    _, first = next(kept.decided())
    assert first.refused_by is gate


def test_f428_a_loss_that_no_stop_bounds_is_not_taken() -> None:
    kept = run(lasting(100, 5), limits=Limits(loss_per_trade=D(10_000)))
    assert {each.refused_by for _, each in kept.decided()} == {Gate.LOSS_PER_TRADE}
    assert kept.fills() == []


def test_f428_the_loss_told_is_the_loss_made() -> None:
    kept = run(bars(100, 100, 100, 98, 97, 97), exits=STOP, limits=Limits(loss_per_trade=D(20)))
    _, first = next(kept.decided())
    check = next(c for c in first.checks if c.gate is Gate.LOSS_PER_TRADE)
    (trade, *_) = kept.trades()
    assert (check.actual, check.limit, trade.pnl) == (20, 20, -20)


# All of them.

ROWS = (363, 368, 376, 387, 388, 390, 391, 398, 399, 400, 402, 409, 418, 426, 427, 428, 434)


def test_every_lesson_has_its_test() -> None:
    tests = [name for name in globals() if name.startswith("test_f")]
    assert {int(name[6:9]) for name in tests} >= set(ROWS)

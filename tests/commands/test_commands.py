"""Each command on an engine: what it tells is so, and what it does is on record."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.commands.instances import OWNER, Told, flat, holding
from tests.runtime.rigs import Rig
from tests.simulation.stage import AAA, Scenario, says
from thunes.core.domain.decision import Action, Gate
from thunes.core.domain.event import AccountSeen, OperatorAsked, QuoteReceived, Wish
from thunes.core.domain.evidence import SeenFill
from thunes.core.domain.line import decode_line
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Mode
from thunes.core.domain.order import OrderRole, OutcomeUnknown, Rejected, Side
from thunes.core.domain.units import NS_PER_SECOND, format_instant
from thunes.core.risk.limits import Limits
from thunes.ops.commands import upkeep
from thunes.ops.commands.gates import LIFTED, ask_gates

D = Decimal
S = NS_PER_SECOND


def asked(told: Told) -> list[OperatorAsked]:
    events = [decode_line(each).event for each in told.rig.lines]
    return [event for event in events if isinstance(event, OperatorAsked)]


def test_status() -> None:
    told = holding()
    said = told.ask("status")
    assert (said["running"], said["mode"]) == (True, "normal")
    assert (said["cause"], said["since"]) == (None, None)
    assert (said["equity"], said["day_pnl"]) == ("9999.80", "-0.20")
    assert (said["fills"], said["trades"], said["positions"], said["open_orders"]) == (1, 0, 1, 1)
    assert (said["naked"], said["unknown"], said["reconciled"]) == ([], [], True)
    assert [block["gate"] for block in said["blocks"]] == ["one_position_per_symbol"]
    assert said["blocks"][0]["symbols"] == [AAA]
    assert said["journal"] == {"sequence": len(told.rig.lines), "head": "ab" * 32}
    assert said["venue"] == {"place": "a rig", "up": True}
    assert said["lag_ms"] >= 0
    assert said["uptime_s"] >= 0


def test_status_since_the_mode_changed() -> None:
    told = flat()
    told.rig.wait(300)
    told.ask("halt")
    assert told.ask("status")["since"] == format_instant(told.rig.now())


def test_status_of_what_is_wrong() -> None:
    told = Told(Rig(Scenario("", "100 100 100 100", [says(0, Action.ENTER)])))
    rig = told.rig
    (order,) = rig.bar(0)
    (stop,) = rig.report(rig.filled(order))
    rig.report(OutcomeUnknown(stop.id))
    rig.wait(75)
    said = told.ask("status")
    assert said["naked"] == [{"symbol": AAA, "age_s": 15.0}]
    assert said["unknown"] == [{"order_id": stop.id, "symbol": AAA, "age_s": 15.0}]


def test_positions_and_orders() -> None:
    told = holding()
    told.rig.wait(90)
    (held,) = told.ask("positions")["positions"]
    assert (held["symbol"], held["quantity"], held["entry_price"]) == (AAA, "10", "100")
    assert (held["value"], held["pnl"], held["stops"]) == ("999.80", "-0.20", ["95.00"])
    assert (held["protection"], held["naked_s"], held["age_s"]) == ("protected", None, 30.0)
    assert not held["old"]
    (order,) = told.ask("orders")["orders"]
    assert (order["role"], order["side"], order["stop_price"]) == ("stop", "sell", "95.00")
    assert (order["state"], order["quantity"]) == ("accepted", "10.000")
    told.rig.wait(73 * 3_600)
    assert told.ask("positions")["positions"][0]["old"]


def test_balance() -> None:
    said = holding().ask("balance")
    assert (said["equity"], said["available"], said["unpriced"]) == ("9999.80", "9000", [])
    rows = {row["asset"]: (row["amount"], row["value"]) for row in said["assets"]}
    assert rows == {"USDT": ("9000", "9000"), "AAA": ("10", "999.80")}


def test_trades() -> None:
    told = holding()
    (stop,) = told.rig.state.ledger.orders.by_age()
    told.rig.report(told.rig.filled(stop.order, "95"))
    said = told.ask("trades")
    assert said["count"] == 1
    (trade,) = said["trades"]
    assert (trade["entry_price"], trade["exit_price"], trade["reason"]) == ("100", "95.000", "stop")
    assert (D(trade["pnl"]), D(trade["fees"])) == (-50, 0)
    assert told.ask("status")["trades"] == 1


def test_a_fill_is_counted_once_however_often_it_is_told() -> None:
    told = Told(Rig(Scenario("", "100 100 100 100", [says(0, Action.ENTER)])))
    rig = told.rig
    (order,) = rig.bar(0)
    fill = rig.filled(order)
    rig.report(fill)
    rig.report(fill)
    seen = SeenFill(rig.now(), AAA, Side.BUY, fill)
    rig.hear(AccountSeen(0, rig.now(), 0, (), (seen,), {"USDT": D(9_000), "AAA": D(10)}))
    foreign = rig.fill(order, "1")
    rig.report(type(foreign)("web_1", "9", D(1), D(1), D(0), "USDT", complete=True))
    assert told.tally.fills == 1


def test_halt_takes_entries_back_and_leaves_stops() -> None:
    told = holding()
    (stop,) = told.rig.state.ledger.orders.by_age()
    said = told.ask("halt", why="news")
    assert (said["mode"], said["cause"]) == ("halted", "operator_kill")
    assert told.rig.state.memory.mode is Mode.HALTED
    assert told.rig.state.ledger.orders.by_age() == [stop]


def test_flatten_halts_first_and_sells_what_was_named() -> None:
    told = holding()
    said = told.ask("flatten", symbols=[AAA], why="enough")
    assert said["mode"] == "halted"
    assert said["selling"] == [{"symbol": AAA, "quantity": "10.000"}]
    (wish,) = asked(told)
    assert (wish.wish, wish.symbols, wish.who, wish.why) == (Wish.FLATTEN, (AAA,), "ann", "enough")
    roles = {each.order.role for each in told.rig.state.ledger.orders.by_age()}
    assert OrderRole.EXIT in roles
    again = told.ask("flatten")
    assert (again["selling"], again["not_sold"]) == ([], [AAA])
    told.confirm("resume")
    assert told.rig.state.memory.mode is Mode.NORMAL


def test_protect_places_the_stop_that_is_missing() -> None:
    told = Told(Rig(Scenario("", "100 100 100 100", [says(0, Action.ENTER)])))
    rig = told.rig
    (order,) = rig.bar(0)
    (stop,) = rig.report(rig.filled(order))
    assert told.ask("protect")["sent"] == []  # it is on its way
    rig.wait(65)
    rig.report(Rejected(stop.id, -1003, "too many requests", again=True))
    said = told.ask("protect", symbols=[AAA], why="at once")
    assert said["sent"] == ["sell 10.000 AAAUSDT, stop_market at 95.00"]
    assert [each.wish for each in asked(told)] == [Wish.PROTECT, Wish.PROTECT]


def test_reconcile_is_answered_once_the_account_was_looked_at() -> None:
    told = holding()
    rig = told.rig
    looks = rig.looks
    rig.wait(100)

    def venue_tells() -> None:
        assert rig.looks == looks + 1
        rig.hear(AccountSeen(0, rig.now(), 0, (), (), {"USDT": D(9_000), "AAA": D(12)}))

    def after_the_first_question() -> None:
        told.hands.before = venue_tells

    told.hands.before = after_the_first_question
    said = told.ask("reconcile")
    assert said["looked"] == format_instant(rig.now())
    assert said["differences"] == [{"asset": "AAA", "beyond_our_books": "2"}]


def test_reconcile_where_the_venue_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "LOOK_S", 0.0)
    told = flat()
    told.rig.wait(100)
    answer = told.send(told.request("reconcile"))
    assert answer["error"]["kind"] == "failed"
    assert "has not told of the whole account" in answer["error"]["text"]


def test_reconnect_and_stop() -> None:
    told = flat()
    told.ask("reconnect")
    told.ask("reconnect")
    told.ask("stop")
    assert (told.hands.reconnects, told.hands.stopped) == (2, True)


# Why.


def test_why_asks_without_a_trace() -> None:
    told, other = holding(limits=FULL), holding(limits=FULL)
    rig = told.rig
    before, snapshot = rig.state.digest(), rig.state.snapshot()
    for _ in range(3):
        said = told.ask("why", symbol=AAA)
        told.ask("status")
        told.ask("balance")
    assert (rig.state.digest(), rig.state.snapshot()) == (before, snapshot)
    assert len(rig.lines) == len(other.rig.lines)
    assert said["refused_by"] == "one_position_per_symbol"
    # And what comes after is what would have come without: the ids of orders too.
    for each in (told, other):
        each.ask("flatten")
    assert rig.lines == other.rig.lines


FULL = Limits(
    max_positions=3,
    order_size=D(2_000),
    min_notional=D(10),
    loss_per_trade=D(500),
    daily_loss=D(500),
    symbol_exposure=D("0.5"),
    total_exposure=D(1),
    max_age_s=120,
    loss_cool_down_s=600,
    signal_cool_down_s=3_600,
)


def test_why_tells_each_gate_with_value_limit_and_distance() -> None:
    told = flat(limits=FULL)
    said = told.ask("why", symbol=AAA)
    assert (said["possible"], said["refused_by"]) == (True, None)
    assert [gate["gate"] for gate in said["gates"]] == [gate.value for gate in Gate]
    gates = {gate["gate"]: gate for gate in said["gates"]}
    assert (gates["order_size"]["actual"], gates["order_size"]["limit"]) == ("1000", "2000")
    assert gates["order_size"]["distance"] == "1000"
    assert gates["min_notional"]["distance"] == "990"
    assert said["entry"] == {"cost": "1000", "price": "99.98", "stop": "94.98"}


def test_why_tells_until_when_time_alone_blocks() -> None:
    told = holding(limits=FULL)
    rig = told.rig
    (stop,) = rig.state.ledger.orders.by_age()
    rig.wait(70)
    rig.report(rig.filled(stop.order, "99"))
    rig.wait(130)
    rig.bar(1)
    gates = {gate["gate"]: gate for gate in told.ask("why", symbol=AAA)["gates"]}
    loss, signal = gates["loss_cool_down"], gates["signal_cool_down"]
    assert (loss["wait_s"], loss["distance"]) == (540.0, "-540")
    assert loss["until"] == format_instant(rig.begun + 670 * S)
    assert signal["until"] == format_instant(rig.begun + 3_660 * S)
    blocks = {block["gate"]: block for block in told.ask("status")["blocks"]}
    assert set(blocks) == {"loss_cool_down", "signal_cool_down"}
    assert blocks["loss_cool_down"]["wait_s"] == 540.0


def test_why_tells_that_a_new_day_ends_a_daily_loss() -> None:
    limits = Limits(daily_loss=D(20), daily_loss_lifted_by="day")
    told = holding(limits=limits)
    (stop,) = told.rig.state.ledger.orders.by_age()
    told.rig.report(told.rig.filled(stop.order, "95"))
    gates = {gate["gate"]: gate for gate in told.ask("why", symbol=AAA)["gates"]}
    for name in ("kill_switch", "mode", "daily_loss"):
        assert gates[name]["until"] == "2024-01-03T00:00:00Z", name
        assert gates[name]["lifted_when"]
    assert D(gates["daily_loss"]["distance"]) == -30


def test_why_before_there_is_a_price() -> None:
    told = Told(Rig(Scenario("", "100 100")))
    told.rig.state.ledger.deposit({"AAA": D(3)})  # as an account that is opened with coins
    assert told.rig.state.market.mark(AAA) is None
    said = told.ask("why", symbol=AAA)
    assert (said["possible"], said["gates"]) == (False, [])
    assert said["text"].startswith("no price is known of AAA")
    status = told.ask("status")
    assert (status["equity"], status["day_pnl"]) == (None, None)
    assert status["blocks"][0]["assets"] == ["AAA"]
    assert told.ask("balance")["unpriced"] == ["AAA"]


def test_coins_that_are_not_traded_here_keep_nothing_from_being_valued() -> None:
    told = flat()
    told.rig.state.ledger.deposit({"XRP": D(3)})
    assert told.ask("status")["equity"] is not None
    assert told.ask("why", symbol=AAA)["gates"]


def test_why_of_what_is_not_traded_names_what_is() -> None:
    told = flat()
    answer = told.send(told.request("why", arguments={"symbol": "XRPUSDT"}), OWNER)
    assert answer["error"]["text"] == "XRPUSDT is not traded here; these are: AAAUSDT"


def test_the_words_for_every_gate() -> None:
    assert set(LIFTED) == set(Gate)


def test_the_gates_that_are_asked_are_those_of_an_entry() -> None:
    """What `why` says of an entry, a real one of the same instant is decided by."""
    signals = [says(0, Action.ENTER), says(2, Action.ENTER)]
    told = Told(Rig(Scenario("", "100 100 100 100", signals, limits=FULL)))
    rig = told.rig
    (order,) = rig.bar(0)
    rig.report(rig.filled(order))
    rig.bar(1)
    rig.wait(180)
    rig.hear(QuoteReceived(0, Quote(rig.now(), AAA, D("99.9"), D(5), D("100.1"), D(5))))
    said = ask_gates(rig.live.engine, rig.now(), AAA, "script")
    rig.bar(2)
    real = [each for each in rig.decided() if each.proposal.purpose.value == "entry"][-1]
    quoted = {Gate.STALE_DATA, Gate.SPREAD}  # the bar itself is a newer price
    told_of = [check for check in said.checks if check.gate not in quoted]
    assert told_of == [check for check in real.checks if check.gate not in quoted]
    assert said.refused_by is real.refused_by


def test_a_command_that_needs_a_process_says_so(tmp_path: Path) -> None:
    told = flat()
    at_rest = type(told.instance)(told.instance.about, told.tally, engine=told.rig.live.engine)
    told.desk._instance = at_rest
    for name in ("halt", "resume", "flatten", "protect", "reconcile", "reconnect", "stop"):
        answer = told.send(told.request(name))
        assert "nothing runs on nowhere" in answer["error"]["text"]
    assert told.ask("positions")["running"] is False

"""Each situation that an operator searches the log for is told in the words that are searched."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.core.bench import flat_bars, placed, signal
from tests.core.test_reconcile import Look
from tests.watching.lived import Watched, Written
from thunes.core.domain.decision import Action
from thunes.core.domain.event import Restarted
from thunes.core.domain.evidence import Standing
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import (
    Canceled,
    CancelRefused,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Rejected,
    Side,
)
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.risk.limits import Limits
from thunes.ops.telling import Teller

D = Decimal
SECOND = NS_PER_SECOND
STOP = ExitPlan(stop_distance=D("0.05"))


class Told(Watched):
    """A bench that tells its steps to a log."""

    def __init__(self, folder: Path, **wanted: Any) -> None:
        super().__init__(**wanted)
        self.written = Written(folder)
        self.watch(lambda engine: Teller(self.written.logs, engine).watch)

    def said(self, words: str) -> list[dict[str, Any]]:
        return self.written.said(words)


def falling(*closes: float) -> dict[str, Any]:
    return {"BTCUSDT": flat_bars(list(closes))}


def test_a_kill_tells_that_it_is_active_and_which_stops_it_preserves(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    told.obey(told.enter("10"))
    told.operator(Cause.OPERATOR_KILL)
    (line,) = told.said("Kill switch active")
    assert (line["cause"], line["level"]) == ("operator_kill", "error")
    (line,) = told.said("PRESERVING stop loss")
    assert line["stops"] == 1
    told.operator(Cause.OPERATOR_RESUME)
    (line,) = told.said("RESUMED")
    assert told.said("AUTO_RECOVERY") == []


def test_a_pause_tells_that_trading_is_degraded(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.operator(Cause.OPERATOR_PAUSE)
    assert [line["cause"] for line in told.said("DEGRADED")] == ["operator_pause"]


def test_a_drawdown_that_recovers_is_an_auto_recovery(tmp_path: Path) -> None:
    limits = Limits(drawdown_warning=D("0.05"))
    told = Told(tmp_path, bars=falling(100, 90, 100), limits=limits)
    told.obey(told.enter("90"))
    told.obey(told.bar())
    (line,) = told.said("DEGRADED")
    assert (line["cause"], line["limit"]) == ("drawdown_warning", "0.05")
    told.obey(told.bar())
    (line,) = told.said("AUTO_RECOVERY")
    assert (line["cause"], line["before"]) == ("drawdown_recovered", "degraded")


def test_the_daily_limit_is_told_when_it_is_reached(tmp_path: Path) -> None:
    told = Told(tmp_path, bars=falling(100, 90), limits=Limits(daily_loss=D(50)))
    told.obey(told.enter("10"))
    told.obey(told.bar())
    (line,) = told.said("daily limit reached")
    assert D(line["actual"]) > D(line["limit"]) == 50
    assert len(told.said("Kill switch active")) == 1


def test_an_entry_into_what_is_not_known_is_blocked_and_says_why(tmp_path: Path) -> None:
    told = Told(tmp_path)
    other = Order("web1", "BTCUSDT", Side.BUY, OrderType.LIMIT, OrderRole.ENTRY, "", D(1))
    Look(told).order(other, Standing.OPEN).see()
    assert len(told.said("FOREIGN_ORDER")) == 1
    told.bar(signal())
    (line,) = told.said("Exchange has live exposure in BTCUSDT")
    assert line["event"].endswith("Blocking entry")


def test_a_position_that_only_the_venue_knows_is_a_phantom(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    told.bar()
    Look(told).holding("BTC", "2").see()
    Look(told, after=4 * SECOND).holding("BTC", "2").see()
    (line,) = told.said("PHANTOM")
    assert line["subject"] == "BTCUSDT"


def test_a_position_that_only_we_know_is_an_orphan_and_nothing_is_sold(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    told.obey(told.enter("10"))
    (stop,) = told.resting.values()
    del told.resting[stop.id]
    told.report(Canceled(stop.id))
    for _ in range(2):
        (again,) = told.working(OrderRole.STOP)
        told.report(Rejected(again.id, -2010, "insufficient balance", again=True))
        Look(told).holding("BTC", "-4").see()
    (line,) = told.said("ORPHAN")
    assert "flatten_orphan" in line["event"]
    assert len(told.said("Execution failed")) == 2


def test_an_entry_that_filled_unheard_is_adopted(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    (order,) = placed(told.bar(signal()))
    told.report(OutcomeUnknown(order.id))
    Look(told).order(order, Standing.FILLED, "10").fill(order, "100", "10").see()
    (line,) = told.said("PENDING_ADOPTED")
    assert order.id in line["text"]
    assert len(told.said("POSITION_OPENED")) == 1


def test_a_stop_that_could_not_be_cancelled_is_told(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    told.obey(told.enter("10"))
    (stop,) = told.resting.values()
    told.bar(signal(Action.EXIT))
    told.report(CancelRefused(stop.id, -2011, "Unknown order sent."))
    (line,) = told.said("Old SL cancel failed")
    assert (line["order"], line["text"]) == (stop.id, "Unknown order sent.")


def test_a_naked_position_is_told_at_first_sight_and_gravely_at_the_second(
    tmp_path: Path,
) -> None:
    told = Told(tmp_path, exits=STOP)
    (stop,) = placed(told.enter("10"))
    told.report(OutcomeUnknown(stop.id))
    Look(told, after=5 * SECOND).see()
    (first,) = told.said("NAKED_POSITIONS")
    assert (first["event"], first["level"]) == ("NAKED_POSITIONS first", "warning")
    Look(told, after=5 * SECOND).see()
    _, second = told.said("NAKED_POSITIONS")
    assert (second["event"], second["level"]) == ("NAKED_POSITIONS persistent", "error")
    assert second["age_s"] == 10


def test_a_position_is_not_called_naked_for_the_moment_before_its_stop_rests(
    tmp_path: Path,
) -> None:
    told = Told(tmp_path, exits=STOP)
    told.obey(told.enter("10"))
    Look(told).order(next(iter(told.resting.values())), Standing.OPEN).see()
    assert told.said("NAKED_POSITIONS") == []


def test_when_no_order_of_a_closed_position_is_left_it_is_told(tmp_path: Path) -> None:
    told = Told(tmp_path, exits=STOP)
    told.obey(told.enter("10"))
    assert told.said("Order cleanup complete") == []
    outcome = told.bar(signal(Action.EXIT))
    (order,) = placed(outcome)
    told.obey(outcome)
    told.report(told.fill(order, "100"))
    (line,) = told.said("Order cleanup complete")
    assert line["symbol"] == "BTCUSDT"
    (closed,) = told.said("POSITION_CLOSED")
    assert (closed["flat"], closed["reason"]) == (True, "signal")


def test_no_signal_and_the_reasons_of_decisions_are_for_who_wants_to_know(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.bar()
    told.bar(signal())
    assert {line["level"] for line in told.said("NO_SIGNAL")} == {"debug"}
    assert [line["symbol"] for line in told.said("NO_SIGNAL")] == ["BTCUSDT", "ETHUSDT", "ETHUSDT"]
    (line,) = told.said("DECISION_TRACE")
    assert line["level"] == "debug"
    assert "approved" in line["text"]
    quiet = Watched()
    written = Written(tmp_path / "quiet", file_level="info")
    quiet.watch(lambda engine: Teller(written.logs, engine).watch)
    quiet.bar()
    quiet.bar(signal())
    assert [line["event"] for line in written.lines()] == ["DAY_ROLLED"]


def test_a_fill_that_is_told_twice_is_one_line(tmp_path: Path) -> None:
    told = Told(tmp_path)
    (order,) = placed(told.bar(signal()))
    fill = told.fill(order, "100", "10")
    told.report(fill)
    told.report(fill)
    (line,) = told.said("FILLED")
    assert (line["side"], line["role"], line["price"]) == ("buy", "entry", "100")


def test_a_restart_is_told(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.step(Restarted(told.at, epoch=3))
    assert [line["epoch"] for line in told.said("RESTARTED")] == [3]


@pytest.mark.parametrize("reason", ["signal", "operator"])
def test_why_a_position_is_left_is_told(tmp_path: Path, reason: str) -> None:
    told = Told(tmp_path)
    told.obey(told.enter("10"))
    told.obey(told.bar(signal(Action.EXIT, reason=reason)))
    assert [line["reason"] for line in told.said("LEAVING")] == [reason]

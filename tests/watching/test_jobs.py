"""What the schedule has done is told with the numbers of its time, each trade in one summary."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.core.bench import flat_bars, placed, signal
from tests.storage.journals import HEADER
from tests.watching.lived import Watched, Written
from thunes.adapters.storage.journal import Journal
from thunes.core.domain.decision import Action
from thunes.core.domain.line import encode
from thunes.core.domain.units import NS_PER_SECOND
from thunes.ops.jobs import Desk, Running, Trades
from thunes.runtime.schedule import Job, Turn
from thunes.runtime.times import daily

D = Decimal
HOUR = 3_600 * NS_PER_SECOND
JOB = Job("daily_summary", daily("23:00"), "summary")


class Office:
    """A desk beside a bench, as it stands beside a process."""

    def __init__(self, folder: Path, journal: Path | None = None, **wanted: Any) -> None:
        self.bench = Watched(**wanted)
        self.written = Written(folder)
        self.looks = 0
        trades = Trades(journal or folder / "none", self.bench.at)
        self.bench.watch(lambda _: trades.watch)
        strategies = [Running("cross", "sma_cross", {"fast": "3", "slow": "8"})]
        self.desk = Desk(
            self.ask, lambda: self.bench.at, self.written.logs, trades, strategies, 3 * HOUR
        )

    def ask(self, question: Callable[[Any], object]) -> object:
        return question(SimpleNamespace(engine=self.bench.engine, reconnected=self.look))

    def look(self) -> None:
        self.looks += 1

    def trade(self, price: str) -> None:
        """Ten bought at 100, and sold at `price`."""
        self.bench.obey(self.bench.enter("10"))
        (order,) = placed(self.bench.bar(signal(Action.EXIT)))
        self.bench.report(self.bench.fill(order, price))

    def sum_up(self, since: int, until: int, *, again: bool = False) -> dict[str, Any]:
        self.desk.summary(Turn(JOB, since, until, again))
        return self.written.said("DAILY_SUMMARY")[-1]


def test_a_summary_tells_what_its_time_has_earned(tmp_path: Path) -> None:
    office = Office(tmp_path)
    begun = office.bench.at
    office.trade("110")
    office.trade("95")
    first = office.sum_up(begun, office.bench.at)
    assert (first["trades"], first["won"], D(first["pnl"])) == (2, 1, 50)
    assert first["positions"] == []
    assert first["system_state"] == "normal"
    assert D(first["equity"]) == 10_050
    until = office.bench.at
    office.trade("101")
    second = office.sum_up(until, office.bench.at)
    assert (second["trades"], D(second["pnl"]), second["again"]) == (1, 10, False)


def test_a_summary_that_is_done_again_counts_the_same_trades(tmp_path: Path) -> None:
    office = Office(tmp_path)
    begun = office.bench.at
    office.trade("110")
    trades = office.desk.trades
    assert len(trades.between(begun, office.bench.at)) == 1
    assert office.sum_up(begun, office.bench.at, again=True)["trades"] == 1
    assert trades.between(begun, office.bench.at) == []


def test_trades_of_an_earlier_process_are_in_the_summary_of_the_next(tmp_path: Path) -> None:
    earlier = Office(tmp_path)
    since = earlier.bench.at
    earlier.trade("110")
    middle = earlier.bench.at
    earlier.trade("120")
    journal = Journal.create(tmp_path / "journal", HEADER)
    for line in earlier.bench.lines:
        journal.append(encode(line), durable=True)
    office = Office(
        tmp_path / "next", tmp_path / "journal", bars={"BTCUSDT": flat_bars([100.0] * 9, first=9)}
    )
    assert office.bench.at > earlier.bench.at
    office.trade("90")
    whole = office.sum_up(since, office.bench.at)
    assert (whole["trades"], D(whole["pnl"])) == (3, 200)
    office.desk.trades.forget(0)
    assert [t.pnl for t in office.desk.trades.between(middle, earlier.bench.at)] == [200]


def test_parameters_are_told_with_a_digest_that_changes_with_them(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.desk.parameters(Turn(JOB, 0, 1, again=False))
    office.desk.strategies[0].parameters["fast"] = "4"
    office.desk.parameters(Turn(JOB, 0, 1, again=False))
    first, second = office.written.said("PARAMETER_SNAPSHOT")
    assert (first["strategy"], first["parameters"]) == ("cross", {"fast": "3", "slow": "8"})
    assert first["digest"] != second["digest"]


def test_reconciling_looks_at_the_account(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.desk.reconcile(Turn(JOB, 0, 1, again=False))
    assert office.looks == 1


def test_bars_that_do_not_close_any_more_are_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    turn = Turn(JOB, 0, 1, again=False)
    office.desk.signals(turn)
    (line,) = office.written.said("NO_BARS")
    assert "at all" in line["text"]
    office.bench.bar()
    office.bench.at += 3 * HOUR
    office.desk.signals(turn)
    assert len(office.written.said("NO_BARS")) == 1
    office.bench.at += NS_PER_SECOND
    office.desk.signals(turn)
    assert "for 10801 s" in office.written.said("NO_BARS")[1]["text"]


def test_every_act_has_its_name(tmp_path: Path) -> None:
    assert set(Office(tmp_path).desk.acts()) == {"summary", "parameters", "reconcile", "signals"}


@pytest.mark.parametrize("clock", ["00:00", "23:59"])
def test_a_time_of_day_is_utc(clock: str) -> None:
    assert str(daily(clock).timezone) == "UTC"

"""An account goes on by other rules: the journal tells of them, and comes out the same again."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.bench import BTC, START
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.places import TEXTS
from thunes.adapters.storage.reading import read_header
from thunes.compose.amending import amended, amendment
from thunes.compose.engine import build_live_engine, engine_from_header, in_force
from thunes.compose.headers import live_header, read_header_of
from thunes.compose.spec import Account, RunSpec
from thunes.compose.strategies import keep_texts, specify_strategy
from thunes.core.domain.decision import Purpose
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import (
    AccountOpened,
    AccountSeen,
    BarsClosed,
    Event,
    Restarted,
    VenueReported,
)
from thunes.core.domain.fact import Decided, Noticed
from thunes.core.domain.line import Line, Outcome, encode
from thunes.core.domain.market import Bar
from thunes.core.domain.order import Accepted, Filled, Order
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import Limits
from thunes.ops.audit import replay
from thunes.runtime.recovery import Recorded, recover

D = Decimal
MINUTE = 60 * NS_PER_SECOND
CASH = {"USDT": D(10_000)}
ALWAYS = '''
import numpy as np
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy, Signals


class Always(SignalStrategy):
    """In at every close."""

    def signals(self, bars: Bars) -> Signals:
        return Signals(enter=np.ones(len(bars), bool), exit=np.zeros(len(bars), bool))
'''


class Lived:
    """One process of an account: what it is told is on record, and nothing leaves."""

    def __init__(self, spec: RunSpec, journal: Path) -> None:
        self.kept = KeptJournal.open(journal, live_header(spec, Account("nowhere", "k")))
        header = read_header_of(read_header(journal), journal)
        self.engine = build_live_engine(header.run, journal)
        found = self.kept.recorded()
        recover(self.engine, Recorded(found.state, found.after, found.beside))
        state = self.engine.state
        before = in_force(header, self.engine)
        now = amended(before, spec, journal.parent)
        keep_texts(now.strategies, journal)
        self.at = max(state.at, START)
        if not state.at:
            self.step(AccountOpened(self.at, {}))
        self.step(Restarted(self.at, state.memory.epoch + 1))
        if (other := amendment(before, now)) is not None:
            self.other = self.step(replace(other, at=self.at))

    def step(self, event: Event) -> Outcome:
        outcome = self.engine.step(event)
        line = encode(Line(event, outcome.commands, outcome.facts))
        self.kept.append(line, durable=True)
        return outcome

    def minute(self) -> list[Order]:
        """A bar closes, the account is looked at, and what was asked for fills; the entry."""
        self.at += MINUTE
        bar = Bar(self.at - MINUTE, self.at, 100.0, 101.0, 99.0, 100.0, 1.0)
        sequence = len(self.engine.state.market.tape)
        orders = [*self._sent(self.step(BarsClosed(self.at, sequence, {"BTCUSDT": (bar,)})))]
        if self.engine.state.memory.unreconciled:
            ledger = self.engine.state.ledger
            held = {a: ledger.books.held(a) for a in ("USDT", "BTC")}
            seen = CASH if not any(held.values()) else held
            self.at += 1
            self.step(AccountSeen(self.at, self.at, 0, (), (), seen))
        return orders

    def _sent(self, outcome: Outcome) -> list[Order]:
        return [o for each in outcome.commands for o in getattr(each, "orders", ())]

    def fill(self, order: Order) -> list[Order]:
        """At 100; what leaves because of it, and is accepted."""
        assert order.quote_amount is not None
        self.at += 1
        fill = Filled(order.id, "1", D(100), order.quote_amount / 100, D(0), "USDT", True)
        outcome = self.step(VenueReported(self.at, (Accepted(order.id), fill)))
        sent = self._sent(outcome)
        self.step(VenueReported(self.at, tuple(Accepted(each.id) for each in sent)))
        return sent


@pytest.fixture
def spec(tmp_path: Path) -> RunSpec:
    path = tmp_path / "always.py"
    path.write_text(ALWAYS)
    return RunSpec(
        quote="USDT",
        timeframe=MINUTE,
        instruments=(BTC,),
        strategies=(specify_strategy(f"{path}:Always", {}, ("BTCUSDT",)),),
        sizing=parse_sizing("fixed:100"),
        exits=ExitPlan(stop_distance=D("0.02")),
        limits=Limits(order_size=D(1_000)),
    )


def entries(told: Lived, minutes: int = 3) -> list[Decimal | None]:
    return [order.quote_amount for _ in range(minutes) for order in told.minute()]


@pytest.mark.parametrize("kept_at", ["never", "before", "after"])
def test_what_is_decided_after_them_is_decided_by_them(
    spec: RunSpec, kept_at: str, tmp_path: Path
) -> None:
    journal = tmp_path / "var" / "journal"
    journal.parent.mkdir()
    first = Lived(spec, journal)
    assert entries(first)[:1] == [D(100)]
    if kept_at == "before":
        first.kept.keep(first.engine.state.snapshot())
    first.kept.release()
    lower = replace(spec, sizing=parse_sizing("fixed:50"), limits=Limits(order_size=D(60)))
    second = Lived(lower, journal)
    assert second.other.facts[0] == Noticed(
        "rules_changed",
        "sizing.value 100 -> 50; limits.order_size 1000 -> 60",
        second.at,
    )
    second.minute()
    if kept_at == "after":
        second.kept.keep(second.engine.state.snapshot())
    assert D(50) in entries(second)
    assert D(100) not in entries(second)
    digest = second.engine.state.digest()
    second.kept.release()
    third = KeptJournal.open(journal, b"{}")
    found = third.recorded()
    assert (found.state is None) == (kept_at == "never")
    engine = build_live_engine(spec, journal)
    recover(engine, Recorded(found.state, found.after, found.beside))
    third.release()
    assert (engine.state.digest(), engine.rooms.risk.limits) == (digest, lower.limits)
    again = engine_from_header(read_header(journal), journal)
    assert replay(journal, again.step).difference is None


def test_limits_below_what_is_held_leave_it_and_its_stop(spec: RunSpec, tmp_path: Path) -> None:
    first = Lived(spec, tmp_path / "journal")
    bought = [order for _ in range(3) for order in first.minute()][-1]
    stops = first.fill(bought)
    assert [order.role.value for order in stops] == ["stop"]
    first.kept.release()
    tight = replace(spec, limits=Limits(order_size=D(50), symbol_exposure=D("0.001")))
    second = Lived(tight, tmp_path / "journal")
    held = second.engine.state.ledger.positions["BTCUSDT"]
    assert (held.quantity, held.stop_price) == (D(1), D(98))
    asked = [fact for _ in range(3) for fact in _decided(second)]
    assert asked
    assert all(fact.proposal.purpose is Purpose.ENTRY and fact.refused_by for fact in asked)
    assert [record.order.id for record in second.engine.state.ledger.orders.working("BTCUSDT")] == [
        stops[0].id
    ]
    second.kept.release()


def _decided(told: Lived) -> list[Decided]:
    told.at += MINUTE
    bar = Bar(told.at - MINUTE, told.at, 100.0, 101.0, 99.0, 100.0, 1.0)
    sequence = len(told.engine.state.market.tape)
    outcome = told.step(BarsClosed(told.at, sequence, {"BTCUSDT": (bar,)}))
    return [fact for fact in outcome.facts if isinstance(fact, Decided)]


def test_a_strategy_may_change_and_what_it_decided_comes_out_again(
    spec: RunSpec, tmp_path: Path
) -> None:
    """Its file is another one now; the text that decided until then is kept beside the journal."""
    journal, file = tmp_path / "journal", tmp_path / "always.py"
    first = Lived(spec, journal)
    assert entries(first)
    first.kept.release()
    file.write_text(ALWAYS.replace("enter=np.ones", "enter=np.zeros"))
    never = specify_strategy(f"{file}:Always", {}, ("BTCUSDT",))
    second = Lived(replace(spec, strategies=(never,)), journal)
    assert second.other.facts[0].text.startswith("strategies.0.sha256 ")
    assert entries(second) == []
    second.kept.release()
    file.unlink()
    assert len(list((journal / TEXTS).iterdir())) == 2
    again = engine_from_header(read_header(journal), journal)
    assert replay(journal, again.step).difference is None


def test_what_books_and_bars_stand_on_stays(spec: RunSpec, tmp_path: Path) -> None:
    for other, said in (
        (replace(spec, timeframe=2 * MINUTE), "other timeframe: go back to 60 s"),
        (replace(spec, instruments=(replace(BTC, symbol="X"),)), "go back to BTCUSDT"),
        (replace(spec, quote="EUR"), "other quote"),
    ):
        with pytest.raises(DataError, match=said):
            amended(spec, other, tmp_path)


def test_a_filter_of_the_venue_is_no_other_rule(spec: RunSpec, tmp_path: Path) -> None:
    wider = replace(spec, instruments=(msgspec.structs.replace(BTC, tick=D("0.1")),))
    assert amendment(spec, amended(spec, wider, tmp_path)) is None

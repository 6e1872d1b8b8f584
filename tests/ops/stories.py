"""A short run written by hand: an entry, a refusal, fills, a stop, a trade and a halt."""

from decimal import Decimal
from pathlib import Path

from thunes.adapters.storage.journal import Journal
from thunes.core.domain.command import (
    CancelOrders,
    Command,
    PlaceOrders,
    ReplaceOrders,
    SetTimer,
)
from thunes.core.domain.decision import Check, Gate, Proposal, Purpose
from thunes.core.domain.event import (
    AccountOpened,
    BarsClosed,
    Event,
    OperatorActed,
    QuoteReceived,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.fact import (
    DayRolled,
    Decided,
    Fact,
    ModeChanged,
    Noticed,
    OrderFailed,
    PositionOpened,
    TradeClosed,
)
from thunes.core.domain.line import Line, Outcome, encode
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Rejected,
    Side,
)
from thunes.core.domain.position import Trade
from thunes.core.domain.units import (
    Asset,
    Instant,
    Money,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    parse_instant,
)

BTC, SMA = Symbol("BTCUSDT"), StrategyId("sma_cross")
HEADER = b'{"strategy":"sma_cross"}'


def at(hour: int) -> Instant:
    return parse_instant(f"2024-01-03T{hour:02d}:00:00Z")


ENTRY = Order(
    id=OrderId("e1"),
    symbol=BTC,
    side=Side.BUY,
    type=OrderType.MARKET,
    role=OrderRole.ENTRY,
    strategy=SMA,
    quote_amount=Money(Decimal("100.00")),
)
STOP = Order(
    id=OrderId("s1"),
    symbol=BTC,
    side=Side.SELL,
    type=OrderType.STOP_MARKET,
    role=OrderRole.STOP,
    strategy=SMA,
    quantity=Quantity(Decimal("0.00200")),
    stop_price=Price(Decimal("49000.00")),
)
GATES = tuple(Check(gate, True) for gate in Gate)


def decided(order: Order, refused_by: Gate | None, checks: tuple[Check, ...]) -> Decided:
    purpose = Purpose.ENTRY if order.role is OrderRole.ENTRY else Purpose.PROTECT
    proposal = Proposal(purpose=purpose, symbol=BTC, strategy=SMA, orders=(order,))
    return Decided(proposal=proposal, refused_by=refused_by, checks=checks)


REFUSAL = decided(
    ENTRY,
    Gate.ORDER_SIZE,
    (
        *GATES[:10],
        Check(Gate.ORDER_SIZE, False, Decimal("250.00"), Decimal("100.00")),
        *GATES[11:],
    ),
)
TRADE = Trade(
    symbol=BTC,
    strategy=SMA,
    entry_time=at(10),
    entry_price=Price(Decimal("50000.00")),
    quantity=Quantity(Decimal("0.00200")),
    exit_time=at(13),
    exit_price=Price(Decimal("49000.00")),
    fees=Money(Decimal("0.198000")),
    pnl=Money(Decimal("-2.198000")),
    exit_reason="stop",
    stop_price=Price(Decimal("49000.00")),
)


def fill(order: Order, trade_id: str, price: str, fee: str) -> Filled:
    return Filled(
        order.id,
        trade_id,
        Price(Decimal(price)),
        Quantity(Decimal("0.00200")),
        Quantity(Decimal(fee)),
        Asset("USDT"),
        True,
    )


def line(event: Event, commands: tuple[Command, ...] = (), *facts: Fact) -> Line:
    return Line(event, commands, facts)


STORY = (
    line(AccountOpened(at(0), {Asset("USDT"): Quantity(Decimal("10000"))})),
    line(BarsClosed(at(9), 1), (), REFUSAL),
    line(BarsClosed(at(10), 2), (PlaceOrders((ENTRY,)),), decided(ENTRY, None, GATES)),
    line(
        VenueReported(at(11), (Accepted(ENTRY.id), fill(ENTRY, "t1", "50000.00", "0.1"))),
        (PlaceOrders((STOP,)),),
        PositionOpened(BTC, SMA, TRADE.entry_price, TRADE.quantity),
        decided(STOP, None, ()),
    ),
    line(
        VenueReported(at(13), (fill(STOP, "t2", "49000.00", "0.098"),)),
        (SetTimer(at(14), "cool_down"),),
        TradeClosed(TRADE, True),
        ModeChanged(Mode.NORMAL, Mode.HALTED, Cause.DAILY_LOSS, Decimal("2.198"), Decimal("2.00")),
    ),
)
REST = (
    line(TimerFired(at(14), "cool_down"), (ReplaceOrders((STOP.id,), (ENTRY,)),)),
    line(
        QuoteReceived(
            at(15),
            Quote(
                at(15),
                BTC,
                TRADE.exit_price,
                TRADE.quantity,
                TRADE.entry_price,
                TRADE.quantity,
            ),
        ),
        (CancelOrders((ENTRY.id,)),),
    ),
    line(
        VenueReported(
            at(16),
            (
                Rejected(ENTRY.id, -2010, "insufficient balance"),
                Canceled(ENTRY.id),
                Expired(STOP.id, "its sibling went first"),
                CancelRefused(STOP.id, -2011, "unknown order"),
                OutcomeUnknown(STOP.id),
                Accepted(OrderId("stranger")),
            ),
        ),
        (),
        OrderFailed(ENTRY.id, BTC, "insufficient balance"),
        Noticed("unexpected_report", "stranger", at(15)),
    ),
    line(
        OperatorActed(at(17), Cause.OPERATOR_KILL, "ann", "enough"),
        (),
        DayRolled(19725, Money(Decimal("9997.802"))),
    ),
)


def record(directory: Path, lines: tuple[Line, ...], *, segment_bytes: int = 1 << 20) -> Path:
    """A closed journal of these steps."""
    with Journal.create(directory, HEADER, segment_bytes=segment_bytes) as journal:
        for step in lines:
            journal.append(encode(step), durable=False)
    return directory


class Parrot:
    """An engine that gives the recorded outcomes, but for those that were exchanged."""

    def __init__(self, lines: tuple[Line, ...], instead: dict[int, Outcome] | None = None) -> None:
        self._lines = list(lines)
        self._instead = instead or {}
        self.steps = 0

    def step(self, event: Event) -> Outcome:
        said = self._lines[self.steps]
        assert event == said.event
        self.steps += 1
        return self._instead.get(self.steps, Outcome(said.commands, said.facts))

"""The canonical scenarios: what a trader's day is made of, each in a few minutes.

A row closes at the end of its minute: what is signalled at row 0 is bought at 60 s. Entries are
for 1,000 at market unless said otherwise; a stop lies 5 % below.
"""

from decimal import Decimal

from tests.simulation.stage import AAA, NOON, Scenario, Stage, says
from thunes.core.domain.decision import Action
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Side
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, parse_instant
from thunes.core.risk.limits import Limits
from thunes.simulation.faults import Fault
from thunes.simulation.floor import Rules

D = Decimal
BBB = "BBBUSDT"
ENTER, ADD, EXIT, CANCEL = Action.ENTER, Action.ADD, Action.EXIT, Action.CANCEL
KILL, PAUSE, RESUME = Cause.OPERATOR_KILL, Cause.OPERATOR_PAUSE, Cause.OPERATOR_RESUME
FLAT = "100 100 100 100"
TARGET = ExitPlan(stop_distance=D("0.05"), targets=(TargetLevel(D("0.02"), D(1)),))
LADDER = ExitPlan(
    stop_distance=D("0.05"),
    targets=(TargetLevel(D("0.02"), D("0.4")), TargetLevel(D("0.04"), D("0.3"))),
    break_even_after=1,
)
EVEN = ExitPlan(
    stop_distance=D("0.05"), targets=(TargetLevel(D("0.02"), D("0.5")),), break_even_after=1
)
TRAILS = ExitPlan(stop_distance=D("0.05"), trail_distance=D("0.02"), trail_after=0)


def after_noon(second: float) -> int:
    return parse_instant(NOON) + int(second * NS_PER_SECOND)


def hides(stage: Stage, seconds: float) -> None:
    """Nothing is heard of what is sent, and nothing on the stream."""
    stage.force(Fault.ERROR_WITH_EFFECT, seconds)
    stage.force(Fault.STREAM_LOST, seconds)


def cancel_stops(stage: Stage) -> None:
    """A person cancels what rests on our behalf."""
    stage.person.cancel(*stage.world.exchange.truth.open)


def pause(stage: Stage, seconds: float) -> None:
    """The machine stands still."""
    lasts = int(seconds * NS_PER_SECOND)
    stage.world._stop_for((lasts, lasts))


ENTRIES = (
    Scenario(
        "entry filled whole",
        FLAT,
        [says(0, ENTER)],
        sees=["opened", "accepted stop"],
        core=True,
    ),
    Scenario(
        "limit entry filled in parts",
        "101 101 99.9x4/99.9x3/99.9x9/99.9 100",
        [says(0, ENTER, limit_price=D(100))],
        sees=["opened", "accepted stop", "canceled stop"],
        core=True,
    ),
    Scenario(
        "market entry ends half filled",
        "100 100x4 100 100",
        [says(0, ENTER)],
        sees=["expired entry", "accepted stop"],
    ),
    Scenario(
        "entry refused",
        FLAT,
        [says(0, ENTER)],
        [(59, lambda stage: stage.force(Fault.REFUSED, 5))],
        sees=["rejected entry"],
        calm=70,
    ),
    Scenario(
        "limit entry expires",
        FLAT,
        [says(0, ENTER, limit_price=D(95), expires_at=after_noon(150))],
        sees=["cancel expired", "canceled entry"],
    ),
    Scenario(
        "limit entry expires in an outage",
        FLAT,
        [says(0, ENTER, limit_price=D(95), expires_at=after_noon(110))],
        [(105, lambda stage: stage.shut(Fault.OUTAGE, 30))],
        sees=["cancel expired", "canceled entry", "outcomeunknown entry"],
        calm=140,
    ),
    Scenario(
        "unknown entry is open",
        FLAT,
        [says(0, ENTER, limit_price=D(95))],
        [(59, lambda stage: hides(stage, 5))],
        sees=["outcomeunknown entry"],
        calm=70,
        core=True,
    ),
    Scenario(
        "unknown entry has filled",
        FLAT,
        [says(0, ENTER)],
        [(59, lambda stage: hides(stage, 5))],
        sees=["found late_fill", "accepted stop"],
        calm=70,
        core=True,
    ),
    Scenario(
        "unknown entry was never there",
        FLAT,
        [says(0, ENTER)],
        [(59, lambda stage: stage.force(Fault.REQUEST_LOST, 4))],
        sees=["outcomeunknown entry"],
        calm=70,
    ),
    Scenario(
        "late fill after a cancel",
        "101 101 99.9x4/101 101 101",
        [says(0, ENTER, limit_price=D(100)), says(1, CANCEL)],
        [(110, lambda stage: stage.force(Fault.LATE_FILL, 20))],
        sees=["canceled entry", "filled entry", "accepted stop"],
        calm=135,
    ),
    Scenario(
        "an entry is added to",
        FLAT,
        [says(0, ENTER), says(1, ADD)],
        sees=["opened", "canceled stop", "accepted stop"],
    ),
    Scenario(
        "an entry meets a rate limit",
        FLAT,
        [says(0, ENTER), says(1, ENTER)],
        [(55, lambda stage: stage.shut(Fault.RATE_LIMITED, 10))],
        sees=["rejected entry", "opened"],
        calm=70,
    ),
)

EXITS = (
    Scenario(
        "stop filled",
        "100 100 100 90",
        [says(0, ENTER)],
        sees=["closed by stop"],
        core=True,
    ),
    Scenario(
        "target hit",
        "100 100 103 103",
        [says(0, ENTER)],
        plan=TARGET,
        sees=["closed by target"],
    ),
    Scenario(
        "ladder: two targets and a runner",
        "100 100 102.5 104.5 104.5 99 99",
        [says(0, ENTER)],
        plan=LADDER,
        sees=["closed by target", "move_stop", "closed by trailing_stop"],
        core=True,
    ),
    Scenario(
        "break-even after the first target",
        "100 100 102.5 102.5 102.5",
        [says(0, ENTER)],
        plan=EVEN,
        sees=["closed by target", "move_stop"],
    ),
    Scenario(
        "trailing stop is replaced twice and fills",
        "100 100 103 106 106 103 103",
        [says(0, ENTER)],
        plan=TRAILS,
        sees=["move_stop", "closed by trailing_stop"],
        core=True,
    ),
    Scenario(
        "a stop is trailed past the price: sold",
        "100 100 103 106 103 103",
        [says(0, ENTER)],
        plan=TRAILS,
        sees=["rejected stop", "exit unprotected"],
    ),
    Scenario(
        "a replace half fails",
        "100 100 103 103 103",
        [says(0, ENTER)],
        [(170, lambda stage: stage.force(Fault.PARTIAL_BATCH, 20))],
        plan=TRAILS,
        sees=["rejected stop", "canceled stop"],
        calm=195,
    ),
    Scenario(
        "exit by signal replaces a list",
        "100 100 100 100 100",
        [says(0, ENTER), says(2, EXIT)],
        plan=TARGET,
        sees=["canceled target", "closed by signal"],
        core=True,
    ),
    Scenario(
        "exit in parts",
        "100 100 100 100x4 100",
        [says(0, ENTER), says(2, EXIT)],
        sees=["expired exit", "closed by signal"],
    ),
    Scenario(
        "an exit half fails",
        "100 100 100 100 100",
        [says(0, ENTER), says(2, EXIT)],
        [(175, lambda stage: stage.force(Fault.PARTIAL_BATCH, 7))],
        sees=["rejected exit", "closed by signal"],
        calm=190,
    ),
    Scenario(
        "an exit is refused and sent again",
        "100 100 100 100 100",
        [says(0, ENTER), says(2, EXIT)],
        [(175, lambda stage: stage.force(Fault.REFUSED, 7))],
        sees=["rejected exit", "closed by signal"],
        calm=190,
    ),
    Scenario(
        "unknown exit has filled",
        "100 100 100 100 100",
        [says(0, ENTER), says(2, EXIT)],
        [(175, lambda stage: hides(stage, 10))],
        sees=["outcomeunknown exit", "closed by signal"],
        calm=190,
    ),
    Scenario(
        "the stop would trigger at once: sold",
        "100 100/90 90 90",
        [says(0, ENTER)],
        [
            (59, lambda stage: hides(stage, 5)),
            (61, lambda stage: stage.force(Fault.REQUEST_LOST, 30)),
        ],
        sees=["rejected stop", "exit unprotected"],
        calm=95,
    ),
    Scenario(
        "the stop is canceled by hand, its successor gets lost",
        "100 100 100 100 100",
        [says(0, ENTER)],
        [(99, lambda stage: stage.force(Fault.REQUEST_LOST, 4)), (100, cancel_stops)],
        sees=["canceled stop", "outcomeunknown stop"],
        calm=130,
    ),
    Scenario(
        "an outage over a naked position",
        "100 100 100 100 100",
        [says(0, ENTER)],
        [
            (99, lambda stage: stage.shut(Fault.RATE_LIMITED, 3)),
            (100, cancel_stops),
            (102, lambda stage: stage.shut(Fault.OUTAGE, 25)),
        ],
        sees=["canceled stop", "rejected stop"],
        calm=130,
        core=True,
    ),
    Scenario(
        "the exchange cancels everything",
        "100 100 100 100 100",
        [says(0, ENTER)],
        [(100, lambda stage: stage.world.exchange.backend.cancel_all())],
        rules=Rules.KRAKEN,
        plan=LADDER,
        sees=["canceled stop", "canceled target"],
    ),
    Scenario(
        "the stop fills while the stream is down",
        "100 100/100/100/90 90 90",
        [says(0, ENTER)],
        [(104, lambda stage: stage.drop_streams())],
        sees=["found late_fill", "closed by stop"],
        calm=104.5,
    ),
)

MODES = (
    Scenario(
        "kill with an entry open and a stop resting",
        {AAA: FLAT, BBB: FLAT},
        [says(0, ENTER), says(0, ENTER, BBB, limit_price=D(95)), says(2, ENTER, BBB)],
        [(150, lambda stage: stage.operate(KILL))],
        sees=["halted by operator_kill", "canceled entry", "refused by kill_switch"],
        core=True,
    ),
    Scenario(
        "kill, resume, enter again",
        FLAT,
        [says(0, ENTER), says(2, ENTER)],
        [(30, lambda stage: stage.operate(KILL)), (130, lambda stage: stage.operate(RESUME))],
        sees=["refused by kill_switch", "normal by operator_resume", "opened"],
    ),
    Scenario(
        "pause, resume, enter",
        FLAT,
        [says(0, ENTER), says(2, ENTER)],
        [(30, lambda stage: stage.operate(PAUSE)), (130, lambda stage: stage.operate(RESUME))],
        sees=["degraded by operator_pause", "refused by mode", "opened"],
    ),
    Scenario(
        "daily loss halts, the next day lifts it",
        "100 100 90 90 90 90 90",
        [says(0, ENTER), says(2, ENTER), says(5, ENTER)],
        limits=Limits(daily_loss=D(50), daily_loss_lifted_by="day"),
        start="2024-01-02T23:56:00Z",
        sees=["halted by daily_loss", "refused by kill_switch", "normal by day_rolled", "opened"],
    ),
    Scenario(
        "a day rolls over a holding",
        "100 100 101 101 102",
        [says(0, ENTER)],
        limits=Limits(daily_loss=D(500)),
        start="2024-01-02T23:58:00Z",
        plan=TRAILS,
        sees=["DayRolled", "move_stop"],
    ),
    Scenario(
        "drawdown halts, the operator resumes",
        "100 100 90 90 90 90",
        [says(0, ENTER), says(2, ENTER), says(4, ENTER)],
        [(230, lambda stage: stage.operate(RESUME))],
        limits=Limits(drawdown_limit=D("0.005")),
        sees=["halted by drawdown_limit", "refused by kill_switch", "normal by operator_resume"],
    ),
    Scenario(
        "drawdown warns and recovers",
        {AAA: "100 100 96 96 100 100 100", BBB: FLAT + " 100 100 100"},
        [says(0, ENTER), says(2, ENTER, BBB), says(5, ENTER, BBB)],
        limits=Limits(drawdown_warning=D("0.003")),
        sees=["degraded by drawdown_warning", "refused by mode", "normal by drawdown_recovered"],
    ),
    Scenario(
        "a loss cools down",
        "100 100 90 90 90",
        [says(0, ENTER), says(2, ENTER)],
        limits=Limits(loss_cool_down_s=90),
        sees=["closed by stop", "refused by loss_cool_down"],
    ),
)

ACCOUNT = (
    Scenario("a restart with nothing", "100 100", sees=["found balance"]),
    Scenario(
        "closed by hand",
        FLAT,
        [says(0, ENTER)],
        [(100, lambda stage: stage.person.close(AAA))],
        sees=["canceled stop", "found foreign_fill"],
    ),
    Scenario(
        "bought by hand",
        FLAT,
        acts=[(100, lambda stage: stage.person.order(AAA, Side.BUY, D(5)))],
        sees=["found foreign_fill", "accepted stop"],
        calm=120,
    ),
    Scenario(
        "a deposit",
        FLAT,
        [says(0, ENTER)],
        [(100, lambda stage: stage.person.deposit("USDT", D(500)))],
        limits=Limits(daily_loss=D(50)),
        sees=["found balance"],
    ),
    Scenario(
        "a withdrawal",
        FLAT,
        [says(0, ENTER)],
        [(100, lambda stage: stage.person.withdraw("USDT", D(500)))],
        limits=Limits(daily_loss=D(50)),
        sees=["found balance"],
    ),
    Scenario(
        "an order of somebody else keeps entries away",
        FLAT,
        [says(0, ENTER), says(2, ENTER)],
        [
            (25, lambda stage: stage.person.order(AAA, Side.BUY, D(1), D(70))),
            (100, cancel_stops),
        ],
        sees=["found foreign_order", "refused by reconciled", "opened"],
    ),
    Scenario(
        "coins that nobody bought are taken over",
        FLAT,
        acts=[(100, lambda stage: stage.person.deposit("AAA", D(10)))],
        sees=["found unknown_position", "accepted stop"],
    ),
    Scenario(
        "two symbols at once",
        {AAA: "100 100 100 90", BBB: "100 100 100 100"},
        [says(0, ENTER), says(0, ENTER, BBB)],
        sees=["closed by stop"],
    ),
    Scenario(
        "two strategies want one symbol",
        FLAT,
        [
            says(0, ENTER, strategy="one"),
            says(1, ENTER, strategy="two"),
            says(2, EXIT, strategy="two"),
        ],
        sees=["refused by one_position_per_symbol"],
    ),
    Scenario(
        "one position is allowed, two are wanted",
        {AAA: FLAT, BBB: FLAT},
        [says(0, ENTER), says(0, ENTER, BBB), says(1, ENTER, BBB)],
        limits=Limits(max_positions=1),
        sees=["refused by max_positions"],
    ),
    Scenario(
        "the journal goes through many segments",
        "100 100 102.5 104.5 104.5 99 99",
        [says(0, ENTER)],
        plan=LADDER,
        segment_bytes=4_096,
        sees=["closed by target", "move_stop"],
    ),
    Scenario(
        "the state is kept every few lines",
        "100 100 102.5 104.5 104.5 99 99",
        [says(0, ENTER)],
        plan=LADDER,
        keep_every=3,
        sees=["closed by target", "move_stop"],
    ),
    Scenario(
        "a pause outlives the lease",
        "100 100/100/100/98.9 98.9 98.9",
        [says(0, ENTER, limit_price=D(99))],
        [(105, lambda stage: pause(stage, 19.9))],
        sees=["Fenced", "accepted stop"],
        calm=125,
    ),
)

SCENARIOS = {each.name: each for each in (*ENTRIES, *EXITS, *MODES, *ACCOUNT)}

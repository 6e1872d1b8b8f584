"""Jobs: what the schedule of a live account has done, as lines of its log."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.event import Event
from thunes.core.domain.fact import TradeClosed
from thunes.core.domain.line import Outcome, decode_line
from thunes.core.domain.position import Trade
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Instant, StrategyId, format_instant
from thunes.ops.logs import Logs
from thunes.ops.words import number
from thunes.ops.worth import worth
from thunes.runtime.live import Live
from thunes.runtime.schedule import Act, Turn

TRADES_MAX = 100_000
_MARK = b'"type":"trade_closed"'


class Running(NamedTuple):
    """One strategy of the account, as a snapshot of parameters tells it."""

    strategy: StrategyId
    source: str
    parameters: dict[str, str]


class Trades:
    """The trades that no summary has accounted for yet: those of this process as they close, those
    of the ones before it from the journal, which is read only when somebody asks for that time."""

    def __init__(self, journal: Path, began: Instant) -> None:
        """What is watched is later than `began`."""
        self._journal, self._began = journal, began
        self._closed: deque[tuple[Instant, Trade]] = deque(maxlen=TRADES_MAX)

    def watch(self, event: Event, outcome: Outcome) -> None:
        for fact in outcome.facts:
            if isinstance(fact, TradeClosed):
                self._closed.append((event.at, fact.trade))

    def between(self, since: Instant, until: Instant) -> list[Trade]:
        """Those that closed after `since` and up to `until`. Raises DataError for a journal that is
        damaged."""
        before = list(self._recorded(since, until)) if since < self._began else []
        return before + [trade for at, trade in list(self._closed) if since < at <= until]

    def forget(self, until: Instant) -> None:
        while self._closed and self._closed[0][0] <= until:
            self._closed.popleft()

    def _recorded(self, since: Instant, until: Instant) -> Iterator[Trade]:
        """What is being written now is not read: it is later."""
        for _, data in read_steps(self._journal):
            if _MARK not in data:
                continue
            line = decode_line(data)
            if line.event.at > min(until, self._began):
                return
            if line.event.at > since:
                yield from (fact.trade for fact in line.facts if isinstance(fact, TradeClosed))


@dataclass(frozen=True, slots=True)
class Desk:
    """What the jobs work with. `ask` has the acting thread answer between two events."""

    ask: Callable[[Callable[[Live], object]], object]
    now: Callable[[], Instant]
    logs: Logs
    trades: Trades
    strategies: Sequence[Running]
    quiet_ns: int  # after so long without a closing something is wrong

    def acts(self) -> dict[str, Act]:
        """Each by the name that the schedule knows it by."""
        return {
            "summary": self.summary,
            "parameters": self.parameters,
            "reconcile": self.reconcile,
            "signals": self.signals,
        }

    def summary(self, turn: Turn) -> None:
        """What was earned since the last summary, and what is held now."""
        trades = self.trades.between(turn.since, turn.until)

        def standing(live: Live) -> None:
            state = live.engine.state
            equity, start = worth(live.engine), state.memory.day_start_equity
            day_pnl = None if equity is None or start is None else equity - start
            self.logs.say(
                "info",
                "DAILY_SUMMARY",
                **_period(turn),
                **_earned(trades),
                equity=number(equity),
                day_pnl=number(day_pnl),
                positions=sorted(state.ledger.positions),
                system_state=state.memory.mode.value,
            )

        self.ask(standing)
        self.trades.forget(turn.until)

    def parameters(self, turn: Turn) -> None:
        """Which strategies run with which parameters, by a digest that changes with them."""
        for each in self.strategies:
            digest = sha256(msgspec.json.encode(each, order="sorted")).hexdigest()[:16]
            words = {"strategy": each.strategy, "source": each.source, "digest": digest}
            self.logs.say(
                "info", "PARAMETER_SNAPSHOT", **_period(turn), **words, parameters=each.parameters
            )

    def reconcile(self, _: Turn) -> None:
        """Look at the whole account now."""
        self.ask(lambda live: live.reconnected())

    def signals(self, _: Turn) -> None:
        """Strategies are asked when bars close: tell if none has for too long."""

        def tell(live: Live) -> None:
            market = live.engine.state.market
            quiet = self.now() - market.closed_at() if market.sequence >= 0 else None
            if quiet is None or quiet > self.quiet_ns:
                since = "at all" if quiet is None else f"for {quiet // NS_PER_SECOND} s"
                said = f"no bar has closed {since}: no strategy is asked, and no stop is moved"
                self.logs.say("warning", "NO_BARS", text=said)

        self.ask(tell)


def _period(turn: Turn) -> dict[str, object]:
    since, until = format_instant(turn.since), format_instant(turn.until)
    return {"job": turn.job.name, "since": since, "until": until, "again": turn.again}


def _earned(trades: Sequence[Trade]) -> dict[str, object]:
    pnl = sum((trade.pnl for trade in trades), ZERO)
    fees: Decimal = sum((trade.fees for trade in trades), ZERO)
    won = sum(1 for trade in trades if trade.pnl > ZERO)
    return {"trades": len(trades), "won": won, "pnl": number(pnl), "fees": number(fees)}

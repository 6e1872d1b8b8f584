"""The status: how the whole account stands, in one answer."""

import time
from collections.abc import Sequence

from thunes.core.domain.decision import Check, Gate
from thunes.core.domain.units import Instant, Symbol, format_instant
from thunes.core.domain.view import OrderState
from thunes.core.engine import Engine
from thunes.core.ledger.orders import OrderRecord
from thunes.ops.commands.answering import answered, seconds
from thunes.ops.commands.command import Nothing
from thunes.ops.commands.gates import ask_gates, judge
from thunes.ops.commands.instance import Context, Instance, Plain
from thunes.ops.commands.why import gate_said
from thunes.ops.words import number
from thunes.ops.worth import unpriced

_MS = 1_000


def status(context: Context, _: Nothing) -> Plain:
    """Mode, money, holdings in numbers, what is wrong, and why no entry is possible."""
    instance, asked_at = context.instance, time.monotonic()
    hands = instance.hands

    def found(engine: Engine, at: Instant) -> Plain:
        lag = time.monotonic() - asked_at
        state, tally = engine.state, instance.tally
        return {
            "directory": str(instance.about.directory),
            "mode": state.memory.mode.value,
            "cause": None if state.memory.cause is None else state.memory.cause.value,
            "since": None if tally.mode_since is None else format_instant(tally.mode_since),
            **_money(engine, at),
            "fills": tally.fills,
            "trades": tally.trades,
            **_in_numbers(engine, at),
            "blocks": _blocks(context, engine, at),
            "epoch": state.memory.epoch,
            "uptime_s": round(asked_at - instance.about.began_s, 3) if hands else None,
            "lag_ms": round(lag * _MS, 3) if hands else None,
            "journal": _head(context),
        }

    venue: Plain = {"place": instance.about.place}
    if hands is not None:
        venue |= hands.gauges()
    return answered(context, found) | {"venue": venue, "configuration": _configuration(instance)}


def _configuration(instance: Instance) -> Plain | None:
    """The file, and what in it is not what runs."""
    configuration = instance.about.configuration
    if configuration is None:
        return None
    file = configuration.file
    return {"file": str(file) if file else None, "edited": list(configuration.edited())}


def _money(engine: Engine, at: Instant) -> Plain:
    """The worth of the account, where everything in it has a price."""
    if unpriced(engine):
        return {"equity": None, "day_pnl": None}
    equity = engine.state.view(at).account.equity()
    start = engine.state.memory.day_start_equity
    day_pnl = None if start is None else number(equity - start)
    return {"equity": number(equity), "day_pnl": day_pnl}


def _in_numbers(engine: Engine, at: Instant) -> Plain:
    state, orders = engine.state, engine.state.ledger.orders.by_age()
    unknown = [each for each in orders if each.state is OrderState.UNKNOWN]
    return {
        "positions": len(state.ledger.positions),
        "open_orders": len(orders),
        "naked": [
            {"symbol": symbol, "age_s": seconds(at - since)}
            for symbol, since in state.guard.naked.items()
        ],
        "unknown": [_unknown(each, at) for each in unknown],
        "reconciled": not state.memory.unreconciled,
        "looked_s": seconds(at - state.doubt.as_of) if state.doubt.as_of else None,
    }


def _unknown(record: OrderRecord, at: Instant) -> Plain:
    order = record.order
    return {"order_id": order.id, "symbol": order.symbol, "age_s": seconds(at - record.asked_at)}


def _blocks(context: Context, engine: Engine, at: Instant) -> list[Plain]:
    """The gates that would refuse an entry, each with the symbols that it would refuse."""
    about = context.instance.about
    if unknown := unpriced(engine):
        check = Check(Gate.PRICE_KNOWN, False)
        said = gate_said(judge(check, at, engine.rooms.risk.limits, None), at)
        return [{**said, "assets": unknown, "symbols": list(about.strategies)}]
    found: dict[Check, list[Symbol]] = {}
    for symbol, strategies in about.strategies.items():
        for check in _failing(ask_gates(engine, at, symbol, strategies[0]).checks):
            found.setdefault(check, []).append(symbol)
    limits, cause = engine.rooms.risk.limits, engine.state.memory.cause
    return [
        {**gate_said(judge(check, at, limits, cause), at), "symbols": symbols}
        for check, symbols in found.items()
    ]


def _failing(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if not check.passed]


def _head(context: Context) -> Plain:
    head = context.instance.head()
    return {"sequence": head.sequence, "head": head.hash}

"""Why no entry is possible now, gate by gate."""

import msgspec

from thunes.core.domain.units import Asset, Instant, Symbol, format_instant
from thunes.core.engine import Engine
from thunes.ops.commands.answering import answered, seconds
from thunes.ops.commands.command import Name
from thunes.ops.commands.gates import LIFTED, Block, ask_gates, judge, traded
from thunes.ops.commands.instance import Context, Plain
from thunes.ops.words import number
from thunes.ops.worth import unpriced


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which symbol."""

    symbol: Name


def why(context: Context, asked: About) -> Plain:
    """What every gate would say of an entry now; what a strategy thinks is not asked."""
    about = context.instance.about

    def found(engine: Engine, at: Instant) -> Plain:
        symbol = traded(engine, asked.symbol)
        strategies = about.strategies.get(symbol, ())
        unknown = unpriced(engine)
        if unknown or not strategies:
            return _unanswered(symbol, unknown)
        found = ask_gates(engine, at, symbol, strategies[0])
        limits, cause = engine.rooms.risk.limits, engine.state.memory.cause
        entry, refused_by = found.proposal, found.refused_by
        return {
            "symbol": symbol,
            "strategy": strategies[0],
            "possible": refused_by is None,
            "refused_by": None if refused_by is None else refused_by.value,
            "entry": {
                "cost": number(entry.notional) or None,
                "price": number(entry.reference) or None,
                "stop": number(entry.stop_price) or None,
            },
            "gates": [gate_said(judge(each, at, limits, cause), at) for each in found.checks],
        }

    return answered(context, found)


def gate_said(block: Block, at: Instant) -> Plain:
    """One gate: its numbers, how far it is from turning, and what turns it."""
    check, until = block.check, block.until
    return {
        "gate": check.gate.value,
        "passed": check.passed,
        "actual": number(check.actual) or None,
        "limit": number(check.limit) or None,
        "distance": number(block.distance) or None,
        "until": None if until is None else format_instant(until),
        "wait_s": None if until is None else seconds(until - at),
        "lifted_when": None if check.passed else LIFTED[check.gate],
    }


def _unanswered(symbol: Symbol, unknown: list[Asset]) -> Plain:
    missing = f"no price is known of {', '.join(unknown)}, so the account cannot be valued yet"
    return {
        "symbol": symbol,
        "possible": False,
        "refused_by": None,
        "gates": [],
        "text": missing if unknown else "no strategy trades it",
    }

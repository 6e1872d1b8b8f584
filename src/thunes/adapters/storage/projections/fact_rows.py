"""Rows of positions, trades and decisions: what a step found out, as the values of columns."""

from thunes.adapters.storage.projections.order_rows import Values, moment
from thunes.core.domain.decision import Check
from thunes.core.domain.fact import Decided, PositionChanged
from thunes.core.domain.position import Trade


def position_row(held: PositionChanged) -> Values:
    return {
        "symbol": held.symbol,
        "strategy": held.strategy,
        **moment("opened", held.opened_at),
        "quantity": held.quantity,
        "entry_price": held.entry_price,
        "stop_price": held.stop_price,
    }


def trade_row(trade: Trade, *, flat: bool) -> Values:
    return {
        "symbol": trade.symbol,
        "strategy": trade.strategy,
        **moment("entry", trade.entry_time),
        "entry_price": trade.entry_price,
        "quantity": trade.quantity,
        **moment("exit", trade.exit_time),
        "exit_price": trade.exit_price,
        "fees": trade.fees,
        "pnl": trade.pnl,
        "exit_reason": trade.exit_reason,
        "stop_price": trade.stop_price,
        "target_price": trade.target_price,
        "flat": flat,
    }


def decision_row(decided: Decided) -> Values:
    proposal = decided.proposal
    return {
        "symbol": proposal.symbol,
        "strategy": proposal.strategy,
        "purpose": proposal.purpose.value,
        "refused_by": None if decided.refused_by is None else decided.refused_by.value,
        "reason": proposal.reason,
        "notional": proposal.notional,
        "reference": proposal.reference,
        "stop_price": proposal.stop_price,
    }


def gate_row(check: Check) -> Values:
    return {
        "gate": check.gate.value,
        "passed": check.passed,
        "actual": check.actual,
        "allowed": check.limit,
    }

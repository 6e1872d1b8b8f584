"""Modes of the whole system and the causes that move it between them."""

from thunes.core.domain.word import Word


class Mode(Word):
    NORMAL = "normal"
    DEGRADED = "degraded"  # no new entries
    HALTED = "halted"  # no new entries, working entries are taken back


class Cause(Word):
    """Why the mode changes. See `core.risk.mode` for the table and who may lift what."""

    DRAWDOWN_WARNING = "drawdown_warning"
    DRAWDOWN_RECOVERED = "drawdown_recovered"
    DRAWDOWN_LIMIT = "drawdown_limit"
    DAILY_LOSS = "daily_loss"
    DAY_ROLLED = "day_rolled"
    INVARIANT_BROKEN = "invariant_broken"
    OPERATOR_PAUSE = "operator_pause"
    OPERATOR_KILL = "operator_kill"
    OPERATOR_RESUME = "operator_resume"

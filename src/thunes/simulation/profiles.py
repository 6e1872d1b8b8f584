"""Profiles: how hard a world is on those who live in it."""

from collections.abc import Mapping

from thunes.core.domain.errors import UsageError
from thunes.simulation.chance import Chance
from thunes.simulation.faults import RECURRING, Fault, Faults

F = Fault

_MODERATE: Mapping[Fault, float] = {
    F.REQUEST_LOST: 0.01,
    F.REQUEST_DELAYED: 0.01,
    F.REQUEST_OVERTAKEN: 0.02,
    F.RESET_BEFORE_SENT: 0.01,
    F.RESET_AFTER_SENT: 0.01,
    F.NO_CONNECTION: 0.01,
    F.HALF_OPEN: 3_000,
    F.ANSWER_LOST: 0.01,
    F.ANSWER_DELAYED: 0.02,
    F.ANSWER_TRUNCATED: 0.005,
    F.ANSWER_HTML: 0.005,
    F.ERROR_WITH_EFFECT: 0.01,
    F.ERROR_WITHOUT_EFFECT: 0.01,
    F.EMBEDDED_REJECT: 0.005,
    F.PARTIAL_BATCH: 0.01,
    F.STREAM_LOST: 0.02,
    F.STREAM_DUPLICATED: 0.03,
    F.STREAM_REORDERED: 0.03,
    F.STREAM_STALE: 0.01,
    F.STREAM_STALLED: 1_200,
    F.STREAM_DISCONNECTED: 1_200,
    F.STREAM_SHUTDOWN: 3_600,
    F.RESUBSCRIBE_LOST: 0.3,
    F.FILL_BEFORE_ACK: 0.05,
    F.ACK_AFTER_CANCEL: 0.02,
    F.LATE_FILL: 0.03,
    F.ANSWERS_DISAGREE: 0.05,
    F.PARTIAL_FILL: 0.1,
    F.REFUSED: 0.01,
    F.SELF_TRADE: 0.005,
    F.NO_LIQUIDITY: 0.02,
    F.RATE_LIMITED: 1_800,
    F.BANNED: 7_200,
    F.OUTAGE: 3_600,
    F.MAINTENANCE: 7_200,
    F.CANCEL_ONLY: 7_200,
    F.CANCELED_ALL: 7_200,
    F.SLOW_ENGINE: 0.02,
    F.REPLICA_LAG: 0.2,
    F.BARS_LATE: 0.03,
    F.BARS_LOST: 0.02,
    F.BARS_TWICE: 0.02,
    F.QUOTE_LOST: 0.02,
    F.QUOTE_BAD: 0.01,
    F.QUOTE_OLD: 0.01,
    F.CLOCK_SKEW: 0.3,
    F.CLOCK_JUMP: 7_200,
    F.CLOCK_DRIFT: 0.3,
    F.CLOCK_STEP: 7_200,
    F.PAUSE: 1_800,
    F.CRASH: 1_800,
    F.HANG: 7_200,
    F.SECOND_INSTANCE: 7_200,
    F.DISK: 2_000,  # calls, not seconds
    F.MANUAL_ORDER: 7_200,
    F.MANUAL_CLOSE: 7_200,
    F.DEPOSIT: 7_200,
    F.WITHDRAWAL: 7_200,
    F.OPERATOR: 7_200,
}
"""Moderate everything. A request duplicated on its way is in no profile: TLS rules it out."""

_CRASHES = (F.CRASH, F.HANG, F.SECOND_INSTANCE, F.DISK)
_MILDNESS = 0.2
_CRASH_FURY = 12.0
_OPERATOR_FURY = 2.0  # what a person has ordered must outlive a crash
_RARITY = 0.25  # a sparse world is quiet most of the time
_PROBABILITY_MAX = 0.5
_MEAN_S_MIN = 20.0


def quiet() -> Faults:
    """A world in which nothing goes wrong."""
    return Faults("quiet", {})


def faults_of(profile: str, chance: Chance) -> Faults:
    """The faults of `profile`; those of `swarm` are drawn."""
    match profile:
        case "dense":
            intensity = dict(_MODERATE)
        case "sparse":
            intensity = {f: _scaled(f, _RARITY if f in RECURRING else 1.0) for f in _MODERATE}
        case "crash":
            fury = {**dict.fromkeys(_CRASHES, _CRASH_FURY), F.OPERATOR: _OPERATOR_FURY}
            intensity = {f: _scaled(f, fury.get(f, _MILDNESS)) for f in _MODERATE}
        case "swarm":
            intensity = _swarm(chance)
        case "quiet":
            return quiet()
        case _:
            raise UsageError(f"profile {profile!r} is none of: dense, sparse, crash, swarm, quiet")
    return Faults(profile, intensity)


def _swarm(chance: Chance) -> dict[Fault, float]:
    """Every second fault, each from ten times rarer to ten times as often as is moderate."""
    draws = chance.stream("swarm")
    intensity: dict[Fault, float] = {}
    for fault in _MODERATE:
        taken, factor = draws.hits(0.5), 10.0 ** (2.0 * draws.uniform() - 1.0)
        if taken:
            intensity[fault] = _scaled(fault, factor)
    return intensity


def _scaled(fault: Fault, factor: float) -> float:
    """The moderate intensity `factor` times as often."""
    moderate = _MODERATE[fault]
    if fault in RECURRING:
        return max(_MEAN_S_MIN, moderate / factor)
    return min(_PROBABILITY_MAX, moderate * factor)

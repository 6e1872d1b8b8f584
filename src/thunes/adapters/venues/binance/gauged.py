"""Gauges: how Binance is reached, in numbers for a person."""

from thunes.adapters.venues.binance.budget import Counted
from thunes.adapters.venues.binance.session import Session
from thunes.adapters.venues.binance.works import Works
from thunes.core.domain.units import NS_PER_SECOND

_MINUTE_NS = 60 * NS_PER_SECOND
_NS_PER_MS = 1_000_000


def read_gauges(works: Works) -> dict[str, object]:
    """`up`: both streams are; counts are since the process began."""
    client, (account, market) = works.client, works.sessions
    gauges = client.gauges
    offset, budget = gauges.clock.offset_ns, gauges.budget
    weights = [
        each
        for each in budget.limits
        if each.counted is Counted.WEIGHT and each.window_ns == _MINUTE_NS
    ]
    return {
        "up": account.up and market.up,
        "streams": {"account": _stream(account), "market": _stream(market)},
        "breaker": gauges.breaker.door.value,
        "clock_offset_ms": None if offset is None else offset // _NS_PER_MS,
        "requests": client.asked,
        "outages": client.outages,
        "missed_looks": client.missed_looks,
        "last_miss": client.last_miss or None,
        "weight_a_minute": [
            {"used": budget.used(each, client.now()), "most": each.most} for each in weights
        ],
    }


def _stream(session: Session) -> dict[str, object]:
    counts = session.counts
    return {
        "up": session.up,
        "connections": counts.connections,
        "losses": counts.losses,
        "last_loss": counts.last_loss or None,
    }

"""The certificate of parity as a page and as JSON."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.adapters.pages import render, write_page
from thunes.core.domain.units import format_instant
from thunes.ops.drawing import bars_of
from thunes.ops.parity_certificate import Certificate, Spread
from thunes.ops.parity_terms import Cause, Mismatch

ROWS_MAX = 500
FILLS_SHARE_MIN = 0.95
"""So many of the fills at least should lie within the model's interval."""

_PIECES = files("thunes.ops")
_MEANT: Mapping[Cause, str] = {
    Cause.DATA: "other bars, or bars that came later",
    Cause.TIMING: "known late, decided late or filled late",
    Cause.FEE: "the venue took another fee",
    Cause.FILL: "a price beyond the model, a part, a refusal, the way inside a bar",
    Cause.CONFIGURATION: "other rules",
    Cause.RISK: "a limit, a halt or a person, which a backtest cannot know",
}


def as_json(found: Certificate) -> dict[str, Any]:
    """The certificate for a program; times are ISO 8601 UTC, decimals text."""
    departure = found.decisions.departure
    return {
        "from": format_instant(found.start),
        "to": format_instant(found.end),
        "recorded_by": found.recorded_by,
        "decisions": {
            "steps": found.decisions.steps,
            "equal": found.decisions.equal,
            "share": found.decisions.share,
            "first_difference": None
            if departure is None
            else {**departure._asdict(), "at": format_instant(departure.at)},
        },
        "trades": {"compared": found.rounds, "same": found.same, "causes": found.by_cause},
        "differences": [_difference(each) for each in found.mismatches],
        "fills_bps": {**found.fills._asdict(), "model_bps": f"{found.slippage_bps:f}"},
        "fills_within": {"count": found.within, "share": found.within_share},
        "close_to_order_s": found.to_order_s._asdict(),
        "order_to_fill_s": found.to_fill_s._asdict(),
        "fees": {"account": f"{found.fees[0]:f}", "backtest": f"{found.fees[1]:f}"},
        "left_out": list(found.left_out),
        "sources": list(found.sources),
    }


def write_certificate(found: Certificate, title: str, path: Path) -> None:
    """Write the page; UsageError without the extra `report`, ThunesError where it cannot be."""
    words = {"title": title, "style": style(), **words_of(found)}
    write_page(path, render(_PIECES.joinpath("parity.html.j2"), words))


def style() -> str:
    """The look of the pages of this room."""
    return _PIECES.joinpath("page.css").read_text("utf-8")


def words_of(found: Certificate) -> dict[str, Any]:
    """What a page says of a certificate."""
    decisions, share = found.decisions, found.within_share
    return {
        "holds": found.holds,
        "period": f"{format_instant(found.start)[:19]} to {format_instant(found.end)[:19]} UTC",
        "recorded_by": found.recorded_by,
        "decisions": decisions,
        "decided": f"{_floored(decisions.share)} %",
        "departure_at": "" if found.holds else _departed(found),
        "rounds": found.rounds,
        "same": found.same,
        "within": "none" if share is None else f"{share:.1%}",
        "within_enough": share is None or share >= FILLS_SHARE_MIN,
        "fills": found.fills,
        "model_bps": f"{found.slippage_bps:f}",
        "slips": bars_of(found.slips),
        "to_order": _seconds(found.to_order_s),
        "to_fill": _seconds(found.to_fill_s),
        "fees": tuple(f"{each:,.4f}" for each in found.fees),
        "causes": [(c.value, found.by_cause[c.value], _MEANT[c]) for c in Cause],
        "rows": [_difference(each) for each in found.mismatches[:ROWS_MAX]],
        "rows_in_all": len(found.mismatches),
        "left_out": found.left_out,
        "sources": found.sources,
    }


def _floored(share: float) -> str:
    """Percent, and 100 only where it is all."""
    return "100" if share == 1 else f"{int(share * 10_000) / 100:.2f}"


def _departed(found: Certificate) -> str:
    departure = found.decisions.departure
    return "" if departure is None else format_instant(departure.at)


def _seconds(spread: Spread) -> str:
    if not spread.cases:
        return "none"
    return f"{spread.p50:.2f} / {spread.p99:.2f} / {spread.worst:.2f} s"


def _difference(each: Mismatch) -> dict[str, str]:
    symbol, strategy, signal = each.key
    return {
        "symbol": symbol,
        "strategy": strategy,
        "signal": format_instant(signal),
        "what": each.what.value,
        "account": each.here,
        "backtest": each.there,
        "cause": each.cause.value,
        "why": each.why,
    }

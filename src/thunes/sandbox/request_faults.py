"""Faults on the way of a request and of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from thunes.adapters.venues.simulated.admission import (
    BANNED,
    FUNDS,
    LATE,
    NO_SUCH_ORDER,
    UNKNOWN_ORDER,
)
from thunes.sandbox.faults import Active, Fault, FaultBox
from thunes.sandbox.limits import too_many, too_many_orders
from thunes.sandbox.refused import BAD_KEY, BAD_REQUEST, BAD_SIGNATURE, Refused

_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
_BEFORE = (
    Fault.ERROR_BEFORE,
    Fault.RATE_LIMITED,
    Fault.BANNED,
    Fault.ORDER_LIMITED,
    Fault.BLOCKED,
)
_AFTER = (
    Fault.ERROR_AFTER,
    Fault.ANSWER_LOST,
    Fault.ANSWER_CUT,
    Fault.ANSWER_PAGE,
)

_TIMEOUT = (
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown."
)
_ARCHIVED = (
    "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
)
_ERRORS: Mapping[int, tuple[int, str]] = {
    -1000: (500, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1006: (
        500,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    -1007: (
        504,
        _TIMEOUT,
    ),
    -1008: (
        503,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    -1016: (503, "This service is no longer available."),
    **{
        code: (BAD_REQUEST, text)
        for code, text in (LATE, BAD_SIGNATURE, FUNDS, UNKNOWN_ORDER, NO_SUCH_ORDER)
    },
    BAD_KEY[0]: (401, BAD_KEY[1]),
    -2026: (
        400,
        _ARCHIVED,
    ),
}
"""HTTP status and text by code, of errors that no request can bring about by itself."""


@dataclass(frozen=True, slots=True)
class Way:
    """What happens to one request; times in seconds."""

    lost: bool = False
    late_s: float = 0.0
    refusal: Refused | None = None  # instead of doing it


@dataclass(frozen=True, slots=True)
class WayBack:
    """What happens to one answer."""

    lost: bool = False
    cut: bool = False
    late_s: float = 0.0
    instead: Refused | None = None


def way(box: FaultBox, on: str) -> Way | None:
    """What is wrong on the way of this request; None: nothing."""
    if not box.active:
        return None
    lost = box.strikes(Fault.REQUEST_LOST, on)
    if lost is not None:
        return Way(lost=True, late_s=lost.number(0))
    late = box.strikes(Fault.REQUEST_LATE, on)
    error = box.first(_BEFORE, on)
    return Way(
        late_s=0.0 if late is None else late.number(1),
        refusal=None if error is None else _refusal(error),
    )


def way_back(box: FaultBox, on: str) -> WayBack | None:
    """What is wrong on the way of its answer; None: nothing."""
    if not box.active:
        return None
    late = box.strikes(Fault.ANSWER_LATE, on)
    found = box.first(_AFTER, on)
    kind = None if found is None else found.fault
    instead = None
    if found is not None and kind is Fault.ERROR_AFTER:
        instead = _error(int(found.number(-1007)))
    elif kind is Fault.ANSWER_PAGE:
        instead = Refused(None, _PAGE.format("502 Bad Gateway"), status=502)
    return WayBack(
        lost=kind is Fault.ANSWER_LOST,
        cut=kind is Fault.ANSWER_CUT,
        late_s=0.0 if late is None else late.number(1),
        instead=instead,
    )


def _refusal(found: Active) -> Refused:
    wait_s = int(found.number(10))
    match found.fault:
        case Fault.RATE_LIMITED:
            return too_many("6000 request weight per 1 MINUTE", wait_s)
        case Fault.BANNED:
            return Refused(*BANNED, status=418, headers={"Retry-After": str(wait_s)})
        case Fault.ORDER_LIMITED:
            return too_many_orders("100 orders per 10 SECOND", wait_s)
        case Fault.BLOCKED:
            return Refused(None, _PAGE.format("403 Forbidden"), status=403)
        case _:
            return _error(int(found.number(-1001)))


def _error(code: int) -> Refused:
    status, text = _ERRORS.get(code, (400, "The sandbox was told to answer with this code."))
    return Refused(code, text, status=status)

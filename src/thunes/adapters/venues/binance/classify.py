"""Classification: what an error of the venue means for what was asked, by status, code and text.

Not by the class that a client library gives it: those change with the host that was asked.
"""

from collections.abc import Mapping, Sequence

import msgspec

from thunes.core.domain.word import Word

_TEXT_MAX = 200


class Meaning(Word):
    """What follows from an error."""

    REFUSED = "refused"  # not done, for what it is: asked again it would be refused again
    RETRY = "retry"  # not done, for what the moment is: the same may be asked again
    UNKNOWN = "unknown"  # done or not, nobody knows: evidence decides
    FATAL = "fatal"  # not done, and nothing will be until a person mends it


class Failure(msgspec.Struct, frozen=True):
    """An error with its meaning; an `outage` counts against the venue's breaker. Some bodies say
    more than code and text: what became of each half of a cancel-replace."""

    meaning: Meaning
    code: int
    text: str
    outage: bool = False
    body: bytes = b""


_R, _A, _U, _F = Meaning.REFUSED, Meaning.RETRY, Meaning.UNKNOWN, Meaning.FATAL

BY_CODE: Mapping[int, Meaning] = {
    -1000: _U,  # an unknown error occurred while processing the request
    -1001: _U,  # disconnected: unable to process
    -1002: _F,  # not authorised
    -1003: _A,  # too many requests, or banned
    -1006: _U,  # an unexpected answer from the message bus: execution status unknown
    -1007: _U,  # timeout from the backend: send status and execution status unknown
    -1008: _A,  # the server is overloaded and took nothing in
    -1013: _R,  # a filter
    -1015: _A,  # too many orders
    -1016: _A,  # this service is no longer available: closed for now
    -1020: _R,  # unsupported operation
    -1021: _A,  # the timestamp: after the clock was measured again
    -1022: _F,  # the signature
    -1033: _A,  # too many connections, or this one is about to close
    -1034: _A,
    **dict.fromkeys(range(-1199, -1099), _R),  # parameters: malformed, missing, impossible
    -2008: _F,  # bad API id
    -2010: _R,  # refused by the engine: see the texts
    -2011: _R,  # the cancel was refused
    -2013: _R,  # no such order
    -2014: _F,  # the key is malformed
    -2015: _F,  # key, address or permission
    -2016: _A,  # no trading window
    -2021: _R,  # half of a cancel-replace
    -2022: _R,  # a cancel-replace
    -2026: _R,  # archived
    -2033: _R,  # the list cannot be amended
    -2035: _R,  # subscribed already
    -2036: _R,  # not subscribed
    -2038: _R,  # amended too often
    -2039: _R,  # ids that belong to two orders
    -2042: _A,  # too many subscriptions
    -2043: _R,  # no reference price
}

BY_TEXT: Sequence[tuple[str, Meaning]] = (
    ("Duplicate order sent", _U),  # one of this id is open: how it stands is to be found out
    ("insufficient balance", _A),  # what is free will change
    ("Market is closed", _A),
    ("disabled on this account", _F),
    ("account may not place or cancel orders", _F),
    ("Account is not", _F),
    ("Invalid API-key", _F),
)
"""Texts that say more than their code does (-1010, -1013, -2010, -2011)."""

ADVICE: Mapping[int, str] = {
    -1022: "the secret is not that of this key: copy both again",
    -2008: "no such key here: live, testnet and demo have keys of their own",
    -2014: "the key is malformed: copy it again",
    -2015: "check that the key is one of this place (live, testnet and demo have keys of their own)"
    " and still there, that this address may use it, and that it may read and trade Spot",
}
"""What a person can do about an error that only a person can mend."""

_SEEN_IN_TEXT = (-1010, -1013, -2010, -2011)

BY_STATUS: Mapping[int, Meaning] = {
    401: _F,
    403: _A,  # the firewall in front of the venue: nothing came in
    404: _F,
    410: _F,  # retired
    418: _A,
    429: _A,
}


class Trouble(msgspec.Struct, frozen=True):
    """An error as every door of the venue gives it."""

    code: int
    msg: str = ""


_TROUBLE = msgspec.json.Decoder(Trouble)


def classify(status: int, body: bytes) -> Failure | None:
    """What an answer means that is an error; None for one that is not.

    An error may come with HTTP 200. What is not JSON was not written by the venue's engine.
    """
    try:
        error = _TROUBLE.decode(body)
    except msgspec.MsgspecError:
        error = None
    if error is None or error.code >= 0:
        return None if status == 200 and _is_json(body) else _of_status(status)
    text = error.msg[:_TEXT_MAX]
    meaning = meaning_of(error.code, text)
    # A fault of the server says nothing certain, unless it says that nothing came in.
    if status >= 500 and meaning is not Meaning.RETRY:
        meaning = Meaning.UNKNOWN
    outage = meaning is Meaning.UNKNOWN and (status >= 500 or error.code > -1100)
    return Failure(meaning, error.code, text, outage, body)


def meaning_of(code: int, text: str) -> Meaning:
    """The meaning of an error by its code and text; of one that nobody knows: unknown."""
    if code in _SEEN_IN_TEXT:
        for said, meaning in BY_TEXT:
            if said.lower() in text.lower():
                return meaning
    return BY_CODE.get(code, Meaning.UNKNOWN)


def _of_status(status: int) -> Failure:
    meaning = BY_STATUS.get(status, Meaning.UNKNOWN)
    text = f"HTTP {status} without an error of the venue"
    return Failure(meaning, 0, text, outage=meaning is Meaning.UNKNOWN)


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.MsgspecError:
        return False
    return True

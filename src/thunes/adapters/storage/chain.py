"""The form of a journal's lines and the hash that chains each to the one before."""

import re
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

CHAIN_START = bytes(32)
SEAL_BYTES = len(',"hash":""}') + 64

_HEAD = re.compile(rb'\{"seq":(0|[1-9][0-9]{0,17}),"(session|step|closed)":')
_SEAL = re.compile(rb',"hash":"([0-9a-f]{64})"\}')


class Kind(Enum):
    """What a line holds: the header (line 0), one step, or the end of the journal."""

    SESSION = "session"
    STEP = "step"
    CLOSED = "closed"


class Link(NamedTuple):
    """A line taken apart; what cannot be read of it is None.

    `body` is what the hash covers: the bytes before `,"hash"`.
    """

    sequence: int | None
    kind: Kind | None
    payload: bytes
    body: bytes
    seal: bytes | None


def forge(previous: bytes, sequence: int, kind: Kind, payload: bytes) -> tuple[bytes, bytes]:
    """The line of `payload` with its line end, and its digest (32 bytes), which the next needs."""
    body = b'{"seq":%d,"%b":%b' % (sequence, kind.value.encode(), payload)
    digest = sha256(previous + body).digest()
    return b'%b,"hash":"%b"}\n' % (body, digest.hex().encode()), digest


def step_after(previous: bytes, sequence: int, line: bytes) -> Link | None:
    """The step of that number, if `line` is one and carries the digest of itself after `previous`:
    what nearly every line is, told at a fraction of the cost of taking it apart."""
    head = b'{"seq":%d,"step":' % sequence
    body = line[:-SEAL_BYTES]
    digest = sha256(previous + body).digest()
    if not line.startswith(head) or line[-SEAL_BYTES:] != b',"hash":"%b"}' % digest.hex().encode():
        return None
    return Link(sequence, Kind.STEP, body[len(head) :], body, digest)


def take_apart(line: bytes) -> Link:
    """Read a line without its line end, whole or damaged, without decoding the payload."""
    head = _HEAD.match(line)
    seal = _SEAL.fullmatch(line[-SEAL_BYTES:])
    body = line[:-SEAL_BYTES] if seal else line
    return Link(
        sequence=int(head[1]) if head else None,
        kind=Kind(head[2].decode()) if head else None,
        payload=body[head.end() :] if head else b"",
        body=body,
        seal=bytes.fromhex(seal[1].decode()) if seal else None,
    )


def follows(previous: bytes, link: Link) -> bool:
    """Whether `link` carries the digest of itself after `previous`."""
    return link.seal is not None and sha256(previous + link.body).digest() == link.seal

"""Headers: the first line of a journal, by which the same engine can be built again."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from thunes import __version__
from thunes.adapters.storage.tape import tape_digest
from thunes.compose.spec import Account, Header, RunSpec
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol

_ENCODER = msgspec.json.Encoder(decimal_format="string")


def header_of(spec: RunSpec, columns: Mapping[Symbol, BarColumns]) -> bytes:
    """The header of a journal of this run."""
    digests = {symbol: tape_digest(bars) for symbol, bars in columns.items()}
    return _ENCODER.encode(Header(thunes=__version__, run=spec, tape=digests))


def live_header(spec: RunSpec, account: Account) -> bytes:
    """The header of the journal of an account."""
    return _ENCODER.encode(Header(thunes=__version__, run=spec, tape={}, account=account))


def rules_text(spec: RunSpec) -> str:
    """The rules of a run as an event of the journal tells them."""
    return _ENCODER.encode(spec).decode()


def rules_in(text: str) -> RunSpec:
    """The way back. Raises DataError for what are not rules of ours."""
    try:
        return msgspec.json.decode(text, type=RunSpec)
    except msgspec.MsgspecError as error:
        raise DataError(f"the journal goes on by rules that are none of ours: {error}") from error


def read_header_of(header: bytes, directory: Path) -> Header:
    """The header of a journal in `directory`. Raises DataError if it is not one of ours."""
    try:
        return msgspec.json.decode(header, type=Header)
    except msgspec.MsgspecError as error:
        raise DataError(f"{directory}: the journal's header is not one of ours: {error}") from error

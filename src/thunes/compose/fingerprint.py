"""Fingerprints: hashes that tell whether two searches are of the same bars, rules and code."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec

from thunes import __version__
from thunes.adapters.storage.tape import tape_digest
from thunes.compose.searched import Ground
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol

_ENCODER = msgspec.json.Encoder(decimal_format="string", order="sorted")


def data_hash(columns: Mapping[Symbol, BarColumns], timeframe: int) -> str:
    """Of bars: hex, the same whatever the order of the symbols."""
    digests = {symbol: tape_digest(each) for symbol, each in columns.items()}
    return _hash({"timeframe": timeframe, "bars": digests})


def terms_hash(ground: Ground) -> str:
    """Of all that decides what parameters come to, but for the parameters, the bars, the code."""
    one = ground.spec.strategies[0]
    bare = msgspec.structs.replace(one, parameters={}, source=one.source.rpartition("/")[2])
    ends = [int(each.open_time[-1]) for each in ground.columns.values()]
    return _hash(
        {
            "run": msgspec.structs.replace(ground.spec, strategies=(bare,)),
            "balances": dict(ground.world.balances),
            "friction": ground.world.friction,
            "window": (ground.since, max(ends), ground.closing),
        }
    )


@cache
def code_version() -> str:
    """The version of THUNES, with the hash of its very text."""
    package = Path(str(files("thunes")))
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:16]}"


def _hash(value: object) -> str:
    return sha256(_ENCODER.encode(value)).hexdigest()

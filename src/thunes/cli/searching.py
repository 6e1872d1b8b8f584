"""What a search and a walk forward are asked on the command line, and what they stand on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from thunes.cli.past import PastFlags

if TYPE_CHECKING:
    from thunes.compose.searched import Ground
    from thunes.research.search.space import Space

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_LEAST = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFlags:
    """Which parameters are searched, how, and where the records lie."""

    range: Annotated[
        list[str] | None,
        Option(
            help="NAME=LOW:HIGH[:STEP] or NAME=A,B,C: what a parameter may be. May repeat. "
            "Default: from a quarter to four times what each is unless told."
        ),
    ] = None
    trials: Annotated[
        int, Option(min=1, help="Sets to try; a grid tries all of them. Default: 25.")
    ] = 25
    seed: Annotated[int, Option(min=0, help="Of the sampler and of every resampling.")] = 0
    study: Annotated[
        str | None, Option(help="What the search is called. Default: told by what is searched.")
    ] = None
    memory: Annotated[str, Option(help="The most that may be used, as 500MB or 2GB.")] = "1GB"
    artifacts: Annotated[
        Path, Option(help="The directory of all records: trials/, optuna/, one ledger a data set.")
    ] = Path("artifacts")


def ground_of(past: PastFlags, flags: SpaceFlags) -> "tuple[Ground, Space]":
    """Bars, rules and space of a search. UsageError, DataError."""
    from thunes.cli.request import prepare
    from thunes.cli.unnamed import tell_of_unused
    from thunes.compose.backtest import World
    from thunes.compose.fingerprint import data_hash
    from thunes.compose.searched import Ground
    from thunes.config import load_config
    from thunes.core.domain.errors import UsageError
    from thunes.research.search.space import space_of

    if len(past.strategy) > 1:
        raise UsageError("--strategy: a search takes one; search each by itself")
    memory = bytes_asked(flags.memory)
    tell_of_unused(past.config)
    request = prepare(past.flags(), None if past.config is None else load_config(past.config))
    data = data_hash(request.columns, request.spec.timeframe)
    ground = Ground(request.spec, request.columns, World(request.balances), data, memory=memory)
    fixed = request.spec.strategies[0].parameters
    return ground, space_of(ground.kind, flags.range or (), fixed)


def bytes_asked(text: str) -> int:
    """`500MB` in bytes; a number without a unit is bytes."""
    from thunes.core.domain.errors import UsageError

    said = text.strip().upper()
    unit = next((each for each in ("KB", "MB", "GB", "TB", "B") if said.endswith(each)), "")
    try:
        count = int(float(said.removesuffix(unit)) * _UNITS.get(unit, 1))
    except (ValueError, OverflowError):
        count = 0
    if count < _LEAST:
        raise UsageError(f"--memory {text}: say how much, at least 1MB, as 500MB or 2GB")
    return count

"""Recalled: an account whose process does not run, as its journal left it; nothing is written."""

from pathlib import Path

from thunes.adapters.storage.kept import Record
from thunes.adapters.storage.places import JOURNAL
from thunes.adapters.storage.reading import read_header
from thunes.compose.attended import strategies_of
from thunes.compose.engine import build_live_engine, in_force
from thunes.compose.headers import read_header_of
from thunes.core.domain.errors import DataError
from thunes.ops.commands.instance import About, Instance
from thunes.ops.commands.tally import Tally
from thunes.runtime.recovery import Recorded, recover


def recall(directory: Path) -> Instance:
    """The account in a state directory. Raises DataError where there is none, or it is damaged."""
    journal = directory / JOURNAL
    header = read_header_of(read_header(journal), journal)
    if header.account is None:
        raise DataError(f"{journal} is of a run over the past: `thunes audit show {journal}`")
    engine = build_live_engine(header.run, journal)
    found = Record(journal).recorded()
    recover(engine, Recorded(found.state, found.after, found.beside))
    run = in_force(header, engine)
    about = About(
        directory=directory,
        journal=journal,
        place=header.account.place,
        quote=run.quote,
        strategies=strategies_of(run),
    )
    return Instance(about, Tally.of(journal), engine=engine)

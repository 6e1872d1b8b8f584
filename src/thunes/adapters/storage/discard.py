"""Takes back a journal that came to nothing."""

import shutil
from pathlib import Path

from thunes.adapters.storage.places import TAPE, TEXTS
from thunes.adapters.storage.segments import segments
from thunes.core.domain.errors import ThunesError


def discard_journal(directory: Path) -> None:
    """Remove the segments in `directory`, what is kept with them, and itself if nothing else is in
    it."""
    try:
        for segment in segments(directory):
            segment.path.unlink()
        for temporary in directory.glob("*.tmp"):
            temporary.unlink()
        for kept in (TAPE, TEXTS):
            shutil.rmtree(directory / kept, ignore_errors=True)
        if not any(directory.iterdir()):
            directory.rmdir()
    except OSError as error:
        raise ThunesError(
            f"the unfinished journal {directory} cannot be removed: {error.strerror}; delete it"
        ) from error

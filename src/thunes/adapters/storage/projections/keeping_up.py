"""Keeping up: the tables follow a journal that is being written, whatever their database does."""

from collections.abc import Callable

from thunes.adapters.storage.projections.keeping import Projections
from thunes.core.domain.errors import ThunesError

TURN_S = 1.0
PAUSE_MAX_S = 30.0


def keep_up(
    tables: Projections, wait: Callable[[float], bool], told: Callable[[str], object]
) -> None:
    """Turn by turn, until `wait` returns False; then once more.

    What is wrong is told when it begins and when it is over; until then it is tried again with
    growing pauses. The journal has everything, so that nothing is missed by it.
    """
    wrong: type[ThunesError] | None = None
    pause, going_on = 0.0, True
    while going_on:
        going_on = wait(pause)
        try:
            lines = tables.catch_up()
        except ThunesError as error:
            if type(error) is not wrong:
                told(str(error))
            wrong, pause = type(error), min(PAUSE_MAX_S, 2 * pause or TURN_S)
        else:
            if wrong is not None:
                told(f"the tables are up with the journal again, {lines} lines were missing")
            wrong, pause = None, TURN_S

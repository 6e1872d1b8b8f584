"""Studies: Optuna's samplers behind a port, in memory or in a database that many workers share."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from thunes.core.domain.errors import ThunesError, UsageError

SAMPLERS = ("tpe", "nsga2")
_POINT, _RECORD = "thunes:point", "thunes:record"
_CARD = "thunes:card"
_SEEDS = 2**32


class OptunaStudy:
    """A study over finite axes: `axes` are names with the count of their values, and whether these
    are in order. `better` has a direction ("maximize", "minimize") for each value that it is told.

    The n-th point depends on `seed`, n and what was told before, so that a study in memory that is
    asked again proposes the same points. With `storage` (a database URL) it is shared, and belongs
    to whoever has the same `card`: UsageError names what differs.
    """

    def __init__(
        self,
        name: str,
        axes: Mapping[str, tuple[int, bool]],
        sampler: tuple[str, int],
        better: Sequence[str],
        shared: tuple[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._optuna = _imported()
        self._axes = axes
        self._sampler = sampler
        self._shared = shared is not None
        self._asked: dict[int, Any] = {}
        with _reachable(name):
            storage = None if shared is None else self._optuna.storages.RDBStorage(shared[0])
            self._study = self._optuna.create_study(
                study_name=name, storage=storage, directions=list(better), load_if_exists=True
            )
            if shared is not None:
                self._refuse_others(name, shared[1])
        self._name = name

    def ask(self) -> tuple[int, tuple[int, ...]]:
        """The number of a trial, and its place on each axis."""
        with _reachable(self._name):
            self._study.sampler = self._seeded(len(self._study.get_trials(deepcopy=False)))
            trial = self._study.ask()
            point = tuple(
                trial.suggest_int(name, 0, count - 1)
                if ordered
                else trial.suggest_categorical(name, list(range(count)))
                for name, (count, ordered) in self._axes.items()
            )
        self._asked[trial.number] = trial
        return trial.number, point

    def tell(self, number: int, values: Sequence[float], record: bytes) -> None:
        """What came of a trial; `record` is kept with it (empty: the point cannot run)."""
        trial = self._asked.pop(number)
        with _reachable(self._name):
            if record:
                trial.set_user_attr(_RECORD, record.decode() if self._shared else "kept")
            self._study.tell(trial, list(values))

    def count(self) -> int:
        """How many different points have run."""
        return len({tuple(each.params.values()) for each in self._complete()})

    def records(self) -> Sequence[bytes]:
        """What is kept with the trials of a shared study."""
        if not self._shared:
            return ()
        return [each.user_attrs[_RECORD].encode() for each in self._complete()]

    def _complete(self) -> list[Any]:
        done = (self._optuna.trial.TrialState.COMPLETE,)
        with _reachable(self._name):
            trials = self._study.get_trials(deepcopy=False, states=done)
        return [each for each in trials if _RECORD in each.user_attrs]

    def _seeded(self, number: int) -> Any:
        kind, seed = self._sampler
        mixed = (seed * 1_000_003 + number * 7_919 + 1) % _SEEDS
        if kind == "nsga2":
            return self._optuna.samplers.NSGAIISampler(seed=mixed, population_size=20)
        return self._optuna.samplers.TPESampler(seed=mixed)

    def _refuse_others(self, name: str, card: Mapping[str, str]) -> None:
        known = self._study.user_attrs.get(_CARD)
        if known is None:
            self._study.set_user_attr(_CARD, dict(card))
            return
        for what, value in card.items():
            if known.get(what) != value:
                raise UsageError(
                    f"study {name} was begun with another {what}: {known.get(what)}, and here "
                    f"it is {value}; name another --study, or go on where it was begun"
                )


def _imported() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            f"the samplers tpe and nsga2 need the extra `optimize` ({error.name} is missing): "
            "pip install 'thunes[optimize]', or take --sampler grid or random"
        ) from error
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna


@contextmanager
def _reachable(name: str) -> Iterator[None]:
    """Translates what the database of a study raises."""
    try:
        import sqlalchemy.exc
    except ImportError:  # nothing of it is loaded without a database
        yield
        return
    from optuna.exceptions import StorageInternalError

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise ThunesError(
            f"the database of study {name} does not answer: {cause}. What was finished is on "
            "record: run the same command again when it does"
        ) from error

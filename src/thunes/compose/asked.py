"""What is asked of a search: how to look, how to score, and where its records lie."""

from dataclasses import dataclass, field
from pathlib import Path

from thunes.core.domain.errors import UsageError
from thunes.research.search.objective import Objective
from thunes.research.search.space import Space

SAMPLERS = ("tpe", "nsga2", "grid", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to search, and where its records lie. `storage` is the URL of a database that workers
    share, `dask` the address of a cluster."""

    sampler: str = "tpe"
    trials: int = 25
    seed: int = 0
    objective: Objective = field(default_factory=Objective)
    study: str = ""
    storage: str | None = None
    dask: str | None = None
    artifacts: Path = Path("artifacts")

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise UsageError(f"--sampler {self.sampler!r} is none of {', '.join(SAMPLERS)}")
        if self.trials < 1:
            raise UsageError(f"--trials {self.trials}: at least one is needed")
        if self.storage and self.sampler in ("grid", "random"):
            raise UsageError(
                f"--storage shares what a study learns, and --sampler {self.sampler} learns "
                "nothing: leave it out, or spread the sets with --dask"
            )
        if self.dask and self.sampler in ("tpe", "nsga2"):
            raise UsageError(
                f"--dask spreads sets that are known beforehand, and --sampler {self.sampler} "
                "learns from each: take --sampler grid or random, or several workers on one "
                "--storage"
            )

    def settings(self, space: Space) -> tuple[tuple[str, str], ...]:
        """The same in words: (name, text), in order."""
        goal, folds = self.objective, self.objective.folds
        tests = "all days at once" if folds == "none" else f"{folds}, {goal.parts} parts"
        ranges = (
            f"{axis.name} {axis.values[0]} to {axis.values[-1]} ({len(axis.values)} values)"
            for axis in space.axes
        )
        return (
            ("sampler", f"{self.sampler}, seed {self.seed}"),
            ("score", f"{goal.measure} a year; tests: {tests}, {goal.purge} days purged"),
            ("searched", ", ".join(ranges)),
        )

"""Exits as people write them: stop, targets and trail as texts, and the plan that they mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from thunes.core.domain.amounts import fraction, ladder
from thunes.core.domain.errors import UsageError
from thunes.core.domain.position import ExitPlan

_READ: dict[str, Callable[[str, str], object]] = {
    "stop": fraction,
    "take_profit": ladder,
    "trail": fraction,
}


@dataclass(frozen=True, slots=True)
class ExitText:
    """What is written of each exit; "" and None where nothing is."""

    stop: str = ""
    take_profit: str = ""
    trail: str = ""
    trail_after: int = 0
    break_even_after: int | None = None

    def faults(self, named: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Every exit that cannot be, and why; `named` says what a person calls each."""
        wrong = {name: said for name in _READ if (said := self._misread(name, named(name)))}
        yield from wrong.items()
        if self.trail and not self.stop:
            yield "trail", f"moves a stop: give {named('stop')} as well"
        if self.break_even_after is not None and not self.stop:
            yield "break_even_after", f"moves a stop: give {named('stop')} as well"
        if "take_profit" in wrong:
            return
        targets = self.take_profit.count(",") + 1 if self.take_profit else 0
        trail_after = self.trail_after if self.trail else 0
        for name, after in (
            ("break_even_after", self.break_even_after or 0),
            ("trail_after", trail_after),
        ):
            if after > targets:
                profit = named("take_profit")
                yield name, f"{after} counts targets, but {profit} names {targets} of them"

    def plan(self) -> ExitPlan:
        """The plan of a text without faults."""
        return ExitPlan(
            stop_distance=fraction("stop", self.stop) if self.stop else None,
            targets=ladder("take_profit", self.take_profit) if self.take_profit else (),
            break_even_after=self.break_even_after,
            trail_distance=fraction("trail", self.trail) if self.trail else None,
            trail_after=self.trail_after if self.trail else None,
        )

    def _misread(self, name: str, said_as: str) -> str:
        text = getattr(self, name)
        try:
            if text:
                _READ[name](said_as, text)
        except UsageError as error:
            return str(error).removeprefix(said_as).lstrip(": ")
        return ""

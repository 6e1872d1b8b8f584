"""The flags of a run: what a command line says over a configuration."""

from dataclasses import dataclass

from thunes.config.layers import Flag
from thunes.core.domain.amounts import pairs


@dataclass(frozen=True, slots=True)
class RunFlags:
    """None and nothing where the command line said nothing."""

    strategy: str | None = None
    parameters: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None

    def said(self) -> dict[str, Flag]:
        """By setting. A strategy takes the place of all that the configuration names."""
        found: dict[str, Flag] = {}
        parameters = pairs("--param", self.parameters)
        if self.strategy is not None:
            plan = {"source": self.strategy, "parameters": parameters}
            found["strategy"] = Flag("--strategy", [plan])
        elif parameters:
            found["strategy.parameters"] = Flag("--param", parameters)
        if self.symbols:
            found["run.symbols"] = Flag("--symbol", self.symbols)
        if self.timeframe is not None:
            found["run.timeframe"] = Flag("--timeframe", self.timeframe)
        return found

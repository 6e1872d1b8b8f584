"""The setting of a seed: one number and a profile decide everything that a world consists of."""

from collections.abc import Collection
from dataclasses import dataclass

from thunes.core.domain.units import NS_PER_SECOND
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault, Faults
from thunes.simulation.profiles import faults_of
from thunes.simulation.scene import Scene, draw_scene


@dataclass(frozen=True, slots=True)
class Setting:
    """A seed with what becomes of it: its scene, and its faults less those left out."""

    chance: Chance
    scene: Scene
    faults: Faults
    without: frozenset[Fault] = frozenset()


_QUOTES_NS = {"dense": NS_PER_SECOND}


def draw_setting(
    seed: int,
    profile: str,
    minutes: int,
    without: Collection[Fault] = (),
    symbols: int | None = None,
) -> Setting:
    """What becomes of `seed` under `profile`; `without` faults all others strike as ever."""
    chance = Chance(seed)
    scene = draw_scene(chance, minutes, symbols, quotes_ns=_QUOTES_NS.get(profile, 0))
    return Setting(chance, scene, faults_of(profile, chance), frozenset(without))

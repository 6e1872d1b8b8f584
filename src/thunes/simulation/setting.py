"""The setting of a seed: one number and a profile decide everything that a world consists of."""

from collections.abc import Collection

from thunes.core.domain.units import NS_PER_SECOND
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault
from thunes.simulation.profiles import faults_of
from thunes.simulation.scene import draw_scene
from thunes.simulation.world import Setting

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

"""The verdict on one seed: what broke first, what befell it, how long it took to come right."""

import msgspec

from thunes.core.domain.units import Instant


class Broken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invariant that did not hold, by its name (S1 ... S44, L1 ... L14), with its numbers."""

    name: str
    text: str
    at: Instant


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a seed. Clean if nothing is broken; `broken` is oldest first, each name once.

    `faults` counts strokes by name, `probes` rare paths by name (0: not seen), `checks` how often
    each invariant was looked at, `duplicates` the entries of which more was filled than intended,
    over all orders that were sent for them. `times` are seconds by what was waited for, in order.
    `trace` is the SHA-256 over every journal line seen and every request received: equal runs,
    equal traces.
    """

    seed: int
    profile: str
    minutes: int
    without: tuple[str, ...]
    broken: tuple[Broken, ...]
    steps: int
    simulated_ns: int
    faults: dict[str, int]
    deaths: int
    duplicates: int
    probes: dict[str, int]
    checks: dict[str, int]
    times: dict[str, tuple[float, ...]]
    trace: str

    @property
    def clean(self) -> bool:
        return not self.broken

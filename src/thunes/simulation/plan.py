"""Plans: which faults befall a run and when, as a file says."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.faults import RECURRING, Fault, Faults

_HOUR_S = 3_600
_BY_CALLS = (Fault.DISK,)
_NAMES = {fault.value: fault for fault in Fault if fault not in _BY_CALLS}
_KEYS = ("fault", "first_h", "every_h", "chance")


def shipped_plan(start: Instant) -> Faults:
    """What befalls a run of which nobody said otherwise."""
    text = files("thunes.simulation").joinpath("plan.toml").read_text("utf-8")
    return _faults("plan.toml of THUNES", tomllib.loads(text), start)


def read_plan(path: Path, start: Instant) -> Faults:
    """The plan in `path`, of a run that begins at `start`; UsageError names every fault in it."""
    try:
        words = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"--faults {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--faults {path} is not TOML: {error}") from error
    return _faults(str(path), words, start)


def _faults(where: str, words: Mapping[str, Any], start: Instant) -> Faults:
    entries = words.get("fault", [])
    if set(words) - {"fault"} or not isinstance(entries, list):
        raise UsageError(f"{where}: a plan is a list of [[fault]], and nothing else")
    wrong = [f"fault {n}: {said}" for n, each in enumerate(entries, 1) if (said := _wrong(each))]
    if wrong:
        raise UsageError(f"{where} cannot be used:\n  " + "\n  ".join(wrong))
    intensity: dict[Fault, float] = {}
    planned: dict[Fault, tuple[Instant, int]] = {}
    for each in entries:
        fault = _NAMES[each["fault"]]
        if fault in intensity:
            raise UsageError(f"{where}: {fault.value!r} is planned twice; say it once")
        if fault not in RECURRING:
            intensity[fault] = float(each["chance"])
            continue
        every_s = each["every_h"] * _HOUR_S
        first_s = each.get("first_h", each["every_h"]) * _HOUR_S
        intensity[fault] = every_s
        first = Instant(start + int(first_s * NS_PER_SECOND))
        planned[fault] = (first, int(every_s * NS_PER_SECOND))
    return Faults("plan", intensity, planned)


def _wrong(entry: object) -> str:
    """What is wrong with one entry; "" if nothing is."""
    if not isinstance(entry, dict):
        return "is not a table"
    if strange := [name for name in entry if name not in _KEYS]:
        return f"there is no {', '.join(strange)}, but {', '.join(_KEYS)}"
    name = entry.get("fault")
    fault = _NAMES.get(name) if isinstance(name, str) else None
    if fault is None:
        return f"{name!r} is none of: {', '.join(_NAMES)}"
    timed = fault in RECURRING
    asked = ("first_h", "every_h") if timed else ("chance",)
    if strange := [key for key in entry if key not in ("fault", *asked)]:
        how = "by the clock: first_h, every_h" if timed else "by the occasion: chance"
        return f"{name} strikes {how}, so it has no {', '.join(strange)}"
    if asked[-1] not in entry:
        return f"{name} needs {asked[-1]}"
    for key in asked:
        value = entry.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{key} of {name} is {value!r}, not a number"
        low, high = (0.01, 10_000.0) if timed else (0.0, 0.5)
        if not low <= value <= high:
            return f"{key} of {name} is {value}; it must lie from {low:g} to {high:g}"
    return ""

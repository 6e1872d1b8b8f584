"""Short runs of an account in a faulty world, for tests to look at."""

from pathlib import Path
from typing import Any

from thunes.cli.flags import RunFlags
from thunes.cli.lived import Asked

PLAN = """
[[fault]]
fault = "stream disconnected"
first_h = 0.3
every_h = 0.7

[[fault]]
fault = "crash"
first_h = 0.5
every_h = 0.6

[[fault]]
fault = "maintenance"
first_h = 0.9
every_h = 5

[[fault]]
fault = "answer lost"
chance = 0.02

[[fault]]
fault = "partial fill"
chance = 0.2

[[fault]]
fault = "bars late"
chance = 0.05

[[fault]]
fault = "bars lost"
chance = 0.05
"""
CONFIG = """
[limits]
loss_cool_down_s = 60
signal_cool_down_s = 120
"""


def asked(folder: Path, hours: float, seed: int = 7, **other: Any) -> Asked:
    """A run of one symbol that trades often, under a hard plan of faults."""
    plan, config = folder / "plan.toml", folder / "thunes.toml"
    plan.write_text(PLAN)
    config.write_text(CONFIG)
    wanted: dict[str, Any] = {
        "hours": hours,
        "tape": None,
        "synthetic": True,
        "seed": seed,
        "faults": plan,
        "state": folder / "state",
        "report": None,
        "config": config,
        "flags": RunFlags("sma_cross", ("fast=3", "slow=8"), ("BTCUSDT",)),
        "as_json": True,
    }
    return Asked(**{**wanted, **other})

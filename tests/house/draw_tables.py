"""Draws the state tables of the core into docs/state-tables.md (run as a module to do so)."""

from collections.abc import Mapping
from enum import Enum

from tests.house.reading import ROOT
from thunes.core.ledger.orders import ORDER_TABLE
from thunes.core.ledger.protection import PROTECTION_TABLE
from thunes.core.risk.mode import LIFTED_BY, MODE_TABLE

PAGE = ROOT / "docs" / "state-tables.md"

_HEAD = """# State tables

Drawn from the tables in the code; `python -m tests.house.draw_tables` draws them again, and a test
holds this page to them. A pair that is not drawn leaves the state as it is; for orders a pair that
is neither drawn nor a loop is refused and put on record.
"""

_LIFTED = """Nothing leads back to normal but what may lift the cause that began the mode (the day
lifts a daily loss only where the limits say so):
"""


def diagram(table: Mapping[Enum, Mapping[Enum, Enum]]) -> str:
    """A mermaid state diagram: one arrow per pair of states, with what leads there."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for cause, after in row.items():
            if after is not state:
                arrows.setdefault((state.value, after.value), []).append(cause.value)
    lines = [f"    {a} --> {b}: {', '.join(why)}" for (a, b), why in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def page() -> str:
    lifts = "\n".join(
        f"| {began.value} | {', '.join(each.value for each in by)} |"
        for began, by in LIFTED_BY.items()
    )
    parts = [
        _HEAD,
        "## Order (`core.ledger.orders`)\n",
        diagram(ORDER_TABLE) + "\n",
        "## Protection of a position (`core.ledger.protection`)\n",
        diagram(PROTECTION_TABLE) + "\n",
        "## Mode (`core.risk.mode`)\n",
        diagram(MODE_TABLE) + "\n",
        _LIFTED,
        f"| began by | lifted by |\n|---|---|\n{lifts}",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

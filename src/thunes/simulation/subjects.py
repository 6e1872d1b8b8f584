"""Subjects: the invariants that no checker of the simulated world watches, and why."""

from collections.abc import Mapping
from types import MappingProxyType

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "S19": "limits out of order are refused when they are built: tests show it for each draw",
        "S37": "no subject: no instrument changes its tick, its step or its least order",
        "S40": "no subject: no broker, no outbox; a line is on disk before anything is sent",
        "S41": "a line of another version is refused at the start: a test shows it",
        "S42": "lines that other limits would decide otherwise are refused at the start: a test "
        "shows it; one process trades the account, so no two can differ",
        "S45": "no subject: no secret enters the simulated world",
        "S46": "no subject: operators are taken at their word",
        "S47": "no subject: operators are taken at their word",
        "S48": "no subject: there are no keys",
    }
)
"""By name: what the world lacks for it, or where else it is held."""

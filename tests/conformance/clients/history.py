"""The history of an account: what it did and how the market moved, the same for every client."""

from collections.abc import Mapping
from typing import Any

from journey import Sandbox
from story import STORY


async def relive(client: Any, sandbox: Sandbox) -> dict[str, str]:
    """Do all of it; of each order that was refused what was said."""
    sandbox.hold()
    refused: dict[str, str] = {}
    for act in STORY:
        await _do(act, client, sandbox, refused)
    return refused


async def _do(
    act: Mapping[str, Any], client: Any, sandbox: Sandbox, refused: dict[str, str]
) -> None:
    match act["do"]:
        case "quote":
            sandbox.quote(act["bid"], act["size"])
        case "place":
            await client.place(act["order"])
        case "refused":
            try:
                await client.place(act["order"])
            except Exception as error:  # noqa: BLE001 - every client has an error of its own
                refused[act["order"]["id"]] = f"{type(error).__name__}: {error}"
        case "list":
            await client.place_list(act["kind"], act["orders"])
        case "cancel":
            await client.cancel(act["id"])
        case "replace":
            await client.replace(act["id"], act["order"])

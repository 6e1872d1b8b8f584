"""Has one client play one piece against a sandbox; run by the interpreter of its environment.

    play.py PIECE CLIENT PLACE      PLACE: what `thunes sandbox --json` says, as it says it

The last line that begins with SAID: is what came of it, as JSON.
"""

import asyncio
import importlib
import json
import logging
import sys

from history import relive
from journey import Sandbox, travel

PIECES = {"journey": travel, "history": relive}


async def main(piece: str, client: str, place: dict[str, str]) -> None:
    module = importlib.import_module(f"{client}_client")
    async with module.connected(place) as connected:
        said = await PIECES[piece](connected, Sandbox(place))
    print("\nSAID:" + json.dumps(said), flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))

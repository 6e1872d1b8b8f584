"""A rehearsal: finds or starts its venue, and has its made-up money traded there."""

import sys
from dataclasses import dataclass
from pathlib import Path

from thunes.adapters.venues.binance.signing import Keys
from thunes.cli.flags import RunFlags
from thunes.cli.trading import Door, Trading, make, trade
from thunes.compose import rehearsal
from thunes.compose.keys import key_pair
from thunes.config.layers import Flag
from thunes.config.loading import Loaded, load, without_file
from thunes.config.names import PLACE_OF
from thunes.core.domain.errors import UsageError

SPEED = 60.0
_REAL = ("binance", "live")
_LIVELY = {
    # What the venue takes its fees from, where it is not paid in BNB.
    "costs": {"fee_asset": "received"},
    # Somebody is looking: something has to happen, as often as the limits let it.
    "run": {"timeframe": "1m"},
    "limits": {"loss_cool_down_s": 900, "signal_cool_down_s": 900},
    # A port is of the whole machine, and several accounts may be tried beside each other.
    "metrics": {"port": 0},
}
"""What is other than the defaults where no configuration is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for; None where it said nothing."""

    venue: str | None
    state: Path
    config: Path | None
    flags: RunFlags
    speed: float | None
    seed: int
    for_s: float | None
    as_json: bool


def rehearse(asked: Asked) -> None:
    """Trade with made-up money until stopped."""
    if asked.venue in _REAL:
        raise UsageError("paper trades no real money: `thunes live` does")
    flags = asked.flags.said() | _venue(asked.venue)

    def read() -> Loaded:
        return without_file(_LIVELY, flags) if asked.config is None else load(asked.config, flags)

    loaded = read()
    if loaded.config.run.venue in _REAL:
        raise UsageError(
            f"{asked.config} trades real money, as `thunes live` does; --venue sandbox rehearses it"
        )
    door = _door(asked, loaded)
    trade(Trading(loaded, read, door, asked.state, asked.for_s, asked.as_json))


def _venue(said: str | None) -> dict[str, Flag]:
    if said is None:
        return {}
    sandbox = "://" in said
    venue, url = ("sandbox", said) if sandbox else (said, "")
    settings = {"run.mode": "paper", "run.venue": venue, "run.sandbox_url": url}
    return {place: Flag("--venue", value) for place, value in settings.items()}


def _door(asked: Asked, loaded: Loaded) -> Door:
    run = loaded.config.run
    if run.venue == "sandbox" and not run.sandbox_url:
        return _own_sandbox(asked, loaded)
    pair = key_pair(loaded, run.venue)
    secrets = pair.key.reveal(), pair.secret.reveal()
    place = PLACE_OF.get(run.venue, run.sandbox_url)
    speed = asked.speed or 1.0 if run.venue == "sandbox" else 1.0
    make(asked.state)
    return Door(place, Keys(*secrets), secrets, speed)


def _own_sandbox(asked: Asked, loaded: Loaded) -> Door:
    make(asked.state)
    found = rehearsal.find(asked.state)
    if found is not None and not rehearsal.is_up(found):
        raise UsageError(
            f"the sandbox of {asked.state} has ended, and its made-up account with it: give "
            "--state a new directory"
        )
    if found is None:
        account = loaded.config.account
        cash = {account.quote: str(account.cash)}
        found = rehearsal.start(asked.state, cash, asked.speed or SPEED, asked.seed)
        print(f"started a sandbox at {found.rest}", file=sys.stderr)
    secrets = found.api_key, found.api_secret
    return Door(found.rest, Keys(*secrets), secrets, found.speed)

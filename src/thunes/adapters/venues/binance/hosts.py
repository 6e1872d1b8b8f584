"""Hosts: the doors of each of Binance's environments, and no other."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from thunes.core.domain.errors import UsageError
from thunes.core.domain.word import Word

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Environment(Word):
    """Which Binance: real money, or one of its two rehearsal rooms with keys of their own."""

    LIVE = "live"
    TESTNET = "testnet"  # its own thin market; wiped about once a month
    DEMO = "demo"  # real prices


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where REST, the market streams and the WebSocket API are; `tells_rights`: whether it is told
    there what a key may do."""

    rest: str
    streams: str
    api: str
    tells_rights: bool = False


_HOSTS = {
    Environment.LIVE: Hosts(
        "https://api.binance.com",
        "wss://stream.binance.com:9443",
        "wss://ws-api.binance.com:443/ws-api/v3",
        tells_rights=True,
    ),
    Environment.TESTNET: Hosts(
        "https://testnet.binance.vision",
        "wss://stream.testnet.binance.vision",
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
    Environment.DEMO: Hosts(
        "https://demo-api.binance.com",
        "wss://demo-stream.binance.com",
        "wss://demo-ws-api.binance.com/ws-api/v3",
    ),
}


def hosts_at(place: str) -> Hosts:
    """The hosts of an environment by its name (`live`, `testnet`, `demo`), or of a sandbox on this
    machine, `http://127.0.0.1:PORT`, that speaks the same protocol.

    Raises UsageError for anything else: nobody but these gets to see a signed request.
    """
    for environment, hosts in _HOSTS.items():
        if place == environment.value:
            return hosts
    parts = urlsplit(place)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.path not in ("", "/"):
        names = ", ".join(each.value for each in Environment)
        raise UsageError(
            f"{place!r} is no place to trade at; it has to be one of {names}, or a sandbox on this "
            "machine such as http://127.0.0.1:8080"
        )
    there = parts.netloc
    return Hosts(f"http://{there}", f"ws://{there}", f"ws://{there}/ws-api/v3", tells_rights=True)

"""Five clients that others wrote, unmodified, each on the same journey through the sandbox."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.test_sandbox import started
from tests.conformance.clients.journey import STEPS
from tests.conformance.environments import played

_SOCKETS = ("stream bookTicker", "stream kline", "stream trade", "user data", "over the socket")
CANNOT: Mapping[str, Mapping[str, str]] = {
    # Its sockets are a part of their own, ccxt.pro.
    "ccxt": dict.fromkeys(_SOCKETS, "ccxt without ccxt.pro has no streams"),
    "ccxt_pro": {},
    "python_binance": {},
    # It asks for a listen key; the venue has given none since February 2026.
    "connector": {"user data": "ClientError: (410, "},
    "sdk": {},
}
"""What a client cannot do by its own fault, and what it says then."""


def _failures(said: Mapping[str, str], cannot: Mapping[str, str]) -> dict[str, str]:
    """Every step that came out other than foreseen."""
    assert list(said) == [name for name, _ in STEPS]
    return {
        name: text or f"it was to fail with {cannot[name]!r}"
        for name, text in said.items()
        if (text if name not in cannot else cannot[name] not in text)
    }


@pytest.mark.parametrize("client", CANNOT)
def test_a_journey(client: str, environments: None) -> None:
    with started("--seed", "7") as (_, place):
        said = played("journey", client, place)
    assert _failures(said, CANNOT[client]) == {}


def test_the_old_connector_hears_its_orders_on_an_older_day(environments: None) -> None:
    """Until listen keys were retired its journey was whole."""
    with started("--seed", "7", "--as-of", "2026-02-19") as (_, place):
        said = played("journey", "connector", place)
    assert _failures(said, {}) == {}


def test_a_journey_over_tls_with_untouched_urls(environments: None, tmp_path: Path) -> None:
    """ccxt in its sandbox mode: the hosts are the testnet's, and only where they are is not."""
    with started("--seed", "7", "--tls", str(tmp_path)) as (_, place):
        said = played("journey", "ccxt_tls", place)
    assert _failures(said, {}) == {}

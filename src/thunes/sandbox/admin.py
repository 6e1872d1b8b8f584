"""Calls that steer the sandbox itself, below `/sandbox`; no venue has them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Asset
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import read_plans
from thunes.sandbox.keys import read_public_key
from thunes.sandbox.ladder import Level
from thunes.sandbox.market import Tick
from thunes.sandbox.quirks import listed
from thunes.sandbox.refused import Refused
from thunes.sandbox.venue_faults import VenueFaults

ROOT = "/sandbox/"
_SOURCE = "this call"


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    balances: dict[str, Decimal]
    in_bnb: bool = False


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    api_key: str
    public_key: str | None = None
    trades: bool = True
    withdraws: bool = False


class _Quote(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    bid: Decimal
    ask: Decimal
    quantity: Decimal = Decimal(1)


class Admin:
    """Answers them; `held` of it says that the market stands still but for what is told here."""

    def __init__(self, exchange: Exchange, faults: VenueFaults) -> None:
        self._exchange = exchange
        self._faults = faults
        self.held = False
        self._calls: Mapping[str, Callable[[bytes], Any]] = {
            "GET quirks": self._quirks,
            "GET faults": self._list,
            "POST faults": self._plan,
            "DELETE faults": self._clear,
            "POST accounts": self._open_account,
            "POST keys": self._add_key,
            "POST market": self._hold,
            "POST quotes": self._quote,
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """Status and answer; what was asked wrongly is said in a sentence."""
        call = self._calls.get(f"{method} {path.removeprefix(ROOT).rstrip('/')}")
        if call is None:
            return 404, {"error": f"{method} {path} is not there; {', '.join(self._calls)} are"}
        try:
            return 200, call(body)
        except (UsageError, msgspec.DecodeError) as error:
            return 400, {"error": str(error)}
        except Refused as refused:
            return 400, {"error": refused.text}

    def _quirks(self, _: bytes) -> object:
        return listed(self._exchange.as_of)

    def _list(self, _: bytes) -> object:
        return self._exchange.faults.listed()

    def _plan(self, body: bytes) -> object:
        self._exchange.faults.plan(read_plans(msgspec.json.decode(body), _SOURCE))
        self._faults.beat()
        return self._exchange.faults.listed()

    def _clear(self, _: bytes) -> object:
        self._faults.clear()
        return []

    def _open_account(self, body: bytes) -> object:
        """An account with these balances and a key of its own."""
        asked = msgspec.json.decode(body, type=_Account)
        if any(amount < 0 or not amount.is_finite() for amount in asked.balances.values()):
            raise UsageError("balances must be finite and not negative")
        balances = {Asset(name): amount for name, amount in asked.balances.items()}
        holder = self._exchange.open_account(balances, in_bnb=asked.in_bnb)
        key, secret = self._exchange.add_key(holder)
        return {"api_key": key.name, "api_secret": secret}

    def _add_key(self, body: bytes) -> object:
        """Another key for the account of an existing one: Ed25519, or with a secret of its own."""
        asked = msgspec.json.decode(body, type=_Key)
        holder = self._exchange.key(asked.api_key).holder
        lock = None if asked.public_key is None else read_public_key(asked.public_key)
        key, secret = self._exchange.add_key(
            holder, lock, trades=asked.trades, withdraws=asked.withdraws
        )
        return {"api_key": key.name} | ({"api_secret": secret} if secret else {})

    def _hold(self, body: bytes) -> object:
        """Let the market stand still, or go on."""
        self.held = msgspec.json.decode(body, type=dict[str, bool]).get("held", False)
        return {"held": self.held}

    def _quote(self, body: bytes) -> object:
        """Move one symbol to this quote; with the market held it stays there."""
        asked = msgspec.json.decode(body, type=_Quote)
        listing = self._exchange.market.find(asked.symbol)
        tick = listing.instrument.tick
        if not tick <= asked.bid < asked.ask or asked.bid % tick or asked.ask % tick:
            raise UsageError(f"bid and ask must be on the tick of {tick}, the bid the lower")
        if asked.quantity <= 0:
            raise UsageError("quantity must be above 0")
        levels = (Level(asked.bid, asked.quantity), Level(asked.ask, asked.quantity))
        self._exchange.market.tick(Tick(listing.symbol, *levels))
        return {"symbol": listing.symbol}

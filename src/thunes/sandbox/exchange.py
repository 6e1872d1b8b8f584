"""The exchange: one market, the accounts and keys at it, its clock and what it allows."""

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from thunes.adapters.venues.simulated.admission import AHEAD, LATE
from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.models import Models, ParticipationModel
from thunes.core.domain.units import ONE, Asset
from thunes.sandbox.candles import Trade
from thunes.sandbox.clock import MILLION, Clock
from thunes.sandbox.faults import FaultBox
from thunes.sandbox.holder import Holder, Numbers
from thunes.sandbox.keys import Key, Lock, SharedSecret
from thunes.sandbox.limits import Address, Allowance
from thunes.sandbox.market import Listing, Market
from thunes.sandbox.params import Params
from thunes.sandbox.quirks import Quirk, has
from thunes.sandbox.refused import BAD_KEY, BAD_SIGNATURE, Refused, missing

_WINDOW_MS, _WINDOW_MS_MAX = 5_000, 60_000
_AHEAD_MS = 1_000
_MICROSECONDS = 10**15  # a larger timestamp counts microseconds
_FEE, _FEE_STEP = Decimal("0.001"), Decimal("0.00000001")


class Exchange:
    """Everything behind the wire. All of it happens at once and in order: no call waits."""

    def __init__(
        self, market: Market, allowance: Allowance | None = None, as_of: date = date.max
    ) -> None:
        """With `as_of` the venue behaves as on that day."""
        self.market = market
        self.as_of = as_of
        self.allowance = allowance or Allowance()
        self.numbers = Numbers()
        self.keys: dict[str, Key] = {}
        self.holders: list[Holder] = []
        self.addresses: dict[str, Address] = {}
        self.listen_keys: dict[str, Holder] = {}
        self.faults = FaultBox(lambda: market.clock.wall() / MILLION)
        market.watchers.append(self)

    @property
    def clock(self) -> Clock:
        return self.market.clock

    def open_account(self, balances: Mapping[Asset, Decimal], *, in_bnb: bool = False) -> Holder:
        """A new account; `in_bnb`: it pays its fees in BNB while it has enough."""
        charged = Charged.BNB if in_bnb else Charged.RECEIVED
        fees = FeeModel(maker=_FEE, taker=_FEE, charged=charged, step=_FEE_STEP)
        models = Models(fees=fees, participation=ParticipationModel(ONE))
        holder = Holder(self.market, self.numbers, balances, models)
        self.holders.append(holder)
        return holder

    def add_key(
        self,
        holder: Holder,
        lock: Lock | None = None,
        *,
        trades: bool = True,
        withdraws: bool = False,
    ) -> tuple[Key, str]:
        """A new key of an account and its secret; with a public key there is none to tell."""
        secret = "" if lock is not None else secrets.token_hex(32)
        lock = lock or SharedSecret(secret)
        key = Key(secrets.token_hex(32), holder, lock, trades, withdraws)
        self.keys[key.name] = key
        return key, secret

    def listen_key(self, holder: Holder) -> str:
        """The listen key of an account: there is one, and it lasts."""
        for name, other in self.listen_keys.items():
            if other is holder:
                return name
        name = secrets.token_hex(32)
        self.listen_keys[name] = holder
        return name

    def key(self, name: str | None) -> Key:
        if not name:
            raise Refused(-2014, "API-key format invalid.", status=401)
        found = self.keys.get(name)
        if found is None:
            raise Refused(*BAD_KEY, status=401)
        return found

    def check_signature(self, key: Key, payload: bytes, signature: str | None) -> None:
        if not signature:
            raise missing("signature")
        if not key.lock.opens(payload, signature):
            raise Refused(*BAD_SIGNATURE)

    def check_time(self, params: Params) -> None:
        """Refuse what comes too late, or from the future; time that runs faster allows for more."""
        window = params.decimal("recvWindow")
        if window is not None and window > _WINDOW_MS_MAX:
            raise Refused(-1131, "recvWindow must be less than 60000")
        sent = params.integer("timestamp")
        if sent is None:
            raise missing("timestamp")
        at = sent / 1_000 if sent >= _MICROSECONDS else sent
        now, pace = self.clock.now / MILLION, max(1.0, self.clock.speed)
        if at >= now + _AHEAD_MS * pace:
            raise Refused(*AHEAD)
        if now - at > float(window if window is not None else _WINDOW_MS) * pace:
            raise Refused(*LATE)

    def has(self, quirk: Quirk) -> bool:
        return has(quirk, self.as_of)

    def address(self, name: str) -> Address:
        found = self.addresses.get(name)
        if found is None:
            found = self.addresses[name] = Address()
        return found

    def quoted(self, listing: Listing) -> None:
        """The market has moved: whoever has orders there is served, oldest account first."""
        if listing.status == "TRADING":
            for holder in self.holders:
                holder.meet(listing)

    def traded(self, listing: Listing, trade: Trade) -> None:
        """Trades of others move nobody here: quotes do."""

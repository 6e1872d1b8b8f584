"""One request at the exchange, whichever way it came, and what every kind of request needs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from thunes.adapters.venues.simulated.admission import SYMBOL
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.holder import Holder
from thunes.sandbox.keys import Key
from thunes.sandbox.orders import Record
from thunes.sandbox.params import Params
from thunes.sandbox.refused import Refused, neither


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, by whom; `key` is there for every request that had to be signed."""

    exchange: Exchange
    params: Params
    key: Key | None = None

    @property
    def holder(self) -> Holder:
        assert self.key is not None, "the route asks for a key"
        return self.key.holder

    def symbol(self) -> str | None:
        """The symbol asked about, if any; one that is not listed is refused."""
        name = self.params.text("symbol")
        if name is not None and name not in self.exchange.market.listings:
            raise Refused(*SYMBOL)
        return name

    def order(self, error: tuple[int, str]) -> Record:
        """The order named by `orderId` or `origClientOrderId`, or `error`."""
        params, holder = self.params, self.holder
        symbol = self.exchange.market.find(params.required("symbol")).symbol
        number = params.integer("orderId")
        name = params.text("origClientOrderId")
        if number is None and name is None:
            raise neither("origClientOrderId", "orderId")
        found = (
            holder.records.get(number)
            if number is not None
            else holder.by_client.get((symbol, name or ""))
        )
        if found is None or found.symbol != symbol or (name and found.ticket.client_id != name):
            raise Refused(*error)
        return found


Run = Callable[[Call], Any]
Weight = int | Callable[[Params], int]


class Auth(Enum):
    """Who may ask."""

    NONE = "anybody"
    KEY = "whoever names a key"
    SIGNED = "whoever signs"
    TRADES = "whoever signs with a key that may trade"


class Route(NamedTuple):
    """A request: who answers it, what it weighs, who may ask, how many orders it places."""

    run: Run
    weight: Weight
    auth: Auth = Auth.NONE
    orders: int = 0


Routes = dict[str, Route]
"""By method and path below the API's root."""


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """The weight of asking about one symbol, or about every one."""
    return lambda params: one if "symbol" in params else every

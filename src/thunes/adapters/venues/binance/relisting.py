"""Relisting: looks at what the venue lists now, and takes it as the rules from here on."""

from thunes.adapters.venues.binance.budget import DEFAULT_LIMITS
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.listing import NOT_LISTED, Listing
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.errors import DataError


async def look_at_listing(client: Client, listing: Listing) -> list[str]:
    """What has changed, in sentences for a person; nothing where the venue does not answer."""
    body, dropped = await client.ask(listing.request(listing.listed())), list[str]()
    if isinstance(body, Failure) and body.code == NOT_LISTED:
        dropped = await _find_delisted(client, listing)
        body = await client.ask(listing.request(listing.listed()))
    if isinstance(body, Failure):
        return dropped
    client.misfitted = False
    try:
        changes = listing.refresh(body)
        client.gauges.budget.limits = listing.limits or DEFAULT_LIMITS
    except (Unreadable, DataError) as error:
        changes = [str(error)]
    return [*dropped, *changes]


async def _find_delisted(client: Client, listing: Listing) -> list[str]:
    """Who of them is not listed, found one by one."""
    dropped = []
    for symbol in listing.listed():
        said = await client.ask(listing.request([symbol]))
        if isinstance(said, Failure) and said.code == NOT_LISTED:
            dropped.append(listing.drop(symbol))
    return dropped

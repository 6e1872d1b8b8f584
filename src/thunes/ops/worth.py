"""Worth: what an account is worth now, where all that is traded and held has a price."""

from thunes.core.domain.units import ZERO, Asset, Money
from thunes.core.engine import Engine
from thunes.core.ledger.books import Account


def worth(engine: Engine) -> Money | None:
    """Its equity in the quote asset, as the engine values it; None while something is unpriced."""
    return None if unpriced(engine) else engine.state.view(engine.state.at).account.equity()


def unpriced(engine: Engine) -> list[Asset]:
    """What is traded here and held without a known price: nothing can be valued before there is
    one. Other coins of the account are nobody's business here."""
    state, quote = engine.state, engine.rooms.terms.quote
    priced = {
        one.base: one.symbol for one in state.market.instruments.values() if one.quote == quote
    }
    held = state.ledger.books.accounts[Account.WALLET]
    return [
        asset
        for asset, amount in held.items()
        if amount > ZERO and asset in priced and state.market.mark(priced[asset]) is None
    ]

"""Worth: what a whole account is worth now, where everything in it has a price."""

from thunes.core.domain.units import ZERO, Money
from thunes.core.engine import Engine
from thunes.core.ledger.books import Account


def worth(engine: Engine) -> Money | None:
    """Its equity in the quote asset; None while something is held whose price is not known."""
    state = engine.state
    instruments = state.market.instruments
    quotes = [one.quote for one in instruments.values()]
    marks = {one.base: state.market.mark(symbol) for symbol, one in instruments.items()}
    for asset, amount in state.ledger.books.accounts[Account.WALLET].items():
        if amount != ZERO and asset not in quotes and marks.get(asset) is None:
            return None
    return state.view(state.at).account.equity()

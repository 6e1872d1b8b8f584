"""Once: venues tell of one fill several times; whoever counts fills asks here first."""

from collections import OrderedDict

from thunes.core.domain.order import Filled

KEPT = 20_000


class Once:
    """Knows the newest fills that it was asked about."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def first(self, fill: Filled) -> bool:
        """Whether this is the first word of it."""
        key = (fill.order_id, fill.trade_id)
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return True

"""Suspicion: strategies from a file are asked whether they look ahead before they are believed."""

from collections.abc import Iterator

from thunes.compose.engine import Built
from thunes.compose.spec import RunSpec, StrategySpec
from thunes.compose.strategies import load_kind
from thunes.core.market.bars import Bars
from thunes.core.strategy.catalog import build
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import Desk, SignalStrategy, StrategyError
from thunes.research.findings import Row
from thunes.research.lookahead import examine
from thunes.research.probe import Gate

# The gates ask some 250 times: so many rows are answered in half a second, without a compiler.
FEW_ROWS = 600
# Where a long warm-up leaves those without a signal.
MORE_ROWS = 1_500


def suspicions(spec: RunSpec, built: Built) -> Iterator[Row]:
    """Every gate that a signal strategy from a file does not pass, as (code, text).

    The strategies that come with THUNES are held to the gates by its tests. The first bars of one
    symbol are enough: the code is the same for all.
    """
    for each in spec.strategies:
        strategy = built.desks[Desk(each.id, each.symbols[0])]
        if each.sha256 and isinstance(strategy, SignalStrategy):
            yield from _examined(each, strategy, built.tape.bars[each.symbols[0]])


def _examined(spec: StrategySpec, ran: SignalStrategy, bars: Bars) -> Iterator[Row]:
    name = spec.id
    try:
        sample = bars.prefix(min(FEW_ROWS, len(bars)))
        signals = evaluate(ran, sample)
        if not (signals.enter.any() or signals.exit.any()):
            sample = bars.prefix(min(MORE_ROWS, len(bars)))
        found = examine(_anew(spec, ran), sample)
    except StrategyError as error:
        yield "not_examined", f"Whether {name} looks ahead could not be told: {error}."
        return
    for each in found:
        if each.gate is Gate.SCALE:
            yield "price_level", f"{name}: {each.text}"
        else:
            yield (
                "look_ahead",
                f"{name} looks ahead ({each.kind}), so nobody can have these figures. {each.text}",
            )


def _anew(spec: StrategySpec, ran: SignalStrategy) -> SignalStrategy:
    """The strategy of its text run once more: what has run knows all bars, and may remember them.

    The one that has run, where the text is another one by now.
    """
    kind, sha256 = load_kind(spec.source)
    found = build(kind, spec.parameters)
    return found if sha256 == spec.sha256 and isinstance(found, SignalStrategy) else ran

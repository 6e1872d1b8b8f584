"""What an operator does to an account: halt it, let it go on, sell, protect."""

from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.event import OperatorActed, OperatorAsked, Wish
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Order
from thunes.core.domain.units import Instant, Symbol
from thunes.core.engine import Engine
from thunes.ops.commands.command import Foretold, Reason, Wanted
from thunes.ops.commands.gates import traded
from thunes.ops.commands.instance import Context, Plain
from thunes.ops.words import number, order_said
from thunes.runtime.live import Live

_NOW = Instant(0)  # the process gives every event its time


class Selling(Wanted, frozen=True, forbid_unknown_fields=True):
    """With `preview` it is only told what would be sold. What reduces waits for no confirmation."""

    preview: bool = False


def halt(context: Context, asked: Reason) -> Plain:
    """No entry from now on, and those on their way are taken back; stops stay."""

    def deed(live: Live) -> Plain:
        live.hear(OperatorActed(_NOW, Cause.OPERATOR_KILL, context.who, asked.why))
        held = len(live.engine.state.ledger.positions)
        text = f"halted: no entries until `thunes resume`; {held} positions keep their stops"
        return _mode(live) | {"text": text}

    return context.act(deed)


def resume(context: Context, asked: Reason) -> Plain:
    """Entries again, where no limit forbids them at once."""

    def deed(live: Live) -> Plain:
        live.hear(OperatorActed(_NOW, Cause.OPERATOR_RESUME, context.who, asked.why))
        mode = live.engine.state.memory.mode.value
        return _mode(live) | {"text": f"the mode is {mode}"}

    return context.act(deed)


def foretell_resume(engine: Engine, _: Reason) -> Foretold:
    memory = engine.state.memory
    cause = "nothing" if memory.cause is None else memory.cause.value
    text = (
        f"the mode is {memory.mode.value} by {cause}: to resume means entries again, and that the "
        "drawdown is counted from the equity of now"
    )
    return Foretold(text, (f"{memory.mode.value} by {cause}",))


def flatten(context: Context, asked: Selling) -> Plain:
    """Halt, then sell at market what is held of these symbols, or all of it."""

    def deed(live: Live) -> Plain:
        symbols = tuple(traded(live.engine, each) for each in asked.symbols)
        if asked.preview:
            return _mode(live) | {"selling": [], "text": _foretold(live.engine, asked)}
        live.hear(OperatorActed(_NOW, Cause.OPERATOR_KILL, context.who, asked.why))
        wish = OperatorAsked(_NOW, Wish.FLATTEN, symbols, context.who, asked.why)
        selling = _sent(live.hear(wish))
        sold = [each.symbol for each in selling]
        left = [each for each in _held(live.engine, asked) if each not in sold]
        return _mode(live) | {
            "selling": [
                {"symbol": each.symbol, "quantity": number(each.quantity)} for each in selling
            ],
            "not_sold": left,  # an exit is on its way already, or others are selling the coins
            "text": "halted; it stays so until `thunes resume`",
        }

    return context.act(deed)


def _foretold(engine: Engine, asked: Wanted) -> str:
    held = _held(engine, asked)
    amounts = [f"{number(engine.state.ledger.positions[each].quantity)} {each}" for each in held]
    sold = f"{', '.join(amounts)} sold at market" if held else "nothing is held to be sold"
    return f"no entries until somebody resumes; {sold}"


def protect(context: Context, asked: Wanted) -> Plain:
    """Place the stops that are missing, of these symbols or of all that is held."""

    def deed(live: Live) -> Plain:
        symbols = tuple(traded(live.engine, each) for each in asked.symbols)
        wish = OperatorAsked(_NOW, Wish.PROTECT, symbols, context.who, asked.why)
        sent = _sent(live.hear(wish))
        naked = list(live.engine.state.guard.naked)
        return {
            "sent": [order_said(each) for each in sent],
            "naked": naked,
            "text": f"{len(sent)} orders sent" if sent else "no stop that is planned is missing",
        }

    return context.act(deed)


def _held(engine: Engine, asked: Wanted) -> list[Symbol]:
    held = engine.state.ledger.positions
    return [each for each in (asked.symbols or held) if each in held]


def _mode(live: Live) -> Plain:
    memory = live.engine.state.memory
    cause = None if memory.cause is None else memory.cause.value
    return {"mode": memory.mode.value, "cause": cause}


def _sent(outcome: Outcome | None) -> list[Order]:
    found: list[Order] = []
    for command in () if outcome is None else outcome.commands:
        if isinstance(command, PlaceOrders | ReplaceOrders):
            found += command.orders
    return found

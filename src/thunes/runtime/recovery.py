"""Recovery: the only way to start, whether anything came before or not.

Lease, journal, the newest state that was kept, and a replay of what came after it; then what was
in flight is unknown, the account is looked at until nothing is in doubt, what is held is protected,
and only then is anything new begun. The order of the last three is the core's own doing: a gate
keeps entries out until the account is reconciled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thunes.core.domain.errors import DataError
from thunes.core.domain.event import AccountOpened, BarsClosed, Restarted, RulesChanged
from thunes.core.domain.line import decode_line
from thunes.core.domain.units import Instant
from thunes.core.engine import Engine
from thunes.runtime.live import Live
from thunes.runtime.outside import Clock, KeepingStore, Lease, LiveVenue


def replay(engine: Engine, lines: Iterable[bytes]) -> int:
    """Take a fresh engine through the recorded steps; how many there were.

    Raises DataError where the engine now decides otherwise than it did then.
    """
    count = 0
    for payload in lines:
        line = decode_line(payload)
        outcome = engine.step(line.event)
        if outcome.commands != line.commands or outcome.facts != line.facts:
            raise DataError(
                f"step {count + 1} of the journal ({type(line.event).__name__} at "
                f"{line.event.at}) is decided otherwise by this program than by the one that "
                "recorded it: go on with that version, or begin a new journal on a flat account"
            )
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came before: the newest state that was kept, if any, the steps before it that told of
    what is in no state (bars, other rules), and the steps after it."""

    state: bytes | None
    lines: Iterable[bytes]
    beside: Sequence[bytes] = ()


def start(
    engine: Engine,
    recorded: Recorded,
    venue: LiveVenue,
    store: KeepingStore,
    own: tuple[Clock, Lease],
) -> Live:
    """A process that goes on where `recorded` ends; what was in flight then is unknown now."""
    return take_over(engine, recover(engine, recorded), venue, store, own)


def recover(engine: Engine, recorded: Recorded) -> int:
    """Bring a fresh engine to where `recorded` ends; how many steps came after what was kept."""
    if recorded.state is not None:
        events = [decode_line(payload).event for payload in recorded.beside]
        for event in events:
            if isinstance(event, RulesChanged):
                engine.amend(event.rules)
        engine.state.market.tape.extend(
            event.bars for event in events if isinstance(event, BarsClosed) and event.bars
        )
        engine.state.restore(recorded.state)
    return replay(engine, recorded.lines)


def take_over(
    engine: Engine, unkept: int, venue: LiveVenue, store: KeepingStore, own: tuple[Clock, Lease]
) -> Live:
    """A process with a recovered engine: it asks the venue for all that is in doubt."""
    live = Live(engine, venue, store, own)
    live.unkept = unkept
    memory = engine.state.memory
    if not engine.state.at:
        live.hear(AccountOpened(at=Instant(0), balances={}))
    # Ids carry the epoch: it is above that of every process on record, whatever clocks said.
    live.hear(Restarted(at=Instant(0), epoch=max(own[1].epoch, memory.epoch + 1)))
    live.reconnected()
    return live

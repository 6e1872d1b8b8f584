"""What an operator has done around an account: a look, a backup, a new connection, an end."""

import time
from pathlib import Path

import msgspec

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant, format_instant
from thunes.core.engine import Engine
from thunes.ops.commands.answering import answered
from thunes.ops.commands.archive import archive
from thunes.ops.commands.command import Nothing
from thunes.ops.commands.instance import Context, Plain
from thunes.runtime.live import Live

LOOK_S = 10.0
_AGAIN_S = 0.05


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Into which file: an absolute path, for whoever asks may stand elsewhere."""

    file: str

    def __post_init__(self) -> None:
        if not Path(self.file).is_absolute():
            raise ValueError(f"{self.file} is not an absolute path")


def reconcile(context: Context, _: Nothing) -> Plain:
    """Have the whole account looked at, and tell what was found once it was."""
    asked_at = _ask_for_look(context)
    until = time.monotonic() + LOOK_S
    while context.instance.read(_as_of) < asked_at:
        if time.monotonic() >= until:
            raise ThunesError(
                f"the venue has not told of the whole account within {LOOK_S:g} s; it is asked "
                "again without being told to. `thunes status` says how it is reached"
            )
        time.sleep(_AGAIN_S)
    return answered(context, _found)


def reconnect(context: Context, _: Nothing) -> Plain:
    """Give up every connection to the venue and dial anew."""
    context.hands.reconnect()
    return {"text": "every connection is given up and dialled anew"}


def stop(context: Context, _: Nothing) -> Plain:
    """End the process in order: what was sent is answered, stops stay at the venue."""
    context.hands.stop()
    return {"text": "stopping; what is held and its stops stay at the venue"}


def backup(context: Context, asked: Target) -> Plain:
    """Journal, kept state and configuration without secrets, in one file."""
    about = context.instance.about
    if context.instance.running:
        context.act(Live.keep)  # so that going on from it is short
    file = about.configuration.file if about.configuration else None
    made = archive(about.journal, file, Path(asked.file))
    return {"file": asked.file, "files": list(made.files), "bytes": made.size}


def _ask_for_look(context: Context) -> Instant:
    """The look that counts begins no earlier than now."""
    hands = context.hands

    def deed(live: Live) -> Instant:
        now = max(live.engine.state.at, hands.now())
        live.reconnected()
        return now

    return context.act(deed)


def _as_of(engine: Engine, _: Instant) -> Instant:
    return engine.state.doubt.as_of


def _found(engine: Engine, _: Instant) -> Plain:
    state = engine.state
    doubt = state.doubt
    return {
        "looked": format_instant(doubt.as_of),
        "reconciled": not state.memory.unreconciled,
        "missing": list(doubt.missing),
        "differences": [
            {"asset": asset, "beyond_our_books": format(amount, "f")}
            for asset, (amount, _) in doubt.differences.items()
        ],
        "foreign_orders": [
            {"symbol": symbol, "order_id": name} for symbol, name in doubt.strangers.items()
        ],
        "naked": list(state.guard.naked),
    }

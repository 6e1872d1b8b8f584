"""Real money: shows what it stands on and what it may lose, has a person agree, and trades."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from thunes.cli.doctor import look, tell
from thunes.cli.trading import Door, Trading, make, trade
from thunes.compose.clearance import VENUE, Clearance, Files, Lack, Lacking, Refused, clear
from thunes.compose.consent import give
from thunes.compose.doctor import examine
from thunes.compose.effective import digest, in_effect
from thunes.config.loading import load
from thunes.config.names import PLACE_OF
from thunes.core.domain.units import Instant, format_instant
from thunes.ops.checklist import write_checklist


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    config: Path
    state: Path
    checklist: Path
    write_checklist: Path | None
    check: bool
    as_json: bool


def trade_real_money(asked: Asked) -> None:
    """Trade until stopped. Raises Refused while anything lacks."""
    if asked.write_checklist is not None:
        write_checklist(asked.write_checklist, digest(in_effect(load(asked.config))))
        typer.echo(f"{asked.write_checklist}: written. Answer every question in it.")
        return

    def say(line: str) -> None:
        typer.echo(line, err=asked.as_json)

    found = examine(asked.config, asked.state, look())
    tell(found, say)
    files = Files(asked.config, asked.state, asked.checklist)
    clearance = clear(files, found, _now())
    say("")
    for name, text in _summary(clearance, asked.state):
        say(f"{name:<9} {text}")
    make(asked.state)
    if clearance.asked:
        _agree(clearance, asked.state)
    if asked.check:
        say("nothing lacks; nothing was traded")
        if asked.as_json:
            typer.echo(json.dumps({"cleared_until": format_instant(clearance.until)}))
        return
    door = Door(PLACE_OF[VENUE], clearance.keys, clearance.secrets)
    trade(
        Trading(
            clearance.loaded,
            lambda: load(asked.config),
            door,
            asked.state,
            as_json=asked.as_json,
        )
    )


def _summary(clearance: Clearance, state: Path) -> Iterator[tuple[str, str]]:
    """What whoever agrees agrees to."""
    config, terms = clearance.loaded.config, clearance.terms
    run, limits, quote = config.run, config.limits, terms.quote
    yield "venue", f"{terms.venue}, with real money"
    yield "account", f"key {terms.key}; state in {state}"
    yield "symbols", f"{', '.join(run.symbols)} on bars of {run.timeframe}"
    for plan in config.strategy:
        values = "".join(f" {name}={value}" for name, value in plan.parameters.items())
        yield "strategy", f"{plan.name or plan.source}{values}"
    most = f"{limits.order_size} {quote}, {limits.max_positions} positions"
    yield "entries", f"{config.sizing.rule}; at most {most}"
    yield "stops", f"{config.exits.stop} below each entry, resting at the venue"
    yield "may lose", f"{terms.daily_loss:f} {quote} a day, then it halts (more, where prices jump)"
    yield "until", f"{format_instant(clearance.until)}, when the checklist ends"


def _agree(clearance: Clearance, state: Path) -> None:
    """Have a person at a terminal type the sentence, and keep that they did."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        why = f"{clearance.asked}; nobody is at a terminal to do so"
        raise Refused([Lack(Lacking.CONSENT, why)])
    sentence = clearance.terms.sentence
    typer.echo(f"\nConsent: {clearance.asked}. To agree, type:\n{sentence}", err=True)
    typed = typer.prompt("", prompt_suffix="> ", default="", show_default=False, err=True)
    if typed.strip() != sentence:
        raise Refused([Lack(Lacking.CONSENT, "what was typed is not the sentence")])
    give(state, clearance.terms, _now(), clearance.until)


def _now() -> Instant:
    return Instant(time.time_ns())

"""`thunes probe`: tries at a rehearsal venue what we take for granted of the real one."""

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from thunes.cli.extras import brought_by
from thunes.cli.verbs import app
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, format_instant

if TYPE_CHECKING:
    from thunes.adapters.secrets.secret import Secret

_BaseUrl = Annotated[
    str, Option(help="testnet, demo, or a sandbox such as http://127.0.0.1:8080; never live.")
]
_SymbolText = Annotated[str, Option(help="Where small orders are placed, far below the market.")]
_Record = Annotated[Path, Option(help="Answers are added to this file, a line of JSON each.")]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def probe(
    base_url: _BaseUrl = "testnet",
    symbol: _SymbolText = "BTCUSDT",
    record: _Record = Path("probes.jsonl"),
    as_json: _Json = False,
) -> None:
    """Try what we assume of Binance Spot, and keep each answer with its date.

    The key is that of the place (BINANCE_TESTNET_API_KEY and _SECRET, BINANCE_DEMO_ or SANDBOX_),
    or else BINANCE_API_KEY and BINANCE_API_SECRET, from the environment, .env or the keyring. What
    has no experiment is listed as assumed. No order stays open.

    Exit code 0: all that was tried holds, 1: something does not or the venue does not answer, 2:
    asked wrongly.

    Example: thunes probe --base-url testnet --symbol BTCUSDT --record probes.jsonl
    """
    lines = asyncio.run(_probed(base_url, Symbol(symbol)))
    try:
        with record.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    except OSError as error:
        raise ThunesError(f"cannot write {record}: {error.strerror}") from error
    if as_json:
        typer.echo(json.dumps(lines, indent=2))
    for line in () if as_json else lines:
        seen = f" ({line['seen']})" if line["verdict"] == "fails" else ""
        typer.echo(f"{line['verdict']:<8} {line['name']:<15} {line['text']}{seen}")
    if any(line["verdict"] == "fails" for line in lines):
        raise typer.Exit(1)


async def _probed(place: str, symbol: Symbol) -> list[dict[str, str]]:
    with brought_by("live", "probing", "ccxt", "cryptography"):
        from thunes.adapters.venues.binance.probing import ASSUMPTIONS, bench_at
        from thunes.adapters.venues.binance.probing import probe as tried
        from thunes.adapters.venues.binance.signing import Keys

    keys = Keys(*(secret.reveal() for secret in _pair(place)))
    lines = []
    async with bench_at(place, keys, symbol, lambda: Instant(time.time_ns())) as bench:
        for each in ASSUMPTIONS:
            verdict, seen = await tried(bench, each)
            at = format_instant(time.time_ns() // NS_PER_SECOND * NS_PER_SECOND)
            said = {"name": each.name, "verdict": verdict, "text": each.text, "seen": seen}
            lines.append({"at": at, "venue": place} | said)
    return lines


def _pair(place: str) -> tuple["Secret", "Secret"]:
    """Key and secret of a place; those of real money only by the names that were always read."""
    from thunes.adapters.secrets.sources import Secrets
    from thunes.config.names import KEYS_OF, PLACE_OF

    venue = next((name for name, each in PLACE_OF.items() if each == place), "sandbox")
    secrets, fallback = Secrets(Path()), KEYS_OF["binance"]
    for pair in (KEYS_OF[venue], fallback):
        key, secret = secrets.find(pair.key), secrets.find(pair.secret)
        if key is not None and secret is not None:
            return key.secret, secret.secret
    names = " and ".join(KEYS_OF[venue])
    raise UsageError(f"set {names} (or {' and '.join(fallback)}) to a key of {place}")

"""The verbs that look at an account, running or not, and change nothing."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from thunes.cli.asking import AsJson, State, journal_of, show, told
from thunes.cli.verbs import app

_VAR = Path("var")


@app.command()
def status(state: State = _VAR, as_json: AsJson = False) -> None:
    """Tell how an account stands: mode, money, what is held, and why no entry is possible.

    Where nothing runs its journal answers, and says so. Exit code 0: told, 1: no answer, 2: asked
    wrongly.

    Example: thunes status --state var --json
    """
    show("status", told(state, "status", at_rest=True), as_json=as_json)


@app.command()
def positions(state: State = _VAR, as_json: AsJson = False) -> None:
    """Tell what is held, what it is worth, and how it is protected.

    Where nothing runs its journal answers, and says so.

    Example: thunes positions --state var
    """
    show("positions", told(state, "positions", at_rest=True), as_json=as_json)


@app.command()
def orders(state: State = _VAR, as_json: AsJson = False) -> None:
    """Tell every order that is not over.

    Where nothing runs its journal answers, and says so.

    Example: thunes orders --state var
    """
    show("orders", told(state, "orders", at_rest=True), as_json=as_json)


@app.command()
def balance(state: State = _VAR, as_json: AsJson = False) -> None:
    """Tell what the wallet holds of each asset, and what it is worth.

    Where nothing runs its journal answers, and says so.

    Example: thunes balance --state var
    """
    show("balance", told(state, "balance", at_rest=True), as_json=as_json)


@app.command()
def trades(
    state: State = _VAR,
    last: Annotated[int, Option(min=1, max=1_000, help="How many of the newest.")] = 20,
    csv: Annotated[
        Path | None, Option(help="Write all of them to this file instead, as CSV.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell the closed trades: entry, exit, profit after fees, and why it was left.

    Where nothing runs its journal answers, and says so.

    Example: thunes trades --state var --csv trades.csv
    """
    if csv is None:
        show("trades", told(state, "trades", {"last": last}, at_rest=True), as_json=as_json)
        return
    from thunes.cli.audit import export

    export(journal_of(state), "trades", csv, as_json)


@app.command()
def why(
    symbol: Annotated[str, Argument(help="Like BTCUSDT.", show_default=False)],
    state: State = _VAR,
    as_json: AsJson = False,
) -> None:
    """Tell what every gate would say of an entry now: its value, its limit, and how far it is.

    What the strategies think is not asked. Where nothing runs its journal answers, and says so.

    Example: thunes why BTCUSDT --state var
    """
    show("why", told(state, "why", {"symbol": symbol}, at_rest=True), as_json=as_json)

"""The verbs of the command line, and how trouble is told."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from thunes import __version__
from thunes.cli import (
    backtest,
    check,
    demo,
    doctor,
    fetch,
    governing,
    init,
    keeping,
    live,
    looking,
    operating,
    optimize,
    paper,
    parity,
    probe,
    rodage,
    sandbox,
    simulate,
    strategies,
    taping,
    walkforward,
)
from thunes.cli.audit import app as audit_app
from thunes.cli.config import app as config_app
from thunes.cli.data import app as data_app
from thunes.cli.db import app as db_app
from thunes.cli.parameters import app as parameters_app
from thunes.cli.verbs import app
from thunes.core.domain.errors import ThunesError

_REGISTERED = (
    *(backtest, check, demo, doctor, fetch, governing, init, live, looking, operating, optimize),
    *(paper, parity, probe, rodage, sandbox, simulate, strategies, taping, walkforward),
)
app.add_typer(data_app, name="data")
app.add_typer(audit_app, name="audit")
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")
app.add_typer(parameters_app, name="parameters")
app.add_typer(keeping.journal, name="journal")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """THUNES asks the past, rehearses, trades, and proves why every order was sent."""
    if version:
        typer.echo(f"thunes {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    try:
        try:
            app(args=arguments)
        finally:
            sys.stdout.flush()
    except ThunesError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        _drop_output()
        sys.exit(0)
    except OSError as error:
        if error.filename is not None:
            raise
        _drop_output()
        print(f"error: the output could not be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def _drop_output() -> None:
    """What is left to print has nowhere to go; the interpreter would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

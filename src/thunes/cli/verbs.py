"""The verbs: the one application that they all register with."""

import typer

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="THUNES asks the past, rehearses, trades, and proves why every order was sent.",
    epilog="Example: thunes demo, then thunes backtest --help",
)

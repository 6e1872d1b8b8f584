"""`thunes init`: a configuration to begin with, asked for on a terminal or all of defaults."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from thunes.cli.verbs import app
from thunes.core.domain.errors import UsageError


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write.")] = Path("thunes.toml"),
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Write a configuration: on a terminal a few questions, elsewhere every default.

    An existing file is left alone unless --force is given; .env is never written over.

    Example: thunes init && thunes backtest --strategy sma_cross --bars BTCUSDT_1h.parquet
    --config thunes.toml
    """
    from thunes.adapters.storage.bars.catalog import replace_file
    from thunes.config import default_text

    if file.exists() and not force:
        raise UsageError(f"{file} exists already; it was left as it is (--force writes over it)")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is not a plain file")
    asked = not defaults and sys.stdin.isatty() and sys.stdout.isatty()
    if asked:
        from thunes.cli.wizard import ask_all, offer_keys
        from thunes.config.writing import text_of

        config = ask_all()
        head = "# thunes.toml: `thunes config check` proves that its limits agree.\n"
        text = head + text_of(config)
    else:
        text = default_text()
    replace_file(file, lambda unfinished: _write(unfinished, text))
    if not asked:
        typer.echo(f"{file}: written. Every line is a default; change what you need.")
        return
    verb = "live --write-checklist checklist.toml" if config.run.mode == "live" else "paper"
    typer.echo(f"{file}: written. Next: thunes doctor --config {file}")
    typer.echo(f"then: thunes {verb} --config {file}")
    offer_keys(config.run.venue, file.parent)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")

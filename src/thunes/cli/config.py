"""`thunes config`: do the limits agree with each other, and where does each value come from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from thunes.config.loading import Loaded
    from thunes.config.relations import Proof

app = typer.Typer(
    name="config",
    help="Prove that the limits agree, and tell where each value comes from.",
    no_args_is_help=True,
)

_File = Annotated[Path, typer.Option("--config", help="The configuration.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
_PATH = Path("thunes.toml")
_VERDICTS = {True: "holds", False: "BROKEN", None: "open"}


@app.command()
def check(config: _File = _PATH, as_json: _Json = False) -> None:
    """Prove each relation between limits over all equities that may come.

    They are proven from the equity at which the drawdown limit halts to twice the cash; where one
    is broken a counter-example says so with its numbers. `open` is what only the market can tell.

    Exit code 0: all hold, 1: one is broken, 2: the file itself has faults (all are told).

    Example: thunes config check --config thunes.toml
    """
    from thunes.config.loading import read_config
    from thunes.config.relations import prove

    loaded = read_config(config)
    proofs = prove(loaded.config)
    if as_json:
        rows = [{"name": p.name, "holds": p.holds, "counter_example": p.breach} for p in proofs]
        typer.echo(json.dumps({"relations": rows, "notes": loaded.notes}, indent=2))
    else:
        _tell(proofs, loaded)
    if any(proof.holds is False for proof in proofs):
        raise typer.Exit(1)


@app.command()
def show(config: _File = _PATH, as_json: _Json = False) -> None:
    """Tell each value and where it came from; of a secret only that it is set, and where.

    The environment wins over .env.local, that over .env, that over the file, that over a default.

    Example: thunes config show --config thunes.toml
    """
    from thunes.config.loading import read_config
    from thunes.config.settings import SET

    loaded = read_config(config)
    settings, secrets = _settings(loaded), _secrets(loaded)
    if as_json:
        told = {
            "settings": {
                each.name: {"value": each.value, "source": each.source} for each in settings
            },
            "secrets": {
                each.name: {"set": each.value == SET, "source": each.source} for each in secrets
            },
        }
        typer.echo(json.dumps(told, indent=2))
        return
    wide = max(len(each.name) for each in settings)
    for each in (*settings, *secrets):
        source = f"  ({each.source})" if each.source else ""
        value = each.value if isinstance(each.value, str) else json.dumps(each.value)
        typer.echo(f"{each.name:<{wide}}  {value}{source}")


class _Row(NamedTuple):
    name: str
    value: object
    source: str


def _settings(loaded: "Loaded") -> list[_Row]:
    from thunes.config.settings import settings_of

    found = settings_of(loaded.config)
    return [_Row(name, value, str(loaded.origin(name))) for name, value in found.items()]


def _secrets(loaded: "Loaded") -> list[_Row]:
    from thunes.config.names import SECRETS
    from thunes.config.settings import NOT_SET, SET

    found = [(name, loaded.secrets.find(name)) for name in SECRETS]
    return [_Row(name, SET if one else NOT_SET, one.source if one else "") for name, one in found]


def _tell(proofs: "list[Proof]", loaded: "Loaded") -> None:
    for proof in proofs:
        typer.echo(f"{_VERDICTS[proof.holds]:<7} {proof.name}")
        if proof.breach:
            typer.echo(f"        {proof.breach}")
    for note in loaded.notes:
        typer.echo(f"note: {note}", err=True)

"""Answers of commands on the terminal: tables with units, or one line of JSON."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

_QUOTE = "(quote)"


class _Column(NamedTuple):
    key: str
    heading: str
    right: bool = False


_ROWS: Mapping[str, tuple[str, tuple[_Column, ...]]] = {
    "positions": (
        "positions",
        (
            _Column("symbol", "symbol"),
            _Column("strategy", "strategy"),
            _Column("quantity", "quantity", True),
            _Column("entry_price", "entry", True),
            _Column("price", "price", True),
            _Column("value", "value (quote)", True),
            _Column("pnl", "P&L (quote)", True),
            _Column("stops", "stops", True),
            _Column("protection", "protection"),
            _Column("age_s", "age (s)", True),
        ),
    ),
    "orders": (
        "orders",
        (
            _Column("symbol", "symbol"),
            _Column("role", "role"),
            _Column("side", "side"),
            _Column("type", "type"),
            _Column("quantity", "quantity", True),
            _Column("amount", "amount (quote)", True),
            _Column("stop_price", "stop", True),
            _Column("limit_price", "limit", True),
            _Column("state", "state"),
            _Column("asked_s", "asked (s ago)", True),
            _Column("order_id", "order"),
        ),
    ),
    "balance": (
        "assets",
        (
            _Column("asset", "asset"),
            _Column("amount", "amount", True),
            _Column("value", "value (quote)", True),
        ),
    ),
    "trades": (
        "trades",
        (
            _Column("symbol", "symbol"),
            _Column("quantity", "quantity", True),
            _Column("entry_time", "entered"),
            _Column("entry_price", "entry", True),
            _Column("exit_time", "left"),
            _Column("exit_price", "exit", True),
            _Column("pnl", "P&L (quote)", True),
            _Column("fees", "fees (quote)", True),
            _Column("reason", "reason"),
        ),
    ),
    "why": (
        "gates",
        (
            _Column("gate", "gate"),
            _Column("passed", "passed"),
            _Column("actual", "value", True),
            _Column("limit", "limit", True),
            _Column("distance", "room", True),
            _Column("until", "until"),
            _Column("lifted_when", "lifted when"),
        ),
    ),
}
_DIGITS = 8
_WIDE = 160


def show(name: str, said: dict[str, Any], *, as_json: bool) -> None:
    """Print what a command said."""
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    if said.get("running") is False:
        typer.echo(f"nothing runs; this is how the journal left it{_at(said)}")
    if name == "journal-tail":
        for entry in said["entries"]:
            typer.echo(f"{entry['time']}  {entry['text']}")
        return
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    if name in _ROWS:
        key, columns = _ROWS[name]
        _print_facts(console, {k: v for k, v in said.items() if k not in (key, *_HEAD)})
        _print_rows(console, said[key], columns, str(said.get("quote", "quote")))
        return
    _print_facts(console, {k: v for k, v in said.items() if k not in _HEAD})


_HEAD = ("running", "at", "quote")


def _at(said: Mapping[str, Any]) -> str:
    return f" at {said['at']}" if "at" in said else ""


def _print_facts(console: Console, facts: Mapping[str, Any]) -> None:
    """Names with their values, those of names below them with a dot."""
    if not facts:
        return
    table = Table(show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _flat("", facts):
        table.add_row(name, value)
    console.print(table, highlight=False)


def _flat(prefix: str, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += _flat(f"{prefix}{name}.", value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((prefix + name, "\n".join(_in_a_line(each) for each in value) or "none"))
        else:
            rows.append((prefix + name, _cell(value)))
    return rows


def _in_a_line(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _cell(value)
    said = (f"{name} {_cell(each)}" for name, each in value.items() if each is not None)
    return ", ".join(said)


def _print_rows(
    console: Console, rows: Sequence[Mapping[str, Any]], columns: Sequence[_Column], quote: str
) -> None:
    if not rows:
        console.print("none")
        return
    table = Table()
    for column in columns:
        heading = column.heading.replace(_QUOTE, f"({quote})")
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=column is columns[0])
    for row in rows:
        table.add_row(*(_cell(row[column.key]) for column in columns))
    console.print(table, highlight=False)


def _cell(value: Any) -> str:
    """A value for a person: amounts with as many digits as say something."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    text = str(value)
    whole, point, rest = text.partition(".")
    if point and whole.lstrip("-").isdigit() and rest.isdigit():
        return f"{whole}.{rest[:_DIGITS]}".rstrip("0").rstrip(".")
    return text

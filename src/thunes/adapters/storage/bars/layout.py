"""Which column of a file holds what: by its header, by a known layout, or as the caller says."""

from dataclasses import dataclass
from pathlib import Path

from thunes.adapters.storage.bars.findings import Kind, UnreadableFileError
from thunes.core.domain.errors import UsageError

HOUSE_COLUMNS = ("ts", "open", "high", "low", "close", "volume")
"""The columns of our own files, in order: open time in ms UTC, prices, base volume."""

# Names met in the wild, best first: where two are present, the earlier one is taken.
_NAMES: dict[str, tuple[str, ...]] = {
    "ts": (
        "ts",
        "open_time",
        "opentime",
        "timestamp",
        "unix",
        "time",
        "date",
        "datetime",
        "open_date",
    ),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "v", "vol", "base_volume"),
}
_BINANCE_FIELDS = 12
_KRAKEN_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Layout:
    """`at[k]` is the position of house column k in the file; `name` says how that was known."""

    at: tuple[int, ...]
    name: str


def layout_of_names(path: Path, names: tuple[str, ...], origin: str) -> Layout:
    """The layout that column names spell; refuses a file that lacks one of the six."""
    plain = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in names]
    positions: list[int] = []
    for column in HOUSE_COLUMNS:
        known = next((name for name in _NAMES[column] if name in plain), None)
        if known is None:
            raise UnreadableFileError.because(
                path,
                Kind.NO_COLUMN,
                f"no column for {column!r} among {', '.join(names)}; "
                f"name them in order with --columns {','.join(HOUSE_COLUMNS)}",
            )
        positions.append(plain.index(known))
    return Layout(tuple(positions), origin)


def layout_said(columns: tuple[str, ...], fields: int) -> Layout:
    """The layout that the caller spelled with `--columns`; other names are columns to skip."""
    missing = [name for name in HOUSE_COLUMNS if columns.count(name) != 1]
    if missing:
        raise UsageError(
            f"--columns {','.join(columns)} must name each of {','.join(HOUSE_COLUMNS)} once "
            f"(check {', '.join(missing)})"
        )
    if len(columns) != fields:
        raise UsageError(f"--columns names {len(columns)} columns, the file has {fields}")
    return Layout(tuple(columns.index(name) for name in HOUSE_COLUMNS), "columns as said")


def layout_without_header(path: Path, first: list[str]) -> Layout:
    """The layout of a headerless file, where the number of fields leaves no doubt."""
    fields = len(first)
    if fields == _BINANCE_FIELDS:
        return Layout((0, 1, 2, 3, 4, 5), "Binance kline layout without header")
    if fields == _KRAKEN_FIELDS and first[-1].strip().isdecimal():
        return Layout((0, 1, 2, 3, 4, 5), "Kraken layout without header")
    if fields == len(HOUSE_COLUMNS):
        return Layout((0, 1, 2, 3, 4, 5), f"no header, taken as {','.join(HOUSE_COLUMNS)}")
    raise UnreadableFileError.because(
        path,
        Kind.NO_HEADER,
        f"no header and {fields} columns, which could mean anything; the first line is "
        f"{','.join(first)[:80]!r}. Name the columns in order, for example "
        f"--columns {','.join(HOUSE_COLUMNS)},skip",
        row=1,
    )


def is_header(fields: list[str]) -> bool:
    """True where no field is a number: a row of data has prices."""
    return not any(_is_number(field) for field in fields)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

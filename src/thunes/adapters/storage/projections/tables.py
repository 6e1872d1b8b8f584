"""The tables: what each column is, in the words of the journal.

Amounts are exact. Each instant stands twice: `..._at` in nanoseconds, `..._time` to be read.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
    Text,
)

from thunes.adapters.storage.projections.exact import Exact

METADATA = MetaData()


def _moment(name: str = "", *, index: bool = False) -> tuple[Column[int], Column[str]]:
    prefix = f"{name}_" if name else ""
    at = Column(f"{prefix}at", BigInteger, index=index)
    return at, Column(f"{prefix}time", Text)


def _place() -> tuple[Column[int], Column[int]]:
    """The line, and the place of a fact in it."""
    return (
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
    )


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, Text) for name in names]


def _amounts(*names: str) -> list[Column[object]]:
    return [Column(name, Exact) for name in names]


PROGRESS = Table(
    "progress",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),  # the last line that is in the tables
    Column("hash", Text, nullable=False),
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),  # the line that sent it
    Column("symbol", Text, nullable=False),
    *_words("strategy", "side", "type", "role", "leg", "list_id"),
    *_amounts("quantity", "quote_amount", "limit_price", "stop_price"),
    *_moment("expires"),
    *_moment("submitted", index=True),
    *_words("reason"),  # why it was sent
    *_words("state"),
    *_amounts("filled", "value", "average_price", "fees"),
    *_moment("ended"),
    *_words("cancel_reason", "failure"),  # why we asked for it back, what the venue said
)

Table(
    "fills",
    METADATA,
    Column("order_id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("trade_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    *_moment(),
    *_amounts("price", "quantity", "fee"),
    *_words("fee_asset"),
)

POSITIONS = Table(
    "positions",
    METADATA,
    Column("symbol", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    *_words("strategy"),
    *_moment("opened"),
    *_amounts("quantity", "entry_price", "stop_price"),
)

TRADES = Table(
    "trades",
    METADATA,
    *_place(),
    *_words("symbol", "strategy"),
    *_moment("entry"),
    *_amounts("entry_price", "quantity"),
    *_moment("exit", index=True),
    *_amounts("exit_price", "fees", "pnl"),
    *_words("exit_reason"),
    *_amounts("stop_price", "target_price"),
    Column("flat", Boolean, nullable=False),
)

Table(
    "equity",
    METADATA,
    *_place(),
    *_moment(),
    Column("day", Integer, nullable=False),
    *_amounts("equity"),
)

Table(
    "decisions",
    METADATA,
    *_place(),
    *_moment(index=True),
    *_words("symbol", "strategy", "purpose", "refused_by", "reason"),
    *_amounts("notional", "reference", "stop_price"),
)

Table(
    "gates",
    METADATA,
    *_place(),
    Column("gate", Text, primary_key=True),
    Column("passed", Boolean, nullable=False),
    *_amounts("actual", "allowed"),
    ForeignKeyConstraint(["sequence", "number"], ["decisions.sequence", "decisions.number"]),
)

Table(
    "events",
    METADATA,
    *_place(),
    *_moment(index=True),
    *_words("kind", "code", "subject", "text"),
    *_amounts("actual", "allowed"),
)

BALANCES = Table(
    "balances",
    METADATA,
    Column("asset", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    *_moment(),
    *_amounts("total"),
)

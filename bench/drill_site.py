"""Where a drill takes place: a sandbox in real time, a process that trades, and both asked."""

import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard

from bench.soak_books import Books, Compared, Record, compare, read_record
from bench.soak_site import Sandbox, Site, Trader, write_config
from thunes.adapters.storage.journal import in_use
from thunes.adapters.storage.reading import read_steps
from thunes.cli.asking import told
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.line import Line, decode_line
from thunes.ops.audit import verify

PATIENCE_S, LOOK_S = 120.0, 0.01
CASH = 50_000
# As in the soak, but for what would keep a strategy from trading every second.
_LIMITS = {"loss_cool_down_s = 60": "loss_cool_down_s = 1"}
_LIMITS |= {"signal_cool_down_s = 60": "signal_cool_down_s = 1"}


class Post:
    """One account at a sandbox of its own, in real time on bars of a second."""

    def __init__(self, where: Path, symbols: Sequence[str], strategy: Sequence[str]) -> None:
        where.mkdir()
        state, config = where / "state", where / "thunes.toml"
        state.mkdir(mode=0o700)
        port = write_config(config, len(symbols), cap="")
        text = config.read_text("utf-8")
        for old, new in _LIMITS.items():
            text = text.replace(old, new)
        config.write_text(text, "utf-8")
        words = (*strategy, "--timeframe", "1s")
        self.site = Site(state, config, where / "paper.log", symbols, port, words)
        self.sandbox = Sandbox((), 1.0, where / "sandbox.log")
        self.sandbox.open_account(state, CASH)
        self.trader = Trader(self.site)

    @property
    def journal(self) -> Path:
        return self.site.state / "journal"

    def start(self) -> None:
        self.trader = Trader(self.site)

    def ask(self, command: str, **arguments: object) -> dict[str, Any]:
        return told(self.site.state, command, arguments)

    def until(self, true: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The status once it is so. Raises ThunesError where it does not come to that."""
        deadline = time.monotonic() + PATIENCE_S
        said: dict[str, Any] | None = None
        while time.monotonic() < deadline:
            if not self.trader.alive:
                break
            self.trader.heard()
            said = self.trader.status()
            if said is not None and true(said):
                return said
            time.sleep(LOOK_S)
        last = self.site.errors.read_text("utf-8", "replace")[-800:]
        raise ThunesError(f"{what}: not in {PATIENCE_S:g} s; the last status {said}; {last}")

    def until_ready(self) -> dict[str, Any]:
        """Until the account was compared, nothing is naked, and both streams are up."""
        return self.until(is_ready, "ready")

    def open_orders(self) -> list[dict[str, Any]]:
        """As the venue tells them."""
        return [
            row for each in self.site.symbols for row in self.sandbox.ask("openOrders", symbol=each)
        ]

    def until_open(self, stops: int, entries: int) -> list[dict[str, Any]]:
        """The orders that rest at the venue, once there are so many of both kinds."""
        deadline = time.monotonic() + PATIENCE_S
        found: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            found = self.open_orders()
            if (len(of(found, "SELL")), len(of(found, "BUY"))) == (stops, entries):
                return found
            self.trader.heard()
            time.sleep(0.1)
        raise ThunesError(f"not {stops} stops and {entries} entries at the venue: {found}")

    def holdings(self) -> dict[str, str]:
        """How much is held of which symbol, as the process tells."""
        rows = self.ask("positions")["positions"]
        return {row["symbol"]: row["quantity"] for row in rows}

    def lines(self, after: int = 0) -> Iterator[Line]:
        """The steps of the journal after this one."""
        for sequence, payload in read_steps(self.journal):
            if sequence > after:
                yield decode_line(payload)

    def stop(self) -> None:
        """End the process in order."""
        code = self.trader.stop()
        if code != 0 or in_use(self.journal):
            raise ThunesError(f"{self.site.state}: the process ended with exit code {code}")

    def compared(self) -> tuple[Books, Record, Compared]:
        """The venue's books held against the journal, once nothing runs."""
        self.sandbox.call("POST", "/sandbox/market", {"held": True})
        books, record = self.sandbox.books(self.site.symbols), read_record(self.journal)
        return books, record, compare(books, record)

    def damage(self) -> list[str]:
        return [str(each) for each in verify(self.journal).problems]

    def close(self) -> None:
        if self.trader.alive:
            self.trader.kill()
        self.sandbox.close()


@contextmanager
def post(where: Path, symbols: Sequence[str], strategy: Sequence[str]) -> Iterator[Post]:
    made = Post(where, symbols, strategy)
    try:
        yield made
    finally:
        made.close()


def is_ready(said: dict[str, Any]) -> bool:
    return bool(said["reconciled"] and not said["naked"] and said["venue"]["up"])


def of(orders: Sequence[dict[str, Any]], side: str) -> dict[str, str]:
    """The orders of one side: the id of each, and its quantity. Those that buy are entries, those
    that sell are stops: nothing else rests here."""
    return {row["clientOrderId"]: row["origQty"] for row in orders if row["side"] == side}


def unpack(backup: Path, target: Path) -> None:
    """As a person would, with `tar`."""
    target.mkdir(mode=0o700)
    with (
        backup.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        tar.extractall(target, filter="data")

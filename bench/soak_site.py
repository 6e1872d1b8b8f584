"""Where a soak takes place: a made-up tape, a sandbox with faults, and the process that trades."""

import hashlib
import hmac
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from bench.soak_books import Booked, Books, Traded
from thunes.cli.asking import told
from thunes.compose.rehearsal import Rehearsal
from thunes.core.domain.errors import ThunesError

THUNES = (sys.executable, "-m", "thunes")
PRICES = {
    "BTCUSDT": 60_000.0,
    "ETHUSDT": 3_000.0,
    "BNBUSDT": 600.0,
    "SOLUSDT": 150.0,
    "BCHUSDT": 400.0,
    "LTCUSDT": 80.0,
    "AAVEUSDT": 120.0,
    "MKRUSDT": 2_000.0,
    "XMRUSDT": 170.0,
    "ZECUSDT": 45.0,
}
_CROSS = ("--strategy", "sma_cross", "--param", "fast=2", "--param", "slow=5")
STRATEGY = (*_CROSS, "--timeframe", "1m")
_BEGIN_MS = 1_760_000_040_000 // 60_000 * 60_000
_PAST, _SPARE_MINUTES = 500, 600
_SIGMA = 0.0025  # of a minute: lively, so that stops and targets are reached
_PULL = 0.002
_OBSERVER = "127.0.0.2"  # another address than the trader's: its requests count for themselves
_PAGE = 1_000
_START_S = 120.0
_CONFLATED = "thunes_inbox_conflated_total "

CONFIG = """
[account]
cash = 50_000

[sizing]
rule = "fixed:500"

[costs]
fee_asset = "received"

[exits]
stop = "1%"
take_profit = "1.5%"

[limits]
max_positions = {symbols}
loss_per_trade = 100
order_size = 2_000
daily_loss = 40_000
daily_loss_share = 0.8
daily_loss_lifted_by = "day"
drawdown_warning = 0.85
drawdown_limit = 0.9
symbol_exposure = 0.9
loss_cool_down_s = 60
signal_cool_down_s = 60

[metrics]
port = {port}

[logs]
level = "warning"
form = "json"
"""


def write_config(path: Path, symbols: int, cap: str) -> int:
    """What the process is told, and the port at which its metrics will be."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    text = CONFIG.format(symbols=symbols, port=port)
    path.write_text(text + (f'\n[entries]\ncap = "{cap}"\n' if cap else ""), encoding="utf-8")
    return port


def write_tape(folder: Path, symbols: Sequence[str], minutes: int, seed: int) -> None:
    """Bars of a minute that walk around where they began, with a past before them."""
    folder.mkdir()
    for symbol in symbols:
        random, start = Random(f"{seed}:{symbol}"), PRICES[symbol]
        price, rows = start, ["open_time,open,high,low,close,volume"]
        for minute in range(_PAST + minutes + _SPARE_MINUTES):
            seen = [price]
            for _ in range(4):
                drift = -_PULL / 4 * (price / start - 1)
                price *= 1 + random.gauss(drift, _SIGMA / 2)
                seen.append(price)
            volume = 2_000_000 / start * random.uniform(0.2, 2.0)
            told = (seen[0], max(seen), min(seen), price)
            numbers = ",".join(f"{each:.2f}" for each in told)
            rows.append(f"{_BEGIN_MS + minute * 60_000},{numbers},{volume:.3f}")
        (folder / f"{symbol}_1m.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


# What, on what, how long it lasts (wall seconds), how often at most, how much. What reaches the
# venue late must do so before its absence counts for evidence: 17 s of the venue's time.
_Kind = tuple[str, str, float, int | None, float | str | None]
_ORDERS, _READS = "POST /api/v3/order*", "GET /api/v3/[omt]*"
_FAULTS: tuple[_Kind, ...] = (
    ("answer_lost", _ORDERS, 5.0, 2, None),
    ("request_lost", _ORDERS, 5.0, 2, 0.0),
    ("request_late", _ORDERS, 5.0, 2, 0.1),
    ("answer_late", _ORDERS, 5.0, 2, 0.5),
    ("answer_cut", _ORDERS, 5.0, 2, None),
    ("answer_page", _ORDERS, 5.0, 2, None),
    ("error_before", _ORDERS, 5.0, 2, -1001),
    ("error_after", _ORDERS, 5.0, 2, -1007),
    ("error_after", _ORDERS, 5.0, 2, -1006),
    ("error_before", _ORDERS, 5.0, 2, -1008),
    ("error_before", _ORDERS, 5.0, 3, -2010),
    ("error_before", "POST /api/v3/orderList/*", 5.0, 2, -2010),
    ("order_limited", _ORDERS, 5.0, 2, 1),
    ("answer_lost", "DELETE /api/v3/order*", 5.0, 2, None),
    ("error_before", "DELETE /api/v3/order*", 5.0, 2, -2011),
    ("error_before", "*", 0.5, None, -1001),
    ("error_before", "*", 0.5, None, -1008),
    ("answer_lost", "*", 0.5, None, None),
    ("answer_late", _READS, 2.0, 20, 0.3),
    ("answer_cut", _READS, 2.0, 5, None),
    ("rate_limited", _READS, 2.0, 2, 1),
    ("banned", _READS, 2.0, 1, 5),
    ("blocked", _READS, 2.0, 1, None),
    ("stream_silent", "user", 5.0, None, None),
    ("stream_silent", "market", 5.0, None, None),
    ("stream_lost", "user", 3.0, 5, None),
    ("stream_twice", "user", 3.0, 20, None),
    ("stream_swapped", "user", 3.0, 5, None),
    ("stream_late", "user", 3.0, 10, 0.2),
    ("stream_cut", "*", 2.0, 3, None),
    ("stream_binary", "*", 2.0, 3, None),
    ("stream_half_open", "user", 3.0, None, None),
    ("stream_half_open", "market", 3.0, None, None),
    ("stream_closed", "user", 0.5, 1, 1001),
    ("stream_closed", "*", 0.5, 1, 1006),
    ("shutdown", "*", 1.0, 1, 0.5),
    ("dial_refused", "*", 2.0, 3, 503),
    ("dial_closed", "*", 2.0, 2, None),
    ("clock_skew", "*", 3.0, None, 1_500),
    ("clock_skew", "*", 3.0, None, -1_500),
    ("symbol_status", "ETHUSDT", 2.0, None, "HALT"),
)


def write_faults(path: Path, wall_s: float, every_s: float, random: Random) -> int:
    """A script in which each kind of fault returns, one about every so many seconds, over so many
    seconds of the wall; how many there are."""
    at, rows, deck = 10.0, list[str](), list[_Kind]()
    while at < wall_s:
        if not deck:
            deck = random.sample(_FAULTS, len(_FAULTS))
        fault, on, lasts, times, value = deck.pop()
        row = [f'fault = "{fault}"', f'on = "{on}"', f"at_s = {at:.2f}", f"lasts_s = {lasts}"]
        if times is not None:
            row.append(f"times = {times}")
        if value is not None:
            row.append(f"value = {json.dumps(value)}")
        rows.append("[[fault]]\n" + "\n".join(row) + "\n")
        at += random.expovariate(1 / every_s)
    path.write_text("\n".join(rows), encoding="utf-8")
    return len(rows)


class Sandbox:
    """One sandbox, as a process of its own, and its books as it tells them itself; `words` are
    those of its command that say what happens there."""

    def __init__(self, words: Sequence[str], speed: float, log: Path) -> None:
        command = [*THUNES, "sandbox", "--json", *words, "--speed", str(speed)]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], _START_S)[0]:
            self.process.kill()
            raise ThunesError(f"the sandbox says nothing for {_START_S:g} s; {log} may say why")
        line = self.process.stdout.readline()
        if not line:
            raise ThunesError(f"the sandbox did not start; {log} says why")
        said = json.loads(line)
        self.rest: str = said["rest"]
        self.speed = speed
        self.key = self.secret = ""
        self._start_ms = int(self.call("GET", "/api/v3/time")["serverTime"])
        self._started = time.time()

    def open_account(self, state: Path, cash: int) -> None:
        """An account with nothing but cash, put down as that of a state directory."""
        made = self.call("POST", "/sandbox/accounts", {"balances": {"USDT": str(cash)}})
        self.key, self.secret = made["api_key"], made["api_secret"]
        words = Rehearsal(self.rest, self.key, self.secret, self.speed, self.process.pid)
        descriptor = os.open(state / "sandbox.json", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(words))

    def call(self, method: str, path: str, words: object = None) -> Any:
        """Ask from an address of our own; raises ThunesError for anything but a good answer."""
        host = urlsplit(self.rest).netloc
        line = http.client.HTTPConnection(host, timeout=60, source_address=(_OBSERVER, 0))
        try:
            body = None if words is None else json.dumps(words)
            line.request(method, path, body, {"X-MBX-APIKEY": self.key})
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
        if answer.status != 200:
            raise ThunesError(f"{method} {path.partition('?')[0]}: {answer.status} {said[:200]!r}")
        return json.loads(said)

    def now_ms(self) -> int:
        """What time it is at the venue, without asking: its clock is that of the machine."""
        return self._start_ms + int((time.time() - self._started) * 1_000 * self.speed)

    def ask(self, path: str, method: str = "GET", /, **params: object) -> Any:
        """A signed question, once more where a fault takes its answer."""
        for _ in range(20):
            try:
                query = urlencode({**params, "timestamp": self.now_ms(), "recvWindow": 60_000})
                seal = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
                return self.call(method, f"/api/v3/{path}?{query}&signature={seal}")
            except (ThunesError, OSError, http.client.HTTPException, ValueError) as error:
                failed = error
                time.sleep(0.3)
        raise ThunesError(f"the sandbox does not tell its books: {failed}")

    def books(self, symbols: Sequence[str]) -> Books:
        """All orders and fills of the account."""
        orders, fills = list[Booked](), list[Traded]()
        for symbol in symbols:
            for row in self._pages("allOrders", "orderId", symbol, "orderId"):
                orders.append(_booked(row))
            for row in self._pages("myTrades", "fromId", symbol, "id"):
                fills.append(_traded(row))
        return Books(orders, fills, until=self.now_ms())

    def balances(self) -> dict[str, Decimal]:
        rows = self.ask("account", omitZeroBalances="true")["balances"]
        return {row["asset"]: Decimal(row["free"]) + Decimal(row["locked"]) for row in rows}

    def _pages(self, path: str, since: str, symbol: str, number: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            first = rows[-1][number] + 1 if rows else 0
            page = self.ask(path, symbol=symbol, limit=_PAGE, **{since: first})
            rows += page
            if len(page) < _PAGE:
                return rows

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _booked(row: dict[str, Any]) -> Booked:
    return Booked(
        symbol=row["symbol"],
        client_id=row["clientOrderId"],
        number=row["orderId"],
        list_id=row["orderListId"],
        buys=row["side"] == "BUY",
        stops=row["type"].startswith("STOP_LOSS"),
        quantity=Decimal(row["origQty"]),
        status=row["status"],
        created=row["time"],
        updated=row["updateTime"],
    )


def _traded(row: dict[str, Any]) -> Traded:
    in_coins = row["symbol"] == f"{row['commissionAsset']}USDT"
    return Traded(
        id=row["id"],
        symbol=row["symbol"],
        number=row["orderId"],
        buys=row["isBuyer"],
        price=Decimal(row["price"]),
        quantity=Decimal(row["qty"]),
        fee=Decimal(row["commission"]) if in_coins else Decimal(0),
        at=row["time"],
    )


@dataclass(frozen=True, slots=True)
class Site:
    """Directories, and what the process that trades is to be told."""

    state: Path
    config: Path
    errors: Path
    symbols: Sequence[str]
    port: int
    strategy: Sequence[str] = STRATEGY


class Trader:
    """One life of `thunes paper`, a child process that can be killed."""

    def __init__(self, site: Site) -> None:
        command = [*THUNES, "paper", "--venue", "sandbox", "--state", str(site.state)]
        command += ["--config", str(site.config), *site.strategy]
        command += [word for symbol in site.symbols for word in ("--symbol", symbol)]
        self._site = site
        environment = os.environ | {"XDG_STATE_HOME": str(site.state.parent / "home")}
        with site.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        self.began = time.monotonic()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def status(self) -> dict[str, Any] | None:
        """What it says of itself; None where it does not answer."""
        try:
            return told(self._site.state, "status", timeout_s=5.0)
        except ThunesError:
            return None

    def rss_mb(self) -> float | None:
        """Its memory of now; None once it is gone."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        except FileNotFoundError:
            return None
        found = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:")]
        return int(found[0]) / 1024 if found else None

    def conflated(self) -> int | None:
        """Market data that newer data took the place of; None where nobody tells."""
        line = http.client.HTTPConnection("127.0.0.1", self._site.port, timeout=5)
        try:
            line.request("GET", "/metrics")
            text = line.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()
        found = [row for row in text.splitlines() if row.startswith(_CONFLATED)]
        return int(float(found[0].split()[1])) if found else None

    def heard(self) -> bool:
        """Whether it has told of anything since the last call; what it told is read off."""
        assert self.process.stdout is not None
        heard, descriptor = False, self.process.stdout.fileno()
        while select.select([descriptor], [], [], 0)[0] and os.read(descriptor, 1 << 16):
            heard = True
        return heard

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._leave()

    def stop(self) -> int:
        """End it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL
        self._leave()
        return code

    def _leave(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()


class Writes:
    """Sees commands as they come into a journal: after they are written, before they leave."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._path: Path | None = None
        self._size = 0

    def wait(self, until: Callable[[], bool]) -> bool:
        """Until a line with a command for the venue is written; False where `until` came first."""
        self._newest()
        while not until():
            if self._grown():
                return True
            time.sleep(0.0005)
        return False

    def _newest(self) -> None:
        found = sorted(self._journal.glob("[0-9]*.jsonl"))
        self._path = found[-1] if found else None
        self._size = self._path.stat().st_size if self._path else 0

    def _grown(self) -> bool:
        """Whether what has come since the last look brings an order."""
        if self._path is None or not self._path.exists():
            self._newest()
            return False
        size = self._path.stat().st_size
        if size <= self._size:
            if any(each.name > self._path.name for each in self._journal.glob("[0-9]*.jsonl")):
                self._newest()
            return False
        with self._path.open("rb") as file:
            file.seek(self._size)
            more = file.read(size - self._size)
        self._size = size
        return b'_orders"' in more

"""A process that trades on the sandbox is asked over its socket; what it left is recalled."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.binance.arena import Arena
from tests.commands.test_archive import unpacked
from tests.sandbox.venue import BTC
from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.messaging.local_client import ask
from thunes.adapters.storage.places import SOCKET
from thunes.adapters.venues.binance.signing import Keys
from thunes.compose.attended import attended, owner
from thunes.compose.live import Wanted, begin
from thunes.compose.recalled import recall
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.position import ExitPlan
from thunes.core.portfolio.sizing import parse_sizing
from thunes.ops.audit import verify
from thunes.ops.commands.desk import Desk
from thunes.ops.commands.registry import COMMANDS

D = Decimal
MINUTE = 60 * 10**9
PATIENCE_S = 90.0
COINS = {"USDT": D(10_000), "BTC": D(2)}
SPEC = RunSpec(
    quote="USDT",
    timeframe=MINUTE,
    instruments=(BTC,),
    strategies=(StrategySpec("cross", "sma_cross", {}, ("BTCUSDT",)),),
    sizing=parse_sizing("fixed:100"),
    exits=ExitPlan(stop_distance=D("0.02")),
    costs=Costs(D(10), "received"),
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Account:
    """One account at an arena, traded by a thread of its own while `running`."""

    def __init__(self, arena: Arena, directory: Path, leases: Path) -> None:
        self.arena, self.directory, self._leases = arena, directory, leases

    @contextmanager
    def running(self) -> Iterator[None]:
        begun, stop = threading.Event(), list[Callable[[], object]]()
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(self._run, begun, stop)
            run.add_done_callback(lambda _: begun.set())
            assert begun.wait(PATIENCE_S)
            try:
                if not run.done():
                    yield
            finally:
                for each in stop:
                    each()
                run.result(PATIENCE_S)

    def _run(self, begun: threading.Event, stop: list[Callable[[], object]]) -> None:
        venue = self.arena.venue
        keys = Keys(venue.key.name, venue.secret)
        lease = AccountLease.take("an account", self.directory, self._leases)
        clock = SystemClock((self.arena.now(), time.monotonic_ns()))
        wanted = Wanted(SPEC, self.arena.url, keys, self.directory)
        try:
            running = begin(wanted, clock, lease)
            with attended(running, wanted, clock.now):
                stop.append(running.process.stop)
                begun.set()
                running.process.run()
                running.close()
        finally:
            lease.release()

    def ask(self, command: str, token: str = "", **arguments: Any) -> Any:
        answer = json.loads(ask(self.directory / SOCKET, request(command, token, arguments), 15))
        assert answer["ok"], answer
        return answer.get("said", answer.get("confirm"))

    def until(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The status once it is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not true(said := self.ask("status")):
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        return said

    def recalled(self, command: str, **arguments: Any) -> Any:
        answer = Desk(recall(self.directory), COMMANDS).answer(
            request(command, "", arguments), owner(0)
        )
        said = json.loads(answer)
        assert said["ok"], said
        return said["said"]

    def open_orders(self) -> list[Any]:
        return self.arena.do(lambda: self.arena.venue.ask("GET", "openOrders"))


def request(command: str, token: str, arguments: dict[str, Any]) -> bytes:
    name, at = secrets.token_hex(16), time.time_ns()
    words = {"command": command, "id": name, "at": at, "arguments": arguments, "token": token}
    return json.dumps(words).encode()


def protected(said: dict[str, Any]) -> bool:
    return bool(said["positions"] == 1 and said["open_orders"] == 1 and not said["naked"])


def test_an_account_is_asked_and_told_while_it_is_traded(tmp_path: Path) -> None:
    with Arena(balances=COINS) as arena:
        account = Account(arena, tmp_path / "var", tmp_path)
        with account.running():
            said = account.until(protected)
            assert (said["mode"], said["running"], said["epoch"] > 0) == ("normal", True, True)
            assert said["venue"]["up"]
            (held,) = account.ask("positions")["positions"]
            assert (held["symbol"], held["strategy"], D(held["quantity"])) == (
                *("BTCUSDT", "adopted"),
                2,
            )
            assert account.ask("why", symbol="BTCUSDT")["refused_by"] == "one_position_per_symbol"

            assert account.ask("halt", why="a test")["mode"] == "halted"
            assert len(account.open_orders()) == 1  # the stop

            looked = account.ask("reconcile")
            assert (looked["reconciled"], looked["differences"]) == (True, [])
            account.ask("reconnect")
            account.ask("reconnect")
            account.until(lambda said: said["venue"]["up"])

            account.ask("backup", file=str(tmp_path / "b.tar.zst"))
            assert "00 BTCUSDT sold at market" in account.ask("flatten", preview=True)["text"]
            sold = account.ask("flatten")
            assert sold["selling"] == [{"symbol": "BTCUSDT", "quantity": "2.000"}]
            said = account.until(lambda said: not said["positions"] and not said["open_orders"])
            assert (said["mode"], said["trades"], said["fills"]) == ("halted", 1, 1)
            assert account.open_orders() == []
            kinds = [each["kind"] for each in account.ask("journal-tail", last=50)["entries"]]
            assert {"modes", "orders", "trades"} <= set(kinds)
            last = account.until(lambda said: said["venue"]["up"])
            account.ask("stop")
        assert not (tmp_path / "var" / SOCKET).exists()

        found = verify(tmp_path / "var" / "journal")
        assert (found.ok, found.note.startswith("open: its process ended in order")) == (True, True)
        said = account.recalled("status")
        assert (said["running"], said["fills"], said["trades"]) == (False, 1, 1)
        assert (said["mode"], said["since"], said["equity"]) == (
            *("halted", last["since"]),
            last["equity"],
        )
        assert said["journal"] == {"sequence": found.sequence, "head": found.head}
        (trade,) = account.recalled("trades")["trades"]
        assert (D(trade["quantity"]), trade["reason"]) == (2, "operator")

        with account.running():  # and after a restart the counts are what they were
            said = account.until(lambda said: said["reconciled"])
            assert (said["fills"], said["trades"], said["mode"]) == (1, 1, "halted")
            assert said["since"] == last["since"]

        # A backup from before the sale: that the coins are gone is found out, and nothing is sold.
        restored = unpacked(tmp_path / "b.tar.zst", tmp_path / "restored")
        account = Account(arena, restored, tmp_path)
        assert account.recalled("positions")["positions"][0]["symbol"] == "BTCUSDT"
        with account.running():
            said = account.until(
                lambda said: (
                    said["reconciled"] and not said["positions"] and not said["open_orders"]
                )
            )
            assert (said["mode"], said["naked"]) == ("halted", [])
        assert account.open_orders() == []

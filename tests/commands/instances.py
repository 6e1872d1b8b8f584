"""An instance without a process: commands on a rig whose venue only listens."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.runtime.rigs import Rig
from tests.simulation.stage import AAA, Scenario, says
from thunes.adapters.storage.journal import Head
from thunes.core.domain.decision import Action
from thunes.core.domain.order import Accepted
from thunes.ops.commands.command import Role
from thunes.ops.commands.desk import Asker, Desk
from thunes.ops.commands.instance import About, Instance
from thunes.ops.commands.registry import COMMANDS
from thunes.ops.commands.tally import Tally
from thunes.runtime.live import Live

T = TypeVar("T")

FLAT = "100 100 100 100 100 100"
OWNER = Asker("ann", Role.ADMIN)


class Hands:
    """Asks the rig at once, on the thread of the test."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.now = rig.now
        self.reconnects = 0
        self.stopped = False
        self.before: Callable[[], object] = lambda: None  # what happens before the next question

    def ask(self, question: Callable[[Live], T]) -> T:
        act, self.before = self.before, lambda: None
        act()
        return question(self.rig.live)

    def head(self) -> Head:
        return Head(len(self.rig.lines), "ab" * 32)

    def gauges(self) -> Mapping[str, object]:
        return {"up": True}

    def reconnect(self) -> None:
        self.reconnects += 1

    def stop(self) -> None:
        self.stopped = True


class Told:
    """A rig, its instance, and a desk that is asked as a client would."""

    def __init__(self, rig: Rig, directory: Path = Path("nowhere")) -> None:
        self.rig = rig
        self.hands = Hands(rig)
        self.tally = Tally()
        rig.live.watch(self.tally.watch)
        symbols = rig.state.market.instruments
        about = About(
            directory=directory,
            journal=directory / "journal",
            place="a rig",
            quote="USDT",
            strategies=dict.fromkeys(symbols, ("script",)),
            began_s=time.monotonic(),
        )
        self.instance = Instance(about, self.tally, hands=self.hands)
        self.wall, self.count = 10**18, 0.0
        self.desk = Desk(self.instance, COMMANDS, lambda: self.wall, lambda: self.count)
        self.count += 100  # the process is not new

    def request(self, command: str, **words: Any) -> dict[str, Any]:
        found = {"command": command, "id": secrets.token_hex(16), "at": self.wall}
        return found | words

    def send(self, request: Mapping[str, Any], asker: Asker = OWNER) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.desk.answer(json.dumps(request).encode(), asker))
        return answer

    def ask(self, command: str, **arguments: Any) -> Any:
        """What the command says; a failed test where it was declined."""
        answer = self.send(self.request(command, arguments=arguments))
        assert answer["ok"], answer
        return answer.get("said", answer.get("confirm"))

    def confirm(self, command: str, **arguments: Any) -> Any:
        token = self.ask(command, **arguments)["token"]
        answer = self.send(self.request(command, arguments=arguments, token=token))
        assert answer["ok"], answer
        return answer["said"]

    def declined(self, request: Mapping[str, Any], asker: Asker = OWNER) -> str:
        """As what it was declined."""
        answer = self.send(request, asker)
        assert not answer["ok"], answer
        assert answer["error"]["text"]
        return str(answer["error"]["kind"])


def flat(**wanted: Any) -> Told:
    """Nothing is held; the account is reconciled and bars of two minutes are known."""
    told = Told(Rig(Scenario("", FLAT, **wanted)))
    told.rig.bar(0)
    told.rig.bar(1)
    return told


def holding(**wanted: Any) -> Told:
    """Ten of AAA bought at 100, and a stop that rests."""
    signals = [says(0, Action.ENTER)]
    told = Told(Rig(Scenario("", FLAT, signals, **wanted)))
    rig = told.rig
    (order,) = rig.bar(0)
    (stop,) = rig.report(rig.filled(order))
    rig.report(Accepted(stop.id))
    assert rig.held(AAA) == 10
    return told

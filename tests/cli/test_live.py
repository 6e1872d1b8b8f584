"""`thunes live`: each thing that lacks is told, all at once, and with all of them it trades.

Where Binance is, is the one thing that is other here: a sandbox.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.binance.arena import Arena
from tests.cli.conftest import Answer, Ask
from tests.cli.terminal import Terminal
from tests.cli.test_operating import EAGER, THUNES, at_the_venue
from thunes.adapters.venues.binance import hosts
from thunes.cli.asking import told
from thunes.compose.clearance import Lack, Lacking, Refused
from thunes.compose.doctor import examine
from thunes.core.domain.errors import ThunesError
from thunes.ops.doctor.finding import Verdict

CONFIG = """
[run]
mode = "live"
venue = "binance"
timeframe = "1m"
[[strategy]]
source = "eager.py:Eager"
name = "mine"
[account]
cash = 1000
[costs]
fee_asset = "received"
[sizing]
rule = "fixed:50"
[exits]
stop = "3%"
[limits]
order_size = 60
loss_per_trade = 5
daily_loss = 40
[metrics]
port = 0
"""
PATIENCE_S = 300
KEYS = ("BINANCE_API_KEY", "BINANCE_API_SECRET")
LIVE = "live --state var --checklist checklist.toml"
ELSEWHERE = """
import sys
from thunes.adapters.venues.binance import hosts
hosts._HOSTS[hosts.Environment.LIVE] = hosts.hosts_at(sys.argv[1])
from thunes.cli.main import main
main(sys.argv[2:])
"""


def answered(folder: Path) -> None:
    """Every question of the checklist in the folder, answered today."""
    path = folder / "checklist.toml"
    text = path.read_text("utf-8").replace('answer = ""', 'answer = "yes"')
    today = datetime.now(UTC).date().isoformat()
    path.write_text(text.replace('name = ""', 'name = "Ann"').replace('""', f'"{today}"'), "utf-8")


class Ready:
    """A folder in which only consent lacks, and an arena that stands where Binance is."""

    def __init__(self, folder: Path, ask: Ask, arena: Arena) -> None:
        self.folder, self.ask, self.arena = folder, ask, arena
        (folder / "thunes.toml").write_text(CONFIG, "utf-8")
        (folder / "eager.py").write_text(EAGER, "utf-8")
        assert ask("live --write-checklist checklist.toml").code == 0
        answered(folder)

    def edit(self, old: str, new: str, file: str = "thunes.toml") -> None:
        text = (self.folder / file).read_text("utf-8")
        assert old in text
        (self.folder / file).write_text(text.replace(old, new), "utf-8")

    def refused(self) -> Answer:
        answer = self.ask(LIVE)
        assert answer.code, answer
        assert not (self.folder / "var" / "journal").exists()
        return answer

    def lacks(self) -> list[Lacking]:
        """What lacks, as a program that calls it would be told."""
        from thunes.cli.real_money import Asked, trade_real_money

        paths = (Path("thunes.toml"), Path("var"), Path("checklist.toml"))
        with pytest.raises(Refused) as caught:
            trade_real_money(Asked(*paths, write_checklist=None, check=True, as_json=True))
        return list(dict.fromkeys(lack.what for lack in caught.value.lacks))


@pytest.fixture
def ready(room: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ready]:
    with Arena() as arena:
        monkeypatch.setattr("thunes.compose.doctor.time", SimpleNamespace(time_ns=arena.now))
        monkeypatch.setattr("thunes.ops.doctor.venue._TIMEOUT_S", 2.0)
        live = hosts.Environment.LIVE
        monkeypatch.setitem(hosts._HOSTS, live, hosts.hosts_at(arena.url))
        for name, value in zip(KEYS, (arena.venue.key.name, arena.venue.secret), strict=True):
            monkeypatch.setenv(name, value)
        yield Ready(room, ask, arena)


def test_nobody_at_a_terminal(ready: Ready) -> None:
    answer = ready.refused()
    assert answer.code == 2
    assert answer.err.splitlines() == [
        "error: no real money is traded; this is missing:",
        "  consent: nobody has agreed to it yet; nobody is at a terminal to do so",
    ]
    assert "ok      key accepted" in answer.out, "what the doctor saw is shown"
    assert "may lose  40 USDT a day" in answer.out
    assert ready.lacks() == [Lacking.CONSENT]
    secret = ready.arena.venue.secret
    assert secret not in answer.out + answer.err


def test_a_rehearsal_is_no_real_money(ready: Ready) -> None:
    ready.edit('mode = "live"\nvenue = "binance"', f'sandbox_url = "{ready.arena.url}"')
    answer = ready.refused()
    assert answer.code == 2
    assert 'run.mode is "paper", and has to be "live"' in answer.err
    assert 'run.venue is "sandbox", and has to be "binance"' in answer.err
    assert ready.lacks() == [Lacking.CONFIGURATION, Lacking.CHECKLIST, Lacking.CONSENT]


@pytest.mark.parametrize("text", ["[limits]\nx = 1\ny = 2", '[run]\nmode = "live"'])
def test_a_configuration_with_faults(ready: Ready, text: str) -> None:
    (ready.folder / "thunes.toml").write_text(text, "utf-8")
    answer = ready.refused()
    assert answer.code == 2
    assert "configuration: thunes.toml cannot be used:" in answer.err
    assert ready.lacks() == [Lacking.CONFIGURATION]


def test_the_doctor_objects(ready: Ready) -> None:
    """It may pass by itself: whoever restarts processes may try again."""
    (ready.folder / "var").mkdir()
    (ready.folder / "var" / "consent.json").write_text("{}")
    ready.arena.fault("clock_skew", value=5_000)
    answer = ready.refused()
    assert "doctor: clock: " in answer.err
    assert "consent: what was agreed to cannot be read" in answer.err
    assert ready.lacks() == [Lacking.DOCTOR, Lacking.CONSENT]
    assert "500 ms are allowed" in answer.err
    doctor, consent = Lack(Lacking.DOCTOR, ""), Lack(Lacking.CONSENT, "")
    assert (Refused([doctor]).exit_code, Refused([doctor, consent]).exit_code) == (1, 2)


def test_a_key_that_may_withdraw(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = ready.arena.venue
    key, secret = ready.arena.do(lambda: venue.exchange.add_key(venue.holder, withdraws=True))
    for name, value in zip(KEYS, (key.name, secret), strict=True):
        monkeypatch.setenv(name, value)
    assert "doctor: rights of the key: this key may withdraw" in ready.refused().err


def test_no_key_and_keys_of_a_rehearsal(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEYS[0])
    monkeypatch.setenv("BINANCE_TESTNET_API_KEY", "x")
    answer = ready.refused()
    assert answer.code == 2
    assert "key: binance needs a key: BINANCE_API_KEY not set. Set it in" in answer.err
    assert ready.lacks() == [Lacking.KEY]


def test_no_checklist_and_one_that_is_not_answered(ready: Ready) -> None:
    ready.edit('answer = "yes"', 'answer = "no"', "checklist.toml")
    answer = ready.refused()
    assert answer.code == 2
    assert answer.err.count("checklist: checklist.toml: ") == 13
    (ready.folder / "checklist.toml").unlink()
    assert "`thunes live --write-checklist checklist.toml` writes one" in ready.refused().err
    assert ready.lacks() == [Lacking.CHECKLIST, Lacking.CONSENT]


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ("daily_loss = 40", "daily_loss = 41", "thunes.toml"),
        ("np.ones", "np.zeros", "eager.py"),
    ],
)
def test_what_was_answered_for_other_rules_counts_no_more(
    ready: Ready, old: str, new: str, file: str
) -> None:
    ready.edit(old, new, file)
    assert "was answered for another configuration" in ready.refused().err


def test_a_variable_changes_it_too_and_a_remark_does_not(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready.edit("[metrics]", "# a remark\n[metrics]")
    assert ready.lacks() == [Lacking.CONSENT]
    monkeypatch.setenv("MAX_DAILY_LOSS", "30")
    assert ready.lacks() == [Lacking.CHECKLIST, Lacking.CONSENT]


def test_all_that_lacks_is_told_at_once(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEYS[1])
    (ready.folder / "checklist.toml").unlink()
    ready.edit('mode = "live"\nvenue = "binance"', f'sandbox_url = "{ready.arena.url}"')
    ready.arena.fault("blocked", on="GET *")
    wanted = [Lacking.CONFIGURATION, Lacking.DOCTOR, Lacking.CHECKLIST, Lacking.KEY]
    assert ready.lacks() == wanted


def test_a_checklist_that_is_there_is_not_written_over(ready: Ready) -> None:
    answer = ready.ask("live --write-checklist checklist.toml")
    assert answer.code == 2
    assert "exists already" in answer.err


class Elsewhere:
    """A folder whose Binance is a sandbox that runs in a process of its own."""

    def __init__(self, folder: Path, place: Mapping[str, str]) -> None:
        self.folder, self.place, self.state = folder, place, folder / "var"
        self.account = self.opened()
        (folder / "thunes.toml").write_text(CONFIG, "utf-8")
        (folder / "eager.py").write_text(EAGER, "utf-8")

    def opened(self) -> dict[str, str]:
        """A new account with a thousand, and where it is."""
        data = json.dumps({"balances": {"USDT": "1000"}}).encode()
        url = f"{self.place['rest']}/sandbox/accounts"
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=PATIENCE_S) as said:
            return json.load(said) | {"rest": self.place["rest"]}

    def command(self, line: str) -> list[str]:
        return [sys.executable, "-c", ELSEWHERE, self.place["rest"], *line.split()]

    @property
    def environment(self) -> dict[str, str]:
        keys = dict(zip(KEYS, (self.account["api_key"], self.account["api_secret"]), strict=True))
        return {**keys, "XDG_STATE_HOME": str(self.folder / "home")}

    def typed(self, sentence: str) -> tuple[int, str]:
        """What comes of it where a person types this."""
        terminal = Terminal(self.folder, self.command(f"{LIVE} --check"), self.environment)
        terminal.patience_s = PATIENCE_S
        try:
            terminal.answer("a day\r\n> ", sentence)
            return terminal.end(), terminal.seen
        finally:
            terminal.close()

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Nobody is there."""
        with subprocess.Popen(
            self.command(LIVE),
            cwd=self.folder,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def until(self, process: "subprocess.Popen[bytes]", true: Callable[[Any], object]) -> Any:
        """The status once it is so."""
        deadline, said = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            try:
                if true(said := told(self.state, "status")):
                    return said
            except ThunesError as error:
                said = str(error)
            time.sleep(0.2)
        raise AssertionError(said)

    def stops(self) -> list[dict[str, Any]]:
        found = at_the_venue(self.account, "openOrders")
        assert all(each["type"] == "STOP_LOSS" for each in found)
        return list(found)


@pytest.fixture
def elsewhere(room: Path) -> Iterator[Elsewhere]:
    with subprocess.Popen(
        [*THUNES, "sandbox", "--json", "--port", "0"], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            yield Elsewhere(room, json.loads(process.stdout.readline()))
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_a_person_agrees_and_it_trades_until_something_changes(
    elsewhere: Elsewhere, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, state = elsewhere.folder, elsewhere.state
    assert ask("live --write-checklist checklist.toml").code == 0
    answered(folder)
    code, seen = elsewhere.typed("yes")
    assert code == 2
    assert "consent: what was typed is not the sentence" in seen
    assert not (state / "consent.json").exists()
    (sentence,) = re.findall(r"trade real money at binance with key .* a day", seen)
    code, seen = elsewhere.typed(sentence)
    assert (code, "nothing lacks; nothing was traded" in seen) == (0, True)
    assert not (state / "journal").exists()
    assert elsewhere.stops() == []

    with elsewhere.running() as process:
        elsewhere.until(process, lambda said: said["positions"] == 1 and not said["naked"])
        (stop,) = elsewhere.stops()
        process.kill()
        process.wait(PATIENCE_S)
    with elsewhere.running() as process:
        said = elsewhere.until(process, lambda said: said["positions"] and said["reconciled"])
        assert (said["fills"], said["venue"]["place"]) == (1, "live")
        assert said["configuration"] == {"file": "thunes.toml", "edited": []}
        assert [each["orderId"] for each in elsewhere.stops()] == [stop["orderId"]]

        (folder / "thunes.toml").write_text(CONFIG.replace("= 40", "= 41"), "utf-8")
        said = elsewhere.until(process, lambda said: True)
        assert said["configuration"]["edited"] == ["limits.daily_loss"]
        (found,) = (
            each
            for each in examine(Path("thunes.toml"), state, None)
            if each.name == "settings in use"
        )
        assert found.verdict is Verdict.WARN
        assert found.seen == "what runs was started with other values: limits.daily_loss"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, process.communicate()
        assert process.stdout is not None
        assert b"may lose  40 USDT a day" in process.stdout.read()

    def refused() -> str:
        for name, value in elsewhere.environment.items():
            monkeypatch.setenv(name, value)
        answer = ask(LIVE)
        assert answer.code == 2
        return answer.err

    live = hosts.Environment.LIVE
    monkeypatch.setitem(hosts._HOSTS, live, hosts.hosts_at(elsewhere.place["rest"]))
    said = refused()
    assert "was answered for another configuration" in said
    assert "something else was agreed to: another key, or another loss" in said
    (folder / "thunes.toml").write_text(CONFIG, "utf-8")
    mine, elsewhere.account = elsewhere.account, elsewhere.opened()
    assert "consent: something else was agreed to: another key" in refused()
    elsewhere.account = mine
    assert len(elsewhere.stops()) == 1, "what was held stays protected"


def test_help(ask: Ask) -> None:
    answer = ask("live --help")
    assert "Example: thunes live --config" in answer.out
    for word in ("--yes", "--consent", "--force", "--skip"):
        assert word not in answer.out

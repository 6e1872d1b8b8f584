"""`thunes doctor`: healthy at a sandbox, and every failing case by its name."""

import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from tests.binance.arena import Arena
from thunes.adapters.storage.disk import Disk
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_steps
from thunes.adapters.storage.snapshots import Snapshot, save_snapshot
from thunes.cli import main as _registered  # noqa: F401
from thunes.cli.verbs import app
from thunes.ops.doctor import machine
from thunes.ops.doctor.finding import Finding, Verdict

RUN = {"quote": "USDT", "timeframe": 3_600 * 10**9, "instruments": [{"symbol": "BTCUSDT"}]}
CHECKS = (
    "python libraries configuration file secret files disk state directory configuration relations "
    "strategies keys keys of real money alerts journal lock journal matches snapshot settings "
    "in use venue REST venue streams clock symbols key accepted rights of the key age of the key"
)


class Said(NamedTuple):
    """What came of a visit."""

    code: int
    checks: dict[str, dict[str, str]]

    def verdict(self, name: str) -> str:
        return self.checks[name]["verdict"]

    def of(self, name: str) -> str:
        check = self.checks[name]
        return f"{check['verdict']}: {check['seen']} -> {check['do']}"

    def not_ok(self) -> list[str]:
        bad = ("warn", "fail")
        return [name for name, check in self.checks.items() if check["verdict"] in bad]


class Ward:
    """A folder with a configuration that points at an arena."""

    def __init__(self, folder: Path, arena: Arena) -> None:
        self.folder = folder
        self.arena = arena
        self.state = folder / "var"
        self.state.mkdir(mode=0o755)
        self.configure()
        self.keys(arena.venue.key.name, arena.venue.secret)

    def configure(self, run: str = "", rest: str = "") -> None:
        text = f'[run]\nsandbox_url = "{self.arena.url}"\n{run}\n{rest}\n'
        (self.folder / "thunes.toml").write_text(text, "utf-8")
        (self.folder / "thunes.toml").chmod(0o644)

    def keys(self, key: str, secret: str) -> None:
        path = self.folder / ".env"
        path.write_text(f"SANDBOX_API_KEY={key}\nSANDBOX_API_SECRET={secret}\n", "utf-8")
        path.chmod(0o600)

    def ask(self, *more: str) -> Said:
        flags = ("--config", str(self.folder / "thunes.toml"), "--state", str(self.state))
        result = CliRunner().invoke(app, ["doctor", "--json", *flags, *more])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        told = json.loads(result.stdout)
        assert told["ok"] == (result.exit_code == 0)
        return Said(result.exit_code, {each["name"]: each for each in told["checks"]})

    def journal(self, run: dict[str, Any] | None = None, steps: int = 3, **more: object) -> Path:
        directory = self.state / "journal"
        header = {"thunes": "x", "run": RUN | (run or {}), "tape": {}} | more
        journal = Journal.create(directory, json.dumps(header).encode())
        for number in range(steps):
            journal.append(b'{"step":%d}' % number, durable=True)
        journal.release()
        return directory


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    with Arena() as arena:
        monkeypatch.setattr("thunes.compose.doctor.time", SimpleNamespace(time_ns=arena.now))
        monkeypatch.setattr("thunes.ops.doctor.venue._TIMEOUT_S", 2.0)
        yield Ward(tmp_path, arena)


def test_a_healthy_sandbox(ward: Ward) -> None:
    said = ward.ask()
    assert " ".join(said.checks) == CHECKS
    assert said.not_ok() == []
    assert said.code == 0
    text = CliRunner().invoke(
        app, ["doctor", "--config", str(ward.folder / "thunes.toml"), "--state", str(ward.state)]
    )
    assert text.exit_code == 0
    assert "ok      rights of the key  it may read and trade, and not withdraw" in text.stdout
    assert list(ward.state.iterdir()) == [], "nothing is left behind"
    assert not ward.arena.do(lambda: dict(ward.arena.venue.holder.standing)), "no order is placed"


def test_the_venue_is_not_in_reach(ward: Ward) -> None:
    (ward.folder / "thunes.toml").write_text('[run]\nsandbox_url = "http://127.0.0.1:9"\n')
    said = ward.ask()
    assert said.code == 1
    assert said.not_ok() == ["venue REST", "venue streams"]
    assert "http://127.0.0.1:9: the connection failed -> check network" in said.of("venue REST")
    assert said.of("key accepted") == "skipped: the venue does not answer -> "


def test_rest_without_streams_and_streams_without_rest(ward: Ward) -> None:
    ward.arena.fault("dial_refused")
    assert ward.ask().not_ok() == ["venue streams"]
    ward.arena.heal()
    ward.arena.fault("blocked", on="GET *")
    assert ward.ask().not_ok() == ["venue REST"]


@pytest.mark.parametrize("offset_ms", [-2_000, 700, 5_000])
def test_a_clock_that_is_off(ward: Ward, offset_ms: int) -> None:
    ward.arena.fault("clock_skew", value=offset_ms)
    said = ward.ask()
    assert said.code == 1
    assert said.verdict("clock") == "fail"
    assert "ms from ours, 500 ms are allowed: set the clock" in said.of("clock")


def test_a_clock_that_is_a_little_off(ward: Ward) -> None:
    ward.arena.fault("clock_skew", value=300)
    assert ward.ask().verdict("clock") == "ok"


@pytest.mark.parametrize(
    ("key", "secret", "said"),
    [
        ("x" * 64, None, "-2015 Invalid API-key"),
        (None, "wrong", "-1022 Signature"),
        (None, "-----BEGIN nonsense", "the private key cannot be read"),
    ],
)
def test_a_key_that_is_not_accepted(
    ward: Ward, key: str | None, secret: str | None, said: str
) -> None:
    venue = ward.arena.venue
    ward.keys(key or venue.key.name, secret or venue.secret)
    found = ward.ask()
    assert found.code == 1
    assert found.not_ok() == ["key accepted"]
    assert said in found.of("key accepted")
    assert venue.secret not in str(found)


def test_no_key(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    (ward.folder / ".env").unlink()
    said = ward.ask()
    assert said.not_ok() == ["keys"]
    assert "not set: SANDBOX_API_KEY, SANDBOX_API_SECRET -> set it" in said.of("keys")
    monkeypatch.setenv("SANDBOX_API_KEY", "x")
    assert "fail: not set: SANDBOX_API_SECRET -> " in ward.ask().of("keys")


@pytest.mark.parametrize(
    ("rights", "verdict", "said"),
    [
        ({"withdraws": True}, "fail", "this key may withdraw -> make one that may only read"),
        ({"trades": False}, "warn", "this key may not trade -> allow it Spot trading"),
        ({"trades": False, "withdraws": True}, "fail", "this key may withdraw"),
    ],
)
def test_rights_of_the_key(ward: Ward, rights: dict[str, bool], verdict: str, said: str) -> None:
    venue = ward.arena.venue
    key, secret = ward.arena.do(lambda: venue.exchange.add_key(venue.holder, **rights))
    ward.keys(key.name, secret)
    found = ward.ask()
    assert found.verdict("rights of the key") == verdict
    assert said in found.of("rights of the key")
    assert found.code == (1 if verdict == "fail" else 0)


def test_symbols(ward: Ward) -> None:
    ward.configure('symbols = ["BTCUSDT", "NOPEUSDT"]')
    said = ward.ask()
    assert said.not_ok() == ["symbols"]
    assert "NOPEUSDT: -1121 Invalid symbol." in said.of("symbols")
    assert "BTCUSDT" not in said.of("symbols")
    ward.configure()
    ward.arena.fault("symbol_status", on="BTCUSDT", value="HALT")
    assert "warn: the venue says HALT of BTCUSDT" in ward.ask().of("symbols")


def test_an_entry_too_small_to_be_sold_at_its_stop(ward: Ward) -> None:
    """Least order 5: 5.10 can be bought, but at a stop of 2 % only 4.998 of it is left."""
    small = "[sizing]\nrule = 'fixed:5.10'\n[limits]\nmin_notional = 5"
    ward.configure(rest=small)
    said = ward.ask()
    assert "fail: the least order in BTCUSDT is 5, an entry 4.998" in said.of("symbols")
    ward.configure(rest=small.replace("5.10", "5.11"))
    assert ward.ask().verdict("symbols") == "ok"


CONFIGURATIONS: dict[str, tuple[str, str, str, str]] = {
    "two faults": ("[limits]\nx = 1\ny = 1", "configuration", "fail", "limits.y: there is no"),
    "relation": ("[limits]\nloss_per_trade = 500", "relations", "fail", "not be above daily_loss"),
    "relation later": ("[limits]\norder_size = 2_200", "relations", "warn", "equity of 8500"),
    "strategy file": (
        '[[strategy]]\nsource = "nowhere.py:Mine"',
        "strategies",
        "fail",
        "nowhere.py cannot be read",
    ),
    "older form": (
        '[run.liquidity_tiers]\na = ["BTCUSDT"]',
        "configuration",
        "warn",
        "run.liquidity_tiers is an older form",
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration(ward: Ward, name: str) -> None:
    text, check, verdict, told = CONFIGURATIONS[name]
    ward.configure(rest=text)
    said = ward.ask()
    assert said.verdict(check) == verdict
    assert told in said.of(check)
    assert said.not_ok() == [check]
    assert said.code == (1 if verdict == "fail" else 0)


def test_no_configuration(ward: Ward) -> None:
    (ward.folder / "thunes.toml").unlink()
    said = ward.ask()
    assert said.not_ok() == ["configuration"]
    assert "`thunes init` writes one" in said.of("configuration")
    assert set(said.checks) == set(ward_checks(ward)), "what cannot be looked at is told too"
    assert said.of("clock") == "skipped: the configuration cannot be used -> "


def ward_checks(ward: Ward) -> list[str]:
    ward.configure()
    return list(ward.ask().checks)


def test_modes_of_files(ward: Ward) -> None:
    (ward.folder / ".env").chmod(0o644)
    said = ward.ask()
    assert said.not_ok() == ["secret files", "configuration"]
    assert "has mode 0644: others could use it; chmod 600" in said.of("secret files")
    (ward.folder / ".env").chmod(0o600)
    (ward.folder / "thunes.toml").chmod(0o666)
    ward.state.chmod(0o777)
    said = ward.ask()
    assert said.not_ok() == ["configuration file", "state directory"]
    assert said.code == 0, "warnings"


def test_keys_of_real_money_at_a_rehearsal(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_SECRET", "canary")
    said = ward.ask()
    assert "warn: BINANCE_API_SECRET in environment" in said.of("keys of real money")
    assert "canary" not in str(said)


def test_alerts(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "TELEGRAM_BOT_TOKEN nor ALERT_WEBHOOK_URL is set" in ward.ask().of("alerts")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "canary")
    said = ward.ask()
    assert "warn: Telegram is off: TELEGRAM_CHAT_ID is not set" in said.of("alerts")
    assert "canary" not in str(said)
    monkeypatch.setenv("TELEGRAM_CHAT_ID", "5")
    assert ward.ask().of("alerts") == "ok: Telegram from environment -> "
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN")
    assert "TELEGRAM_BOT_TOKEN is not set" in ward.ask().of("alerts")


def test_a_state_that_goes_on(ward: Ward) -> None:
    directory = ward.journal()
    lines = [line for _, line in read_steps(directory)]
    save_snapshot(directory, Snapshot(2, sha256(lines[1]).hexdigest(), b"state"))
    said = ward.ask()
    assert said.not_ok() == []
    assert "its program died, the next start goes on" in said.of("journal")
    assert said.of("snapshot") == "ok: after step 2 of 3 -> "
    assert said.of("lock") == "ok: nobody writes the journal -> "


def test_a_state_that_is_written_by_another(ward: Ward) -> None:
    journal = Journal.open(ward.journal())
    try:
        said = ward.ask()
    finally:
        journal.release()
    assert said.not_ok() == ["lock"]
    assert "a running program writes" in said.of("lock")
    if Path("/proc/locks").exists():
        assert f"process {os.getpid()} (" in said.of("lock")


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "asset": ({"quote": "EUR"}, "its account counts in EUR, not in USDT"),
    "bars": ({"timeframe": 60 * 10**9}, "its bars are of 1m, not 1h"),
    "symbols": (
        {"instruments": [{"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}]},
        "it trades ETHUSDT, which run.symbols does not name",
    ),
    "form": ({"quote": 7}, "its header cannot be read"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_state_of_another_run(ward: Ward, name: str) -> None:
    run, told = OTHERS[name]
    ward.journal(run)
    said = ward.ask()
    assert said.not_ok() == ["journal matches"]
    assert told in said.of("journal matches")


def test_a_state_of_another_account(ward: Ward) -> None:
    ward.journal(account={"place": "live", "key": "0" * 16})
    said = ward.ask()
    assert said.not_ok() == ["journal matches"]
    assert f"its account is at live, not at {ward.arena.url}" in said.of("journal matches")


def test_a_state_of_this_account(ward: Ward) -> None:
    ward.journal(account={"place": ward.arena.url, "key": "0" * 16})
    assert ward.ask().not_ok() == []


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_damaged_journal(ward: Ward) -> None:
    directory = ward.journal(steps=30)
    damage(next(directory.glob("*.jsonl")))
    said = ward.ask()
    assert said.code == 1
    assert said.not_ok() == ["journal"]
    assert "fail: damaged: " in said.of("journal")
    assert "thunes audit verify" in said.of("journal")


def test_snapshots_that_are_not_ours(ward: Ward) -> None:
    directory = ward.journal()
    save_snapshot(directory, Snapshot(2, "0" * 64, b"state"))
    assert "warn: it is that of another journal" in ward.ask().of("snapshot")
    save_snapshot(directory, Snapshot(9, "0" * 64, b"state"))
    said = ward.ask()
    assert said.code == 1
    assert "fail: it comes after step 9, the journal ends with 3" in said.of("snapshot")
    damage(directory / "snapshot")
    assert "warn: it is damaged, and not used" in ward.ask().of("snapshot")


def test_a_state_directory_that_cannot_be_used(ward: Ward) -> None:
    ward.state.rmdir()
    assert "it can be made in" in ward.ask().of("state directory")
    ward.state.write_text("")
    said = ward.ask()
    assert said.not_ok() == ["state directory"]
    assert "is not a directory" in said.of("state directory")


class _Failing(Disk):
    def __init__(self, call: str) -> None:
        self._call = call

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        if self._call == "write":
            raise OSError(28, "No space left on device")
        return super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        if self._call == "sync":
            raise OSError(5, "Input/output error")
        super().sync(descriptor)

    def open(self, path: Path, *, new: bool) -> int:
        if self._call == "open":
            raise OSError(30, "Read-only file system")
        return super().open(path, new=new)


@pytest.mark.parametrize(
    ("call", "said"), [("open", "Read-only"), ("write", "No space"), ("sync", "Input/output")]
)
def test_a_disk_that_fails(tmp_path: Path, call: str, said: str) -> None:
    found = machine.writing(tmp_path, _Failing(call))
    assert (found.verdict, said in found.seen) == (Verdict.FAIL, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "verdict"), [(0.5, Verdict.FAIL), (5, Verdict.WARN), (50, Verdict.OK)]
)
def test_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, verdict: Verdict
) -> None:
    usage = SimpleNamespace(free=int(free * 2**30))
    monkeypatch.setattr("thunes.ops.doctor.machine.shutil.disk_usage", lambda _: usage)
    assert machine.room(tmp_path / "a" / "b").verdict is verdict


def test_python_and_libraries() -> None:
    assert machine.python((3, 10)).verdict is Verdict.FAIL
    assert machine.python((3, 15)).verdict is Verdict.FAIL
    assert machine.python((3, 11)).verdict is Verdict.OK
    found = machine.libraries(["numpy", "no-such-library"], "thunes[live]")
    assert found == Finding(
        "libraries", Verdict.FAIL, "not there: no-such-library", "pip install 'thunes[live]'"
    )


def test_without_the_libraries_of_a_venue(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Callable[..., Any] | None:
        return None

    monkeypatch.setattr("thunes.cli.doctor.look", gone)
    assert ward.ask().of("clock") == "skipped: a library is not there -> "


def test_asked_wrongly() -> None:
    assert CliRunner().invoke(app, ["doctor", "--colour"]).exit_code == 2

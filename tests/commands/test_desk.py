"""The desk: each request once, in time, from those who may; what increases risk is confirmed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands.instances import OWNER, Told, flat, holding
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.line import decode_line
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.units import NS_PER_SECOND
from thunes.ops.commands.command import Role
from thunes.ops.commands.desk import CONFIRM_S, IDS_MAX, Asker
from thunes.ops.commands.registry import COMMANDS

VIEWER, OPERATOR = Asker("vic", Role.VIEWER), Asker("otto", Role.OPERATOR)
S = NS_PER_SECOND


@pytest.fixture(scope="module")
def quiet() -> Told:
    """For requests that change nothing."""
    return flat()


def operated(told: Told) -> list[OperatorActed]:
    events = [decode_line(each).event for each in told.rig.lines]
    return [event for event in events if isinstance(event, OperatorActed)]


def test_every_command_says_what_it_is() -> None:
    for name, command in COMMANDS.items():
        assert (command.name, command.sentence[-1]) == (name, ".")
        assert 0 < command.fresh_s <= 60
    changing = {name for name, command in COMMANDS.items() if command.role is not Role.VIEWER}
    assert changing == {
        *("halt", "resume", "flatten", "protect", "reconcile", "reconnect", "stop", "backup")
    }
    confirmed = {name for name, command in COMMANDS.items() if command.foretells}
    assert confirmed == {"resume"}  # what reduces waits for nobody


def test_an_unknown_command_is_answered_with_all_that_are(quiet: Told) -> None:
    answer = quiet.send(quiet.request("sell_everything"))
    assert answer["error"]["kind"] == "unknown_command"
    assert answer["commands"] == list(COMMANDS)


def test_a_request_is_done_once() -> None:
    told = flat()
    request = told.request("halt")
    assert told.send(request)["ok"]
    assert told.declined(request) == "replayed"
    assert told.declined(request | {"at": told.wall + 1}) == "replayed"
    assert len(operated(told)) == 1


@pytest.mark.parametrize(("age_s", "done"), [(0, 1), (60, 1), (61, 0), (-5, 1), (-6, 0)])
def test_what_is_old_or_from_ahead_is_not_done(age_s: int, done: int) -> None:
    told = flat()
    request = told.request("halt", at=told.wall - age_s * S)
    assert told.send(request)["ok"] is bool(done)
    assert len(operated(told)) == done
    assert done or told.declined(request) == "stale"


def test_what_was_asked_of_the_process_before_is_not_done() -> None:
    told = flat()
    told.count = 10.0  # the desk is ten seconds old
    assert told.declined(told.request("halt", at=told.wall - 12 * S)) == "stale"
    assert told.send(told.request("halt", at=told.wall - 9 * S))["ok"]


def test_a_clock_that_is_set_back_opens_no_way_for_a_replay_and_locks_nobody_out() -> None:
    told = flat()
    request = told.request("halt")
    assert told.send(request)["ok"]
    told.wall += 3_600 * S
    assert told.send(told.request("status"))["ok"]
    told.wall -= 7_200 * S
    assert told.send(told.request("halt"))["ok"]
    told.wall += 3_600 * S
    assert told.declined(request) == "replayed"


def test_ids_are_remembered_up_to_a_bound_and_never_too_shortly() -> None:
    told = flat()
    request = told.request("journal-tail", arguments={"last": 0})
    for number in range(IDS_MAX):
        told.desk.answer(json.dumps(request | {"id": f"{number:016}"}).encode(), OWNER)
    assert told.declined(told.request("status")) == "busy"
    told.count += 61
    assert told.declined(told.request("status")) == "busy"
    told.count += 5
    assert told.send(told.request("status"))["ok"]
    assert told.declined(told.request("status", id=f"{1:016}")) == "replayed"
    assert len(told.desk._ids) == IDS_MAX


def test_each_role_may_do_its_own(quiet: Told) -> None:
    for name, command in COMMANDS.items():
        for asker in (VIEWER, OPERATOR):
            if not asker.role.may(command.role):
                assert quiet.declined(quiet.request(name), asker) == "forbidden"
    assert quiet.send(quiet.request("status"), VIEWER)["ok"]
    assert flat().send(flat().request("halt"), OPERATOR)["ok"]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("status", {"symbol": "AAAUSDT"}),
        ("why", {}),
        ("why", {"symbol": "GONE"}),
        ("why", {"symbol": "a\x1b[2J"}),
        ("trades", {"last": 0}),
        ("trades", {"last": "many"}),
        ("halt", {"why": "two\nlines"}),
        ("halt", {"why": "x" * 201}),
        ("flatten", {"symbols": ["GONE"]}),
        ("protect", {"symbols": "AAAUSDT"}),
        ("journal-tail", {"kind": "gossip"}),
        ("backup", {"file": "not/absolute.tar.gz"}),
    ],
)
def test_arguments_that_are_none(quiet: Told, command: str, arguments: dict[str, Any]) -> None:
    before = quiet.rig.state.digest()
    assert quiet.declined(quiet.request(command, arguments=arguments)) == "bad_arguments"
    assert quiet.rig.state.digest() == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from([*COMMANDS, "", "STATUS", "status "])
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "command": NAMES | JSON,
        "id": st.text(min_size=16, max_size=70) | JSON,
        "at": st.just(10**18) | JSON,
        "arguments": st.dictionaries(st.sampled_from(["symbol", "symbols", "why", "last"]), JSON)
        | JSON,
        "token": JSON,
        "more": JSON,
    },
)


@given(line=st.binary() | JSON.map(lambda each: json.dumps(each).encode()))
def test_whatever_is_no_request_is_answered_as_such(quiet: Told, line: bytes) -> None:
    answer = json.loads(quiet.desk.answer(line, OWNER))
    assert (answer["ok"], answer["error"]["kind"]) == (False, "unreadable")


@given(request=REQUESTS)
def test_whatever_looks_like_a_request_is_answered(quiet: Told, request: dict[str, Any]) -> None:
    quiet.hands.before = lambda: None
    answer = json.loads(quiet.desk.answer(json.dumps(request).encode(), OWNER))
    assert answer["ok"] or answer["error"]["kind"]


def test_json_that_is_deeper_than_any_request(quiet: Told) -> None:
    deep = b"[" * 30_000 + b"]" * 30_000
    request = json.dumps(quiet.request("halt")).encode()[:-1] + b',"arguments":' + deep + b"}"
    for line in (deep, request):
        assert json.loads(quiet.desk.answer(line, OWNER))["ok"] is False


# Confirmation.


def test_to_resume_takes_a_second_message() -> None:
    told = flat()
    told.ask("halt", why="a test")
    asked = told.request("resume", arguments={"why": "go on"})
    confirm = told.send(asked)["confirm"]
    assert "halted by operator_kill" in confirm["text"]
    assert told.rig.state.memory.mode is Mode.HALTED
    answer = told.send(told.request("resume", arguments={"why": "go on"}, token=confirm["token"]))
    assert answer["said"]["mode"] == "normal"
    causes = [(each.cause, each.who, each.why) for each in operated(told)]
    assert causes == [
        (Cause.OPERATOR_KILL, "ann", "a test"),
        (Cause.OPERATOR_RESUME, "ann", "go on"),
    ]


def test_a_confirmation_counts_once_for_its_asker_and_for_what_was_told() -> None:
    told = flat()
    told.ask("halt")
    token = told.ask("resume", why="this")["token"]
    other = told.request("resume", arguments={"why": "that"}, token=token)
    assert told.declined(other) == "not_confirmed"
    token = told.ask("resume")["token"]
    assert told.declined(told.request("resume", token=token), OPERATOR) == "not_confirmed"
    token = told.ask("resume")["token"]
    assert told.send(told.request("resume", token=token))["ok"]
    told.ask("halt")
    assert told.declined(told.request("resume", token=token)) == "not_confirmed"
    assert told.rig.state.memory.mode is Mode.HALTED


def test_a_confirmation_does_not_last() -> None:
    told = flat()
    told.ask("halt")
    token = told.ask("resume")["token"]
    told.count += CONFIRM_S + 1
    assert told.declined(told.request("resume", token=token)) == "not_confirmed"
    assert told.rig.state.memory.mode is Mode.HALTED


def test_a_mode_that_has_changed_meanwhile_was_not_confirmed() -> None:
    told = flat()
    token = told.ask("resume")["token"]  # while nothing is halted
    told.hands.before = lambda: told.rig.operate(Cause.OPERATOR_KILL)  # in the turn before
    assert told.declined(told.request("resume", token=token)) == "not_confirmed"
    assert told.rig.state.memory.mode is Mode.HALTED


def test_what_is_not_held_any_more_keeps_nobody_from_selling() -> None:
    told = holding()
    before = told.rig.state.digest()
    preview = told.ask("flatten", preview=True)
    assert (preview["mode"], "10 AAAUSDT sold at market" in preview["text"]) == ("normal", True)
    assert told.rig.state.digest() == before
    (stop,) = told.rig.state.ledger.orders.by_age()
    told.hands.before = lambda: told.rig.report(told.rig.filled(stop.order, "95"))
    answer = told.send(told.request("flatten"))
    assert (answer["said"]["selling"], answer["said"]["mode"]) == ([], "halted")

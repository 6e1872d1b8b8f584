"""Every message survives the line; what a line does not know is refused, and said."""

import json
import typing
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.messages import anything
from thunes.core.domain.command import Command
from thunes.core.domain.decision import Action, Check, Gate, Purpose, Signal, Target
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import AccountOpened, Event, VenueReported
from thunes.core.domain.fact import Fact
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import VERSION, Line, decode_line, encode
from thunes.core.domain.market import Quote
from thunes.core.domain.order import Accepted, Order, OrderType, Report
from thunes.core.domain.position import ExitPlan, Position
from thunes.core.domain.view import OrderState

D = Decimal
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])


EVENTS = typing.get_args(Event)
COMMANDS = typing.get_args(Command)
FACTS = typing.get_args(Fact)
OPENED = AccountOpened(at=1, balances={"USDT": D("1.10")})


def lines() -> st.SearchStrategy[Line]:
    return st.builds(
        Line,
        event=anything(Event),
        commands=st.lists(anything(Command), max_size=2).map(tuple),
        facts=st.lists(anything(Fact), max_size=2).map(tuple),
    )


@FEW
@given(st.data())
@pytest.mark.parametrize("kind", [*EVENTS, *COMMANDS, *FACTS, *typing.get_args(Report)])
def test_every_message_survives_the_line(kind: Any, data: st.DataObject) -> None:
    message = data.draw(anything(kind))
    event, commands, facts = OPENED, (), ()
    if kind in EVENTS:
        event = message
    elif kind in COMMANDS:
        commands = (message,)
    elif kind in FACTS:
        facts = (message,)
    else:
        event = VenueReported(2, (message,))
    line = Line(event, commands, facts)
    again = decode_line(encode(line))
    assert again == line
    assert encode(again) == encode(line)


@pytest.mark.parametrize("kind", [Quote, Instrument, Signal, Target, Position])
@FEW
@given(st.data())
def test_other_words_survive_the_codec_too(kind: Any, data: st.DataObject) -> None:
    message = data.draw(anything(kind))
    assert msgspec.json.decode(encode(message), type=kind) == message


def test_decimals_keep_every_digit_they_were_given() -> None:
    raw = encode(Line(OPENED, (), ()))
    assert b'"1.10"' in raw
    assert str(decode_line(raw).event.balances["USDT"]) == "1.10"


def test_messages_cannot_be_changed() -> None:
    for message in (OPENED, Accepted("t1"), ExitPlan(), Check(Gate.MODE, True)):
        with pytest.raises(AttributeError):
            setattr(message, message.__struct_fields__[0], None)


# What is not known is refused.


def objects(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all objects with declared fields; balances and bars have free names."""
    if isinstance(node, dict):
        if path and path[-1] in ("balances", "bars"):
            return
        yield path
        for key, value in node.items():
            yield from objects(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from objects(value, (*path, place))


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        node = node[part]
    return node


def refused(tree: Any) -> str:
    with pytest.raises(DataError) as caught:
        decode_line(json.dumps(tree).encode())
    return str(caught.value)


@settings(FEW, max_examples=40)
@given(lines(), st.data())
def test_an_unknown_field_is_refused_wherever_it_stands(line: Line, data: st.DataObject) -> None:
    tree = json.loads(encode(line))
    path = data.draw(st.sampled_from(list(objects(tree))))
    at(tree, path)["surprise"] = 1
    assert "surprise" in refused(tree)


@settings(FEW, max_examples=40)
@given(lines(), st.data())
def test_an_unknown_kind_is_refused_wherever_it_stands(line: Line, data: st.DataObject) -> None:
    tree = json.loads(encode(line))
    tagged = [path for path in objects(tree) if path and path[-1] != "proposal"]
    tagged = [path for path in tagged if at(tree, path).get("type") is not None]
    tagged = [p for p in tagged if "orders" not in p and "signal" not in p]
    node = at(tree, data.draw(st.sampled_from(tagged)))
    node["type"] = "hunch"
    assert "hunch" in refused(tree)


@FEW
@given(lines(), st.data())
def test_a_missing_field_is_refused(line: Line, data: st.DataObject) -> None:
    tree = json.loads(encode(line))
    name = data.draw(st.sampled_from(["event", "commands", "facts"]))
    del tree[name]
    assert name in refused(tree)


@pytest.mark.parametrize("version", [0, 2, -1, 1_000])
def test_another_version_is_refused_by_name(version: int) -> None:
    tree = json.loads(encode(Line(OPENED, (), ())))
    assert tree["version"] == VERSION
    tree["version"] = version
    said = refused(tree)
    assert str(version) in said
    assert str(VERSION) in said


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"\xff", b'{"event":{"type":"timer_fired","at":"1","name":"x"}}'],
)
def test_what_is_no_line_is_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        decode_line(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [("at", 1.5), ("at", "1"), ("at", None), ("name", 3), ("name", None)],
)
def test_a_field_of_another_type_is_refused(field: str, value: Any) -> None:
    tree = {"event": {"type": "timer_fired", "at": 1, "name": "t1"}, "commands": [], "facts": []}
    decode_line(json.dumps(tree).encode())
    tree["event"][field] = value
    assert field in refused(tree)


def test_a_check_with_more_columns_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'["mode",true,null,null,1]', type=Check)


@pytest.mark.parametrize("words", [Gate, Action, Purpose, OrderType, OrderState])
def test_an_unknown_word_is_refused(words: type[Enum]) -> None:
    """A value that no member has (F395) is found at the door, not in a branch."""
    assert len({member.value for member in words}) == len(list(words))
    for member in words:
        assert msgspec.json.decode(json.dumps(member.value), type=words) is member
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"no such word"', type=words)


def test_an_order_says_quantity_or_amount_in_decimals() -> None:
    order = Order("t1", "BTCUSDT", "buy", "market", "entry", "me")
    assert b"quantity" not in encode(order), "what is not set is not written"

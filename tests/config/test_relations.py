"""Relations: proven at the ends of a range, and held against a search that knows no shortcuts."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.config.relations import ORDERINGS, Proof, broken_orderings, limits_of, prove
from thunes.config.tables import Config

D = Decimal


def config(**tables: Any) -> Config:
    return Config.model_validate(tables)


def proofs(**tables: Any) -> dict[str, Proof]:
    return {proof.name: proof for proof in prove(config(**tables))}


def test_the_defaults_hold_everywhere() -> None:
    found = prove(Config())
    assert not [proof for proof in found if proof.holds is False]
    assert sum(proof.holds is True for proof in found) >= 17


BROKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "least above size": (
        {"limits": {"min_notional": 150}},
        "min_notional <= the configured order size",
        "min_notional = 150 must not be above the configured order size = 100",
    ),
    "size above symbol": (
        {"limits": {"order_size": 3_000}},
        "order_size <= symbol_exposure x equity",
        "order_size = 3000 must not be above symbol_exposure x equity = 2500",
    ),
    "only after a drawdown": (
        {"limits": {"order_size": 2_200}},
        "order_size <= symbol_exposure x equity",
        "order_size = 2200 must not be above symbol_exposure x equity = 2125 at an equity of 8500",
    ),
    "only after growth": (
        {"sizing": {"rule": "equity:6%"}, "exits": {"stop": "1%"}},
        "the configured order size <= order_size",
        "order size = 1200 must not be above order_size = 1000 at an equity of 20000",
    ),
    "loss at the stop": (
        {"exits": {"stop": "25%"}},
        "stop x order size <= loss_per_trade",
        "stop x order size = 25 must not be above loss_per_trade = 20",
    ),
    "loss of a trade by risk": (
        {"sizing": {"rule": "risk:1%"}, "exits": {"stop": "20%"}},
        "stop x order size <= loss_per_trade",
        "stop x order size = 100 must not be above loss_per_trade = 20",
    ),
    "day and drawdown": (
        {"limits": {"daily_loss": 2_000, "daily_loss_share": "0.5"}},
        "the loss of a day <= drawdown_limit x equity",
        "the loss of a day = 2000 must not be above drawdown_limit x equity = 1500",
    ),
    "trade and day": (
        {"limits": {"loss_per_trade": 60, "daily_loss_share": "0.005"}},
        "loss_per_trade <= daily_loss_share x equity",
        "loss_per_trade = 60 must not be above daily_loss_share x equity = 50",
    ),
    "cool-down": (
        {"limits": {"loss_cool_down_s": 86_401}},
        "loss_cool_down_s <= a day",
        "loss_cool_down_s = 86401 must not be above a day = 86400",
    ),
    "warning": (
        {"limits": {"drawdown_warning": "0.15"}},
        "drawdown_warning < drawdown_limit",
        "drawdown_warning = 0.15 must be below drawdown_limit = 0.15",
    ),
    "real money": (
        {"run": {"mode": "live", "venue": "binance"}},
        "daily_loss with mode live < live_daily_loss_max",
        "daily_loss with mode live = 200 must be below live_daily_loss_max = 100",
    ),
    "the fee of an entry": (
        {"account": {"cash": 100}, "limits": {"order_size": 100}},
        "an entry with its fee <= equity",
        "an entry with its fee = 100.1 must not be above equity = 100",
    ),
    "exposures": (
        {"limits": {"symbol_exposure": "0.5", "total_exposure": "0.4"}},
        "symbol_exposure <= total_exposure",
        "symbol_exposure = 0.5 must not be above total_exposure = 0.4",
    ),
    "more than all": (
        {"limits": {"total_exposure": "1.5"}},
        "total_exposure <= the whole",
        "total_exposure = 1.5 must not be above the whole = 1",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_relation_has_a_counter_example(name: str) -> None:
    tables, relation, said = BROKEN[name]
    proof = proofs(**tables)[relation]
    assert proof.holds is False
    assert said in proof.breach


@pytest.mark.parametrize(
    ("tables", "relation"),
    [
        ({"sizing": {"rule": "volatility:40%"}}, "the configured order size <= order_size"),
        ({"sizing": {"rule": "quantity:1"}}, "stop x order size <= loss_per_trade"),
        ({"exits": {"stop": ""}}, "stop x order size <= loss_per_trade"),
        ({"limits": {"daily_loss": None}}, "loss_per_trade <= daily_loss"),
        (
            {"sizing": {"rule": "risk:1%"}, "exits": {"stop": ""}},
            "the configured order size <= order_size",
        ),
    ],
)
def test_what_the_market_decides_stays_open(tables: dict[str, Any], relation: str) -> None:
    assert proofs(**tables)[relation].holds is None


def test_each_has_a_name_of_its_own_and_says_of_what_it_speaks() -> None:
    names = [each.name for each in ORDERINGS]
    assert len(set(names)) == len(names)
    for each in ORDERINGS:
        for place in each.low.places + each.high.places:
            table, _, field = place.partition(".")
            assert table in Config.model_fields
            assert not field or field in type(getattr(Config(), table)).model_fields


shares = st.decimals("0.0001", "0.9999", places=4)
amounts = st.decimals("1", "20000", places=2)
rules = st.one_of(
    amounts.map(lambda n: f"fixed:{n}"),
    shares.map(lambda n: f"equity:{n * 100}%"),
    shares.map(lambda n: f"risk:{n * 100}%"),
    st.just("all_cash"),
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    limits = {
        name: draw(shares)
        for name in ("daily_loss_share", "symbol_exposure", "drawdown_limit", "drawdown_warning")
    }
    limits |= {
        name: draw(amounts)
        for name in ("min_notional", "order_size", "loss_per_trade", "daily_loss")
    }
    stop = draw(shares)
    return config(
        account={"cash": draw(amounts)},
        sizing={"rule": draw(rules)},
        exits={"stop": f"{stop * 100}%"},
        limits=limits,
    )


@settings(max_examples=300)
@given(configs(), st.lists(st.fractions(0, 1), min_size=5, max_size=20))
def test_what_is_proven_holds_at_every_equity(drawn: Config, where: list[Any]) -> None:
    """What `prove` calls true is broken nowhere in the range, ends and middle alike."""
    assert drawn.limits.drawdown_limit is not None
    low = drawn.account.cash * (1 - drawn.limits.drawdown_limit)
    high = drawn.account.cash * 2
    proven = {proof.name for proof in prove(drawn) if proof.holds}
    for share in where:
        equity = low + (high - low) * D(share.numerator) / D(share.denominator)
        for each in ORDERINGS:
            if each.name in proven:
                assert not each.breach(drawn, equity)


@settings(max_examples=200)
@given(configs())
def test_what_loads_is_what_the_core_takes(drawn: Config) -> None:
    """Where no relation is broken, none of the core's own checks is either."""
    if not broken_orderings(drawn, drawn.account.cash):
        limits_of(drawn)

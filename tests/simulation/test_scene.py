"""What a seed draws is what a careful user would set; what contradicts itself is refused."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from thunes.core.domain.errors import UsageError
from thunes.simulation.audit import AUDITS
from thunes.simulation.chance import Chance
from thunes.simulation.checks_of_entries import ENTRY_CHECKS
from thunes.simulation.checks_of_requests import REQUEST_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.dashboard import section
from thunes.simulation.scene import CASH, draw_scene
from thunes.simulation.subjects import ELSEWHERE
from thunes.simulation.tally import Tally

D = Decimal
SIZE = D(1_000)


def test_the_limits_that_a_seed_draws_are_in_order() -> None:
    drawn = {str(scene.limits) for scene in (draw_scene(Chance(n), 6) for n in range(40))}
    assert len(drawn) == 5
    for seed in range(40):
        draw_scene(Chance(seed), 6).limits.check_order(SIZE, CASH)


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        ({"symbol_exposure": D("0.9")}, {}, "symbol_exposure"),
        ({"min_notional": D(50)}, {"order_size": D(10)}, "order_size"),
        ({"loss_per_trade": D(50)}, {"daily_loss": D(10)}, "daily_loss"),
        ({"drawdown_warning": D("0.2")}, {"drawdown_limit": D("0.1")}, "drawdown_limit"),
    ],
)
def test_limits_out_of_order_are_refused(
    low: dict[str, Decimal], high: dict[str, Decimal], names: str
) -> None:
    limits = draw_scene(Chance(0), 6).limits
    with pytest.raises(UsageError, match=names):
        replace(limits, **low, **high)


def test_every_invariant_is_watched_or_it_is_said_why_not() -> None:
    watched = {each.name for each in (*STEP_CHECKS, *ENTRY_CHECKS, *REQUEST_CHECKS, *AUDITS)}
    watched |= {"S10", "S17", "S34", "S39", "S43", *ELSEWHERE}
    assert not {f"S{number}" for number in range(1, 49)} - watched
    text = section("swarm", Tally(), "a command")
    assert all(f"| {name} | {why} |" in text for name, why in ELSEWHERE.items())

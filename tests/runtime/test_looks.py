"""After a start the account is looked at soon, until silence about a young order is a proof."""

from decimal import Decimal

from tests.runtime.rigs import Rig, S, placed
from tests.simulation.stage import Scenario, says
from thunes.core.domain.decision import Action
from thunes.core.domain.evidence import FENCE_NS
from thunes.core.domain.order import Accepted, OrderRole
from thunes.runtime.live import LOOK_AGAIN_NS, LOOK_EVERY_NS, LOOK_SOON_NS
from thunes.runtime.recovery import Recorded, start

D = Decimal


def test_a_young_stop_that_went_while_nothing_ran_is_replaced_once_its_absence_is_a_proof() -> None:
    rig = Rig(Scenario("", "100 100 100 100 100 100", [says(0, Action.ENTER)]))
    (entry,) = rig.bar(0)
    (stop,) = rig.report(rig.filled(entry))
    rig.report(Accepted(stop.id))
    asked, wallet = rig.now(), {"USDT": D(9_000), "AAA": D(10)}
    rig._now += S
    rig.epoch += 1
    before, sent = rig.looks, len(rig.sent)
    outside = (rig, rig, (rig, rig))
    rig.live = start(rig.scene.engine(), Recorded(None, list(rig.lines)), *outside)  # type: ignore[arg-type]
    while not any(each.role is OrderRole.STOP for each in placed(rig.sent[sent:])):
        rig._now = max(rig._now + 1, rig.live.due())
        assert rig._now < asked + FENCE_NS + LOOK_SOON_NS + LOOK_AGAIN_NS, (
            "as soon as it can be known"
        )
        rig.live.tick()
        if rig.looks > before:
            before = rig.looks
            rig.look(wallet)
    assert LOOK_EVERY_NS > FENCE_NS, "the regular look would have come later"

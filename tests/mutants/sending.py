"""Bugs of sending: what is done about an order of which nobody knows whether it exists."""

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "retry with a new id",
        "reliability.md 2: no answer, so the order is sent again under another id",
        "thunes.core.execution.propose:Execution._protect",
        "if record is not None:",
        """\
from thunes.core.domain.order import OutcomeUnknown
if isinstance(report, OutcomeUnknown) and record and record.order.role is OrderRole.ENTRY:
    again = structs.replace(record.order, id=view.new_id())
    return [Proposal(Purpose.CANCEL, again.symbol, again.strategy, (again,),
                     reference=record.reference, plan=record.plan)]
if record is not None:""",
    ),
    Mutant(
        "retry with the same id",
        "reliability.md 2: no answer, so the order is sent again under its id",
        "thunes.runtime.live:Live.hear",
        "for watch in self._watches:",
        """\
for report in getattr(event, "reports", ()):
    record = self.engine.state.ledger.orders.find(report.order_id)
    if type(report).__name__ == "OutcomeUnknown" and record and record.order.side.value == "buy":
        from thunes.core.domain.command import PlaceOrders
        self._venue.send(PlaceOrders((record.order,)), event.at)
for watch in self._watches:""",
    ),
    Mutant(
        "retry after acceptance",
        "NautilusTrader #4215: the stream has told of the order, its retry is sent all the same",
        "thunes.runtime.live:Live.hear",
        "for watch in self._watches:",
        """\
for report in getattr(event, "reports", ()):
    record = self.engine.state.ledger.orders.find(report.order_id)
    if type(report).__name__ == "OutcomeUnknown" and record and record.state.value != "unknown":
        from thunes.core.domain.command import PlaceOrders
        self._venue.send(PlaceOrders((record.order,)), event.at)
for watch in self._watches:""",
    ),
    Mutant(
        "two transmissions",
        "S5: the transport sends each request twice, to be sure",
        "thunes.runtime.live:Live._carry_out",
        "self._venue.send(command, at)",
        "self._venue.send(command, at)\nself._venue.send(command, at)",
    ),
    Mutant(
        "no answer is a refusal",
        "NautilusTrader #3870, #4152: submitted and timed out, so it counts as rejected",
        "thunes.core.ledger.ledger:_change",
        "_CHANGES[type(report)]",
        "OrderChange.REJECTED if type(report) is OutcomeUnknown "
        "and record.state.value == 'submitted' else _CHANGES[type(report)]",
    ),
    Mutant(
        "no answer to a cancel is a cancel",
        "NautilusTrader #4152: what was to be canceled counts as canceled when nobody answers",
        "thunes.core.ledger.ledger:_change",
        "_CHANGES[type(report)]",
        "OrderChange.CANCELED if type(report) is OutcomeUnknown "
        "and record.state.value == 'canceling' else _CHANGES[type(report)]",
    ),
    Mutant(
        "not found is canceled",
        "hummingbot #3374, #4738: a cancel that finds nothing ends the order, which had filled",
        "thunes.core.ledger.ledger:_change",
        "_CHANGES[type(report)]",
        "OrderChange.CANCELED if type(report) is CancelRefused else _CHANGES[type(report)]",
    ),
    Mutant(
        "fill before acknowledgement refused",
        "NautilusTrader #3870: a fast fill of an order nobody acknowledged counts as rejected",
        "thunes.core.ledger.ledger:Ledger._book_fill",
        "change = OrderChange",
        """\
if record.state.value == "submitted":
    self.orders.change(record, OrderChange.REJECTED)
    return []
change = OrderChange""",
    ),
    Mutant(
        "polled twice, then rejected",
        "reliability.md 2: absent from two answers, before its deadline had passed",
        "thunes.core.ledger.evidence:_is_fenced",
        "at > record.asked_at + FENCE_NS",
        "True",
    ),
    Mutant(
        "fence too short",
        "reliability.md 7: absence proves nothing while the venue may still be working on it",
        "thunes.core.ledger.evidence:_is_fenced",
        "FENCE_NS",
        "2_000_000_000",
    ),
    Mutant(
        "absent once",
        "S33: one answer without the order ends it",
        "thunes.core.ledger.evidence:weigh",
        "if first < seen.as_of:",
        "if True:",
    ),
    Mutant(
        "pending order archived",
        "F392: an order in flight that no answer tells of is archived, and the next one sent",
        "thunes.core.ledger.evidence:weigh",
        """\
elif _is_fenced(record, seen.as_of):
    first = missing.get(order_id, seen.as_of)
    if not _is_fenced(record, first):""",
        """\
elif not record.acknowledged or _is_fenced(record, seen.as_of):
    first = missing.get(order_id, seen.as_of)
    if record.acknowledged and not _is_fenced(record, first):""",
    ),
    Mutant(
        "found by the venue's id only",
        "NautilusTrader #4958: an order that was never acknowledged cannot be asked for",
        "thunes.core.ledger.evidence:weigh",
        "told = {each.order_id: each for each in seen.orders}",
        """\
told = {each.order_id: each for each in seen.orders}
for record in orders.by_age():
    if record.state is OrderState.UNKNOWN:
        told.pop(record.order.id, None)""",
    ),
    Mutant(
        "asked long ago",
        "S4: the deadline of a cancel is counted from when the order was placed",
        "thunes.core.state:State._in_flight",
        "record.asked_at = self.at",
        "pass",
    ),
    Mutant(
        "wall clock",
        "S31: requests are stamped by a clock that the machine's owner sets, back and forth",
        "thunes.simulation.host:SteadyClock._counted",
        "int(elapsed * self._drift)",
        "(self._agenda.now // 600_000_000_000 % 2) * 45_000_000_000",
    ),
    Mutant(
        "lease not asked",
        "S8: what is sent leaves though the lease may be over",
        "thunes.runtime.live:Live._carry_out",
        "if not self._lease.holds(Instant(at + DEADLINE_NS)):",
        "if False:",
        "crash",
    ),
    Mutant(
        "ids without epoch",
        "S3: an id does not say which process gave it",
        "thunes.core.ledger.orders:Ids.__call__",
        "{self.epoch}-{self.given}",
        "{self.given}",
    ),
    Mutant(
        "ids counted anew",
        "S3: each process begins its ids at one",
        "thunes.core.state:State._apply_restart",
        "self.memory.epoch = self._ids.epoch = event.epoch",
        "self.memory.epoch, self._ids.epoch, self.memory.order_count = event.epoch, 1, 0",
        "crash",
    ),
    Mutant(
        "refused and asked again at once",
        "S24: what was refused for now is sent again with the next breath",
        "thunes.core.execution.propose:_answer",
        "if any(news.again for _, news in refused):",
        "if False:",
    ),
)

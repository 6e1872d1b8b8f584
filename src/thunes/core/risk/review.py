"""The review: the only door out. Entries pass every gate; what only reduces always passes."""

from collections.abc import Sequence

from thunes.core.domain.decision import Approved, Budget, Check, Proposal, Purpose, Refused, Verdict
from thunes.core.domain.mode import Mode
from thunes.core.domain.view import View
from thunes.core.risk.gates import GATES, LIMIT_OF, Question
from thunes.core.risk.limits import Limits
from thunes.core.risk.mode import ModeReading, read_mode


class Risk:
    """What must hold, under one set of limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._watches_equity = limits.watches_equity
        self._last = ModeReading(Mode.NORMAL, None)
        # A gate whose limit is wide open passes whatever is asked: its check stays as it is here.
        self._passed = [Check(gate, True) for gate in GATES]
        self._asked = [
            (place, ask)
            for place, (gate, ask) in enumerate(GATES.items())
            if gate not in LIMIT_OF or getattr(limits, LIMIT_OF[gate]) is not None
        ]

    def mode(self, view: View) -> ModeReading:
        memory, last = view.memory, self._last
        if not memory.requested and not self._watches_equity and last.mode is memory.mode:
            return last  # nothing can have moved it
        reading = read_mode(self.limits, view)
        self._last = ModeReading(reading.mode, reading.cause)
        return reading

    def budget(self, view: View) -> Budget:
        return Budget(view.account)

    def review(
        self, proposals: Sequence[Proposal], reading: ModeReading, view: View
    ) -> Sequence[Verdict]:
        """One verdict per proposal, in their order; each entry counts those approved before it."""
        if not proposals and not reading.changes:
            return ()
        verdicts: list[Verdict] = []
        if reading.changes and reading.mode is Mode.HALTED:
            verdicts.extend(_take_back_entries(view))
        promised: list[Proposal] = []
        for proposal in proposals:
            if proposal.purpose is not Purpose.ENTRY:
                verdicts.append(Approved(proposal, ()))
                continue
            verdict = self._entry(proposal, reading, view, promised)
            if isinstance(verdict, Approved):
                promised.append(proposal)
            verdicts.append(verdict)
        return verdicts

    def _entry(
        self, proposal: Proposal, reading: ModeReading, view: View, promised: list[Proposal]
    ) -> Verdict:
        question = Question(proposal, view, self.limits, reading, promised)
        checks, failed = self._passed.copy(), None
        for place, ask in self._asked:
            check = checks[place] = ask(question)
            if failed is None and not check.passed:
                failed = check.gate
        if failed is not None:
            return Refused(proposal, failed, tuple(checks))
        return Approved(proposal, tuple(checks))


def _take_back_entries(view: View) -> list[Verdict]:
    """The kill switch: every order that could add exposure is cancelled, nothing else.

    Stops and targets only reduce; they stay. So does an order that is already being cancelled.
    """
    return [
        Approved(
            proposal=Proposal(
                purpose=Purpose.CANCEL,
                symbol=working.order.symbol,
                strategy=working.order.strategy,
                cancels=(working.order.id,),
                reason="kill_switch",
            ),
            checks=(),
        )
        for working in view.account.entries()
    ]

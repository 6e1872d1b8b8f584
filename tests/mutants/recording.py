"""Bugs of the record: acts without a line, lines without a disk, a journal that tells otherwise."""

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "sent before it is written",
        "S1: the command leaves, then its line is written",
        "thunes.runtime.live:Live.hear",
        """\
self._store.append(line, durable=durable)
self.unkept += 1
for command in outcome.commands:
    self._carry_out(command, event.at)""",
        """\
for command in outcome.commands:
    self._carry_out(command, event.at)
self._store.append(line, durable=durable)
self.unkept += 1""",
    ),
    Mutant(
        "commands not synced",
        "S1: the line of a command is written, and lost with the power",
        "thunes.core.domain.line:must_last",
        "if outcome.commands or isinstance(event, OperatorActed | OperatorAsked | Restarted):",
        "if isinstance(event, OperatorActed | OperatorAsked | Restarted):",
        "crash",
    ),
    Mutant(
        "kill not synced",
        "S30: the kill is written, and lost with the power",
        "thunes.core.domain.line:must_last",
        "if outcome.commands or isinstance(event, OperatorActed | OperatorAsked | Restarted):",
        "if isinstance(event, OperatorActed):\n    return False\n"
        "if outcome.commands or isinstance(event, OperatorAsked | Restarted):",
        "crash",
    ),
    Mutant(
        "day not synced",
        "S21: the equity of the day's start is lost with the power, and taken anew",
        "thunes.core.domain.line:must_last",
        "isinstance(fact, ModeChanged | DayRolled)",
        "isinstance(fact, ModeChanged)",
        "crash",
    ),
    Mutant(
        "sync not awaited",
        "S1: what is to be durable is handed to the system, and believed",
        "thunes.adapters.storage.journal:Journal.append",
        "if durable:",
        "if False:",
        "crash",
    ),
    Mutant(
        "failed sync tried again",
        "S39: the second sync succeeds, and what the first one lost is believed to be there",
        "thunes.adapters.storage.appender:Appender.sync",
        "except SyncFailed as failure:",
        """\
except SyncFailed:
    _sync(self.disk, self._descriptor, self.path)
    return
except OSError as failure:""",
        "crash",
    ),
    Mutant(
        "found, not synced",
        "S1: a start goes on from what it reads, which is in memory only",
        "thunes.adapters.storage.appender:Appender.resume",
        "_put(disk, descriptor, data, 0)\n_sync(disk, descriptor, path)",
        "pass",
        "crash",
    ),
    Mutant(
        "torn line kept",
        "S39: what a crash tore is not cut off",
        "thunes.adapters.storage.mending:sound",
        "return found, torn.offset, [*notes",
        "return found, None, [*notes",
        "crash",
    ),
    Mutant(
        "lines swapped",
        "S27: lines are written in another order than their steps were taken in",
        "thunes.runtime.live:Live.hear",
        "self._store.append(line, durable=durable)",
        """\
if not durable and not getattr(self, "_late", None):
    self._late = [line]
else:
    self._store.append(line, durable=durable)
    for late in getattr(self, "_late", None) or []:
        self._store.append(late, durable=False)
    self._late = []""",
    ),
    Mutant(
        "quiet steps not written",
        "S38: a step that asks for nothing leaves no line",
        "thunes.runtime.live:Live.hear",
        "self._store.append(",
        "if durable or outcome.facts:\n    self._store.append(",
    ),
    Mutant(
        "refusals not recorded",
        "F368: an entry that a gate refused leaves no trace",
        "thunes.core.state:State.commit",
        "facts.append(Decided(proposal, verdict.reason, verdict.checks))",
        "pass",
    ),
    Mutant(
        "approvals not recorded",
        "S38: what is sent was never decided, as far as the record says",
        "thunes.core.state:State.commit",
        "facts.append(Decided(proposal, None, verdict.checks))",
        "pass",
    ),
    Mutant(
        "one bar ahead",
        "S36: a bar is used before it has closed",
        "thunes.core.state:State._apply_bars",
        "self.market.sequence = event.sequence",
        "self.market.sequence = min(event.sequence + 1, len(self.market.tape) - 1)",
    ),
    Mutant(
        "remembered beside the journal",
        "S27, S34: what a process does to its state outside of any step is gone with it",
        "thunes.runtime.live:Live.reconnected",
        "self._look(self._time())",
        "self._look(self._time())\nself.engine.state.memory.last_loss_at = self._time()",
        "crash",
    ),
    Mutant(
        "dies of a lost stream",
        "S43: what is to be expected of a network ends the process",
        "thunes.runtime.live:Live.reconnected",
        "self._look(self._time())",
        """\
if self.engine.state.doubt.as_of:
    raise ThunesError("the stream is lost")
self._look(self._time())""",
    ),
    Mutant(
        "own clock only",
        "S31: a new process whose clock is behind what the last one wrote cannot take a step",
        "thunes.runtime.live:Live.__init__",
        "max(engine.state.at, self._clock.now())",
        "self._clock.now()",
    ),
)

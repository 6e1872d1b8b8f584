"""The registry: every command there is, by its name."""

from collections.abc import Mapping

from thunes.ops.commands import acting, holdings, recent, upkeep
from thunes.ops.commands.command import Command, Reason, Role, Wanted
from thunes.ops.commands.status import status
from thunes.ops.commands.why import About, why

_VIEWER, _OPERATOR, _ADMIN = Role

_ALL = (
    Command("status", "How the whole account stands.", _VIEWER, status),
    Command("positions", "What is held and how it is protected.", _VIEWER, holdings.positions),
    Command("orders", "Every order that is not over.", _VIEWER, holdings.orders),
    Command("balance", "What the wallet holds.", _VIEWER, holdings.balance),
    Command("trades", "The newest closed trades.", _VIEWER, holdings.trades, holdings.Last),
    Command("why", "Why no entry is possible now.", _VIEWER, why, About),
    Command(
        "journal-tail", "The newest entries of the journal.", _VIEWER, recent.tail, recent.Newest
    ),
    Command("halt", "No entries; stops stay.", _OPERATOR, acting.halt, Reason),
    Command(
        "resume",
        "Entries again.",
        _OPERATOR,
        acting.resume,
        Reason,
        foretells=acting.foretell_resume,
    ),
    Command("flatten", "Halt, and sell at market.", _OPERATOR, acting.flatten, acting.Selling),
    Command("protect", "Place missing stops.", _OPERATOR, acting.protect, Wanted),
    Command("reconcile", "Look at the account now.", _OPERATOR, upkeep.reconcile),
    Command("reconnect", "Dial the venue anew.", _OPERATOR, upkeep.reconnect),
    Command("stop", "End the process in order.", _ADMIN, upkeep.stop),
    Command(
        "backup",
        "Keep all that is needed to go on, in one file.",
        _ADMIN,
        upkeep.backup,
        upkeep.Target,
    ),
)

COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}

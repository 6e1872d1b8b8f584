"""Bugs of protection: a position that lacks its stop, or loses it, or is sold out of turn."""

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "old stop canceled first",
        "freqtrade: the old stop is canceled, then the new one is placed",
        "thunes.core.execution.commands:commands_for",
        "commands.append(ReplaceOrders(cancels, orders))",
        "commands += [CancelOrders(cancels), PlaceOrders(orders)]",
    ),
    Mutant(
        "failed stop logged only",
        "freqtrade: that a stop could not be placed is noted, and nothing done about it",
        "thunes.core.ledger.ledger:_change",
        "_CHANGES[type(report)]",
        "OrderChange.ACCEPTED if type(report) is Rejected and record.order.role.value == 'stop' "
        "else _CHANGES[type(report)]",
    ),
    Mutant(
        "kill cancels stops",
        "F387: the kill switch takes back every order, stops as well",
        "thunes.core.risk.review:_take_back_entries",
        "in view.account.entries()",
        "in [w for h in view.account.positions() for w in view.account.working(h.symbol)]",
        "quiet",
    ),
    Mutant(
        "refused target voids the stop",
        "F391: a target is refused, and the stop beside it is not placed again",
        "thunes.core.execution.propose:_answer",
        "legs = _without(_of_itself(refused, OrderRole.TARGET, held), _legs(held, news_of, view))",
        """\
legs = ()
if not _of_itself(refused, OrderRole.TARGET, held):
    legs = _legs(held, news_of, view)""",
    ),
    Mutant(
        "unprotected until complete",
        "S10: a position gets its stop only when its entry is filled",
        "thunes.core.execution.propose:Execution._protect",
        "if symbol in left or (doubt and held is None):",
        "if symbol in left or any(w.order.side is Side.BUY for w in working):",
    ),
    Mutant(
        "trailing loosens",
        "S14: the stop follows the price, down as well",
        "thunes.core.execution.protection:move_stop",
        "wanted = max(wanted, level)",
        "wanted = level - view.market.instrument(held.symbol).tick * 40",
    ),
    Mutant(
        "failed cancel, so it stands",
        "F393: a stop whose cancel finds nothing is believed to be there, and none is placed",
        "thunes.core.ledger.ledger:_change",
        "_CHANGES[type(report)]",
        "_CHANGES[type(report)] if type(report) is not CancelRefused "
        "else record.__setattr__('state', type(record.state).ACCEPTED) or OrderChange.ACCEPTED",
    ),
    Mutant(
        "naked after a restart, so sold",
        "F394: a position whose stop is not known yet is sold without grace",
        "thunes.core.execution.upkeep:look_after",
        "view.at - since > NAKED_MAX_NS",
        "view.at - since >= 0",
        "crash",
    ),
    Mutant(
        "flattened on surprise",
        "F389: coins that nobody here bought are sold",
        "thunes.core.execution.upkeep:look_after",
        "reason = held.leaving",
        "reason = held.leaving or ('stranger' if held.strategy == 'adopted' else '')",
    ),
    Mutant(
        "more sold than held",
        "S15: an exit is sized by what was bought, not by what is left",
        "thunes.core.execution.entries:_sale",
        "floor_to(view.account.sellable(held.symbol), instrument.step)",
        "floor_to(max(held.quantity, held.entry_size), instrument.step)",
    ),
    Mutant(
        "exit beside the stop",
        "S15: the position is sold while its stop still holds the coins",
        "thunes.core.execution.entries:leave",
        "_cancellable(working)",
        "()",
    ),
    Mutant(
        "leaving forgotten",
        "L2: an exit that failed is not tried again",
        "thunes.core.state:State._in_flight",
        "positions[symbol] = replace(held, leaving=proposal.reason)",
        "pass",
    ),
    Mutant(
        "cancel overtakes its order",
        "S13: what is still on its way to the venue is taken back",
        "thunes.core.execution.protection:all_at_rest",
        "return False",
        "return True",
    ),
    Mutant(
        "nobody looks after",
        "S10: a lost stop is not missed",
        "thunes.core.execution.upkeep:look_after",
        "fine = since is None and not held.leaving and not audit",
        "fine = not held.leaving",
    ),
    Mutant(
        "protection cleared before its entry",
        "S13: nothing is held yet, so the stop that came along with an entry is taken back",
        "thunes.core.execution.propose:Execution._protect",
        "if _still_filling(working):\n    continue",
        """\
if held is None and _still_filling(working):
    along = [w for w in working if w.order.after is not None]
    proposals += filter(None, [call_off(symbol, along, "flat")])
    continue""",
    ),
    Mutant(
        "fee of the entry not kept back",
        "S10: the stop that comes along would sell coins that the fee has taken, and is refused",
        "thunes.core.execution.bracket:bracketed",
        "floor_to(quantity * (ONE - cap.coin_fee), instrument.step)",
        "floor_to(quantity, instrument.step)",
    ),
)

"""Bugs of booking: money and coins that are counted twice, or not at all."""

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "fill booked twice",
        "S6: the stream and the answer tell of one fill, and both are booked",
        "thunes.core.ledger.ledger:Ledger._book_fill",
        "if fill.trade_id in record.trade_ids:",
        "if False:",
    ),
    Mutant(
        "late fill ignored",
        "S6: what fills after its cancel was confirmed is dropped",
        "thunes.core.ledger.ledger:Ledger._book_fill",
        "if fill.trade_id in record.trade_ids:",
        "if fill.trade_id in record.trade_ids or record.ending "
        "or record.state is OrderState.CANCELED:",
    ),
    Mutant(
        "partial fill ends the order",
        "S6: the first fill is taken for the whole",
        "thunes.core.ledger.ledger:Ledger._book_fill",
        "OrderChange.FILLED if fill.complete else OrderChange.PARTLY_FILLED",
        "OrderChange.FILLED",
    ),
    Mutant(
        "released by what was reserved",
        "F382: the books give up what was reserved for an entry, not what it cost",
        "thunes.core.ledger.ledger:Ledger.post_fill",
        "self.books.post(instrument.quote, payer, payee, fill.price * fill.quantity)",
        """\
paid = record.order.quote_amount if fill.complete else None
self.books.post(instrument.quote, payer, payee, paid or fill.price * fill.quantity)""",
    ),
    Mutant(
        "fee forgotten",
        "F382: fees are not taken from the wallet",
        "thunes.core.ledger.ledger:Ledger.post_fill",
        "if fill.fee:",
        "if fill.fee and fill.complete:",
    ),
    Mutant(
        "one side posted",
        "S26: coins arrive that left nowhere",
        "thunes.core.ledger.books:Books.post",
        "giving[asset] = giving.get(asset, ZERO) - amount",
        "pass",
    ),
    Mutant(
        "reservation never released",
        "F381: an entry that was refused or ended keeps its cash for ever",
        "thunes.core.ledger.orders:Orders._close",
        "self.open_entries.pop(order.id, None)",
        "if record.state is S.FILLED:\n    self.open_entries.pop(order.id, None)",
    ),
    Mutant(
        "reservation lost on a crash",
        "F384: a start forgets what the orders in flight may still cost",
        "thunes.core.state:State._apply_restart",
        "self.memory.unreconciled = True",
        "self.memory.unreconciled = True\nself.ledger.orders.open_entries.clear()",
        "crash",
    ),
    Mutant(
        "order lost on a crash",
        "F383: what was in flight when the process died is dropped",
        "thunes.core.state:State._apply_restart",
        "orders.change(record, OrderChange.LOST)",
        "orders.change(record, OrderChange.EXPIRED)",
        "crash",
    ),
    Mutant(
        "balances believed at once",
        "S33: one answer from a lagging replica is booked as a deposit or withdrawal",
        "thunes.core.ledger.reconcile:reconcile",
        """\
for asset, amount in differences(ledger, seen).items():
    symbol = pricing.symbol_of.get(asset)
    value = pricing.value_of(asset, amount)
    before, since = doubt.differences.get(asset, (ZERO, seen.as_of))
    since = since if before == amount and since > ledger.traded_at else seen.as_of
    if seen.as_of - since < AGREE_NS or""",
        """\
for asset, amount in [(a, u - ledger.books.held(a)) for a, u in seen.balances.items()]:
    if not amount:
        continue
    symbol = pricing.symbol_of.get(asset)
    value = pricing.value_of(asset, amount)
    since = seen.as_of
    if""",
    ),
    Mutant(
        "deposits never adopted",
        "L4: a difference that stays is only looked at",
        "thunes.core.ledger.reconcile:reconcile",
        "facts += adopt(ledger, seen.at, asset, amount, (mark, plan))",
        "pass",
    ),
    Mutant(
        "a deposit is a profit",
        "S21: what was paid in hides what was lost on the day",
        "thunes.core.state:State._apply_account",
        "if looked.flow:",
        "if False:",
    ),
    Mutant(
        "strangers' trades ignored",
        "S9: what was sold by hand is still managed",
        "thunes.core.ledger.adoption:book_foreign",
        "if instrument is None:",
        "if instrument is None or seen.side is Side.SELL:",
    ),
    Mutant(
        "foreign order ignored",
        "S9: an open order that is not ours keeps nobody from entering",
        "thunes.core.ledger.evidence:weigh",
        "return Evidence(reports, foreign, names, _pledged(strangers), left)",
        "return Evidence(reports, foreign, {}, _pledged(strangers), left)",
    ),
    Mutant(
        "phantom kept",
        "S32: coins that are gone stay in a position",
        "thunes.core.ledger.adoption:give_up_phantoms",
        "if wallet < held.quantity:",
        "if False:",
    ),
    Mutant(
        "looks no more",
        "L4: the account is looked at when a process starts, and never again",
        "thunes.runtime.live:Live._look_due",
        "every = ",
        "return Instant(2**62)\nevery = ",
    ),
    Mutant(
        "stale look believed",
        "S33: an answer that was overtaken by a newer one is taken for the state of things",
        "thunes.core.state:State._apply_account",
        "if seen.as_of <= self.doubt.as_of:\n    return  # an older answer that comes late",
        "",
    ),
)

"""The doctor's round: every check there is, for one configuration and one state directory."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from thunes.adapters.secrets.env_file import read_env_file
from thunes.adapters.secrets.secret import Secret
from thunes.adapters.secrets.sources import ENV_FILES, ENVIRONMENT, KEYRING
from thunes.adapters.storage.journal import in_use
from thunes.adapters.storage.places import JOURNAL
from thunes.compose.effective import differing, in_effect, noted
from thunes.compose.rules import strategies_in
from thunes.config.loading import Loaded, read_config
from thunes.config.names import KEYS_OF, PLACE_OF
from thunes.config.quantities import stop_of
from thunes.config.relations import broken_orderings, prove
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import Instant, parse_timeframe
from thunes.core.portfolio.sizing import parse_sizing
from thunes.ops.doctor import machine
from thunes.ops.doctor.finding import Finding, Verdict, failed, ok, skipped, warned
from thunes.ops.doctor.state import Expected
from thunes.ops.doctor.state import state as look_at_state
from thunes.ops.doctor.visit import OF_KEY, OF_VENUE, Visit

Look = Callable[[Visit, Callable[[], Instant]], list[Finding]]
"""Looks at a venue: `thunes.ops.doctor.venue.visit`, where its libraries are installed."""

_LIBRARIES = ("numpy", "msgspec", "pydantic", "ccxt", "aiohttp", "cryptography")
_IN_USE = "settings in use"
_OF_CONFIGURATION = ("relations", "strategies", "keys", "keys of real money", "alerts")


def examine(config: Path, state: Path, look: Look | None) -> list[Finding]:
    """Every check in the order in which they are told; none of them changes anything."""
    found = [
        machine.python(),
        machine.libraries(_LIBRARIES, "thunes[live]"),
        machine.config_file(config),
        _secret_files(config.parent),
        machine.room(state),
        machine.writing(state),
    ]
    journal = state / JOURNAL
    try:
        loaded = read_config(config)
    except UsageError as error:
        found.append(failed("configuration", str(error), "mend every line that is named"))
        rest = (*_OF_CONFIGURATION, _IN_USE, *OF_VENUE, *OF_KEY)
        found += look_at_state(journal, None)
        return found + [skipped(name, "the configuration cannot be used") for name in rest]
    run = loaded.config.run
    quote, timeframe = loaded.config.account.quote, parse_timeframe(run.timeframe)
    expected = Expected(_place(loaded), quote, timeframe, run.symbols)
    found += [_loads(loaded, config), _relations(loaded), _strategies(loaded)]
    found += [*_keys(loaded), _real_keys(loaded), _alerts(loaded)]
    found += [*look_at_state(journal, expected), _in_use(loaded, state)]
    return found + _venue(loaded, look)


def may_start(found: list[Finding]) -> bool:
    """Whether nothing fails; warnings are for a person to weigh."""
    return not any(each.verdict is Verdict.FAIL for each in found)


def _secret_files(directory: Path) -> Finding:
    name = "secret files"
    there = [each for each in ENV_FILES if (directory / each).exists()]
    try:
        for each in there:
            read_env_file(directory / each)
    except UsageError as error:
        return failed(name, str(error), f"chmod 600 {directory / '.env*'}")
    if not there:
        return skipped(name, f"no {' or '.join(ENV_FILES)} in {directory}")
    return ok(name, f"only you can read {', '.join(there)}")


def _loads(loaded: Loaded, path: Path) -> Finding:
    if loaded.notes:
        return warned("configuration", "; ".join(loaded.notes), f"change it in {path}")
    run = loaded.config.run
    return ok("configuration", f"{path}: {run.mode} at {run.venue}, {', '.join(run.symbols)}")


def _relations(loaded: Loaded) -> Finding:
    name, config = "relations", loaded.config
    broken = broken_orderings(config, config.account.cash)
    if broken:
        return failed(name, "; ".join(broken), "change one of the two; `thunes config check`")
    proofs = prove(config)
    later = [proof.breach for proof in proofs if proof.breach]
    if later:
        return warned(name, "; ".join(later), "change one of the two; `thunes config check`")
    return ok(name, f"{sum(proof.holds is True for proof in proofs)} hold at every equity")


def _strategies(loaded: Loaded) -> Finding:
    name = "strategies"
    try:
        found = strategies_in(loaded)
    except UsageError as error:
        return failed(name, str(error), "mend [[strategy]] or its file")
    return ok(name, ", ".join(each.id for each in found))


def _keys(loaded: Loaded) -> list[Finding]:
    """Whether the venue's key and secret are there, and lie where they should."""
    name, run = "keys", loaded.config.run
    if run.venue == "sandbox" and not run.sandbox_url:
        return [skipped(name, "a sandbox of one's own makes its own")]
    pair = KEYS_OF[run.venue]
    try:
        places = {each: loaded.secrets.find(each) for each in pair}
    except ThunesError as error:
        return [failed(name, str(error), "unlock the keyring")]
    missing = [each for each, one in places.items() if one is None]
    if missing:
        do = f"set it in the environment, in .env (mode 0600), or: keyring set thunes {missing[0]}"
        return [failed(name, f"not set: {', '.join(missing)}", do)]
    sources = sorted({one.source for one in places.values() if one is not None})
    seen = f"{' and '.join(pair)} from {', '.join(sources)}"
    if run.mode == "live" and not set(sources) <= {ENVIRONMENT, KEYRING}:
        return [warned(name, seen, "keep keys of real money in the keyring, not in a file")]
    return [ok(name, seen)]


def _real_keys(loaded: Loaded) -> Finding:
    """A rehearsal has no business with keys of real money."""
    name, run = "keys of real money", loaded.config.run
    if run.venue == "binance":
        return skipped(name, "they are what this run trades with")
    layers = loaded.secrets.layers()
    seen = [
        f"{each} in {source}" for each in KEYS_OF["binance"] for source, v in layers if v.get(each)
    ]
    if seen:
        return warned(name, ", ".join(seen), f"take them away from where {run.venue} is rehearsed")
    return ok(name, "none within reach")


def _alerts(loaded: Loaded) -> Finding:
    name, alerts = "alerts", loaded.config.alerts
    try:
        token = loaded.secrets.find("TELEGRAM_BOT_TOKEN")
        webhook = loaded.secrets.find("ALERT_WEBHOOK_URL")
    except ThunesError as error:
        return warned(name, str(error), "unlock the keyring")
    if bool(token) != bool(alerts.telegram_chat_id):
        lacking = "TELEGRAM_CHAT_ID" if token else "TELEGRAM_BOT_TOKEN"
        return warned(name, f"Telegram is off: {lacking} is not set", f"set {lacking}")
    if token is None and webhook is None:
        return skipped(name, "off: neither TELEGRAM_BOT_TOKEN nor ALERT_WEBHOOK_URL is set")
    told = (("Telegram", token), ("webhook", webhook))
    return ok(name, ", ".join(f"{each} from {one.source}" for each, one in told if one))


def _in_use(loaded: Loaded, state: Path) -> Finding:
    """Whether a process that runs was started with what the file says now."""
    journal, began = state / JOURNAL, noted(state)
    if began is None or not (journal.is_dir() and in_use(journal)):
        return skipped(_IN_USE, f"nothing that could tell runs on {state}")
    try:
        names = differing(began, in_effect(loaded))
    except UsageError as error:
        return failed(_IN_USE, str(error), "mend [[strategy]] or its file")
    if names:
        seen = f"what runs was started with other values: {', '.join(names)}"
        return warned(_IN_USE, seen, "start it anew to have them count, or take them back")
    return ok(_IN_USE, "what runs was started with it")


def _venue(loaded: Loaded, look: Look | None) -> list[Finding]:
    run, names = loaded.config.run, (*OF_VENUE, *OF_KEY)
    if run.venue == "sandbox" and not run.sandbox_url:
        return [skipped(name, "a sandbox of one's own is started with the run") for name in names]
    if look is None:
        return [skipped(name, "a library is not there") for name in names]
    asked = Visit(_place(loaded), _pair(loaded), run.symbols, _least(loaded), run.mode == "live")
    return look(asked, lambda: Instant(time.time_ns()))


def _place(loaded: Loaded) -> str:
    return PLACE_OF.get(loaded.config.run.venue, loaded.config.run.sandbox_url)


def _pair(loaded: Loaded) -> tuple[Secret, Secret] | None:
    pair = KEYS_OF[loaded.config.run.venue]
    try:
        key, secret = loaded.secrets.find(pair.key), loaded.secrets.find(pair.secret)
    except ThunesError:
        return None  # that it is locked was said of the keys
    return None if key is None or secret is None else (key.secret, secret.secret)


def _least(loaded: Loaded) -> Decimal | None:
    """What is left of an entry at its stop, if the rule fixes its size: it must still be sold."""
    sizing = parse_sizing(loaded.config.sizing.rule)
    if sizing.kind != "fixed":
        return loaded.config.limits.min_notional
    return sizing.value * (1 - (stop_of(loaded.config) or 0))

"""Names of the environment: which variable sets which setting, and which hold secrets."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from thunes.config.tables import Config

PREFIX = "THUNES_"

_MODES: Mapping[str, Mapping[str, str]] = {
    "testnet": {"run.mode": "paper", "run.venue": "binance-testnet"},
    "paper": {"run.mode": "paper", "run.venue": "sandbox"},
    "live": {"run.mode": "live", "run.venue": "binance"},
}


class Pair(NamedTuple):
    """The names that a venue's API key and its secret are kept under."""

    key: str
    secret: str


KEYS_OF: Mapping[str, Pair] = {
    "binance": Pair("BINANCE_API_KEY", "BINANCE_API_SECRET"),
    "binance-testnet": Pair("BINANCE_TESTNET_API_KEY", "BINANCE_TESTNET_API_SECRET"),
    "binance-demo": Pair("BINANCE_DEMO_API_KEY", "BINANCE_DEMO_API_SECRET"),
    "sandbox": Pair("SANDBOX_API_KEY", "SANDBOX_API_SECRET"),
}

PLACE_OF: Mapping[str, str] = {
    "binance": "live",
    "binance-testnet": "testnet",
    "binance-demo": "demo",
}
"""Venues by the name that the adapter gives their hosts; a sandbox is where it says it is."""

SECRETS: tuple[str, ...] = (
    *(name for pair in KEYS_OF.values() for name in pair),
    "TELEGRAM_BOT_TOKEN",
    "ALERT_WEBHOOK_URL",
)


def _environment(text: str) -> Mapping[str, str]:
    try:
        return _MODES[text.lower()]
    except KeyError:
        raise ValueError(f"has to be one of {', '.join(_MODES)}") from None


def _to(place: str) -> Callable[[str], Mapping[str, str]]:
    return lambda text: {place: text}


def _fixed_size(text: str) -> Mapping[str, str]:
    return {"sizing.rule": f"fixed:{text}"}


def _minutes(text: str) -> Mapping[str, str]:
    try:
        return {"limits.loss_cool_down_s": str(Decimal(text) * 60)}
    except InvalidOperation:
        raise ValueError("has to be a number of minutes") from None


NAMES: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "ENVIRONMENT": _environment,
    "DEFAULT_SYMBOL": _to("run.symbols"),
    "DEFAULT_TIMEFRAME": _to("run.timeframe"),
    "DEFAULT_QUOTE_AMOUNT": _fixed_size,
    "MAX_LOSS_PER_TRADE": _to("limits.loss_per_trade"),
    "MAX_DAILY_LOSS": _to("limits.daily_loss"),
    "MAX_POSITIONS": _to("limits.max_positions"),
    "COOL_DOWN_MINUTES": _minutes,
    "TELEGRAM_CHAT_ID": _to("alerts.telegram_chat_id"),
    "ALERT_CHAT_ID": _to("alerts.webhook_chat_id"),
    "DATABASE_URL": _to("storage.url"),
}
"""Short names beside THUNES_TABLE__SETTING, each with the settings that its text means."""


def settings_in(name: str, text: str) -> Mapping[str, str]:
    """The settings (`limits.daily_loss`) that a variable means; none where it is not of ours.

    Raises ValueError that says what is wrong with it, and never repeats the text.
    """
    if name in NAMES:
        return NAMES[name](text) if text else {}
    table, sign, setting = name.removeprefix(PREFIX).lower().partition("__")
    if not (name.startswith(PREFIX) and sign):
        return {}
    if table not in Config.model_fields:
        raise ValueError(f"there is no such section, but {', '.join(Config.model_fields)}")
    if table == "strategy":
        raise ValueError("strategies are told in thunes.toml only")
    return {f"{table}.{setting}": text}

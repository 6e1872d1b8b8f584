"""Configuration: `thunes.toml`, one model of it, and all of its faults at once."""

import os
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Money
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import Limits


class _Section(BaseModel):
    """A table of the file; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Account(_Section):
    cash: Decimal = Field(default=Decimal(10_000), gt=0, description="Quote money to begin with.")
    quote: str = Field(default="USDT", description="The asset that money is counted in.")


class _Costs(_Section):
    fee_bps: Decimal = Field(default=Decimal(10), ge=0, lt=1_000, description="Fee a side.")
    fee_asset: Literal["quote", "received", "bnb"] = Field(
        default="quote", description="quote, received (Binance without BNB) or bnb."
    )
    slippage_bps: Decimal = Field(
        default=Decimal(5), ge=0, lt=1_000, description="Half spread and slippage a side."
    )


class _Sizing(_Section):
    rule: str = Field(
        default="fixed:100",
        description="all_cash, fixed:100, quantity:1, equity:10%, risk:1% or volatility:40%.",
    )


class _Entries(_Section):
    cap: str = Field(
        default="",
        description='Most above the last price, "0.5%": entries then bring their stop along.',
    )


class _Exits(_Section):
    stop: str = Field(default="2%", description='Stop below the entry; "" for none.')
    take_profit: str = Field(
        default="", description='Target above the entry, or a ladder: "2%:0.4,4%:0.4".'
    )
    break_even_after: int | None = Field(default=None, ge=1, description="Targets hit.")
    trail: str = Field(default="", description='Trailing distance below the highest close: "3%".')
    trail_after: int = Field(default=0, ge=0, description="Targets hit before trailing begins.")


class _Limits(_Section):
    """Times are seconds, shares are fractions of equity, the rest is quote money."""

    max_positions: int | None = Field(default=3, ge=1)
    min_notional: Decimal | None = Field(default=Decimal(10), gt=0)
    order_size: Decimal | None = Field(default=Decimal(1_000), gt=0)
    loss_per_trade: Decimal | None = Field(default=Decimal(20), gt=0)
    daily_loss: Decimal | None = Field(default=Decimal(200), gt=0)
    daily_loss_share: Decimal | None = Field(default=Decimal("0.05"), gt=0)
    daily_loss_lifted_by: Literal["operator", "day"] = "operator"
    symbol_exposure: Decimal | None = Field(default=Decimal("0.25"), gt=0)
    total_exposure: Decimal | None = Field(default=Decimal(1), gt=0)
    drawdown_warning: Decimal | None = Field(default=Decimal("0.10"), gt=0)
    drawdown_limit: Decimal | None = Field(default=Decimal("0.15"), gt=0)
    max_spread: Decimal | None = Field(default=Decimal("0.01"), gt=0)
    max_age_s: int | None = Field(default=120, ge=1)
    loss_cool_down_s: int | None = Field(default=3_600, ge=1)
    signal_cool_down_s: int | None = Field(default=14_400, ge=1)


_PREFIX = "THUNES_"


class Config(BaseSettings):
    """All of `thunes.toml`. Environment variables such as THUNES_LIMITS__DAILY_LOSS win over it."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=_PREFIX, env_nested_delimiter="__"
    )

    account: _Account = _Account()
    costs: _Costs = _Costs()
    sizing: _Sizing = _Sizing()
    entries: _Entries = _Entries()
    exits: _Exits = _Exits()
    limits: _Limits = _Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load_config(path: Path) -> Config:
    """The configuration in `path`; raises UsageError that lists every fault in it."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "`thunes init` writes one"
        raise UsageError(f"{path} cannot be read ({error.strerror}); {hint}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    strange = [_strange_variable(name) for name in sorted(os.environ) if _is_strange(name)]
    try:
        config = Config(**values)
    except ValidationError as error:
        faults = [_fault(each["loc"], each["type"], each["msg"]) for each in error.errors()]
        raise _unusable(path, [*faults, *strange]) from error
    faults = [_said_by(check, config) for check in _RELATIONS]
    if any(faults) or strange:
        raise _unusable(path, [*dict.fromkeys(filter(None, faults)), *strange])
    return config


def _unusable(path: Path, faults: list[str]) -> UsageError:
    return UsageError(f"{path} cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))


def _fault(location: tuple[int | str, ...], kind: str, said: str) -> str:
    """One fault: where, what, and which environment variable it comes from, if from one."""
    names = [str(part) for part in location]
    variable = _PREFIX + "__".join(names).upper()
    place = ".".join(names) + (f" (from {variable})" if variable in os.environ else "")
    if kind != "extra_forbidden":
        return f"{place}: {said}"
    field = Config.model_fields.get(names[0])
    section = None if field is None or len(names) == 1 else field.annotation
    known = section if isinstance(section, type) and issubclass(section, _Section) else Config
    return f"{place}: there is no such name, but {', '.join(known.model_fields)}"


def _is_strange(name: str) -> bool:
    """Whether a variable looks like a value of a section that there is not."""
    section, sign, _ = name.removeprefix(_PREFIX).partition("__")
    return name.startswith(_PREFIX) and bool(sign) and section.lower() not in Config.model_fields


def _strange_variable(name: str) -> str:
    return f"{name} (environment): there is no such section, but {', '.join(Config.model_fields)}"


def _said_by(check: Callable[[Config], object], config: Config) -> str:
    try:
        check(config)
    except UsageError as error:
        return str(error)
    return ""


def _check_order(config: Config) -> None:
    """An entry of the configured size must be possible, or nothing ever trades."""
    sizing = parse_sizing(config.sizing.rule)
    if sizing.kind == "fixed":
        limits_of(config).check_order(Money(sizing.value), Money(config.account.cash))


def limits_of(config: Config) -> Limits:
    """The limits of the file as the core knows them."""
    return msgspec.convert(config.limits.model_dump(), Limits)


# Each is looked at, so that one run tells them all.
_RELATIONS: tuple[Callable[[Config], object], ...] = (limits_of, _check_order)


def default_text() -> str:
    """The text of a `thunes.toml` with every default written out, made from the model itself."""
    parts = ["# thunes.toml: every value here is the default; what you delete keeps it.\n"]
    for name, value in Config():
        parts.append(f"\n[{name}]\n")
        for field, info in type(value).model_fields.items():
            default = getattr(value, field)
            comment = f"  # {info.description}" if info.description else ""
            written = f"{field} = {_toml(default)}" if default is not None else f"# {field} ="
            parts.append(f"{written}{comment}\n")
    return "".join(parts)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)

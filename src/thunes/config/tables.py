"""The tables of `thunes.toml`: every setting with its type, its default and what it means."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from thunes.adapters.secrets.secret import Secret


def _listed(given: object) -> object:
    """Symbols as the environment gives them, with commas between."""
    if isinstance(given, str):
        return tuple(name.strip() for name in given.split(",") if name.strip())
    return given


def _texts(given: object) -> object:
    """Parameters as texts, which is how a strategy takes them; what is no plain value stays."""
    if not isinstance(given, dict):
        return given
    return {name: _text(value) for name, value in given.items()}


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else value


def _hidden(given: object) -> object:
    return Secret(given) if isinstance(given, str) else given


Symbols = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Parameters = Annotated[dict[str, str], BeforeValidator(_texts)]
Hidden = Annotated[Secret, BeforeValidator(_hidden), PlainSerializer(str)]

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Section(BaseModel):
    """A table of the file; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Run(Section):
    mode: Literal["paper", "live"] = Field(
        default="paper", description="paper: made-up money; live: real money, venue binance only."
    )
    venue: Literal["sandbox", "binance-testnet", "binance-demo", "binance"] = Field(
        default="sandbox", description="sandbox, binance-testnet, binance-demo or binance."
    )
    sandbox_url: str = Field(
        default="", description='A sandbox that runs already; "": one of its own is started.'
    )
    symbols: Symbols = Field(
        default=("BTCUSDT",), min_length=1, description="What is watched and may be traded."
    )
    timeframe: str = Field(default="1h", description="Of the bars that strategies see.")
    history_bars: int = Field(
        default=500, ge=1, le=100_000, description="Closed bars fetched before the first decision."
    )
    live_daily_loss_max: Decimal = Field(
        default=Decimal(100), gt=0, description="With mode live, limits.daily_loss is below this."
    )


class Plan(Section):
    """One strategy that runs; `[[strategy]]` may stand several times."""

    source: str = Field(default="sma_cross", description="A name, or FILE.py:Class.")
    name: str = Field(
        default="", description='What it is called; "": as its source. Two need two names.'
    )
    symbols: Symbols = Field(default=(), description="Which of run.symbols; none: all of them.")
    parameters: Parameters = Field(
        default={}, description="As `thunes strategies` lists them: { fast = 10, slow = 30 }."
    )


class _Account(Section):
    cash: Decimal = Field(default=Decimal(10_000), gt=0, description="Quote money to begin with.")
    quote: str = Field(default="USDT", description="The asset that money is counted in.")


class _Costs(Section):
    fee_bps: Decimal = Field(default=Decimal(10), ge=0, lt=1_000, description="Fee a side.")
    fee_asset: Literal["quote", "received", "bnb"] = Field(
        default="quote", description="quote, received (Binance without BNB) or bnb."
    )
    slippage_bps: Decimal = Field(
        default=Decimal(5), ge=0, lt=1_000, description="Half spread and slippage a side."
    )


class _Sizing(Section):
    rule: str = Field(
        default="fixed:100",
        description="all_cash, fixed:100, quantity:1, equity:10%, risk:1% or volatility:40%.",
    )


class _Entries(Section):
    cap: str = Field(
        default="",
        description='Most above the last price, "0.5%": entries then bring their stop along.',
    )


class _Exits(Section):
    stop: str = Field(default="2%", description='Stop below the entry; "" for none.')
    take_profit: str = Field(
        default="", description='Target above the entry, or a ladder: "2%:0.4,4%:0.4".'
    )
    break_even_after: int | None = Field(default=None, ge=1, description="Targets hit.")
    trail: str = Field(default="", description='Trailing distance below the highest close: "3%".')
    trail_after: int = Field(default=0, ge=0, description="Targets hit before trailing begins.")


class _Limits(Section):
    """Times are seconds, shares are fractions of equity, the rest is quote money."""

    max_positions: int | None = Field(default=3, ge=1, description="Held at once.")
    min_notional: Decimal | None = Field(
        default=Decimal(10), gt=0, description="What an entry is worth at least."
    )
    order_size: Decimal | None = Field(
        default=Decimal(1_000), gt=0, description="What an entry may cost."
    )
    loss_per_trade: Decimal | None = Field(
        default=Decimal(20), gt=0, description="What an entry may lose at its stop."
    )
    daily_loss: Decimal | None = Field(
        default=Decimal(200), gt=0, description="Lost since the day began (UTC): trading halts."
    )
    daily_loss_share: Decimal | None = Field(
        default=Decimal("0.05"), gt=0, description="The same, of the day's first equity."
    )
    daily_loss_lifted_by: Literal["operator", "day"] = Field(
        default="operator", description="Who ends that halt: operator, or day (the next one)."
    )
    symbol_exposure: Decimal | None = Field(
        default=Decimal("0.25"), gt=0, description="Held of one symbol, of equity."
    )
    total_exposure: Decimal | None = Field(
        default=Decimal(1), gt=0, description="Held of all symbols, of equity."
    )
    drawdown_warning: Decimal | None = Field(
        default=Decimal("0.10"), gt=0, description="Below the highest equity: no entries."
    )
    drawdown_limit: Decimal | None = Field(
        default=Decimal("0.15"), gt=0, description="Below the highest equity: trading halts."
    )
    max_spread: Decimal | None = Field(
        default=Decimal("0.01"), gt=0, description="Of the price; wider, nothing is entered."
    )
    max_age_s: int | None = Field(
        default=120, ge=1, description="Of what is known of the market; older, no entries."
    )
    loss_cool_down_s: int | None = Field(
        default=3_600, ge=1, description="After a losing trade, before the next entry."
    )
    signal_cool_down_s: int | None = Field(
        default=14_400, ge=1, description="After an entry, before the next in that symbol."
    )


class _Schedule(Section):
    daily_summary: str = Field(default="23:00", pattern=_CLOCK, description="When, in UTC.")
    parameter_snapshot: str = Field(default="08:00", pattern=_CLOCK, description="When, in UTC.")
    reconcile_every_s: int = Field(
        default=120, ge=10, le=3_600, description="The whole account is compared so often."
    )


class _Metrics(Section):
    port: int = Field(
        default=9_464, ge=0, le=65_535, description="Where Prometheus reads; 0: nowhere."
    )
    host: Literal["127.0.0.1", "::1"] = Field(
        default="127.0.0.1", description="This machine only: 127.0.0.1 or ::1."
    )


class _Logs(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )
    form: Literal["console", "json"] = Field(
        default="console", description="console for people, json for programs."
    )
    file: str = Field(
        default="", description='Written to as well, as JSON; "": thunes.log beside the journal.'
    )


class _Recorder(Section):
    """Quotes, trades and bars in columns, in `tape` beside the journal."""

    on: bool = Field(default=True, description="Whether what is heard of the market is recorded.")
    quote_every_ms: int = Field(
        default=1_000,
        ge=10,
        le=10_000,
        description="Of the quotes of a symbol the last one in so many is recorded; trades in a row"
        " at one price are one.",
    )
    keep_days: int = Field(
        default=30, ge=1, le=3_650, description="Days of quotes and trades; bars are kept for good."
    )


class _Storage(Section):
    tables: bool = Field(
        default=True,
        description="Whether SQL tables of the journal are kept beside what trades (extra sql).",
    )
    url: Hidden = Field(
        default=Secret(""),
        description='postgresql://HOST/NAME; "": SQLite in the state directory. '
        "One with a password belongs into DATABASE_URL.",
    )


class _Alerts(Section):
    telegram_chat_id: str = Field(
        default="", description="Who is told; the token is TELEGRAM_BOT_TOKEN."
    )
    webhook_chat_id: str = Field(
        default="", description="For webhooks that ask for one; the address is ALERT_WEBHOOK_URL."
    )


class Config(Section):
    """All of `thunes.toml`."""

    run: _Run = _Run()
    strategy: tuple[Plan, ...] = Field(default=(Plan(),), min_length=1)
    account: _Account = _Account()
    costs: _Costs = _Costs()
    sizing: _Sizing = _Sizing()
    entries: _Entries = _Entries()
    exits: _Exits = _Exits()
    limits: _Limits = _Limits()
    schedule: _Schedule = _Schedule()
    metrics: _Metrics = _Metrics()
    logs: _Logs = _Logs()
    recorder: _Recorder = _Recorder()
    storage: _Storage = _Storage()
    alerts: _Alerts = _Alerts()

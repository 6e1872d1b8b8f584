"""The report: complete, escaped, self-contained, short enough, whole or not written at all."""

import builtins
import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from tests.research import made_up
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import Symbol
from thunes.research import charts, page
from thunes.research.report import render, script_json, write_report
from thunes.research.result import BacktestResult, Finding

SECTIONS = [
    "headline",
    "findings",
    "equity",
    "candles",
    "months",
    "trades",
    "costs",
    "exposure",
    "measured",
]
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'"


class Reader(HTMLParser):
    """Sections in order, every address that a browser could follow, scripts, and shown text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.shown = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self._inside = tag
        found = dict(attrs)
        if tag == "section":
            self.sections.append(found["id"])
        wanted = ("src", "href", "action", "data", "poster", "srcset", "background")
        self.addresses += [found[name] for name in wanted if name in found]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.shown += data


@pytest.fixture(scope="module")
def sample() -> BacktestResult:
    return made_up.result()


@pytest.fixture(scope="module")
def html(sample: BacktestResult) -> str:
    return render(sample)


def drawn(text: str) -> dict[str, Any]:
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_sections_stand_in_reading_order(html: str) -> None:
    assert Reader(html).sections == SECTIONS


def test_headline_figures_stand_beside_their_baselines(html: str, sample: BacktestResult) -> None:
    shown = Reader(html).shown
    m = sample.metrics
    for value in (m.total_return, m.buy_and_hold_return, m.baseline.median):
        assert page.percent(value, signed=True) in shown
    assert "10,000.00 \u2192" in shown
    assert sample.outcome_hash in shown
    assert "Wide open" in shown


def test_findings_come_gravest_first(html: str) -> None:
    shown = Reader(html).shown
    places = [
        shown.index(f"{text}")
        for text in (
            "Random entries that",
            "90 days are",
            "3 bars held both stop and target; the stop",
        )
    ]
    assert places == sorted(places)


def test_page_asks_the_network_for_nothing(html: str) -> None:
    reader = Reader(html)
    assert reader.addresses == []
    assert not {"link", "img", "iframe", "object", "embed"} & set(reader.tags)
    assert "default-src 'none'" in html
    assert max(map(len, reader.scripts)) > 3_000_000, "plotly.js is inline"
    ours = [s for s in reader.scripts if len(s) < 1_000_000]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    for text in (*ours, style):
        assert not re.search(r"https?://|@import|url\(", text)


def test_size_is_bounded_for_a_year_of_minutes() -> None:
    text = render(made_up.result(count=525_600, per_symbol=3_000, symbols=1))
    assert len(text.encode()) < 7_000_000
    data = drawn(text)
    assert len(data["equity"]["t"]) <= charts.POINTS_MAX
    assert len(data["symbols"][0]["t"]) <= charts.CANDLES_MAX
    assert len(data["symbols"][0]["trades"]) == charts.TRADES_DRAWN_MAX
    shown = Reader(text).shown
    assert "bars of 1h are merged into one candle" in shown
    assert "The first 1,000 of 3,001 trades" in shown
    assert text.count("<tr data-number") == page.TRADES_LISTED_MAX


def test_rest_of_the_trades_is_named(sample: BacktestResult) -> None:
    many = replace(sample, trades=sample.trades * 25)
    assert "All of them are in trades.csv" in Reader(render(many, "trades.csv")).shown
    assert "trades.csv" not in render(sample, "trades.csv")


def test_text_of_users_is_shown_and_never_run(sample: BacktestResult) -> None:
    symbol = Symbol(EVIL)
    evil = replace(
        sample,
        title=EVIL,
        strategy=EVIL,
        parameters={EVIL: EVIL},
        symbols=(symbol, *sample.symbols[1:]),
        quote=EVIL,
        settings=((EVIL, EVIL),),
        candles={symbol: sample.candles[sample.symbols[0]], **sample.candles},
        trades=tuple(
            structs.replace(t, symbol=symbol, strategy=EVIL, exit_reason=EVIL)
            for t in sample.trades
        ),
        findings=(Finding(1, EVIL, EVIL),),
        outcome_hash=EVIL,
    )
    text = render(evil, EVIL)
    reader = Reader(text)
    assert EVIL in reader.shown
    assert "img" not in reader.tags
    assert reader.tags.count("script") == 3
    assert "alert(1)" not in "".join(s for s in reader.scripts if not s.startswith("{"))
    assert drawn(text)["symbols"][0]["symbol"] == EVIL


def test_script_json_reads_back_and_ends_no_script() -> None:
    said = script_json({"a": EVIL, "b": "<!-- \u2028"})
    assert not set("<>&\u2028") & set(said)
    assert json.loads(said) == {"a": EVIL, "b": "<!-- \u2028"}


def test_no_trade_at_all() -> None:
    text = render(made_up.result(count=200, per_symbol=0))
    shown = Reader(text).shown
    assert "The strategy made no trade." in shown
    assert "no closed trade" in shown


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_bar(count: int) -> None:
    sample = made_up.result(count=2, per_symbol=0, symbols=1)
    curve, symbol = sample.curve, sample.symbols[0]
    cut = {n: getattr(sample.candles[symbol], n)[:count] for n in made_up.BarColumns.__slots__}
    few = replace(
        sample,
        metrics=replace(sample.metrics, bars=count, cagr=None, baseline=None),
        curve=replace(
            curve, at=curve.at[:count], equity=curve.equity[:count], exposure=curve.exposure[:count]
        ),
        candles={symbol: made_up.BarColumns(**cut)},
        interval=None,
        findings=(),
    )
    text = render(few)
    shown = Reader(text).shown
    assert Reader(text).sections == SECTIONS
    assert ("No bar has closed yet." in shown) == (count == 0)
    assert len(drawn(text)["equity"]["t"]) == 1 + count
    assert "None of the checks" in shown


def test_open_position_is_listed_as_open(sample: BacktestResult, html: str) -> None:
    still = [t for t in sample.trades if t.exit_time is None]
    assert still
    assert html.count('<span class="open">open</span>') == len(still)
    assert f"{len(still)} open" in Reader(html).shown
    assert "open positions are marked at the last close" in html
    marks = [t for s in drawn(html)["symbols"] for t in s["trades"]]
    assert sum(t["exit"] is None for t in marks) == len(still)


def test_what_cannot_be_measured_is_a_dash(sample: BacktestResult) -> None:
    nothing = replace(
        sample.metrics,
        total_return=None,
        buy_and_hold_return=None,
        cagr=None,
        volatility=None,
        sharpe=None,
        psr=None,
        sortino=None,
        max_drawdown=None,
        profit_factor=None,
        baseline=None,
    )
    shown = Reader(render(replace(sample, metrics=nothing))).shown
    assert "nan" not in shown.lower().split()
    assert "None" not in shown


def test_equity_of_zero_or_nan_can_be_drawn(sample: BacktestResult) -> None:
    equity = sample.curve.equity.copy()
    equity[100:200] = np.nan
    equity[-50:] = 0
    text = render(replace(sample, curve=replace(sample.curve, equity=equity)))
    assert None in drawn(text)["equity"]["y"]


def test_stop_and_target_lines_reach_the_chart(sample: BacktestResult, html: str) -> None:
    trades = {t["number"]: t for s in drawn(html)["symbols"] for t in s["trades"]}
    for number, trade in enumerate(sample.trades, start=1):
        assert Decimal(str(trades[number]["stop"])) == trade.stop_price
        assert trades[number]["from"] * 1_000_000 == trade.entry_time
    assert any(t["target"] is None for t in trades.values())


def test_written_whole_and_alone(tmp_path: Path, sample: BacktestResult) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    write_report(sample, target)
    assert target.read_text("utf-8") == render(sample)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("place", ["missing/report.html", "file/report.html", "folder"])
def test_unwritable_place_is_named(tmp_path: Path, sample: BacktestResult, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ThunesError, match=re.escape(str((tmp_path / place).parent))):
        write_report(sample, tmp_path / place)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.parametrize("missing", ["plotly", "jinja2"])
def test_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, sample: BacktestResult, missing: str
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=missing)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=re.escape("pip install 'thunes[report]'")) as caught:
        render(sample)
    assert missing in str(caught.value)

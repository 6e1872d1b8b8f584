"""The pages of a search and of a walk forward: their words and pictures agree with the values,
nothing is run that others wrote, what is missing says why, and long data stays short."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.research import searches
from tests.research.test_report import EVIL, Reader
from thunes.core.domain.errors import ThunesError
from thunes.core.stats.drawdown import drawdown
from thunes.core.stats.fortunes import Fortunes
from thunes.core.stats.neighbourhood import Surroundings
from thunes.research.charts import POINTS_MAX
from thunes.research.search import search_charts, search_page, walk_charts, walk_page
from thunes.research.search.picturing import BINS, histogram, scale_of
from thunes.research.search.result import Searched, Tried, Walked
from thunes.research.search.search_page import write_search_page
from thunes.research.search.walk_page import write_walk_page
from thunes.research.verdict import Judgement, Reason, Verdict
from thunes.research.wording import DASH, percent, ratio

SEARCH_SECTIONS = [
    *("verdict", "figures", "front", "landscape", "overfitting", "importance", "equity"),
    *("history", "fortunes", "best", "settings"),
]
WALK_SECTIONS = [
    *("verdict", "figures", "equity", "windows", "inside", "drift"),
    *("fortunes", "table", "settings"),
]
SIZE_MAX = 8_000_000
YEAR = math.sqrt(365)


@pytest.fixture(scope="module")
def found() -> Searched:
    return searches.searched()


@pytest.fixture(scope="module")
def walk() -> Walked:
    return searches.walked()


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """Writes the page of whatever it is given and reads it back."""

    def written(value: Searched | Walked) -> str:
        path = tmp_path / "page.html"
        if isinstance(value, Searched):
            write_search_page(value, path)
        else:
            write_walk_page(value, path)
        assert list(tmp_path.iterdir()) == [path]
        return path.read_text("utf-8")

    return written


def drawn(text: str) -> dict[str, Any]:
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def words(text: str) -> str:
    return re.sub(r"\s+", " ", Reader(text).shown)


def tile(text: str, label: str) -> tuple[str, str]:
    """The figure and the note below a label."""
    found = re.search(
        rf'<dt>{re.escape(label)}</dt><dd>(.*?)</dd><dd class="note">(.*?)</dd>', text, re.DOTALL
    )
    return found[1], found[2]


def section(text: str, name: str) -> str:
    return text.split(f'<section id="{name}">')[1].split("</section>")[0]


@pytest.mark.parametrize("kind", ["search", "walk"])
def test_it_is_one_file_that_asks_the_network_for_nothing(
    kind: str, page: Any, found: Searched, walk: Walked
) -> None:
    text = page(found if kind == "search" else walk)
    reader = Reader(text)
    assert reader.sections == (SEARCH_SECTIONS if kind == "search" else WALK_SECTIONS)
    assert reader.addresses == []
    assert not {"link", "img", "iframe", "object", "embed"} & set(reader.tags)
    assert "default-src 'none'" in text
    ours = [s for s in reader.scripts if len(s) < 1_000_000]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert max(map(len, reader.scripts)) > 3_000_000
    for piece in (*ours, style):
        assert not re.search(r"https?://|@import|url\(", piece)


def test_every_place_that_is_drawn_stands_on_its_page(
    page: Any, found: Searched, walk: Walked
) -> None:
    for value, scripts in ((found, ("search.js",)), (walk, ("walk.js",))):
        text = page(value)
        assert all((Path(search_page.__file__).parent / name).exists() for name in scripts)
        script = Reader(text).scripts[-1]
        called = set(re.findall(r'(?:chart|drawBins|drawPair)\((?:c, )?"(\w+)"', script))
        assert called
        for name in called:
            assert f'id="{name}-chart"' in text, name


def test_the_verdict_and_its_reasons_come_first(page: Any, found: Searched) -> None:
    text = page(found)
    shown = words(text)
    assert re.search(r'class="stamp \w+">(\w+)<', text)[1] == found.judgement.verdict
    places = [shown.index(reason.text) for reason in found.judgement.reasons]
    assert places == sorted(places)
    assert max(places) < shown.index("How likely is it luck?") < shown.index("Best sets")
    table = section(text, "verdict")
    for reason in found.judgement.reasons:
        row = table.split(f">{reason.text}<")[0].rsplit("<tr>", 1)[1]
        assert f">{reason.says.value}</span>" in row
        assert reason.threshold in row
    assert f"{found.evidence.dsr:.4g}" in table
    assert f"{ratio(found.evidence.path_low * YEAR)} a year" in table


def test_figures_are_those_of_the_evidence(page: Any, found: Searched) -> None:
    text, e = page(found), found.evidence
    low, high = (ratio(end * YEAR) for end in e.interval)
    assert tile(text, "Sharpe ratio") == (
        ratio(e.record.sharpe * YEAR),
        f"a year; 95 % interval {low} to {high}",
    )
    for label, value in (
        ("PSR", e.psr),
        ("DSR, all trials", e.dsr_raw),
        ("DSR, effective trials", e.dsr),
        ("PBO", e.pbo),
        ("Loss out of sample", e.loss_probability),
    ):
        assert tile(text, label)[0] == percent(value), label
    assert f"all {e.trials:,} trials" in tile(text, "DSR, all trials")[1]
    assert f"{e.effective.strictest:,.1f} independent" in tile(text, "DSR, effective trials")[1]
    assert tile(text, "Degradation")[0] == ratio(e.degradation)
    assert tile(text, "SPA")[0] == f"p = {ratio(e.spa, 3)}"
    assert f"counted, {e.survivors} set" in tile(text, "SPA")[1]
    assert tile(text, "Worst paths")[0] == ratio(e.path_low * YEAR)
    assert tile(text, "Doubled costs")[0] == "+12.3 %"
    assert tile(text, "Gates")[0] == "all hold"
    assert tile(text, "MinTRL")[0] == f"{math.ceil(e.periods_needed):,} days"
    assert f"{e.record.observations:,} were measured" in tile(text, "MinTRL")[1]
    assert tile(text, "Plateau")[0] == percent(e.around.plateau, 0)
    assert tile(text, "Scores around it")[0] == ratio(e.around.low)
    fortunes = found.fortunes
    assert tile(text, "Ruin at 20 %")[0] == percent(np.mean(fortunes.drawdown <= -0.2))
    assert tile(text, "Ruin at 50 %")[0] == percent(np.mean(fortunes.drawdown <= -0.5))
    median = percent(np.median(fortunes.growth) - 1, signed=True)
    assert tile(text, "Return, median")[0] == median


def test_a_record_that_is_too_short_says_by_how_much(page: Any, found: Searched) -> None:
    e = replace(found.evidence, periods_needed=1_000.2)
    said = tile(page(replace(found, evidence=e)), "MinTRL")
    assert said[0] == "1,001 days"
    assert said[1].endswith(f"{1_001 - e.record.observations:,} too few")


def test_best_sets_are_listed_with_the_chosen_one(page: Any, found: Searched) -> None:
    text = page(found)
    rows = re.findall(r'<td class="n faint">(\d+)</td>', section(text, "best"))
    best = sorted(found.trials, key=lambda trial: -trial.score)[:50]
    numbers = [str(trial.number) for trial in best]
    chosen = str(found.trials[found.chosen].number)
    assert rows == (numbers if chosen in numbers else [*numbers, chosen])
    worst = int(np.argmin([trial.score for trial in found.trials]))
    other = page(replace(found, chosen=worst))
    rows = re.findall(r'<td class="n faint">(\d+)</td>', section(other, "best"))
    assert rows == [*numbers, str(found.trials[worst].number)]
    assert "and the chosen set" in words(other)
    first = best[0]
    line = section(text, "best").split(f">{first.number}</td>")[1].split("</tr>")[0]
    for value in (
        *first.parameters.values(),
        ratio(first.score, 3),
        ratio(first.sharpe),
        percent(first.total_return, signed=True),
        percent(first.max_drawdown),
        str(first.trades),
    ):
        assert f">{value}<" in line
    assert '<span class="pill peak">' in line
    assert "refused 37 more" in words(text)
    assert all(value in words(text) for pair in found.ran.settings for value in pair)
    assert "2 to 50, 25 values" in words(text)


def test_pictures_hold_every_trial_where_it_is(page: Any, found: Searched) -> None:
    data, trials = drawn(page(found)), found.trials
    front = data["front"]
    on_front = [trial for trial in trials if trial.on_front]
    assert len(front["front"]["x"]) == len(on_front)
    assert len(front["others"]["x"]) + len(on_front) == len(trials)
    assert front["front"]["x"] == sorted(front["front"]["x"])
    chosen = trials[found.chosen]
    assert front["chosen"]["y"] == pytest.approx([chosen.sharpe])
    assert front["chosen"]["x"] == pytest.approx([-chosen.max_drawdown])
    assert front["chosen"]["text"] == [
        f"#{chosen.number}: fast {chosen.parameters['fast']}, slow {chosen.parameters['slow']}"
    ]
    heat = data["heat"]
    assert heat["across"]["name"] == max(found.importance, key=found.importance.get)
    cell = {
        (row, column): heat["best"][row][column]
        for row in range(len(heat["up"]["labels"]))
        for column in range(len(heat["across"]["labels"]))
    }
    for trial in trials:
        across, up = heat["across"], heat["up"]
        column = across["labels"].index(trial.parameters[across["name"]])
        row = up["labels"].index(trial.parameters[up["name"]])
        assert cell[row, column] == pytest.approx(trial.score, rel=1e-7)
    assert [
        heat["across"]["labels"][heat["chosen"][0]],
        heat["up"]["labels"][heat["chosen"][1]],
    ] == [
        chosen.parameters[heat["across"]["name"]],
        chosen.parameters[heat["up"]["name"]],
    ]
    history = data["history"]
    assert history["best"] == sorted(history["best"])
    assert history["best"][-1] == pytest.approx(max(trial.score for trial in trials))
    assert max(data["drawdown"]["y"]) <= 0
    assert min(data["drawdown"]["y"]) == pytest.approx(drawdown(found.equity).min())


def test_overfitting_is_drawn_as_it_is_measured(page: Any, found: Searched) -> None:
    luck = drawn(page(found))["luck"]
    bins = luck["logits"]
    below = sum(y for y, low in zip(bins["y"], bins["below"], strict=True) if low)
    assert below == pytest.approx(found.luck.probability)
    assert below == pytest.approx(found.evidence.pbo)
    assert sum(bins["y"]) == pytest.approx(1)
    assert min(luck["inside"]) == pytest.approx(found.luck.in_sample.min() * YEAR)
    (x0, x1), (y0, y1) = luck["fitted"]["x"], luck["fitted"]["y"]
    assert (y1 - y0) / (x1 - x0) == pytest.approx(found.luck.degradation, rel=1e-5)


def test_cells_show_the_best_over_the_other_parameters(page: Any, found: Searched) -> None:
    """Three parameters, the third least important; one cell untried, one without a score."""
    rows = [
        ("1", "1", "a", 0.5),
        ("1", "1", "b", 0.9),
        ("1", "2", "a", None),
        ("2", "2", "b", -1.0),
    ]
    trials = tuple(
        replace(found.trials[0], number=i, score=score, parameters={"p": p, "q": q, "r": r})
        for i, (p, q, r, score) in enumerate(rows)
    )
    small = replace(
        found,
        names=("r", "p", "q"),
        trials=trials,
        chosen=1,
        peak=1,
        importance={"p": 0.6, "q": 0.3, "r": 0.1},
    )
    text = page(small)
    heat = drawn(text)["heat"]
    assert (heat["across"]["name"], heat["up"]["name"]) == ("p", "q")
    assert heat["best"] == [[0.9, None], [None, -1.0]]
    assert heat["tried"] == [[2, 0], [1, 1]]
    assert heat["no_score"] == [[0], [1]]
    assert drawn(text)["same"]
    assert "best score over all other parameters" in words(text)
    assert "a cross was tried and has no score" in words(text)
    assert "1 of them without a score" in words(text)
    shares = re.findall(r'<span class="name">(\w)</span>.*?class="value">(.*?)<', text)
    assert shares == [("p", "60.0 %"), ("q", "30.0 %"), ("r", "10.0 %")]


def test_one_parameter_is_a_line(page: Any, found: Searched) -> None:
    trials = tuple(
        replace(found.trials[0], number=i, score=score, parameters={"n": value})
        for i, (value, score) in enumerate([("10", 1.0), ("9", 2.0), ("10", 3.0), ("x", None)])
    )
    one = replace(found, names=("n",), trials=trials, chosen=0, peak=2, importance={"n": 1.0})
    data = drawn(page(one))
    assert data["heat"] is None
    line = data["line"]
    assert line["labels"] == ["9", "10", "x"]
    assert line["best"] == [2.0, 3.0, None]
    assert (line["chosen"], line["peak"], data["same"]) == (1, 1, False)


def test_what_cannot_be_judged_says_why(page: Any) -> None:
    text = page(searches.unjudged())
    reader = Reader(text)
    assert reader.sections == SEARCH_SECTIONS
    shown = words(text)
    assert f"{DASH} It could not be judged, because 9 days are fewer than 32." in shown
    assert f"{DASH} It could not be measured, because 9 days are fewer than 32." in shown
    assert f"{DASH} No draws were made" in shown
    assert f"{DASH} Too few scores to tell." in shown
    assert "The only one that was tried." in shown
    assert f"{DASH} No set has both a Sharpe ratio and a drawdown" in shown
    assert shown.count(f"{DASH} No set has a score.") == 2
    assert "A dash stands for" in shown
    assert not re.search(r"\bNone\b(?!\.)|\bnan\b", shown)
    data = drawn(text)
    assert data["luck"] is None
    assert data["fortunes"] is None
    assert data["front"]["chosen"]["x"] == []
    assert data["history"]["best"] == []


@pytest.mark.parametrize("names", [(), ("only",), ("a", "b", "c")])
def test_any_number_of_parameters(page: Any, names: tuple[str, ...]) -> None:
    text = page(searches.unjudged(3, names))
    assert ("No parameter was searched" in words(text)) == (not names)
    data = drawn(text)
    assert (data["line"] is not None, data["heat"] is not None) == (len(names) == 1, len(names) > 1)


def test_every_figure_may_be_missing(page: Any, found: Searched) -> None:
    e = replace(
        found.evidence,
        psr=None,
        dsr_raw=math.nan,
        dsr=None,
        periods_needed=None,
        degradation=None,
        doubled_costs=None,
        gates_hold=None,
        around=Surroundings(0, 1.0, 0.5, 0, None, None, None),
        path_low=math.nan,
        interval=(math.nan, 1.0),
    )
    text = page(replace(found, evidence=e, fortunes=None, importance={}))
    missing = ("PSR", "DSR, all trials", "DSR, effective trials", "MinTRL", "Degradation")
    for label in (*missing, "Doubled costs", "Gates", "Plateau", "Slope", "Shape", "Worst paths"):
        figure, note = tile(text, label)
        assert figure == DASH, label
        assert re.match("not|no ", note), label
    assert "no interval" in tile(text, "Sharpe ratio")[1]
    assert not re.search(r"\bNone\b|\bnan\b", words(text))
    alone = page(replace(found, evidence=replace(e, around=None)))
    assert tile(alone, "Plateau") == (
        DASH,
        "not measured: nothing says which trials are neighbours",
    )


@pytest.mark.parametrize("kind", ["search", "walk"])
def test_text_of_users_is_shown_and_never_run(
    kind: str, page: Any, found: Searched, walk: Walked
) -> None:
    ran = replace(
        found.ran,
        study=EVIL,
        strategy=EVIL,
        symbols=(EVIL,),
        quote=EVIL,
        settings=((EVIL, EVIL),),
    )
    judgement = Judgement(Verdict.HOLD, (Reason(EVIL, None, EVIL, Verdict.HOLD, EVIL),))
    evil = {EVIL: EVIL, "b": EVIL}
    if kind == "search":
        trials = tuple(replace(trial, parameters=evil) for trial in found.trials[:60])
        value = replace(
            found,
            ran=ran,
            names=(EVIL, "b"),
            trials=trials,
            chosen=1,
            peak=2,
            importance={EVIL: 0.5},
            judgement=judgement,
        )
    else:
        windows = tuple(replace(window, parameters=evil) for window in walk.windows)
        value = replace(walk, ran=ran, names=(EVIL, "b"), windows=windows, judgement=judgement)
    text = page(value)
    reader = Reader(text)
    assert EVIL in reader.shown
    assert "img" not in reader.tags
    assert reader.tags.count("script") == 3
    assert "alert(1)" not in "".join(s for s in reader.scripts if not s.startswith("{"))
    assert EVIL in json.dumps(drawn(text), ensure_ascii=False).replace('\\"', '"')


def test_thousands_of_trials_stay_short(page: Any, found: Searched) -> None:
    rng = np.random.default_rng(1)
    count, names = 5_000, tuple(f"parameter_{i}" for i in range(8))
    trials = tuple(
        Tried(
            number=i,
            parameters={name: f"{value:.6f}" for name, value in zip(names, row, strict=True)},
            score=score,
            sharpe=score,
            total_return=score / 5,
            max_drawdown=-abs(score) / 9,
            trades=i,
            on_front=i % 500 == 0,
        )
        for i, (row, score) in enumerate(
            zip(rng.random((count, 8)), rng.normal(0, 1, count).tolist(), strict=True)
        )
    )
    equity = 10_000 * np.exp(np.cumsum(rng.normal(0, 0.02, 20_000)))
    days = searches.START + np.arange(equity.size) * 86_400_000_000_000
    importance = {name: 0.1 + i / 100 for i, name in enumerate(names)}
    large = replace(
        found,
        names=names,
        trials=trials,
        chosen=17,
        peak=int(np.argmax([trial.score for trial in trials])),
        importance=importance,
        days=days,
        equity=equity,
    )
    text = page(large)
    assert len(text.encode()) < SIZE_MAX
    data = drawn(text)
    assert len(data["front"]["others"]["x"]) == search_charts.DOTS_MAX
    assert len(data["front"]["front"]["x"]) == 10
    assert data["front"]["left_out"] == count - 10 - search_charts.DOTS_MAX
    assert len(data["history"]["score"]) <= search_charts.DOTS_MAX
    assert max(data["history"]["score"]) == pytest.approx(max(t.score for t in trials))
    assert len(data["equity"]["t"]) <= POINTS_MAX
    heat = data["heat"]
    assert len(heat["across"]["labels"]) <= search_charts.CELLS_MAX
    assert sum(map(sum, heat["tried"])) == count
    assert max(v for row in heat["best"] for v in row if v is not None) == pytest.approx(
        max(t.score for t in trials)
    )
    assert heat["across"]["name"] == "parameter_7"
    assert "Neighbouring values share a cell" in words(text)
    rows = re.findall(r"<tr", section(text, "best"))
    assert len(rows) == 1 + search_page.SETS_LISTED_MAX + 1


def test_the_walk_shows_its_own_figures(page: Any, walk: Walked) -> None:
    text = page(walk)
    shown = words(text)
    assert shown.index(walk.judgement.reasons[0].text) < shown.index("Performance")
    total = percent(walk.total_return, signed=True)
    held = percent(float(walk.hold[-1]) / searches.INITIAL - 1, signed=True)
    assert tile(text, "Return") == (total, f"buy and hold {held}")
    assert tile(text, "Sharpe ratio")[0] == ratio(walk.sharpe)
    assert tile(text, "Sharpe ratio")[1].endswith("0.40 to 3.10")
    assert tile(text, "Maximum drawdown")[0] == percent(walk.max_drawdown)
    won = sum(window.test_return > 0 for window in walk.windows)
    assert tile(text, "Windows that earned") == (percent(walk.positive, 0), f"{won} of 12")
    assert tile(text, "PSR")[0] == percent(walk.psr)
    assert tile(text, "DSR") == (DASH, "not measured")
    assert tile(text, "MinTRL")[0] == f"{math.ceil(walk.periods_needed):,} days"
    assert tile(text, "Efficiency")[0] == percent(walk.efficiency, 0)
    assert "12 rolling windows" in shown
    table = section(text, "table")
    for window in walk.windows:
        line = table.split(f'faint">{window.number}</td>')[1].split("</tr>")[0]
        for value in (
            *window.parameters.values(),
            ratio(window.train_score, 3),
            ratio(window.train_sharpe),
            ratio(window.test_sharpe),
            percent(window.train_return_a_year, signed=True),
            percent(window.test_return_a_year, signed=True),
            percent(window.test_return, signed=True),
            percent(window.test_drawdown),
        ):
            assert f">{value}<" in line
    assert "2022-01-01 to<br>2022-06-30" in table


def test_the_walk_draws_its_windows(page: Any, walk: Walked) -> None:
    data = drawn(page(walk))
    windows = data["windows"]
    assert windows["number"] == [window.number for window in walk.windows]
    for name in ("train_start", "train_end", "test_start", "test_end"):
        assert [at * 1_000_000 for at in windows[name]] == [
            getattr(window, name) for window in walk.windows
        ]
    assert data["inside"]["sharpe"]["outside"] == pytest.approx(
        [window.test_sharpe for window in walk.windows]
    )
    assert data["inside"]["return"]["inside"] == pytest.approx(
        [window.train_return_a_year for window in walk.windows]
    )
    fast, slow, kind = data["drift"]
    assert fast["y"] == [float(window.parameters["fast"]) for window in walk.windows]
    assert fast["firsts"] == slow["firsts"] == []
    assert [kind["firsts"][place] for place in kind["y"]] == kind["text"]
    assert data["equity"]["y"] == pytest.approx(walk.equity)
    assert data["hold"]["y"] == pytest.approx(walk.hold)


def test_a_window_in_which_nothing_was_chosen(page: Any, walk: Walked) -> None:
    windows = (replace(walk.windows[0], parameters={}), *walk.windows[1:])
    text = page(replace(walk, windows=windows))
    data = drawn(text)
    for drift in data["drift"]:
        assert drift["y"][0] is None
        assert None not in drift["y"][1:]
        assert drift["text"][0] == DASH
    assert data["drift"][0]["firsts"] == []
    assert data["windows"]["text"][0] == "no set was chosen"
    line = section(text, "table").split("</tr>")[2]
    assert line.count(f'<td class="n">{DASH}</td>') == 3


def test_one_window_without_a_trade(page: Any, walk: Walked) -> None:
    idle = replace(
        walk.windows[0],
        train_score=None,
        train_sharpe=None,
        train_return_a_year=None,
        test_sharpe=None,
        test_return=0.0,
        test_return_a_year=None,
        test_drawdown=0.0,
        trades=0,
    )
    text = page(
        replace(
            walk,
            windows=(idle,),
            days=walk.days[:30],
            equity=np.full(30, searches.INITIAL),
            hold=walk.hold[:30],
            sharpe=None,
            total_return=0.0,
            max_drawdown=0.0,
            efficiency=None,
            positive=0.0,
            judgement=searches.UNJUDGED,
            interval=None,
            psr=None,
            periods_needed=None,
            fortunes=None,
        )
    )
    assert Reader(text).sections == WALK_SECTIONS
    for label in ("Sharpe ratio", "PSR", "DSR", "MinTRL", "Efficiency"):
        figure, note = tile(text, label)
        assert figure == DASH
        assert re.match("not|no ", note)
    assert "1 rolling window:" in words(text)
    assert "A dash stands for" in words(text)
    assert not re.search(r"\bNone\b|\bnan\b", words(text))
    assert drawn(text)["inside"]["sharpe"] == {"inside": [None], "outside": [None]}


def test_a_walk_without_a_day(page: Any, walk: Walked) -> None:
    nothing = np.zeros(0)
    text = page(
        replace(
            walk,
            windows=(),
            days=nothing.astype(np.int64),
            equity=nothing,
            hold=nothing,
            total_return=math.nan,
            max_drawdown=math.nan,
            positive=math.nan,
        )
    )
    assert tile(text, "Return") == (DASH, "not measurable: a day of the curve has no value")
    assert words(text).count("There was room for none.") == 2
    assert "There is no day to show." in words(text)


def test_hundreds_of_windows_stay_short(page: Any) -> None:
    text = page(searches.walked(count=1_200, train=60, test=10, anchored=True))
    assert len(text.encode()) < SIZE_MAX
    data = drawn(text)
    assert len(data["windows"]["number"]) == walk_charts.WINDOWS_DRAWN_MAX
    assert data["windows"]["number"][0] == 1
    assert data["windows"]["number"][-1] == 1_200
    assert len(data["equity"]["t"]) <= POINTS_MAX
    assert text.count('<td class="n faint">') == walk_page.WINDOWS_LISTED_MAX
    assert "250 of 1,200 are drawn" in words(text)
    assert "The first 500 of 1,200." in words(text)
    assert "1,200 anchored windows" in words(text)


def test_an_unwritable_place_is_named(tmp_path: Path, found: Searched, walk: Walked) -> None:
    for write, value in ((write_search_page, found), (write_walk_page, walk)):
        with pytest.raises(ThunesError, match=re.escape(str(tmp_path / "missing"))):
            write(value, tmp_path / "missing" / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["10", "9", "2.5", "9"], ("2.5", "9", "10")),
        (["b", "3", "a", "1e1"], ("3", "1e1", "a", "b")),
        (["nan", "1"], ("1", "nan")),
        ([], ()),
    ],
)
def test_values_in_order(values: list[str], labels: tuple[str, ...]) -> None:
    scale = scale_of(values, 10)
    assert scale.labels == labels
    assert scale.merged == 1
    assert all(scale.labels[scale.place[value]] == value for value in values)


def test_many_values_share_places() -> None:
    scale = scale_of([str(n) for n in range(95)], 10)
    assert len(scale.labels) == 10
    assert scale.merged == 10
    assert scale.labels[0] == "0 to 9"
    assert scale.labels[-1] == "90 to 94"
    assert scale.place["37"] == 3


@pytest.mark.parametrize(
    "values",
    [[], [0.0], [3.0, 3.0], [-1.0, 0.0, 1.0], [1e-12, -1e-12, 5.0], [math.inf, 1.0, math.nan, 2.0]],
)
def test_bins_end_at_zero(values: list[float]) -> None:
    known = [value for value in values if math.isfinite(value)]
    bins = histogram(np.array(values))
    assert len(bins["x"]) <= BINS + 2
    below = sum(y for y, low in zip(bins["y"], bins["below"], strict=True) if low)
    if known:
        assert sum(bins["y"]) == pytest.approx(1)
        assert below == pytest.approx(np.mean(np.array(known) <= 0))
        reach = bins["width"] / 2 + 1e-9
        assert min(bins["x"]) - reach <= min(known)
        assert max(known) <= max(bins["x"]) + reach


def test_ruin_and_no_draws(page: Any, found: Searched) -> None:
    none = Fortunes(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    assert "No draws were made" in words(page(replace(found, fortunes=none)))
    lost = Fortunes(np.full(9, 0.4), np.full(9, -0.6), np.full(9, 200))
    text = page(replace(found, fortunes=lost))
    assert tile(text, "Ruin at 50 %")[0] == "100.0 %"
    assert tile(text, "Return, median") == (percent(-0.6, signed=True), "100.0 % of the draws lose")
    assert drawn(text)["fortunes"]["growth"]["below"] == [True]

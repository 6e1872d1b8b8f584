"""The journal of an account: its decisions come out again, and each difference has a cause."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from tests.ops.rehearsals import asked
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_header, read_steps
from thunes.cli import app
from thunes.cli.lived import live_asked
from thunes.compose.headers import read_header_of
from thunes.compose.parity import Second, parity
from thunes.core.domain.errors import DataError, ThunesError, UsageError
from thunes.core.domain.event import BarsClosed
from thunes.core.domain.line import decode_line
from thunes.core.domain.market import BarColumns
from thunes.core.portfolio.sizing import parse_sizing
from thunes.ops.parity_certificate import Certificate
from thunes.ops.parity_terms import Cause


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    live_asked(asked(folder, 3))
    return folder / "state"


@pytest.fixture(scope="module")
def whole(state: Path) -> Certificate:
    return parity(state / "journal", None, True, Second())


def again(journal: Path, target: Path, change: tuple[bytes, bytes], step: int) -> Path:
    """The same journal with some words of one step changed, and a chain that fits."""
    made = Journal.create(target, read_header(journal))
    for sequence, data in read_steps(journal):
        made.append(data.replace(*change) if sequence == step else data, durable=False)
    made.close()
    return target


def test_every_decision_comes_out_again(whole: Certificate) -> None:
    assert whole.holds
    assert whole.decisions.steps == whole.decisions.equal > 300
    assert whole.rounds >= 3
    assert whole.fills.cases >= 2 * whole.same


def test_every_difference_has_one_cause_and_says_why(whole: Certificate) -> None:
    assert all(isinstance(each.cause, Cause) and each.why for each in whole.mismatches)
    assert sum(whole.by_cause.values()) == len(whole.mismatches)


def test_the_first_step_that_is_decided_otherwise_is_told_by_its_field(
    state: Path, tmp_path: Path
) -> None:
    journal = state / "journal"
    step, data = next(
        (n, data) for n, data in read_steps(journal) if b'"type":"place_orders"' in data
    )
    order = decode_line(data).commands[0].orders[0]
    amount = f'"quote_amount":"{order.quote_amount}"'.encode()
    changed = again(journal, tmp_path / "journal", (amount, b'"quote_amount":"77"'), step)
    found = parity(changed, None, True, Second()).decisions
    assert found.departure is not None
    assert found.departure.sequence == step
    assert found.departure.field.endswith("orders[0].quote_amount")
    assert (found.departure.recorded, found.departure.replayed) == (
        '"77"',
        f'"{order.quote_amount}"',
    )
    assert found.equal == step - 1
    assert found.share < 1


def test_bars_of_another_source_are_a_cause(state: Path) -> None:
    journal = state / "journal"
    bars = [
        bar
        for _, data in read_steps(journal)
        if isinstance(event := decode_line(data).event, BarsClosed)
        for bar in event.bars.get("BTCUSDT", ())
    ]
    names = BarColumns.__dataclass_fields__
    values = {name: np.array([getattr(bar, name) for bar in bars]) for name in names}
    moved = {n: v if n in ("open_time", "volume") else v * 1.01 for n, v in values.items()}
    same = parity(journal, None, True, Second({"BTCUSDT": BarColumns(**values)}))
    assert same.by_cause[Cause.DATA.value] == 0
    other = parity(journal, None, True, Second({"BTCUSDT": BarColumns(**moved)}))
    assert other.by_cause[Cause.DATA.value] >= other.rounds > 0
    assert any("differ: " in each for each in other.sources)


def test_other_rules_are_a_cause(state: Path) -> None:
    journal = state / "journal"
    run = read_header_of(read_header(journal), journal).run
    rules = replace(run, sizing=parse_sizing("fixed:200"))
    found = parity(journal, None, True, Second(rules=rules))
    assert found.by_cause[Cause.CONFIGURATION.value] > 0
    assert "sizing" in found.sources[-1]


def test_a_configuration_counts_with_all_its_rules(state: Path, tmp_path: Path) -> None:
    own = state.parent / "thunes.toml"
    other = tmp_path / "thunes.toml"
    other.write_text(own.read_text() + "[exits]\nstop = '1%'\n[entries]\ncap = '0.5%'\n")
    for file, said in ((own, "none"), (other, "exits, entry_cap")):
        words = ["parity", "--state", str(state), "--all", "--json", "--config", str(file)]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0, found.output
        assert json.loads(found.stdout)["sources"][-1] == f"rules that differ: {said}"


def test_a_day_is_compared_alone(state: Path) -> None:
    found = parity(state / "journal", None, False, Second())
    assert found.holds
    assert found.rounds <= parity(state / "journal", None, True, Second()).rounds


def test_the_verb_tells_it_and_writes_a_page(state: Path, tmp_path: Path) -> None:
    page = tmp_path / "parity.html"
    words = ["parity", "--state", str(state), "--all", "--json", "--report", str(page)]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0
    told = json.loads(said.stdout)
    assert told["decisions"]["share"] == 1.0
    assert set(told["trades"]["causes"]) == {cause.value for cause in Cause}
    assert "100 %" in page.read_text()
    assert "http" not in page.read_text().replace("http-equiv", "")


def refused(*words: str) -> str:
    with pytest.raises(ThunesError) as caught:
        CliRunner().invoke(app, ["parity", *words], catch_exceptions=False)
    return str(caught.value)


def test_what_cannot_be_compared_is_refused_by_name(state: Path, tmp_path: Path) -> None:
    assert "holds nothing of 2001-02-03" in refused("--state", str(state), "--day", "2001-02-03")
    assert "not a day" in refused("--state", str(state), "--day", "yesterday")
    assert "one of them" in refused("--state", str(state), "--day", "2024-01-01", "--all")
    assert "nothing" in refused("--state", str(tmp_path / "nothing"))
    file = tmp_path / "ETHUSDT_1m.parquet"
    assert "no file" in refused("--state", str(state), "--bars", f"ETHUSDT={file}")


def test_a_damaged_journal_and_one_of_another_version_are_refused(
    state: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(state / "journal", damaged)
    segment = min(damaged.glob("*.jsonl"))
    text = segment.read_bytes()
    segment.write_bytes(text[:5_000] + b"#" + text[5_001:])
    with pytest.raises(DataError, match="damaged"):
        parity(damaged, None, True, Second())
    newer = again(state / "journal", tmp_path / "newer", (b'"version":1', b'"version":9'), 3)
    with pytest.raises(DataError, match="version 9"):
        parity(newer, None, True, Second())
    run = read_header(state / "journal").replace(b'"account"', b'"else"')
    Journal.create(tmp_path / "strange", run).close()
    with pytest.raises(DataError, match="not one of ours"):
        parity(tmp_path / "strange", None, True, Second())


def test_the_journal_of_a_backtest_is_refused(state: Path, tmp_path: Path) -> None:
    header = json.loads(read_header(state / "journal"))
    del header["account"]
    Journal.create(tmp_path / "past", json.dumps(header).encode()).close()
    with pytest.raises(DataError, match="journal of a backtest"):
        parity(tmp_path / "past", None, True, Second())


def test_a_journal_without_a_bar_is_refused(state: Path, tmp_path: Path) -> None:
    Journal.create(tmp_path / "young", read_header(state / "journal")).close()
    with pytest.raises(DataError, match="no bar has closed"):
        parity(tmp_path / "young", None, True, Second())


def test_bars_that_do_not_reach_are_refused(state: Path) -> None:
    columns = BarColumns(np.array([0]), *(np.array([1.0]) for _ in range(5)))
    with pytest.raises(UsageError, match="reaches as far"):
        parity(state / "journal", None, True, Second({"BTCUSDT": columns}))
    with pytest.raises(UsageError, match="trades no such symbol"):
        parity(state / "journal", None, True, Second({"XUSDT": columns}))


def test_fills_cost_what_the_venue_takes(whole: Certificate) -> None:
    assert all(isinstance(each, Decimal) and each > 0 for each in whole.fees)

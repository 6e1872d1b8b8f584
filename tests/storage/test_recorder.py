"""What a recorder is told is on tape, in columns; what it was not told is known as a gap."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.adapters.storage.bars.duck import columns_of, duck
from thunes.adapters.storage.market import parts, recorder
from thunes.adapters.storage.market.gaps import Gap, look_through
from thunes.adapters.storage.market.parts import days_in, files_of
from thunes.adapters.storage.market.recorder import Recorder
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant, Symbol, parse_instant

DAY = "2026-11-21"
START = parse_instant(f"{DAY}T10:00:00Z")
D = Decimal


def at(second: float) -> Instant:
    return Instant(START + int(second * NS_PER_SECOND))


def quote(second: float, symbol: str = "BTCUSDT", bid: str = "60000.01") -> Quote:
    return Quote(at(second), symbol, D(bid), D("0.00012"), D(bid) + D("0.01"), D(3))


def trade(second: float, price: str, quantity: str, symbol: str = "BTCUSDT") -> PublicTrade:
    return PublicTrade(at(second), symbol, D(price), D(quantity))


def recording(folder: Path, every_ms: int = 1_000, keep_days: int = 30) -> Recorder:
    return Recorder(folder, every_ms, keep_days)


def written(folder: Path, name: str, day: str = DAY) -> dict[str, list[object]]:
    files = [str(path) for path in files_of(folder / name, day)]
    with duck() as connection:
        asked = connection.execute('SELECT * FROM read_parquet(?) ORDER BY "at", symbol', [files])
        return {column: values.tolist() for column, values in columns_of(asked).items()}


def test_quotes_and_trades_in_columns(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    kept.quoted(quote(0))
    kept.traded(trade(0, "60000.015", "0.5"))
    kept.flush(everything=True)
    kept.quoted(quote(1, bid="59999.99"))
    kept.flush(everything=True)
    kept.flush(everything=True)
    quotes = written(tmp_path, "quotes")
    assert quotes["bid"] == [60000.01, 59999.99]
    assert [D(repr(value)) for value in quotes["bid_quantity"]] == [D("0.00012")] * 2
    assert quotes["at"] == [at(0), at(1)]
    assert written(tmp_path, "trades")["price"] == [60000.015]
    assert len(files_of(tmp_path / "quotes", DAY)) == 2


def test_the_last_quote_of_an_interval_is_on_tape(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    for second, bid in ((0.1, "1"), (0.9, "2"), (1.0, "3"), (1.99, "4"), (7.5, "5")):
        kept.quoted(quote(second, bid=bid))
        kept.quoted(quote(second, "ETHUSDT", bid))
    kept.flush()
    assert written(tmp_path, "quotes")["bid"] == [2.0, 2.0, 4.0, 4.0], "the newest may yet change"
    kept.flush(everything=True)
    assert written(tmp_path, "quotes")["bid"] == [2.0, 2.0, 4.0, 4.0, 5.0, 5.0]


def test_trades_in_a_row_at_one_price_are_one(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    for second, price, quantity in (
        (0.1, "10", "1"),
        (0.2, "10.0", "2"),
        (0.3, "11", "1"),
        (0.4, "10", "1"),
        (1.1, "10", "5"),
    ):
        kept.traded(trade(second, price, quantity))
    kept.flush(everything=True)
    found = written(tmp_path, "trades")
    assert found["price"] == [10.0, 11.0, 10.0, 10.0]
    assert found["quantity"] == [3.0, 1.0, 1.0, 5.0]
    assert found["at"] == [at(0.1), at(0.3), at(0.4), at(1.1)]


@given(
    heard=st.lists(
        st.tuples(st.integers(0, 5_000), st.sampled_from("AB"), st.integers(1, 3)), max_size=60
    ),
    every_ms=st.sampled_from([10, 1_000, 10_000]),
)
def test_whatever_is_heard_conflation_loses_no_volume_and_no_last_quote(
    tmp_path_factory: pytest.TempPathFactory, heard: list[tuple[int, str, int]], every_ms: int
) -> None:
    folder = tmp_path_factory.mktemp("tape")
    kept = recording(folder, every_ms)
    last: dict[tuple[str, int], float] = {}
    volume = 0
    for ms, symbol, price in sorted(heard, key=lambda each: each[0]):
        kept.quoted(quote(ms / 1_000, symbol, str(price)))
        kept.traded(trade(ms / 1_000, str(price), str(price), symbol))
        last[symbol, at(ms / 1_000) // (every_ms * 1_000_000)] = float(price)
        volume += price
    kept.flush(everything=True)
    if not heard:
        assert days_in(folder / "quotes") == []
        return
    assert sorted(written(folder, "quotes")["bid"]) == sorted(last.values())
    assert sum(written(folder, "trades")["quantity"]) == volume  # type: ignore[arg-type]


def test_gaps_are_known(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    for second in (0, 4, 8, 40, 41):
        kept.quoted(quote(second))
        kept.quoted(quote(second / 2, "ETHUSDT"))
    kept.flush(everything=True)
    (day,) = look_through(tmp_path, longest_s=20)
    assert day.gaps == (Gap(Symbol("BTCUSDT"), at(8), at(40)),)
    assert (day.day, day.quotes, day.trades) == (DAY, 9, 0), "two are of one second"
    assert day.size > 100
    assert look_through(tmp_path / "elsewhere", longest_s=20) == []


def test_a_gap_over_midnight_is_of_the_day_in_which_it_ends(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    midnight = (NS_PER_DAY - START % NS_PER_DAY) / NS_PER_SECOND
    for second in (midnight - 30, midnight - 1, midnight + 3, midnight + 100):
        kept.quoted(quote(second))
        kept.quoted(quote(second if second < midnight else second + 40, "ETHUSDT"))
    kept.flush(everything=True)
    first, second_day = look_through(tmp_path, longest_s=35)
    assert (first.day, first.gaps, first.quotes) == (DAY, (), 4)
    assert [gap.symbol for gap in second_day.gaps] == ["ETHUSDT", "BTCUSDT", "ETHUSDT"]
    assert second_day.gaps[0] == Gap(Symbol("ETHUSDT"), at(midnight - 1), at(midnight + 43))


def test_what_cannot_be_written_waits_and_what_is_too_much_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING_MAX", 2)
    kept = recording(tmp_path)
    for second in range(4):
        kept.quoted(quote(second))
    assert kept.dropped == 1

    def full(*_: object) -> None:
        raise ThunesError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(parts, "write_parquet", full)
        for _ in range(2):
            with pytest.raises(ThunesError):
                kept.flush()
    kept.flush()
    assert len(written(tmp_path, "quotes")["at"]) == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "quotes").write_text("a file where a folder should be")
    kept = recording(tmp_path)
    kept.quoted(quote(0))
    with pytest.raises(ThunesError, match="quotes"):
        kept.flush(everything=True)


def many(folder: Path, count: int, keep_days: int = 30, first: int = 0) -> None:
    kept = recording(folder, keep_days=keep_days)
    for second in range(first, first + count):
        kept.quoted(quote(second))
        kept.flush(everything=True)


def test_parts_are_merged_and_every_row_stays_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MERGE_FROM", 4)
    many(tmp_path, 10)
    names = sorted(path.name for path in (tmp_path / "quotes" / DAY).iterdir())
    assert names[:2] == ["000000-000003.parquet", "000004-000007.parquet"]
    assert len(names) == 4
    assert written(tmp_path, "quotes")["at"] == [at(second) for second in range(10)]


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("removed", [None, 0, 1, 2])
def test_a_process_killed_at_any_point_of_a_merge_leaves_every_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int | None
) -> None:
    """Killed where it writes the merged file, or with so many of its parts removed."""
    many(tmp_path, 3)
    unlink, left = Path.unlink, [removed or 0]

    def dying(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".parquet":
            if left[0] == 0:
                raise Killed
            left[0] -= 1
        unlink(path, missing_ok=missing_ok)

    def half(sources: object, path: Path) -> None:
        path.write_bytes(b"PAR1 and no more")
        raise Killed

    with monkeypatch.context() as patched:
        if removed is None:
            patched.setattr(parts, "merge_parquet", half)
        else:
            patched.setattr(Path, "unlink", dying)
        with pytest.raises(Killed):
            many(tmp_path, 1, first=3)  # the next start merges what it finds
    assert written(tmp_path, "quotes")["at"] == [at(second) for second in range(3)]
    many(tmp_path, 1, first=3)
    assert written(tmp_path, "quotes")["at"] == [at(second) for second in range(4)]
    every = list((tmp_path / "quotes" / DAY).iterdir())
    assert sorted(every) == files_of(tmp_path / "quotes", DAY), "nothing else is left there"


def test_a_part_that_was_being_written_is_put_away_at_the_next_start(tmp_path: Path) -> None:
    many(tmp_path, 1)
    torn = tmp_path / "quotes" / DAY / "000001.parquet.thunes-unfinished"
    torn.write_bytes(b"PAR1 and no more")
    many(tmp_path, 1, first=1)
    assert not torn.exists()
    assert written(tmp_path, "quotes")["at"] == [at(0), at(1)]


def test_days_beyond_those_kept_go_and_a_clock_that_is_wrong_takes_one_at_most(
    tmp_path: Path,
) -> None:
    day = 86_400
    kept = recording(tmp_path, keep_days=3)
    for number in (0, 1, 2, 3):
        kept.quoted(quote(number * day))
        kept.flush(everything=True)
    days = days_in(tmp_path / "quotes")
    assert days == ["2026-11-22", "2026-11-23", "2026-11-24"]
    kept.quoted(quote(4_000 * day))
    kept.flush(everything=True)
    assert days_in(tmp_path / "quotes")[:2] == days[1:]


def test_what_comes_while_a_part_is_written_is_of_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a busy stream would have a part for each row, and the writer never an end."""
    kept = recording(tmp_path)
    write, heard = parts.write_parquet, iter(range(2, 100))

    def slowly(path: Path, columns: Any) -> None:
        kept.quoted(quote(next(heard)))
        write(path, columns)

    monkeypatch.setattr(parts, "write_parquet", slowly)
    kept.quoted(quote(0))
    kept.quoted(quote(1))
    kept.flush()
    assert written(tmp_path, "quotes")["at"] == [at(0)]
    kept.flush(everything=True)
    assert written(tmp_path, "quotes")["at"] == [at(0), at(1), at(2)]


def test_what_comes_late_at_midnight_makes_no_parts_of_its_own(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    midnight = (NS_PER_DAY - START % NS_PER_DAY) // NS_PER_SECOND
    for number in range(20):
        kept.quoted(quote(midnight - 1, f"C{number}USDT"))
    for second in (0, 1):
        for number in range(20):
            kept.quoted(quote(midnight + second, f"C{number}USDT"))
    kept.flush()
    assert [len(files_of(tmp_path / "quotes", day)) for day in days_in(tmp_path / "quotes")] == [
        1,
        1,
    ]


def test_rows_of_two_days_are_in_two_folders(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    for second in range(0, 20 * 3_600, 3_600):
        kept.quoted(quote(second))
    kept.flush(everything=True)
    found = [written(tmp_path, "quotes", day)["at"] for day in days_in(tmp_path / "quotes")]
    assert [len(times) for times in found] == [14, 6]
    assert all(one < other for one, other in pairwise([*found[0], *found[1]]))

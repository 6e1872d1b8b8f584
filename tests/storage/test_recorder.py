"""What a recorder is told is on tape, in columns; what it was not told is known as a gap."""

from decimal import Decimal
from pathlib import Path

import pytest

from thunes.adapters.storage import recorder
from thunes.adapters.storage.bars.duck import columns_of, duck
from thunes.adapters.storage.recorder import Gap, Recorder, gaps
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, parse_instant

DAY = "2026-11-21"
START = parse_instant(f"{DAY}T10:00:00Z")
D = Decimal


def quote(second: float, symbol: str = "BTCUSDT", bid: str = "60000.01") -> Quote:
    at = Instant(START + int(second * NS_PER_SECOND))
    return Quote(at, symbol, D(bid), D("0.00012"), D(bid) + D("0.01"), D(3))


def written(folder: Path, name: str) -> dict[str, list[object]]:
    with duck() as connection:
        found = columns_of(
            connection.execute(
                'SELECT * FROM read_parquet(?) ORDER BY "at"',
                [str(folder / name / DAY / "*.parquet")],
            )
        )
    return {column: values.tolist() for column, values in found.items()}


def test_quotes_and_trades_in_columns(tmp_path: Path) -> None:
    kept = Recorder(tmp_path)
    kept.quoted(quote(0))
    kept.traded(PublicTrade(START, "BTCUSDT", D("60000.015"), D("0.5")))
    kept.flush()
    kept.quoted(quote(1, bid="59999.99"))
    kept.flush()
    kept.flush()
    quotes = written(tmp_path, "quotes")
    assert quotes["bid"] == [60000.01, 59999.99]
    assert [D(repr(value)) for value in quotes["bid_quantity"]] == [D("0.00012")] * 2
    assert quotes["at"] == [START, START + NS_PER_SECOND]
    assert written(tmp_path, "trades")["price"] == [60000.015]
    assert len(list((tmp_path / "quotes" / DAY).iterdir())) == 2
    assert not list(tmp_path.rglob("*.tmp"))


def test_gaps_are_known(tmp_path: Path) -> None:
    kept = Recorder(tmp_path)
    for second in (0, 4, 8, 40, 41):
        kept.quoted(quote(second))
        kept.quoted(quote(second / 2, "ETHUSDT"))
    kept.flush()
    begin, end = (Instant(START + second * NS_PER_SECOND) for second in (8, 40))
    assert gaps(tmp_path, DAY, longest_s=20) == [Gap("BTCUSDT", begin, end)]
    assert gaps(tmp_path, "2026-11-20", longest_s=20) == []


def test_what_cannot_be_written_waits_and_what_is_too_much_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING_MAX", 2)
    kept = Recorder(tmp_path)
    for second in range(3):
        kept.quoted(quote(second))
    assert kept.dropped == 1

    def full(*_: object) -> None:
        raise ThunesError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "write_parquet", full)
        with pytest.raises(ThunesError):
            kept.flush()
    kept.flush()
    assert len(written(tmp_path, "quotes")["at"]) == 2


def test_it_writes_what_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    kept = Recorder(tmp_path)
    kept.quoted(quote(0))
    kept.stop()
    kept.run()
    assert len(written(tmp_path, "quotes")["at"]) == 1

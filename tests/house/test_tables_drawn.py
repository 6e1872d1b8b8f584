"""The drawn state tables are those of the code."""

from tests.house.draw_tables import PAGE, diagram, page
from thunes.core.domain.mode import Cause, Mode


def test_the_page_is_drawn_from_the_code() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.house.draw_tables"


def test_another_table_is_another_drawing() -> None:
    table = {Mode.NORMAL: {Cause.DAILY_LOSS: Mode.HALTED}, Mode.HALTED: {}}
    assert "normal --> halted: daily_loss" in diagram(table)
    assert diagram({Mode.NORMAL: {}}) != diagram(table)

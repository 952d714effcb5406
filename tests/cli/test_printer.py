"""Tables, values, colours: what the Printer writes is what the data says."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from floe.cli.printer import Printer
from floe.cli.style import Palette, display_width, wants_colour, width_of
from floe.cli.table import render_table
from floe.cli.values import as_json, as_text

PLAIN = Palette(enabled=False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def table(columns: list[str], rows: list[tuple[object, ...]], width: int | None = None) -> list[str]:
    return list(render_table(columns, rows, PLAIN, width).lines)


def test_text_is_left_and_numbers_are_right() -> None:
    assert table(["team", "goals"], [("Brazil", 1207), ("Italy", 88)]) == [
        "team    goals",
        "------  -----",
        "Brazil   1207",
        "Italy      88",
    ]


def test_columns_align_by_what_the_terminal_shows() -> None:
    rows = [("Łukasz", "a"), ("日本", "b"), ("e\u0301", "c"), ("plain", "d")]
    lines = table(["name", "x"], rows)
    assert {display_width(line) for line in lines} == {9}
    assert display_width("日本e\u0301") == 5


def test_markup_and_control_characters_in_data_are_shown_and_not_obeyed() -> None:
    """lesson 10"""
    lines = table(["text"], [("[bold]not markup[/bold]",), ("two\nlines\t\x1b[31m",)])
    assert lines[2:] == ["[bold]not markup[/bold]", "two\\nlines\\t\\x1b[31m"]


@pytest.mark.parametrize("width", [80, 40, 20, 10])
def test_a_table_fits_its_terminal(width: int) -> None:
    columns = ["id", "description", "comment", "amount"]
    rows: list[tuple[object, ...]] = [(1, "word " * 20, "日本語 " * 9, Decimal("1234567.89")), (22, "x", None, None)]
    lines = table(columns, rows, width)
    assert max(display_width(line) for line in lines) <= width


def test_text_gives_way_before_numbers_do() -> None:
    lines = table(["text", "amount"], [("a long text that cannot stay", 1234567890123)], 30)
    assert lines[2] == "a long text th…  1234567890123"


def test_columns_that_cannot_fit_are_named() -> None:
    columns = [f"column_{number}" for number in range(10)]
    rendered = render_table(columns, [tuple(range(10))], PLAIN, 40)
    assert rendered.lines[0].startswith("column_0")
    assert rendered.hidden[-1] == "column_9"
    assert len(rendered.hidden) == 6
    assert max(len(line) for line in rendered.lines) <= 40


def test_nothing_is_cut_where_nothing_limits_the_width() -> None:
    assert table(["text"], [("x" * 500,)])[2] == "x" * 500


@pytest.mark.parametrize(
    ("value", "text", "json_value"),
    [
        (None, "NULL", None),
        (True, "true", True),
        (2**100, str(2**100), 2**100),
        (0.1, "0.1", 0.1),
        (float("nan"), "nan", "nan"),
        (Decimal("12.50"), "12.50", 12.5),
        (Decimal(7), "7", 7),
        (Decimal("1E+3"), "1000", 1000.0),
        (Decimal("0.12345678901234567890"), "0.12345678901234567890", "0.12345678901234567890"),
        (date(2026, 1, 31), "2026-01-31", "2026-01-31"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31 12:00:00+00:00", "2026-01-31T12:00:00+00:00"),
        (time(12, 30), "12:30:00", "12:30:00"),
        (timedelta(days=1), "1 day, 0:00:00", "1 day, 0:00:00"),
        (b"\x00\xff", "00ff", "00ff"),
        ([1, None, "é"], '[1, null, "é"]', [1, None, "é"]),
        ({"a": Decimal("1.5")}, '{"a": 1.5}', {"a": 1.5}),
    ],
)
def test_values_as_text_and_as_json(value: object, text: str, json_value: object) -> None:
    assert as_text(value) == text
    assert as_json(value) == json_value
    json.dumps(as_json(value), allow_nan=False)


@pytest.mark.parametrize(
    ("environ", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour_follows_the_environment_and_the_stream(environ: dict[str, str], terminal: bool, colour: bool) -> None:
    assert wants_colour(Terminal() if terminal else io.StringIO(), environ) is colour


def test_columns_sets_the_width_even_of_a_pipe() -> None:
    assert width_of(io.StringIO(), {"COLUMNS": "120"}) == 120
    assert width_of(io.StringIO(), {}) is None


def test_quiet_silences_what_is_said_but_no_warning() -> None:
    out, err = io.StringIO(), io.StringIO()
    printer = Printer(out, err, {})
    printer.verbosity = -1
    printer.say("said")
    printer.hint("hinted")
    printer.warn("warned")
    printer.data("data")
    assert (out.getvalue(), err.getvalue()) == ("data\n", "warning: warned\n")

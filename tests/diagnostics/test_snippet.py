"""Carets stand under what they mean, whatever the source line holds."""

import textwrap
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.render import render
from floe.diagnostics.snippet import snippet
from floe.diagnostics.span import Span


def cells(text: str) -> int:
    """Width of a text in a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    narrow = sum(unicodedata.category(character) in ("Mn", "Me", "Cf") for character in text)
    return len(text) + wide - narrow


def shown(line: str, part: str, label: str = "", width: int = 73) -> tuple[str, str]:
    column = line.index(part) + 1
    laid_out = snippet(Span("f", 1, column, column + len(part), line), label, width)
    return laid_out.text, laid_out.indent + laid_out.carets


@pytest.mark.parametrize(
    "line",
    [
        "key: value",
        "\tkey:\tvalue",
        "名前: value",
        "e\u0301te\u0301: value",
        "caf\u00e9: value",
        "  日本 \t 語: value # 語",
    ],
)
def test_carets_align_after_tabs_wide_and_accented_characters(line: str):
    text, carets = shown(line, "value")
    assert cells(carets) == cells(text[: text.index("value")]) + len("value")
    assert carets.strip() == "^^^^^"


def test_carets_under_wide_characters_are_as_wide_as_they():
    assert shown("key: 日本", "日本") == ("key: 日本", "     ^^^^")


def test_a_point_has_one_caret():
    assert snippet(Span("f", 1, 4, 4, "key"), "", 73).carets == "^"


def test_a_long_line_is_cut_around_what_is_marked():
    line = "a" * 89 + "BBBBB" + "c" * 100
    diagnostic = Diagnostic("FLOE-0107", "too long", Span("floe.yaml", 3, 90, 95, line), label="here")
    assert render([diagnostic]) == textwrap.dedent(
        """\
        error[FLOE-0107]: too long
          --> floe.yaml:3:90
           |
         3 | ...aaaaaaaaaaaaaaaaaaaaBBBBBcccccccccccccccccccccccccccccccccccccccccccc...
           |                        ^^^^^ here
           |
        hint: run `floe explain FLOE-0107`

        found 1 error in 1 file"""
    )


def test_a_label_without_room_goes_below_its_carets():
    line = "a" * 60 + "BBBBB"
    diagnostic = Diagnostic("FLOE-0107", "far", Span("floe.yaml", 3, 61, 66, line), label="did you mean `something`?")
    assert render([diagnostic]).splitlines()[3:6] == [
        f" 3 | {line}",
        "   | " + " " * 60 + "^^^^^",
        "   | did you mean `something`?",
    ]


CHARACTERS = st.sampled_from([*"ab: \t", "日", "\u0301", "é", "\x1b", "\u200d", "😀"])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the machine may be busy
@given(
    st.lists(CHARACTERS, max_size=200).map("".join),
    st.integers(1, 210),
    st.integers(0, 210),
    st.text("xy ", max_size=90),
)
def test_no_line_is_wider_than_eighty_cells(line: str, column: int, length: int, label: str):
    laid_out = snippet(Span("f", 1, column, column + length, line), label, 75)
    caret_line = laid_out.indent + laid_out.carets + (f" {laid_out.label[0]}" if laid_out.label_beside else "")
    assert cells(laid_out.text) <= 75
    assert cells(caret_line) <= 76
    assert laid_out.carets
    assert all(cells(part) <= 75 for part in laid_out.label)


@pytest.mark.parametrize("shift", range(4))
def test_wide_characters_that_the_cut_divides_do_not_move_the_carets(shift: int):
    line = "日" * 60 + "a" * shift + "BBB" + "本" * 60
    text, carets = shown(line, "BBB")
    assert cells(text) <= 73
    assert cells(carets) == cells(text[: text.index("BBB")]) + 3

"""What users and machines read of diagnostics, whole."""

import json
import textwrap

import pytest

from floe.cli.options import format_option
from floe.diagnostics.diagnostic import Diagnostic, Note, Severity
from floe.diagnostics.documents import as_document
from floe.diagnostics.render import FORMATS, Format, count_line, render
from floe.diagnostics.span import Span

UNKNOWN = Diagnostic(
    code="FLOE-0103",
    message="unknown field `transfroms`",
    span=Span("floe.yaml", 7, 1, 11, "transfroms:"),
    label="did you mean `transforms`?",
    notes=(Note("a rule in platform.yaml:12 applies here", Span("platform.yaml", 12, 3, 7, "  rule: x")),),
)
EARLIER = Diagnostic(
    code="FLOE-0106",
    message="`version` must be text, found the number `1.0`",
    span=Span("floe.yaml", 2, 10, 13, "version: 1.0"),
    label='write "1.0.0"',
    hints=("put the version in quotes",),
)
WARNING = Diagnostic("FLOE-0119", "nothing here", Span("a.yaml", 100, 1, 1, ""), severity="warning")


def text(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


def test_full_format_is_sorted_by_file_and_line_and_ends_with_a_count():
    assert render([UNKNOWN, EARLIER, WARNING]) == text(
        """
        warning[FLOE-0119]: nothing here
            --> a.yaml:100:1
        hint: run `floe explain FLOE-0119`

        error[FLOE-0106]: `version` must be text, found the number `1.0`
          --> floe.yaml:2:10
           |
         2 | version: 1.0
           |          ^^^ write "1.0.0"
           |
        hint: put the version in quotes
        hint: run `floe explain FLOE-0106`

        error[FLOE-0103]: unknown field `transfroms`
          --> floe.yaml:7:1
           |
         7 | transfroms:
           | ^^^^^^^^^^ did you mean `transforms`?
           |
        note: a rule in platform.yaml:12 applies here
         12 |   rule: x
            |   ----
        hint: run `floe explain FLOE-0103`

        found 2 errors and 1 warning in 2 files
        """
    )


def test_concise_format_is_one_line_each():
    assert render([UNKNOWN, EARLIER], "concise") == text(
        """
        floe.yaml:2:10: FLOE-0106 `version` must be text, found the number `1.0` (write "1.0.0")
        floe.yaml:7:1: FLOE-0103 unknown field `transfroms` (did you mean `transforms`?)
        found 2 errors in 1 file
        """
    )


def test_json_format_is_one_document_with_a_schema_version():
    document = json.loads(render([UNKNOWN], "json"))
    assert document == as_document([UNKNOWN])
    assert document == {
        "schema_version": 1,
        "errors": 1,
        "warnings": 0,
        "diagnostics": [
            {
                "code": "FLOE-0103",
                "severity": "error",
                "message": "unknown field `transfroms`",
                "file": "floe.yaml",
                "line": 7,
                "column": 1,
                "end_column": 11,
                "label": "did you mean `transforms`?",
                "notes": [
                    {
                        "text": "a rule in platform.yaml:12 applies here",
                        "file": "platform.yaml",
                        "line": 12,
                        "column": 3,
                        "end_column": 7,
                    }
                ],
                "hints": [],
            }
        ],
    }


def test_github_format_escapes_what_workflow_commands_would_obey():
    awkward = Diagnostic("FLOE-0103", "50%\nof it", Span("a,b:c.yaml", 7, 1, 11), label="no", hints=("go",))
    assert render([awkward, WARNING], "github") == text(
        """
        ::error file=a%2Cb%3Ac.yaml,line=7,col=1,endColumn=11,title=FLOE-0103::50%25 of it%0Ano%0Ago
        ::warning file=a.yaml,line=100,col=1,endColumn=1,title=FLOE-0119::nothing here
        """
    )


def test_the_command_line_offers_every_format():
    (option,) = format_option(lambda: None).__click_params__
    assert tuple(option.type.choices) == FORMATS


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_diagnostic_without_a_place_is_shown_in_every_format(output_format: Format):
    assert "nowhere" in render([Diagnostic("FLOE-0119", "nowhere")], output_format)


def test_a_style_colours_parts_and_changes_no_character():
    def bracketed(role: str, part: str) -> str:
        return f"<{role}>{part}</>"

    coloured = render([UNKNOWN], style=bracketed)
    assert coloured.startswith("<error>error[FLOE-0103]</>: <message>unknown field `transfroms`</>\n")
    assert "<error>^^^^^^^^^^</> <caret>did you mean `transforms`?</>" in coloured
    plain = coloured.replace("</>", "")
    for role in ("error", "message", "place", "gutter", "caret", "note", "hint"):
        plain = plain.replace(f"<{role}>", "")
    assert plain == render([UNKNOWN])


def test_square_brackets_stay_as_they_are():  # lesson 10
    assert "`[bold]x[/bold]`" in render([Diagnostic("FLOE-0103", "unknown field `[bold]x[/bold]`")])


def test_a_message_cannot_send_commands_to_the_terminal():
    sly = Diagnostic("FLOE-0103", "a\x1b[31mb\nc", Span("f", 1, 1, 2, "x\x1b[2Jy"))
    rendered = render([sly])
    assert "\x1b" not in rendered
    assert rendered.startswith("error[FLOE-0103]: a\ufffd[31mb c\n")


@pytest.mark.parametrize(
    ("severities", "line"),
    [
        ((), "found no errors"),
        (("error",), "found 1 error in 1 file"),
        (("error", "error"), "found 2 errors in 1 file"),
        (("warning",), "found 1 warning in 1 file"),
        (("error", "warning", "warning"), "found 1 error and 2 warnings in 1 file"),
    ],
)
def test_the_count_line_counts(severities: tuple[Severity, ...], line: str):
    place = Span("floe.yaml", 1, 1, 2)
    assert count_line([Diagnostic("FLOE-0103", "x", place, severity=severity) for severity in severities]) == line


def test_the_count_line_counts_files_where_there_are_any():
    places = [Span("floe.yaml", 1, 1, 2), Span("floe.yaml", 2, 1, 2), Span("platform.yaml", 1, 1, 2), None]
    assert count_line([Diagnostic("FLOE-0103", "x", place) for place in places]) == "found 4 errors in 2 files"
    assert count_line([Diagnostic("FLOE-0901", "x")]) == "found 1 error"

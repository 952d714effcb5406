"""Anything can be in a file: each mistake of notation is one clear diagnostic with its place."""

import os
import re
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from floe.config import decoding, reading
from floe.config.reading import read_file, read_text
from floe.diagnostics.render import render

CASES = {
    "empty file": ("", "1:1", "the file is empty"),
    "comments only": ("# nothing\n", "1:1", "the file is empty"),
    "empty document": ("---\n", "2:1", "expected keys with values, found nothing (not `key: value`)"),
    "bare text file": ("hello world\n", "1:1", "expected keys with values, found text (not `key: value`)"),
    "null at the top": ("null\n", "1:1", "expected keys with values, found the empty value (not `key: value`)"),
    "list at the top": ("- a\n- b\n", "1:1", "expected keys with values, found a list (not `key: value`)"),
    "tab": ("a:\n\t- b\n", "2:1", "a tab in the indentation (YAML allows spaces only)"),
    "bad indentation": (
        "a:\n  b: 1\n c: 2\n",
        "3:2",
        "this does not continue what is above (check the indentation and quotes)",
    ),
    "list entry without dash": (
        "a:\n  - b: 1\n   c: 2\n",
        "3:4",
        "an entry of a list must begin with `-` (check the indentation)",
    ),
    "colon in a text": ("a: b: c\n", "1:5", "`:` is not expected here (check the indentation, or quote the text)"),
    "key without colon": ("a: 1\nb\n", "2:2", "a key has no `:` (write `key: value`)"),
    "open bracket": ("a: 1\nb: [1, 2\n", "2:4", "a list is not closed with `]` (it begins here)"),
    "open brace": ("a: {b: 1\nc: 2\n", "1:4", "a mapping is not closed with `}` (it begins here)"),
    "open quote": ('a: "b\nc: 1\n', "1:4", "a quoted text is not closed (it begins here)"),
    "text after a quote": (
        "a: 'it's'\n",
        "1:8",
        "this does not continue what is above (check the indentation and quotes)",
    ),
    "at sign": ("a: @b\n", "1:4", "a text cannot begin with `@` (write it in quotes)"),
    "backtick": ("a: `b`\n", "1:4", "a text cannot begin with a backtick (write it in quotes)"),
    "unknown escape": (
        'a: "c:\\data"\n',
        "1:7",
        "an unknown escape in a text in double quotes (write `\\\\` for a backslash)",
    ),
    "YAML directive": ("%YAML 3.0\n---\na: 1\n", "1:1", "the YAML version is not supported (leave `%YAML` out)"),
    "second document": ("a: 1\n---\nb: 2\n", "2:1", "a second document in the file (only one is allowed)"),
    "no-break space": (
        "a:\n  b: 1\n \xa0c: d: e\n",
        "3:2",
        "a no-break space in the indentation (YAML allows spaces only)",
    ),
    "alias without anchor": (
        "a: *x\n",
        "1:4",
        "no anchor `&x` above this alias (write `&x` before a value above, or this in quotes)",
    ),
    "misspelt alias": ("a: &base 1\nb: *bas\n", "2:4", "no anchor `&bas` above this alias (did you mean `*base`?)"),
    "alias of itself": ("a: &x [*x]\n", "1:8", "alias `*x` stands inside of what `&x` names (write the value out)"),
    "merge key of a text": (
        "a: {<<: b}\n",
        "1:9",
        "`<<` needs keys with values, found text (name an anchor of them)",
    ),
    "merge key of lists": (
        "a: {<<: [[1]]}\n",
        "1:10",
        "`<<` needs keys with values, found a list (name an anchor of them)",
    ),
    "merge key without anchor": (
        "a: {<<: *x}\n",
        "1:9",
        "no anchor `&x` above this alias (write `&x` before a value above, or this in quotes)",
    ),
    "two merge keys": ("a: {<<: {b: 1}, <<: {c: 1}}\n", "1:17", "duplicate key `<<` (given again here)"),
    "duplicate in a merged mapping": ("a: {<<: {b: 1, b: 2}}\n", "1:16", "duplicate key `b` (given again here)"),
    "anchored key": ("&x a: b\n", "1:1", "a key cannot have a tag or an anchor (leave it out)"),
    "alias as key": ("a: &x b\n*x : c\n", "2:1", "a key must be text, found an alias"),
    "glob without quotes": (
        "a: *.csv\n",
        "1:5",
        "a text that begins with `*`, `&`, `!` or `%` must be in quotes (write it in quotes)",
    ),
    "list behind a key": (
        "a: - b\n",
        "1:4",
        "an entry of a list is not expected here (begin the list on a line of its own)",
    ),
    "text behind a bar": (
        "a: |b\n",
        "1:5",
        "text stands behind `|` or `>` (begin it on the next line, or write it in quotes)",
    ),
    "question mark": ("a: ? b\n", "1:4", "`?` is not expected here (write it in quotes)"),
    "directive of another kind": (
        "%b: c\n",
        "1:3",
        "a text that begins with `*`, `&`, `!` or `%` must be in quotes (write it in quotes)",
    ),
    "text above keys": (
        '"a"\nb: c\n',
        "1:1",
        "expected keys with values, found text (not `key: value`)",
    ),
    "tag": ("a: !secret b\n", "1:4", "tag `!secret` is not supported (leave it out)"),
    "python tag": (
        "a: !!python/name:os.system b\n",
        "1:4",
        "tag `!!python/name:os.system` is not supported (leave it out)",
    ),
    "number as key": ("1: a\n", "1:1", 'a key must be text, found the number `1` (write "1")'),
    "boolean as key": ("no: a\n", "1:1", 'a key must be text, found the boolean `no` (write "no")'),
    "nothing as key": ("~: a\n", "1:1", 'a key must be text, found the empty value `~` (write "~")'),
    "list as key": ("[a]: b\n", "1:1", "a key must be text, found a list"),
    "number without digits": ("a: 0x_\n", "1:4", "`0x_` is not a number that can be used (write it in quotes)"),
    "octal number": (
        "a: 010\n",
        "1:4",
        "readers of YAML do not agree on what this number is (leave out a leading `0`, `_` and `:`, or quote it)",
    ),
    "time without quotes": (
        "a: [10:30]\n",
        "1:5",
        "readers of YAML do not agree on what this number is (leave out a leading `0`, `_` and `:`, or quote it)",
    ),
    "infinity": ("a: -.inf\n", "1:4", "`-.inf` is not a number that can be used (write it in quotes)"),
    "endless number": (
        "a: " + "9" * 5000,
        "1:4",
        f"`{'9' * 40}` is not a number that can be used (write it in quotes)",
    ),
    "control character": ("a: b\nc: d\x00e\n", "2:5", "a control character (U+0000) in the file (delete it)"),
    "deep nesting": ("a: " + "[" * 500, "1:44", "more than 40 levels of nesting"),
}


def report(text: str) -> list[str]:
    return render(read_text(text, "floe.yaml", None).diagnostics, "concise").splitlines()


@pytest.mark.parametrize(("text", "place", "message"), CASES.values(), ids=CASES)
def test_a_mistake_of_notation_is_one_diagnostic_with_its_place(text: str, place: str, message: str):
    code = "FLOE-0104" if message.startswith("duplicate") else "FLOE-0102"
    assert report(text) == [f"floe.yaml:{place}: {code} {message}", "found 1 error in 1 file"]


@pytest.mark.parametrize(("text", "place"), [(text, place) for text, place, _ in CASES.values()], ids=CASES)
def test_the_reader_without_the_c_library_finds_the_same_mistakes(
    text: str, place: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)
    (line, count) = report(text)
    assert line.split(":")[0:2] == ["floe.yaml", place.split(":", maxsplit=1)[0]]
    assert count == "found 1 error in 1 file"


def test_duplicate_keys_are_errors_with_both_positions():
    found = read_text("a: 1\nb:\n  c: 1\n  c: [2]\na: 2\n", "floe.yaml", None)
    assert render(found.diagnostics) == textwrap.dedent(
        """\
        error[FLOE-0104]: duplicate key `c`
          --> floe.yaml:4:3
           |
         4 |   c: [2]
           |   ^ given again here
           |
        note: first given at floe.yaml:3:3
         3 |   c: 1
           |   -
        hint: run `floe explain FLOE-0104`

        error[FLOE-0104]: duplicate key `a`
          --> floe.yaml:5:1
           |
         5 | a: 2
           | ^ given again here
           |
        note: first given at floe.yaml:1:1
         1 | a: 1
           | -
        hint: run `floe explain FLOE-0104`

        found 2 errors in 1 file"""
    )
    assert [diagnostic.notes[0].span.line for diagnostic in found.diagnostics] == [3, 1]
    assert found.document.value == {"a": 1, "b": {"c": 1}}


def test_scalars_are_what_yaml_says_and_dates_stay_text():
    text = "a: yes\nb: 3\nc: 1.5\nd:\ne: 2024-01-31\nf: 'no'\ng: 0x1f\nh: [~, {i: x}]\n"
    assert read_text(text, "floe.yaml", None).document.value == {
        "a": True,
        "b": 3,
        "c": 1.5,
        "d": None,
        "e": "2024-01-31",
        "f": "no",
        "g": 31,
        "h": [None, {"i": "x"}],
    }


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_marks_and_line_breaks_of_other_systems_do_not_move_positions(
    line_break: str, mark: bytes, tmp_path: Path
):
    file = tmp_path / "floe.yaml"
    file.write_bytes(mark + line_break.join(["name: é", "日本: {b: x}", ""]).encode())
    document = read_file(file, "floe.yaml", None).document
    assert document.value == {"name": "é", "日本": {"b": "x"}}
    span = document.positions.span("日本", "b")
    assert (span.line, span.column, span.end_column, span.text) == (2, 9, 10, "日本: {b: x}")


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("name: café\n".encode("latin-1"), 1, 10),
        (b"a: 1\nb: \xc3", 2, 4),
        (b"\xef\xbb\xbfa: 1\r\nb: x\xff\r\n", 2, 5),
    ],
)
def test_a_file_of_another_encoding_is_refused_at_its_first_foreign_byte(
    content: bytes, line: int, column: int, tmp_path: Path
):
    file = tmp_path / "floe.yaml"
    file.write_bytes(content)
    (found,) = read_file(file, "floe.yaml", None).diagnostics
    assert found.code == "FLOE-0102"
    assert re.fullmatch("the file is not UTF-8 text: the byte 0x[0-9A-F]{2} is not", found.message)
    assert (found.span.line, found.span.column) == (line, column)
    assert found.hints == ("save the file in the encoding UTF-8",)


def test_what_cannot_be_read_is_reported_by_the_systems_reason(tmp_path: Path):
    (found,) = read_file(tmp_path, "floe.yaml", None).diagnostics
    assert (found.code, found.message) == ("FLOE-0119", "cannot read `floe.yaml`: is a directory")
    assert (found.span.file, found.span.line) == ("floe.yaml", 1)


def test_spans_are_of_values_of_keys_and_of_the_nearest_that_exists():
    text = "sources:\n  orders:\n    files: [a.csv, 'b.csv']\n    mode:\ntransforms:\n  - path: x\n"
    positions = read_text(text, "floe.yaml", None).document.positions

    def part(*path: str | int) -> tuple[int, str]:
        span = positions.span(*path)
        return span.line, span.text[span.column - 1 : span.end_column - 1]

    assert part("sources", "orders", "files", 1) == (3, "'b.csv'")
    assert part("sources", "orders", "files") == (3, "[a.csv, 'b.csv']")
    assert part("sources", "orders", "mode") == (4, "mode")
    assert part("sources", "orders") == (2, "orders")
    assert part("sources", "orders", "layer", "x") == (2, "orders")
    assert part("transforms", 0) == (6, "path")
    assert part("nothing") == (1, "sources")
    assert positions.key_span("sources", "orders", "files").text.strip() == "files: [a.csv, 'b.csv']"
    assert positions.key_span("sources", "orders", "files").column == 5
    assert positions.key_span("sources", "orders", "files", 0).column == 13


def test_braces_around_a_variable_reference_get_a_note():
    (found,) = read_text("a: {path: ${HERE}}\n", "platform.yaml", {}).diagnostics
    assert [note.text for note in found.notes] == ["inside `{ }` a text with `${...}` must be in quotes"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_of_wide_characters_is_refused_by_its_encodings_name(encoding: str, tmp_path: Path):
    file = tmp_path / "floe.yaml"
    file.write_bytes('name: shop\nversion: "1.0.0"\n'.encode(encoding))
    (found,) = read_file(file, "floe.yaml", None).diagnostics
    name = encoding.upper()[:6]
    assert (found.code, found.message) == ("FLOE-0102", f"the file is {name} text, not UTF-8")
    assert (found.span.line, found.span.column, found.hints) == (1, 1, ("save the file in the encoding UTF-8",))


ANCHORED = """\
sources:
  orders: &csv
    files: [a.csv]
    options: {header: yes}
  returns: *csv
  stock:
    <<: *csv
    files: [b.csv]
  prices:
    mode: replace
    <<: [{mode: merge, unique_key: &key [id]}, *csv]
  rates: {unique_key: *key}
"""


def test_anchors_aliases_and_merge_keys_mean_what_yaml_says():
    reading = read_text(ANCHORED, "floe.yaml", None)
    assert reading.diagnostics == []
    assert reading.document.value == yaml.safe_load(ANCHORED)


def test_what_an_alias_brings_is_found_where_it_is_written_and_where_it_is_used():
    positions = read_text(ANCHORED, "floe.yaml", None).document.positions

    def places(*path: str | int) -> tuple[int, int | None]:
        span = positions.span(*path)
        return span.line, span.used_at and span.used_at.line

    assert places("sources", "orders", "options", "header") == (4, None)
    assert places("sources", "returns") == (5, None)
    assert places("sources", "returns", "options", "header") == (4, 5)
    assert places("sources", "stock", "files", 0) == (8, None)
    assert places("sources", "stock", "options", "header") == (4, 7)
    assert places("sources", "prices", "files") == (3, 11)
    assert places("sources", "prices", "unique_key", 0) == (11, None)
    assert places("sources", "rates", "unique_key", 0) == (11, 12)


def test_an_anchor_that_is_given_again_leaves_earlier_aliases_alone():
    text = "a: &x 1\nb: &y {k: *x}\nc: &x 2\nd: *y\ne: *x\n"
    assert read_text(text, "floe.yaml", None).document.value == {"a": 1, "b": {"k": 1}, "c": 2, "d": {"k": 1}, "e": 2}


def test_a_mistake_in_a_value_that_aliases_use_is_reported_once_where_it_is_written():
    lines = report("a: &x {k: 1, k: 2}\nb: *x\nc: *x\n")
    assert lines == ["floe.yaml:1:14: FLOE-0104 duplicate key `k` (given again here)", "found 1 error in 1 file"]


def test_a_mistake_that_only_a_use_of_an_alias_makes_names_that_use():
    found = read_text("owner: &x hunter2\nb: {password: *x}\n", "floe.yaml", None)
    assert render(found.diagnostics).splitlines()[:8] == [
        "error[FLOE-0112]: plaintext credential in `password`",
        "  --> floe.yaml:1:11",
        "   |",
        " 1 | owner: &x *******",
        "   |           ^^^^^^^ use `secret_ref`",
        "   |",
        "note: used at floe.yaml:2:15",
        " 2 | b: {password: *x}",
    ]


def growing(entry: str) -> str:
    return "a0: &a0 {k: [lol]}\n" + "".join(
        f"a{n}: &a{n} {entry.format(','.join([f'*a{n - 1}'] * 9))}\n" for n in range(1, 15)
    )


@pytest.mark.parametrize(
    "text",
    [
        growing("[{}]"),
        growing("{{<<: [{}]}}"),
        "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 2000)),
    ],
    ids=["lists of lists", "merges of merges", "a long chain"],
)
def test_aliases_that_grow_without_end_are_one_error_in_bounded_time(text: str):
    begin = time.process_time()
    (found,) = read_text(text, "floe.yaml", None).diagnostics
    assert time.process_time() - begin < 5
    assert (found.code, found.message) == ("FLOE-0102", "the aliases of the file stand for more than Floe reads")
    assert found.span.text[found.span.column - 1] == "*"


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_unicode_separators_end_lines_as_in_yaml(separator: str):
    found = read_text(f"a: 1{separator}b: 2{separator}b: 3\n", "floe.yaml", None)
    (duplicate,) = found.diagnostics
    assert (duplicate.span.line, duplicate.span.column, duplicate.notes[0].span.line) == (3, 1, 2)


@pytest.mark.parametrize("count", [2_000])
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_very_long_lines_are_read_and_shown_in_part(count: int, loader: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "_Loader", getattr(yaml, loader))
    line = "{" + ", ".join(f"key_{n}: value_{n}" for n in range(count)) + ", key_7: again}\n"
    found = read_text(f"vars: {line}", "floe.yaml", None)
    assert len(found.document.value["vars"]) == count
    shown = render(found.diagnostics).splitlines()
    assert max(map(len, shown)) <= 80
    assert "key_7: again" in shown[3]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "a: " + "{b: " * 100_000, "- " * 50_000, "".join(f"{' ' * n}k:\n" for n in range(1000))],
    ids=["brackets", "braces", "dashes", "keys"],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_any_depth_is_refused_without_recursion(text: str, loader: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "_Loader", getattr(yaml, loader))
    (found,) = read_text(text, "floe.yaml", None).diagnostics
    assert found.code == "FLOE-0102"
    assert found.span.line >= 1


def test_a_file_of_ten_megabytes_is_read_and_one_beyond_the_limit_refused_unread(tmp_path: Path):
    file = tmp_path / "floe.yaml"
    file.write_text(
        "name: shop\ndescription: |\n" + "  a line of sixty characters, as people write descriptions.....\n" * 160_000
    )
    begin = time.process_time()
    assert read_file(file, "floe.yaml", None).diagnostics == []
    assert time.process_time() - begin < 20
    with file.open("ab") as stream:
        stream.truncate(decoding.MAX_MEGABYTES * 2**20 + 1)
    (found,) = read_file(file, "floe.yaml", None).diagnostics
    assert (found.code, found.message) == ("FLOE-0119", "`floe.yaml` has more than 16 MB")


def unreadable(folder: Path) -> Path:
    """A file whose content the system refuses, also to root."""
    file = folder / "floe.yaml"
    file.write_text("name: shop\n")
    file.chmod(0)
    if os.access(file, os.R_OK):
        file.unlink()
        file.symlink_to("/proc/self/mem")
    return file


def test_a_file_that_cannot_be_read_is_reported_by_the_systems_reason(tmp_path: Path):
    (found,) = read_file(unreadable(tmp_path), "floe.yaml", None).diagnostics
    assert found.code == "FLOE-0119"
    assert found.message.startswith("cannot read `floe.yaml`: ")

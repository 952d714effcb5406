"""`floe validate`: what a user reads for each mistake, in every format, with the right status on the right stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Floe

VALID = 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n'


@pytest.fixture(autouse=True)
def project(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/orders.sql").write_text("select 1 as id\n")
    (tmp_path / "floe.yaml").write_text(VALID)
    return tmp_path


def test_a_valid_project_is_said_to_be_so(floe: Floe) -> None:
    assert floe("validate").filtered() == "exit 0\n--- out\n--- err\nok: project `shop` is valid\n"
    assert floe("validate", "-q").filtered() == "exit 0\n--- out\n--- err\n"


def test_verbose_says_which_platform_applies_and_why(floe: Floe, project: Path) -> None:
    assert floe("validate", "-v").err == (
        "platform: built-in for environment local: no platform file was found\nok: project `shop` is valid\n"
    )
    platform = json.loads(floe("validate", "--json").out)["platform"]
    assert platform == {"environment": "local", "source": "built-in", "reason": "no platform file was found"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            VALID.replace("transforms", "transfroms"),
            "error[FLOE-0103]: unknown field `transfroms`\n"
            "  --> floe.yaml:3:1\n"
            "   |\n"
            " 3 | transfroms: [{type: dbt, path: models}]\n"
            "   | ^^^^^^^^^^ did you mean `transforms`?\n"
            "   |\n"
            "hint: run `floe explain FLOE-0103`\n"
            "\n"
            "found 1 error in 1 file\n",
            id="unknown key",
        ),
        pytest.param(
            VALID.replace('"1.0.0"', "1.0"),
            "error[FLOE-0106]: `version` must be text, found the number `1.0`\n"
            "  --> floe.yaml:2:10\n"
            "   |\n"
            " 2 | version: 1.0\n"
            '   |          ^^^ write "1.0.0"\n'
            "   |\n"
            "hint: run `floe explain FLOE-0106`\n"
            "\n"
            "found 1 error in 1 file\n",
            id="wrong type",
        ),
        pytest.param(
            VALID.replace("path: models", "path: ./modls"),
            "error[FLOE-0109]: folder `./modls` does not exist\n"
            "  --> floe.yaml:3:32\n"
            "   |\n"
            " 3 | transforms: [{type: dbt, path: ./modls}]\n"
            "   |                                ^^^^^^^ did you mean `./models`?\n"
            "   |\n"
            "note: the nearest that exists is `./models`\n"
            "hint: run `floe explain FLOE-0109`\n"
            "\n"
            "found 1 error in 1 file\n",
            id="missing folder",
        ),
        pytest.param(
            "this is a letter, not a configuration\n",
            "error[FLOE-0102]: expected keys with values, found text\n"
            "  --> floe.yaml:1:1\n"
            "   |\n"
            " 1 | this is a letter, not a configuration\n"
            "   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not `key: value`\n"
            "   |\n"
            "hint: run `floe explain FLOE-0102`\n"
            "\n"
            "found 1 error in 1 file\n",
            id="bare text",
        ),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_its_way_out(
    floe: Floe, project: Path, content: str, expected: str
) -> None:
    (project / "floe.yaml").write_text(content)
    assert floe("validate").filtered() == f"exit 1\n--- out\n--- err\n{expected}"


def test_all_mistakes_are_found_in_one_pass_and_counted(floe: Floe, project: Path) -> None:
    (project / "floe.yaml").write_text('name: 1shop\nversion: "1"\nowner: [a]\ntransforms: [{type: dbt, path: x}]\n')
    outcome = floe("validate")
    assert outcome.status == 1
    assert [line for line in outcome.err.splitlines() if line.startswith("  --> ")] == [
        "  --> floe.yaml:1:7",
        "  --> floe.yaml:2:10",
        "  --> floe.yaml:3:8",
        "  --> floe.yaml:4:32",
    ]
    assert outcome.err.endswith("\nfound 4 errors in 1 file\n")


def test_machine_formats_go_to_standard_output(floe: Floe, project: Path) -> None:
    (project / "floe.yaml").write_text(VALID.replace("transforms", "transfroms"))
    assert floe("validate", "--format", "concise").filtered() == (
        "exit 1\n--- out\n"
        "floe.yaml:3:1: FLOE-0103 unknown field `transfroms` (did you mean `transforms`?)\nfound 1 error in 1 file\n"
        "--- err\n"
    )
    github = floe("validate", "--format", "github")
    assert github.out.startswith("::error file=floe.yaml,line=3,col=1,endColumn=11,title=FLOE-0103::unknown field")
    assert github.err == ""
    sarif = json.loads(floe("validate", "--format", "sarif").out)
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["FLOE-0103"]


@pytest.mark.parametrize("command", ["validate", "compile"])
def test_a_valid_project_says_in_each_format_that_nothing_is_wrong(floe: Floe, command: str) -> None:
    assert floe(command, "-q", "--format", "concise").out == ""
    assert floe(command, "-q", "--format", "github").out == ""
    assert json.loads(floe(command, "-q", "--format", "sarif").out)["runs"][0]["results"] == []


@pytest.mark.parametrize("command", ["validate", "compile"])
def test_files_are_named_from_where_the_command_runs_for_those_who_annotate_them(
    floe: Floe, project: Path, command: str
) -> None:
    (project / "deep/er").mkdir(parents=True)
    (project / "deep/er/floe.yaml").write_text("transfroms: []\n")
    out = floe("-C", "deep/er", command, "--format", "github").out
    assert out.startswith("::error file=deep/er/floe.yaml,line=1,col=1,")


def test_what_dbt_refuses_has_its_place_in_every_format_of_compile(floe: Floe, project: Path) -> None:
    (project / "models/broken.sql").write_text("select 1 as id\n, {{ missing_macro() }} as x\n")
    outcome = floe("compile", "--format", "github")
    assert outcome.status == 1
    assert outcome.out.startswith("::error file=models/broken.sql,line=2,col=1,endColumn=1,title=FLOE-0201::dbt cannot")
    (result,) = json.loads(floe("compile", "--format", "sarif").out)["runs"][0]["results"]
    assert result["ruleId"] == "FLOE-0201"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert json.loads(floe("compile", "--format", "json").out)["error"]["code"] == "FLOE-0201"
    assert floe("compile").err.startswith("error[FLOE-0201]: dbt cannot compile")


@pytest.mark.parametrize("words", [("--json",), ("--format", "json"), ("--json", "-v"), ("-vv", "--json")])
def test_json_is_one_document_and_nothing_else_on_standard_output(
    floe: Floe, project: Path, words: tuple[str, ...]
) -> None:
    """lesson 10"""
    valid = json.loads(floe("validate", *words).out)
    assert (valid["schema_version"], valid["status"], valid["diagnostics"]) == (1, "ok", [])
    (project / "floe.yaml").write_text("transfroms: []\n")
    outcome = floe("validate", *words)
    document = json.loads(outcome.out)
    assert (outcome.status, outcome.err) == (1, "")
    assert (document["status"], document["errors"]) == ("error", len(document["diagnostics"]))
    assert {"code", "message", "file", "line", "column"} <= set(document["diagnostics"][0])


def test_a_folder_without_a_project_is_an_error_of_the_call(floe: Floe, project: Path) -> None:
    (project / "floe.yaml").unlink()
    assert floe("validate").filtered() == (
        "exit 2\n--- out\n--- err\n"
        "error[FLOE-0101]: no `floe.yaml` in `.`\n"
        "hint: change to the project's folder, or run `floe init`\n"
    )
    assert json.loads(floe("validate", "--json").out)["error"]["code"] == "FLOE-0101"


def test_an_environment_without_a_platform_file_is_an_error_of_the_call(floe: Floe) -> None:
    outcome = floe("validate", "--env", "prod")
    assert outcome.status == 2
    assert "error[FLOE-0116]: environment `prod` has no platform file" in outcome.err
    assert "  looked for platform/prod/platform.yaml\n" in outcome.err


def test_markup_in_a_message_is_not_eaten(floe: Floe, project: Path) -> None:
    """lesson 10"""
    (project / "floe.yaml").write_text(VALID.replace("shop", '"[bold]shop[/bold]"'))
    assert "`[bold]shop[/bold]`" in floe("validate").err


def test_validate_loads_neither_dbt_nor_an_engine_nor_a_drawing_library(
    loaded_by: Callable[..., set[str]],
) -> None:
    heavy = {"dbt", "duckdb", "pyiceberg", "pyarrow", "rich", "sqlglot"}
    loaded = {name.partition(".")[0] for name in loaded_by("validate")}
    assert "yaml" in loaded
    assert not heavy & loaded


def test_a_slip_in_dbts_yaml_fails_validate_and_a_run_only_warns_of_it(floe: Floe, project: Path) -> None:
    (project / "models/schema.yml").write_text("models:\n  - name: orders\n    descripton: all\n")
    outcome = floe("validate")
    assert outcome.status == 1
    assert outcome.err == (
        "error[FLOE-0150]: unknown key `descripton`: dbt ignores it\n"
        "  --> models/schema.yml:3:5\n"
        "   |\n"
        " 3 |     descripton: all\n"
        "   |     ^^^^^^^^^^ did you mean `description`?\n"
        "   |\n"
        "hint: run `floe explain FLOE-0150`\n"
        "\n"
        "found 1 error in 1 file\n"
    )
    warned = "warning: models/schema.yml:3:5: unknown key `descripton`: dbt ignores it (did you mean `description`?)"
    compiled = floe("compile")
    assert (compiled.status, compiled.err.splitlines()[0]) == (0, warned)
    floe("compile")  # of a file that was just written nobody can say yet that it is the same
    assert warned not in floe("compile").err


def test_many_mistakes_in_dbts_yaml_are_counted_by_a_run(floe: Floe, project: Path) -> None:
    entries = "".join(f"    own_{number}: 1\n" for number in range(7))
    (project / "models/schema.yml").write_text(f"models:\n  - name: orders\n{entries}")
    (project / "models/orders.sql").write_text("select nothing from {{ ref('missing') }}")
    outcome = floe("compile")
    assert outcome.status == 1
    assert outcome.err.count("dbt ignores it") == 5
    assert "warning: and 2 more in the YAML of dbt: run `floe validate`\n" in outcome.err


def test_warnings_alone_pass_unless_validate_is_strict(floe: Floe, project: Path) -> None:
    (project / "models/schema.yml").write_text("models: [{name: orders, team: a}]\n")
    place = "models/schema.yml:1:25: FLOE-0150 unknown key `team`: dbt ignores it (dbt does not know it)\n"
    found = f"{place}found 1 warning in 1 file\n"
    outcome = floe("validate")
    assert outcome.status == 0
    assert outcome.err.startswith("warning[FLOE-0150]: ")
    assert outcome.err.endswith("\nfound 1 warning in 1 file\n\nok: project `shop` is valid\n")
    concise = floe("validate", "--format", "concise")
    assert (concise.status, concise.out) == (0, found)
    document = json.loads(floe("validate", "--json").out)
    assert (document["status"], document["warnings"], document["diagnostics"][0]["line"]) == ("ok", 1, 1)
    strict = floe("validate", "--strict", "--format", "concise")
    assert (strict.status, strict.out) == (1, found)


def test_compile_reports_what_dbt_warns_of_and_lets_through_in_the_formats_of_programs(
    floe: Floe, project: Path
) -> None:
    # dbt itself warns of the model that is not there; of the key it says nothing.
    (project / "models/schema.yml").write_text("models: [{name: nobody}, {name: orders, descripton: all}]\n")
    github = floe("compile", "--force", "-q", "--format", "github")
    assert (github.status, github.err) == (0, "")
    assert [line.split("::")[1] for line in github.out.splitlines()] == [
        "warning file=models/schema.yml,line=1,col=1,endColumn=1,title=FLOE-0157",
        "warning file=models/schema.yml,line=1,col=41,endColumn=51,title=FLOE-0150",
    ]
    assert "'nobody'" in github.out
    results = json.loads(floe("compile", "--force", "--format", "sarif").out)["runs"][0]["results"]
    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("FLOE-0157", "warning"),
        ("FLOE-0150", "warning"),
    ]
    assert floe("compile", "--force").err.count("warning: ") == 2


def test_compile_reports_warnings_beside_what_dbt_refuses(floe: Floe, project: Path) -> None:
    (project / "models/schema.yml").write_text("models: [{name: orders, descripton: all}]\n")
    (project / "models/broken.sql").write_text("{{ missing_macro() }}\n")
    results = json.loads(floe("compile", "--format", "sarif").out)["runs"][0]["results"]
    assert {(result["ruleId"], result["level"]) for result in results} == {
        ("FLOE-0201", "error"),
        ("FLOE-0150", "warning"),
    }

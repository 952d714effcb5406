"""What is unchanged is not compiled again, and no cache can change what a compile gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from floe.compiler import fingerprint
from floe.compiler.compile import compile_project
from floe.compiler.unchanged import recognised
from floe.config.discovery import Choice, choose_platform
from floe.config.overrides import Overrides, override
from floe.config.platform import BUILT_IN
from floe.errors import ArtifactError, EnvironmentFaultError

if TYPE_CHECKING:
    from conftest import Project
    from floe.compiler.unchanged import CompileOutcome

HEAVY = ("dbt", "duckdb", "pyiceberg", "pyarrow", "sqlglot", "jinja2", "agate")
COMPILE = """
import sys, json
from pathlib import Path
from floe.compiler.compile import compile_project
from floe.config.load import load_configuration
outcome = compile_project(load_configuration(Path(sys.argv[1])))
loaded = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print(json.dumps({"unchanged": outcome.unchanged, "loaded": loaded}))
"""


def in_a_process(project: Project, **environment: str) -> dict[str, object]:
    """Compile in a new process; say whether anything had changed, and which heavy modules were loaded."""
    command = [sys.executable, "-c", COMPILE, str(project.directory), json.dumps(HEAVY)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}, timeout=120
    )
    assert result.stderr == ""
    return json.loads(result.stdout)


def settle(project: Project) -> None:
    """Give files an age, as they have when nobody is editing, so that a compile may remember them."""
    for path in project.directory.rglob("*"):
        if ".floe" not in path.parts and path.is_file():
            os.utime(path, (1_700_000_000, 1_700_000_000))


def clean_bytes(project: Project) -> bytes:
    """The artifact of a compile that knows nothing of earlier ones."""
    project.compile(force=True)
    return project.artifact_bytes()


@pytest.fixture
def incremental(bare: Project) -> Project:
    return bare.write(
        {
            "models/silver/base.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('orders') }}",
            "models/silver/inc.sql": """
                {{ config(materialized='incremental') }}
                select *, {{ label() }} as label from {{ ref('base') }}
                {% if is_incremental() %}where id > 1{% endif %}
            """,
            "macros/label.sql": "{% macro label() %}{{ inner() }}{% endmacro %}",
            "macros/inner.sql": "{% macro inner() %}'{{ env_var('LABEL_OF_TEST', 'none') }}'{% endmacro %}",
            "models/schema.yml": """
                models:
                  - name: inc
                    columns: [{name: id, data_tests: [unique]}]
            """,
        }
    )


def test_an_unchanged_project_is_recognised_without_dbt_or_any_engine(incremental: Project):
    first = in_a_process(incremental)
    assert "dbt" in first["loaded"]
    before = incremental.artifact_bytes()
    assert in_a_process(incremental) == {"unchanged": True, "loaded": []}
    assert incremental.artifact_bytes() == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("models/silver/orders.sql", "select id, amount from {{ ref('raw_orders') }}"),
        ("models/gold/new.sql", "select 1 as x"),
        ("models/schema.yml", "models: [{name: inc, description: The increment., columns: [{name: id}]}]"),
        ("macros/inner.sql", "{% macro inner() %}'other'{% endmacro %}"),
        ("macros/new.sql", "{% macro shop__label() %}1{% endmacro %}"),
        ("seeds/bronze/raw_orders.csv", "id,amount\n1,text\n"),
        ("tests/none.sql", "select * from {{ ref('inc') }} where id is null"),
        ("models/silver/base.sql", "{{ config(materialized='ephemeral') }} select 2 as id"),
        ("models/silver/base.sql", "{{ config(materialized='view') }} select * from {{ ref('orders') }}"),
        ("floe.yaml", "name: shop\nversion: 1.0.1\ntransforms: [{type: dbt, path: models, vars: {a: 1}}]\n"),
        ("models/silver/orders.sql", "{{ config(alias='renamed') }} select * from {{ ref('raw_orders') }}"),
    ],
)
def test_after_any_edit_the_artifact_is_that_of_a_clean_compile(incremental: Project, file: str, text: str):
    incremental.compile()
    incremental.write({file: text})
    incremental.compile()
    after_edit = incremental.artifact_bytes()
    assert clean_bytes(incremental) == after_edit


def test_an_edit_and_its_undoing_lead_back_to_the_same_bytes(incremental: Project):
    incremental.compile()
    before = incremental.artifact_bytes()
    text = (incremental.directory / "models/silver/orders.sql").read_text()
    incremental.write({"models/silver/orders.sql": text.replace("*", "id")})
    assert not incremental.compile().unchanged
    incremental.write({"models/silver/orders.sql": text})
    incremental.compile()
    assert incremental.artifact_bytes() == before


def test_one_edited_model_is_the_only_one_that_is_rendered_anew(incremental: Project):
    assert len(incremental.compile().rendered) == 4
    incremental.write({"models/silver/orders.sql": "select id from {{ ref('raw_orders') }}"})
    outcome = incremental.compile()
    assert (len(outcome.rendered), len(outcome.reused)) == (1, 3)


def test_an_edited_macro_renders_those_anew_that_call_it_through_other_macros(incremental: Project):
    incremental.compile()
    incremental.write({"macros/inner.sql": "{% macro inner() %}'new'{% endmacro %}"})
    outcome = incremental.compile()
    assert (len(outcome.rendered), len(outcome.reused)) == (1, 3)
    query = outcome.artifacts.assets["silver.inc"].query
    assert query is not None
    assert "'new' as label" in query.sql


def test_an_edited_ephemeral_model_renders_its_readers_anew(incremental: Project):
    incremental.compile()
    incremental.write({"models/silver/base.sql": "{{ config(materialized='ephemeral') }} select 7 as id"})
    outcome = incremental.compile()
    query = outcome.artifacts.assets["silver.inc"].query
    assert query is not None
    assert "select 7 as id" in query.sql
    assert len(outcome.rendered) == 2


def test_a_variable_of_the_environment_that_rendering_used_is_part_of_the_fingerprint(incremental: Project):
    settle(incremental)
    in_a_process(incremental)
    assert in_a_process(incremental)["unchanged"] is True
    assert in_a_process(incremental, LABEL_OF_TEST="a")["unchanged"] is False
    assert b"'a' as label" in incremental.artifact_bytes()
    assert in_a_process(incremental, LABEL_OF_TEST="a", UNRELATED="b")["loaded"] == []
    assert in_a_process(incremental, LABEL_OF_TEST="b")["unchanged"] is False
    assert b"'b' as label" in incremental.artifact_bytes()


def test_a_variable_that_parsing_used_is_part_of_the_fingerprint(bare: Project, monkeypatch: pytest.MonkeyPatch):
    bare.write({"models/top.sql": "{{ config(alias=env_var('ALIAS_OF_TEST', 'first')) }} select 1 as x"})
    assert "main.first" in bare.artifacts().assets
    monkeypatch.setenv("ALIAS_OF_TEST", "second")
    assert "main.second" in bare.artifacts().assets


def test_secret_variables_are_kept_in_no_file_in_any_form(incremental: Project, monkeypatch: pytest.MonkeyPatch):
    """Lesson 8: not the value, and not the name either."""
    monkeypatch.setenv("DBT_ENV_SECRET_OF_TEST", "canary-in-the-coal-mine")
    incremental.compile()
    files = [path for path in (incremental.directory / ".floe").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert b"canary-in-the-coal-mine" not in content, path
        assert b"DBT_ENV_SECRET_OF_TEST" not in content, path


def test_a_yaml_file_with_other_content_and_the_same_time_is_not_missed(incremental: Project):
    """dbt's own partial parse compares times only."""
    settle(incremental)
    incremental.compile()
    incremental.write({"models/schema.yml": "models: [{name: inc, description: Told., columns: [{name: id}]}]"})
    settle(incremental)
    assert incremental.artifacts().assets["silver.inc"].description == "Told."


def test_a_file_with_other_content_and_the_same_size_and_time_is_not_missed(incremental: Project):
    settle(incremental)
    incremental.compile()
    incremental.compile()
    text = (incremental.directory / "models/silver/inc.sql").read_text()
    incremental.write({"models/silver/inc.sql": text.replace("id > 1", "id > 2")})
    settle(incremental)
    query = incremental.artifacts().assets["silver.inc"].query
    assert query is not None
    assert "id > 2" in (query.increment or "")


def test_a_touched_file_is_read_again_and_found_unchanged(incremental: Project):
    in_a_process(incremental)
    (incremental.directory / "models/silver/orders.sql").touch()
    assert in_a_process(incremental) == {"unchanged": True, "loaded": []}


def test_a_removed_model_takes_its_rendered_file_with_it(bare: Project):
    bare.write({"models/gold/top.sql": "select * from {{ ref('orders') }}"})
    bare.compile()
    rendered = bare.directory / ".floe/rendered"
    assert (rendered / "gold/top.sql").read_text() == 'select * from "floe"."main"."orders"\n'
    (bare.directory / "models/gold/top.sql").unlink()
    bare.compile()
    assert {path.relative_to(rendered).as_posix() for path in rendered.rglob("*")} == {"silver", "silver/orders.sql"}


def test_a_lost_rendered_file_is_written_again(bare: Project):
    bare.compile()
    rendered = bare.directory / ".floe/rendered/silver/orders.sql"
    rendered.unlink()
    assert bare.compile().unchanged
    assert rendered.exists()


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"format": 1}', b"\xff\x00", b"[1]"])
def test_damaged_caches_are_made_anew(incremental: Project, damage: bytes):
    incremental.compile()
    before = incremental.artifact_bytes()
    for file in (
        *(incremental.directory / ".floe/cache").glob("*.json"),
        incremental.directory / ".floe/artifacts.json",
    ):
        file.write_bytes(damage)
    (incremental.directory / ".floe/dbt/models/target/partial_parse.msgpack").write_bytes(damage)
    assert not incremental.compile().unchanged
    assert incremental.artifact_bytes() == before


def test_a_tampered_artifact_is_refused_until_something_is_compiled(bare: Project):
    bare.compile()
    bare.compile()  # files that are younger than the clock's grain are not remembered
    before = bare.artifact_bytes()
    (bare.directory / ".floe/artifacts.json").write_bytes(before.replace(b"orders", b"odders"))
    with pytest.raises(ArtifactError, match="does not match its digest"):
        bare.compile()
    bare.compile(force=True)
    assert bare.artifact_bytes() == before


def test_models_that_read_the_graph_are_always_rendered(bare: Project):
    bare.write(
        {
            "models/top.sql": """
                select '{% for name in graph.nodes.values() | map(attribute="name") | sort %}{{ name }} {% endfor %}'
            """
        }
    )
    bare.compile()
    bare.write({"models/silver/late.sql": "select 1 as x"})
    query = bare.artifacts().assets["main.top"].query
    assert query is not None
    assert query.sql == "select 'late orders raw_orders top '"
    after = bare.artifact_bytes()
    assert clean_bytes(bare) == after


def test_a_macro_that_begins_to_override_another_counts(bare: Project):
    bare.write(
        {
            "models/top.sql": "select {{ adapter.dispatch('pick', 'shop')() }} as x",
            "macros/pick.sql": "{% macro default__pick() %}1{% endmacro %}",
        }
    )
    bare.compile()
    bare.write({"macros/own.sql": "{% macro duckdb__pick() %}2{% endmacro %}"})
    query = bare.artifacts().assets["main.top"].query
    assert query is not None
    assert query.sql == "select 2 as x"


def test_a_folder_that_appears_beside_floe_yaml_is_noticed(bare: Project):
    bare.compile()
    bare.write(
        {
            "snapshots/s.sql": "{% snapshot s %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
            "select 1 as id{% endsnapshot %}"
        }
    )
    assert "main.s" in bare.artifacts().assets


def test_a_folder_that_goes_away_is_noticed(bare: Project):
    bare.write({"tests/t.sql": "select * from {{ ref('orders') }}"})
    assert len(bare.artifacts().tests) == 1
    (bare.directory / "tests/t.sql").unlink()
    (bare.directory / "tests").rmdir()
    assert bare.artifacts().tests == {}


def test_a_state_folder_that_cannot_be_written_is_an_environment_error(bare: Project):
    (bare.directory / ".floe").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentFaultError) as caught:
        bare.compile()
    assert caught.value.code == "FLOE-0216"
    assert "`.floe" in caught.value.reason


def test_an_unchanged_project_that_cannot_be_written_can_still_be_read(bare: Project):
    first = bare.artifacts()
    settled = bare.compile()
    lock = bare.directory / ".floe/cache/compile.lock"
    lock.unlink()
    lock.mkdir()
    assert (bare.compile().artifacts, settled.artifacts) == (first, first)
    with pytest.raises(EnvironmentFaultError):
        bare.compile(force=True)


def test_paths_that_dbt_reads_are_found_in_a_full_project(full: Project):
    full.write(
        {
            "dbt/dbt_project.yml": "name: shop_dbt\nversion: '1.0'\nprofile: x\nmodel-paths: [sql]\n",
            "dbt/sql/a.sql": "select 1 as x",
        }
    )
    assert set(full.artifacts().assets) == {"main.a"}
    full.write({"dbt/sql/b.sql": "select 1 as x"})
    assert set(full.artifacts().assets) == {"main.a", "main.b"}


def test_the_environment_and_the_platform_file_are_part_of_the_fingerprint(bare: Project):
    bare.compile()
    platform = """
        version: "1.0.0"
        storage: {default: {type: local, path: "${WAREHOUSE_OF_TEST:-.floe/warehouse}"}}
        catalogs: {default: {type: sql, uri: "sqlite:///c.db"}}
        compute: {default: {type: duckdb}}
        layers: {bronze: {namespace: bronze}, silver: {namespace: silver}}
    """
    bare.write({"platform/local/platform.yaml": platform})
    artifacts = bare.artifacts()
    assert artifacts.catalogs["default"].uri == "sqlite:///c.db"
    assert Path(artifacts.storage["default"].path) == Path(".floe/warehouse")


def test_two_compiles_at_once_follow_each_other(incremental: Project):
    command = [sys.executable, "-c", COMPILE, str(incremental.directory), "[]"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    results = [(process.communicate(timeout=180), process.returncode) for process in started]
    assert [(errors, status) for (_, errors), status in results] == [("", 0)] * 3
    assert sorted(json.loads(output)["unchanged"] for (output, _), _ in results) == [False, True, True]


def test_warnings_of_dbt_are_passed_on_in_one_line_with_the_users_path(bare: Project):
    bare.write({"models/schema.yml": "models: [{name: nobody, columns: [{name: id}]}]"})
    (warning,) = bare.compile().warnings
    assert "\n" not in warning
    assert "'nobody'" in warning
    assert "models/schema.yml" in warning


def test_a_platform_file_that_another_extends_is_part_of_the_fingerprint(bare: Project):
    bare.write(
        {
            "base.yaml": "extends: built-in\nlayers: {gold: {retention_days: 90}}\n",
            "platform.yaml": "extends: base.yaml\nlayers: {silver: {retention_days: 7}}\n",
        }
    )
    in_a_process(bare)
    assert in_a_process(bare) == {"unchanged": True, "loaded": []}
    bare.write({"base.yaml": "extends: built-in\nlayers: {gold: {retention_days: 120}}\n"})
    changed = bare.compile()
    assert not changed.unchanged
    assert changed.rendered == ()
    assert changed.artifacts.layers["gold"].retention_days == 120
    assert changed.artifacts.layers["silver"].retention_days == 7
    assert b"base.yaml" not in bare.artifact_bytes()
    bare.write({"base.yaml": "# a comment\nextends: built-in\nlayers: {gold: {retention_days: 120}}\n"})
    assert bare.compile().unchanged


RECOGNISE = """
import sys
from pathlib import Path
from floe.compiler.unchanged import recognised
from floe.config.discovery import choose_platform
project = Path(sys.argv[1])
assert recognised(project, choose_platform(project, None, None)).unchanged
print([name for name in ("yaml", "dbt", "duckdb", "floe.config.load", "floe.compiler.compile") if name in sys.modules])
"""


@pytest.fixture
def remembered(bare: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A compiled project whose files were old enough to be known by their size and times."""
    monkeypatch.setattr(fingerprint, "SETTLED_NANOSECONDS", 0)
    with (bare.directory / "floe.yaml").open("a") as file:
        file.write("sources:\n  visits: {files: data/*.csv}\n")
    bare.write({"data/visits.csv": "id\n1\n"})
    time.sleep(0.05)  # the clock of the file system may lag behind
    assert not bare.compile().unchanged
    assert recognise(bare) is not None
    return bare


def recognise(project: Project) -> CompileOutcome | None:
    return recognised(project.directory, choose_platform(project.directory, None, None))


def test_an_unchanged_project_is_recognised_without_reading_its_configuration(remembered: Project):
    outcome = recognise(remembered)
    assert outcome == remembered.compile()
    command = [sys.executable, "-c", RECOGNISE, str(remembered.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_floe_yaml_with_other_content_and_the_same_size_and_time_is_read(remembered: Project):
    file = remembered.directory / "floe.yaml"
    before = file.stat()
    file.write_text(file.read_text().replace("name: shop", "name: ship"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert recognise(remembered) is None
    assert remembered.compile().artifacts.project.name == "ship"


@pytest.mark.parametrize(
    "file",
    ["platform.yaml", "platform/local/platform.yaml", ".floe/platform.yaml", "models/silver/more.sql", "macros/a.sql"],
)
def test_a_file_that_appears_has_the_configuration_read(remembered: Project, file: str):
    remembered.write({file: "select 1 as id"})
    assert recognise(remembered) is None


@pytest.mark.parametrize("file", ["models/silver/orders.sql", "data/visits.csv", ".floe/artifacts.json", "floe.yaml"])
def test_a_file_that_goes_away_has_the_configuration_read(remembered: Project, file: str):
    (remembered.directory / file).unlink()
    assert recognise(remembered) is None


def test_another_environment_has_the_configuration_read(remembered: Project):
    choice = Choice("production", "built-in", "no platform file was found")
    assert recognised(remembered.directory, choice) is None


def test_another_version_of_what_compiles_has_the_configuration_read(
    remembered: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fingerprint, "version", lambda name: f"{name} of tomorrow")
    assert recognise(remembered) is None


def test_what_the_command_line_or_a_platform_file_changes_is_read_each_time(
    remembered: Project, monkeypatch: pytest.MonkeyPatch
):
    compile_project(override(remembered.configuration(), Overrides({"days": 7})))
    assert recognise(remembered) is None
    remembered.write({"platform.yaml": json.dumps(BUILT_IN)})
    remembered.compile()
    remembered.compile()
    assert recognise(remembered) is None


def test_a_project_that_was_just_written_is_read_until_it_has_settled(bare: Project):
    bare.compile()
    assert recognise(bare) is None
    assert bare.compile().unchanged


def test_a_tampered_artifact_is_refused_without_reading_the_configuration(remembered: Project):
    artifact = remembered.directory / ".floe/artifacts.json"
    artifact.write_text(artifact.read_text().replace("shop", "ship", 1))
    with pytest.raises(ArtifactError) as caught:
        recognise(remembered)
    assert caught.value.code == "FLOE-0304"


def test_a_recognised_project_that_cannot_be_written_is_left_to_who_reads_it(remembered: Project):
    cache = remembered.directory / ".floe/cache"
    (cache / "compile.lock").unlink()
    (cache / "compile.lock").mkdir()
    assert recognise(remembered) is None
    assert remembered.compile().unchanged

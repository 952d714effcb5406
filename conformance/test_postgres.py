"""A dbt project on PostgreSQL: `floe run` gives what `dbt build` gives, and stays safe when it fails or is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conformance.harness import PASSWORD, USER, Server, floe, run

SOURCE = Path(__file__).parent / "projects" / "shop"
PLATFORM = """
version: "1.0.0"
compute:
  default:
    type: postgres
    properties: {{host: 127.0.0.1, port: {port}, database: {database}, schema: analytics, threads: 4}}
    credentials: {{user: {user}, password: {{secret_ref: warehouse-password}}}}
"""
PROFILE = """
shop:
  target: local
  outputs:
    local:
      {{type: postgres, host: 127.0.0.1, port: {port}, dbname: {database}, schema: analytics, threads: 4,
       user: {user}, password: "{{{{ env_var('WAREHOUSE_PASSWORD') }}}}"}}
"""
TABLES = """
select schemaname || '.' || name from (
  select schemaname, tablename as name from pg_tables union all select schemaname, viewname from pg_views
  union all select schemaname, matviewname from pg_matviews
) relations where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""
SLEEPING = "select count(*) from pg_stat_activity where query like '%pg_sleep(120)%' and pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Project:
    """A copy of the project, with its own database of the server."""

    folder: Path
    server: Server
    database: str

    @classmethod
    def of(cls, folder: Path, server: Server, database: str) -> Project:
        server.create(database)
        shutil.copytree(SOURCE, folder)
        (folder / "platform/local").mkdir(parents=True)
        settings = {"port": server.port, "database": database, "user": USER}
        (folder / "platform/local/platform.yaml").write_text(PLATFORM.format(**settings))
        (folder / "profiles.yml").write_text(PROFILE.format(**settings))
        return cls(folder, server, database)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def floe(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return floe(self.folder, *arguments, environment=environment)

    def floe_run(self, *arguments: str) -> tuple[int, dict[str, str]]:
        """Exit status and statuses by dbt's unique ids."""
        result = self.floe("run", "--json", *arguments)
        assert result.stdout, result.stderr
        report = json.loads(result.stdout)
        assets = json.loads((self.folder / ".floe/artifacts.json").read_text())["assets"]
        statuses = {assets[node["asset"]]["unique_id"]: node["status"] for node in report["nodes"]}
        return result.returncode, statuses | {test["test"]: test["status"] for test in report["tests"]}

    def dbt_build(self, *arguments: str) -> tuple[int, dict[str, str]]:
        dbt = str(Path(sys.executable).with_name("dbt"))
        result = run([dbt, "build", "--profiles-dir", ".", *arguments], self.folder, {"DO_NOT_TRACK": "1"})
        assert result.returncode in (0, 1), result.stdout
        report = json.loads((self.folder / "target/run_results.json").read_text())
        return result.returncode, {node["unique_id"]: node["status"] for node in report["results"]}

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every relation of the database with its rows, in an order of their own."""
        names = [name for (name,) in self.server.rows(self.database, TABLES)]
        return {name: self.server.rows(self.database, f"select t.* from {name} t order by t::text") for name in names}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.rows(self.database, sql)


@pytest.fixture
def shop(tmp_path: Path, server: Server) -> Project:
    return Project.of(tmp_path / "ours", server, "ours")


def test_first_runs_reruns_and_runs_after_edits_give_what_dbt_gives(shop: Project, tmp_path: Path) -> None:
    theirs = Project.of(tmp_path / "theirs", shop.server, "theirs")
    edits = [
        {},
        {},
        {
            "seeds/orders.csv": "id,customer,amount,ordered_at\n3,1,6,2026-01-03 10:00:00\n4,2,1,2026-02-03 10:00:00\n",
            "seeds/customers.csv": "id,name,updated_at\n1,Ada L.,2026-02-01 00:00:00\n2,Grace,2026-01-01 00:00:00\n",
        },
    ]
    for number, edit in enumerate(edits):
        shop.write(edit)
        theirs.write(edit)
        ours, expected = shop.floe_run(), theirs.dbt_build()
        assert ours == expected, f"build {number + 1}"
        assert shop.tables() == theirs.tables(), f"build {number + 1}"
    assert len(shop.tables()["analytics.customers_history"]) == 3
    assert shop.rows("select obj_description('analytics.contracted'::regclass)") == [("What is in stock",)]
    assert shop.floe_run("--full-refresh", "-s", "growing") == theirs.dbt_build("--full-refresh", "-s", "growing")
    assert shop.rows("select count(*) from analytics.growing") == [(2,)]


def test_a_failure_holds_back_what_depends_on_it_says_what_stays_and_can_be_retried(shop: Project) -> None:
    working = (shop.folder / "models/per_customer.sql").read_text()
    shop.write({"models/per_customer.sql": working.replace("count(*)", "1 / 0")})
    failed = shop.floe("run", "--exclude", "test_type:unit")
    assert failed.returncode == 1
    assert "division by zero" in failed.stderr
    assert "--> .floe/rendered/analytics/per_customer.sql" in failed.stderr
    assert "each visible since it was built: not in one commit" in failed.stderr
    assert shop.rows("select to_regclass('analytics.shown'), to_regclass('analytics.growing') is not null") == [
        (None, True)
    ]
    shop.write({"models/per_customer.sql": working})
    retried = shop.floe("retry")
    assert retried.returncode == 0, retried.stderr
    assert "Retrying run" in retried.stderr
    assert "growing" not in retried.stderr
    assert shop.rows("select amount from analytics.shown") == [(20,)]


def test_a_failing_test_shows_its_rows_and_blocks_what_reads_the_node(shop: Project) -> None:
    orders = (shop.folder / "seeds/orders.csv").read_text()
    shop.write({"seeds/orders.csv": f"{orders}3,1,7.00,2026-01-04 10:00:00\n"})
    result = json.loads(shop.floe("run", "--json").stdout)
    failing = {test["name"]: test for test in result["tests"] if test["status"] == "fail"}
    (name,) = failing
    assert name == "unique_stg_orders_id"
    assert (failing[name]["failures"], failing[name]["sample"]) == (1, [["3", "2"]])
    assert {node["status"] for node in result["nodes"] if node["asset"] == "analytics.growing"} == {"skipped"}
    assert result["publishing"] == "node-by-node"


def test_no_secret_is_written_or_said(shop: Project) -> None:
    # lesson 8
    said = [shop.floe(*command) for command in (["run", "-vv"], ["show", "per_customer", "--json"], ["ls", "-vv"])]
    broken = shop.floe("run", "-vv", environment={"WAREHOUSE_PASSWORD": f"{PASSWORD}-not"})
    assert broken.returncode == 2
    assert "FLOE-0463" in broken.stderr
    assert not [part for result in (*said, broken) for part in (result.stdout, result.stderr) if PASSWORD in part]
    files = [path for path in shop.folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert files == []
    missing = shop.floe("run", environment={"WAREHOUSE_PASSWORD": ""})
    assert missing.returncode == 2
    assert "`WAREHOUSE_PASSWORD` and `/var/run/secrets/warehouse-password`" in missing.stderr


def test_the_preflight_connects_as_dbt_does_and_says_why_it_cannot(shop: Project) -> None:
    def probe(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
        probes: list[dict[str, Any]] = json.loads(result.stdout)["probes"]
        return next(probe for probe in probes if probe["section"] == "compute")

    before = shop.tables()
    there = shop.floe("preflight", "--json")
    assert (there.returncode, probe(there)["text"]) == (0, "dbt connects to `postgres`"), there.stdout
    assert shop.tables() == before
    refused = shop.floe("preflight", "--json", environment={"WAREHOUSE_PASSWORD": f"{PASSWORD}-not"})
    assert (refused.returncode, probe(refused)["error"]["code"]) == (1, "FLOE-0775")
    assert "password authentication failed" in probe(refused)["text"]
    assert PASSWORD not in refused.stdout + refused.stderr
    platform = shop.folder / "platform/local/platform.yaml"
    platform.write_text(platform.read_text().replace(f"port: {shop.server.port}", "port: 1"))
    away = shop.floe("preflight", "--json")
    assert (away.returncode, probe(away)["error"]["code"]) == (1, "FLOE-0775")
    assert "refused" in probe(away)["text"].lower()
    missing = shop.floe("preflight", "--json", environment={"WAREHOUSE_PASSWORD": ""})
    assert (missing.returncode, probe(missing)["outcome"]) == (1, "skipped")


def started(shop: Project) -> subprocess.Popen[str]:
    """A run that is in the middle of a long query, with other nodes built."""
    slow = "{{ config(materialized='table') }} select pg_sleep(120)::text as slept, id from {{ ref('stg_orders') }}"
    shop.write({"models/slow.sql": slow})
    process = subprocess.Popen(
        [sys.executable, "-m", "floe.cli", "run"],
        cwd=shop.folder,
        env={**os.environ, "WAREHOUSE_PASSWORD": PASSWORD, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while shop.rows(SLEEPING) == [(0,)] or shop.rows("select to_regclass('analytics.growing')") == [(None,)]:
        assert time.monotonic() < deadline, "the slow query did not begin"
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    return process


def test_an_interrupt_cancels_the_queries_and_what_was_built_stays(shop: Project) -> None:
    process = started(shop)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert time.monotonic() - began < 20
    assert shop.rows(f"{SLEEPING} and state = 'active'") == [(0,)]
    assert shop.rows("select count(*) from analytics.growing") == [(3,)]
    assert "CANCELLED" in shop.floe("runs").stdout


def test_a_killed_run_is_interrupted_in_the_journal_and_a_rerun_builds_right(shop: Project) -> None:
    process = started(shop)
    process.kill()
    process.communicate(timeout=60)
    listed = shop.floe("runs")
    assert "INTERRUPTED" in listed.stdout
    assert "what it had built is in the `postgres` warehouse" in listed.stderr
    shop.rows(SLEEPING.replace("count(*)", "pg_terminate_backend(pid)"))
    shop.write({"models/slow.sql": "{{ config(materialized='table') }} select id from {{ ref('stg_orders') }}"})
    again = shop.floe("run")
    assert again.returncode == 0, again.stderr
    assert shop.rows("select count(*) from analytics.slow") == [(3,)]
    assert shop.rows("select count(*) from analytics.growing") == [(3,)]


def test_looking_at_a_warehouse(shop: Project) -> None:
    assert shop.floe("run").returncode == 0
    shown = json.loads(shop.floe("show", "per_customer", "--limit", "1", "--json").stdout)
    assert ([column["name"] for column in shown["columns"]], shown["truncated"]) == (
        ["customer", "orders", "amount"],
        True,
    )
    counted = json.loads(shop.floe("show", "--json", "--sql", "select count(*) as n from erp.stock").stdout)
    assert counted["rows"] == [[4]]
    history = shop.floe("history", "per_customer")
    assert (history.returncode, "FLOE-0735" in history.stderr) == (2, True)
    assert "erp.stock" in shop.floe("ls", "-s", "source:erp").stdout


def test_documentation_tells_what_the_warehouse_says_of_its_tables(shop: Project, tmp_path: Path) -> None:
    theirs = Project.of(tmp_path / "theirs", shop.server, "theirs")
    status, verdicts = theirs.dbt_build()
    assert shop.floe_run()[0] == status == 0
    written = shop.floe("docs", "--json")
    assert written.returncode == 0, written.stderr
    dbt = str(Path(sys.executable).with_name("dbt"))
    assert run([dbt, "docs", "generate", "--profiles-dir", "."], theirs.folder).returncode == 0

    def described(project: Project) -> dict[str, Any]:
        catalog = json.loads((project.folder / "target/catalog.json").read_text())
        return {name: [node["metadata"]["type"], node["columns"]] for name, node in catalog["nodes"].items()} | {
            name: list(source["columns"]) for name, source in catalog["sources"].items()
        }

    assert described(shop) == described(theirs)
    results = json.loads((shop.folder / "target/run_results.json").read_text())["results"]
    assert {item["unique_id"] for item in results} == set(verdicts)
    assert not [file for file in (shop.folder / "target").rglob("*.json") if PASSWORD in file.read_text()]


def test_sources_are_judged_by_what_the_warehouse_says(shop: Project) -> None:
    shop.server.execute(
        shop.database, "alter table erp.stock add loaded_at timestamp default (now() at time zone 'utc')"
    )
    schema = (shop.folder / "models/schema.yml").read_text()
    rule = "config: {loaded_at_field: loaded_at, freshness: {error_after: {count: 1, period: day}}}"
    shop.write({"models/schema.yml": schema.replace("  - name: stock\n", f"  - name: stock\n        {rule}\n", 1)})
    fresh = shop.floe("freshness", "--json")
    assert fresh.returncode == 0, fresh.stderr
    assert [(item["source"], item["status"]) for item in json.loads(fresh.stdout)["sources"]] == [("erp.stock", "pass")]
    shop.server.execute(shop.database, "update erp.stock set loaded_at = loaded_at - interval '3 days'")
    assert shop.floe("freshness").returncode == 1
    shop.server.execute(shop.database, "alter table erp.stock drop loaded_at")
    refused = shop.floe("freshness", "--json")
    assert json.loads(refused.stdout)["sources"][0]["status"] == "runtime error"


def test_hooks_and_operations_work_in_the_warehouse(shop: Project) -> None:
    project = (shop.folder / "dbt_project.yml").read_text()
    seeds = "{{ results | selectattr('node.resource_type', 'equalto', 'seed') | list | length }}"
    ended = f"insert into public.runs select '{seeds} seeds'"
    hooks = f'on-run-start: ["create table if not exists public.runs (what text)"]\non-run-end: ["{ended}"]\n'
    macro = (
        '{% macro note(what) %}{% do run_query("insert into public.runs select \'" ~ what ~ "\'") %}'
        "{% do run_query('commit') %}{% endmacro %}"
    )
    (shop.folder / "macros").mkdir(exist_ok=True)
    shop.write({"dbt_project.yml": project + hooks, "macros/note.sql": macro})
    result = shop.floe("run", "--json", "-s", "+stg_orders", "--exclude-resource-type", "test")
    assert result.returncode == 0, result.stderr
    assert [hook["status"] for hook in json.loads(result.stdout)["hooks"]] == ["success", "success"]
    operation = shop.floe("run-operation", "note", "--args", "{what: by hand}")
    assert operation.returncode == 0, operation.stderr
    assert shop.rows("select what from public.runs order by 1") == [("1 seeds",), ("by hand",)]
    failed = shop.floe("run-operation", "note", "--args", '{what: "it\'s"}')
    assert failed.returncode == 1
    assert "FLOE-0462" in failed.stderr

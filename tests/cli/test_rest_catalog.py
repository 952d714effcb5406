"""A project whose catalog is a server: runs, runs again, conflicts, and what a user reads when the catalog is wrong."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.projects import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Floe
    from tests.services.moto import Moto
    from tests.services.rest_catalog import Behaviour, RestServer

CHILD = Path(__file__).parents[1] / "torture" / "child.py"
SECRET = "s3cr3t-of-the-client"
CREDENTIALS = {
    "mode": "oauth2",
    "client_id": "floe",
    "client_secret": {"secret_ref": "polaris"},
    "scope": "PRINCIPAL_ROLE:ALL",
}
FILES = {
    **SHOP,
    "models/silver/paid.sql": """
        {{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
        select id, amount from {{ source('bronze', 'orders') }} where amount > 0
        """,
    "models/gold/totals.sql": """
        {{ config(materialized='table') }}
        select count(*) as orders, sum(amount)::bigint as total from {{ ref('paid') }}
        """,
}


@dataclass
class Shop:
    """A project on a catalog server."""

    folder: Path
    floe: Floe
    server: RestServer

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))

    def platform(self, storage: dict[str, object] | None = None, **changes: object) -> None:
        catalog = {
            "type": "polaris",
            "uri": self.server.uri,
            "warehouse": "lake",
            "credentials": CREDENTIALS,
            "properties": {"patience_seconds": 1},
            **changes,
        }
        self.write(
            "platform.yaml",
            f"""
            version: "1.0.0"
            storage: {{default: {json.dumps(storage or {"type": "local", "path": "lake"})}}}
            catalogs: {{default: {json.dumps(catalog)}}}
            compute: {{default: {{type: duckdb}}}}
            layers: {{bronze: {{namespace: bronze}}, silver: {{namespace: silver}}, gold: {{namespace: sales.gold}}}}
            """,
        )

    def run(self, *words: str) -> dict[str, object]:
        outcome = self.floe("run", *words, "--json")
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out)

    def rows(self, table: str) -> list[list[object]]:
        shown = self.floe("show", table, "--json")
        assert shown.status == 0, shown.err
        return json.loads(shown.out)["rows"]


@pytest.fixture
def shop(
    tmp_path: Path, floe: Floe, rest_server: RestServer, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    """The project, on a server that is like Apache Polaris."""
    behaviour.clients = {"floe": SECRET}
    behaviour.creates_in_transactions = False
    behaviour.tables_below_namespaces = True
    behaviour.base_location = str(tmp_path / "lake")
    monkeypatch.setenv("POLARIS", SECRET)
    shop = Shop(tmp_path, floe, rest_server)
    for name, text in FILES.items():
        shop.write(name, text)
    shop.platform()
    return shop


def test_a_project_runs_again_and_again(shop: Shop) -> None:
    shop.run()
    assert shop.rows("gold.totals") == [[2, 30]]
    shop.write("orders.csv", "id,amount\n2,25\n3,5\n")
    shop.run()

    assert shop.rows("gold.totals") == [[3, 40]]
    assert sorted(shop.rows("silver.paid")) == [[1, 10], [2, 25], [3, 5]]
    assert len(shop.server.requests("POST", "/transactions/commit")) == 2
    history = json.loads(shop.floe("history", "gold.totals", "--json").out)
    assert len(history["snapshots"]) == 2


def test_a_server_that_changes_one_table_at_a_time_is_published_to_in_order_and_the_run_says_so(
    shop: Shop, behaviour: Behaviour
) -> None:
    behaviour.transactions, behaviour.lists_endpoints = False, True
    first = shop.floe("run")
    assert first.status == 0, first.err
    assert "one after the other: not in one commit" in first.err
    committed = [
        seen.path.rpartition("/")[2] for seen in shop.server.seen if seen.method == "POST" and "/tables/" in seen.path
    ]
    assert committed[-3:] == ["orders", "paid", "totals"]
    shop.write("orders.csv", "id,amount\n1,10\n2,25\n")
    (part,) = shop.run()["catalogs"]
    assert part["atomic"] is False
    assert shop.rows("gold.totals") == [[2, 35]]


@pytest.mark.parametrize("step", ["NodeFinished bronze.orders", "metadata-written"])
@pytest.mark.parametrize("journal_says_tables", [True, False])
def test_after_a_dead_run_only_the_tables_that_it_could_write_files_for_are_loaded(
    shop: Shop, step: str, journal_says_tables: bool
) -> None:
    shop.run()
    shop.write("floe.yaml", FILES["floe.yaml"].replace("transforms: [{type: dbt, path: ./models}]", ""))
    assert shop.floe("compile").status == 0
    killed = subprocess.run([sys.executable, str(CHILD), str(shop.folder), "kill", step], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    if not journal_says_tables:
        with closing(sqlite3.connect(shop.folder / ".floe/state.db")) as journal, journal:
            journal.execute("UPDATE runs SET plan = json_remove(plan, '$.tables')")
    shop.server.seen.clear()
    again = shop.floe("run")

    assert (again.status, "1 staged file" in again.err or step == "metadata-written") == (0, True), again.err
    loaded = {item.path.partition("?")[0].rpartition("/")[2] for item in shop.server.seen if "/tables/" in item.path}
    assert loaded == ({"orders"} if journal_says_tables else {"orders", "paid", "totals"})


def test_no_secret_is_in_anything_that_a_project_leaves(shop: Shop) -> None:
    # reliability T17
    shop.run()
    token = next(iter(shop.server.state.tokens))
    files = [path for path in shop.folder.rglob("*") if path.is_file()]
    leaking = [path for path in files if SECRET.encode() in path.read_bytes() or token.encode() in path.read_bytes()]

    assert leaking == []


def test_a_test_that_fails_leaves_what_is_published(shop: Shop) -> None:
    shop.run()
    before = {name: table.location for name, table in shop.server.state.tables.items()}
    shop.write("models/gold/schema.yml", "models: [{name: totals, columns: [{name: orders, data_tests: [unique]}]}]")
    shop.write("models/gold/bad.sql", "{{ config(materialized='table') }} select 1 as id union all select 1")
    shop.write("models/gold/bad.yml", "models: [{name: bad, columns: [{name: id, data_tests: [unique]}]}]")

    assert shop.floe("run").status == 1
    assert {name: table.location for name, table in shop.server.state.tables.items()} == before


def test_a_run_that_another_writer_overtakes_names_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run()
    overtaken: list[bool] = []

    def while_committing(method: str, path: str) -> bool:
        if method == "POST" and path.endswith("/transactions/commit") and not overtaken:
            overtaken.append(True)
            table = plain(shop).load_table("sales.gold.totals")
            table.overwrite(table.scan().to_arrow())
        return False

    shop.server.behaviour.forbidden = while_committing
    outcome = shop.floe("run")

    assert overtaken
    assert outcome.status == 2
    assert "error[FLOE-0504]: `sales.gold.totals` was changed by another writer (snapshot " in outcome.err


def plain(shop: Shop):
    from pyiceberg.catalog.rest import RestCatalog

    return RestCatalog("floe", uri=shop.server.uri, warehouse="lake", token=next(iter(shop.server.state.tokens)))


def wrong_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARIS", "another-secret")


def down(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.server.stop()


def no_warehouse(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.platform(warehouse="nowhere")


def no_rights(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.server.behaviour.forbidden = lambda method, _path: method == "POST"


def no_catalog(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.platform(uri=shop.server.uri + "/v1")


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (wrong_secret, "FLOE-0531", "unauthorized_client"),
        (down, "FLOE-0530", "cannot be reached: connection refused"),
        (no_warehouse, "FLOE-0534", "create it with `floe platform bootstrap`"),
        (no_rights, "FLOE-0533", "does not let `floe` create namespace `bronze`"),
        (no_catalog, "FLOE-0531", "/v1/v1/oauth/tokens` gives `floe` no token"),
    ],
)
def test_each_fault_of_the_catalog_is_one_clear_error(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., None], code: str, words: str
) -> None:
    # Files that Floe lands itself need no dbt.
    shop.write("floe.yaml", FILES["floe.yaml"].replace("transforms: [{type: dbt, path: ./models}]", ""))
    fault(shop, monkeypatch)
    outcome = shop.floe("run")

    assert outcome.status == 2
    assert outcome.err.count("error[FLOE-") == 1
    assert f"error[{code}]" in outcome.err
    assert words in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
    assert "another-secret" not in outcome.out + outcome.err


def test_files_are_written_with_keys_that_the_catalog_gives_and_renews(
    shop: Shop, behaviour: Behaviour, moto: Moto
) -> None:
    # lessons 22 and 23, reliability T12
    bucket, role = moto.bucket(), moto.role()
    asked: list[str] = []

    def vend(location: str) -> tuple[dict[str, str], list[dict[str, object]]]:
        asked.append(location)
        keys = moto.temporary_keys(4, role)
        config = {
            "s3.access-key-id": keys.access_key_id,
            "s3.secret-access-key": keys.secret_access_key,
            "s3.session-token": keys.session_token,
            "s3.session-token-expires-at-ms": str(int(keys.expires_at * 1000)),
            "s3.endpoint": "http://minio.in-cluster.invalid:9000",
        }
        wrong = {**config, "s3.access-key-id": "AKIAWRONG"}
        return {"s3.endpoint": config["s3.endpoint"]}, [
            {"prefix": f"s3://{bucket}", "config": wrong},
            {"prefix": location, "config": config},
        ]

    behaviour.vend = vend
    behaviour.base_location = f"s3://{bucket}/lake"
    storage = {
        "type": "s3",
        "bucket": bucket,
        "prefix": "lake",
        "endpoint": moto.endpoint,
        "credentials": {"mode": "vended"},
    }
    shop.platform(storage, access_delegation="vended-credentials")
    shop.run()
    shop.write("orders.csv", "id,amount\n2,25\n3,5\n")
    shop.run()

    assert shop.rows("gold.totals") == [[3, 40]]
    assert any(key.startswith("lake/sales/gold/totals/data/") for key in moto.keys_of(bucket))
    assert asked

"""A project whose tables lie in a bucket: the same promises as on a disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.projects import SHOP

from floe.artifact.codec import load
from floe.lake.base import TableName
from floe.lake.open import open_catalogs
from floe.lake.read import live_files
from floe.runtime.request import RunRequest
from floe.runtime.run import run

from ..services.moto import Keys, free_port  # noqa: TID252 - the tests are no installed package

if TYPE_CHECKING:
    from tests.cli.conftest import Floe
    from tests.services.moto import Moto

    from floe.lake.base import StoredFile

CREDENTIAL_SECONDS = int(os.environ.get("FLOE_TORTURE_CREDENTIAL_SECONDS", "3"))
CHILD = Path(__file__).parents[1] / "torture" / "child.py"

FILES = {
    **SHOP,
    "models/silver/paid.sql": "select id, amount from {{ source('bronze', 'orders') }} where amount > 0",
    "models/silver/merged.sql": """
        {{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
        select id, amount from {{ source('bronze', 'orders') }}
        """,
    "models/gold/totals.sql": """
        {{ config(materialized='table') }}
        select count(*) as orders, sum(amount)::bigint as total from {{ ref('paid') }}
        """,
    "models/gold/nothing.sql": "{{ config(materialized='table') }} select 1 as id where false",
    "models/gold/schema.yml": """
        models:
          - name: totals
            columns: [{name: total, data_tests: [not_null, unique]}]
        """,
}


def platform(moto: Moto, bucket: str, /, **changes: object) -> str:
    secret = {name: {"secret_ref": "s3", "key": name} for name in ("access_key_id", "secret_access_key")}
    storage = {
        "type": "s3",
        "bucket": bucket,
        "prefix": "lake/prod",
        "endpoint": moto.endpoint,
        "credentials": {"mode": "static", **secret},
        **changes,
    }
    return f"""
        version: "1.0.0"
        storage: {{default: {json.dumps(storage)}}}
        catalogs: {{default: {{type: sql, uri: "sqlite:///.floe/catalog.db"}}}}
        compute: {{default: {{type: duckdb}}}}
        layers: {{bronze: {{namespace: bronze}}, silver: {{namespace: silver}}, gold: {{namespace: gold}}}}
        """


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))


@pytest.fixture(params=["extension", "arrow"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How DuckDB reaches the bucket; without the extension's wheel it is through Arrow."""
    if request.param == "arrow":
        monkeypatch.setitem(sys.modules, "duckdb_extension_httpfs", None)
    return str(request.param)


@pytest.fixture
def bucket(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket, and a project in the folder of the test whose tables are to lie in it."""
    name = moto.bucket()
    write(tmp_path, {**FILES, "platform.yaml": platform(moto, name)})
    use(moto.user(), monkeypatch)
    return name


def use(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in keys.environment().items():
        monkeypatch.setenv(variable, value)


def rows(floe: Floe, table: str) -> list[list[object]]:
    shown = floe("show", table, "--json")
    assert shown.status == 0, shown.err
    return json.loads(shown.out)["rows"]


def test_a_project_runs_again_and_again_in_a_bucket(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    first = floe("run")
    assert first.status == 0, first.err
    assert (first.out + first.err).count("install Floe with the extra `s3`") == (way == "arrow")
    assert rows(floe, "gold.totals") == [[2, 30]]
    assert rows(floe, "gold.nothing") == []
    assert not (tmp_path / ".floe" / "warehouse").exists()
    assert all(key.startswith("lake/prod/") for key in moto.keys_of(bucket))

    write(tmp_path, {"orders.csv": "id,amount\n2,25\n3,30\n"})
    assert floe("run").status == 0
    assert rows(floe, "gold.totals") == [[2, 55]]
    assert sorted(rows(floe, "silver.merged")) == [[1, 10], [2, 25], [3, 30]]
    assert floe("history", "silver.merged").status == 0


def test_a_failed_run_leaves_nothing_in_the_bucket(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    assert floe("run").status == 0
    before = moto.keys_of(bucket)
    write(tmp_path, {"orders.csv": "id,amount\n1,\n"})
    failed = floe("run")
    assert failed.status == 1
    assert moto.keys_of(bucket) == before
    assert rows(floe, "gold.totals") == [[2, 30]]


def test_an_incremental_merge_reads_and_rewrites_files_of_the_bucket(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    assert floe("run", "--select", "bronze.orders", "silver.merged").status == 0
    write(tmp_path, {"orders.csv": "id,amount\n1,11\n"})
    assert floe("run", "--select", "bronze.orders", "silver.merged").status == 0
    assert sorted(rows(floe, "silver.merged")) == [[1, 11], [2, 20]]
    asked = floe("show", "--json", "--sql", "select sum(amount)::int as s from silver.merged")
    assert json.loads(asked.out)["rows"] == [[31]]


NO_WRITING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}],
}


def test_each_fault_of_a_bucket_is_one_clear_error(
    bucket: str, moto: Moto, floe: Floe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, expired = moto.user(), moto.temporary_keys(1)
    wrong = Keys(good.access_key_id, "canary-of-a-secret")
    secrets = {
        name: {"secret_ref": "s3", "key": name} for name in ("access_key_id", "secret_access_key", "session_token")
    }
    time.sleep(1.1)

    def run(code: str, keys: Keys = good, **changes: object) -> str:
        use(keys, monkeypatch)
        write(tmp_path, {"platform.yaml": platform(moto, bucket, **changes)})
        done = floe("run")
        said = done.out + done.err
        assert (done.status, code in said, "Traceback" in said) == (2, True, False), said
        assert keys.secret_access_key not in said
        assert not keys.session_token or keys.session_token not in said
        return said

    run("FLOE-0521", wrong)
    run("FLOE-0522", moto.user(NO_WRITING))
    run("FLOE-0523", expired, credentials={"mode": "static", **secrets})
    assert "aws s3 mb s3://no-such-bucket" in run("FLOE-0520", bucket="no-such-bucket")
    run("FLOE-0524", endpoint=f"http://127.0.0.1:{free_port()}")
    moto.fail(clock_offset_seconds=3600)
    run("FLOE-0525")
    moto.fail()
    assert moto.keys_of(bucket) == []


@pytest.mark.parametrize("step", ["NodeFinished gold.totals", "files-synced", "metadata-written", "committed"])
def test_a_run_that_is_killed_leaves_nothing_in_the_bucket_once_the_next_one_has_ended(
    step: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    # T1, in a bucket
    assert floe("compile").status == 0
    killed = subprocess.run([sys.executable, str(CHILD), str(tmp_path), "kill", step], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (dead,) = {key.split("/")[-1].split("-0")[0] for key in moto.keys_of(bucket) if key.endswith(".parquet")}

    again = floe("run")
    assert again.status == 0, again.err
    assert rows(floe, "gold.totals") == [[2, 30]]
    left = [key for key in moto.keys_of(bucket) if dead in key]
    assert bool(left) == (step == "committed"), left


SLOW = """
    import time

    import floe


    @floe.asset(layer="silver")
    def first(orders):
        time.sleep({seconds})
        return orders.project("id, amount + 1 as amount")


    @floe.asset(layer="silver")
    def second(first):
        time.sleep({seconds})
        return first.project("id, amount + 1 as amount")


    @floe.asset(layer="gold")
    def third(first, second):
        time.sleep({seconds})
        return first.union(second)
    """


def test_a_run_outlives_its_credentials(
    way: str, bucket: str, moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, floe: Floe
) -> None:
    # T12
    life, pauses = CREDENTIAL_SECONDS, 3
    write(tmp_path, {"assets/slow.py": SLOW.format(seconds=life), "floe.yaml": SLOW_PIPELINE})
    keys = moto.user()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.endpoint)
    role = {"mode": "iam_role", "role_arn": moto.role(), "duration_seconds": 900}
    write(tmp_path, {"platform.yaml": platform(moto, bucket, credentials=role)})
    assert floe("compile").status == 0
    artifacts = load(tmp_path / ".floe" / "artifacts.json")
    # No real role gives keys for seconds, so platform.yaml cannot ask for such.
    storage = artifacts.storage["default"]
    short = {**storage.credentials.properties, "duration_seconds": str(life)}
    storage = storage.model_copy(update={"credentials": storage.credentials.model_copy(update={"properties": short})})
    artifacts = artifacts.model_copy(update={"storage": {"default": storage}})

    started = time.monotonic()
    result = run(RunRequest(project_directory=tmp_path, artifacts=artifacts))
    assert result.status == "SUCCEEDED", result.errors
    took = time.monotonic() - started
    assert took > life * pauses
    sys.stdout.write(f"\na run of {took:.0f} s with keys that live for {life} s, {way}: {result.status}\n")
    assert {table.table for table in result.published} >= {"bronze.orders", "silver.second", "gold.third"}


SLOW_PIPELINE = """
    name: shop
    version: "1.0.0"
    transforms: [{type: python, path: ./assets}]
    sources: {orders: {files: "orders.csv", layer: bronze}}
    """


def test_tables_in_a_bucket_are_cared_for_as_on_a_disk(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    forgetful = platform(moto, bucket).replace("{namespace: silver}", "{namespace: silver, keep_snapshots: 1}")
    write(tmp_path, {"platform.yaml": forgetful.replace("keep_snapshots", "retention_days: 0, keep_snapshots")})
    model = "{{ config(materialized='incremental', incremental_strategy='append') }} select 1 as id"
    write(tmp_path, {"models/silver/merged.sql": model})
    for _ in range(3):
        assert floe("run", "-q", "--select", "silver.merged").status == 0
    before = moto.keys_of(bucket)
    rehearsed = json.loads(floe("maintain", "--dry-run", "--json").out)
    assert moto.keys_of(bucket) == before
    done = floe("maintain", "--json")
    assert done.status == 0, done.err
    (table,) = json.loads(done.out)["tables"]
    assert (table["files_compacted"], table["files_written"], table["snapshots_expired"]) == (3, 1, 3)
    assert rehearsed["tables"][0]["after"]["stored_files"] == table["after"]["stored_files"]
    assert len([key for key in moto.keys_of(bucket) if key.endswith(".parquet")]) == 1
    assert rows(floe, "silver.merged") == [[1], [1], [1]]


TOUCHED = {"merge": "merged", "delete+insert": "deleted", "insert_overwrite": "overwritten"}
LAID_OUT = """
    {{{{ config(materialized='incremental', incremental_strategy='{strategy}', unique_key='id',
               partition_by=['month(day)', 'bucket(2, id)'], sort_by='amount desc') }}}}
    select id, day, amount from {{{{ source('bronze', 'orders') }}}}
    """
SIZED = """
    {{ config(materialized='table', partition_by='truncate(200000, id)', sort_by='noise', target_file_size='500kB') }}
    select range as id, hash(range) as noise from range(400000)
    """


def data_files(tmp_path: Path, table: str) -> dict[str, StoredFile]:
    """The live files of a table, by location."""
    artifacts = load(tmp_path / ".floe" / "artifacts.json")
    state = open_catalogs(artifacts, tmp_path)["default"].load(TableName("silver", table), "")
    return {item.location: item for item in live_files(state)}


def test_tables_in_a_bucket_are_laid_out_and_only_what_an_increment_touches_is_written_again(
    way: str, bucket: str, moto: Moto, floe: Floe, tmp_path: Path
) -> None:
    models = {f"models/silver/{name}.sql": LAID_OUT.format(strategy=strategy) for strategy, name in TOUCHED.items()}
    days = {number: f"2026-0{number}-05" for number in (1, 2, 3)}
    lines = [f"{number},{days[number % 3 + 1]},{number * 7919 % 65536}" for number in range(600)]
    orders = "\n".join(["id,day,amount", *lines])
    write(tmp_path, {**models, "models/silver/sized.sql": SIZED, "orders.csv": orders})
    chosen = ("--select", "bronze.orders", *(f"silver.{name}" for name in TOUCHED.values()))
    assert floe("run", "-q", *chosen, "silver.sized").status == 0

    sizes = [(item.partition, item.size_bytes, item.record_count) for item in data_files(tmp_path, "sized").values()]
    assert ({place for place, *_ in sizes}, len(sizes) >= 6) == ({(0,), (200_000,)}, True)
    assert (max(size for _, size, _ in sizes) < 2_200_000, sum(count for *_, count in sizes)) == (True, 400_000)
    before = {name: data_files(tmp_path, name) for name in TOUCHED.values()}
    write(tmp_path, {"orders.csv": "id,day,amount\n3,2026-01-05,-1\n"})
    again = floe("run", "-q", *chosen)
    assert again.status == 0, again.err
    for strategy, name in TOUCHED.items():
        old, new = before[name], data_files(tmp_path, name)
        assert {item.partition[0] for item in old.values()} == {672, 673, 674}
        # The new row lies in one of six partitions, whose files are the only ones that may hold it.
        (place,) = {item.partition for location, item in new.items() if location not in old}
        gone = [item for location, item in old.items() if location not in new]
        assert {item.partition for item in gone} == {place}, strategy
        assert {location for location, item in old.items() if item.partition != place} <= new.keys()
        replaced = sum(item.record_count for item in gone) if strategy == "insert_overwrite" else 1
        asked = floe("show", "--json", "--sql", f"select count(*), min(amount)::int from silver.{name}")
        assert json.loads(asked.out)["rows"] == [[600 - replaced + 1, -1]], strategy

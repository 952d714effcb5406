"""AWS Glue, on moto's: PyIceberg's layout, pointers that only change as expected, and publishes that can be resumed."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.lake.dying import dies_at, finish_publish_of_three, let_the_writer_be_gone

from floe.artifact.settings import CatalogBinding, SecretReference, StorageBinding
from floe.errors import CommitConflictError, LakeError, UnknownOutcomeError
from floe.lake.base import Resumable, TableName
from floe.lake.catalogs.glue.catalog import GlueCatalog
from floe.lake.catalogs.glue.layout import table_input
from floe.lake.catalogs.records import Records
from floe.lake.cleanup import run_was_published
from floe.lake.publish import Listener, publish
from floe.lake.stores.local import LOCAL
from floe.lake.stores.open import Stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyiceberg.catalog import Catalog as PyIcebergCatalog
    from tests.lake.conftest import Lake
    from tests.services.moto import Keys, Moto

    from floe.lake.base import StagedTable

SECRETS = {
    "access_key_id": SecretReference(name="glue", key="access_key_id"),
    "secret_access_key": SecretReference(name="glue", key="secret_access_key"),
}
NAMES = ["gold.a", "gold.b", "silver.c"]


def open_glue(folder: Path, moto: Moto, **credentials: object) -> GlueCatalog:
    settings = {"mode": "static", **SECRETS, **credentials}
    binding = CatalogBinding(type="glue", uri=moto.endpoint, warehouse="", credentials=settings)
    stores = Stores({"default": StorageBinding(path=str(folder))}, folder)
    return GlueCatalog("lake", binding, stores, str(folder / "floe-publishes"))


@pytest.fixture
def glue(lake: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake, with its tables in an empty Glue."""
    client = moto.client("glue")
    for database in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=database["Name"])
    sign_in(moto.administrator, monkeypatch)
    lake.catalog = open_glue(lake.folder, moto)

    def plain() -> PyIcebergCatalog:
        from pyiceberg.catalog.glue import GlueCatalog as PlainCatalog

        return PlainCatalog("lake", client=client)

    monkeypatch.setattr(lake, "plain", plain)
    return lake


def sign_in(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in keys.environment("glue").items():
        monkeypatch.setenv(variable, value)


def staged_in(lake: Lake, value: int, run_id: str) -> list[StagedTable]:
    return [lake.stage(name, f"SELECT {value} AS id", run_id=run_id) for name in NAMES]


def contents(lake: Lake) -> list[int | None]:
    """What plain PyIceberg reads in each table; None where there is none."""
    catalog = lake.plain()
    found = [lake.rows(name)[0][0] if catalog.table_exists(name) else None for name in NAMES]
    catalog.close()
    return found


def records(lake: Lake) -> list[Path]:
    return sorted((lake.folder / "floe-publishes").glob("*"))


# Layout


def test_pyiceberg_reads_what_floe_publishes_and_the_other_way_round(glue: Lake) -> None:
    glue.write("gold.a", "SELECT 1::BIGINT AS id, 'x' AS note")
    catalog = glue.plain()
    catalog.load_table("gold.a").append(catalog.load_table("gold.a").scan().to_arrow())
    catalog.close()
    glue.write("gold.a", "SELECT 2::BIGINT AS id, 'y' AS note", operation="append", run_id="run-2")

    assert glue.rows("gold.a") == [(1, "x"), (1, "x"), (2, "y")]
    assert glue.duckdb_rows("gold.a") == [(1, "x"), (1, "x"), (2, "y")]


def test_the_table_of_glue_is_the_one_that_pyiceberg_would_write(glue: Lake, moto: Moto) -> None:
    from pyiceberg.catalog.glue import _construct_table_input

    query = (
        "SELECT 1 AS id, 1.5::DECIMAL(9, 2) AS price, {'a': [1], 'b': MAP {'k': DATE '2026-01-01'}} AS nested, "
        "now() AS at, TIME '10:00' AS clock, 'x'::BLOB AS bytes, uuid() AS uuid, true AS flag, 1.0::FLOAT AS f"
    )
    glue.write("gold.a", "SELECT 1 AS id, 'x' AS old")
    first = glue.state("gold.a").metadata_location
    glue.write("gold.a", query, run_id="run-2")

    table = moto.client("glue").get_table(DatabaseName="gold", Name="a")["Table"]
    plain = glue.table("gold.a")
    wanted = _construct_table_input("a", plain.metadata_location, {}, plain.metadata, None, first)
    assert {key: table[key] for key in wanted} == wanted


def test_what_others_wrote_into_the_table_of_glue_stays(glue: Lake, moto: Moto) -> None:
    glue.write("gold.a", "SELECT 1 AS id")
    client = moto.client("glue")
    table = client.get_table(DatabaseName="gold", Name="a")["Table"]
    wanted = table_input("a", glue.state("gold.a").metadata, glue.state("gold.a").metadata_location, None, table)
    wanted["Parameters"]["team"] = "sales"
    client.update_table(DatabaseName="gold", TableInput={**wanted, "Owner": "ann"})
    glue.write("gold.a", "SELECT 2 AS id", run_id="run-2")

    table = client.get_table(DatabaseName="gold", Name="a")["Table"]
    assert (table["Owner"], table["Parameters"]["team"]) == ("ann", "sales")


def test_databases_are_created_where_they_are_missing_and_tables_listed(glue: Lake, moto: Moto) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    client = moto.client("glue")
    client.create_table(DatabaseName="gold", TableInput={"Name": "csv", "Parameters": {"classification": "csv"}})
    elsewhere = {"table_type": "ICEBERG", "metadata_location": "s3://somebody-elses/m.json"}
    client.create_table(DatabaseName="gold", TableInput={"Name": "theirs", "Parameters": elsewhere})

    assert [str(name) for name in glue.catalog.tables()] == NAMES
    glue.catalog.drop([TableName("gold", "a"), TableName("gold", "none")])
    assert [str(name) for name in glue.catalog.tables()] == NAMES[1:]


def test_a_table_of_another_kind_is_not_taken_over(glue: Lake, moto: Moto) -> None:
    client = moto.client("glue")
    client.create_database(DatabaseInput={"Name": "gold"})
    client.create_table(DatabaseName="gold", TableInput={"Name": "a", "Parameters": {"classification": "csv"}})

    with pytest.raises(LakeError, match="not one of Iceberg") as caught:
        glue.state("gold.a")
    assert caught.value.code == "FLOE-0573"


@pytest.mark.parametrize("name", ["analytics.gold.a", "Gold.a", "gold.Orders"])
def test_names_that_glue_would_not_keep_are_refused(glue: Lake, name: str) -> None:
    with pytest.raises(LakeError, match="Glue has no") as caught:
        glue.state(name)
    assert caught.value.code == "FLOE-0573"


# Publishing


def test_tables_change_one_after_the_other_and_the_record_is_gone_afterwards(glue: Lake) -> None:
    assert not glue.catalog.atomic
    assert isinstance(glue.catalog, Resumable)
    glue.publish(*staged_in(glue, 1, "run-1"))

    assert glue.steps[2:] == ["metadata-written", "recorded", "swapped", "swapped", "swapped", "committed"]
    assert contents(glue) == [1, 1, 1]
    assert records(glue) == []


def test_one_table_needs_no_record(glue: Lake) -> None:
    glue.write("gold.a", "SELECT 1 AS id")
    assert glue.steps[2:] == ["metadata-written", "swapped", "committed"]


@pytest.mark.parametrize(
    ("step", "number", "first"),
    [("recorded", 1, False), ("swapped", 1, True), ("swapped", 2, False), ("swapped", 3, True)],
)
def test_what_a_killed_process_left_the_next_one_finishes(glue: Lake, step: str, number: int, first: bool) -> None:
    # T1, T2 on a catalog without a commit of several tables
    if not first:
        glue.publish(*staged_in(glue, 1, "run-1"))
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at(step, number))
    assert glue.catalog.finish_interrupted() == []  # it is still alive, as far as anybody can tell
    let_the_writer_be_gone(records(glue))

    finish_publish_of_three(glue.catalog, "lake", number if step == "swapped" else 0)
    assert contents(glue) == [2, 2, 2]
    assert records(glue) == []
    assert run_was_published({"lake": glue.catalog}, "run-2")


def test_a_process_that_is_killed_before_the_record_leaves_nothing(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at("metadata-written"))

    assert records(glue) == []
    assert contents(glue) == [1, 1, 1]


def interfering(lake: Lake, table: str) -> Callable[[str], None]:
    """Another writer publishes to a table once the first pointer of the publish has changed."""
    done: list[str] = []

    def on_step(step: str) -> None:
        if step == "swapped" and not done:
            done.append(step)
            other = open_other(lake)
            lake.write(table, "SELECT 7 AS id", run_id="run-7", operation="append")
            lake.catalog = other

    return on_step


def open_other(lake: Lake) -> GlueCatalog:
    return lake.catalog  # type: ignore[return-value]


@pytest.mark.parametrize("first", [True, False])
def test_a_conflict_in_the_middle_takes_everything_back(glue: Lake, first: bool) -> None:
    if not first:
        glue.publish(*staged_in(glue, 1, "run-1"))
    before = contents(glue)
    with pytest.raises(CommitConflictError, match=r"`silver\.c` was changed by run `run-7`"):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=interfering(glue, "silver.c"))

    assert contents(glue)[:2] == before[:2]
    assert (7,) in glue.rows("silver.c")
    assert records(glue) == []
    assert not run_was_published({"lake": glue.catalog}, "run-2")


def test_a_killed_publish_that_meets_another_writer_is_taken_back(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    glue.write("silver.c", "SELECT 7 AS id", run_id="run-7")
    let_the_writer_be_gone(records(glue))

    (said,) = glue.catalog.finish_interrupted()
    assert "what it had published was taken back, as `silver.c` was changed by run `run-7`" in said
    assert contents(glue) == [1, 1, 7]
    assert records(glue) == []


def test_a_publish_that_was_killed_while_it_was_taken_back_is_taken_back(
    glue: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    with monkeypatch.context() as patch:
        patch.setattr(GlueCatalog, "_put_back", lambda *_: os_kill())
        with pytest.raises(KeyboardInterrupt):
            glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=interfering(glue, "silver.c"))
    let_the_writer_be_gone(records(glue))

    (said,) = glue.catalog.finish_interrupted()
    assert said.endswith("what it had published was taken back")
    assert contents(glue)[:2] == [1, 1]
    assert records(glue) == []


def os_kill() -> bool:
    raise KeyboardInterrupt


def test_a_table_that_others_built_on_stays_and_is_named(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    glue.write("gold.a", "SELECT 8 AS id", run_id="run-8")
    glue.write("silver.c", "SELECT 7 AS id", run_id="run-7")
    let_the_writer_be_gone(records(glue))

    (said,) = glue.catalog.finish_interrupted()
    assert "was taken back, as `silver.c` was changed by run `run-7`" in said
    assert said.endswith("; `gold.a` stays as others, who built on it, left it")
    assert contents(glue) == [8, 1, 7]
    assert glue.catalog.finish_interrupted() == []


def test_a_publish_that_cannot_be_taken_back_names_the_tables_that_others_built_on(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    written: list[str] = []

    def others_write(step: str) -> None:
        if step == "swapped" and not written:
            written.extend(["gold.a", "silver.c"])
            for table in written:
                glue.write(table, "SELECT 7 AS id", run_id="run-7")

    with pytest.raises(LakeError, match=r"could not be taken back for `gold\.a`: others built on it") as caught:
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=others_write)
    assert caught.value.code == "FLOE-0574"
    assert contents(glue) == [7, 1, 7]


def test_a_slow_publish_that_others_took_for_dead_finished_and_built_on_ends_as_it_did(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))

    def taken_for_dead(step: str) -> None:
        if step == "swapped" and records(glue):
            let_the_writer_be_gone(records(glue))
            glue.catalog.finish_interrupted()  # type: ignore[attr-defined]
            glue.write("silver.c", "SELECT 7 AS id", run_id="run-7")

    glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=taken_for_dead)
    assert contents(glue) == [2, 2, 7]


def test_a_record_is_abandoned_where_its_process_cannot_be_at_work(tmp_path: Path) -> None:
    records = Records(LOCAL, str(tmp_path))
    mine = records.write("run-1", [])
    assert not mine.is_abandoned
    # A container that is started again has the same host name, and often the same process id.
    assert replace(mine, location=f"{tmp_path}/before.publish.json").is_abandoned
    elsewhere = replace(mine, host="another", written_at=time.time() - 600)
    assert not elsewhere.is_abandoned
    assert replace(elsewhere, written_at=time.time() - 1800).is_abandoned
    records.close(mine)
    assert mine.is_abandoned


def test_a_killed_publish_is_finished_where_others_only_built_on_it(glue: Lake) -> None:
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    glue.write("gold.a", "SELECT 8 AS id", run_id="run-8")
    let_the_writer_be_gone(records(glue))

    assert "2 of 3 tables were missing" in glue.catalog.finish_interrupted()[0]
    assert contents(glue) == [8, 2, 2]


def test_rows_that_are_only_added_follow_another_writer_with_all_tables_of_the_run(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    ours = [lake_append(glue, name) for name in NAMES]
    listener = Listener(interfering(glue, "silver.c"))
    publish([(glue.catalog, staged) for staged in ours], "run-2", "digest", listener)

    assert [sorted(row[0] for row in glue.rows(name)) for name in NAMES] == [[1, 2], [1, 2], [1, 2, 7]]
    assert records(glue) == []


def lake_append(lake: Lake, name: str) -> StagedTable:
    return lake.stage(name, "SELECT 2 AS id", operation="append", run_id="run-2", blind=True)


def test_every_acknowledged_append_of_many_writers_is_visible_exactly_once(glue: Lake) -> None:
    # T5, small
    glue.write("gold.a", "SELECT -1::BIGINT AS id")
    staged = [
        glue.stage("gold.a", f"SELECT {n}::BIGINT AS id", operation="append", run_id=f"w{n}", blind=True)
        for n in range(6)
    ]
    writers = [
        threading.Thread(target=publish, args=([(glue.catalog, item)], f"w{n}", "digest", lambda _: None))
        for n, item in enumerate(staged)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [row[0] for row in glue.rows("gold.a")] == [-1, *range(6)]


# Answers that are lost, and faults


class Flaky:
    """The client of boto3; the next change gets no answer, carried out or not."""

    def __init__(self, client: object, *, applied: bool, away: bool = False) -> None:
        self._client = client
        self._applied = applied
        self._away = away
        self._struck = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def get_table(self, **arguments: object) -> object:
        if self._struck and self._away:
            raise no_answer()
        return self._client.get_table(**arguments)

    def update_table(self, **arguments: object) -> object:
        if self._struck:
            return self._client.update_table(**arguments)
        self._struck = True
        if self._applied:
            self._client.update_table(**arguments)
        raise no_answer()


def no_answer() -> Exception:
    from botocore.exceptions import ReadTimeoutError

    return ReadTimeoutError(endpoint_url="http://glue")


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_is_settled_by_looking(glue: Lake, applied: bool) -> None:
    # T3
    glue.publish(*staged_in(glue, 1, "run-1"))
    staged = staged_in(glue, 2, "run-2")
    glue.catalog._opened = Flaky(glue.catalog._client, applied=applied)
    if applied:
        glue.publish(*staged, run_id="run-2")
        assert contents(glue) == [2, 2, 2]
        return
    with pytest.raises(LakeError, match=r"cannot change table `gold\.a`") as caught:
        glue.publish(*staged, run_id="run-2")
    assert caught.value.code == "FLOE-0571"
    assert contents(glue) == [1, 1, 1]


def test_an_outcome_that_nobody_can_tell_leaves_the_record_for_the_next_process(glue: Lake) -> None:
    glue.publish(*staged_in(glue, 1, "run-1"))
    staged, client = staged_in(glue, 2, "run-2"), glue.catalog._client
    glue.catalog._opened = Flaky(client, applied=True, away=True)
    with pytest.raises(UnknownOutcomeError):
        glue.publish(*staged, run_id="run-2")
    glue.catalog._opened = client
    let_the_writer_be_gone(records(glue))

    assert len(glue.catalog.finish_interrupted()) == 1
    assert contents(glue) == [2, 2, 2]


def test_keys_that_glue_does_not_know_are_named_as_such(
    glue: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(replace(moto.administrator, access_key_id="AKIAUNKNOWN"), monkeypatch)
    with pytest.raises(LakeError, match="does not accept the keys") as caught:
        open_glue(glue.folder, moto).tables()
    assert caught.value.code == "FLOE-0570"


def test_what_a_user_may_not_do_is_named(glue: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = {"Effect": "Allow", "Action": ["glue:Get*"], "Resource": "*"}
    sign_in(moto.user({"Version": "2012-10-17", "Statement": [reading]}), monkeypatch)
    glue.catalog = open_glue(glue.folder, moto)
    with pytest.raises(LakeError, match="may not create database `gold`") as caught:
        glue.write("gold.a", "SELECT 1 AS id")
    assert caught.value.code == "FLOE-0570"


def test_keys_that_have_expired_are_told_from_wrong_ones(
    glue: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = moto.temporary_keys(1)
    sign_in(expired, monkeypatch)
    token = SecretReference(name="glue", key="session_token")
    glue.catalog = open_glue(glue.folder, moto, session_token=token)
    time.sleep(1.1)
    with pytest.raises(LakeError, match="the keys that it was given have expired") as caught:
        glue.catalog.tables()
    assert caught.value.code == "FLOE-0556"
    assert expired.secret_access_key not in str(caught.value)


def test_a_clock_that_is_wrong_is_told_from_wrong_keys(glue: Lake, moto: Moto) -> None:
    moto.fail(clock_offset_seconds=3600)
    with pytest.raises(LakeError, match="the clock of this machine differs too much") as caught:
        glue.catalog.tables()
    assert caught.value.code == "FLOE-0555"


def test_a_role_is_taken_on(glue: Lake, moto: Moto) -> None:
    glue.catalog = open_glue(glue.folder, moto, mode="iam_role", role_arn=moto.role(), external_id="floe")
    glue.write("gold.a", "SELECT 1 AS id")

    assert glue.rows("gold.a") == [(1,)]


def test_a_glue_that_is_not_there_is_named(glue: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe.lake.catalogs.glue.client._ATTEMPTS", 1)
    catalog = open_glue(glue.folder, replace(moto, endpoint="http://127.0.0.1:9"))
    with pytest.raises(LakeError, match="catalog `lake` cannot list tables: could not connect") as caught:
        catalog.tables()
    assert caught.value.code == "FLOE-0571"


def test_without_boto3_the_extra_is_named(glue: Lake, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(LakeError, match="needs the package boto3") as caught:
        open_glue(glue.folder, moto).tables()
    assert caught.value.code == "FLOE-0572"
    assert "floe-runtime[glue]" in caught.value.instruction


def test_requests_name_the_account_that_has_the_catalog(glue: Lake, moto: Moto) -> None:
    binding = CatalogBinding(type="glue", uri=moto.endpoint, warehouse="123456789012", credentials=SECRETS)
    catalog = GlueCatalog("lake", binding, Stores({}, glue.folder), str(glue.folder))
    asked: list[dict[str, Any]] = []
    catalog._client.meta.events.register("before-parameter-build.glue", lambda params, **_: asked.append(params))

    assert catalog.tables() == ()
    assert asked[0]["CatalogId"] == "123456789012"


def test_a_record_of_another_machine_is_left_alone_for_a_while(glue: Lake) -> None:
    with pytest.raises(KeyboardInterrupt):
        glue.publish(*staged_in(glue, 2, "run-2"), run_id="run-2", on_step=dies_at("swapped"))
    (record,) = glue.catalog._records._store.list_files(str(glue.folder / "floe-publishes"))
    path = Path(record.location)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "host": "elsewhere"}))
    assert glue.catalog.finish_interrupted() == []
    path.write_text(json.dumps({**content, "host": "elsewhere", "written_at": content["written_at"] - 3600}))
    assert len(glue.catalog.finish_interrupted()) == 1

"""`floe preflight`: everything on a platform that a run needs, with the fix for what is missing; nothing stays."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.services import rest_catalog
from tests.services.hanging import hanging_server
from tests.services.moto import free_port
from tests.services.rest_catalog import Behaviour, RestServer

from .test_bootstrap import KEYS, LOCAL, S3, SQLITE, project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.conftest import Floe
    from tests.services.moto import Moto

OAUTH = (
    "{{type: rest, uri: '{}', warehouse: lake, credentials: {{mode: oauth2, client_id: floe, "
    "client_secret: {{secret_ref: rest-secret}}, scope: 'PRINCIPAL_ROLE:ALL'}}}}"
)
CANARY = "canary-of-the-preflight"


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Iterator[RestServer]:
    monkeypatch.setenv("REST_SECRET", CANARY)
    server = RestServer(Behaviour(clients={"floe": CANARY}))
    yield server
    server.stop()


def looked(floe: Floe, *words: str, status: int = 0) -> dict[tuple[str, str], dict[str, Any]]:
    outcome = floe("preflight", "--json", *words)
    assert outcome.status == status, outcome
    document = json.loads(outcome.out)
    assert document["schema_version"] == 1
    assert document["status"] == ("ok" if status == 0 else "fail")
    assert all(probe["fix"] for probe in document["probes"] if probe["outcome"] in ("fail", "warn"))
    return {(probe["section"], probe["name"]): probe for probe in document["probes"]}


def failed(found: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {key: probe["error"]["code"] for key, probe in found.items() if probe["outcome"] == "fail"}


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_local_platform_is_looked_at_and_nothing_is_left(floe: Floe, tmp_path: Path) -> None:
    project()
    before = files_below(tmp_path)
    found = looked(floe)
    assert {probe["outcome"] for probe in found.values()} == {"ok"}
    assert {section for section, _ in found} == {"storage", "catalogs", "machine", "compute"}
    assert files_below(tmp_path) == before


def test_the_built_in_platform_needs_nothing(floe: Floe) -> None:
    Path("models").mkdir()
    Path("models/one.sql").write_text("select 1 as id")
    Path("floe.yaml").write_text('name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: models}]\n')
    assert floe("preflight").status == 0
    assert not Path(".floe").exists()


def test_a_bucket_is_written_read_listed_and_left_as_it_was(
    floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.user().environment().items():
        monkeypatch.setenv(name, value)
    bucket = moto.bucket()
    project(S3.format(bucket, moto.endpoint, *KEYS))
    found = looked(floe)
    assert {probe["outcome"] for probe in found.values()} == {"ok"}
    assert found["secrets", "s3.access_key_id"]["text"].endswith("`env`, variable `S3_ACCESS_KEY_ID`")
    assert ("clock", moto.endpoint) in found
    assert ("compute", "httpfs") in found
    assert moto.keys_of(bucket) == []


def test_glue_gets_a_database_and_a_table_of_our_own_and_keeps_neither(
    floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.user().environment().items():
        monkeypatch.setenv(name, value)
    bucket = moto.bucket()
    keys = f"{{mode: static, access_key_id: {KEYS[0]}, secret_access_key: {KEYS[1]}}}"
    glue = f"{{type: glue, endpoint: '{moto.endpoint}', region: us-east-1, credentials: {keys}}}"
    project(S3.format(bucket, moto.endpoint, *KEYS), glue, layers=("never_made",))
    found = looked(floe)
    assert found["catalogs", "default, namespaces"]["text"].endswith("can be made by the first run")
    assert "a table was created in `floe_preflight_" in found["catalogs", "default, tables"]["text"]
    databases = [database["Name"] for database in moto.client("glue").get_databases()["DatabaseList"]]
    assert not [name for name in databases if name.startswith(("floe_preflight", "never_made"))]
    assert moto.keys_of(bucket) == []


def test_keys_that_may_only_read_fail_where_a_file_is_written_and_pass_read_only(
    floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
    user = moto.user({"Version": "2012-10-17", "Statement": [policy]})
    for name, value in user.environment().items():
        monkeypatch.setenv(name, value)
    project(S3.format(moto.bucket(), moto.endpoint, *KEYS))
    assert failed(looked(floe, status=1)) == {("storage", "default, files"): "FLOE-0522"}
    assert failed(looked(floe, "--read-only")) == {}


def test_each_fault_is_told_once_with_its_fix_and_what_needs_it_is_skipped(
    floe: Floe, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(S3.format("no-such-bucket", moto.endpoint, *KEYS))
    found = looked(floe, status=1)
    missing = {("secrets", "s3.access_key_id"): "FLOE-0460", ("secrets", "s3.secret_access_key"): "FLOE-0460"}
    assert failed(found) == missing
    assert found["storage", "default"]["outcome"] == "skipped"
    for name, value in moto.user().environment().items():
        monkeypatch.setenv(name, value)
    found = looked(floe, "--platform", "platform/local/platform.yaml", status=1)
    assert failed(found) == {("storage", "default"): "FLOE-0520"}
    assert "`floe platform bootstrap --platform platform/local/platform.yaml`" in found["storage", "default"]["fix"]
    assert found["storage", "default, files"]["outcome"] == "skipped"


def test_a_catalog_server_is_looked_at_step_by_step_and_left_as_it_was(
    floe: Floe, rest: RestServer, tmp_path: Path
) -> None:
    project(catalog=OAUTH.format(rest.uri))
    before = files_below(tmp_path)
    found = looked(floe)
    names = ["default", "default, token", "default, warehouse", "default, namespaces", "default, tables"]
    assert [name for section, name in found if section == "catalogs"] == names
    assert {probe["outcome"] for probe in found.values()} == {"ok"}
    assert (rest.state.namespaces, rest.state.tables) == ({}, {})
    assert files_below(tmp_path) == before
    rest.state.namespaces[("bronze",)] = {}
    assert "`eu.gold` is not there yet" in looked(floe)["catalogs", "default, namespaces"]["text"]
    assert (rest.state.namespaces, rest.state.tables) == ({("bronze",): {}}, {})


def test_namespaces_that_are_missing_are_to_know_of_where_nothing_may_be_tried(floe: Floe, rest: RestServer) -> None:
    project(catalog=OAUTH.format(rest.uri))
    found = looked(floe, "--read-only")
    assert found["catalogs", "default, namespaces"]["outcome"] == "warn"
    assert found["catalogs", "default, namespaces"]["fix"] == "run `floe platform bootstrap`"
    assert not any(seen.method == "POST" for seen in rest.seen if "oauth" not in seen.path)


def test_no_namespace_is_made_where_it_could_not_be_removed(
    floe: Floe, rest: RestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_catalog, "ENDPOINTS", [one for one in rest_catalog.ENDPOINTS if "DELETE" not in one])
    project(catalog=OAUTH.format(rest.uri))
    found = looked(floe)
    assert found["catalogs", "default, namespaces"]["outcome"] == "warn"
    assert found["catalogs", "default, tables"]["outcome"] == "skipped"
    assert rest.state.namespaces == {}


def test_a_wrong_secret_and_a_missing_warehouse_are_told_apart(
    floe: Floe, rest: RestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(catalog=OAUTH.format(rest.uri).replace("warehouse: lake", "warehouse: other"))
    assert failed(looked(floe, status=1)) == {("catalogs", "default, warehouse"): "FLOE-0534"}
    monkeypatch.setenv("REST_SECRET", "wrong-secret-of-the-preflight")
    outcome = floe("preflight", "--json")
    assert "wrong-secret-of-the-preflight" not in outcome.out + outcome.err
    assert failed(looked(floe, status=1)) == {("catalogs", "default, token"): "FLOE-0531"}


def test_who_may_not_make_tables_is_told_so_and_nothing_is_left(floe: Floe, rest: RestServer) -> None:
    project(catalog=OAUTH.format(rest.uri), layers=("bronze",))
    rest.state.namespaces[("bronze",)] = {}
    rest.behaviour.forbidden = lambda method, path: method == "POST" and "/tables" in path
    assert failed(looked(floe, status=1)) == {("catalogs", "default, tables"): "FLOE-0533"}
    assert (rest.state.namespaces, rest.state.tables) == ({("bronze",): {}}, {})


def test_a_clock_that_is_off_is_told(floe: Floe, rest: RestServer) -> None:
    project(catalog=OAUTH.format(rest.uri))
    rest.behaviour.clock_offset_seconds = -1000
    found = looked(floe, status=1)
    assert failed(found) == {("clock", rest.uri): "FLOE-0772"}
    assert "ahead of that of" in found["clock", rest.uri]["text"]
    rest.behaviour.clock_offset_seconds = 100
    assert looked(floe)["clock", rest.uri]["outcome"] == "warn"


def test_servers_that_hang_or_are_not_there_cost_no_more_than_their_time(
    floe: Floe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "REST_SECRET"):
        monkeypatch.setenv(name, CANARY)
    with ExitStack() as stack:
        hanging = stack.enter_context(hanging_server())
        project(
            S3.format("lake", f"http://127.0.0.1:{hanging}", *KEYS), OAUTH.format(f"http://127.0.0.1:{free_port()}")
        )
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "floe.cli", "preflight", "--timeout", "4", "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert time.monotonic() - started < 40
    assert done.returncode == 1, done.stderr
    assert CANARY not in done.stdout + done.stderr
    probes = {(probe["section"], probe["name"]): probe for probe in json.loads(done.stdout)["probes"]}
    assert failed(probes) == {("storage", "default"): "FLOE-0770", ("catalogs", "default"): "FLOE-0530"}


def test_a_folder_that_may_not_be_written_fails_before_anything_is_tried(floe: Floe) -> None:
    Path("notes.txt").write_text("a file where a folder is wanted")
    project("{type: local, path: notes.txt/lake}")
    assert failed(looked(floe, status=1)) == {("storage", "default"): "FLOE-0501"}


def test_an_interrupted_preflight_leaves_nothing_and_ends_with_130(
    rest: RestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project(catalog=OAUTH.format(rest.uri), layers=("bronze",))
    rest.state.namespaces[("bronze",)] = {}
    interrupted = threading.Event()  # until then, whatever follows the making of the table waits
    rest.behaviour.forbidden = lambda _method, _path: bool(rest.state.tables and not interrupted.wait(10) and False)
    command = [sys.executable, "-m", "floe.cli", "preflight"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not rest.state.tables and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    interrupted.set()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "interrupted\n")
    assert rest.state.tables == {}
    assert not list(tmp_path.rglob("*floe?preflight*"))


@pytest.mark.parametrize("columns", [80, 120])
def test_people_read_verdict_time_and_fix(floe: Floe, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """The whole of it but for the machine, whose numbers are its own."""
    project(S3.format("lake", "http://127.0.0.1:9", *KEYS), SQLITE)
    monkeypatch.setenv("COLUMNS", str(columns))
    outcome = floe("preflight")
    assert outcome.status == 1
    assert max(map(len, outcome.out.splitlines())) <= columns
    text, _, machine = re.sub(r" *\b\d+(\.\d+)?m?s  ", "    TIME  ", outcome.out).partition("machine\n")
    kept = Path(__file__).with_name(f"preflight-{columns}.txt")
    assert text == kept.read_text()
    assert re.match(r"  OK  +TIME  \d.* are free for the project\n", machine)
    assert "2 failed, 3 skipped" in outcome.err


def test_the_time_limit_must_be_more_than_nothing(floe: Floe) -> None:
    project(LOCAL)
    assert floe("preflight", "--timeout", "0").status == 2

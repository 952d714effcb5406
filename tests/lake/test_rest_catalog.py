"""The REST catalog: what it asks of a real HTTP server, what it makes of the answers, and that PyIceberg agrees."""

from __future__ import annotations

import re
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.lake.conflict_contract import *  # noqa: F403 - the tests are the contract's
from tests.lake.rest import OAUTH, SECRET, RestLake, failure, open_at
from tests.services.faulty_proxy import Fault, FaultyProxy
from tests.services.rest_catalog import Behaviour, RestServer

from floe.artifact.settings import SecretReference
from floe.errors import CommitConflictError, EnvironmentFaultError, LakeError
from floe.lake.base import TableCommit, TableName
from floe.lake.catalogs.rest.requirements import divided
from floe.lake.cleanup import remove_unpublished, run_was_published
from floe.lake.updates import updates_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path, rest_server: RestServer) -> RestLake:
    return RestLake(tmp_path, open_at(rest_server.uri, tmp_path), server=rest_server)


@contextmanager
def https_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server that is no catalog, with a certificate of its own; its address and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "floe tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", file
    finally:
        server.shutdown()
        server.server_close()


# Tables and namespaces


def test_what_is_published_is_read_by_pyiceberg_through_the_same_server(lake: RestLake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id, 'a' AS name")
    lake.write("silver.orders", "SELECT 2 AS id, 'b' AS name", run_id="run-2", operation="append")

    assert lake.rows("silver.orders") == [(1, "a"), (2, "b")]
    assert lake.plain().list_tables("silver") == [("silver", "orders")]
    assert lake.steps[-2:] == ["metadata-written", "committed"]


def test_pyiceberg_and_floe_take_turns_on_one_table(lake: RestLake) -> None:
    import pyarrow as pa

    lake.write("silver.orders", "SELECT 1::BIGINT AS id")
    lake.plain().load_table("silver.orders").append(pa.table({"id": [2]}))
    lake.write("silver.orders", "SELECT 3::BIGINT AS id", run_id="run-3", operation="append")

    assert lake.rows("silver.orders") == [(1,), (2,), (3,)]


def test_a_table_that_is_not_there_has_no_metadata_and_a_location(lake: RestLake) -> None:
    state = lake.state("silver.orders")

    assert not state.exists
    assert state.location == str(lake.folder / "warehouse" / "silver" / "orders")
    assert lake.server.state.namespaces == {}


def test_namespaces_of_several_levels_are_created_level_by_level_with_nested_locations(lake: RestLake) -> None:
    lake.write("lake.sales.eu.orders", "SELECT 1 AS id")
    root = f"{lake.folder}/warehouse"

    assert lake.server.state.namespaces == {
        ("lake",): {"location": f"{root}/lake"},
        ("lake", "sales"): {"location": f"{root}/lake/sales"},
        ("lake", "sales", "eu"): {"location": f"{root}/lake/sales/eu"},
    }
    assert lake.state("lake.sales.eu.orders").location == f"{root}/lake/sales/eu/orders"
    assert lake.catalog.tables() == (TableName("lake.sales.eu", "orders"),)
    assert lake.rows("lake.sales.eu.orders") == [(1,)]


def test_a_server_may_join_levels_in_its_own_way(lake: RestLake, behaviour: Behaviour) -> None:
    behaviour.separator = "%2E"
    lake.write("sales.eu.orders", "SELECT 1 AS id")

    assert lake.catalog.tables() == (TableName("sales.eu", "orders"),)
    assert lake.server.requests("GET", "/namespaces/sales.eu/tables/orders")


def test_names_are_written_so_that_no_server_takes_them_for_something_else(lake: RestLake) -> None:
    lake.write("silver.a b/c%3F", "SELECT 1 AS id")

    assert lake.catalog.tables() == (TableName("silver", "a b/c%3F"),)
    assert lake.state("silver.a b/c%3F").exists


def test_the_location_that_a_namespace_has_is_that_of_its_tables(lake: RestLake) -> None:
    elsewhere = f"{lake.folder}/elsewhere"
    lake.server.state.namespaces[("silver",)] = {"location": elsewhere}
    lake.write("silver.orders", "SELECT 1 AS id")

    assert lake.state("silver.orders").location == f"{elsewhere}/orders"


def test_namespaces_below_one_that_has_a_location_lie_below_it(lake: RestLake, behaviour: Behaviour) -> None:
    behaviour.tables_below_namespaces = True
    behaviour.base_location = f"{lake.folder}/polaris"
    lake.server.state.namespaces[("sales",)] = {"location": f"{lake.folder}/polaris/of-sales"}
    lake.write("sales.eu.orders", "SELECT 1 AS id")

    assert lake.state("sales.eu.orders").location == f"{lake.folder}/polaris/of-sales/eu/orders"


def test_many_tables_are_listed_page_by_page(lake: RestLake, behaviour: Behaviour) -> None:
    behaviour.page_limit = 2
    staged = [lake.stage(f"silver.t{number}", "SELECT 1 AS id") for number in range(5)]
    lake.publish(*staged)

    assert lake.catalog.tables() == tuple(TableName("silver", f"t{number}") for number in range(5))
    assert len(lake.server.requests("GET", "/namespaces/silver/tables")) == 3


def test_dropped_tables_leave_the_catalog_and_dropping_twice_is_no_error(lake: RestLake) -> None:
    lake.publish(lake.stage("silver.a", "SELECT 1 AS id"), lake.stage("silver.b", "SELECT 1 AS id"))
    lake.catalog.drop([TableName("silver", "a"), TableName("silver", "a")])

    assert lake.catalog.tables() == (TableName("silver", "b"),)


def test_a_method_that_no_client_knows_is_no_reason_to_refuse_a_catalog(lake: RestLake, behaviour: Behaviour) -> None:
    # lesson 26
    behaviour.more_endpoints = ("QUERY /v1/{prefix}/everything", "nonsense")

    assert lake.catalog.atomic


def test_an_address_inside_the_server_s_cluster_is_not_followed(lake: RestLake, behaviour: Behaviour) -> None:
    # lesson 22
    behaviour.config = {"overrides": {"uri": "http://in-cluster.invalid:8181"}}

    assert lake.catalog.tables() == ()


def test_tables_of_others_in_places_that_the_platform_does_not_have_are_in_nobody_s_way(lake: RestLake) -> None:
    elsewhere = replace(lake.state("other.theirs"), location="s3://theirs/table")
    staged = replace(lake.stage("other.theirs", "SELECT 1 AS id"), base=elsewhere)
    creation, _ = divided(TableCommit(elsewhere, tuple(updates_of(staged, {"snapshot-id": 1}))))
    lake.catalog.commit([creation], lake.steps.append)
    lake.write("silver.orders", "SELECT 1 AS id", run_id="run-1")
    lake.stage("silver.orders", "SELECT 2 AS id", run_id="run-dead")

    assert remove_unpublished({"default": lake.catalog}, [], "run-dead") == 1
    assert not run_was_published({"default": lake.catalog}, "run-dead")
    theirs = lake.state("other.theirs")
    assert theirs.exists
    for use in (
        lambda: theirs.store.read("s3://theirs/a"),
        lambda: theirs.store.size("s3://theirs/a"),
        lambda: theirs.store.write_new("s3://theirs/a", b""),
        lambda: theirs.store.make_folder("s3://theirs/a"),
        lambda: theirs.store.delete(["s3://theirs/a"]),
        lambda: list(theirs.store.list_files("s3://theirs")),
        lambda: theirs.store.sync(["s3://theirs/a"]),
    ):
        assert failure(use).code == "FLOE-0527"
    assert not theirs.store.is_local


# Commits


def test_all_tables_of_a_publish_change_in_one_request(lake: RestLake) -> None:
    assert lake.catalog.atomic
    lake.publish(*(lake.stage(name, "SELECT 1 AS id") for name in ("gold.a", "gold.b")))
    lake.publish(*(lake.stage(name, "SELECT 2 AS id", run_id="run-2") for name in ("gold.a", "gold.b")), run_id="run-2")

    assert len(lake.server.requests("POST", "/transactions/commit")) == 2
    assert lake.rows("gold.a") == lake.rows("gold.b") == [(2,)]


def test_a_table_that_was_dropped_meanwhile_is_a_conflict(lake: RestLake) -> None:
    lake.write("gold.a", "SELECT 1 AS id")
    staged = lake.stage("gold.a", "SELECT 2 AS id", run_id="run-2")
    lake.catalog.drop([TableName("gold", "a")])

    with pytest.raises(LakeError):
        lake.publish(staged, run_id="run-2")
    assert not lake.state("gold.a").exists


@pytest.mark.parametrize("kind", ["rest", "polaris"])
def test_where_commits_cannot_create_tables_new_ones_are_made_empty_first(
    lake: RestLake, behaviour: Behaviour, kind: str
) -> None:
    behaviour.creates_in_transactions = False
    lake.catalog = open_at(lake.server.uri, lake.folder, type=kind)
    lake.write("gold.old", "SELECT 0 AS id")
    lake.publish(*(lake.stage(name, "SELECT 1 AS id") for name in ("gold.old", "gold.new")), run_id="run-2")

    assert lake.rows("gold.old") == lake.rows("gold.new") == [(1,)]
    assert len(lake.state("gold.new").metadata["snapshots"]) == 1


def test_a_new_table_is_empty_when_its_commit_failed_and_the_next_run_fills_it(
    lake: RestLake, behaviour: Behaviour
) -> None:
    behaviour.creates_in_transactions = False
    lake.write("gold.old", "SELECT 0 AS id")
    staged = [lake.stage(name, "SELECT 1 AS id", run_id="run-2") for name in ("gold.old", "gold.new")]
    lake.write("gold.old", "SELECT 7 AS id", run_id="run-3")
    with pytest.raises(CommitConflictError):
        lake.publish(*staged, run_id="run-2")

    assert lake.rows("gold.new") == []
    lake.catalog = open_at(lake.server.uri, lake.folder)
    lake.publish(*(lake.stage(name, "SELECT 2 AS id", run_id="run-4") for name in ("gold.old", "gold.new")))
    assert lake.rows("gold.old") == lake.rows("gold.new") == [(2,)]


def test_a_publish_that_is_replayed_fills_the_table_that_its_first_attempt_made(
    lake: RestLake, behaviour: Behaviour
) -> None:
    behaviour.creates_in_transactions = False
    lake.write("gold.old", "SELECT 0 AS id")
    staged = [
        replace(lake.stage("gold.old", "SELECT 1 AS id", run_id="run-2", operation="append"), blind=True),
        lake.stage("gold.new", "SELECT 1 AS id", run_id="run-2"),
    ]
    lake.write("gold.old", "SELECT 7 AS id", run_id="run-3", operation="append")
    lake.publish(*staged, run_id="run-2")

    assert lake.rows("gold.old") == [(0,), (1,), (7,)]
    assert lake.rows("gold.new") == [(1,)]


def test_requirements_hold_what_a_commit_counts_on(lake: RestLake) -> None:
    from floe.lake.catalogs.rest.requirements import requirements_of

    lake.write("gold.a", "SELECT 1 AS id")
    state = lake.state("gold.a")
    updates = (
        {"action": "add-schema", "schema": {}},
        {"action": "set-snapshot-ref", "ref-name": "fix", "type": "branch", "snapshot-id": 7},
    )
    found = requirements_of(TableCommit(replace(state, branch="fix"), updates))

    assert found == [
        {"type": "assert-table-uuid", "uuid": state.metadata["table-uuid"]},
        {"type": "assert-ref-snapshot-id", "ref": "fix", "snapshot-id": None},
        {"type": "assert-current-schema-id", "current-schema-id": 0},
        {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 1},
    ]
    assert requirements_of(TableCommit(lake.state("gold.b"), ())) == [{"type": "assert-create"}]


def test_commits_without_rows_are_settled_like_others(lake: RestLake) -> None:
    published = lake.write("gold.a", "SELECT 1 AS id")
    tag = {"ref-name": "release", "type": "tag", "snapshot-id": published.snapshot_id}
    properties = {"action": "set-properties", "updates": {"owner": "floe"}}
    commit = TableCommit(lake.state("gold.a"), ({"action": "set-snapshot-ref", **tag}, properties))
    lake.catalog.commit([commit], lake.steps.append)

    newer = lake.write("gold.a", "SELECT 2 AS id", run_id="run-2")
    other = ({"action": "set-snapshot-ref", **tag, "snapshot-id": newer.snapshot_id},)
    with pytest.raises(CommitConflictError):
        lake.catalog.commit([replace(commit, updates=other)], lake.steps.append)
    assert lake.state("gold.a").metadata["properties"]["owner"] == "floe"
    assert lake.state("gold.a").metadata["refs"]["release"]["snapshot-id"] == published.snapshot_id


def test_every_acknowledged_append_of_many_writers_is_visible_exactly_once(lake: RestLake) -> None:
    # reliability T5, small
    lake.write("silver.events", "SELECT -1 AS id")

    def append(writer: int) -> None:
        own = RestLake(lake.folder, open_at(lake.server.uri, lake.folder, patience=20), server=lake.server)
        for number in range(3):
            run_id = f"run-{writer}-{number}"
            rows = f"SELECT {writer * 10 + number} AS id"
            staged = own.stage("silver.events", rows, run_id=run_id, operation="append")
            own.publish(replace(staged, blind=True), run_id=run_id)

    threads = [threading.Thread(target=append, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lake.rows("silver.events") == sorted([(-1,), *((w * 10 + n,) for w in range(4) for n in range(3))], key=repr)


# Who asks


@pytest.fixture
def guarded(lake: RestLake, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> RestLake:
    """The lake behind a server that knows one client."""
    behaviour.clients = {"floe": SECRET}
    monkeypatch.setenv("POLARIS_SECRET", SECRET)
    lake.catalog = open_at(lake.server.uri, lake.folder, credentials=OAUTH)
    return lake


def test_client_credentials_are_a_form_with_a_scope_and_one_token_serves_many_requests(guarded: RestLake) -> None:
    # lesson 24
    guarded.write("silver.orders", "SELECT 1 AS id")
    (asked,) = guarded.server.requests("POST", "/oauth/tokens")

    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "scope=PRINCIPAL_ROLE%3AALL" in asked.body.decode()
    assert "Authorization" not in asked.headers


def test_tokens_are_renewed_before_they_expire(guarded: RestLake, behaviour: Behaviour) -> None:
    behaviour.token_seconds = 1.0
    guarded.catalog.tables()
    time.sleep(0.8)
    guarded.catalog.tables()

    assert len(guarded.server.requests("POST", "/oauth/tokens")) == 2
    assert all(seen.answered != 401 for seen in guarded.server.seen)


def test_a_token_that_the_catalog_refuses_is_renewed_once(guarded: RestLake) -> None:
    guarded.catalog.tables()
    guarded.server.state.tokens.clear()

    assert guarded.catalog.tables() == ()
    assert len(guarded.server.requests("POST", "/oauth/tokens")) == 2


def test_threads_whose_token_is_refused_at_once_ask_for_one_new_token(guarded: RestLake) -> None:
    guarded.catalog.tables()
    guarded.server.state.tokens.clear()
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda _: guarded.catalog.load(TableName("silver", "orders"), ""), range(16)))

    assert len(guarded.server.requests("POST", "/oauth/tokens")) == 2


def test_tokens_are_not_renewed_where_the_platform_says_so(guarded: RestLake) -> None:
    guarded.catalog = open_at(guarded.server.uri, guarded.folder, credentials=OAUTH, token_refresh_enabled=False)
    guarded.catalog.tables()
    guarded.server.state.tokens.clear()

    assert failure(guarded.catalog.tables).code == "FLOE-0532"


def test_a_wrong_secret_is_told_apart_from_everything_else(guarded: RestLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARIS_SECRET", "not-the-secret")
    error = failure(guarded.catalog.tables)

    assert error.code == "FLOE-0531"
    assert "`floe`" in error.reason
    assert "unauthorized_client (The client is not authorized)" in error.reason
    assert "not-the-secret" not in error.reason


def test_a_wrong_scope_is_the_server_s_own_words(guarded: RestLake) -> None:
    credentials = {**OAUTH, "scope": "catalog"}
    guarded.catalog = open_at(guarded.server.uri, guarded.folder, credentials=credentials)

    assert "invalid_scope" in failure(guarded.catalog.tables).reason


def test_a_missing_secret_names_where_it_was_looked_for(guarded: RestLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLARIS_SECRET")
    with pytest.raises(EnvironmentFaultError, match="POLARIS_SECRET"):
        guarded.catalog.tables()


def test_tokens_come_from_the_endpoint_that_the_platform_names(guarded: RestLake, behaviour: Behaviour) -> None:
    issuer = RestServer(Behaviour(clients=behaviour.clients))
    issuer.state.tokens = guarded.server.state.tokens
    behaviour.has_token_endpoint = False
    credentials = {**OAUTH, "token_endpoint": f"{issuer.uri}/v1/oauth/tokens"}
    guarded.catalog = open_at(guarded.server.uri, guarded.folder, credentials=credentials)

    assert guarded.catalog.tables() == ()
    assert guarded.server.requests("POST", "/oauth/tokens") == []
    issuer.stop()


def test_tokens_come_from_the_endpoint_that_the_catalog_names_where_it_has_none_itself(
    guarded: RestLake, behaviour: Behaviour
) -> None:
    issuer = RestServer(Behaviour(clients=behaviour.clients))
    issuer.state.tokens = guarded.server.state.tokens
    behaviour.has_token_endpoint = behaviour.config_needs_token = False
    behaviour.config = {"defaults": {"oauth2-server-uri": f"{issuer.uri}/v1/oauth/tokens"}}

    assert guarded.catalog.tables() == ()
    issuer.stop()


def test_an_endpoint_that_gives_no_tokens_is_named(guarded: RestLake, behaviour: Behaviour) -> None:
    behaviour.has_token_endpoint = False
    error = failure(guarded.catalog.tables)

    assert error.code == "FLOE-0531"
    assert "/v1/oauth/tokens` gives no token" in error.reason


def test_a_bearer_token_is_a_secret_and_an_expired_one_is_told(
    lake: RestLake, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour.static_tokens = {SECRET}
    monkeypatch.setenv("CATALOG_TOKEN", SECRET)
    credentials = {"mode": "static", "token": SecretReference(name="catalog-token")}
    lake.catalog = open_at(lake.server.uri, lake.folder, credentials=credentials)
    lake.write("silver.orders", "SELECT 1 AS id")
    behaviour.static_tokens = {"another"}
    error = failure(lake.catalog.tables)

    assert error.code == "FLOE-0532"
    assert "Token ***** is not valid" in error.reason
    assert SECRET not in f"{error.reason}{error.instruction}{error.details}"


def test_headers_of_the_platform_go_with_every_request(lake: RestLake, behaviour: Behaviour) -> None:
    behaviour.required_headers = {"Polaris-Realm": "floe"}
    lake.catalog = open_at(lake.server.uri, lake.folder, settings={"headers": {"Polaris-Realm": "floe"}})
    lake.write("silver.orders", "SELECT 1 AS id")

    assert {seen.headers["Polaris-Realm"] for seen in lake.server.seen} == {"floe"}


# Faults, each with its own code


def test_a_warehouse_that_vanishes_during_a_run_is_named_too(lake: RestLake, behaviour: Behaviour) -> None:
    staged = lake.stage("gold.a", "SELECT 1 AS id")
    behaviour.warehouse = behaviour.prefix = "another"
    error = failure(lambda: lake.publish(staged))

    assert error.code == "FLOE-0534"
    assert "create it with `floe platform bootstrap`" in str(error.instruction)


def test_a_missing_warehouse_names_the_command_that_creates_it(lake: RestLake) -> None:
    lake.catalog = open_at(lake.server.uri, lake.folder, warehouse="other")
    error = failure(lake.catalog.tables)

    assert error.code == "FLOE-0534"
    assert "`other`" in error.reason
    assert "floe platform bootstrap" in error.instruction


def test_missing_rights_name_who_may_not_do_what(guarded: RestLake, behaviour: Behaviour) -> None:
    guarded.write("silver.orders", "SELECT 1 AS id")
    staged = guarded.stage("silver.orders", "SELECT 2 AS id", run_id="run-2")
    behaviour.forbidden = lambda method, path: method == "POST" and path.endswith("/orders")
    error = failure(lambda: guarded.publish(staged, run_id="run-2"))

    assert error.code == "FLOE-0533"
    assert "does not let `floe` commit to `silver.orders`" in error.reason


def test_a_catalog_that_is_down_is_told_soon(lake: RestLake) -> None:
    lake.server.stop()
    started = time.monotonic()
    error = failure(lake.catalog.tables)

    assert error.code == "FLOE-0530"
    assert "cannot be reached: connection refused" in error.reason
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("address", ["/nothing-here", ""])
def test_something_that_is_no_catalog_is_told(lake: RestLake, address: str) -> None:
    uri = lake.server.uri.removesuffix("/api/catalog")
    error = failure(open_at(f"{uri}{address}", lake.folder).tables)

    assert error.code == "FLOE-0535"


def test_a_server_that_answers_with_something_else_is_no_catalog(lake: RestLake) -> None:
    answers = {"config": (200, {"overrides": {"prefix": "lake"}}), "namespaces": (200, ["not", "what", "is", "asked"])}
    lake.server.answer = lambda seen: answers[seen.path.partition("?")[0].rpartition("/")[2]]

    error = failure(lake.catalog.tables)
    assert error.code == "FLOE-0535"
    assert "its answer is not what the specification says" in error.reason


def test_a_server_that_has_moved_is_named_and_not_followed(lake: RestLake) -> None:
    with FaultyProxy(lake.server.uri, lambda _method, _path: moved) as proxy:
        moved = Fault("moved", status=301, headers={"Location": "https://elsewhere.example.com/"})
        error = failure(open_at(proxy.uri, lake.folder).tables)

    assert error.code == "FLOE-0535"
    assert "it points to `https://elsewhere.example.com/`" in error.reason


def test_a_refusal_to_show_the_configuration_is_the_server_s_own_words(lake: RestLake) -> None:
    refusal = {"error": {"message": "Please specify a warehouse", "type": "BadRequestException", "code": 400}}
    lake.server.answer = lambda _seen: (400, refusal)
    error = failure(lake.catalog.tables)

    assert error.code == "FLOE-0538"
    assert "refused to show its configuration: Please specify a warehouse (HTTP 400)" in error.reason


def test_a_clock_that_is_wrong_is_told_where_credentials_are_refused(guarded: RestLake, behaviour: Behaviour) -> None:
    guarded.catalog.tables()
    behaviour.clock_offset_seconds = -3600
    behaviour.forbidden = lambda _method, _path: True
    error = failure(guarded.catalog.tables)

    assert error.code == "FLOE-0536"
    assert re.search(r"the clock here is 36\d\d s ahead of its", error.reason)


def test_a_refusal_that_is_not_a_conflict_is_the_server_s_own_words(lake: RestLake) -> None:
    lake.write("silver.orders", "SELECT 1 AS id")
    commit = TableCommit(lake.state("silver.orders"), ({"action": "unheard-of"},))
    error = failure(lambda: lake.catalog.commit([commit], lake.steps.append))

    assert error.code == "FLOE-0538"
    assert "validation error" in error.reason
    assert "(HTTP 400)" in error.reason


def test_a_certificate_that_nobody_vouches_for_is_refused(lake: RestLake, tmp_path: Path) -> None:
    with https_server(tmp_path) as (uri, certificate):
        error = failure(open_at(uri, lake.folder).tables)
        assert error.code == "FLOE-0540"
        assert "certificate" in error.reason
        # The same server with its authority named answers, though it is no catalog.
        trusted = open_at(uri, lake.folder, settings={"ca_bundle": str(certificate)})
        assert failure(trusted.tables).code == "FLOE-0535"

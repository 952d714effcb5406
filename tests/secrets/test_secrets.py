"""Where secrets are looked for: in the environment and in mounted files, as long as a platform says nothing else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from floe.errors import EnvironmentFaultError
from floe.secrets.base import Reference
from floe.secrets.masking import mask
from floe.secrets.resolve import BackendSettings, Resolver

if TYPE_CHECKING:
    from pathlib import Path


def resolver(mounts: Path) -> Resolver:
    return Resolver([BackendSettings("env"), BackendSettings("mount", {"path": str(mounts)})])


def refused(reference: Reference, mounts: Path) -> EnvironmentFaultError:
    with pytest.raises(EnvironmentFaultError) as caught:
        resolver(mounts).resolve(reference)
    return caught.value


def test_the_environment_wins_over_a_mounted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "db-password").write_text("mounted\n")
    reference = Reference("db-password")
    assert resolver(tmp_path).resolve(reference) == "mounted"
    monkeypatch.setenv("DB_PASSWORD", "given")
    assert resolver(tmp_path).resolve(reference) == "given"


def test_an_empty_variable_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "db-password").write_text("mounted")
    monkeypatch.setenv("DB_PASSWORD", "")
    assert resolver(tmp_path).resolve(Reference("db-password")) == "mounted"


def test_the_environment_is_looked_at_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_OTHER_TOKEN", "from the process")
    assert Resolver().resolve(Reference("some.other-token")) == "from the process"


def test_a_secret_that_is_mounted_as_a_folder_of_keys_is_read_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # lesson 9
    (tmp_path / "s3").mkdir()
    (tmp_path / "s3" / "access_key_id").write_text("one")
    (tmp_path / "s3" / "secret").write_text("two")
    assert resolver(tmp_path).resolve(Reference("s3", "access_key_id")) == "one"
    assert resolver(tmp_path).resolve(Reference("s3", "secret")) == "two"
    monkeypatch.setenv("S3_SECRET", "given")
    assert resolver(tmp_path).resolve(Reference("s3", "secret")) == "given"


def test_a_folder_of_keys_without_a_key_names_the_keys_and_no_value(tmp_path: Path) -> None:
    # lesson 9
    (tmp_path / "s3").mkdir()
    (tmp_path / "s3" / "secret").write_text("canary")
    error = refused(Reference("s3"), tmp_path)
    assert (error.code, "`secret`" in error.instruction) == ("FLOE-0461", True)
    assert "canary" not in f"{error.reason} {error.instruction}"


def test_a_missing_secret_names_the_variable_and_the_file_that_were_tried(tmp_path: Path) -> None:
    error = refused(Reference("db-password"), tmp_path)
    assert error.code == "FLOE-0460"
    assert "the environment variable `DB_PASSWORD`" in error.reason
    assert f"`{tmp_path / 'db-password'}`" in error.reason
    assert error.instruction == "set `DB_PASSWORD`, or mount the secret"
    assert "key `user`" in refused(Reference("db", "user"), tmp_path).reason


def test_a_key_of_a_secret_that_is_one_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("whole")
    assert refused(Reference("db", "user"), tmp_path).code == "FLOE-0460"


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    assert refused(Reference("key"), tmp_path).reason.endswith("it is not text in UTF-8")


def test_a_secret_is_fetched_once_however_many_threads_ask_for_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-value")
    one = resolver(tmp_path)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(one.resolve(Reference("token")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.write_text("second-value")
    assert {*got, one.resolve(Reference("token"))} == {"first-value"}
    assert resolver(tmp_path).resolve(Reference("token")) == "second-value"


def test_settings_are_filled_in_with_the_values_of_their_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "given")
    settings = {"user": "me", "password": Reference("db-password")}
    assert Resolver().resolve_all(settings) == {"user": "me", "password": "given"}


def test_all_secrets_are_tried_without_failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounted").write_text("canary-one")
    monkeypatch.setenv("GIVEN", "canary-two")
    found = resolver(tmp_path).try_all([Reference("given"), Reference("mounted"), Reference("nowhere")])
    assert [(finding.backend, finding.fault.code if finding.fault else "") for finding in found] == [
        ("env", ""),
        ("mount", ""),
        ("", "FLOE-0460"),
    ]
    assert "canary" not in repr(found)


def test_what_was_resolved_is_masked_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "canary-value")
    assert mask("a canary-value") == "a canary-value"
    Resolver().resolve(Reference("db-password"))
    assert mask("a canary-value") == "a *****"

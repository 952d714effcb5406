"""Where secrets are looked for, and how they stay out of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.errors import EnvironmentFaultError
from floe.secrets.masking import Masker
from floe.secrets.resolve import Reference, resolve

if TYPE_CHECKING:
    from pathlib import Path


def refused(reference: Reference, mounts: Path, environment: dict[str, str] | None = None) -> EnvironmentFaultError:
    with pytest.raises(EnvironmentFaultError) as caught:
        resolve(reference, environment or {}, mounts)
    return caught.value


def test_the_environment_wins_over_a_mounted_file(tmp_path: Path) -> None:
    (tmp_path / "db-password").write_text("mounted\n")
    reference = Reference("db-password")
    assert resolve(reference, {"DB_PASSWORD": "given"}, tmp_path) == "given"
    assert resolve(reference, {}, tmp_path) == "mounted"


def test_an_empty_variable_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "db-password").write_text("mounted")
    assert resolve(Reference("db-password"), {"DB_PASSWORD": ""}, tmp_path) == "mounted"


def test_the_variables_of_the_process_are_looked_at_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_OTHER_TOKEN", "from the process")
    assert resolve(Reference("some.other-token")) == "from the process"


def test_a_secret_that_is_mounted_as_a_folder_of_keys_is_read_by_key(tmp_path: Path) -> None:
    # lesson 9
    (tmp_path / "s3").mkdir()
    (tmp_path / "s3" / "access_key_id").write_text("one")
    (tmp_path / "s3" / "secret").write_text("two")
    assert resolve(Reference("s3", "access_key_id"), {}, tmp_path) == "one"
    assert resolve(Reference("s3", "secret"), {}, tmp_path) == "two"
    assert resolve(Reference("s3", "secret"), {"S3_SECRET": "given"}, tmp_path) == "given"


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
    assert "`DB_PASSWORD`" in error.reason
    assert f"`{tmp_path / 'db-password'}`" in error.reason
    assert "key `user`" in refused(Reference("db", "user"), tmp_path).reason


def test_a_key_of_a_secret_that_is_one_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("whole")
    assert refused(Reference("db", "user"), tmp_path).code == "FLOE-0460"


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    assert refused(Reference("key"), tmp_path).reason.endswith("it is not text in UTF-8")


def test_secrets_are_masked_whole_and_line_by_line() -> None:
    masker = Masker.of(["canary", "first line\nsecond line", "abc"])
    assert masker.mask("a canary and the second line; abc") == "a ***** and the *****; abc"
    assert "canary" not in repr(masker)

"""A disk that takes no more while a query spills or its result is written: a clear error, and nothing changed (T10)."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.conftest import Lakehouse

MEGABYTE = 1_000_000


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse to write more into any file, as a full disk or a quota would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_while_a_result_is_written_is_a_clear_error(lakehouse: Lakehouse) -> None:
    lakehouse.model("gold.t", "select range as id, hash(range) as h from range(1000000)")
    with files_no_larger_than(MEGABYTE), pytest.raises(EnvironmentFaultError) as caught:
        lakehouse.build()
    assert caught.value.code == "FLOE-0416"


def test_a_disk_that_is_full_while_a_query_spills_is_a_clear_error(lakehouse: Lakehouse) -> None:
    lakehouse.compute = {"memory_limit": "60MB", "threads": 1}
    query = "select hash(range) as h, range as id from range(8000000) order by h limit 10 offset 4000000"
    lakehouse.model("gold.t", query)
    with files_no_larger_than(MEGABYTE), pytest.raises(EnvironmentFaultError) as caught:
        lakehouse.build()
    assert caught.value.code in {"FLOE-0416", "FLOE-0417"}

"""Projects whose tables lie in Azure or Google Cloud Storage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.projects import SHOP

from floe.errors import LakeError
from floe.lake.stores.arrow import ArrowStore
from floe.lake.stores.credentials import Credentials, fixed

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Cloud

FILES = {
    **SHOP,
    "models/gold/merged.sql": """
        {{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
        select id, amount from {{ source('bronze', 'orders') }}
        """,
    "models/gold/checked.yml": "models: [{name: merged, columns: [{name: amount, data_tests: [not_null]}]}]\n",
}


def floe(folder: Path, cloud: Cloud, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **cloud.secrets}
    command = [sys.executable, "-m", "floe.cli", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def rows(folder: Path, cloud: Cloud) -> list[list[Any]]:
    shown = floe(folder, cloud, "show", "gold.merged", "--json")
    assert shown.returncode == 0, shown.stderr
    return sorted(json.loads(shown.stdout)["rows"])


def test_a_project_runs_merges_and_cleans_up_after_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    platform = f"""
        version: "1.0.0"
        storage: {{default: {{{cloud.profile}}}}}
        catalogs: {{default: {{type: sql, uri: "sqlite:///.floe/catalog.db"}}}}
        compute: {{default: {{type: duckdb}}}}
        layers: {{bronze: {{namespace: bronze}}, gold: {{namespace: gold}}}}
        """
    for name, text in {**FILES, "platform.yaml": platform}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip("\n"))
    first = floe(tmp_path, cloud, "run")
    assert first.returncode == 0, first.stderr
    assert rows(tmp_path, cloud) == [[1, 10], [2, 20]]

    (tmp_path / "orders.csv").write_text("id,amount\n2,25\n3,30\n")
    assert floe(tmp_path, cloud, "run").returncode == 0
    assert rows(tmp_path, cloud) == [[1, 10], [2, 25], [3, 30]]

    before = {file.location for file in cloud.store.list_files(cloud.folder)}
    (tmp_path / "orders.csv").write_text("id,amount\n4,\n")
    assert floe(tmp_path, cloud, "run").returncode == 1
    assert {file.location for file in cloud.store.list_files(cloud.folder)} == before
    assert rows(tmp_path, cloud) == [[1, 10], [2, 25], [3, 30]]


def test_a_missing_bucket_is_named_with_the_command_that_creates_it(cloud: Cloud) -> None:
    bucket = cloud.folder.split("/")[2].partition("@")[0]
    access = replace(cloud.store.access, root=cloud.folder.replace(bucket, "no-such-bucket"))
    store = ArrowStore(access, cloud.store.credentials)
    location = f"{access.root}/x"
    for use in (store.check, lambda: store.write_new(location, b""), lambda: store.read(location)):
        with pytest.raises(LakeError, match="there is no bucket `no-such-bucket`") as caught:
            use()
        assert "no-such-bucket" in caught.value.instruction


def test_a_wrong_key_of_azure_is_named(azure: Cloud) -> None:
    wrong = "QUJD" * 21 + "QUI="
    store = ArrowStore(azure.store.access, fixed(Credentials({"account_key": wrong})))
    with pytest.raises(LakeError) as caught:
        store.write_new(f"{azure.folder}/x", b"")
    assert caught.value.code == "FLOE-0521"
    assert wrong not in f"{caught.value} {caught.value.details}"

"""What the preflight of a warehouse finds: dbt connects, or says why it cannot; a DuckDB file is the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe.artifact.models import CompiledArtifacts
from floe.artifact.settings import ComputeBinding, SecretReference, SecretsBinding
from floe.deploy.probing import Probing
from floe.engines import probing
from floe.engines.probing import compute_probes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from floe.deploy.probing import Finding

VARIABLE = "DBT_ENV_SECRET_WAREHOUSE_FILE"


def looked_at(folder: Path, kind: str = "duckdb") -> Finding:
    """What the probe finds of a warehouse whose path is a secret."""
    output = {"type": "duckdb", "schema": "analytics", "threads": 1, "path": f"{{{{ env_var('{VARIABLE}') }}}}"}
    secrets = {VARIABLE: SecretReference(name="warehouse-file")}
    compute = ComputeBinding.model_construct(type=kind, properties={}, output=output, secrets=secrets)
    artifacts = CompiledArtifacts.model_construct(compute=compute, secrets=SecretsBinding(), storage={})
    (result,) = Probing(compute_probes(artifacts, folder, 1.0), 1.0).carry_out()
    return result.finding


def test_a_warehouse_that_answers_is_well_and_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_FILE", str(tmp_path / "warehouse.duckdb"))
    found = looked_at(tmp_path)
    assert (found.outcome, found.text) == ("ok", "dbt connects to `duckdb`")
    assert {path.name for path in tmp_path.iterdir()} <= {"warehouse.duckdb"}


def test_a_warehouse_that_does_not_answer_says_why_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_FILE", str(tmp_path / "canary-of-the-warehouse" / "none.duckdb"))
    found = looked_at(tmp_path)
    assert found.error is not None
    assert found.error.code == "FLOE-0775"
    assert found.text.startswith("dbt cannot connect to `duckdb`: ")
    assert "Cannot open file" in found.text
    assert "canary-of-the-warehouse" not in found.text
    assert found.fix == "correct the compute profile in platform.yaml, or its secrets"
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_that_says_nothing_is_given_up_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_FILE", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setattr(probing, "_DBT_SECONDS", 0.0)  # dbt alone takes longer to start than the second of the probe
    assert "gave no answer within 1 s" in looked_at(tmp_path).text


def test_a_missing_secret_and_a_missing_adapter_are_told_before_dbt_starts(tmp_path: Path) -> None:
    missing = looked_at(tmp_path).error
    assert missing is not None
    assert missing.code == "FLOE-0460"
    adapter = looked_at(tmp_path, "oracle").error
    assert adapter is not None
    assert adapter.code == "FLOE-0230"

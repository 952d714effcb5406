"""Everything that `floe preflight` looks at, but for the engine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from floe.deploy.probes.catalogs import Looked, catalog_probes
from floe.deploy.probes.clocks import answer_of_store, clock_probe
from floe.deploy.probes.machine import machine_probes
from floe.deploy.probes.secrets import secret_probes, secrets_of_catalog, secrets_of_compute, secrets_of_storage
from floe.deploy.probes.storage import SECTION as STORAGE
from floe.deploy.probes.storage import storage_probes
from floe.lake.open import open_catalogs
from floe.lake.stores.open import open_stores

if TYPE_CHECKING:
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.deploy.probing import Probe

_SPILL = ".floe"


def platform_probes(
    artifacts: CompiledArtifacts, project_directory: Path, limit_seconds: float, *, writes: bool
) -> list[Probe]:
    """Looks at every profile of a platform.

    Args:
        artifacts: The platform; assets are not needed.
        project_directory: The project.
        limit_seconds: How long one probe may take.
        writes: Whether to make a file in each storage and a table in each catalog, and remove them again.

    Raises:
        LakeError: the address of a catalog cannot be understood.
    """
    secrets = [item for binding in artifacts.storage.values() for item in secrets_of_storage(binding)]
    secrets += [item for binding in artifacts.catalogs.values() for item in secrets_of_catalog(binding)]
    secrets += secrets_of_compute(artifacts.compute)
    stores = open_stores(artifacts, project_directory)
    catalogs = open_catalogs(artifacts, project_directory, stores)
    probes = secret_probes(secrets, artifacts.secrets)
    for name, storage in artifacts.storage.items():
        probes += storage_probes(name, storage, stores, writes=writes)
    for name, binding in artifacts.catalogs.items():
        looked = Looked(name, binding, artifacts, project_directory)
        probes += catalog_probes(looked, catalogs[name], limit_seconds, writes=writes)
    for name, storage in artifacts.storage.items():
        if storage.type == "s3" and storage.credentials.mode != "vended":
            access = stores.object_store(name).access
            ask = partial(answer_of_store, access, limit_seconds)
            probes.append(clock_probe(f"{access.scheme}://{access.s3_host}", ask, ((STORAGE, name),)))
    local = [name for name, storage in artifacts.storage.items() if storage.type == "local"]
    folders = {"the project": str(project_directory / _SPILL)} | {
        f"storage `{name}`": stores.root(name) for name in local
    }
    return _each_once([*probes, *machine_probes(folders)])


def _each_once(probes: list[Probe]) -> list[Probe]:
    """Two profiles may be at one server, whose clock is looked at once."""
    return list({probe.key: probe for probe in reversed(probes)}.values())[::-1]

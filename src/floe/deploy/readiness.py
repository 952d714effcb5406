"""Whether the platform is there for a run: the cheap part of the preflight, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from floe.deploy.probes.secrets import (
    keys_of,
    secret_probes,
    secrets_of_catalog,
    secrets_of_compute,
    secrets_of_storage,
)
from floe.deploy.probes.subjects import subject_of_catalog, subject_of_storage
from floe.deploy.probing import Finding, Probe, Probing, ok
from floe.errors import EnvironmentFaultError, FloeError
from floe.lake.stores.local import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from floe.artifact.models import CompiledArtifacts
    from floe.deploy.probing import Key
    from floe.lake.base import Catalog
    from floe.lake.stores.open import Stores

_LIMIT_SECONDS = 15.0
"""How long a storage or catalog may take to answer for the first time."""
_BOOTSTRAP = "`floe platform bootstrap`"


@dataclass(frozen=True)
class Missing:
    """What of a platform cannot be used; empty where all is there."""

    errors: list[FloeError]
    is_stuck: bool = False
    """Whether a thread still waits for a server that does not answer: the process need not wait with it."""


def platform_faults(
    artifacts: CompiledArtifacts,
    project_directory: Path,
    stores: Stores,
    catalogs: Mapping[str, Catalog],
    assets: Iterable[str],
    stopping: Callable[[], bool],
) -> Missing:
    """What of the platform cannot be used by a run of these assets.

    A storage or catalog that lies on this machine is looked at in the calling thread, which takes less than a
    millisecond; others are asked all at the same time.

    Args:
        artifacts: What is run.
        project_directory: The project.
        stores: Its stores.
        catalogs: Its catalogs; what they learn here need not be asked again.
        assets: Keys of the assets that the run works on.
        stopping: Whether the user has asked the run to stop.
    """
    near, far = _probes(artifacts, stores, catalogs, assets)
    own = Probe("machine", "project", partial(_done, partial(LOCAL.check, str(project_directory / ".floe"))))
    errors, failed = _at_once([own, *near])
    far = [probe for probe in far if not failed.intersection(probe.after)]
    probing = Probing(far, _LIMIT_SECONDS, stopping)
    if far:
        errors += [result.finding.error for result in probing.carry_out() if result.finding.error is not None]
    return Missing(list({error.reason: error for error in errors}.values()), probing.is_stuck)


def not_there(errors: Sequence[FloeError]) -> FloeError:
    """One error for all that is missing: it itself, where it is only one thing."""
    if len(errors) == 1:
        return errors[0]
    ways_out = [f"; {error.instruction}" if error.instruction else "" for error in errors]
    details = [f"{error.code}: {error.reason}{way_out}" for error, way_out in zip(errors, ways_out, strict=True)]
    reason = f"the platform is not there: {len(errors)} things are missing, and nothing was built"
    return EnvironmentFaultError("FLOE-0641", reason, "`floe preflight` looks at all of it", details=details)


def name_bootstrap(error: FloeError, command: str) -> None:
    """Let an error that says what could be created name the command that does so on this very platform."""
    error.instruction = error.instruction.replace(_BOOTSTRAP, f"`{command}`")
    error.details = tuple(detail.replace(_BOOTSTRAP, f"`{command}`") for detail in error.details)


def _probes(
    artifacts: CompiledArtifacts, stores: Stores, catalogs: Mapping[str, Catalog], assets: Iterable[str]
) -> tuple[list[Probe], list[Probe]]:
    """What is looked at on this machine, and what elsewhere."""
    layers = {artifacts.assets[key].layer for key in assets} & artifacts.layers.keys()
    bound = [artifacts.layers[name] for name in sorted(layers)]
    secrets = secrets_of_compute(artifacts.compute)
    near, far = [], []
    for name in sorted({layer.storage for layer in bound}):
        binding = artifacts.storage[name]
        own = secrets_of_storage(binding)
        secrets += own
        if binding.type == "local":
            near.append(Probe("storage", name, partial(_done, partial(LOCAL.check, stores.root(name)))))
        elif binding.credentials.mode != "vended":
            check = partial(_done, stores.object_store(name).check)
            far.append(
                Probe(
                    "storage", name, check, keys_of(own), subject=subject_of_storage(name, binding, stores.root(name))
                )
            )
    for name in sorted({layer.catalog for layer in bound}):
        catalog = artifacts.catalogs[name]
        own = secrets_of_catalog(catalog)
        secrets += own
        check = partial(_done, catalogs[name].check)
        probe = Probe("catalogs", name, check, keys_of(own), subject=subject_of_catalog(name, catalog))
        (near if catalog.uri.startswith("sqlite:") else far).append(probe)
    return [*secret_probes(secrets, artifacts.secrets), *near], far


def _done(look: Callable[[], None]) -> Finding:
    look()
    return ok("")


def _at_once(probes: Sequence[Probe]) -> tuple[list[FloeError], set[Key]]:
    """Look in the calling thread: the errors, and which probes they are from."""
    errors, failed = [], set()
    for probe in probes:
        try:
            error = probe.look().error
        except FloeError as raised:
            error = raised
        if error is not None:
            errors.append(error)
            failed.add(probe.key)
    return errors, failed

"""Versions of what Floe consists of, and which extras are installed, each with what it is for."""

from __future__ import annotations

import platform
import re
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from floe.deploy.probing import Finding, Probe, failure, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "versions"
_DISTRIBUTION = "floe-runtime"
_PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "pyarrow", "pyiceberg")
_PURPOSES: Mapping[str, str] = {
    "aws": "secrets in AWS Secrets Manager",
    "catalog-postgres": "SQL catalogs in PostgreSQL",
    "glue": "catalogs in AWS Glue",
    "keyring": "secrets in the keyring of this machine",
    "s3": "DuckDB reads and writes S3 by itself",
    "vault": "secrets in HashiCorp Vault and OpenBao",
}
_REQUIREMENT = re.compile(r"^([\w.-]+).*extra == ['\"]([\w-]+)['\"]")


def version_probes() -> list[Probe]:
    """Looks at Python, Floe and its packages, and at each extra."""
    extras = sorted(_extras().items())
    return [
        Probe(SECTION, "floe", _look_at_floe),
        *(Probe(SECTION, name, partial(_look_at_package, name)) for name in _PACKAGES),
        *(Probe(SECTION, f"extra {name}", partial(_look_at_extra, name, packages)) for name, packages in extras),
    ]


def _look_at_floe() -> Finding:
    return ok(f"Floe {version(_DISTRIBUTION)} on Python {platform.python_version()} ({sys.executable})")


def _look_at_package(name: str) -> Finding:
    found = _version(name)
    if found:
        return ok(f"{name} {found}")
    return failure("FLOE-0777", f"the package `{name}` is not installed", f"run `pip install {_DISTRIBUTION}`")


def _look_at_extra(name: str, packages: list[str]) -> Finding:
    purpose = _PURPOSES.get(name, f"compute of type `{name}`")
    found = [f"{package} {_version(package)}" for package in packages if _version(package)]
    if len(found) == len(packages):
        return ok(f"extra `{name}` ({purpose}): {', '.join(found)}")
    return Finding("skipped", f"extra `{name}` ({purpose}) is not installed")


def _extras() -> dict[str, list[str]]:
    """Extra -> its packages."""
    found: dict[str, list[str]] = {}
    for requirement in requires(_DISTRIBUTION) or ():
        if matched := _REQUIREMENT.match(requirement):
            found.setdefault(matched[2], []).append(matched[1])
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

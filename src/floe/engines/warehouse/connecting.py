"""Connects to a warehouse as `dbt debug` does: in a process of its own, which can be ended when it hangs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from floe.artifact.profile import profile_text
from floe.dbt.adapters import require_adapter
from floe.errors import EnvironmentFaultError
from floe.secrets.masking import mask

if TYPE_CHECKING:
    from floe.artifact.settings import ComputeBinding, SecretsBinding

_PROJECT = 'name: floe_preflight\nversion: "1.0"\nprofile: floe\n'
_DEBUG = "from dbt.cli.main import cli; cli()"
_SAID = re.compile(r"^\s*>(.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


def connect(compute: ComputeBinding, secrets: SecretsBinding, limit_seconds: float) -> None:
    """Open a connection and close it again.

    Args:
        compute: Which warehouse.
        secrets: Where its secrets are.
        limit_seconds: When to give up.

    Raises:
        EnvironmentFaultError: the adapter or a secret is missing, or the warehouse cannot be reached or refuses.
    """
    require_adapter(compute.type)
    values = secrets.resolver.resolve_all(compute.secrets)
    with tempfile.TemporaryDirectory(prefix="floe-preflight-") as folder:
        Path(folder, "dbt_project.yml").write_text(_PROJECT, encoding="utf-8")
        Path(folder, "profiles.yml").write_text(profile_text("preflight", compute.output), encoding="utf-8")
        options = ["--project-dir", folder, "--profiles-dir", folder, "--log-path", folder, "--no-use-colors"]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", _DEBUG, "debug", "--connection", *options, "--no-send-anonymous-usage-stats"],
                cwd=folder,
                env={**os.environ, **values},
                capture_output=True,
                text=True,
                timeout=limit_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _fault(compute.type, f"it gave no answer within {limit_seconds:.0f} s") from None
    if done.returncode:
        raise _fault(compute.type, mask(_why(done.stdout) or _why(f">{done.stderr}")))


def _why(output: str) -> str:
    """What the database said, in dbt's report."""
    said = _SAID.search(output)
    return " ".join(said[1].split()) if said else ""


def _fault(kind: str, why: str) -> EnvironmentFaultError:
    reason = f"dbt cannot connect to `{kind}`: {why or 'it does not say why'}"
    return EnvironmentFaultError("FLOE-0775", reason, "correct the compute profile in platform.yaml, or its secrets")

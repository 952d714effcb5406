"""The exception tree of Floe: every error has a stable code, a reason and a way out.

FloeError                     anything Floe reports on purpose
├── ProjectError              the user's project or data is at fault (exit 1)
│   ├── ConfigurationError    floe.yaml, platform.yaml or an asset's declaration is not valid; carries every diagnostic
│   ├── CompilationError      dbt or a Python asset file could not be compiled
│   ├── NodeError             one node of a run failed: SQL, Python code or a source file
│   └── SelectionError        a selection names nothing, or something that does not exist
└── EnvironmentFaultError     the machine, the platform or the call is at fault (exit 2)
    ├── UsageError            the command line cannot be carried out as written
    ├── ArtifactError         the artifact is missing, older or was changed by hand
    ├── LakeError             the catalog or the storage cannot be read or written
    │   ├── CommitConflictError   another writer published one of the tables first
    │   └── UnknownOutcomeError   a commit may or may not have been carried out
    └── EnvironmentLockedError    another run holds the environment

Codes are grouped by room: 01xx configuration, 02xx compiler, 03xx artifact, 04xx engines and nodes,
05xx lake, 06xx runtime, 07xx command line, 09xx internal. Each has a page in `floe/explain/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.diagnostics.diagnostic import Diagnostic

EXIT_OK = 0
EXIT_PIPELINE_FAILED = 1
EXIT_ENVIRONMENT = 2
EXIT_SIGINT = 130
EXIT_SIGTERM = 143


class FloeError(Exception):
    """Anything Floe reports on purpose.

    Args:
        code: Stable code, `FLOE-` and four digits, with a page in `floe/explain/`.
        reason: What is wrong: lower-case, no final full stop, identifiers in backticks.
        instruction: What the user can do about it, in the same style; empty when nothing can be said.
        details: Further facts, one line each (an engine's own message, a file and line).
    """

    exit_status = EXIT_ENVIRONMENT

    def __init__(self, code: str, reason: str, instruction: str = "", *, details: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.instruction = instruction
        self.details = tuple(details)


class ProjectError(FloeError):
    """The user's project or data is at fault."""

    exit_status = EXIT_PIPELINE_FAILED


class ConfigurationError(ProjectError):
    """`floe.yaml`, `platform.yaml` or an asset declaration is not valid; carries a diagnostic for each mistake."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = next((item for item in diagnostics if item.severity == "error"), diagnostics[0])
        super().__init__(first.code, first.message)
        self.diagnostics = tuple(diagnostics)


class CompilationError(ProjectError):
    """DBT or a Python asset file could not be compiled; dbt's own message is kept."""


class NodeError(ProjectError):
    """One node of a run failed: its SQL, its Python code, or the file it reads."""


class SelectionError(ProjectError):
    """A selection names nothing, or something that does not exist."""


class EnvironmentFaultError(FloeError):
    """The machine, the platform or the call is at fault, not the project."""


class UsageError(EnvironmentFaultError):
    """The command line cannot be carried out as written."""


class ArtifactError(EnvironmentFaultError):
    """The artifact is missing, of another format version, or does not match its digest."""


class LakeError(EnvironmentFaultError):
    """The catalog or the storage cannot be read or written."""


class CommitConflictError(LakeError):
    """Another writer published one of the tables after this run had read it."""


class UnknownOutcomeError(LakeError):
    """A commit failed, and the catalog could not be asked afterwards whether it had carried it out all the same."""


class EnvironmentLockedError(EnvironmentFaultError):
    """Another run holds the lease of this environment."""

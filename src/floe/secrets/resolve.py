"""Finds the values of secrets: asks the platform's backends in their order, each secret once for a run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.errors import EnvironmentFaultError, FloeError
from floe.secrets import masking
from floe.secrets.backends.types import backend_factory
from floe.secrets.base import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from floe.secrets.base import Named, SecretBackend

MISSING = "FLOE-0460"


@dataclass(frozen=True)
class BackendSettings:
    """One backend: its type, its settings, and which of them are secrets that backends before it have."""

    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Named] = field(default_factory=dict)


DEFAULT = (BackendSettings("env"), BackendSettings("mount"))
"""Where secrets are looked for, unless the platform says otherwise."""


@dataclass(frozen=True)
class Finding:
    """Whether a secret is there, and who has it; never its value."""

    reference: Reference
    backend: str = ""
    """Type of the backend that has it; empty where none has."""
    fault: FloeError | None = None
    """Why the value cannot be had."""


class Resolver:
    """The backends of one platform. What it has found it keeps, and masks wherever it would be shown.

    Safe to use from several threads. No backend is made or asked before it is needed.
    """

    def __init__(self, backends: Sequence[BackendSettings] = DEFAULT) -> None:
        self._settings = tuple(backends)
        self._backends: list[SecretBackend] = []
        self._found: dict[Reference, tuple[str, str]] = {}
        self._lock = threading.RLock()

    def resolve(self, reference: Named) -> str:
        """The value of a secret: that of the first backend that has one.

        Raises:
            EnvironmentFaultError: no backend has it, or one that comes first cannot be asked.
        """
        return self._find(Reference(reference.name, reference.key))[0]

    def resolve_all(self, settings: Mapping[str, str | Any]) -> dict[str, str]:
        """Settings of which some are references: the same, with values in their places.

        Raises:
            EnvironmentFaultError: as `resolve`.
        """
        return {name: value if isinstance(value, str) else self.resolve(value) for name, value in settings.items()}

    def try_all(self, references: Iterable[Named]) -> list[Finding]:
        """Look for secrets without failing: which backend has each, or why it cannot be had."""
        findings = []
        for wanted in references:
            reference = Reference(wanted.name, wanted.key)
            try:
                findings.append(Finding(reference, self._find(reference)[1]))
            except FloeError as fault:
                findings.append(Finding(reference, fault=fault))
        return findings

    def _find(self, reference: Reference) -> tuple[str, str]:
        """Value, and type of the backend that has it."""
        with self._lock:
            if reference not in self._found:
                self._found[reference] = self._asked(reference)
            return self._found[reference]

    def _asked(self, reference: Reference) -> tuple[str, str]:
        for position, settings in enumerate(self._settings):
            value = self._backend(position).fetch(reference)
            if value:
                masking.remember(value)
                return value, settings.type
        raise self._missing(reference)

    def _backend(self, position: int) -> SecretBackend:
        while len(self._backends) <= position:
            settings = self._settings[len(self._backends)]
            earlier = Resolver(self._settings[: len(self._backends)])
            self._backends.append(_made(settings, earlier))
        return self._backends[position]

    def _missing(self, reference: Reference) -> EnvironmentFaultError:
        places = [backend.place(reference) for backend in self._backends]
        if not places:
            reason = f"the secret `{reference.shown}` has no place: what needs it is the first under `secrets`"
            return EnvironmentFaultError(MISSING, reason, "list `env` or another place before it, in platform.yaml")
        tried = places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"
        reason = f"the secret `{reference.shown}` is not there: tried {tried}"
        types = [settings.type for settings in self._settings]
        instruction = f"set `{reference.variable}`" if "env" in types else "keep it in one of these places"
        if types == ["env", "mount"]:
            instruction += ", or mount the secret"
        return EnvironmentFaultError(MISSING, reason, instruction)


def _made(settings: BackendSettings, earlier: Resolver) -> SecretBackend:
    return backend_factory(settings.type)(settings.settings, lambda name: earlier.resolve(settings.secrets[name]))

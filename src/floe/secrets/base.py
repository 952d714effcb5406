"""What a secret is called, and what every place that keeps secrets offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SEVERAL_OR_UNREADABLE, UNREACHABLE, REFUSED, NOT_INSTALLED, TOO_OPEN = (
    "FLOE-0461",
    "FLOE-0465",
    "FLOE-0466",
    "FLOE-0467",
    "FLOE-0468",
)


class Named(Protocol):
    """Anything that names a secret, such as the artifact's references."""

    @property
    def name(self) -> str:
        """Name of the secret."""
        ...

    @property
    def key(self) -> str:
        """Which value of a secret that holds several; empty for one that holds one."""
        ...


@dataclass(frozen=True)
class Reference:
    """Name of a secret and, of one that holds several values, the key of the value."""

    name: str
    key: str = ""

    @property
    def variable(self) -> str:
        """The environment variable: upper case, `_` for `-` and `.`; with a key, name and key joined by `_`."""
        joined = f"{self.name}_{self.key}" if self.key else self.name
        return joined.upper().replace("-", "_").replace(".", "_")

    @property
    def shown(self) -> str:
        """As messages name it, between backticks that the caller adds."""
        return f"{self.name}`, key `{self.key}" if self.key else self.name


class SecretBackend(Protocol):
    """A place that keeps secrets. Safe to use from several threads, one at a time."""

    def place(self, reference: Reference) -> str:
        """Where this backend looks for a secret, as messages say it: never a value."""
        ...

    def fetch(self, reference: Reference) -> str | None:
        """The value; None where this backend has none of that name.

        Raises:
            EnvironmentFaultError: the backend cannot be asked, refuses who asks, or holds several values there.
        """
        ...


class BackendFactory(Protocol):
    """What a backend's type stands for: its class, or what an entry point in group `floe.secrets` names."""

    def __call__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> SecretBackend:
        """Make the backend; nobody is asked for anything yet.

        Args:
            settings: What platform.yaml says, without its secrets.
            secret: Gives the value of a setting that is a secret, by the setting's name. The backends that are
                listed before this one have it.
        """
        ...


def value_among(values: Mapping[str, str], reference: Reference, where: str) -> str | None:
    """The value that a reference means of a secret with several: its key's, the only one, or that called `value`.

    Raises:
        EnvironmentFaultError: the reference names no key, and there are several.
    """
    if reference.key:
        return values.get(reference.key)
    if len(values) <= 1:
        return next(iter(values.values()), None)
    if "value" in values:
        return values["value"]
    raise several(reference, where, values)


def several(reference: Reference, where: str, keys: Iterable[str]) -> EnvironmentFaultError:
    """The error for a reference without a key to a secret of several values."""
    listed = ", ".join(f"`{key}`" for key in sorted(keys))
    reason = f"the secret `{reference.name}` holds several values, in {where}"
    return EnvironmentFaultError(SEVERAL_OR_UNREADABLE, reason, f"name one with `key:`; there are {listed or 'none'}")


_OF_A_SERVER = "check its address under `secrets` in platform.yaml, the network, and the service, then run again"


def unreachable(what: str, why: str, instruction: str = _OF_A_SERVER) -> EnvironmentFaultError:
    """The error for a backend that does not answer."""
    return EnvironmentFaultError(UNREACHABLE, f"{what} cannot be asked for secrets: {why}", instruction)


def refused(what: str, why: str, instruction: str) -> EnvironmentFaultError:
    """The error for a backend that does not let who asks read."""
    return EnvironmentFaultError(REFUSED, f"{what} gives out no secrets: {why}", instruction)


def not_installed(kind: str, package: str, extra: str) -> EnvironmentFaultError:
    """The error for a backend whose library is missing."""
    reason = f"secrets of type `{kind}` need the package `{package}`, which is not installed"
    return EnvironmentFaultError(NOT_INSTALLED, reason, f"run `pip install 'floe-runtime[{extra}]'`")

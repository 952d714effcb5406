"""Secrets of HashiCorp Vault or OpenBao: its key-value engine, version 1 or 2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe.secrets.backends.local import unreadable
from floe.secrets.base import not_installed, refused, unreachable, value_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.secrets.base import Reference

_POLICY = "give its token a policy that lets it read this path, and check `auth` under `secrets` in platform.yaml"


class VaultBackend:
    """A server of Vault, which is asked by HTTP. It is logged in to once, and again when its token has expired."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        self._settings = settings
        self._secret = secret
        self._opened: Any = None
        self._what = f"Vault at `{settings['url']}`"

    def place(self, reference: Reference) -> str:
        """Path and server."""
        key = f", key `{reference.key}`" if reference.key else ""
        return f"`{self._settings['mount']}/{self._path(reference)}`{key} in {self._what}"

    def fetch(self, reference: Reference) -> str | None:
        """The value at the path of the secret's name.

        Raises:
            EnvironmentFaultError: hvac is not installed, Vault does not answer in time, or refuses the token.
        """
        values = self._read(self._path(reference))
        return None if values is None else value_among(values, reference, self.place(reference))

    def _path(self, reference: Reference) -> str:
        prefix = str(self._settings.get("path_prefix", "")).strip("/")
        return f"{prefix}/{reference.name}" if prefix else reference.name

    def _read(self, path: str) -> dict[str, str] | None:
        try:
            import hvac
            import requests
            from hvac import exceptions
        except ImportError:
            raise not_installed("vault", "hvac", "vault") from None
        try:
            return self._asked(hvac, exceptions.Forbidden, path)
        except exceptions.InvalidPath:
            return None
        except (exceptions.Forbidden, exceptions.Unauthorized, exceptions.InvalidRequest) as error:
            raise refused(self._what, _said(error), _POLICY) from None
        except requests.RequestException as error:
            raise unreachable(self._what, _why(error)) from None
        except exceptions.VaultError as error:
            raise unreachable(self._what, _said(error)) from None

    def _asked(self, hvac: Any, forbidden: type[Exception], path: str) -> dict[str, str]:  # noqa: ANN401 - a module
        """Read a path; once more with a new token, where the one from an earlier login is refused."""
        has_logged_in = self._opened is not None and self._settings["auth_mode"] != "token"
        if self._opened is None:
            self._opened = self._open(hvac)
        try:
            return self._values(path)
        except forbidden:
            if not has_logged_in:
                raise
            self._opened = self._open(hvac)
            return self._values(path)

    def _values(self, path: str) -> dict[str, str]:
        engine, mount = self._opened.secrets.kv, self._settings["mount"]
        if self._settings["kv_version"] == 1:
            data = engine.v1.read_secret(path, mount_point=mount)["data"]
        else:
            answer = engine.v2.read_secret_version(path, mount_point=mount, raise_on_deleted_version=True)
            data = answer["data"]["data"]
        return {key: value if isinstance(value, str) else str(value) for key, value in data.items()}

    def _open(self, hvac: Any) -> Any:  # noqa: ANN401 - hvac has no types
        settings = self._settings
        client = hvac.Client(
            url=settings["url"],
            token="",
            verify=settings.get("ca_bundle") or True,
            timeout=settings["timeout_seconds"],
            namespace=settings.get("namespace"),
        )
        if settings["auth_mode"] == "token":
            client.token = self._secret("token")
        elif settings["auth_mode"] == "approle":
            role, proof = self._secret("role_id"), self._secret("secret_id")
            client.auth.approle.login(role, proof, mount_point=settings["auth_mount"])
        else:
            identity = _service_account(settings["token_path"])
            client.auth.kubernetes.login(settings["role"], identity, mount_point=settings["auth_mount"])
        return client


def _service_account(path: str) -> str:
    file = Path(path)
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(file, error) from None


def _said(error: Any) -> str:  # noqa: ANN401 - hvac has no types
    said = ", ".join(str(line) for line in error.errors or ()) or str(error).partition(", on ")[0]
    return " ".join(said.split()) or type(error).__name__


def _why(error: Exception) -> str:
    """What is wrong with the network, without the address of the request."""
    kind = type(error).__name__
    if "Timeout" in kind:
        return "it does not answer in time"
    return "its certificate is not trusted" if kind == "SSLError" else "the connection failed"

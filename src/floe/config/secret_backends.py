"""Where a platform keeps its secrets: the `secrets` section of platform.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictInt, Tag, field_validator, model_validator

from floe.config.fields import HTTP_URI_PATTERN, PROFILE_PATTERN, NonEmpty, Problem, Strict, reject
from floe.config.values import Name, Secret, SecretRef
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.config.document import Document

BACKENDS = ("env", "mount", "file", "vault", "aws-secrets-manager", "keyring")
"""Types that Floe has itself; packages may offer more."""
INSIDE_PROJECT, UNKNOWN_TYPE, BELONG_TOGETHER = "FLOE-0161", "FLOE-0162", "FLOE-0163"
ENV_FILE_PATTERN = r"^(/|~/).*[^/]$"
MOUNT_PATTERN = r"^(/|~/)"
_NEEDED = {"token": ("token",), "approle": ("role_id", "secret_id"), "kubernetes": ("role",)}
_OPTIONAL = {"token": (), "approle": ("mount",), "kubernetes": ("mount", "token_path")}
Seconds = Annotated[StrictInt, Field(ge=1)]


class EnvBackend(Strict):
    """Environment variables."""

    type: Literal["env"] = Field(default="env", description="Kind of place: variables of the environment.")


class MountBackend(Strict):
    """Files that a platform mounts, as Kubernetes does."""

    type: Literal["mount"] = Field(default="mount", description="Kind of place: mounted files.")
    path: str = Field(
        default="/var/run/secrets",
        pattern=MOUNT_PATTERN,
        description="Folder of the mounted secrets, each a file or a folder of keys; begins with `/` or `~/`.",
    )


class FileBackend(Strict):
    """A file of `NAME=value` lines, outside the project."""

    type: Literal["file"] = Field(description="Kind of place: a dotenv file.")
    path: str = Field(
        pattern=ENV_FILE_PATTERN,
        description="The file, beginning with `/` or `~/`, outside the project; others may not read it.",
    )


class VaultAuth(Strict):
    """How Floe proves to Vault who it is. Each mode has fields of its own."""

    mode: Literal["token", "approle", "kubernetes"] = Field(
        description="How: by a token (`token`), an AppRole (`approle`), or the pod's account (`kubernetes`)."
    )
    token: Secret | None = Field(default=None, description="Of mode `token`: the token.")
    role_id: Secret | None = Field(default=None, description="Of mode `approle`: the id of the role.")
    secret_id: Secret | None = Field(default=None, description="Of mode `approle`: the secret id.")
    role: Name | None = Field(default=None, description="Of mode `kubernetes`: the role.")
    mount: NonEmpty | None = Field(
        default=None, description="Where the auth method is mounted; the mode's name if left out."
    )
    token_path: NonEmpty | None = Field(
        default=None, description="Of mode `kubernetes`: file of the account's token, where it is not the usual one."
    )

    @model_validator(mode="after")
    def _belong_together(self) -> VaultAuth:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None} - {"mode"}
        needed = _NEEDED[self.mode]
        problems = [
            Problem(f"mode `{self.mode}` needs `{name}`", label=f"add `{name}`", on_key=True, code=BELONG_TOGETHER)
            for name in needed
            if name not in given
        ]
        for name in sorted(given - {*needed, *_OPTIONAL[self.mode]}):
            message = f"`{name}` does not belong to mode `{self.mode}`"
            problems.append(Problem(message, (name,), "leave it out", on_key=True, code=BELONG_TOGETHER))
        if problems:
            reject(problems)
        return self


def _vault_token() -> VaultAuth:
    return VaultAuth(mode="token", token=SecretRef(secret_ref="vault-token"))  # noqa: S106 - a name, not a secret


class VaultBackend(Strict):
    """The key-value engine of HashiCorp Vault or OpenBao."""

    type: Literal["vault"] = Field(description="Kind of place: HashiCorp Vault, or OpenBao.")
    url: str = Field(pattern=HTTP_URI_PATTERN, description="Address, e.g. `https://vault.example.com:8200`.")
    mount: NonEmpty = Field(default="secret", description="Where the key-value engine is mounted.")
    path_prefix: str = Field(default="", description="What stands before a secret's name in its path.")
    kv_version: Literal[1, 2] = Field(
        default=2, description="Version of the key-value engine: `2`, or `1` for the older one."
    )
    namespace: NonEmpty | None = Field(default=None, description="Namespace of Vault Enterprise or OpenBao.")
    ca_bundle: NonEmpty | None = Field(
        default=None, description="File with the authorities that sign the server's certificate; else the machine's."
    )
    timeout_seconds: Seconds = Field(default=10, description="Seconds to wait for an answer.")
    auth: VaultAuth = Field(
        default_factory=_vault_token,
        description="How Floe proves who it is; with the secret `vault-token` if left out. Backends listed before "
        "this one have the secrets that it needs.",
    )


class AwsSecretsManagerBackend(Strict):
    """AWS Secrets Manager, with the keys that the machine has."""

    type: Literal["aws-secrets-manager"] = Field(description="Kind of place: AWS Secrets Manager.")
    region: NonEmpty | None = Field(default=None, description="Region; the machine's own setting if left out.")
    endpoint: str | None = Field(
        default=None, pattern=HTTP_URI_PATTERN, description="Address of the service, where it is not Amazon's own."
    )
    prefix: str = Field(default="", description="What stands before a secret's name, e.g. `lake/prod/`.")
    timeout_seconds: Seconds = Field(default=10, description="Seconds to wait for an answer.")


class KeyringBackend(Strict):
    """The operating system's keyring."""

    type: Literal["keyring"] = Field(description="Kind of place: the operating system's keyring.")
    service: NonEmpty = Field(default="floe", description="Service that the entries belong to.")
    timeout_seconds: Seconds = Field(default=10, description="Seconds to wait for an answer.")


class OtherBackend(Strict):
    """A place that an installed package knows, by an entry point in group `floe.secrets`."""

    type: Annotated[str, Field(pattern=PROFILE_PATTERN)] = Field(description="Name of the entry point.")
    settings: dict[str, Any] = Field(default={}, description="What the package wants to know.")
    secrets: dict[str, Secret] = Field(
        default={}, description="What of that is secret, as `{secret_ref: name}` of a backend listed before this one."
    )


OTHER = ""
"""In `models`, every type that has no model of its own."""


def models() -> dict[str, type[Strict]]:
    """Type -> the model of its settings."""
    own = (EnvBackend, MountBackend, FileBackend, VaultBackend, AwsSecretsManagerBackend, KeyringBackend)
    return {**dict(zip(BACKENDS, own, strict=True)), OTHER: OtherBackend}


def _as_mapping(value: Any) -> Any:  # noqa: ANN401 - the file's value, not yet checked
    return {"type": value} if isinstance(value, str) else value


def _tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind in BACKENDS:
        return f"<{kind}>"
    return "<other>" if isinstance(kind, str) and kind else None


Backend = Annotated[
    Annotated[EnvBackend, Tag("<env>")]
    | Annotated[MountBackend, Tag("<mount>")]
    | Annotated[FileBackend, Tag("<file>")]
    | Annotated[VaultBackend, Tag("<vault>")]
    | Annotated[AwsSecretsManagerBackend, Tag("<aws-secrets-manager>")]
    | Annotated[KeyringBackend, Tag("<keyring>")]
    | Annotated[OtherBackend, Tag("<other>")],
    Discriminator(_tag),
    BeforeValidator(_as_mapping, json_schema_input_type=dict[str, Any] | str),
]


class SecretsConfig(Strict):
    """Where the values of `{secret_ref: name}` are looked for."""

    backends: tuple[Backend, ...] = Field(
        default=(EnvBackend(), MountBackend()),
        min_length=1,
        description="Places in the order in which they are asked: a type, or its settings with `type`.",
    )

    @field_validator("backends")
    @classmethod
    def _somebody_has_the_proof(cls, value: tuple[Backend, ...]) -> tuple[Backend, ...]:
        first = value[0]
        proves = isinstance(first, VaultBackend) and first.auth.mode != "kubernetes"
        if proves or (isinstance(first, OtherBackend) and first.secrets):
            message = "the first place for secrets needs a secret itself, which only a place before it can have"
            reject([Problem(message, (0,), "list `env` or another place before it", code=BELONG_TOGETHER)])
        return value


def check_secrets(platform: Document, project: Path | None) -> Iterator[Diagnostic]:
    """Check what a model cannot: types of other packages, and that files of secrets lie outside the project."""
    backends = platform.at("secrets", "backends")
    for position, backend in enumerate(backends if isinstance(backends, list) else ()):
        path = ("secrets", "backends", position)
        if isinstance(backend, dict) and project is not None:
            yield from _check_file(platform, (*path, "path"), project)
        kind = backend if isinstance(backend, str) else platform.text(*path, "type")
        if kind and kind not in BACKENDS:
            place = path if isinstance(backend, str) else (*path, "type")
            yield from _check_offered(platform, place, kind)


def _check_file(platform: Document, path: tuple[str | int, ...], project: Path) -> Iterator[Diagnostic]:
    text = platform.text(*path)
    if text is None or platform.text(*path[:-1], "type") != "file":
        return
    if Path(text).expanduser().resolve().is_relative_to(project):
        yield Diagnostic(
            code=INSIDE_PROJECT,
            message=f"the file of secrets `{text}` is inside the project",
            span=platform.positions.span(*path),
            label="whoever copies or commits the project has the secrets, too",
            hints=("keep it elsewhere, e.g. `~/.config/floe/secrets.env`",),
        )


def _check_offered(platform: Document, path: tuple[str | int, ...], kind: str) -> Iterator[Diagnostic]:
    from floe.secrets.backends.types import offered_types  # few platforms name such a type

    offered = offered_types()
    if kind not in offered:
        listed = ", ".join(f"`{name}`" for name in offered)
        yield Diagnostic(
            code=UNKNOWN_TYPE,
            message=f"no place for secrets is of type `{kind}`",
            span=platform.positions.span(*path),
            label=did_you_mean(kind, offered, "'") or "neither Floe nor an installed package knows it",
            hints=(f"the types here are {listed}",),
        )

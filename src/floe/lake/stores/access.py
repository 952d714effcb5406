"""How an object store is reached: what a storage profile says, or a catalog, without what proves who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from floe.artifact.settings import StorageBinding

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Access:
    """The address of an object store and of the part of it that is used."""

    type: Literal["s3", "gcs", "azure"]
    root: str
    """Location below which everything lies."""
    endpoint: str = ""
    """`http://` or `https://` and host; empty for the cloud's own."""
    region: str = DEFAULT_REGION
    path_style: bool = False
    account: str = ""
    role: tuple[tuple[str, str], ...] = ()
    """Names and values of what a role that is assumed needs."""

    @property
    def scheme(self) -> str:
        """The protocol of requests."""
        return self.endpoint.partition("://")[0] if self.endpoint else "https"

    @property
    def host(self) -> str:
        """Host and port, with a path where the store has one; empty for the cloud's own."""
        return self.endpoint.partition("://")[2]

    @property
    def s3_host(self) -> str:
        """Host and port of an S3 store, Amazon's if there is no endpoint."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return self.host or f"s3.{self.region}.{domain}"


def access_of(binding: StorageBinding) -> Access:
    """How the bucket of a storage profile is reached."""
    if binding.type == "local":
        raise ValueError("a folder is no object store")
    return Access(
        binding.type,
        root_of(binding),
        binding.endpoint,
        binding.region or DEFAULT_REGION,
        binding.path_style_access,
        binding.account,
        tuple(sorted(binding.credentials.properties.items())),
    )


def root_of(binding: StorageBinding) -> str:
    """Location below which the tables of a storage profile of an object store lie."""
    below = f"/{binding.prefix}" if binding.prefix else ""
    if binding.type == "azure":
        return f"abfss://{binding.bucket}@{binding.account}.dfs.core.windows.net{below}"
    return f"{'gs' if binding.type == 'gcs' else 's3'}://{binding.bucket}{below}"

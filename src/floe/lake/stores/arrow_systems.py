"""Opens Arrow's file systems. Opening asks nothing of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyarrow.fs import AwsStandardS3RetryStrategy, AzureFileSystem, FileSystem, GcsFileSystem, S3FileSystem

if TYPE_CHECKING:
    from floe.lake.stores.access import Access
    from floe.lake.stores.credentials import Credentials

_CONNECT_SECONDS = 10.0
_REQUEST_SECONDS = 60.0
_GCS_RETRY = timedelta(seconds=10)
_LONG = timedelta(days=365)
"""Life of a token whose end nobody knows."""


def open_filesystem(access: Access, credentials: Credentials, attempts: int = 1) -> FileSystem:
    """The file system of a store; that of S3 makes so many attempts at each request, the others try as they like."""
    if access.type == "s3":
        return _s3(access, credentials, attempts)
    return _gcs(access, credentials) if access.type == "gcs" else _azure(access, credentials)


def open_bucket_maker(access: Access, credentials: Credentials) -> FileSystem:
    """A file system in which making a folder at its top makes a bucket."""
    if access.type == "s3":
        return _s3(access, credentials, 1, makes_buckets=True)
    return open_filesystem(access, credentials)


def _s3(access: Access, credentials: Credentials, attempts: int, *, makes_buckets: bool = False) -> FileSystem:
    keys = credentials.values
    host = access.s3_host if access.path_style else access.host
    who: dict[str, Any] = {name: value for name, value in access.role if name != "duration_seconds"}
    if keys:
        who = {
            "access_key": keys["access_key_id"],
            "secret_key": keys["secret_access_key"],
            "session_token": keys.get("session_token"),
        }
    return S3FileSystem(
        **who,
        region=access.region,
        scheme=access.scheme,
        endpoint_override=host or None,
        force_virtual_addressing=not access.path_style,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        # A file of some kilobytes is one request instead of three.
        allow_delayed_open=True,
        allow_bucket_creation=makes_buckets,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=attempts),
    )


def _gcs(access: Access, credentials: Credentials) -> FileSystem:
    who: dict[str, Any] = {}
    if "access_token" in credentials.values:
        expires_at = credentials.expires_at or datetime.now(UTC) + _LONG
        who = {"access_token": credentials.values["access_token"], "credential_token_expiration": expires_at}
    if service_account := dict(access.role).get("impersonate"):
        who["target_service_account"] = service_account
    return GcsFileSystem(
        **who,
        scheme=access.scheme,
        endpoint_override=access.host or None,
        retry_time_limit=_GCS_RETRY,
    )


def _azure(access: Access, credentials: Credentials) -> FileSystem:
    where: dict[str, Any] = {}
    if access.host:
        where = {
            "blob_storage_authority": access.host,
            "dfs_storage_authority": access.host,
            "blob_storage_scheme": access.scheme,
            "dfs_storage_scheme": access.scheme,
        }
    return AzureFileSystem(access.account, **dict(access.role), **credentials.values, **where)

"""What object stores answer when they refuse or fail, as errors that users can act on."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from floe.errors import LakeError
from floe.lake.stores.locations import object_location

if TYPE_CHECKING:
    from floe.lake.stores.access import Access


class Fault(Enum):
    """Why a request of an object store failed."""

    NO_BUCKET = "FLOE-0520"
    WRONG_KEYS = "FLOE-0521"
    NO_PERMISSION = "FLOE-0522"
    EXPIRED = "FLOE-0523"
    UNREACHABLE = "FLOE-0524"
    CLOCK = "FLOE-0525"
    FAILING = "FLOE-0526"
    OTHER = "FLOE-0528"


_SIGNS: dict[Fault, tuple[str, ...]] = {
    Fault.CLOCK: ("RequestTimeTooSkewed", "REQUEST_TIME_TOO_SKEWED", "RequestExpired", "REQUEST_EXPIRED"),
    Fault.EXPIRED: (
        *("ExpiredToken", "EXPIRED_TOKEN", "TokenRefreshRequired", "[Tt]oken (has|is) expired"),
        "Signature not valid in the specified time",
    ),
    Fault.WRONG_KEYS: (
        *("SignatureDoesNotMatch", "SIGNATURE_DOES_NOT_MATCH", "InvalidAccessKeyId", "INVALID_ACCESS_KEY_ID"),
        *(r"InvalidToken\b", "INVALID_SIGNATURE", "INVALID_CLIENT_TOKEN_ID", "InvalidClientTokenId"),
        *("UNRECOGNIZED_CLIENT", "MISSING_AUTHENTICATION_TOKEN", "AuthenticationFailed", "UNAUTHENTICATED"),
        *("failed to authenticate", "InvalidAuthenticationInfo", "Invalid Credentials", "No credentials"),
        *("default credentials", r"\b401\b"),
    ),
    Fault.NO_BUCKET: (
        *("NoSuchBucket", "NO_SUCH_BUCKET", "ContainerNotFound", "specified (bucket|container) does not exist"),
    ),
    Fault.NO_PERMISSION: (
        *("AccessDenied", "ACCESS_DENIED", "AuthorizationPermissionMismatch", "AuthorizationFailure"),
        *("PERMISSION_DENIED", r"does not have [\w.]+ access", r"\b403\b"),
    ),
    Fault.UNREACHABLE: (
        *("NETWORK_CONNECTION", "curlCode", "Could not connect", "Could not resolve", "Couldn't connect"),
        *("Failed to connect", "Connection (refused|reset)", "timed out", "SSL", "certificate"),
        "Network is unreachable",
    ),
    Fault.FAILING: (
        *("SlowDown", "SLOW_DOWN", "InternalError", "INTERNAL_FAILURE", "SERVICE_UNAVAILABLE", "ServiceUnavailable"),
        *("THROTTLING", "RequestTimeout", "REQUEST_TIMEOUT", "ServerBusy", "OperationTimedOut", "TooManyRequests"),
        *("UNAVAILABLE", r"\b(408|429|500|502|503|504)\b"),
    ),
}
_PATTERNS = {fault: re.compile("|".join(signs)) for fault, signs in _SIGNS.items()}
TRANSIENT = frozenset({Fault.FAILING, Fault.UNREACHABLE})
"""What may be over a moment later."""
UNCLEAR = frozenset({Fault.NO_PERMISSION, Fault.OTHER})
"""What a reply without a body may mean, whatever the reason."""


def fault_in(text: str) -> Fault:
    """The fault that a library's message speaks of."""
    return next((fault for fault, pattern in _PATTERNS.items() if pattern.search(text)), Fault.OTHER)


def storage_error(fault: Fault, access: Access, action: str, location: str, said: str = "") -> LakeError:
    """The error for a request that failed; `said` is the library's message, without secrets."""
    bucket = object_location(access.root).bucket
    where = f"`{access.endpoint}`" if access.endpoint else _CLOUDS[access.type]
    reason, instruction = _WORDS[fault]
    facts = {"location": location, "action": action, "bucket": bucket, "where": where}
    details = [f"the store says: {said}"] if said and fault in (Fault.OTHER, Fault.UNREACHABLE, Fault.FAILING) else []
    way_out = _creation(access, bucket) if fault is Fault.NO_BUCKET else instruction.format(**facts)
    return LakeError(fault.value, reason.format(**facts), way_out, details=details)


_CLOUDS = {"s3": "Amazon S3", "gcs": "Google Cloud Storage", "azure": "Azure Blob Storage"}
_WORDS: dict[Fault, tuple[str, str]] = {
    Fault.NO_BUCKET: ("cannot {action} `{location}`: there is no bucket `{bucket}` at {where}", ""),
    Fault.WRONG_KEYS: (
        "cannot {action} `{location}`: {where} does not know the storage keys, or the secret does not belong to them",
        "correct the secrets that the storage profile names; the catalog's credentials are not at fault",
    ),
    Fault.NO_PERMISSION: (
        "cannot {action} `{location}`: the storage credentials are right, but may not do this",
        "let them list the bucket `{bucket}`, and read, write and delete what is in it",
    ),
    Fault.EXPIRED: (
        "cannot {action} `{location}`: the storage credentials have expired",
        "get new ones and run again; with a role, or keys that a catalog vends, Floe renews them by itself",
    ),
    Fault.UNREACHABLE: (
        "cannot {action} `{location}`: {where} cannot be reached",
        "check `endpoint` and `region` of the storage profile, and the network; then run again",
    ),
    Fault.CLOCK: (
        "cannot {action} `{location}`: the clock of this machine differs too much from that of {where}",
        "set the clock of this machine, then run again",
    ),
    Fault.FAILING: (
        "cannot {action} `{location}`: {where} fails, or is too busy, also after several attempts",
        "run again later",
    ),
    Fault.OTHER: (
        "cannot {action} `{location}`: {where} refused the request",
        "check the storage profile in platform.yaml: bucket, region, endpoint and credentials",
    ),
}


def _creation(access: Access, bucket: str) -> str:
    if access.type == "gcs":
        return _way_out(f"gcloud storage buckets create gs://{bucket}")
    if access.type == "azure":
        return _way_out(f"az storage container create --name {bucket} --account-name {access.account}")
    endpoint = f" --endpoint-url {access.endpoint}" if access.endpoint else f" --region {access.region}"
    return _way_out(f"aws s3 mb s3://{bucket}{endpoint}")


def _way_out(command: str) -> str:
    return f"create it with `floe platform bootstrap` or `{command}`, or correct `bucket`"

"""Temporary keys of an AWS role, got with the keys that the machine has and renewed before they expire."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError
from floe.lake.stores.credentials import Credentials
from floe.lake.stores.object_faults import fault_in, storage_error

if TYPE_CHECKING:
    from floe.lake.stores.access import Access

_SESSION_NAME = "floe"


def can_assume_roles() -> bool:
    """Whether boto3 is installed; without it Arrow assumes the role, and DuckDB cannot sign requests itself."""
    return importlib.util.find_spec("boto3") is not None


def keys_of_role(access: Access) -> Credentials:
    """New temporary keys of the role of a storage profile.

    Raises:
        LakeError: the machine has no keys, or they may not assume the role.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    settings = dict(access.role)
    options: dict[str, Any] = {"RoleArn": settings["role_arn"]}
    options["RoleSessionName"] = settings.get("session_name", _SESSION_NAME)
    if "external_id" in settings:
        options["ExternalId"] = settings["external_id"]
    if "duration_seconds" in settings:
        options["DurationSeconds"] = int(settings["duration_seconds"])
    try:
        # What platform.yaml says is checked already.
        client = boto3.client("sts", region_name=access.region, config=Config(parameter_validation=False))
        given = client.assume_role(**options)["Credentials"]
    except (BotoCoreError, ClientError) as error:
        error_of_store = storage_error(fault_in(str(error)), access, "use", access.root, str(error))
        reason = f"cannot assume the role `{settings['role_arn']}` for `{access.root}`"
        instruction = "check `role_arn`, and whether the keys that this machine has may assume the role"
        raise LakeError(error_of_store.code, reason, instruction, details=[f"AWS says: {error}"]) from None
    values = {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }
    return Credentials(values, given["Expiration"])

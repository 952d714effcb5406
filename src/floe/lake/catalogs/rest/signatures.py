"""Requests signed as Amazon's services ask for it (SigV4), with keys, those of the machine, or those of a role."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from requests.auth import AuthBase

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

_SERVICE = "execute-api"
_NO_BODY = hashlib.sha256(b"").hexdigest()


class Signature(AuthBase):
    """Signs each request.

    Args:
        values: `region`, and where given `service`, `access_key_id` with `secret_access_key`, `session_token` and
            `role_arn`.

    Raises:
        LakeError: boto3 is not installed, or there are no keys.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._region = values["region"]
        self._service = values.get("service", _SERVICE)
        self._credentials = _credentials(values)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        url = urlsplit(str(request.url))
        headers = {"Host": url.netloc, "Accept": "application/json", "x-amz-content-sha256": _NO_BODY}
        if request.body:
            body = request.body.encode() if isinstance(request.body, str) else bytes(request.body)
            headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
            headers["Content-Type"] = request.headers["Content-Type"]
        signed = AWSRequest(
            request.method,
            url._replace(query="", fragment="").geturl(),
            params=dict(parse_qsl(url.query, keep_blank_values=True)),
            data=request.body,
            headers=headers,
        )
        SigV4Auth(self._keys(), self._service, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request

    def _keys(self) -> Any:  # noqa: ANN401 - botocore has no types
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            reason = f"no AWS keys to sign requests to the catalog with: {error}"
            instruction = "check `role_arn`, and whether the keys that the machine has may assume that role"
            raise LakeError("FLOE-0543", reason, instruction) from error


def _credentials(values: Mapping[str, str]) -> Any:  # noqa: ANN401 - botocore has no types
    try:
        import boto3
    except ImportError as error:
        reason = "signed requests to a catalog need the package `boto3`"
        raise LakeError("FLOE-0543", reason, "install Floe with the extra `glue`") from error
    session = boto3.Session(
        aws_access_key_id=values.get("access_key_id"),
        aws_secret_access_key=values.get("secret_access_key"),
        aws_session_token=values.get("session_token"),
        region_name=values["region"],
    )
    if "role_arn" in values:
        return _of_role(session, values["role_arn"])
    found = session.get_credentials()
    if found is None:
        reason = "there are no AWS keys to sign requests to the catalog with"
        instruction = "name them in `credentials`, or give the machine some (environment, profile or role)"
        raise LakeError("FLOE-0543", reason, instruction)
    return found


def _of_role(session: Any, role: str) -> Any:  # noqa: ANN401 - as above
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    source = session._session  # noqa: SLF001 - boto3 wraps botocore's session and has no other way to it
    fetcher = AssumeRoleCredentialFetcher(
        source.create_client, session.get_credentials(), role, extra_args={"RoleSessionName": "floe"}
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

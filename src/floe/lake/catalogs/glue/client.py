"""The client of AWS Glue: who asks, where, and what its failures mean to a user."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from floe.artifact.settings import CatalogBinding, SecretsBinding

_ATTEMPTS = 8
"""How often a request is made that fails for a passing reason; boto3 waits longer each time."""
_ANY_REGION = "us-east-1"
"""Requests to an address of its own are signed for some region."""
_XML_ERROR = re.compile(r"<Code>(.*?)</Code>\s*<Message>(.*?)</Message>", re.DOTALL)
_NOT_ALLOWED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_CLOCK = re.compile(
    r"RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|Signature (expired|not yet current)", re.IGNORECASE
)
_NOT_KNOWN = frozenset(
    {
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def open_client(profile: str, binding: CatalogBinding, secrets: SecretsBinding) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client of boto3 with the keys that the catalog profile names, or those of the machine.

    Raises:
        LakeError: boto3 is not installed.
        EnvironmentFaultError: a secret is missing.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        reason = f"catalog `{profile}` is of type `glue`, which needs the package boto3"
        raise LakeError("FLOE-0572", reason, 'install it: `pip install "floe-runtime[glue]"`') from error
    given = secrets.resolver.resolve_all(binding.credentials)
    keys = {
        "aws_access_key_id": given.get("access_key_id"),
        "aws_secret_access_key": given.get("secret_access_key"),
        "aws_session_token": given.get("session_token"),
    }
    region = given.get("region") or (_ANY_REGION if binding.uri else None)
    session = boto3.Session(region_name=region, **keys)
    if "role_arn" in given:
        session = boto3.Session(botocore_session=_in_role(session, given, binding.uri), region_name=region)
    config = Config(retries={"max_attempts": _ATTEMPTS, "mode": "standard"}, connect_timeout=10, read_timeout=60)
    client = session.client("glue", endpoint_url=binding.uri or None, config=config)
    if binding.warehouse:
        client.meta.events.register("provide-client-params.glue", _of_account(binding.warehouse))
    return client


@contextmanager
def glue_faults(profile: str, action: str) -> Iterator[None]:
    """Translate what boto3 raises while doing `action` (e.g. `read table ...`).

    Raises:
        LakeError: in place of any of botocore's errors.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except ClientError as error:
        raise _of_answer(profile, action, error.response.get("Error", {})) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise _refused(profile, action, "there are no keys to sign the request with") from error
    except BotoCoreError as error:
        reason = f"catalog `{profile}` cannot {action}: {_lower(str(error))}"
        instruction = "check `region` and `endpoint` of the catalog in platform.yaml, and the network, then run again"
        raise LakeError("FLOE-0571", reason, instruction) from error


def _in_role(session: Any, given: Mapping[str, str], endpoint: str) -> Any:  # noqa: ANN401 - boto3 has no types
    """A session of botocore that acts in a role, and takes it on again before its keys expire."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import Session

    # A VPC endpoint of Glue serves Glue only; an emulator serves both at one address.
    address = endpoint if endpoint and ".amazonaws.com" not in endpoint else None

    def create_client(service: str, **settings: Any) -> Any:  # noqa: ANN401 - as above
        return session.client(service, endpoint_url=address, **settings)

    wanted = {"RoleSessionName": given.get("session_name", "floe")}
    if "external_id" in given:
        wanted["ExternalId"] = given["external_id"]
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=create_client,
        source_credentials=session.get_credentials(),
        role_arn=given["role_arn"],
        extra_args=wanted,
    )
    acting = Session()
    acting._credentials = DeferredRefreshableCredentials(  # noqa: SLF001 - botocore offers no other way
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return acting


def _of_account(catalog_id: str) -> Any:  # noqa: ANN401 - a handler of boto3
    def add(params: dict[str, Any], **_: Any) -> None:  # noqa: ANN401 - as boto3 calls it
        params.setdefault("CatalogId", catalog_id)

    return add


def _of_answer(profile: str, action: str, answer: Mapping[str, str]) -> LakeError:
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if written := _XML_ERROR.search(message):  # gateways and emulators answer so, where Glue itself speaks JSON
        code, message = written.groups()
    message = _lower(message)
    if _CLOCK.search(f"{code}: {message}"):
        reason = f"catalog `{profile}` cannot {action}: the clock of this machine differs too much from Glue's"
        return LakeError("FLOE-0555", reason, "set the clock (NTP), then run again", details=(message,))
    if code in _EXPIRED:
        reason = f"catalog `{profile}` cannot {action}: the keys that it was given have expired"
        instruction = "get new ones and run again; with `mode: iam_role` Floe renews them by itself"
        return LakeError("FLOE-0556", reason, instruction)
    if code in _NOT_KNOWN:
        return _refused(profile, action, f"Glue does not accept the keys ({code}: {message})")
    if code in _NOT_ALLOWED:
        reason = f"catalog `{profile}` may not {action}: {message}"
        return LakeError("FLOE-0570", reason, "give who asks the permissions that `floe explain FLOE-0570` lists")
    reason = f"catalog `{profile}` cannot {action}: {code}: {message}"
    return LakeError("FLOE-0571", reason, "run again; if it stays so, ask who runs the Glue catalog")


def _refused(profile: str, action: str, why: str) -> LakeError:
    instruction = "check `credentials` of the catalog in platform.yaml, and that the secrets are those of this account"
    return LakeError("FLOE-0570", f"catalog `{profile}` cannot {action}: {why}", instruction)


def _lower(message: str) -> str:
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]

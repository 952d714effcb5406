"""Secrets of AWS Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from floe.secrets.base import not_installed, refused, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from floe.secrets.base import Reference

_CONNECT_SECONDS = 5
_ATTEMPTS = 3
_BUSY = frozenset({"InternalServiceError", "ServiceUnavailable", "ThrottlingException", "RequestTimeout"})


class AwsSecretsManagerBackend:
    """Secrets of an account and region, read with the keys that the machine has."""

    def __init__(self, settings: Mapping[str, Any], secret: Callable[[str], str]) -> None:
        del secret
        self._settings = settings
        self._client: Any = None
        region = settings.get("region")
        self._what = f"AWS Secrets Manager in `{region}`" if region else "AWS Secrets Manager"

    def place(self, reference: Reference) -> str:
        """Name, key and region."""
        key = f", key `{reference.key}`" if reference.key else ""
        return f"`{self._name(reference)}`{key} in {self._what}"

    def fetch(self, reference: Reference) -> str | None:
        """The secret's text; with a key, the text of that key of the JSON object that the secret is.

        Raises:
            EnvironmentFaultError: boto3 is not installed, the service does not answer in time, or refuses the keys.
        """
        text = self._read(self._name(reference))
        if text is None or not reference.key:
            return text or None
        try:
            values = json.loads(text)
        except ValueError:
            return None
        value = values.get(reference.key) if isinstance(values, dict) else None
        return value if isinstance(value, str | None) else json.dumps(value)

    def _name(self, reference: Reference) -> str:
        return f"{self._settings.get('prefix', '')}{reference.name}"

    def _read(self, name: str) -> str | None:
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise not_installed("aws-secrets-manager", "boto3", "aws") from None
        try:
            if self._client is None:
                self._client = self._open()
            answer = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            said = error.response.get("Error", {})
            code, message = said.get("Code", ""), " ".join(said.get("Message", "").split()).rstrip(".")
            if code == "ResourceNotFoundException":
                return None
            if code in _BUSY:
                raise unreachable(self._what, f"{code}: {message}") from None
            way_out = "let who asks call `secretsmanager:GetSecretValue`, and check the keys and the region"
            raise refused(self._what, f"{code}: {message}", way_out) from None
        except BotoCoreError as error:
            if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "NoRegionError"):
                way_out = "give the machine keys or a role of AWS, and `region` under `secrets` in platform.yaml"
                raise refused(self._what, _sentence(error), way_out) from None
            raise unreachable(self._what, _sentence(error)) from None
        binary = answer.get("SecretBinary")
        return binary.decode() if binary is not None else str(answer.get("SecretString", ""))

    def _open(self) -> Any:  # noqa: ANN401 - boto3 has no types
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=self._settings["timeout_seconds"],
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        )
        endpoint, region = self._settings.get("endpoint"), self._settings.get("region")
        return boto3.Session(region_name=region).client("secretsmanager", endpoint_url=endpoint, config=config)


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return text[:1].lower() + text[1:]

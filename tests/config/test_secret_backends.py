"""The `secrets` section of platform.yaml: where secrets are kept, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from floe.artifact.settings import SecretBackendBinding, SecretReference
from floe.compiler import bindings
from floe.config.secret_backends import BACKENDS
from floe.secrets.backends.types import BUILT_IN

from .conftest import FLOE, PLATFORM, Project

if TYPE_CHECKING:
    from floe.artifact.settings import SecretsBinding


def bound(project: Project, *lines: str) -> SecretsBinding:
    """The artifact's part for these entries of `backends`."""
    return bindings.secrets(project.load(FLOE, with_backends(*lines)))


def with_backends(*lines: str) -> str:
    return PLATFORM + "secrets:\n  backends:\n" + "".join(f"    - {line}\n" for line in lines)


def problems(project: Project, *lines: str) -> list[tuple[str, str, int, int]]:
    return [
        (problem.code, problem.message, problem.span.line, problem.span.column)
        for problem in project.diagnostics(FLOE, with_backends(*lines))
    ]


def test_every_type_of_the_files_has_a_backend() -> None:
    assert set(BACKENDS) == set(BUILT_IN)


def test_environment_and_mounted_files_are_asked_by_default(project: Project) -> None:
    assert [item.type for item in bindings.secrets(project.load(FLOE, PLATFORM)).backends] == ["env", "mount"]
    assert bindings.secrets(project.load(FLOE, PLATFORM)) == type(bindings.secrets(project.load(FLOE, PLATFORM)))()


def test_the_order_of_the_file_is_the_order_of_the_artifact(project: Project) -> None:
    found = bound(project, "keyring", "env", "{type: mount, path: /etc/secrets/}").backends
    assert [item.type for item in found] == ["keyring", "env", "mount"]
    assert found[2].settings == {"path": "/etc/secrets/"}


def test_vault_has_its_proof_by_reference(project: Project) -> None:
    auth = "{mode: approle, role_id: {secret_ref: role}, secret_id: {secret_ref: vault, key: id}}"
    found = bound(project, "env", f"{{type: vault, url: 'http://vault:8200', auth: {auth}}}").backends[1]
    assert found.secrets == {
        "role_id": SecretReference(name="role"),
        "secret_id": SecretReference(name="vault", key="id"),
    }
    assert (found.settings["auth_mode"], found.settings["auth_mount"]) == ("approle", "approle")


def test_vault_has_the_token_of_its_own_variable_unless_told_otherwise(project: Project) -> None:
    found = bound(project, "env", "{type: vault, url: 'http://vault:8200'}").backends[1]
    assert found.secrets == {"token": SecretReference(name="vault-token")}


def test_a_pod_proves_who_it_is_with_its_account(project: Project) -> None:
    auth = "{mode: kubernetes, role: floe, mount: cluster}"
    found = bound(project, f"{{type: vault, url: 'http://vault:8200', auth: {auth}}}").backends[0]
    assert (found.settings["role"], found.settings["auth_mount"]) == ("floe", "cluster")
    assert found.settings["token_path"].endswith("/serviceaccount/token")


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("vualt", "FLOE-0162", "no place for secrets is of type `vualt`"),
        ("{type: vualt}", "FLOE-0162", "no place for secrets is of type `vualt`"),
        ("vault", "FLOE-0105", "missing field `url` in `secrets.backends[0]`"),
        ("{type: env, path: x}", "FLOE-0103", "unknown field `path`"),
        (
            "{type: vault, url: 'http://v'}",
            "FLOE-0163",
            "the first place for secrets needs a secret itself, which only a place before it can have",
        ),
        (
            "{type: mount, path: secrets}",
            "FLOE-0107",
            "`secrets.backends[0].path` must begin with `/` or `~/`, found the text `secrets`",
        ),
        ("{type: vault, url: 'http://v', auth: {mode: token}}", "FLOE-0163", "mode `token` needs `token`"),
        (
            "{type: vault, url: 'http://v', auth: {mode: kubernetes, role: r, role_id: {secret_ref: x}}}",
            "FLOE-0163",
            "`role_id` does not belong to mode `kubernetes`",
        ),
        (
            "{type: file, path: secrets.env}",
            "FLOE-0107",
            "`secrets.backends[0].path` must begin with `/` or `~/`",
        ),
        (
            "{type: keyring, timeout_seconds: 0}",
            "FLOE-0107",
            "`secrets.backends[0].timeout_seconds` must be at",
        ),
        ("{path: /x}", "FLOE-0105", "missing field `type`"),
        ("17", "FLOE-0106", "`secrets.backends[0]` must be"),
    ],
)
def test_a_mistake_in_a_backend_has_its_place(project: Project, line: str, code: str, message: str) -> None:
    ((found_code, found_message, found_line, _),) = problems(project, line)
    assert (found_code, found_message.startswith(message), found_line) == (code, True, PLATFORM.count("\n") + 2)


def test_a_token_in_plain_text_is_refused_and_not_shown(project: Project) -> None:
    auth = "{mode: token, token: canary-of-a-token}"
    text = project.report(FLOE, with_backends(f"{{type: vault, url: 'http://v', auth: {auth}}}"))
    assert "plaintext credential in `token`" in text
    assert "canary" not in text


def test_a_file_inside_the_project_is_refused(project: Project) -> None:
    inside = project.write("conf/secrets.env", "TOKEN=x\n")
    ((code, message, _, column),) = problems(project, f"{{type: file, path: {inside}}}")
    assert (code, column) == ("FLOE-0161", 26)
    assert message == f"the file of secrets `{inside}` is inside the project"


def test_the_artifact_holds_nothing_for_a_platform_that_says_nothing() -> None:
    assert SecretBackendBinding(type="env").model_dump(exclude_defaults=True) == {"type": "env"}

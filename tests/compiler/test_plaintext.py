"""Credentials in the project's SQL, Python and YAML are found, with their place and never their value."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from floe.compiler import plaintext
from floe.compiler.plaintext import plaintext_secrets
from floe.config.load import load_configuration
from floe.diagnostics.render import render
from floe.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = "q7Rz" + "0pLm9XwV2tB8"
FOUND = {
    "a key of AWS": "AKIA" + "QYLPMN5HHHFPZAM2",
    "a token of GitHub": "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "a token of GitLab": "glpat-" + "aBcDeFgHiJkLmNoPqRsT",
    "a token of Slack": "xoxb-" + "34532454-e039d02840a0b9379c",
    "a key of Stripe": "sk_live_" + "ReTllpYQYfIZu2Jnf2lAPFjD",
    "a key of Google": "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "a JSON web token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a key of SendGrid": "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
}


class Project:
    """A project of dbt models and Python assets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("floe.yaml", 'name: shop\nversion: "1.0.0"\ntransforms: [{type: dbt, path: dbt}]\n')
        self.write("dbt/dbt_project.yml", "name: shop\nversion: '1.0.0'\nprofile: shop\n")
        self.write("dbt/models/orders.sql", "select 1 as id")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def found(self) -> list[tuple[str, str, int, int, int]]:
        problems = plaintext_secrets(load_configuration(self.folder))
        what = [problem.message.removesuffix(" in plain text") for problem in problems]
        spans = [problem.span for problem in problems]
        places = [(span.file, span.line, span.column, span.end_column) for span in spans]
        return [(kind, *place) for kind, place in zip(what, places, strict=True)]

    def report(self) -> str:
        return render(plaintext_secrets(load_configuration(self.folder)))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("what", FOUND)
def test_what_looks_like_a_credential_is_found_at_its_place(project: Project, what: str) -> None:
    value = FOUND[what]
    project.write("dbt/models/orders.sql", f"select 1 as id,\n  '{value}' as it\n")
    ((kind, file, line, column, _),) = project.found()
    assert (kind, file, line) == (what, "dbt/models/orders.sql", 2)
    assert column >= 4
    assert value not in project.report()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dbt/models/orders.sql", f"set password = '{RANDOM}';"),
        ("dbt/macros/helper.sql", f"{{% set api_key = '{RANDOM}' %}}"),
        ("dbt/models/model.py", f'api_key = "{RANDOM}"'),
        ("dbt/models/schema.yml", f"models:\n  - name: orders\n    meta:\n      db_password: {RANDOM}"),
        ("dbt/profiles.yml", f"shop:\n  password: '{RANDOM}'"),
        ("dbt/models/model.py", f'url = "postgres://loader:{RANDOM}@db.internal/lake"'),
        ("dbt/macros/attach.sql", f"attach 'host=db.internal user=loader password={RANDOM}' as crm (type postgres)"),
        ("dbt/models/model.py", f"headers = {{'Authorization': 'Bearer {RANDOM}'}}"),
        ("dbt/models/model.py", f"secret = os.environ.get('DB_PASSWORD', '{RANDOM}')"),
        ("dbt/models/schema.yml", f"models:\n  - {{name: orders, meta: {{api_token: {RANDOM}}}}}"),
    ],
)
def test_random_text_that_is_called_a_credential_is_found(project: Project, name: str, text: str) -> None:
    project.write(name, text)
    ((_, file, line, column, end),) = project.found()
    assert (file, text.split("\n")[line - 1][column - 1 : end - 1]) == (name, RANDOM)
    report = project.report()
    assert RANDOM not in report
    assert RANDOM[:2] in report or "****" in report
    assert "FLOE-0160" in report


@pytest.mark.parametrize(
    "line",
    [
        "select password, token_count, secret_santa from users where password = 'short'",
        "select '{{ env_var(\"DBT_ENV_SECRET_TOKEN\") }}' as token",
        "select * from t where api_key = '${API_KEY_OF_THE_SERVICE_1}'",
        "-- password: see the wiki at https://wiki.example.com/x1y2z3a4b5c6d7",
        "select md5(concat('password', id)) as surrogate_key_1234567890abcdef",
        "select 'postgresql://user:password@localhost/db' as example",
        "where secret_expires_at = '2024-01-01T00:00:00'",
        "unique_key = 'order_id_and_customer_id_2'",
        "connect(user='loader', password=os.environ['DB_PASSWORD'])",
        "connect(user=loader, password=password_of_loader, host='db.internal')",
        "attach 'host=db.internal user=loader password={{ env_var(\"DBT_ENV_SECRET_DB\") }}' as crm",
        "rename({'password': 'user_pw_col1', 'pwd': 'hash_of_pwd_2'})",
        "select os.environ.get('DB_PASSWORD', 'not_given_1')",
        "-- the header is `Authorization: Bearer the-token-of-the-service`",
    ],
)
def test_what_is_no_credential_is_left_alone(project: Project, line: str) -> None:
    project.write("dbt/models/orders.sql", line)
    assert project.found() == []


@pytest.mark.parametrize("password", ["Sommer2024!", "Tr0ub4dor&3xyz", "ZKm4bV3AyAVH"])
def test_a_password_that_people_choose_is_found(project: Project, password: str) -> None:
    """Too short for its randomness to tell, but no name has letters of both cases, digits and signs."""
    project.write("dbt/models/model.py", f"db = connect(user='loader', password='{password}')")
    ((what, _, _, _, _),) = project.found()
    assert what == "a password"
    assert password not in project.report()


@pytest.mark.parametrize("mark", ["-- floe: allow-secret", "-- pragma: allowlist secret"])
def test_a_line_that_says_so_is_allowed(project: Project, mark: str) -> None:
    project.write("dbt/models/orders.sql", f"select '{FOUND['a key of AWS']}' as id {mark}\n")
    assert project.found() == []


def test_the_line_before_may_say_so(project: Project) -> None:
    project.write("dbt/models/x.py", f"# pragma: allowlist nextline secret\nkey = '{FOUND['a key of AWS']}'\n")
    assert project.found() == []


@pytest.mark.parametrize("folder", ["dbt_packages/utils", "target/compiled", "logs", ".venv/lib", "models/__pycache__"])
def test_packages_and_what_tools_write_are_not_looked_at(project: Project, folder: str) -> None:
    project.write(f"dbt/{folder}/x.sql", f"select '{FOUND['a key of AWS']}'")
    assert project.found() == []


def test_data_and_large_files_are_not_looked_at(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("dbt/seeds/keys.csv", f"key\n{FOUND['a key of AWS']}\n")
    monkeypatch.setattr(plaintext, "MOST_BYTES", 100)
    project.write("dbt/models/orders.sql", f"select '{FOUND['a key of AWS']}'" + " " * 100)
    assert project.found() == []


def test_several_credentials_of_one_line_are_each_found_and_hidden(project: Project) -> None:
    one, two = FOUND["a key of AWS"], FOUND["a token of GitHub"]
    project.write("dbt/models/orders.sql", f"select '{one}', '{two}'")
    assert [kind for kind, *_ in project.found()] == ["a key of AWS", "a token of GitHub"]
    assert not {one, two} & set(project.report().replace("'", " ").split())


def test_lines_that_were_looked_at_are_remembered_without_themselves(project: Project) -> None:
    line = "select * from t where password = 'almost-a-password-1'"
    project.write("dbt/models/orders.sql", line)
    assert project.found() == []
    kept = (project.folder / plaintext.CACHE).read_text()
    assert len(json.loads(kept)["clean"]) == 1
    assert "almost" not in kept
    for module in [name for name in sys.modules if name.startswith("detect_secrets")]:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        assert project.found() == []
    finally:
        for module in [name for name, loaded in sys.modules.items() if loaded is None]:
            del sys.modules[module]


def test_a_project_that_cannot_be_written_is_looked_at_all_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(plaintext, "write_atomically", fail)
    project.write("dbt/models/orders.sql", "select * from t where password = 'almost-a-password-1'")
    assert project.found() == []


def test_a_project_without_anything_suspicious_never_loads_the_detectors_nor_writes(project: Project) -> None:
    before = {name for name in sys.modules if name.startswith("detect_secrets")}
    assert project.found() == []
    assert {name for name in sys.modules if name.startswith("detect_secrets")} == before
    assert not (project.folder / ".floe").exists()


def test_compiling_refuses_a_credential(project: Project) -> None:
    from floe.compiler.compile import compile_project

    project.write("dbt/models/orders.sql", f"select '{FOUND['a key of AWS']}' as id")
    with pytest.raises(ConfigurationError) as caught:
        compile_project(load_configuration(project.folder))
    assert caught.value.code == "FLOE-0160"
    kept = b"".join(path.read_bytes() for path in project.folder.rglob(".floe/**/*") if path.is_file())
    assert FOUND["a key of AWS"].encode() not in kept

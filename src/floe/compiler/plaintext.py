"""Finds credentials in the project's SQL, Python and YAML: detect-secrets looks at the lines that could have one."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from floe.artifact.files import write_atomically
from floe.compiler import leaks
from floe.config.secrecy import is_credential_key
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from detect_secrets.plugins.keyword import KeywordDetector

    from floe.config.load import Configuration

CACHE = ".floe/cache/plaintext.json"
FORMAT = 2
ALLOWED = re.compile(r"(?:floe: *allow-secret|pragma: *allowlist[ -]secret)", re.IGNORECASE)
SUFFIXES = (".sql", ".py", ".yml", ".yaml")
MOST_BYTES = 2_000_000
"""Files that are larger are data, not code."""
_OTHERS = frozenset({"dbt_packages", "dbt_modules", "target", "logs", "node_modules", "site-packages", "__pycache__"})
_SUSPICIOUS = re.compile(
    r"(?:A3T|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]|PRIVATE KEY|gh[pousr]_|github_pat_|gl[a-z]{2,6}-|GR1348941"
    r"|xox[a-z]-|hooks\.slack\.com|[rs]k_live|eyJ[\w-]{8}|AccountKey=|\bsk-|\bSG\.|pypi-|://[^\s/:@]*:[^\s/@]+@"
    r"|(?i:key|pass|pwd|secret|token|credential)[\w.-]*[\]'\"]{0,2}\s*(?::=|[:=]=?|=>|,)\s*['\"]?[^\s'\"]{12}|"
    + leaks.SUSPICIOUS
)
"""What a line has that any of the detectors below may take for a credential."""
_YAML_VALUE = re.compile(
    r"""^\s*(?:-\s+)?["']?(?P<key>[\w.-]+)["']?\s*:\s+(?P<quote>["']?)(?P<value>\S{12,})(?P=quote)\s*$"""
)
_SAMPLE = re.compile(r"[{}<>$*]|env_var|secret_ref|example|changeme|password|secret", re.IGNORECASE)
_LEAST_ENTROPY = 3.5
"""Bits for each character: words and names have less, random texts of twelve characters more."""
_SHORTEST = 12
_SHOWN = 2


class Found(NamedTuple):
    """A credential in a line; columns count from 0."""

    what: str
    start: int
    end: int


def plaintext_secrets(configuration: Configuration) -> list[Diagnostic]:
    """One diagnostic for each credential in the folders of the transforms, with its place and never its value.

    Data, installed packages and what dbt writes are not looked at, nor are lines that say `floe: allow-secret`.
    """
    root = configuration.project_directory
    clean = _known_clean(root / CACHE)
    suspicious = {path: lines for path in _files(configuration) if (lines := _suspicious_lines(path))}
    seen: set[str] = set()
    found: list[Diagnostic] = []
    for path, lines in suspicious.items():
        digest = sha256(f"{path.suffix}\0{lines!r}".encode()).hexdigest()
        if digest not in clean:
            problems = list(_diagnostics(os.path.relpath(path, root), path.suffix, lines))
            found += problems
            if problems:
                continue
        seen.add(digest)
    if seen - clean:
        _remember_clean(root / CACHE, seen)
    return found


def _files(configuration: Configuration) -> Iterator[Path]:
    root = configuration.project_directory
    folders = sorted({(root / transform.path).resolve() for transform in configuration.pipeline.transforms})
    for folder in folders:
        if any(folder != other and folder.is_relative_to(other) for other in folders):
            continue
        for current, names, files in os.walk(folder):
            names[:] = sorted(name for name in names if name not in _OTHERS and not name.startswith("."))
            yield from (Path(current, name) for name in sorted(files) if name.endswith(SUFFIXES))


def _suspicious_lines(path: Path) -> dict[int, str]:
    """Number of a line, from 1, and its text; only those that are worth a closer look."""
    try:
        content = path.read_bytes()
    except OSError:  # whoever needs the file says what is wrong with it
        return {}
    if len(content) > MOST_BYTES or path.name in ("floe.yaml", "platform.yaml"):
        return {}
    text = content.decode(errors="replace")
    numbers = list(_line_numbers(text))
    if not numbers:
        return {}
    lines = text.split("\n")
    return {
        number + 1: lines[number].rstrip("\r")
        for number in numbers
        if not ALLOWED.search(lines[number]) and not (number and _allows_next(lines[number - 1]))
    }


def _line_numbers(text: str) -> Iterator[int]:
    """The numbers, from 0, of the lines that are worth a closer look, each once and in order."""
    number, counted, last = 0, 0, -1
    for match in _SUSPICIOUS.finditer(text):
        number += text.count("\n", counted, match.start())
        counted = match.start()
        if number != last:
            yield number
        last = number


def _allows_next(line: str) -> bool:
    return "nextline" in line and ALLOWED.search(line.replace("nextline ", "")) is not None


def _diagnostics(file: str, suffix: str, lines: dict[int, str]) -> Iterator[Diagnostic]:
    way_out = {
        ".sql": "take it out; where SQL needs it, write `{{ env_var('DBT_ENV_SECRET_NAME') }}` where dbt allows it",
        ".py": 'read it from the environment: `os.environ["NAME"]`',
    }.get(suffix, "write `\"{{ env_var('NAME') }}\"` here, or keep it in platform.yaml as `{secret_ref: name}`")
    for number, line in lines.items():
        for item in sorted(set(_credentials(line, suffix)), key=lambda item: item.start):
            shown = line[item.start : item.start + _SHOWN]
            hidden = f"{line[: item.start]}{shown}{'*' * (item.end - item.start - _SHOWN)}{line[item.end :]}"
            yield Diagnostic(
                code="FLOE-0160",
                message=f"{item.what} in plain text",
                span=Span(file, number, item.start + 1, item.end + 1, _without_others(hidden)),
                label="whoever has the project has it, too",
                hints=(way_out, "if it is none, say so in this line: `floe: allow-secret`"),
            )


def _without_others(line: str) -> str:
    from floe.config.secrecy import masked_line

    return masked_line(line)


def _credentials(line: str, suffix: str) -> Iterator[Found]:
    taken: list[tuple[int, int]] = []
    for what, value in (*_by_look(line), *_by_key(line, suffix)):
        start = line.find(value)
        if start < 0 or any(begin < start + len(value) and start < end for begin, end in taken):
            continue
        taken.append((start, start + len(value)))
        yield Found(what, start, start + len(value))


def _by_look(line: str) -> Iterator[tuple[str, str]]:
    """What is a credential by its own look, as (what it is, value)."""
    for what, detector in _detectors():
        for value in detector.analyze_string(line):
            if what != "a password in an address" or not _SAMPLE.search(value):
                yield what, value
    yield from leaks.by_look(line)


def _by_key(line: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Random text that is given to something called `password`, `token` and the like."""
    is_yaml = suffix in (".yml", ".yaml")
    values: Iterable[str] = [*_keyword_detector().analyze_string(line), *leaks.tokens(line, is_yaml=is_yaml)]
    match = _YAML_VALUE.match(line) if is_yaml else None
    if match and is_credential_key(match["key"]):
        values = (*values, match["value"])
    yield from (("a credential", value) for value in values if _is_random(value))
    yield from (("a password", value) for value in leaks.passwords(line) if not _SAMPLE.search(value))


def _is_random(value: str) -> bool:
    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString

    if len(value) < _SHORTEST or re.search(r"\s", value) or _SAMPLE.search(value):
        return False
    if not (re.search(r"[0-9]", value) and re.search(r"[A-Za-z]", value)) or "://" in value or "/" in value[:1]:
        return False
    return float(Base64HighEntropyString().calculate_shannon_entropy(value)) >= _LEAST_ENTROPY


@cache
def _keyword_detector() -> KeywordDetector:
    from detect_secrets.plugins.keyword import KeywordDetector

    return KeywordDetector()


@cache
def _detectors() -> tuple[tuple[str, Any], ...]:
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.basic_auth import BasicAuthDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.stripe import StripeDetector

    return (
        ("a private key", PrivateKeyDetector()),
        ("a key of AWS", AWSKeyDetector()),
        ("a key of Azure", AzureStorageKeyDetector()),
        ("a token of GitHub", GitHubTokenDetector()),
        ("a token of GitLab", GitLabTokenDetector()),
        ("a token of Slack", SlackDetector()),
        ("a key of Stripe", StripeDetector()),
        ("a key of OpenAI", OpenAIDetector()),
        ("a key of SendGrid", SendGridDetector()),
        ("a token of PyPI", PypiTokenDetector()),
        ("a JSON web token", JwtTokenDetector()),
        ("a password in an address", BasicAuthDetector()),
    )


def _known_clean(path: Path) -> set[str]:
    try:
        document = json.loads(path.read_bytes())
        return set(document["clean"]) if document["format"] == FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _remember_clean(path: Path, digests: set[str]) -> None:
    """Keep hashes of suspicious lines that hold no credential; a project that may only be read has none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"format": FORMAT, "clean": sorted(digests)}).encode())
    except OSError:
        return

"""Credentials that detect-secrets does not know, found by their look or by what they are given to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from floe.config.secrecy import is_credential_key

if TYPE_CHECKING:
    from collections.abc import Iterator

SUSPICIOUS = (
    r"AIza[\w-]|\bdapi[0-9a-f]{8}|\bhf_\w{8}|\bnpm_\w{8}|[?&;]sig=|\b(?i:bearer|basic)\s+[\w.~+/-]{16}"
    r"|(?i:passw(?:or)?d|passphrase|pwd)['\"\]]{0,2}\s*(?:=>?|:|,)\s*['\"]?[^\s'\"]{6}"
)
"""What a line has in which any of the functions below may find something."""

# Texts, not compiled patterns: few projects have a line that is looked at.
_LOOKS = (
    ("a key of Google", r"\bAIza[\w-]{35}(?![\w-])"),
    ("a token of Databricks", r"\bdapi[0-9a-f]{32}\b"),
    ("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a key of Anthropic", r"\bsk-ant-[\w-]{40,}"),
    ("a key of OpenAI", r"\bsk-(?:proj|svcacct|admin)-[\w-]{40,}"),
    ("a signature of Azure", r"(?<=[?&;]sig=)[\w%+/]{40,}={0,2}"),
)
_HEADER = r"\b(?i:bearer|basic)\s+(?P<value>[\w.~+/-]{16,}={0,2})"
_QUOTED = r"(['\"])(?P<text>(?:(?!\1).)+)\1"
_CONNECTION = r"\b(?i:password|pwd)=(?P<value>[^\s'\";,)&]{6,})"
_ITS_OTHER_KEYS = r"\b(?i:host|hostaddr|server|dbname|database|user|uid)=[^\s=]"
_NAMED = r"(?i:password|passwd|passphrase|pwd)['\"\]]{0,2}\s*(?:=>?|:)\s*(['\"])(?P<value>[^\s'\"]{8,})\1"
_FALLBACK = r"\bget(?:env)?\(\s*['\"](?P<key>\w+)['\"]\s*,\s*(['\"])(?P<value>[^\s'\"]{8,})\2"
_IN_BRACES = (
    r"[{,]\s*['\"]?(?P<key>[\w.-]+)['\"]?\s*:\s*(?P<quote>['\"]?)(?P<value>[^\s'\",{}\[\]]{12,})(?P=quote)\s*(?=[,}])"
)
_KINDS_OF_CHARACTERS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^\w.-]")
_MIXED = 3


def by_look(line: str) -> Iterator[tuple[str, str]]:
    """What is a credential by its own look, as (what it is, value)."""
    yield from ((what, match[0]) for what, pattern in _LOOKS for match in re.finditer(pattern, line))


def passwords(line: str) -> Iterator[str]:
    """What stands where passwords do: in texts for drivers of databases, or mixed characters behind the word."""
    for text in re.finditer(_QUOTED, line):
        if re.search(_ITS_OTHER_KEYS, text["text"]):
            yield from (match["value"] for match in re.finditer(_CONNECTION, text["text"]))
    yield from (match["value"] for match in re.finditer(_NAMED, line) if is_mixed(match["value"]))
    for match in re.finditer(_FALLBACK, line):
        if is_credential_key(match["key"]) and is_mixed(match["value"]):
            yield match["value"]


def tokens(line: str, *, is_yaml: bool) -> Iterator[str]:
    """What may be a token, if it is random: in a header of HTTP, or in a mapping that YAML has in one line."""
    yield from (match["value"] for match in re.finditer(_HEADER, line))
    if is_yaml:
        yield from (match["value"] for match in re.finditer(_IN_BRACES, line) if is_credential_key(match["key"]))


def is_mixed(text: str) -> bool:
    """Tell whether a text has at least three of small letters, capitals, digits and signs, as names have not."""
    return sum(re.search(kind, text) is not None for kind in _KINDS_OF_CHARACTERS) >= _MIXED

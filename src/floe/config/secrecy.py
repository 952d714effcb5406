"""Finds credentials written in plain text, and masks them before anything is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, overload

from floe.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    from floe.config.document import Document, Path, Region

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LAST_WORDS = frozenset(["apikey", "credential", "credentials", "pwd", "secret", "token"])
_WORD_ENDS = ("passphrase", "passwd", "password")
_LAST_PAIRS = frozenset(
    [
        ("access", "key"),
        ("account", "key"),
        ("api", "key"),
        ("connection", "string"),
        ("encryption", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("shared", "key"),
    ]
)
_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}|\bsk[-_](?:live[-_])?[A-Za-z0-9]{20,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
    r"|://[^/\s:@]*:[^/\s@]+@"
    r"|(?i:\b(?:password|pwd|accountkey|sharedaccesssignature)=)[^;\s]+"
)
_ASSIGNMENT = re.compile(r"""(?<![\w.-])(?P<key>[\w.-]++)["']?\s*+[:=]\s*+(?=[^\s{|>&*#])""")
_NOT_PLAINTEXT = ("${", "{{")


def is_credential_key(key: str) -> bool:
    """Tell whether a key names a credential: `password`, `client_secret`, `apiKey`, `access_key_id` ..."""
    words = tuple(word.lower() for word in _WORD.findall(key))
    if words[-1:] == ("id",) and words[-2:-1] == ("key",):
        words = words[:-1]
    return bool(words) and (words[-1] in _LAST_WORDS or words[-1].endswith(_WORD_ENDS) or words[-2:] in _LAST_PAIRS)


def masked_line(line: str) -> str:
    """Return the line with stars for what looks like a credential, whether or not the file is valid."""
    line = _VALUE.sub(lambda match: "*" * len(match[0]), line)
    for match in _ASSIGNMENT.finditer(line):
        if is_credential_key(match["key"]):
            return _starred(line, match.end(), len(line))
    return line


@dataclass(frozen=True)
class MaskedLines(Sequence[str]):
    """The lines of a file with stars for credentials; a line is masked when somebody looks at it."""

    raw: Sequence[str] = field(repr=False)
    mask: Callable[[str], str]
    regions: tuple[Region, ...] = ()

    @cached_property
    def _hidden(self) -> dict[int, list[tuple[int, int | None]]]:
        """Where the regions begin and end in each line; None for the end of the line."""
        hidden: dict[int, list[tuple[int, int | None]]] = {}
        for region in self.regions:
            for number in range(region.line, region.end_line + 1):
                start = region.column if number == region.line else 0
                end = region.end_column if number == region.end_line else None
                hidden.setdefault(number, []).append((start, end))
        return hidden

    def __len__(self) -> int:
        return len(self.raw)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        line = self.mask(self.raw[index])
        for start, end in self._hidden.get(index % len(self), ()):
            line = _starred(line, start, len(line) if end is None else end)
        return line


def lines_by_look(lines: Sequence[str]) -> MaskedLines:
    """Return the lines of a file that may not be valid, with stars for what looks like a credential."""
    return MaskedLines(lines, masked_line)


def masked_lines(lines: Sequence[str], regions: Iterable[Region]) -> MaskedLines:
    """Return the lines of a valid file with stars for the credentials in `regions`, and in comments."""
    return MaskedLines(lines, _without_secret_comment, tuple(regions))


def credential_paths(document: Document) -> list[Path]:
    """Return the paths of all values that are plaintext credentials, by their key or by their look."""
    return [
        path
        for path, scalar in document.scalars.items()
        if not isinstance(value := document.at(*path), (bool, type(None)))
        and (looks_secret(path, scalar.text) or (value != scalar.text and looks_secret((), str(value))))
    ]


def looks_secret(path: Path, text: str) -> bool:
    """Tell whether a text is a plaintext credential, by the key it belongs to or by its look."""
    if not text or text.startswith(_NOT_PLAINTEXT):
        return False
    return names_credential(path) or _VALUE.search(text) is not None


def names_credential(path: Path) -> bool:
    """Tell whether the key that a value belongs to names a credential."""
    keys = [step for step in path if isinstance(step, str)]
    return bool(keys) and is_credential_key(keys[-1])


def credential_diagnostics(document: Document, paths: Iterable[Path], *, holds_endpoints: bool) -> list[Diagnostic]:
    """Return one diagnostic a credential, with what to write in its place and never its value."""
    return [_diagnostic(document, path, holds_endpoints=holds_endpoints) for path in paths]


def _diagnostic(document: Document, path: Path, *, holds_endpoints: bool) -> Diagnostic:
    key = next((step for step in reversed(path) if isinstance(step, str)), "value")
    name = "-".join(word.lower() for word in _WORD.findall(key)) or "name"
    where = "write" if holds_endpoints else "keep credentials out of floe.yaml: in platform.yaml, write"
    return Diagnostic(
        code="FLOE-0112",
        message=f"plaintext credential in `{key}`",
        span=document.positions.span(*path),
        label="use `secret_ref`",
        hints=(f"{where} `{key}: {{secret_ref: {name}}}` and keep the value in a secret store",),
    )


def _without_secret_comment(line: str) -> str:
    start = line.find("#")
    line = line if start < 0 else line[:start] + masked_line(line[start:])
    return _VALUE.sub(lambda match: "*" * len(match[0]), line)


def _starred(line: str, start: int, end: int) -> str:
    hidden = "".join("*" if not character.isspace() else character for character in line[start:end])
    return line[:start] + hidden + line[end:]

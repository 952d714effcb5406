"""Artifact to bytes and back: canonical JSON, the digest that names it, and what loading refuses."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from floe.artifact.files import write_atomically
from floe.artifact.models import FORMAT_VERSION, CompiledArtifacts
from floe.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST_LINE = re.compile(rb'^ "digest": "([0-9a-f]{64})",$', re.MULTILINE)
_VERSION_LINE = re.compile(rf'^ "format_version": {FORMAT_VERSION},\n'.encode(), re.MULTILINE)
_RECOMPILE = "run `floe compile` to write it anew"


def _canonical(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1, separators=(",", ": "))
    return text.encode() + b"\n"


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256, in hex, of the document's canonical bytes without its `digest` field."""
    return hashlib.sha256(_canonical({**document, "digest": ""})).hexdigest()


def seal(artifacts: CompiledArtifacts) -> CompiledArtifacts:
    """Return the artifact with its digest filled in."""
    digest = digest_of(artifacts.model_dump(mode="json", exclude_defaults=True))
    return artifacts.model_copy(update={"digest": digest})


def encode(artifacts: CompiledArtifacts) -> bytes:
    """Canonical JSON bytes: sorted keys, no defaults, one newline at the end; the same input gives the same bytes."""
    document = artifacts.model_dump(mode="json", exclude_defaults=True)
    return _canonical({"format_version": FORMAT_VERSION, **document})


def decode(content: bytes, name: str) -> CompiledArtifacts:
    """Read artifact bytes; `name` is what messages call the file.

    Raises:
        ArtifactError: the bytes are not an artifact, are of another format version, or do not match their digest.
    """
    return _decode_canonical(content) or _decode_any(content, name)


def _decode_canonical(content: bytes) -> CompiledArtifacts | None:
    """Read bytes just as `encode` wrote them; None of any others.

    Their digest is that of the same text without two lines. Encoding the document anew costs as much as all the rest.
    """
    line = _DIGEST_LINE.search(content)
    version = _VERSION_LINE.search(content)
    if line is None or version is None or version.start() < line.end():
        return None
    between = content[line.end() : version.start()]
    body = content[: line.start()] + b' "digest": "",' + between + content[version.end() :]
    if hashlib.sha256(body).hexdigest() != line[1].decode():
        return None
    try:
        return CompiledArtifacts.model_validate_json(content)
    except ValidationError:
        return None


def _decode_any(content: bytes, name: str) -> CompiledArtifacts:
    try:
        document = json.loads(content)
        version = document["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError("FLOE-0302", f"`{name}` is not a compiled artifact", _RECOMPILE) from error
    if version != FORMAT_VERSION:
        reason = f"`{name}` has format version {version}, this Floe reads version {FORMAT_VERSION}"
        raise ArtifactError("FLOE-0303", reason, _RECOMPILE)
    body = {key: value for key, value in document.items() if key != "format_version"}
    if digest_of(body) != document.get("digest"):
        raise ArtifactError("FLOE-0304", f"`{name}` does not match its digest: it was changed by hand", _RECOMPILE)
    try:
        return CompiledArtifacts.model_validate(document)
    except ValidationError as error:
        raise ArtifactError("FLOE-0302", f"`{name}` is not a compiled artifact", _RECOMPILE) from error


def load(path: Path) -> CompiledArtifacts:
    """Read the artifact at `path`, checking format version and digest.

    Raises:
        ArtifactError: as `decode`, or there is no such file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError("FLOE-0301", f"there is no artifact at `{path.name}`", "run `floe compile`") from error
    except OSError as error:
        reason = f"`{path.name}` cannot be read: {error.strerror or error}"
        raise ArtifactError("FLOE-0305", reason, "check the file and its permissions") from error
    return decode(content, path.name)


def save(artifacts: CompiledArtifacts, path: Path) -> None:
    """Write the artifact so that a reader finds the old bytes or the new ones, never a part."""
    write_atomically(path, encode(artifacts))

"""Rendered SQL by content: a node is rendered anew only if something that its SQL was made of has changed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from floe.artifact.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CACHE_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One node's SQL and what it was made of.

    `macros` and `variables` are those that rendering really used, with hashes of their content.
    `late` says why the SQL, then empty, can only be rendered during a run, `driven` why dbt must build the node itself.
    """

    key: str
    sql: str
    increment: str | None = None
    macros: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    late: str = ""
    driven: str = ""
    reads_itself: bool = False
    """Whether the batches of a microbatch model may read the table that is there."""


@dataclass
class RenderCache:
    """Entries of the last compile of one dbt transform, and those of this one."""

    path: Path
    previous: dict[str, Entry]
    current: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> RenderCache:
        """Read the cache; one that cannot be read or is of another format is empty."""
        try:
            document = json.loads(path.read_bytes())
            entries = document["entries"] if document["format"] == CACHE_FORMAT else {}
            return cls(path, {name: Entry(**entry) for name, entry in entries.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path, {})

    def find(self, name: str, key: str, macros: Mapping[str, str]) -> Entry | None:
        """The entry of a node if all that its SQL was made of is as it was; it is kept for the next compile."""
        entry = self.previous.get(name)
        if entry is None or entry.key != key:
            return None
        if any(macros.get(macro) != content for macro, content in entry.macros.items()):
            return None
        if any(variable_hash(variable) != value for variable, value in entry.variables.items()):
            return None
        self.current[name] = entry
        return entry

    def save(self) -> None:
        """Write the entries that this compile used.

        Raises:
            OSError: `.floe/` cannot be written.
        """
        if self.current == self.previous:
            return
        document = {"format": CACHE_FORMAT, "entries": {name: asdict(entry) for name, entry in self.current.items()}}
        write_atomically(self.path, json.dumps(document).encode())


def variable_hash(name: str) -> str:
    """Hash of an environment variable's value; empty when it is not set."""
    value = os.environ.get(name)
    return "" if value is None else content_hash(value)


def content_hash(content: Any) -> str:  # noqa: ANN401 - anything JSON can say, and what `str` can
    """Hash of a text, or of the canonical JSON of anything else."""
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()

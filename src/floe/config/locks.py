"""What a platform file locks for those that extend it, and what they may still do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from floe.config.document import dotted, short
from floe.diagnostics.diagnostic import Diagnostic, Note
from floe.diagnostics.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from floe.config.document import Document, Path
    from floe.diagnostics.span import Span

Rule = Literal["fixed", "at_least", "at_most"]
OF_THE_FILE = ("extends", "locked")
"""Keys that are about a file itself; nothing inherits them, and nothing locks them."""
ANY = "*"
"""A step of a locked path that stands for every key."""


class Lock(NamedTuple):
    """A value that a file has locked."""

    path: Path
    rule: str
    span: Span
    """Where the lock is written."""
    document: Document
    """The file that locks, with all that it extends."""


def check_locks(levels: Sequence[Document]) -> list[Diagnostic]:
    """Check what files lock, and that no file changes what those above it have locked.

    Args:
        levels: Each file merged with all above it, the topmost first.
    """
    found: list[Diagnostic] = []
    locks: list[Lock] = []
    told: set[tuple[Span, Path]] = set()
    for level in levels:
        for lock in locks:
            for path in _changes(lock, level):
                if (lock.span, path) not in told:
                    found.append(_changed(lock, path, level))
                told.add((lock.span, path))
        for text, rule, place in _written(level):
            own, mistakes = _locks(level, text, rule, place)
            locks += own
            found += mistakes
    return found


def _written(document: Document) -> list[tuple[str, str, Path]]:
    """The locks as a file writes them: path, rule, and where."""
    given = document.value.get("locked")
    if isinstance(given, dict):
        return [(name, rule, ("locked", name)) for name, rule in given.items()]
    return [(text, "fixed", path) for path, text in document.texts("locked").items()]


def _locks(document: Document, text: str, rule: str, place: Path) -> tuple[list[Lock], list[Diagnostic]]:
    """The values that one line locks, and what is wrong with it."""
    value = {key: part for key, part in document.value.items() if key not in OF_THE_FILE}
    steps = text.split(".")
    span = document.positions.key_span(*place)
    paths = list(_resolved(value, steps, ()))
    if not paths:
        return [], [_leads_nowhere(text, value, steps, span)]
    locks = [Lock(path, rule, span, document) for path in paths]
    unordered = [path for path in paths if rule != "fixed" and not _is_number(document.at(*path))]
    if unordered:
        message = f"`{rule}` needs a number, and `{dotted(unordered[0])}` is none"
        there = document.positions.key_span(*unordered[0])
        note = Note(f"`{dotted(unordered[0])}` is at {there.location}", there)
        return [], [Diagnostic("FLOE-0135", message, span, label="write `fixed`, or lock a number", notes=(note,))]
    return locks, []


def _resolved(value: Any, steps: Sequence[str], path: Path) -> Iterator[Path]:  # noqa: ANN401 - a file's value
    """The paths that a text leads to; a key that holds dots takes several steps."""
    if not steps:
        yield path
    elif isinstance(value, dict):
        for count in range(1, len(steps) + 1):
            name = ".".join(steps[:count])
            for key in value if name == ANY else [name] if name in value else []:
                yield from _resolved(value[key], steps[count:], (*path, key))


def _leads_nowhere(text: str, value: dict[str, Any], steps: list[str], span: Span) -> Diagnostic:
    done, known = _way(value, steps)
    match = closest(steps[done], known)
    meant = ".".join([*steps[:done], match or "", *steps[done + 1 :]])
    where = f"`{'.'.join(steps[:done])}`" if done else "the platform"
    listed = ", ".join(f"`{key}`" for key in known) or "no keys"
    return Diagnostic(
        code="FLOE-0134",
        message=f"`locked` names `{short(text)}`, which is not set",
        span=span,
        label=f"did you mean `{meant}`?" if match else "nothing to lock",
        notes=(Note(f"{where} holds {listed}"),),
        hints=("write out the value that is to be locked, in this file or in one that it extends",),
    )


def _way(value: dict[str, Any], steps: list[str]) -> tuple[int, list[str]]:
    """How many steps lead somewhere, and the keys that there are for the next."""
    reached: list[Any] = [value]
    for done, step in enumerate(steps):
        mappings = [found for found in reached if isinstance(found, dict)]
        reached = [part for found in mappings for part in _below(found, step)]
        if not reached:
            return done, sorted({key for found in mappings for key in found})
    return len(steps) - 1, []


def _below(value: dict[str, Any], step: str) -> list[Any]:
    return list(value.values()) if step == ANY else [value[step]] if step in value else []


def _changes(lock: Lock, level: Document) -> Iterator[Path]:
    """The paths at which a file is not as a lock wants it; what has had its own diagnostic is left out."""
    before, after = lock.document.at(*lock.path), level.at(*lock.path)
    if lock.rule == "fixed":
        paths = _differences(before, after, lock.path)
    else:
        weaker = after is None or (
            _is_number(after) and (after < before if lock.rule == "at_least" else after > before)
        )
        paths = iter([lock.path] if weaker else [])
    yield from (path for path in paths if path not in level.reported and path not in lock.document.reported)


def _is_weaker(before: float, after: Any, rule: str) -> bool:  # noqa: ANN401 - a file's value
    """Whether a number is on the wrong side, or gone; anything else than a number has another diagnostic."""
    if not _is_number(after):
        return after is None
    return bool(after < before if rule == "at_least" else after > before)


def _differences(before: Any, after: Any, path: Path) -> Iterator[Path]:  # noqa: ANN401 - a file's values
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield path
    elif before.get("type") != after.get("type"):
        yield (*path, "type")
    else:
        for key in {**before, **after}:
            if key in before and key in after:
                yield from _differences(before[key], after[key], (*path, key))
            else:
                yield (*path, key)


def _changed(lock: Lock, path: Path, level: Document) -> Diagnostic:
    value = lock.document.at(*path)
    given = lock.document.positions.span(*path)
    notes = [Note(f"locked at {lock.span.location}", lock.span)]
    if value is not None:
        notes.append(Note(f"`{dotted(path)}` is given at {given.location}", given))
    return Diagnostic(
        code="FLOE-0133",
        message=f"`{dotted(path)}` is locked by `{lock.document.positions.file}`",
        span=level.positions.key_span(*path) if value is None else level.positions.span(*path),
        label=_allowed(lock.rule, value),
        notes=tuple(notes),
    )


def _allowed(rule: str, value: Any) -> str:  # noqa: ANN401 - a file's value
    if rule != "fixed":
        return f"it must be {rule.replace('_', ' ')} `{value}`"
    if value is None:
        return "nothing may be added here"
    return "it must stay as it is" if isinstance(value, (dict, list)) else f"it must stay `{short(_as_yaml(value))}`"


def _as_yaml(value: Any) -> str:  # noqa: ANN401 - a scalar
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

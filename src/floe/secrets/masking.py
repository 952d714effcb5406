"""Keeps the values of secrets out of everything that is printed or written: one list of them for the whole process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STARS = "*****"
_SHORTEST = 4
"""Values that are shorter would be found in every other word, and are no secrets."""
_SHORTEST_ENCODED = 6
"""Parts of base64 that are shorter would be found by chance."""
_PARTS_OF_JSON = ("key", "password", "secret", "token")
_SECRET_VARIABLES = "DBT_ENV_SECRET"  # noqa: S105 - how names begin
_lock = threading.Lock()
_values: set[str] = set()
_forms: tuple[str, ...] = ()


def remember(value: str) -> None:
    """Mask a value from now on, in all the forms in which programs write it."""
    global _forms  # noqa: PLW0603 - one list for the process: any library may print what any other was given
    if value in _values:
        return
    from floe.secrets.outlets import mask_logs  # which most commands, having no secrets, never need

    mask_logs()
    with _lock:
        _values.add(value)
        _forms = _longest_first({*_forms, *forms_of(value)})


def remember_variables(environment: Mapping[str, str]) -> None:
    """Mask the values of the variables that dbt takes for secrets by their names."""
    for name, value in environment.items():
        if name.startswith(_SECRET_VARIABLES) and value:
            remember(value)


def mask(text: str) -> str:
    """The text with stars in place of secrets."""
    for form in _forms:
        if form in text:
            text = text.replace(form, STARS)
    return text


@overload
def masked(value: str) -> str: ...
@overload
def masked(value: Mapping[str, Any]) -> dict[str, Any]: ...
@overload
def masked(value: object) -> Any: ...  # noqa: ANN401 - whatever a JSON document holds
def masked(value: Any) -> Any:
    """A part of a JSON document with stars in place of secrets."""
    if not _forms:
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {masked(key): masked(part) for key, part in value.items()}
    return [masked(part) for part in value] if isinstance(value, list | tuple) else value


def masks_anything() -> bool:
    """Whether there is anything to mask."""
    return bool(_forms)


@contextmanager
def own_list() -> Iterator[None]:
    """Within the block, a list of its own, empty at first: one command does not mask another's secrets."""
    global _forms, _values
    before = _values, _forms
    _values, _forms = set(), ()
    try:
        yield
    finally:
        _values, _forms = before


def forms_of(value: str) -> set[str]:
    """A secret as it may appear: as it is, line by line, quoted, escaped, and encoded alone or among other text."""
    parts = {value, *value.splitlines(), *_parts_of_json(value)}
    forms: set[str] = set()
    for part in {part.strip() for part in parts} | parts:
        if len(part) >= _SHORTEST:
            forms |= {part, *_escaped(part), *_encoded(part)}
    return forms


def _parts_of_json(value: str) -> Iterator[str]:
    """The secrets inside a secret that is a JSON object, such as the key of a service account."""
    if not value.lstrip().startswith("{"):
        return
    import json

    try:
        document = json.loads(value)
    except ValueError:
        return
    for name, part in document.items():
        if isinstance(part, str) and any(word in name.lower() for word in _PARTS_OF_JSON):
            yield from (part, *part.splitlines())


def _escaped(text: str) -> Iterator[str]:
    import html
    import json
    from urllib.parse import quote, quote_plus

    yield quote(text, safe="")
    yield quote(text)
    yield quote_plus(text)
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield text.replace("'", "''")
    yield text.replace('"', '""')
    yield text.replace("'", "'\\''")
    yield text.replace("'", "'\"'\"'")
    yield html.escape(text)


def _encoded(text: str) -> Iterator[str]:
    """Base64, and what is left of the text in the base64 of a longer one (`user:secret`), wherever it begins."""
    import base64

    content = text.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(content).decode()
        yield whole
        for shift in range(3):
            encoded = encode(bytes(shift) + content).decode()
            start = (8 * shift + 5) // 6
            end = 8 * (shift + len(content)) // 6
            if end - start >= _SHORTEST_ENCODED:
                yield encoded[start:end]


def _longest_first(forms: Sequence[str] | set[str]) -> tuple[str, ...]:
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))

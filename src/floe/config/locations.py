"""Finds in the file, and among the models, what pydantic means by the location of an error."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import Tag

from floe.config.fields import Strict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from floe.config.document import Path

_KEY_MARK = "[key]"


class Located(NamedTuple):
    """Where an error is in the file, and the fields of the model around it."""

    path: Path
    on_key: bool
    fields: tuple[str, ...]


def locate(detail: ErrorDetails, model: type[Strict]) -> Located:
    """Follow an error's location: tags of unions and the mark of keys are pydantic's, the rest is the file's."""
    location = detail["loc"]
    on_key = detail["type"] == "string_pattern_mismatch" and location[-1] == _KEY_MARK
    path: list[str | int] = []
    fields: tuple[str, ...] = ()
    annotation: Any = model
    for step in location[:-1] if on_key else location:
        annotation = _bare(annotation)
        if _is_union(annotation):
            annotation = _arm(annotation, step)
            continue
        fields = _names(annotation) if _is_model(annotation) else ()
        annotation = _inside(annotation, step)
        path.append(step)
    return Located(tuple(path), on_key, fields)


def _names(model: type[Strict]) -> tuple[str, ...]:
    """The fields of a model as files spell them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _inside(annotation: Any, step: str | int) -> Any:  # noqa: ANN401 - annotations are of any type
    if _is_model(annotation):
        named: dict[str | int, Any] = dict(zip(_names(annotation), annotation.model_fields.values(), strict=True))
        return named[step].annotation if step in named else None
    arguments = get_args(annotation)
    return arguments[1] if get_origin(annotation) is dict else arguments[0] if arguments else None


def _arm(union: Any, tag: str | int) -> Any:  # noqa: ANN401 - annotations are of any type
    for arm in get_args(union):
        if get_origin(arm) is Annotated and any(isinstance(m, Tag) and m.tag == tag for m in arm.__metadata__):
            return arm
    return None


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - annotations are of any type
    """Take off `Annotated` and `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if _is_union(annotation):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return _bare(arms[0]) if len(arms) == 1 else annotation
    return annotation


def _is_union(annotation: Any) -> bool:  # noqa: ANN401 - annotations are of any type
    return get_origin(annotation) in (Union, types.UnionType)


def _is_model(annotation: Any) -> bool:  # noqa: ANN401 - annotations are of any type
    return isinstance(annotation, type) and issubclass(annotation, Strict)

"""Field ids: how the columns that a query produces become a schema that old snapshots and readers keep understanding.

Rules of https://iceberg.apache.org/spec/#schema-evolution: an id means one column for ever, and a type may only
be widened.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from floe.errors import LakeError
from floe.lake.metadata import same_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from floe.lake.base import TableState

Type = str | dict[str, Any]
"""An Iceberg type as JSON; ids inside it are ignored on the way in and present on the way out."""

NOTHING_RENAMED: Mapping[str, str] = MappingProxyType({})
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_WIDENINGS = {("int", "long"), ("float", "double")}


@dataclass
class _Ids:
    """Numbers new fields; the ids of dropped columns are never used again."""

    last: int

    def next(self) -> int:
        self.last += 1
        return self.last


class _IncompatibleError(Exception):
    """A type cannot become another by widening."""


def assign_schema(
    columns: Sequence[tuple[str, Type]],
    base: TableState,
    operation: Literal["replace", "append", "rewrite"],
    renamed: Mapping[str, str] = NOTHING_RENAMED,
) -> dict[str, Any]:
    """The schema, with field ids, that a table gets when its columns after a write are `columns`.

    A column that the table has keeps its id where its type is equal or a widening. With `replace` it may also change
    freely, and gets a new id then; with `append` and `rewrite` the wider of both types is used, so that the files that
    stay are still readable. Columns that are not in `columns` leave the schema. Names are compared without regard to
    case; `append` and `rewrite` keep the table's spelling. All columns are optional. `renamed` gives former names of
    columns: such a column keeps the id that it had under that name.

    Raises:
        LakeError: a name is empty or used twice (also if only its case differs), or a type cannot be widened.
    """
    _check_names([name for name, _ in columns], "")
    ids = _Ids(base.metadata.get("last-column-id", 0))
    given = {name.casefold() for name, _ in columns}
    used = {name: former for name, former in renamed.items() if name.casefold() in given}
    known = {column["name"]: column for column in with_new_names(_current_columns(base), used)}
    fields = []
    for name, type_ in columns:
        try:
            fields.append(_column(name, type_, _find(known, name), ids, strict=operation != "replace"))
        except _IncompatibleError as error:
            raise _incompatible(base, name, str(error)) from error
    fresh = {"type": "struct", "fields": fields}
    schemas = base.metadata.get("schemas", ())
    equal = next((item["schema-id"] for item in schemas if same_schema(item, fresh)), None)
    unused = max((item["schema-id"] for item in schemas), default=-1) + 1
    return {**fresh, "schema-id": unused if equal is None else equal}


def with_new_names(columns: Sequence[Mapping[str, Any]], renamed: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The columns under their new names. `renamed` has new name -> former name; no column gets a name that is taken."""
    names = {column["name"].casefold() for column in columns}
    new = {old.casefold(): name for name, old in renamed.items() if name.casefold() not in names}
    return [{**column, "name": new.get(column["name"].casefold(), column["name"])} for column in columns]


def narrowed_columns(
    base: TableState, schema: Mapping[str, Any], renamed: Mapping[str, str] = NOTHING_RENAMED
) -> list[tuple[str, str, str]]:
    """Name, old and new type of the columns whose new type has no place for every value of the table's."""
    columns = {column["name"].casefold(): column for column in with_new_names(_current_columns(base), renamed)}
    pairs = [(columns.get(column["name"].casefold()), column) for column in schema["fields"]]
    found = [(old["type"], new["type"], new["name"]) for old, new in pairs if old is not None]
    return [(name, _shown(old), _shown(new)) for old, new, name in found if not _holds_all(old, new)]


def _holds_all(old: Type, new: Type) -> bool:
    if isinstance(old, str) and isinstance(new, str):
        return _normal(old) == _normal(new) or widens(_normal(old), _normal(new))
    if isinstance(old, str) or isinstance(new, str) or old["type"] != new["type"]:
        return False
    if old["type"] == "struct":
        fields = {column["name"]: column["type"] for column in new["fields"]}
        shared = [column for column in old["fields"] if column["name"] in fields]
        return all(_holds_all(column["type"], fields[column["name"]]) for column in shared)
    return all(_holds_all(old[part], new[part]) for part in ("element", "key", "value") if part in old)


def _shown(type_: Type) -> str:
    return type_ if isinstance(type_, str) else str(type_["type"])


def _current_columns(base: TableState) -> Sequence[Mapping[str, Any]]:
    current = base.metadata.get("current-schema-id")
    schemas = base.metadata.get("schemas", ())
    return next((item["fields"] for item in schemas if item["schema-id"] == current), ())


def _find(known: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    if name in known:
        return known[name]
    alike = [column for other, column in known.items() if other.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _column(name: str, type_: Type, known: Mapping[str, Any] | None, ids: _Ids, *, strict: bool) -> dict[str, Any]:
    """One struct field; `strict` refuses what cannot be widened instead of giving it a new id."""
    if known is not None:
        try:
            merged = _merge(type_, known["type"], ids, name, strict=strict)
        except _IncompatibleError:
            if strict:
                raise
        else:
            kept_name = known["name"] if strict else name
            doc = {"doc": known["doc"]} if "doc" in known else {}
            return {"id": known["id"], "name": kept_name, "required": False, "type": merged, **doc}
    field_id = ids.next()
    return {"id": field_id, "name": name, "required": False, "type": _fresh(type_, ids, name)}


def _merge(new: Type, old: Type, ids: _Ids, path: str, *, strict: bool) -> Type:
    """The type of a column that has `old` in the table and `new` in the query."""
    if isinstance(new, str) or isinstance(old, str):
        return _merge_primitives(new, old, strict=strict)
    if new["type"] != old["type"]:
        raise _IncompatibleError(f"{_text(old)} cannot become {_text(new)}")
    return _MERGES[new["type"]](new, old, ids, path, strict)


def _merge_primitives(new: Type, old: Type, *, strict: bool) -> str:
    if isinstance(new, str) and isinstance(old, str):
        new, old = _normal(new), _normal(old)
        if new == old or widens(old, new):
            return new
        if strict and widens(new, old):
            return old
    raise _IncompatibleError(f"{_text(old)} cannot become {_text(new)}")


def _merge_struct(new: dict[str, Any], old: dict[str, Any], ids: _Ids, path: str, strict: bool) -> Type:
    _check_names([column["name"] for column in new["fields"]], path)
    known = {column["name"]: column for column in old["fields"]}
    fields = [
        _column(item["name"], item["type"], _find(known, item["name"]), ids, strict=strict) for item in new["fields"]
    ]
    return {"type": "struct", "fields": fields}


def _merge_list(new: dict[str, Any], old: dict[str, Any], ids: _Ids, path: str, strict: bool) -> Type:
    element = _merge(new["element"], old["element"], ids, f"{path}.element", strict=strict)
    return {"type": "list", "element-id": old["element-id"], "element": element, "element-required": False}


def _merge_map(new: dict[str, Any], old: dict[str, Any], ids: _Ids, path: str, strict: bool) -> Type:
    if _without_ids(new["key"]) != _without_ids(old["key"]):
        raise _IncompatibleError(f"map keys cannot change from {_text(old['key'])} to {_text(new['key'])}")
    value = _merge(new["value"], old["value"], ids, f"{path}.value", strict=strict)
    keys = {"key-id": old["key-id"], "key": old["key"]}
    return {"type": "map", **keys, "value-id": old["value-id"], "value": value, "value-required": False}


_MERGES = {"struct": _merge_struct, "list": _merge_list, "map": _merge_map}


def _fresh(type_: Type, ids: _Ids, path: str) -> Type:
    """The type with new ids throughout."""
    if isinstance(type_, str):
        return _normal(type_)
    if type_["type"] == "struct":
        _check_names([column["name"] for column in type_["fields"]], path)
        fields = [_column(item["name"], item["type"], None, ids, strict=False) for item in type_["fields"]]
        return {"type": "struct", "fields": fields}
    if type_["type"] == "list":
        element_id = ids.next()
        element = _fresh(type_["element"], ids, f"{path}.element")
        return {"type": "list", "element-id": element_id, "element": element, "element-required": False}
    key_id, value_id = ids.next(), ids.next()
    key, value = _fresh(type_["key"], ids, f"{path}.key"), _fresh(type_["value"], ids, f"{path}.value")
    return {"type": "map", "key-id": key_id, "key": key, "value-id": value_id, "value": value, "value-required": False}


def _normal(type_: str) -> str:
    match = _DECIMAL.fullmatch(type_)
    return f"decimal({match[1]}, {match[2]})" if match else type_


def widens(old: str, new: str) -> bool:
    """Whether every value of the primitive type `old` has its place in `new`, as Iceberg lets types grow."""
    if (old, new) in _WIDENINGS:
        return True
    before, after = _DECIMAL.fullmatch(old), _DECIMAL.fullmatch(new)
    return bool(before and after and before[2] == after[2] and int(before[1]) <= int(after[1]))


def _without_ids(type_: Type) -> Type:
    if isinstance(type_, str):
        return _normal(type_)
    plain = {key: value for key, value in type_.items() if not key.endswith(("id", "required", "doc"))}
    for key in ("element", "key", "value"):
        if key in plain:
            plain[key] = _without_ids(plain[key])
    if "fields" in plain:
        plain["fields"] = [(item["name"], _without_ids(item["type"])) for item in plain["fields"]]
    return plain


def _text(type_: Type) -> str:
    return f"`{type_ if isinstance(type_, str) else type_['type']}`"


def _check_names(names: Sequence[str], path: str) -> None:
    """Iceberg tells `a` and `A` apart, most engines that read it do not."""
    where = f" in `{path}`" if path else ""
    if any(not name.strip() for name in names):
        raise LakeError("FLOE-0508", f"a column has no name{where}", "give every column of the query a name")
    for name in _twice(names):
        same = [f"`{other}`" for other in names if other.casefold() == name]
        reason = f"columns {' and '.join(same)}{where} have the same name if case is ignored"
        raise LakeError("FLOE-0508", reason, "give one of them another name")


def _twice(names: Sequence[str]) -> Iterator[str]:
    counted = Counter(name.casefold() for name in names)
    return (name for name, count in counted.items() if count > 1)


def _incompatible(base: TableState, column: str, why: str) -> LakeError:
    reason = f"column `{column}` of `{base.name}` has changed its type: {why} while the rows that are there are kept"
    instruction = "cast the column to its old type, or run with --full-refresh to write the table anew"
    return LakeError("FLOE-0509", reason, instruction)

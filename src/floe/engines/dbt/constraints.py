"""Constraints of enforced contracts, and indexes, where a run's session is not the database that dbt left.

Tables of the session are views of files, so DuckDB cannot look a foreign key up in them: it is checked by a query. A
table of the last run comes back without its constraints and indexes: it gets them again before rows are added.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_common.contracts.constraints import ConstraintType
from dbt_common.exceptions import DbtRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXPRESSION = re.compile(r"^\s*(?P<table>.+?)\s*\((?P<columns>[^()]*)\)\s*$", re.DOTALL)
_CONTINUED = ("incremental", "seed", "snapshot")
_KEYS = (ConstraintType.primary_key, ConstraintType.unique)


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a model whose values must be in columns of another relation; `table` is SQL."""

    columns: tuple[str, ...]
    table: str
    table_columns: tuple[str, ...]


def take_foreign_keys(node: Any, manifest: Any) -> tuple[Any, list[ForeignKey]]:  # noqa: ANN401 - dbt's own
    """A compiled model without its foreign keys to other nodes, and these keys.

    Only what an enforced contract declares on a table counts, as in dbt.

    Raises:
        DbtRuntimeError: DuckDB would refuse to create a key, because of its schema or of what it refers to.
    """
    if not _is_enforced(node) or node.config.materialized == "view":
        return node, []
    node = copy.deepcopy(node)
    taken: list[ForeignKey] = []
    for constraints, columns in _declared(node):
        for constraint in [item for item in constraints if item.type == ConstraintType.foreign_key]:
            key = _foreign_key(constraint, columns or tuple(constraint.columns))
            parent = None if key is None else _node_of(key.table, manifest)
            if key is None or parent is None or parent.unique_id == node.unique_id:
                continue  # DuckDB itself knows what to make of it
            _refuse_if_impossible(key, node, parent)
            constraints.remove(constraint)
            taken.append(key)
    return node, taken


def check_foreign_keys(adapter: Any, node: Any, keys: Sequence[ForeignKey]) -> None:  # noqa: ANN401 - dbt's own
    """Look every value of the model's foreign keys up.

    Raises:
        DbtRuntimeError: a value is not in the referenced table, in DuckDB's words.
    """
    for key in keys:
        names = [f"floe_child.{name}" for name in key.columns]
        pairs = zip(names, key.table_columns, strict=True)
        equal = " and ".join(f"floe_parent.{column} = {name}" for name, column in pairs)
        present = " and ".join(f"{name} is not null" for name in names)
        _, found = adapter.execute(
            f"select {', '.join(names)} from {node.relation_name} as floe_child where {present} and not exists "
            f"(select 1 from {key.table} as floe_parent where {equal}) limit 1",
            fetch=True,
        )
        for row in found:
            values = ", ".join(f"{name}: {value}" for name, value in zip(key.columns, row, strict=True))
            raise DbtRuntimeError(
                f'Constraint Error: Violates foreign key constraint because key "{values}" does not exist in the '
                f"referenced table {key.table}"
            )


def restore_constraints(adapter: Any, node: Any) -> None:  # noqa: ANN401 - dbt's own
    """Give a table that rows are added to the constraints and indexes that dbt had created it with.

    Raises:
        DbtRuntimeError: the rows that are there violate one.
    """
    indexes = [adapter.parse_index(index) for index in node.config.get("indexes") or ()]
    constrained = _is_enforced(node) and any(constraints for constraints, _ in _declared(node))
    if node.config.materialized not in _CONTINUED or not (indexes or constrained):
        return
    relation = adapter.get_relation(node.database, node.schema, node.alias)
    if relation is None or relation.type != "table":
        return
    if constrained:
        _create_constrained(adapter, node, relation)
    for index in indexes:
        unique = "unique " if index.unique else ""
        adapter.execute(
            f'create {unique}index "{index.render(relation)}" on {relation} ({", ".join(index.columns)})',
            auto_begin=False,
        )


def _create_constrained(adapter: Any, node: Any, relation: Any) -> None:  # noqa: ANN401 - dbt's own
    columns = {column.name.lower(): column for column in adapter.get_columns_in_relation(relation)}
    parts = []
    for name, column in columns.items():
        declared = next((item for item in node.columns.values() if item.name.lower() == name), None)
        constraints = () if declared is None else (item.to_dict() for item in declared.constraints)
        rendered = (
            adapter.process_parsed_constraint(adapter._parse_column_constraint(item), adapter.render_column_constraint)  # noqa: SLF001
            for item in constraints
        )
        parts.append(" ".join([column.quoted, column.data_type, *(text for text in rendered if text)]))
    known = [item for item in node.constraints if {name.lower() for name in item.columns} <= set(columns)]
    parts += adapter.render_raw_model_constraints([item.to_dict() for item in known])
    copied = relation.incorporate(path={"identifier": f"{relation.identifier}__dbt_tmp"})
    for statement in (
        f"create table {copied} ({', '.join(parts)})",
        f"insert into {copied} select * from {relation}",
        f"drop table {relation}",
        f"alter table {copied} rename to {adapter.quote(relation.identifier)}",
    ):
        adapter.execute(statement, auto_begin=False)


def _is_enforced(node: Any) -> bool:  # noqa: ANN401 - dbt's node
    return bool(getattr(node.config, "contract", None) and node.config.contract.enforced)


def _declared(node: Any) -> Iterator[tuple[list[Any], tuple[str, ...]]]:  # noqa: ANN401 - dbt's node
    """The lists of constraints of a model, each with the columns that it is declared on; none for the model's own."""
    yield getattr(node, "constraints", []), ()
    for column in node.columns.values():
        yield column.constraints, (column.name,)


def _foreign_key(constraint: Any, columns: tuple[str, ...]) -> ForeignKey | None:  # noqa: ANN401 - dbt's constraint
    if constraint.to and constraint.to_columns:
        return ForeignKey(columns, constraint.to, tuple(constraint.to_columns))
    found = _EXPRESSION.match(constraint.expression or "")
    if found is None:
        return None
    return ForeignKey(columns, found["table"], tuple(name.strip() for name in found["columns"].split(",")))


def _node_of(table: str, manifest: Any) -> Any:  # noqa: ANN401 - dbt's own
    """The node whose relation an SQL name means; None if it is none of the project's."""
    parts = [part.strip('"').lower() for part in table.split(".")]
    for node in manifest.nodes.values():
        if node.relation_name:
            names = [str(name).lower() for name in (node.database, node.schema, node.alias)]
            if names[-len(parts) :] == parts:
                return node
    return None


def _refuse_if_impossible(key: ForeignKey, node: Any, parent: Any) -> None:  # noqa: ANN401 - dbt's nodes
    if (parent.database, parent.schema) != (node.database, node.schema):
        raise DbtRuntimeError(
            "Binder Error: Creating foreign keys across different schemas or catalogs is not supported"
        )
    wanted = {name.strip('"').lower() for name in key.table_columns}
    for constraints, columns in _declared(parent) if _is_enforced(parent) else ():
        for constraint in constraints:
            names = columns or tuple(constraint.columns)
            if constraint.type in _KEYS and {name.strip('"').lower() for name in names} == wanted:
                return
    raise DbtRuntimeError(
        f'Binder Error: Failed to create foreign key: referenced table "{parent.alias}" does not have a primary key or '
        f"unique constraint on the columns {', '.join(key.table_columns)}"
    )

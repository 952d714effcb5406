"""Differences of tables in words and as documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from floe.cli.values import as_json
from floe.cli.wording import short_run
from floe.observe.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.models import Asset, CompiledArtifacts
    from floe.cli.printer import Printer
    from floe.engines.duckdb.compare import Difference, Sample
    from floe.lake.base import TableState

_COMBINATION = "unique_combination_of_columns"


@dataclass(frozen=True)
class Compared:
    """Two snapshots of a table and how they differ; None stands for a table that has nothing yet."""

    state: TableState
    before: int | None
    after: int | None
    difference: Difference


def key_of(artifacts: CompiledArtifacts, state: TableState) -> tuple[str, ...]:
    """The columns by which rows of a table are told apart, as far as the project says; none where it does not."""
    name = (state.name.namespace, state.name.name)
    asset = next((item for item in artifacts.assets.values() if artifacts.table_name(item) == name), None)
    if asset is None:
        return ()
    return _declared_key(asset) or _tested_key(artifacts, asset)


def _declared_key(asset: Asset) -> tuple[str, ...]:
    if asset.incremental is not None:
        return asset.incremental.unique_key
    if asset.dbt_snapshot is not None:
        return (asset.dbt_snapshot.column_names.get("dbt_scd_id", "dbt_scd_id"),)
    return asset.source.unique_key if asset.source is not None else ()


def _tested_key(artifacts: CompiledArtifacts, asset: Asset) -> tuple[str, ...]:
    for test in artifacts.tests.values():
        if test.attached_to != asset.key:
            continue
        if test.type == "unique" and test.column.isidentifier():
            return (test.column,)
        if test.type.endswith(_COMBINATION):
            return tuple(test.arguments.get("combination_of_columns", ()))
    return ()


def document_of(found: Sequence[Compared], branch: str | None) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "branch": branch,
        "identical": all(item.difference.is_empty for item in found),
        "tables": [_fields(item) for item in found],
    }


def _fields(item: Compared) -> dict[str, Any]:
    difference, columns = item.difference, item.difference.columns
    return {
        "table": str(item.state.name),
        "before": item.before,
        "after": item.after,
        "identical": difference.is_empty,
        "key": list(difference.key),
        "columns": {
            "added": [{"name": name, "type": type_} for name, type_ in columns.added],
            "removed": [{"name": name, "type": type_} for name, type_ in columns.removed],
            "retyped": [{"name": name, "before": old, "after": new} for name, old, new in columns.retyped],
            "renamed": [{"before": old, "after": new} for old, new in columns.renamed],
        },
        "rows": {
            "added": difference.rows_added,
            "removed": difference.rows_removed,
            "changed": difference.rows_changed,
        },
        "samples": {
            "added": _rows(difference.added),
            "removed": _rows(difference.removed),
            "changed": [
                {"before": before, "after": after}
                for before, after in zip(_rows(difference.changed_before), _rows(difference.changed_after), strict=True)
            ],
        },
    }


def _rows(sample: Sample) -> list[dict[str, object]]:
    return [dict(zip(sample.columns, map(as_json, row), strict=True)) for row in sample.rows]


def show(printer: Printer, found: Sequence[Compared], branch: str | None) -> None:
    """Counts first, then columns, then some rows."""
    if branch is not None and not found:
        printer.say(f"branch `{branch}` has nothing that main has not")
        return
    if len(found) > 1:
        _show_counts(printer, found, branch or "")
        return
    for item in found:
        _show_one(printer, item)


def _show_counts(printer: Printer, found: Sequence[Compared], branch: str) -> None:
    rows = [
        (str(item.state.name), d.rows_added, d.rows_removed, d.rows_changed, _columns_text(item))
        for item in found
        for d in (item.difference,)
    ]
    printer.table(("table", "added", "removed", "changed", "columns"), rows)
    printer.hint(f"`floe diff {found[0].state.name} --branch {branch}` shows rows")


def _columns_text(item: Compared) -> str:
    if item.before is None:
        return "new table"
    columns = item.difference.columns
    words = [f"+{name}" for name, _ in columns.added] + [f"-{name}" for name, _ in columns.removed]
    words += [f"{name}: {old} -> {new}" for name, old, new in columns.retyped]
    return ", ".join([*words, *(f"{old} -> {new}" for old, new in columns.renamed)])


def _show_one(printer: Printer, item: Compared) -> None:
    difference, columns = item.difference, item.difference.columns
    printer.say(f"{item.state.name}: {_end(item, item.before)} -> {_end(item, item.after)}")
    if difference.is_empty:
        printer.data("no differences")
        return
    by = f" by `{', '.join(difference.key)}`" if difference.key else ""
    changed = f", {difference.rows_changed:,} changed{by}" if difference.key else ""
    printer.data(f"{count(difference.rows_added, 'row')} added, {difference.rows_removed:,} removed{changed}")
    for name, type_ in columns.added:
        printer.data(f"column added: {name} {type_}")
    for name, type_ in columns.removed:
        printer.data(f"column removed: {name} {type_}")
    for name, old, new in columns.retyped:
        printer.data(f"column retyped: {name} {old} -> {new}")
    for old, new in columns.renamed:
        printer.data(f"column renamed: {old} -> {new}")
    _show_rows(printer, difference)


def _show_rows(printer: Printer, difference: Difference) -> None:
    for title, sample, total in (
        ("added", difference.added, difference.rows_added),
        ("removed", difference.removed, difference.rows_removed),
    ):
        if sample.rows:
            printer.data(f"\n{title}{_some(len(sample.rows), total)}")
            printer.table(sample.columns, sample.rows)
    if difference.changed_after.rows:
        printer.data(f"\nchanged{_some(len(difference.changed_after.rows), difference.rows_changed)}")
        printer.table((*difference.key, "column", "before", "after"), _cells(difference))


def _some(shown: int, total: int) -> str:
    return "" if shown == total else f", {shown} of {total:,}"


def _cells(difference: Difference) -> list[tuple[object, ...]]:
    """One line for each value that has changed."""
    columns = difference.changed_after.columns
    at = [columns.index(name) for name in difference.key]
    return [
        (*(after[position] for position in at), name, old, new)
        for before, after in zip(difference.changed_before.rows, difference.changed_after.rows, strict=True)
        for name, old, new in zip(columns, before, after, strict=True)
        if as_json(old) != as_json(new)  # as values, NaN differs from itself
    ]


def _end(item: Compared, snapshot_id: int | None) -> str:
    if snapshot_id is None:
        return "nothing"
    from floe.lake.history.points import find_snapshot, run_of

    run_id = run_of(find_snapshot(item.state, snapshot_id))
    return f"snapshot {snapshot_id}{f' (run {short_run(run_id)})' if run_id else ''}"

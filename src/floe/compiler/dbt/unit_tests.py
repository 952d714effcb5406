"""dbt unit tests: their rows as data, and their SQL with a mark in place of each fixture.

dbt writes a fixture's SQL with the column types of the input's relation, which only a run knows. The rest of the SQL
is the model's own, over the fixtures; so it is rendered here, and a run fills in the fixtures without dbt.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dbt.parser.unit_tests import UnitTestManifestLoader
from dbt_common.exceptions import DbtBaseException

from floe.artifact.models import Fixture, Relation, Test, UnitTest
from floe.compiler.dbt.assets import RENDERED, database_of
from floe.compiler.dbt.cache import Entry, content_hash
from floe.compiler.dbt.own_macros import own_macro_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from floe.artifact.models import FixtureRow
    from floe.compiler.dbt.project import DbtProject
    from floe.compiler.dbt.render import Renderer

_SQL = "sql"
_OWN = "this"
_MACROS = {
    "escape_single_quotes",
    "format_row",
    "get_columns_in_query",
    "get_empty_subquery_sql",
    "get_expected_sql",
    "get_fixture_sql",
    "get_unit_test_sql",
    "materialization_unit_default",
    "materialization_unit_duckdb",
    "safe_cast",
    "string_literal",
    "validate_fixture_rows",
}
"""dbt's macros that write fixtures and comparisons, which the engine does itself."""


class MarkingLoader(UnitTestManifestLoader):  # type: ignore[misc]  # dbt carries no types
    """dbt's loader of one unit test, which puts a mark in place of each fixture that needs column types."""

    def __init__(self, config: Any, manifest: Any, definition: Any) -> None:  # noqa: ANN401 - dbt's own
        super().__init__(manifest, config, {definition.unique_id})
        self._definition = definition
        self._marks = iter(range(len(definition.given)))

    def node(self) -> tuple[Any, Any]:
        """The test as a node of a manifest of its own, and that manifest.

        Raises:
            dbt_common.exceptions.DbtBaseException: an input is none of the project's, or the model cannot be parsed.
        """
        manifest = self.load()
        return manifest.nodes[self._definition.unique_id], manifest

    def _build_fixture_raw_code(self, rows: Any, _: Any, fixture_format: Any) -> str:  # noqa: ANN401 - dbt's signature
        number = next(self._marks)
        return str(rows) if str(fixture_format.value) == _SQL else mark(number)

    def inputs(self) -> Iterator[tuple[int, Any, Any]]:
        """Number, fixture and node of each input.

        Raises:
            dbt_common.exceptions.DbtBaseException: an input is none of the project's.
        """
        tested = self.manifest.nodes[self._definition.depends_on.nodes[0]]
        for number, given in enumerate(self._definition.given):
            yield number, given, self._get_original_input_node(given.input, tested, self._definition.name)


def mark(number: int) -> str:
    """What stands in the SQL in place of a fixture."""
    return f"select * from __floe_fixture_{number}__"


def unit_test_of(definition: Any, renderer: Renderer, project: DbtProject) -> Test:  # noqa: ANN401 - dbt's definition
    """A unit test, with the SQL that gives its actual rows where that can be fixed at compile time."""
    entry, unit = _rendered(definition, renderer, project)
    name = definition.versioned_name
    driven = bool(entry.late)
    tested = definition.depends_on.nodes[0]
    return Test(
        id=definition.unique_id,
        name=name,
        kind="unit",
        sql=entry.sql,
        rendered_path=f"{RENDERED}/unit_tests/{definition.unique_id.removeprefix('unit_test.')}.sql",
        depends_on=(tested,),
        attached_to=tested,
        tags=tuple(sorted(set(definition.tags))),
        path=project.file_of(definition),
        rendering="dbt" if driven else "compiled",
        rendering_reason=entry.late,
        transform=project.name if driven else "",
        source_digest=content_hash([definition.checksum or "", str(definition.version or "")]),
        fqn=tuple(definition.fqn),
        unit=unit,
    )


def _rendered(definition: Any, renderer: Renderer, project: DbtProject) -> tuple[Entry, UnitTest]:  # noqa: ANN401 - dbt's definition
    loader = MarkingLoader(renderer.config, renderer.manifest, definition)
    try:
        inputs = list(loader.inputs())
    except DbtBaseException:
        return Entry(key="", sql="", late="has an input that dbt does not find"), UnitTest()
    needed = [node for _, given, node in inputs if given.input.strip() != _OWN and _format(given) != _SQL]
    names = tuple(sorted({str(node.unique_id) for node in needed}))
    reason = _in_warehouse(project) or next(_reasons(definition, renderer.manifest), "")
    entry = Entry(key="", sql="", late=reason) if reason else renderer.render_unit_test(definition, loader)
    if entry.late:
        return entry, UnitTest(inputs=names)
    fixtures = {mark(number): _fixture(given, node) for number, given, node in inputs if _format(given) != _SQL}
    expect = definition.expect
    expected_sql = str(expect.rows) if _format(expect) == _SQL else ""
    return entry, UnitTest(
        inputs=names,
        fixtures={text: fixture for text, fixture in fixtures.items() if text in entry.sql},
        expected=() if expected_sql else _rows(expect.rows),
        expected_sql=expected_sql,
    )


def _in_warehouse(project: DbtProject) -> str:
    return (
        f"is run in the warehouse, by dbt's adapter for `{project.compute.type}`"
        if project.compute.is_warehouse
        else ""
    )


def _reasons(definition: Any, manifest: Any) -> Iterator[str]:  # noqa: ANN401 - dbt's own
    """Why dbt must run the test itself."""
    if str(manifest.nodes[definition.depends_on.nodes[0]].language) != _SQL:
        yield "tests a dbt Python model"
    for given in (*definition.given, definition.expect):
        if _format(given) != _SQL and not all(_is_plain(value) for row in given.rows for value in row.values()):
            yield "has values in its fixtures that are no plain ones"
    if own := own_macro_for(manifest, _MACROS):
        yield f"is run by the project's own macro `{own}`"


def _is_plain(value: object) -> bool:
    """Whether the SQL of a value is what Python says of it."""
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _format(fixture: Any) -> str:  # noqa: ANN401 - dbt's fixture
    return str(fixture.format.value)


def _fixture(given: Any, node: Any) -> Fixture:  # noqa: ANN401 - dbt's own
    return Fixture(
        name=node.name,
        relation=Relation(schema_name=node.schema, identifier=node.identifier, database=database_of(node)),
        own_table=given.input.strip() == _OWN,
        rows=_rows(given.rows),
    )


def _rows(rows: Iterable[Mapping[str, Any]]) -> tuple[FixtureRow, ...]:
    return tuple(tuple((str(name), value) for name, value in row.items()) for row in rows)

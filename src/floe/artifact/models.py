"""What `floe compile` writes and everything else reads: frozen, free of secrets, timestamps and absolute paths."""

from __future__ import annotations

from typing import Any, Literal

from floe.artifact.base import Frozen
from floe.artifact.dbt_project import DbtTransform, Exposure, Freshness, Resource, Selector
from floe.artifact.layout import Layout
from floe.artifact.settings import (
    CatalogBinding,
    ComputeBinding,
    Invocation,
    Layer,
    PlatformChoice,
    Project,
    PublishMode,
    SecretsBinding,
    StorageBinding,
)

FORMAT_VERSION = 1
SESSION_DATABASE = "floe"
"""Name of the database in which every relation of a run lives, as dbt renders it: `"floe"."schema"."name"`."""
AssetKind = Literal["source", "seed", "model", "dbt_snapshot", "python"]
Materialization = Literal["view", "table", "incremental", "ephemeral"]
Rendering = Literal["compiled", "late", "dbt"]
"""dbt renders a node at compile time, or during each run (`late`), or builds it itself during each run (`dbt`)."""


class Relation(Frozen):
    """Name of an asset inside the run's session, as dbt rendered it.

    In a warehouse, a schema of another database than the target's is named with its database: `database.schema`.
    """

    schema_name: str
    """Schema in the session."""
    identifier: str
    """Name in that schema."""
    database: str = SESSION_DATABASE
    """Another name than this means a database in memory that the session attaches."""

    @property
    def namespace(self) -> str:
        """The schema, with the database where that is not the session's own: what tables are published in."""
        return namespace_of(self.database, self.schema_name)


def namespace_of(database: str, schema: str) -> str:
    """The namespace of what dbt renders to `database.schema`: the schema, and `database_schema` beside the own."""
    return schema if database == SESSION_DATABASE else f"{database}_{schema}"


class ColumnDoc(Frozen):
    """What the author says about a column."""

    description: str = ""
    """What the column holds."""
    data_type: str = ""
    """Type that its author declares; empty where none is."""
    renamed_from: str = ""
    """The column's former name, under which the table may still have it."""


class Query(Frozen):
    """Rendered SQL. `increment` is the form for a table that exists already (incremental models only)."""

    sql: str
    """The statement that gives all rows."""
    increment: str | None = None
    """The statement that gives the new rows; None where there is no such form."""
    rendered_path: str
    """The file, relative to the project, in which a user finds this SQL: errors name it with a line."""

    @property
    def increment_path(self) -> str:
        """The file, relative to the project, in which a user finds `increment`."""
        return f"{self.rendered_path.removesuffix('.sql')}.increment.sql"


class Incremental(Frozen):
    """How an increment meets the table that is there."""

    strategy: Literal["append", "delete+insert", "merge", "microbatch", "insert_overwrite"]
    """Whether rows are added, replaced by key, merged, replaced by batch, or replaced by partition."""
    unique_key: tuple[str, ...] = ()
    """Columns that identify a row."""
    predicates: tuple[str, ...] = ()
    """Conditions on the table that limit what is compared."""
    on_schema_change: Literal["ignore", "fail", "append_new_columns", "sync_all_columns"] = "ignore"
    """What becomes of columns that only one side has: nothing, an error, additions, or removals, too."""
    merge_update_columns: tuple[str, ...] = ()
    """Columns that a merge updates; all if empty."""
    merge_exclude_columns: tuple[str, ...] = ()
    """Columns that a merge does not update."""
    event_time: str = ""
    """The column by which a microbatch model is cut into batches."""
    reads_itself: bool = False
    """Whether the batches of a microbatch model may read the table that is there."""


class DbtSnapshot(Frozen):
    """A dbt snapshot: history of a query's rows (type-2 dimension), in dbt's own columns."""

    strategy: Literal["timestamp", "check"]
    """Whether a change is seen by a timestamp or by comparing columns."""
    unique_key: tuple[str, ...]
    """Columns that identify a row."""
    updated_at: str = ""
    """Column or expression of the timestamp strategy; optional for the check strategy."""
    check_columns: tuple[str, ...] | Literal["all"] = ()
    """Columns that are compared."""
    hard_deletes: Literal["ignore", "invalidate", "new_record"] = "ignore"
    """What becomes of rows that are gone: nothing, their validity ends, or a row says so."""
    column_names: dict[str, str]
    """dbt_valid_from, dbt_valid_to, dbt_scd_id, dbt_updated_at, dbt_is_deleted -> name in the table."""
    valid_to_current: str | None = None
    """Expression for the end of what is valid now; null if None."""


class Seed(Frozen):
    """A CSV file of the project, with the column types dbt infers for it."""

    file: str
    """The file, relative to the project."""
    sha256: str
    """Hash of its bytes."""
    delimiter: str = ","
    """What stands between values."""
    columns: tuple[tuple[str, str], ...]
    """Column name and DuckDB type, in file order."""


class SourceFiles(Frozen):
    """Files that Floe lands itself. Globs are relative to the project."""

    files: tuple[str, ...]
    """Paths or globs."""
    format: Literal["csv", "parquet", "json"]
    """Format of the files."""
    mode: Literal["replace", "append", "merge"] = "replace"
    """Whether a run replaces the rows that are there, adds those of new files, or merges by key."""
    unique_key: tuple[str, ...] = ()
    """Columns that identify a row, for mode `merge`."""
    options: dict[str, str | int | bool] = {}
    """Options of DuckDB's reader for the format, e.g. `delim`, `all_varchar`."""


class PythonFunction(Frozen):
    """A function decorated with `@floe.asset`. `file` is relative to the project."""

    file: str
    """The file that defines it."""
    function: str
    """Its name."""
    parameters: dict[str, str]
    """Parameter name -> key of the asset that is passed."""
    sha256: str = ""
    """Hash of the file's bytes, so that another code is another digest."""


class Asset(Frozen):
    """One asset: exactly one of `source`, `seed`, `query`, `python` says how it is made."""

    key: str
    """`<layer>.<name>`, unique in the project."""
    name: str
    """Name of its table or view."""
    layer: str
    """Layer that it belongs to."""
    kind: AssetKind
    """What makes it: files, a seed, SQL, a dbt snapshot, or a Python function."""
    materialization: Materialization
    """What becomes of it: a view, a table built anew or added to, or a part of the SQL of its readers."""
    relation: Relation
    """Its name in the session."""
    depends_on: tuple[str, ...] = ()
    """Keys of the assets that it reads."""
    description: str = ""
    """What its author says about it."""
    tags: tuple[str, ...] = ()
    """Tags for selections."""
    path: str = ""
    """File that defines the asset, relative to the project."""
    fqn: tuple[str, ...] = ()
    """dbt's fully qualified name (project, folders, name); used by selection."""
    unique_id: str = ""
    """dbt's unique id, e.g. `model.shop.orders`; empty for assets that dbt does not know."""
    columns: dict[str, ColumnDoc] = {}
    """What its author says about its columns, by name."""
    source: SourceFiles | None = None
    """Of a source: the files."""
    seed: Seed | None = None
    """Of a seed: the file."""
    query: Query | None = None
    """Of a model or snapshot: the SQL."""
    python: PythonFunction | None = None
    """Of a Python asset: the function."""
    incremental: Incremental | None = None
    """Of an incremental model: how an increment meets the table."""
    dbt_snapshot: DbtSnapshot | None = None
    """Of a dbt snapshot: how changes are found and kept."""
    rendering: Rendering = "compiled"
    """Whether its SQL is ready, is rendered by each run, or dbt builds it in each run."""
    rendering_reason: str = ""
    """Why the SQL is not rendered at compile time; `query.sql` is empty then."""
    transform: str = ""
    """Name of the dbt transform that renders or builds the asset during a run."""
    source_digest: str = ""
    """Hash of code and configuration of what is not rendered at compile time, so that other code is another digest."""
    full_refresh: bool | None = None
    """dbt's `full_refresh` config: True always, False never, None as the command line says."""
    persists_description: bool = False
    """Whether the table's comment is the description (dbt's `persist_docs`)."""
    persists_columns: bool = False
    """Whether the table's columns get their descriptions, too."""
    group: str = ""
    """dbt's group."""
    access: str = ""
    """Who may refer to a dbt model: `private`, `protected` or `public`."""
    version_standing: Literal["", "latest", "old", "prerelease"] = ""
    """Where a version of a dbt model stands; empty for models without versions."""
    config: dict[str, Any] = {}
    """What dbt's configuration of the node says beside dbt's defaults and its tags."""
    macros_digest: str = ""
    """Hash of the macros, other than dbt's own, that the node uses; empty where it uses none."""
    contract: str = ""
    """dbt's checksum of an enforced contract; empty where none is enforced."""
    layout: Layout | None = None
    """What the author says about the files of the table."""

    @property
    def publishes(self) -> bool:
        """Whether the asset becomes an Iceberg table (views and ephemeral models do not)."""
        return self.materialization in ("table", "incremental")

    @property
    def renamed_columns(self) -> dict[str, str]:
        """Column -> the name that it had before."""
        return {name: column.renamed_from for name, column in self.columns.items() if column.renamed_from}


FixtureRow = tuple[tuple[str, Any], ...]
"""Names and values of a fixture's row, in the order in which they were written."""


class Fixture(Frozen):
    """Rows that a unit test gives its model in place of an input. They get the types of the relation's columns."""

    name: str
    """The input's name, for messages."""
    relation: Relation
    """What it stands for."""
    own_table: bool = False
    """Whether it stands for the model's own table, `this`."""
    rows: tuple[FixtureRow, ...] = ()
    """Its rows."""


class UnitTest(Frozen):
    """What a dbt unit test gives and expects. A test that dbt runs itself carries only its `inputs`."""

    inputs: tuple[str, ...] = ()
    """Keys of the assets, other than the tested one, whose columns the fixtures need."""
    fixtures: dict[str, Fixture] = {}
    """What stands in the test's `sql` in place of a fixture -> the fixture."""
    expected: tuple[FixtureRow, ...] = ()
    """The rows that are expected."""
    expected_sql: str = ""
    """SQL that gives them, where they are not listed."""


class Test(Frozen):
    """A dbt data test, whose `sql` selects the failing rows (before `limit`), or a dbt unit test.

    The `sql` of a unit test gives the actual rows, once the fixtures stand in it; it depends on the tested asset,
    before which it runs.
    """

    __test__ = False  # pytest must not collect it

    id: str
    """dbt's unique id."""
    name: str
    """Name that messages use."""
    kind: Literal["generic", "singular", "unit"]
    """Whether it is a generic test, a query of its own, or a unit test."""
    sql: str
    """Selects the failing rows; of a unit test, the actual ones."""
    rendered_path: str
    """The file, relative to the project, in which a user finds the SQL."""
    depends_on: tuple[str, ...] = ()
    """Keys of the assets that the test reads."""
    attached_to: str = ""
    """Key of the asset the test is declared on; empty for a singular test on several assets."""
    column: str = ""
    """Column that it is declared on; empty for none."""
    type: str = ""
    """Generic test's name, e.g. `not_null`, `dbt_utils.equal_rowcount`; empty for singular tests."""
    arguments: dict[str, Any] = {}
    """Arguments of a generic test."""
    severity: Literal["error", "warn"] = "error"
    """Whether a failure is an error or a warning."""
    warn_if: str = "!= 0"
    """Condition on the number of failures that makes a warning."""
    error_if: str = "!= 0"
    """Condition on the number of failures that makes an error."""
    fail_calc: str = "count(*)"
    """Expression that counts the failures."""
    limit: int | None = None
    """How many failing rows are looked at; all if None."""
    store_failures: bool = False
    """Whether failing rows are kept in a table."""
    failures_relation: Relation | None = None
    """Where failing rows are kept when `store_failures` is set: published as `<schema_name>.<identifier>`."""
    tags: tuple[str, ...] = ()
    """Tags for selections."""
    path: str = ""
    """File that declares it, relative to the project."""
    rendering: Rendering = "compiled"
    """Whether its SQL is ready, is rendered by each run, or dbt runs it."""
    rendering_reason: str = ""
    """Why the SQL is not rendered at compile time; `sql` is empty then."""
    transform: str = ""
    """Name of the dbt transform that renders the test during a run."""
    source_digest: str = ""
    """As that of an asset; of a unit test, the hash of its definition."""
    fqn: tuple[str, ...] = ()
    """dbt's fully qualified name of a unit test; those of data tests follow from id and path."""
    config: dict[str, Any] = {}
    """As that of an asset."""
    macros_digest: str = ""
    """As that of an asset."""
    unit: UnitTest | None = None
    """What a unit test gives and expects; None for data tests."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Keys of the assets that must be there when the test runs."""
        return self.depends_on if self.unit is None else self.unit.inputs


class Hook(Frozen):
    """SQL that dbt executes before the first node of a run (`on-run-start`) or after the last one (`on-run-end`)."""

    id: str
    """dbt's unique id."""
    name: str
    """As dbt calls it while it runs: `shop.on-run-start.0`."""
    phase: Literal["start", "end"]
    """Whether it is executed before the first node or after the last one."""
    transform: str
    """Name of the dbt transform that it belongs to."""
    rendered_path: str
    """The file, relative to the project, in which a user finds the SQL."""
    sql: str = ""
    """The statement."""
    depends_on: tuple[str, ...] = ()
    """Keys of the assets that it refers to."""
    path: str = ""
    """File that declares it, relative to the project."""
    rendering: Rendering = "compiled"
    """Whether its SQL is ready, is rendered by each run, or dbt executes it."""
    rendering_reason: str = ""
    """Why the SQL is not rendered at compile time; `sql` is empty then."""
    source_digest: str = ""
    """As that of an asset."""


class CompiledArtifacts(Frozen):
    """Everything a run needs. The digest names these bytes; see `floe.artifact.codec`."""

    format_version: int = FORMAT_VERSION
    """Version of this format; another one is refused."""
    floe_version: str
    """Version of Floe that compiled it."""
    digest: str = ""
    """SHA-256 of everything else in here."""
    project: Project
    """Which project this is."""
    platform: PlatformChoice
    """Which platform file applied, and why."""
    publish: PublishMode = "all-or-nothing"
    """Whether a failed test keeps back the whole run or what it concerns."""
    storage: dict[str, StorageBinding]
    """Storage profiles by name."""
    catalogs: dict[str, CatalogBinding]
    """Catalog profiles by name."""
    compute: ComputeBinding
    """The engine that builds everything."""
    secrets: SecretsBinding = SecretsBinding()
    """Where the values of the references to secrets are."""
    layers: dict[str, Layer]
    """Layers by name, those that dbt's schemas add too."""
    search_path: tuple[str, ...] = (".",)
    """Folders, relative to the project, against which relative paths inside SQL are resolved, in order."""
    invocation: Invocation = Invocation()
    """What the command line changed."""
    dbt_packages: tuple[str, ...] = ()
    """dbt's names of the projects that are transforms, beside the packages that they have installed."""
    assets: dict[str, Asset]
    """All assets by key."""
    tests: dict[str, Test] = {}
    """Data tests and unit tests, by dbt's unique id."""
    transforms: dict[str, DbtTransform] = {}
    """The dbt transforms, by name."""
    hooks: tuple[Hook, ...] = ()
    """Hooks of runs, in the order in which those of one transform and phase are executed."""
    exposures: dict[str, Exposure] = {}
    """By dbt's unique id."""
    resources: dict[str, Resource] = {}
    """By dbt's unique id: sources, and what belongs to dbt's semantic layer."""
    selectors: dict[str, Selector] = {}
    """dbt's named selectors, by name."""
    freshness: dict[str, Freshness] = {}
    """By dbt's unique id of the source."""

    def table_name(self, asset: Asset) -> tuple[str, str]:
        """Namespace and name of the Iceberg table that the asset publishes to."""
        return self.layers[asset.layer].namespace, asset.name

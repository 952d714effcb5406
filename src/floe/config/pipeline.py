"""The models of `floe.yaml`: what a data engineer writes, in logical names only."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Discriminator, Field, StrictInt, Tag, ValidationInfo, field_validator

from floe.config.fields import (
    MEMORY_PATTERN,
    WAREHOUSES,
    NonEmpty,
    OneOrMany,
    Problem,
    ProfileName,
    Scalar,
    SemanticVersion,
    Strict,
    TableName,
    reject,
)
from floe.config.formats import FileFormat, format_of, format_problem, option_problems


class DbtTransform(Strict):
    """A dbt project, or a bare folder of SQL models for which Floe supplies the project file."""

    type: Literal["dbt"] = Field(description="Kind of transform: dbt models.")
    path: NonEmpty = Field(description="Folder of the dbt project or of the SQL models, relative to floe.yaml.")
    target: NonEmpty | None = Field(default=None, description="Name that dbt sees as `target.name`.")
    vars: dict[str, Any] = Field(default={}, description="Variables for dbt's `var()`.")
    profiles_dir: NonEmpty | None = Field(
        default=None, description="Folder of the profiles.yml that dbt renders with, relative to floe.yaml."
    )
    profile: NonEmpty | None = Field(default=None, description="Profile in it; that of dbt_project.yml if left out.")


class PythonTransform(Strict):
    """A folder of Python files whose functions are decorated with `@floe.asset`."""

    type: Literal["python"] = Field(description="Kind of transform: Python assets.")
    path: NonEmpty = Field(description="Folder of the Python files, relative to floe.yaml.")


def _transform_tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"<{kind}>" if kind in ("dbt", "python") else None


Transform = Annotated[
    Annotated[DbtTransform, Tag("<dbt>")] | Annotated[PythonTransform, Tag("<python>")],
    Discriminator(_transform_tag),
]


class DuckdbProperties(Strict):
    """Settings of the DuckDB engine."""

    threads: StrictInt | None = Field(default=None, ge=1, description="Worker threads; all cores if left out.")
    memory_limit: str | None = Field(
        default=None, pattern=MEMORY_PATTERN, description="Most memory to use, e.g. `4GB` or `60%`."
    )
    path: NonEmpty | None = Field(default=None, description="Database file of the session; in memory if left out.")
    temp_directory: NonEmpty | None = Field(default=None, description="Folder that large operations spill to.")


class InlineCompute(Strict):
    """An engine named in floe.yaml itself, for projects without a platform.yaml."""

    target: Literal["duckdb"] = Field(description="Engine that runs the SQL.")
    properties: DuckdbProperties = Field(default_factory=DuckdbProperties, description="Settings of the engine.")


def _refuse_warehouse(value: Any) -> NoReturn:  # noqa: ANN401 - the file's value, not yet checked
    message = f"`{value['target']}` has no place in floe.yaml: a warehouse has an endpoint and credentials"
    label = "describe it in platform.yaml, under `compute`, and name the profile here"
    reject([Problem(message, ("target",), label=label, code="FLOE-0120")])


def _compute_tag(value: Any) -> str | None:  # noqa: ANN401 - the file's value, not yet checked
    if isinstance(value, str):
        return "<name>"
    if isinstance(value, dict) and value.get("target") in WAREHOUSES:
        return "<warehouse>"
    return "<inline>" if isinstance(value, (dict, InlineCompute)) else None


Compute = Annotated[
    Annotated[ProfileName, Tag("<name>")]
    | Annotated[InlineCompute, Tag("<inline>")]
    | Annotated[InlineCompute, BeforeValidator(_refuse_warehouse), Tag("<warehouse>")],
    Discriminator(_compute_tag),
]


class SourceConfig(Strict):
    """Files that Floe itself lands in a layer."""

    files: OneOrMany = Field(min_length=1, description="Path or glob of the files, or a list, relative to floe.yaml.")
    layer: ProfileName = Field(default="bronze", description="Layer that the table lands in.")
    mode: Literal["replace", "append", "merge"] = Field(
        default="replace",
        description="What becomes of the rows that are there: `replace` them, `append` those of new files, or "
        "`merge` by `unique_key`.",
    )
    unique_key: OneOrMany = Field(
        default=(), validate_default=True, description="Columns that identify a row; for mode `merge` only."
    )
    format: FileFormat | None = Field(
        default=None,
        validate_default=True,
        description="`csv`, `parquet` or `json`; from the files' extension if left out.",
    )
    options: dict[str, Scalar] = Field(default={}, description="Options of DuckDB's reader for the format.")

    @property
    def file_format(self) -> FileFormat:
        """The format that was given, or the one that the extension of the files tells."""
        return self.format or format_of(self.files[0]) or "csv"

    @field_validator("unique_key")
    @classmethod
    def _key_belongs_to_merge(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        mode = info.data.get("mode")
        if mode == "merge" and not value:
            reject([Problem("mode `merge` needs a `unique_key`", label="add `unique_key`", code="FLOE-0105")])
        if mode in {"replace", "append"} and value:
            reject([Problem(f"`unique_key` has no meaning for mode `{mode}`", label="only for mode `merge`")])
        return value

    @field_validator("format")
    @classmethod
    def _format_is_known(cls, value: FileFormat | None, info: ValidationInfo) -> FileFormat | None:
        problem = format_problem(info.data.get("files", ())) if value is None else ""
        if problem:
            reject([Problem(problem, label="add `format`, or split the source", code="FLOE-0105")])
        return value

    @field_validator("options", mode="before")
    @classmethod
    def _options_exist(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - not yet checked
        files = info.data.get("files", ())
        file_format = info.data.get("format") or (format_of(files[0]) if files else None)
        problems = option_problems(file_format, value) if isinstance(value, dict) else []
        if problems:
            reject(problems)
        return value


class Pipeline(Strict):
    """The whole of `floe.yaml`."""

    name: ProfileName = Field(description="Name of the pipeline.")
    version: SemanticVersion = Field(description='Semantic version of the pipeline, e.g. "1.0.0".')
    description: str = Field(default="", description="What the pipeline is for.")
    owner: str = Field(default="", description="Team or mail address that answers for it.")
    storage: ProfileName = Field(default="default", description="Storage profile of platform.yaml.")
    catalog: ProfileName = Field(default="default", description="Catalog profile of platform.yaml.")
    compute: Compute = Field(default="default", description="Compute profile of platform.yaml, or an inline engine.")
    transforms: tuple[Transform, ...] = Field(default=(), description="Where the models and Python assets are.")
    sources: dict[TableName, SourceConfig] = Field(
        default={}, validate_default=True, description="Files that Floe lands itself, by table name."
    )
    publish: Literal["all-or-nothing", "per-asset"] = Field(
        default="all-or-nothing",
        description="What a failed test keeps back: the run (`all-or-nothing`), or what it concerns (`per-asset`).",
    )

    @field_validator("sources")
    @classmethod
    def _something_to_run(cls, value: dict[str, SourceConfig], info: ValidationInfo) -> dict[str, SourceConfig]:
        if not value and info.data.get("transforms") == ():
            reject([Problem("a pipeline needs `transforms` or `sources`", label="add one of them", code="FLOE-0105")])
        return value

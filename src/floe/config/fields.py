"""The strict base of both files' models, the field types they share, and how a rule of a model is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROFILE_PATTERN = r"^[a-zA-Z][a-zA-Z0-9_-]{0,99}$"
TABLE_PATTERN = r"^[a-zA-Z_][a-zA-Z0-9_]{0,99}$"
NAMESPACE_PATTERN = r"^[a-zA-Z_][a-zA-Z0-9_-]*(\.[a-zA-Z_][a-zA-Z0-9_-]*)*$"
SEMANTIC_VERSION_PATTERN = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
)
MEMORY_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB|%)$"
SQL_URI_PATTERN = r"^(sqlite:///.+|postgresql://[^\s/?#@]+/[^\s/?#@]+(\?[^\s#@]+)?)$"
HTTP_URI_PATTERN = r"^https?://[^\s/?#]+[^\s?#]*$"
ROLE_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$"
TABLE_PROPERTY_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,199}$"
REFERENCE_PATTERN = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
REFERENCE_KEY_PATTERN = r"^[A-Za-z0-9._-]{1,253}$"

RULE = "floe_rule"
"""Type of the pydantic error that carries `Problem`s."""


class Strict(BaseModel):
    """Base of every configuration model: immutable, and an unknown key is an error.

    Validators are built when they are first used: only the two whole files' ones ever are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class OpenProfile(Strict):
    """A profile whose settings depend on its type: a model of the type's own checks them, where a platform has it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Kind of profile.")

    @property
    def settings(self) -> dict[str, Any]:
        """What the file says, `type` included."""
        return {"type": self.type, **(self.model_extra or {})}


@dataclass(frozen=True)
class Problem:
    """A rule of a model that is broken; `path` leads from the model to the value (or key) at fault."""

    message: str
    path: tuple[str | int, ...] = ()
    label: str = ""
    on_key: bool = False
    code: str = "FLOE-0107"


def reject(problems: Sequence[Problem]) -> NoReturn:
    """Report broken rules out of a validator, all at once."""
    text = "; ".join(problem.message for problem in problems)
    raise PydanticCustomError(RULE, "{text}", {"text": text, "problems": tuple(problems)})


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds; pydantic checks it next
    return (value,) if isinstance(value, str) else value


NonEmpty = Annotated[str, Field(min_length=1)]
ProfileName = Annotated[str, Field(pattern=PROFILE_PATTERN)]
TableName = Annotated[str, Field(pattern=TABLE_PATTERN)]
SemanticVersion = Annotated[str, Field(pattern=SEMANTIC_VERSION_PATTERN)]
OneOrMany = Annotated[
    tuple[NonEmpty, ...], BeforeValidator(_as_tuple, json_schema_input_type=NonEmpty | list[NonEmpty])
]
Scalar = str | StrictInt | StrictBool
WarehouseType = Literal["bigquery", "databricks", "postgres", "redshift", "snowflake", "spark", "trino"]
WAREHOUSES: tuple[str, ...] = get_args(WarehouseType)
"""Types of compute that dbt drives through its adapter of that name."""
ServerCatalogType = Literal["glue", "polaris", "rest"]
SERVER_CATALOGS: tuple[str, ...] = get_args(ServerCatalogType)
"""Types of catalogs that a server holds."""

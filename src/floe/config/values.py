"""Values of platform.yaml that may be, or must be, kept elsewhere: texts, names, and references to secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError
from pydantic import ValidationInfo as Info

from floe.config.fields import REFERENCE_KEY_PATTERN, REFERENCE_PATTERN, NonEmpty, Problem, Strict, reject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from floe.config.document import Document
    from floe.diagnostics.diagnostic import Diagnostic

NO_TEMPLATE, NOT_A_SECRET = "FLOE-0122", "FLOE-0123"


class SecretRef(Strict):
    """A value that is kept elsewhere, and read when a run starts."""

    secret_ref: Annotated[str, Field(pattern=REFERENCE_PATTERN)] = Field(description="Name of the secret.")
    key: Annotated[str, Field(pattern=REFERENCE_KEY_PATTERN)] | None = Field(
        default=None, description="Which value of a secret that holds several."
    )


def _plain(value: Any, info: Info) -> Any:  # noqa: ANN401 - the file's value, not yet checked
    """Refuse dbt's own templates: values are filled in here or by the secret store, never by Jinja."""
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        message = f"`{info.field_name}` holds a Jinja template"
        reject([Problem(message, label="write `${VAR}`, or `{secret_ref: name}`", code=NO_TEMPLATE)])
    return value


def _reference(value: Any, info: Info) -> Any:  # noqa: ANN401 - as in _plain
    if isinstance(value, (str, int, float)):
        label = "write `{secret_ref: name}`"
        reject([Problem(f"`{info.field_name}` must name a secret, not hold a value", label=label, code=NOT_A_SECRET)])
    return value


def _text_tag(value: Any) -> str:  # noqa: ANN401 - as in _plain
    return "<secret>" if isinstance(value, (dict, SecretRef)) else "<text>"


Text = Annotated[
    Annotated[NonEmpty, BeforeValidator(_plain), Tag("<text>")] | Annotated[SecretRef, Tag("<secret>")],
    Discriminator(_text_tag),
]
"""A text, or a reference to a secret that holds it."""
Name = Annotated[NonEmpty, BeforeValidator(_plain)]
"""A text that is part of rendered SQL, so that it must be known when a project is compiled."""
Secret = Annotated[SecretRef, BeforeValidator(_reference)]


def check_profiles(platform: Document, section: str, models: Mapping[str, type[Strict]]) -> list[Diagnostic]:
    """Every mistake in the settings of the profiles of a section whose type has a model in `models`."""
    from floe.config.wording import model_diagnostics  # only platforms with such a profile need it

    found: list[Diagnostic] = []
    for name, profile in platform.mapping(section).items():
        model = models.get(str(profile.get("type"))) if isinstance(profile, dict) else None
        if model is None:
            continue  # the model of the whole file says so, or has checked it
        try:
            model.model_validate(profile)
        except ValidationError as error:
            found += model_diagnostics(error, platform, model, at=(section, name))
    return found

"""The JSON Schema of the artifact, for those who read `artifacts.json` with programs of their own."""

from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

from floe.artifact.models import CompiledArtifacts


def artifacts_schema() -> dict[str, Any]:
    """The schema of artifacts.json; what the models say of their fields in the source becomes descriptions."""
    schema = CompiledArtifacts.model_json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    for name, definition in {**definitions, "CompiledArtifacts": schema}.items():
        for field, text in _documented().get(name, {}).items():
            if field in definition.get("properties", {}):
                definition["properties"][field].setdefault("description", text)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:floe:schema:artifacts"}
    return {**head, **schema, "title": "artifacts.json"}


def _documented() -> dict[str, dict[str, str]]:
    """Class -> field -> the text below the field in the source, for all modules of artifact models."""
    found: dict[str, dict[str, str]] = {}
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{__package__}.")]
    for module in modules:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, {}).update(_fields(node))
    return found


def _fields(node: ast.ClassDef) -> dict[str, str]:
    pairs = zip(node.body, node.body[1:], strict=False)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }

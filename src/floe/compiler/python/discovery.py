"""Finds the functions decorated with `@floe.asset` in the Python files of a transform."""

from __future__ import annotations

import ast
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from floe.compiler.python.declaration import Declaration, Reader
from floe.config.pipeline import PythonTransform
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from floe.compiler.layers import Layers
    from floe.config.load import Configuration

AUTHORING_MODULES = ("floe", "floe.authoring")
DECORATOR = "asset"


def python_files(folder: Path) -> list[Path]:
    """The Python files below a folder; files and folders beginning with `_` or `.` are helpers."""
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        files += [Path(place, name) for name in names if name.endswith(".py") and not name.startswith(("_", "."))]
    return sorted(files)


def discover(configuration: Configuration, layers: Layers) -> tuple[list[Declaration], list[Diagnostic]]:
    """Every Python asset that is declared, sorted by file and place, and every mistake in the declarations."""
    root = configuration.project_directory
    declarations: list[Declaration] = []
    diagnostics: list[Diagnostic] = []
    for transform in configuration.pipeline.transforms:
        if isinstance(transform, PythonTransform):
            for file in python_files(root / transform.path):
                found, mistakes = _read(file, root / transform.path, root)
                declarations += found
                diagnostics += mistakes
    placed = [_in_layer(declaration, layers, diagnostics) for declaration in declarations]
    return [declaration for declaration in placed if declaration is not None], diagnostics


def _read(file: Path, folder: Path, root: Path) -> tuple[list[Declaration], list[Diagnostic]]:
    name = Path(os.path.relpath(file, root)).as_posix()
    content = file.read_bytes()
    try:
        text = content.decode()
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return [], [_unreadable(name, error)]
    folders = file.relative_to(folder).parts[:-1]
    reader = Reader(name, text, sha256(content).hexdigest(), (*folder.parts[-1:], *folders))
    declarations = [reader.declaration(function, decorator) for function, decorator in _decorated(tree)]
    return [declaration for declaration in declarations if declaration is not None], reader.diagnostics


def _unreadable(file: str, error: Exception) -> Diagnostic:
    if not isinstance(error, SyntaxError):
        return Diagnostic("FLOE-0210", f"`{file}` is not a Python file: {error}", Span(file, 1, 1, 1))
    line, column = error.lineno or 1, error.offset or 1
    text = (error.text or "").rstrip("\n")
    message = f"`{file}` is not valid Python: {error.msg}"
    return Diagnostic("FLOE-0210", message, Span(file, line, column, column + 1, text))


def _decorated(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.expr]]:
    modules, names = _imported(tree)
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in statement.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if ast.unparse(called) in {*names, *(f"{module}.{DECORATOR}" for module in modules)}:
                    yield statement, decorator


def _imported(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names under which the file knows the module and the decorator."""
    modules: set[str] = set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name in AUTHORING_MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module in AUTHORING_MODULES:
            names |= {alias.asname or alias.name for alias in node.names if alias.name == DECORATOR}
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "authoring"}
    return modules, names


def _in_layer(declaration: Declaration, layers: Layers, diagnostics: list[Diagnostic]) -> Declaration | None:
    layer = declaration.layer or layers.of_folder(declaration.folders)
    if layer is None:
        message = f"the asset `{declaration.name}` has no layer"
        hint = f'write `@floe.asset(layer="…")`, or put the file in a folder named like a layer; {layers.available}'
        diagnostics.append(Diagnostic("FLOE-0211", message, declaration.span, hints=(hint,)))
        return None
    if layer not in layers.declared:
        diagnostics.append(layers.unknown(layer, f"the asset `{declaration.name}`", declaration.span))
        return None
    return replace(declaration, layer=layer)

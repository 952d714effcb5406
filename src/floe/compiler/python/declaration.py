"""What one `@floe.asset` function declares, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floe.compiler.layout import SETTINGS, LayoutError, layout_of
from floe.config.fields import TABLE_PATTERN
from floe.diagnostics.diagnostic import Diagnostic
from floe.diagnostics.span import Span
from floe.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from floe.artifact.layout import Layout

ARGUMENTS: dict[str, str] = {
    "name": "a text",
    "layer": "a text",
    "deps": "a list of texts",
    "description": "a text",
    "tags": "a list of texts",
    "partition_by": "a text or a list of texts",
    "sort_by": "a text or a list of texts",
    "target_file_size": "a number of bytes or a text",
}
"""Keyword arguments of the decorator, and what each must be."""


@dataclass(frozen=True)
class Input:
    """Something that a function asks for: a parameter, or an entry of `deps`."""

    name: str
    span: Span
    optional: bool = False
    """Whether the parameter has a default, so that it need not be an asset."""


@dataclass(frozen=True)
class Declaration:
    """A Python asset as it is declared. `layer` is None when neither the decorator nor a folder names one."""

    file: str
    function: str
    name: str
    layer: str | None
    folders: tuple[str, ...]
    span: Span
    sha256: str
    parameters: tuple[Input, ...] = ()
    deps: tuple[Input, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    layout: Layout | None = None

    @property
    def key(self) -> str:
        """`<layer>.<name>`."""
        return f"{self.layer}.{self.name}"


@dataclass
class Reader:
    """Reads the declarations of one file; mistakes are collected."""

    file: str
    text: str
    sha256: str
    folders: tuple[str, ...]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = self.text.splitlines()

    def span(self, node: ast.expr | ast.arg | ast.keyword, length: int | None = None) -> Span:
        """The place of a syntax node, or of its first characters."""
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        start = len(line.encode()[: node.col_offset].decode(errors="replace"))
        one_line = node.end_lineno == node.lineno and node.end_col_offset is not None
        end = len(line.encode()[: node.end_col_offset].decode(errors="replace")) if one_line else len(line)
        return Span(self.file, node.lineno, start + 1, (start + length if length else end) + 1, line)

    def name_span(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Span:
        """The place of a function's name."""
        line = self._lines[function.lineno - 1]
        start = max(line.find(function.name, function.col_offset + len("def")), 0)
        return Span(self.file, function.lineno, start + 1, start + len(function.name) + 1, line)

    def wrong(self, span: Span, message: str, label: str = "", code: str = "FLOE-0211", hint: str = "") -> None:
        """Note a mistake."""
        hints = (hint,) if hint else ()
        self.diagnostics.append(Diagnostic(code, message, span, label=label, hints=hints))

    def declaration(self, function: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.expr) -> Declaration | None:
        """Read one decorated function; None, and diagnostics, where it is not a valid asset."""
        before = len(self.diagnostics)
        arguments = self._arguments(decorator)
        name = arguments.get("name", (function.name, None))[0]
        span = self.name_span(function)
        if isinstance(function, ast.AsyncFunctionDef):
            self.wrong(span, f"the asset `{name}` is an async function", "write a plain function")
        if not re.match(TABLE_PATTERN, name):
            place = arguments["name"][1] if "name" in arguments else span
            self.wrong(place, f"`{name}` cannot be the name of a table", "letters, digits and underscores only")
        parameters = self._parameters(function)
        layout = self._layout(arguments, span)
        if len(self.diagnostics) > before:
            return None
        return Declaration(
            file=self.file,
            function=function.name,
            name=name,
            layer=arguments["layer"][0] if "layer" in arguments else None,
            folders=self.folders,
            span=arguments["layer"][1] if "layer" in arguments else span,
            sha256=self.sha256,
            parameters=parameters,
            deps=self._deps(arguments),
            description=arguments["description"][0] if "description" in arguments else _summary(function),
            tags=tuple(sorted(set(arguments["tags"][0]))) if "tags" in arguments else (),
            layout=layout,
        )

    def _layout(self, arguments: dict[str, tuple[Any, Span]], span: Span) -> Layout | None:
        try:
            return layout_of({name: value for name, (value, _) in arguments.items() if name in SETTINGS})
        except LayoutError as error:
            named = next((name for name in SETTINGS if f"`{name}`" in str(error) and name in arguments), "")
            self.wrong(arguments[named][1] if named else span, str(error), code="FLOE-0550")
            return None

    def _arguments(self, decorator: ast.expr) -> dict[str, tuple[Any, Span]]:
        if not isinstance(decorator, ast.Call):
            return {}
        for argument in decorator.args:
            self.wrong(self.span(argument), "the arguments of `asset` are given by name", 'e.g. `layer="gold"`')
        arguments: dict[str, tuple[Any, Span]] = {}
        for keyword in decorator.keywords:
            value = self._argument(keyword)
            if value is not None:
                arguments[str(keyword.arg)] = (value, self.span(keyword.value))
        return arguments

    def _argument(self, keyword: ast.keyword) -> Any:  # noqa: ANN401 - a literal
        if keyword.arg is None or keyword.arg not in ARGUMENTS:
            name = keyword.arg or "**"
            length = len(keyword.arg) if keyword.arg else None
            self.wrong(self.span(keyword, length), f"`asset` has no argument `{name}`", did_you_mean(name, ARGUMENTS))
            return None
        try:
            value = ast.literal_eval(keyword.value)
        except ValueError:
            value = None
        expected = ARGUMENTS[keyword.arg]
        if _is(value, expected):
            return value
        message = f"the argument `{keyword.arg}` of `asset` must be {expected}, written out"
        self.wrong(self.span(keyword.value), message, "Floe reads it without running the file")
        return None

    def _parameters(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Input, ...]:
        given = function.args
        for argument in (given.vararg, given.kwarg):
            if argument is not None:
                self.wrong(self.span(argument), f"`{argument.arg}` cannot be matched to an asset by its name")
        positional = [*given.posonlyargs, *given.args]
        without = len(positional) - len(given.defaults)
        inputs = [
            Input(argument.arg, self.span(argument, len(argument.arg)), index >= without)
            for index, argument in enumerate(positional)
        ]
        inputs += [
            Input(argument.arg, self.span(argument, len(argument.arg)), default is not None)
            for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        ]
        return tuple(inputs)

    @staticmethod
    def _deps(arguments: dict[str, tuple[Any, Span]]) -> tuple[Input, ...]:
        names, span = arguments.get("deps", ((), None))
        return tuple(Input(name, span) for name in names) if span is not None else ()


def _is(value: object, expected: str) -> bool:
    if expected == "a number of bytes or a text":
        return isinstance(value, (int, str)) and not isinstance(value, bool)
    if isinstance(value, str):
        return expected.startswith("a text")
    if expected == "a text":
        return False
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _summary(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    docstring = ast.get_docstring(function) or ""
    return " ".join(docstring.split("\n\n", 1)[0].split())


def input_names(inputs: Sequence[Input]) -> tuple[str, ...]:
    """Names of inputs, in order."""
    return tuple(item.name for item in inputs)

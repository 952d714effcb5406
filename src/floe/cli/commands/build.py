"""`floe build`: `floe run` under the name that dbt users type."""

from __future__ import annotations

from copy import copy
from inspect import cleandoc

from floe.cli.commands import run

command = copy(run.command)
command.name = "build"
command.help = f"The same as `floe run`, under dbt's name.\n\n{cleandoc(run.command.help or '')}"
command.examples = tuple(example.replace("floe run", "floe build") for example in run.command.examples)

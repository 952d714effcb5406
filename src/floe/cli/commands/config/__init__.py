"""`floe config`: what the two files, the command line and the environment say together."""

from __future__ import annotations

from floe.cli.group import LazyGroup

command = LazyGroup(
    "config",
    {"Commands": {"show": "Show floe.yaml and the platform as they apply here."}},
    "floe.cli.commands.config",
    help="Show what applies here, and where each value comes from.",
    examples=("floe config show", "floe config show --resolved --provenance"),
)

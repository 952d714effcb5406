"""`floe platform`: the platforms of a project, and what they need."""

from __future__ import annotations

from floe.cli.group import LazyGroup

command = LazyGroup(
    "platform",
    {
        "Commands": {
            "list": "List the environments, their files, and which applies now.",
            "show": "Show the platform that applies, as one file.",
            "validate": "Check platform files alone, without a floe.yaml.",
            "bootstrap": "Create what the platform needs: buckets, catalogs, roles.",
        }
    },
    "floe.cli.commands.platform",
    help="List, show, check or bootstrap platforms.",
    examples=("floe platform list", "floe platform show --env prod", "floe platform validate --all"),
)

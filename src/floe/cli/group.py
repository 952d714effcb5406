"""The `floe` command itself: knows each command's name and one line of help, and imports only what is invoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from floe.cli.application import Application
from floe.cli.options import HELP_NAMES, global_options, write_examples
from floe.diagnostics.suggest import did_you_mean
from floe.errors import UsageError

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Begin": {
        "init": "Create a project that runs at once.",
    },
    "Build": {
        "validate": "Check the configuration; report every mistake with its place.",
        "compile": "Compile the project into one artifact.",
        "deps": "Install the packages of the dbt projects.",
        "run": "Build the assets, test them, publish the tables.",
        "build": "The same as `run`, under dbt's name.",
        "retry": "Run again what failed or was skipped in the last run.",
        "test": "Run the data tests on what is published.",
        "promote": "Bring main of the tables to a branch.",
        "rollback": "Take back what a run published, or bring one table back.",
        "run-operation": "Call a macro of the dbt project.",
    },
    "Look": {
        "show": "Show rows of a table, a view or a query.",
        "freshness": "Say how old the newest rows of the sources are.",
        "ls": "List the assets and their last status.",
        "history": "List the snapshots of a table, or what runs published.",
        "diff": "Compare two snapshots of a table, or a branch with main.",
        "branch": "List the branches of the tables, or drop one.",
        "tag": "Name snapshots of tables, or what a run published.",
        "runs": "List the latest runs, or show what one did.",
        "docs": "Write dbt's artifacts and documentation site, or serve it.",
    },
    "Care": {
        "doctor": "Look at this machine and this project.",
        "preflight": "Look whether the platform is there, before a run.",
        "platform": "List, show, check or bootstrap platforms.",
        "config": "Show what applies here, and where each value comes from.",
        "maintain": "Expire snapshots, compact small files, delete orphans.",
    },
    "Help": {
        "completion": "Print the script that lets a shell complete names.",
        "schema": "Write JSON Schemas, or set editors up with them.",
        "explain": "Say what an error code means and how to fix it.",
    },
}
"""Sections of the help; in each, a command's name and its one line.

The module is `floe.cli.commands.<name>`, with `_` for `-`.
"""


Sections = Mapping[str, Mapping[str, str]]


class LazyGroup(click.Group):
    """Lists its commands without importing them.

    Args:
        name: Name of the group.
        sections: Sections of its help; in each, a command's name and its one line.
        package: Package with a module for each command, named like it.
        examples: Commands at the end of its help.
        settings: As click takes them.
    """

    def __init__(
        self,
        name: str,
        sections: Sections,
        package: str = "floe.cli.commands",
        examples: Sequence[str] = (),
        **settings: Any,  # noqa: ANN401 - click's own settings
    ) -> None:
        params = [*global_options(), *settings.pop("params", ())]
        context = {"help_option_names": HELP_NAMES}
        super().__init__(
            name,
            params=params,
            context_settings=context,
            subcommand_metavar="COMMAND [ARGUMENTS]...",
            no_args_is_help=True,
            **settings,
        )
        self.sections = sections
        self.package = package
        self.examples = tuple(examples)

    @property
    def names(self) -> list[str]:
        """Every command, in the order of the help."""
        return [name for section in self.sections.values() for name in section]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order of the help."""
        return self.names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in self.names:
            return None
        command = import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101 - every module of that folder defines one
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names.

        Raises:
            UsageError: there is none of that name.
        """
        name = args[0]
        if name not in self.names and not name.startswith("-"):
            path = ctx.command_path
            suggestion = did_you_mean(name, self.names) or f"run `{path} --help` for the list of commands"
            said = f"{path} {name}".removeprefix("floe ")
            raise UsageError("FLOE-0701", f"there is no command `{said}`", suggestion)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the help ends with: a hint, and examples."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands in their sections."""
        longest = max(len(name) for name in self.names)
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(longest), text) for name, text in commands.items()])


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool | None) -> None:
    if not value or context.resilient_parsing:
        return
    from importlib.metadata import version

    context.ensure_object(Application).printer.data(f"floe {version('floe-runtime')}")
    context.exit()


def build_group() -> LazyGroup:
    """The `floe` command with the global options."""
    version = click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
    )
    return LazyGroup(
        "floe",
        COMMANDS,
        help="Two YAML files and a dbt project in, tested and published Iceberg tables out.",
        epilog="`floe COMMAND --help` says more, with examples.",
        params=[version],
    )

"""The options that every command shares, accepted before and after its name, and how its help is laid out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from floe.cli.application import Application
from floe.cli.completion import (
    complete_branches,
    complete_environments,
    complete_files,
    complete_folders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELP_NAMES = ["-h", "--help"]
SELECTION_FLAGS = (
    *("--select", "-s", "--models", "--model", "-m", "--exclude"),
    *("--resource-type", "--resource-types", "--exclude-resource-type", "--exclude-resource-types"),
)


def _set_directory(application: Application, value: str) -> None:
    application.directory_option = value


def _set_environment(application: Application, value: str) -> None:
    application.environment = value


def _set_platform(application: Application, value: str) -> None:
    application.platform_file = Path(value)


def _set_variables(application: Application, value: str) -> None:
    application.variables = value


def _set_target(application: Application, value: str) -> None:
    application.target = value


def _run_tests_alone(application: Application, _value: bool) -> None:
    application.fused_tests = False


def _set_profiles_directory(application: Application, value: str) -> None:
    application.profiles_directory = Path(value)


def _defer(application: Application, _value: bool) -> None:
    application.defers = True


def _favor_state(application: Application, _value: bool) -> None:
    application.favors_state = True


def _set_profile(application: Application, value: str) -> None:
    application.profile = value


def _set_branch(application: Application, value: str) -> None:
    application.branch = value


def _add_quiet(application: Application, value: int) -> None:
    application.printer.verbosity = -1 if value else application.printer.verbosity


def _add_verbose(application: Application, value: int) -> None:
    application.printer.verbosity = max(application.printer.verbosity, 0) + value


def _set_json(application: Application, value: bool) -> None:
    application.printer.as_json = value


class _ReadLater(click.Option):
    """An option whose variable is read elsewhere; the help names it here."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:  # noqa: ARG002 - click's signature
        """Leave the variable to whoever reads it."""
        return None


def _option(
    names: Sequence[str],
    apply: Callable[[Application, Any], None],
    kind: type[click.Option] = click.Option,
    **settings: Any,  # noqa: ANN401 - click's own settings
) -> click.Option:
    def callback(context: click.Context, parameter: click.Parameter, value: str | int | None) -> None:
        if value and not _was_heard_before(context, parameter):
            apply(context.ensure_object(Application), value)

    return kind(names, callback=callback, expose_value=False, is_eager=True, show_envvar=True, **settings)


def _was_heard_before(context: click.Context, parameter: click.Parameter) -> bool:
    """Whether the variable of a global option was read already, before the command's name was parsed."""
    if context.parent is None or context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
        return False
    return any(known.name == parameter.name for known in context.parent.command.params)


def global_options() -> list[click.Option]:
    """The options of the whole program, new objects at each call as click wants them."""
    return [
        _option(
            ["-C", "--directory"],
            _set_directory,
            metavar="DIR",
            envvar="FLOE_DIRECTORY",
            shell_complete=complete_folders,
            show_default="this one",
            help="Project folder.",
        ),
        _option(
            ["--env"],
            _set_environment,
            _ReadLater,
            metavar="NAME",
            envvar="FLOE_PLATFORM_ENV",
            shell_complete=complete_environments,
            show_default="local",
            help="Environment whose platform.yaml applies.",
        ),
        _option(
            ["--platform"],
            _set_platform,
            _ReadLater,
            metavar="FILE",
            envvar="FLOE_PLATFORM_FILE",
            shell_complete=complete_files,
            show_default="the environment's",
            help="The platform.yaml to use.",
        ),
        _option(
            ["-q", "--quiet"],
            _add_quiet,
            is_flag=True,
            envvar="FLOE_QUIET",
            help="Only results, warnings and errors.",
        ),
        _option(
            ["-v", "--verbose"],
            _add_verbose,
            count=True,
            envvar="FLOE_VERBOSE",
            help="Say more; -vv shows stack traces.",
        ),
    ]


def spread(arguments: Sequence[str], flags: Sequence[str] = SELECTION_FLAGS) -> list[str]:
    """Repeat a selection option before each of the words that follow it: `-s a b` is `-s a -s b`."""
    spreaded: list[str] = []
    current = ""
    fresh = False
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*spreaded, *arguments[position:]]
        if argument in flags:
            current, fresh = argument, True
            spreaded.append(argument)
        elif argument.startswith("-"):
            current = ""
            spreaded.append(argument)
        else:
            spreaded += [argument] if fresh or not current else [current, argument]
            fresh = False
    return spreaded


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write commands that show how something is used, one a line."""
    if examples:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {example}\n" for example in examples))


class FloeCommand(click.Command):
    """A command with the global options, `--json`, and examples at the end of its help."""

    def __init__(self, name: str, examples: Sequence[str] = (), **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(name, **{"context_settings": {"help_option_names": HELP_NAMES}, **settings})
        self.examples = tuple(examples)
        self.params.append(_option(["--json"], _set_json, is_flag=True, help="Print one JSON document instead."))
        self.shared = global_options()
        self.params += self.shared

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; where the command selects assets, several words may follow one option."""
        ctx.ensure_object(Application).command_path = ctx.command_path
        selects = any("--select" in parameter.opts for parameter in self.params)
        return super().parse_args(ctx, spread(args) if selects else args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that every command has."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        own = [option for option in options if option not in self.shared]
        for title, parameters in (("Options", own), ("Global options", self.shared)):
            records = [record for parameter in parameters if (record := parameter.get_help_record(ctx))]
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one command a line."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


def _with(command: Callable[..., Any], *options: click.Option) -> Callable[..., Any]:
    """Add options that the application hears of, not the command; they come before those that it has."""
    own: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*reversed(options), *own]  # type: ignore[attr-defined]
    return command


fail_fast_option = click.option("-x", "--fail-fast", is_flag=True, help="Stop at the first failure.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    envvar="FLOE_WAIT",
    show_envvar=True,
    show_default="not at all",
    help="Wait so long for another run of the environment.",
)


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["full", "concise", "json", "github", "sarif"]),
    default="full",
    show_default=True,
    help="How to write what is wrong; all but `full` go to standard output.",
)


def threads_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--threads`, for a command that works on `what`."""
    return click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        envvar="FLOE_THREADS",
        show_envvar=True,
        show_default="the platform's, or up to 4",
        help=f"How many {what} at a time.",
    )


def dbt_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add dbt's options to a command that compiles; what compiles reads them from the application."""
    options = (
        _option(
            ["--vars"],
            _set_variables,
            metavar="YAML",
            envvar="FLOE_VARS",
            help="dbt variables for this call, e.g. '{days: 7}'.",
        ),
        _option(
            ["-t", "--target"],
            _set_target,
            metavar="NAME",
            envvar="FLOE_TARGET",
            show_default="floe.yaml's, or the environment",
            help="What dbt sees as `target.name` in this call.",
        ),
        _option(
            ["--profiles-dir"],
            _set_profiles_directory,
            metavar="DIR",
            envvar="FLOE_PROFILES_DIR",
            help="Folder of a profiles.yml for `target`.",
        ),
        _option(
            ["--profile"],
            _set_profile,
            metavar="NAME",
            envvar="FLOE_PROFILE",
            show_default="the dbt project's",
            help="Profile in that file.",
        ),
    )
    return _with(command, *options)


def defer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--defer` and `--favor-state` to a command that reads tables it does not build."""
    options = (
        _option(["--defer"], _defer, is_flag=True, help="Read tables that are not here from the project of --state."),
        _option(["--favor-state"], _favor_state, is_flag=True, help="Read them there even if they are here, too."),
    )
    return _with(command, *options)


def branch_option(help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--branch`, which a command asks the application for."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        option = _option(
            ["--branch"],
            _set_branch,
            metavar="NAME",
            envvar="FLOE_BRANCH",
            show_default="main",
            help=help_,
            shell_complete=complete_branches,
        )
        return _with(command, option)

    return add


def fused_tests_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--no-fused-tests` to a command that runs tests, which asks the application for it."""
    help_ = "Run each test by itself, even where several can share a scan."
    return _with(command, _option(["--no-fused-tests"], _run_tests_alone, is_flag=True, help=help_))

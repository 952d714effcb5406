"""Entry point of `floe`: runs one command and turns whatever happens into messages and an exit status."""

from __future__ import annotations

import os
import re
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click
from click.core import ParameterSource

from floe.cli.application import Application
from floe.cli.group import build_group
from floe.cli.printer import Printer
from floe.dbt.garbage import rare_collections
from floe.diagnostics.suggest import closest, did_you_mean
from floe.errors import EXIT_ENVIRONMENT, EXIT_OK, EXIT_SIGINT, FloeError, UsageError
from floe.secrets.masking import own_list, remember_variables
from floe.secrets.outlets import masked_stream, masked_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SURPLUS = re.compile(r"Got unexpected extra arguments? \((?P<words>.*)\)")
_VARIABLE = re.compile(r" \(env var: `[A-Z_]+`\)")
_NOT_ONE_OF = re.compile("`(?P<given>[^`]*)` is not one of (?P<allowed>.*)")
EXIT_READER_GONE = 141
"""128 + SIGPIPE, as other programs end whose reader closes the pipe."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` without an argument) and return the exit status.

    0 success; 1 the user's pipeline or data is at fault; 2 usage, environment or internal error; 130 interrupted.
    """
    out, err = _usable(sys.stdout), masked_stream(_usable(sys.stderr))
    with own_list(), masked_streams(out, err), rare_collections():
        remember_variables(os.environ)
        return _main(Printer(out, err, os.environ), arguments)


def _main(printer: Printer, arguments: Sequence[str] | None) -> int:
    application = Application(printer)
    words = list(sys.argv[1:] if arguments is None else arguments)
    printer.as_json = "--json" in words  # known even where the words cannot be parsed
    try:
        status = _reporting(application, lambda: _invoke(application, words))
        printer.flush()
    except BrokenPipeError:
        printer.abandon()
        return EXIT_READER_GONE
    except OSError:  # the streams themselves cannot be written, so nothing more can be said
        printer.abandon()
        return EXIT_ENVIRONMENT
    if application.leave_at_once:
        _leave(status)
    return status


def _leave(status: int) -> NoReturn:
    """End the process without waiting for threads, but let go of what the system would be told is leaked."""
    if multiprocessing := sys.modules.get("multiprocessing.util"):  # dbt's locks
        multiprocessing._exit_function()  # noqa: SLF001 - nothing public lets go before the exit
    os._exit(status)


def _usable(stream: TextIO | None) -> TextIO:
    """The stream, made to spell out characters that it cannot encode; nowhere, where the caller has closed it."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _invoke(application: Application, words: list[str]) -> int:
    group = build_group()
    if asked := os.environ.get("_FLOE_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(group, {"obj": application}, "floe", "_FLOE_COMPLETE", asked)
    with group.make_context("floe", words, obj=application) as context:
        return int(group.invoke(context) or EXIT_OK)


def _reporting(application: Application, command: Callable[[], int]) -> int:
    """Run the command; report what it raises. Only a reader that is gone goes on to the caller."""
    try:
        return command()
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.exceptions.NoArgsIsHelpError as usage:
        application.printer.problem(usage.format_message())
        return EXIT_ENVIRONMENT
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, click.Abort):
        application.printer.problem("interrupted")
        return EXIT_SIGINT
    except Exception as error:  # noqa: BLE001 - the edge of the program: whatever it is, the user reads one message
        reported = _as_floe_error(error, application.command_path)
        application.adapt(reported)
        application.printer.failure(reported)
        return reported.exit_status


def _as_floe_error(error: Exception, command_path: str) -> FloeError:
    from floe.cli.failures import from_os_error, from_unexpected

    if isinstance(error, FloeError):
        return error
    if isinstance(error, click.ClickException):
        return _from_click(error, command_path)
    reported = from_os_error(error) if isinstance(error, OSError) else from_unexpected(error)
    reported.__cause__ = error
    return reported


def _without_variable(error: click.ClickException, message: str) -> str:
    """The message without the variable that click names for an option, unless the value came from there."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if context and parameter and context.get_parameter_source(parameter.name) is ParameterSource.ENVIRONMENT:
        return message
    return _VARIABLE.sub("", message)


def _from_click(error: click.ClickException, path: str) -> UsageError:
    if isinstance(error, click.NoSuchOption):
        names = {name.lstrip("-"): name for name in error.possibilities or ()}
        near = closest(error.option_name.lstrip("-"), names)
        way_out = f"did you mean `{names[near]}`?" if near else f"run `{path} --help` for its options"
        return UsageError("FLOE-0701", f"`{path}` has no option `{error.option_name}`", way_out)
    way_out = f"run `{path} --help` for its usage"
    message = _without_variable(error, error.format_message().rstrip(".").replace("'", "`"))
    if surplus := _SURPLUS.fullmatch(message):
        return UsageError("FLOE-0701", f"`{path}` takes no further argument `{surplus['words']}`", way_out)
    if chosen := _NOT_ONE_OF.search(message):
        way_out = did_you_mean(chosen["given"], re.findall("`([^`]*)`", chosen["allowed"])) or way_out
    message = message.replace("integer range", "whole number").replace("float range", "number")
    return UsageError("FLOE-0701", message[:1].lower() + message[1:], way_out)


if __name__ == "__main__":
    sys.exit(main())

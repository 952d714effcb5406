"""The options that select what a command works on, and the times of the events that it works on."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from floe.cli.completion import complete_files, complete_selection, complete_selectors, complete_types
from floe.cli.selecting import Wanted
from floe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what selects (`--select`, `--exclude`, `--selector`, `--resource-type` ...), as one `wanted`."""

    @wraps(command)
    def gathered(
        *arguments: object,
        select: tuple[str, ...],
        exclude: tuple[str, ...],
        selector: str,
        state: str,
        indirect_selection: str,
        resource_type: tuple[str, ...],
        exclude_resource_type: tuple[str, ...],
        **rest: object,
    ) -> Any:  # noqa: ANN401 - what the command returns
        types, excluded = _separated(resource_type), _separated(exclude_resource_type)
        wanted = Wanted(select, exclude, selector, state, indirect_selection, types, excluded)
        return command(*arguments, wanted=wanted, **rest)

    select_option = click.option(
        *("-s", "--select", "-m", "--models", "--model", "select"),
        multiple=True,
        metavar="SELECTOR",
        shell_complete=complete_selection,
        help="What to take, e.g. `+orders`, `tag:daily`, `gold.*`.",
    )
    exclude_option = click.option(
        "--exclude", multiple=True, metavar="SELECTOR", shell_complete=complete_selection, help="What to leave out."
    )
    named = click.option(
        "--selector",
        metavar="NAME",
        default="",
        shell_complete=complete_selectors,
        help="A selector of dbt's selectors.yml.",
    )
    state = click.option(
        "--state",
        metavar="PATH",
        default="",
        envvar="FLOE_STATE",
        shell_complete=complete_files,
        show_envvar=True,
        help="Earlier artifacts.json, its folder, or its project.",
    )
    indirect = click.option(
        "--indirect-selection",
        type=click.Choice(("eager", "cautious", "buildable", "empty")),
        default="eager",
        metavar="MODE",
        show_default=True,
        help="Which tests come along: eager, cautious, buildable or empty.",
    )
    types = _types_option("--resource-type", "Take only these types, e.g. `model`, `unit_test`.")
    excluded = _types_option("--exclude-resource-type", "Leave these types out, e.g. `unit_test`.")
    return select_option(exclude_option(named(state(indirect(types(excluded(gathered)))))))


def _types_option(name: str, explanation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    parameter = name.removeprefix("--").replace("-", "_")
    return click.option(
        name, f"{name}s", parameter, multiple=True, metavar="TYPE", shell_complete=complete_types, help=explanation
    )


def _separated(types: Sequence[str]) -> tuple[str, ...]:
    """Types, of which several may stand in one argument."""
    return tuple(word.lower() for text in types for word in text.replace(",", " ").split())


def event_time_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--event-time-start` and `--event-time-end` to a command, which gets them as `event_times`."""

    @wraps(command)
    def gathered(
        *arguments: object, event_time_start: datetime | None, event_time_end: datetime | None, **rest: object
    ) -> Any:  # noqa: ANN401 - what the command returns
        from floe.engines.base import EventTimes

        if (event_time_start is None) != (event_time_end is None):
            raise UsageError(
                "FLOE-0725", "`--event-time-start` and `--event-time-end` need each other", "give both, or none"
            )
        if event_time_start and event_time_end and event_time_start >= event_time_end:
            raise UsageError("FLOE-0725", "`--event-time-start` must be before `--event-time-end`", "exchange them")
        return command(*arguments, event_times=EventTimes(event_time_start, event_time_end), **rest)

    start = click.option(
        "--event-time-start", type=click.DateTime(), metavar="TIME", help="Build microbatch models from here (UTC)."
    )
    end = click.option("--event-time-end", type=click.DateTime(), metavar="TIME", help="... to before here (UTC).")
    return start(end(gathered))

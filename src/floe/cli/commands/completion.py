"""`floe completion`: the script that lets a shell complete commands, options and names."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand

VARIABLE = "_FLOE_COMPLETE"
"""Environment variable in which the script says what the shell asks for."""
_WHOLE_SELECTORS = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}"
"""bash takes `tag:daily` for three words unless it is told otherwise."""


@click.command(
    cls=FloeCommand,
    examples=("floe completion fish | source", 'eval "$(floe completion bash)"'),
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@pass_application
def command(application: Application, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, and names of assets, branches, tags and runs."""
    from click.shell_completion import get_completion_class

    from floe.cli.group import build_group

    script = get_completion_class(shell)
    assert script is not None  # noqa: S101 - click has one for each of the choices
    text = script(build_group(), {}, "floe", VARIABLE).source()
    if shell == "bash":
        text = f"{_WHOLE_SELECTORS}\n{text}"
    application.printer.result({"shell": shell, "script": text}, lambda: application.printer.data(text.rstrip()))

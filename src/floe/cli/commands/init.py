"""`floe init`: a project that runs at once."""

from __future__ import annotations

import shlex

import click

from floe.cli.adoption import Adoption, adopt
from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_templates
from floe.cli.options import FloeCommand
from floe.cli.scaffold import BY_NAME, Scaffold, create_project, template_named

_DEFAULT = "basic"
_LIST = "?"
_LISTED_FILES = 10


@click.command(
    cls=FloeCommand,
    examples=("floe init shop", "floe init", "floe init cup --template football", "floe init --template"),
)
@click.argument("name", required=False)
@click.option(
    "--template",
    is_flag=False,
    flag_value=_LIST,
    metavar="NAME",
    shell_complete=complete_templates,
    help="Template to copy (default: basic); without a NAME, list them.",
)
@pass_application
def command(application: Application, name: str | None, template: str | None) -> None:
    """Create the folder NAME, or fill the current folder, with a project that runs without edits.

    Without a NAME, in the folder of a dbt project or the one above it, only `floe.yaml` and its schema for
    editors are written: it points to the dbt project, which stays as it is. Nothing that exists is ever overwritten;
    in a folder that is a Floe project already, nothing changes.
    """
    if template == _LIST:
        _list_templates(application)
        return
    adopted = adopt(application.directory) if name is None and template is None else None
    if adopted is not None:
        application.printer.result(_adopted(adopted), lambda: _report_adopted(application, adopted))
        return
    template = template or _DEFAULT
    scaffold = create_project(application.directory, name, template_named(template))
    application.printer.result(_document(scaffold), lambda: _report(application, scaffold, name))


def _list_templates(application: Application) -> None:
    rows = [(template.name, template.summary) for template in BY_NAME.values()]
    document = {"templates": [{"name": name, "summary": summary} for name, summary in rows]}
    application.printer.result(document, lambda: application.printer.table(("template", "what it is"), rows))


def _document(scaffold: Scaffold) -> dict[str, object]:
    return {
        "status": "created" if scaffold.created else "unchanged",
        "directory": str(scaffold.folder),
        "name": scaffold.name,
        "template": scaffold.template.name,
        "created": list(scaffold.created),
    }


def _adopted(adoption: Adoption) -> dict[str, object]:
    return {
        "status": "created",
        "directory": str(adoption.folder),
        "name": adoption.name,
        "dbt_project": adoption.path,
        "created": list(adoption.created),
    }


def _report_adopted(application: Application, adoption: Adoption) -> None:
    printer = application.printer
    place = "this folder" if adoption.path == "." else f"`{adoption.path}`"
    printer.say(f"created floe.yaml for the dbt project {printer.palette.bold(adoption.name)} in {place}")
    if adoption.ignore:
        printer.say("add `.floe/` to .gitignore: tables and the state of runs are kept there")
    printer.say("\nNext:")
    first = [f"cd {shlex.quote(str(adoption.folder))}"] if application.directory_option else []
    for step in [*first, *(["floe deps"] if adoption.lists_packages else []), "floe run", "floe ls"]:
        printer.say(f"  {printer.palette.bold(step)}")


def _report(application: Application, scaffold: Scaffold, name: str | None) -> None:
    printer = application.printer
    place = f"`{name}`" if name else "this folder"
    if not scaffold.created:
        printer.say(f"{place} is a Floe project already: nothing was changed")
        return
    count = len(scaffold.created)
    printer.say(f"created project {printer.palette.bold(scaffold.name)} in {place}, {count} files")
    for path in scaffold.created[:_LISTED_FILES]:
        printer.say(f"  {path}")
    if count > _LISTED_FILES:
        printer.say(f"  and {count - _LISTED_FILES} more")
    printer.say("\nNext:")
    for step in _next_steps(application, scaffold, name):
        printer.say(f"  {printer.palette.bold(step)}")


def _next_steps(application: Application, scaffold: Scaffold, name: str | None) -> list[str]:
    moved = application.directory_option or name
    first = [f"cd {shlex.quote(str(scaffold.folder))}"] if moved else ["floe validate"]
    return [*first, "floe run", f"floe show {scaffold.template.table}"]

"""`floe explain`: what an error code means and how to fix it."""

from __future__ import annotations

import click

from floe.cli.application import Application, pass_application
from floe.cli.options import FloeCommand
from floe.cli.pages import Page, laid_out, page_of, pages

_READABLE_COLUMNS = 80


@click.command(cls=FloeCommand, examples=("floe explain FLOE-0103", "floe explain"))
@click.argument("code", required=False)
@pass_application
def command(application: Application, code: str | None) -> None:
    """Say what an error code means and how to fix it; without a CODE, list them all."""
    if code is None:
        _list(application, pages())
    else:
        _show(application, page_of(code))


def _list(application: Application, found: list[Page]) -> None:
    printer = application.printer
    document = {"codes": [{"code": page.code, "title": page.title} for page in found]}
    printer.result(document, lambda: printer.table(("code", "title"), [(page.code, page.title) for page in found]))


def _show(application: Application, page: Page) -> None:
    printer = application.printer
    document = {"code": page.code, "title": page.title, "text": page.text}
    title = printer.out_palette.bold(f"{page.code}: {page.title}")
    width = min(printer.out_width or _READABLE_COLUMNS, _READABLE_COLUMNS)
    printer.result(document, lambda: printer.data(f"{title}\n\n{laid_out(page.text, width)}"))

"""`floe explain`: what an error code means and how to fix it."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import click

from floe.cli.application import Application, pass_application
from floe.cli.completion import complete_codes
from floe.cli.options import FloeCommand
from floe.cli.pages import laid_out, page_of, pages, section_of

if TYPE_CHECKING:
    from floe.diagnostics.pages import Page

_READABLE_COLUMNS = 80


@click.command(cls=FloeCommand, examples=("floe explain FLOE-0103", "floe explain"))
@click.argument("code", required=False, shell_complete=complete_codes)
@pass_application
def command(application: Application, code: str | None) -> None:
    """Say what an error code means and how to fix it; without a CODE, list them all."""
    if code is None:
        _list(application, pages())
    else:
        _show(application, page_of(code))


def _list(application: Application, found: list[Page]) -> None:
    printer = application.printer
    codes = [{"code": page.code, "section": section_of(page.code), "title": page.title} for page in found]

    def show() -> None:
        for title, listed in groupby(codes, key=itemgetter("section")):
            rows = "".join(f"\n  {entry['code']}  {entry['title']}" for entry in listed)
            printer.data(f"{printer.out_palette.bold(title)}{rows}\n")
        printer.hint("`floe explain CODE` says more")

    printer.result({"codes": codes}, show)


def _show(application: Application, page: Page) -> None:
    printer = application.printer
    document = {"code": page.code, "section": section_of(page.code), "title": page.title, "text": page.text}
    title = printer.out_palette.bold(f"{page.code}: {page.title}")
    width = min(printer.out_width or _READABLE_COLUMNS, _READABLE_COLUMNS)
    printer.result(document, lambda: printer.data(f"{title}\n\n{laid_out(page.text, width)}"))

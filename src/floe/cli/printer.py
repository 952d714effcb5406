"""The only thing that prints: data to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import traceback
from contextlib import contextmanager
from threading import Event, Timer
from typing import TYPE_CHECKING, Any, TextIO

from floe.cli.style import Palette, wants_colour, width_of
from floe.secrets.masking import mask, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from floe.errors import FloeError

SCHEMA_VERSION = 1
"""Version of every JSON document that the command line prints; raised when a field changes its meaning."""
_PATIENCE_SECONDS = 0.4


class Printer:
    """Writes results and messages to the two streams, each with the colours and width that its reader has."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> None:
        self.out = out
        self.err = err
        self.verbosity = 0
        """-1 with `-q`, 0, 1 with `-v`, 2 with `-vv`."""
        self.as_json = False
        self.shows_rows = False
        """Whether standard output is for rows of the user's tables, which are shown as they are."""
        self.out_palette = Palette(enabled=wants_colour(out, environ))
        self.palette = Palette(enabled=wants_colour(err, environ))
        self.out_width = width_of(out, environ)
        self.width = width_of(err, environ)
        self._can_redraw = err.isatty() and environ.get("TERM") != "dumb"

    @property
    def is_live(self) -> bool:
        """Whether standard error is a terminal that shows what is going on, and the user wants to see it."""
        return self._can_redraw and self.verbosity >= 0

    def result(self, document: Mapping[str, Any], show: Callable[[], None]) -> None:
        """The outcome of a command: one JSON document with `--json`, else what `show` prints."""
        if self.as_json:
            self.document(document)
        else:
            show()

    def document(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document to standard output."""
        shown = document if self.shows_rows else masked(document)
        text = json.dumps({"schema_version": SCHEMA_VERSION, **shown}, indent=2, ensure_ascii=False, allow_nan=False)
        self._write(self.out, text)

    def data(self, text: str) -> None:
        """Print data to standard output, exactly as it is but for secrets."""
        self._write(self.out, text if self.shows_rows else mask(text))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows to standard output; columns that do not fit are named on standard error."""
        from floe.cli.table import render_table
        from floe.observe.wording import count

        rendered = render_table(columns, rows, self.out_palette, self.out_width)
        self.data("\n".join(rendered.lines))
        if rendered.hidden:
            names, number = ", ".join(rendered.hidden), count(len(rendered.hidden), "column")
            self.hint(f"{number} left out to fit the terminal: {names}; `--json` has them all")

    def say(self, text: str = "") -> None:
        """A message that `-q` silences."""
        if self.verbosity >= 0:
            self._write(self.err, text)

    def detail(self, text: str) -> None:
        """A message that only `-v` shows."""
        if self.verbosity >= 1:
            self._write(self.err, self.palette.dim(text))

    def hint(self, text: str) -> None:
        """What the user can do next."""
        self.say(f"{self.palette.cyan('hint:')} {text}")

    def warn(self, text: str) -> None:
        """Something the user must know although the command goes on; `-q` does not silence it."""
        self._write(self.err, f"{self.palette.yellow('warning:')} {text}")

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """On a terminal, show `text` while the block runs, once it has taken a moment; then take it away."""
        if not self.is_live:
            yield
            return
        shown = Event()
        timer = Timer(_PATIENCE_SECONDS, self._show_for_now, (text, shown))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if shown.is_set():
                self.err.write("\r\x1b[K")
                self.err.flush()

    def _show_for_now(self, text: str, shown: Event) -> None:
        shown.set()
        self.err.write(self.palette.dim(text))
        self.err.flush()

    def problem(self, text: str) -> None:
        """Text that reports what is wrong, laid out already; `-q` does not silence it."""
        self._write(self.err, text)

    def failure(self, error: FloeError) -> None:
        """Report an error to standard error and, with `--json`, as the one document on standard output."""
        from floe.cli.failures import failure_document, render_failure

        self.problem(render_failure(error, self.palette, self.width))
        if self.verbosity >= 2:
            self._write(self.err, self.palette.dim("".join(traceback.format_exception(error)).rstrip()))
        if self.as_json:
            self.document(masked(failure_document(error)))

    def flush(self) -> None:
        """Hand everything over to the readers.

        Raises:
            BrokenPipeError: a reader is gone.
            OSError: a stream cannot be written: it is a file on a full disk.
        """
        self.out.flush()
        self.err.flush()

    def abandon(self) -> None:
        """Let go of streams that cannot be written, so that the interpreter does not complain when it exits."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (self.out, self.err):
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        stream.write(f"{text}\n")
        stream.flush()

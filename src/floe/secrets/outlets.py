"""What text leaves this process by, so that secrets are masked in what any library says: streams and logs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from io import TextIOBase
from typing import TYPE_CHECKING, Any, TextIO, cast

from floe.secrets.masking import mask, masks_anything

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

_guarded: set[object] = set()
"""What makes records of logs now, once it masks."""


class MaskedStream(TextIOBase):
    """A stream that writes to another one, with stars in place of secrets."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, masked; the length of what was given."""
        self._stream.write(mask(text))
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the other stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Number of the other stream's file."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Whether anything can be written."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The other stream's."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """The other stream's."""
        return self._stream.errors

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


def masked_stream(stream: TextIO) -> TextIO:
    """The stream with stars in place of secrets."""
    return cast("TextIO", MaskedStream(stream))


@contextmanager
def masked_streams(out: TextIO, err: TextIO) -> Iterator[None]:
    """Within the block, what anything prints past the Printer is masked: tracebacks of threads, warnings, libraries."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = masked_stream(out), err
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def mask_logs() -> None:
    """Mask the records of every logger of the process from now on, whoever handles them."""
    import logging

    make = logging.getLogRecordFactory()
    if make in _guarded:
        return

    def masked(*arguments: Any, **options: Any) -> logging.LogRecord:  # noqa: ANN401 - as `logging` calls it
        record = make(*arguments, **options)
        if masks_anything():
            _mask_record(record)
        return record

    _guarded.add(masked)
    logging.setLogRecordFactory(masked)


def _mask_record(record: logging.LogRecord) -> None:
    import logging

    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # the message does not fit its arguments, which the handler reports
        record.args = tuple(mask(str(part)) for part in record.args or ())
        return
    if mask(text) != text:
        record.msg, record.args = mask(text), ()
    if record.exc_info and not record.exc_text:
        # A handler shows this text in place of one that it would make itself.
        record.exc_text = mask(logging.Formatter().formatException(record.exc_info))

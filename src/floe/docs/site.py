"""Serves the documentation site that dbt's package holds, from the folder to which artifacts were written."""

from __future__ import annotations

import signal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from floe.errors import EnvironmentFaultError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder, without a line for each request."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def serve(folder: Path, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve a folder until the process is interrupted.

    Args:
        folder: What to serve.
        host: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        announce: Gets the address once it answers.

    Raises:
        EnvironmentFaultError: the address cannot be listened at.
        KeyboardInterrupt: the user ended it.
    """
    try:
        server = ThreadingHTTPServer((host, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        reason = f"cannot listen at {host}:{port}: {error.strerror or error}"
        raise EnvironmentFaultError("FLOE-0743", reason, "choose another `--port`") from error
    # A shell that starts a program in the background lets it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with server:
        announce(f"http://{host}:{server.server_address[1]}")
        server.serve_forever()

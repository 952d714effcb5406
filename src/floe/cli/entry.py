"""Where `floe` begins: while it still imports itself, Ctrl-C ends the process without a traceback."""

from __future__ import annotations

import signal


def main() -> int:
    """Run the command line and return the exit status, as `floe.cli.main.main` does."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # not where whoever started it wants it to be ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from floe.cli.main import main as run
    finally:
        signal.signal(signal.SIGINT, handler)
    return run()

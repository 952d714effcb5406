"""A proxy between a client and an HTTP server that breaks what it is told to break."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Fault:
    """What happens to one request."""

    name: str
    forwards: bool = False
    """Whether the server gets the request, and carries it out."""
    status: int = 0
    """What is answered; nothing, with the connection cut, where it is 0."""
    headers: Mapping[str, str] | None = None
    seconds: float = 0.0
    """How long the answer takes; a client with less patience gets a timeout."""


CUT = Fault("cut before")
LOST_REPLY = Fault("reply lost", forwards=True)
SERVER_ERROR = Fault("500", status=500)
SERVER_ERROR_AFTER = Fault("500 after", forwards=True, status=500)
BAD_GATEWAY_AFTER = Fault("502 after", forwards=True, status=502)
UNAVAILABLE = Fault("503", status=503)
BUSY = Fault("429", status=429, headers={"Retry-After": "0"})


def timeout(seconds: float) -> Fault:
    """No answer for so long, though the request was carried out."""
    return Fault("timeout", forwards=True, seconds=seconds)


class FaultyProxy:
    """Forwards to `target`. `choose(method, path)` names the fault of each request, or None.

    `faults` counts those that happened.
    """

    def __init__(self, target: str, choose: Callable[[str, str], Fault | None]) -> None:
        self.target = urlsplit(target)
        self.choose = choose
        self.faults: Counter[str] = Counter()
        self.requests = 0
        outer = self

        class Handler(_Handler):
            proxy = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def uri(self) -> str:
        """The address of what is behind, through the proxy."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.target.path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.requests += 1
        fault = self.proxy.choose(self.command, self.path)
        if fault is None:
            self._answer(*self._forward(body))
            return
        self.proxy.faults[fault.name] += 1
        if fault.forwards:
            self._forward(body)
        time.sleep(fault.seconds)
        if fault.status:
            self._answer(fault.status, {"Content-Type": "text/plain", **(fault.headers or {})}, b"a fault on demand")
        else:
            self.close_connection = True
            self.connection.shutdown(2)

    def _forward(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        target = self.proxy.target
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body or None, {**headers, "Host": target.netloc})
            response = connection.getresponse()
            return response.status, dict(response.headers.items()), response.read()
        except OSError:
            return 502, {"Content-Type": "text/plain"}, b"the server behind is down"
        finally:
            connection.close()

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    def handle(self) -> None:
        # A client may have less patience than the fault.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def log_message(self, template: str, *arguments: object) -> None:
        """Say nothing."""

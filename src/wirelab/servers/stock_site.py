"""The standard library's own HTTP server, answering with a function: for demonstrations.

It knows no learner's code. It reads content by Content-Length and is no model of a server.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from wirelab.protocols.http import Request, Response

Handler = Callable[[Request], Response]


def serve_stock(listener: socket.socket, handler: Handler) -> None:
    """Answer every request with `handler(request)` until `accept` raises OSError."""
    with contextlib.suppress(OSError):
        while True:
            client, address = listener.accept()
            client.settimeout(5.0)
            threading.Thread(target=_serve, args=(client, address, handler), daemon=True).start()


def _serve(client: socket.socket, address: object, handler: Handler) -> None:
    with client, contextlib.suppress(OSError):
        _handler_class(handler)(client, address, None)


def _handler_class(handler: Handler) -> type[BaseHTTPRequestHandler]:
    class Stock(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            fields = tuple((name.lower(), value) for name, value in self.headers.items())
            response = handler(
                Request(self.command, self.path, self.request_version, fields, content)
            )
            bodiless = response.status in (204, 304) or response.status < 200
            self.send_response(response.status)
            for name, value in response.fields:
                self.send_header(name, value)
            if not bodiless:
                self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            if not bodiless and self.command != "HEAD":
                self.wfile.write(response.content)

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

    return Stock

"""A small web site to be served by nginx and by Apache: files, and an application behind it.

It knows HTTP's standard-library client and server, and nothing of either program's configuration.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from wirelab.servers.programs import LOOPBACK, kept_port

FILES = {
    "index.html": "<h1>home</h1>\nhello\n",
    "style.css": "h1 { color: teal }\n",
    "pages/arp.html": "<h1>who has</h1>\n",
    "pages/c10k-1999.html": "<h1>ten thousand</h1>\n",
    "pages/index.html": "<h1>all pages</h1>\n",
    ".secret": "password\n",
    "pages/.draft.html": "not yet\n",
    ".git/config": "[core]\n",
    "empty/nothing.txt": "nothing\n",
}


@dataclass(frozen=True)
class Place:
    """Where a site is: the folder with its files, its own port, the application's port."""

    root: str
    port: int
    app_port: int


@contextlib.contextmanager
def a_place() -> Iterator[Place]:
    """A folder with the site's files and an application that runs, until the end of the block.

    The application answers with what it was asked, as JSON: `path` and, with names in lower case,
    `headers`. Of `/moved` it says that it is now at its own `/list`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="wirelab-files-") as folder,
        _application() as app_port,
        kept_port() as port,
    ):
        root = Path(folder).resolve() / "files"
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path in (root.parent, root, *root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield Place(root=str(root), port=port, app_port=app_port)


@dataclass(frozen=True)
class Answer:
    """An answer: status, media type without parameters, Location, body."""

    status: int
    kind: str
    location: str
    body: bytes


def get(port: int, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
    """Ask 127.0.0.1 for `path`, exactly as written, and follow nothing."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request(method, path, headers=headers or {})
        reply = connection.getresponse()
        kind = (reply.getheader("Content-Type") or "").partition(";")[0].strip()
        return Answer(reply.status, kind, reply.getheader("Location") or "", reply.read())
    finally:
        connection.close()


class _Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/moved":
            self.send_response(302)
            self.send_header("Location", f"http://{LOOPBACK}:{self.server.server_port}/list")
            body = b""
        else:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.dumps({"path": self.path, "headers": headers}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing on stderr."""


@contextlib.contextmanager
def _application() -> Iterator[int]:
    server = _Server((LOOPBACK, 0), _Application)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()

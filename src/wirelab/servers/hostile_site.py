"""A site on loopback that misbehaves on purpose, one way for each path, to be played with.

It knows no client and no exercise. Its answers are octets written by hand, since no HTTP library
would send them; `TRAPS` says what each path does.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h11

from wirelab.servers.hostile_answers import PAGES, TRAPS, Trap

__all__ = ["TRAPS", "Asked", "Trap", "serve_hostile"]

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Asked:
    """A request that the site has read: on which connection, counted from 0, and what it said."""

    connection: int
    method: str
    target: str
    fields: dict[str, str]
    content: bytes = b""


@dataclass
class Visit:
    """What a page needs: the request, a way to send, to wait, to count, and to end badly."""

    asked: Asked
    base: str
    tick_s: float
    send: Callable[[bytes], Any]
    pause: Callable[[float], bool]
    reset: Callable[[], None]
    count: Callable[[str], int]
    query: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path that was asked for, without query."""
        return urlsplit(self.asked.target).path


def serve_hostile(
    listener: socket.socket,
    log: list[Asked] | None = None,
    tick_s: float = 0.05,
    most_requests: int = 1_000_000,
) -> None:
    """Serve the pages of `TRAPS` until `accept` raises OSError; then end what is under way.

    Each request is added to `log`. `tick_s` is the pause of what drips, in seconds. After
    `most_requests` a connection is closed without a word, as idle servers do.
    """
    site = _Site([] if log is None else log, tick_s, most_requests, listener.getsockname())
    threads = []
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            worker = threading.Thread(target=site.serve, args=(client,), daemon=True)
            threads.append(worker)
            worker.start()
            threads = [each for each in threads if each.is_alive()]
    site.end()
    for worker in threads:
        worker.join(PATIENCE_S)


class _Site:
    def __init__(self, log: list[Asked], tick_s: float, most: int, address: Any) -> None:
        self.log, self.tick_s, self.most = log, tick_s, most
        self.base = f"http://{address[0]}:{address[1]}"
        self.over, self.lock = threading.Event(), threading.Lock()
        self.clients: set[socket.socket] = set()
        self.counts: dict[str, int] = {}
        self.connections = 0

    def serve(self, client: socket.socket) -> None:
        with self.lock:
            number, self.connections = self.connections, self.connections + 1
            self.clients.add(client)
        with contextlib.suppress(OSError, h11.RemoteProtocolError):
            client.settimeout(PATIENCE_S)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            rest, left = b"", self.most
            while left and not self.over.is_set():
                asked, rest, more = _read(client, number, rest)
                if asked is None or not self.answer(client, asked) or not more:
                    break
                left -= 1
        with self.lock:
            self.clients.discard(client)
        _hang_up(client)

    def answer(self, client: socket.socket, asked: Asked) -> bool:
        """Answer one request; whether another may follow on this connection."""
        with self.lock:
            self.log.append(asked)
        parts = urlsplit(asked.target)
        page = PAGES.get("/" + parts.path.strip("/").partition("/")[0], PAGES["/nowhere"])
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        visit = Visit(
            asked,
            self.base,
            self.tick_s,
            client.sendall,
            self.over.wait,
            lambda: _reset(client),
            self.count,
            query,
        )
        return bool(page(visit))

    def count(self, key: str) -> int:
        """How often this has been counted before."""
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key] - 1

    def end(self) -> None:
        self.over.set()
        with self.lock:
            for client in self.clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


def _read(client: socket.socket, number: int, rest: bytes) -> tuple[Asked | None, bytes, bool]:
    """Read one request: it, the octets after it, and whether the connection may be kept."""
    reader = h11.Connection(h11.SERVER)
    if rest:
        reader.receive_data(rest)
    head, content = None, b""
    while True:
        event = reader.next_event()
        if event is h11.NEED_DATA:
            if reader.they_are_waiting_for_100_continue:
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                reader.send(h11.InformationalResponse(status_code=100, headers=[]))
            reader.receive_data(client.recv(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            content += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        else:
            return None, b"", False
    fields = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    asked = Asked(number, head.method.decode(), head.target.decode("latin-1"), fields, content)
    kept = fields.get("connection", "").lower() != "close" and head.http_version != b"1.0"
    return asked, reader.trailing_data[0], kept


def _reset(client: socket.socket) -> None:
    """Let the close be a RST: what the client has not read yet may be lost."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def _hang_up(client: socket.socket) -> None:
    """Close so that the client hears the end, not a RST, even if it is still sending."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.settimeout(0.2)
        while client.recv(65536):
            pass
    client.close()

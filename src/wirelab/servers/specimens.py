"""Servers of every kind that answers a line with the same line in capitals, to be told apart.

Some hold one client at a time, some a few, some answer the wrong one. Each serves until its
listener is shut down. No exercise's answer is among them: they exist to be found out.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

READ = selectors.EVENT_READ


def one_at_a_time(listener: socket.socket) -> None:
    """Answer one client until it leaves, and only then look at the next."""
    while connection := _next(listener):
        _converse(connection)


def few_at_a_time(listener: socket.socket, places: int = 4) -> None:
    """Answer at most `places` clients at a time; the others wait outside, unheard."""
    free = threading.Semaphore(places)

    def work(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            _converse(connection)
        free.release()

    while connection := _next(listener):
        free.acquire()
        threading.Thread(target=work, args=(connection,), daemon=True).start()


def everybody(
    listener: socket.socket,
    *,
    told: Callable[[str, int, bytes], Any] = lambda what, n, line: None,
    answer: Callable[[int, bytes], bytes] = lambda n, line: line.upper(),
    pieces: int = 1,
    to: Callable[[int, int], int] = lambda n, count: n,
    skips: frozenset[int] = frozenset(),
    leaves: frozenset[int] = frozenset(),
) -> None:
    """Answer every client, or fail in one chosen way.

    `told(what, n, line)` hears of everything: "open", "line", "end" of client `n`. `answer` makes
    the answer, sent in so many `pieces` to client `to(n, count)`. Clients in `skips` hear nothing,
    those in `leaves` are hung up on when they ask.
    """
    clients: list[socket.socket] = []
    with selectors.DefaultSelector() as waiting:
        waiting.register(listener, READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listener:
                    connection = _next(listener)
                    if connection is None:
                        _close_all(clients)
                        return
                    waiting.register(connection, READ, len(clients))
                    told("open", len(clients), b"")
                    clients.append(connection)
                    continue
                n, lines = key.data, _read(key.fileobj)
                if not lines or n in leaves:
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
                    told("end", n, b"")
                    continue
                told("line", n, lines)
                if n not in skips:
                    with contextlib.suppress(OSError):
                        _send(clients[to(n, len(clients))], answer(n, lines), pieces)


def _next(listener: socket.socket) -> socket.socket | None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _converse(connection: socket.socket) -> None:
    with connection:
        while octets := _read(connection):
            with contextlib.suppress(OSError):
                connection.sendall(octets.upper())


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _send(connection: socket.socket, octets: bytes, pieces: int) -> None:
    size = -(-len(octets) // pieces)
    for at in range(0, len(octets), size):
        connection.sendall(octets[at : at + size])


def _close_all(clients: list[socket.socket]) -> None:
    for connection in clients:
        connection.close()

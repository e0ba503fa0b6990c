"""Carries octets between sockets and machines that speak HTTP: one thread a connection.

It knows no HTTP. A machine has `receive(octets) -> bytes`, to which b"" says that the client will
send no more; `late() -> bytes`, when it has sent nothing for a while; and `closed`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

READ_BYTES = 65_536
DRAIN_S = 1.0


def serve_connections(
    listener: socket.socket, make: Callable[[], Any], idle_s: float = 5.0
) -> None:
    """Serve every connection that `listener` accepts with a machine of its own.

    Returns when `accept` raises OSError and all connections have ended. The first exception that a
    machine raised is then raised again; its connection was closed without an answer.
    """
    crashes: list[BaseException] = []
    threads: list[threading.Thread] = []
    clients: set[socket.socket] = set()

    def serve(client: socket.socket) -> None:
        with client:
            try:
                _converse(client, make(), idle_s)
            except OSError:
                pass  # the client has gone
            except Exception as error:
                crashes.append(error)
            finally:
                clients.discard(client)

    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            clients.add(client)
            thread = threading.Thread(target=serve, args=(client,), daemon=True)
            thread.start()
            threads = [each for each in threads if each.is_alive()] + [thread]
    for client in tuple(clients):
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    if crashes:
        raise crashes[0]


def _converse(client: socket.socket, machine: Any, idle_s: float) -> None:
    client.settimeout(idle_s)
    while not machine.closed:
        try:
            octets = client.recv(READ_BYTES)
        except TimeoutError:
            client.sendall(machine.late())
            break
        client.sendall(machine.receive(octets))
        if not octets:
            break
    _close_softly(client)


def _close_softly(client: socket.socket) -> None:
    """End the answer with FIN and read the rest of the question.

    Octets left unread would turn the close into a RST, which can destroy the answer on its way.
    """
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.settimeout(DRAIN_S)
        for _ in range(64):
            if not client.recv(READ_BYTES):
                return

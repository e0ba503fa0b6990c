"""Carries octets between sockets and machines that speak HTTP, all in one thread.

It knows no HTTP. A machine has `receive(octets) -> bytes`, to which b"" says that the client will
send no more; `late() -> bytes`, when it has sent nothing for a while; and `closed`.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

READ_BYTES = 65_536
DRAIN_S = 1.0
ENOUGH_BYTES = 1_000_000
"""Of answers that a client does not read; then no more of its questions are read either."""


def serve_connections(
    listener: socket.socket, make: Callable[[], Any], idle_s: float = 5.0
) -> None:
    """Serve every connection that `listener` accepts with a machine of its own.

    Returns when `accept` raises OSError; connections that are open then are closed. The first
    exception that a machine raised is raised again; its connection was closed without an answer.
    """
    with selectors.DefaultSelector() as selector:
        _Loop(selector, listener, make, idle_s).run()


class _Loop:
    def __init__(
        self,
        selector: selectors.BaseSelector,
        listener: socket.socket,
        make: Callable[[], Any],
        idle_s: float,
    ) -> None:
        self.selector, self.listener, self.make, self.idle_s = selector, listener, make, idle_s
        self.clients: set[_Client] = set()
        self.crashes: list[Exception] = []

    def run(self) -> None:
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        try:
            while self.accepts(self.wait()):
                pass
        finally:
            for client in tuple(self.clients):
                self.end(client)
        if self.crashes:
            raise self.crashes[0]

    def wait(self) -> bool:
        """Serve those that are ready or late; whether the listener is ready."""
        until = min((client.deadline for client in self.clients), default=None)
        patience = None if until is None else max(until - time.monotonic(), 0)
        ready = self.selector.select(patience)
        for key, mask in ready:
            if key.data:
                self.attend(key.data, lambda client=key.data, mask=mask: client.ready(mask))
        now = time.monotonic()
        for client in [each for each in self.clients if each.deadline <= now]:
            self.attend(client, client.late)
        return any(key.data is None for key, _ in ready)

    def accepts(self, ready: bool) -> bool:
        """Take a new connection, if there is one; False when there will be no more."""
        if ready:
            try:
                client, _ = self.listener.accept()
            except BlockingIOError:
                return True
            except OSError:
                return False
            client.setblocking(False)
            new = _Client(client, self.idle_s)
            self.clients.add(new)
            self.selector.register(client, selectors.EVENT_READ, new)
            self.attend(new, lambda: new.begin(self.make))
        return True

    def attend(self, client: _Client, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError:
            client.over = True
        except Exception as error:
            self.crashes.append(error)
            client.over = True
        if client.over:
            self.end(client)
        else:
            self.selector.modify(client.socket, client.events(), client)

    def end(self, client: _Client) -> None:
        if client in self.clients:
            self.clients.discard(client)
            self.selector.unregister(client.socket)
            client.socket.close()


class _Client:
    """One connection: what is still to be sent, and how far it is from its end."""

    def __init__(self, connection: socket.socket, idle_s: float) -> None:
        self.socket, self.idle_s = connection, idle_s
        self.machine: Any = None
        self.unsent = bytearray()
        self.ending = self.draining = self.heard_all = self.over = False
        self.deadline = time.monotonic() + idle_s

    def begin(self, make: Callable[[], Any]) -> None:
        self.machine = make()

    def events(self) -> int:
        reads = not self.heard_all and (self.draining or len(self.unsent) < ENOUGH_BYTES)
        return (selectors.EVENT_READ if reads else 0) | (
            selectors.EVENT_WRITE if self.unsent or not reads else 0
        )

    def ready(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            with contextlib.suppress(BlockingIOError):
                self.hear(self.socket.recv(READ_BYTES))
        self.send()

    def hear(self, octets: bytes) -> None:
        self.heard_all = not octets
        if self.ending:
            return  # read all the same: unread octets would turn the close into a RST
        self.deadline = time.monotonic() + self.idle_s
        self.unsent += self.machine.receive(octets)
        self.ending = bool(self.machine.closed) or self.heard_all

    def send(self) -> None:
        if self.unsent:
            with contextlib.suppress(BlockingIOError):
                del self.unsent[: self.socket.send(self.unsent)]
        if self.ending and not self.unsent and not self.draining:
            self.draining = True
            self.deadline = time.monotonic() + DRAIN_S
            self.socket.shutdown(socket.SHUT_WR)
        self.over = self.draining and self.heard_all

    def late(self) -> None:
        if self.ending:
            self.over = True
            return
        self.ending = True
        self.deadline = time.monotonic() + self.idle_s
        self.unsent += self.machine.late()
        self.send()

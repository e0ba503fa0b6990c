"""The embedded host as a peer: the calls of `Peer` and `Connection`, with a kernel's errors.

It knows the host and its virtual world, but no frame.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from wirelab.lab import addresses
from wirelab.lab.embedded_host import EmbeddedHost, Ping
from wirelab.lab.network import Connection, NeighbourRow, Peer, SocketRow, checked_pace
from wirelab.protocols.tcp import TcpConnection

if TYPE_CHECKING:
    from wirelab.lab.embedded import World

_CHUNK = 1 << 16
_ERRORS = {"reset": errno.ECONNRESET, "refused": errno.ECONNREFUSED, "timed out": errno.ETIMEDOUT}


class EmbeddedPeer(Peer):
    """The stand-in for a kernel; see `Peer`."""

    def __init__(self, host: EmbeddedHost, world: World) -> None:
        self.address, self.mac = host.address, host.mac
        self._host, self._world = host, world

    def listen(self, port: int = 0, *, backlog: int = 128, syn_cookies: bool = False) -> int:
        self._world.check_open()
        try:
            return self._host.tcp.listen(port, backlog=backlog, syn_cookies=syn_cookies)
        except ValueError as error:
            raise OSError(errno.EADDRINUSE, f"the peer's port {port} is taken already") from error

    def accept(self, port: int, timeout_s: float = 1.0) -> EmbeddedConnection | None:
        deadline = self._world.now() + timeout_s
        while True:
            try:
                accepted = self._host.tcp.accept(port)
            except ValueError as error:
                raise ValueError(f"the peer does not listen on port {port}") from error
            if accepted:
                return EmbeddedConnection(self._world, accepted)
            if not self._world.move(deadline):
                return None

    def connect(self, port: int, *, local_port: int = 0) -> EmbeddedConnection:
        self._world.check_open()
        try:
            connection = self._host.tcp.connect(
                addresses.LEARNER_ADDRESS, port, self._world.now(), local_port
            )
        except ValueError as error:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)) from error
        self._world.collect()
        return EmbeddedConnection(self._world, connection)

    def ping(self, address: str, *, data_bytes: int = 48) -> Ping:
        self._world.check_open()
        try:
            ping = self._host.ping(address, data_bytes, self._world.now())
        except ValueError as error:
            raise OSError(errno.ENETUNREACH, f"{os.strerror(errno.ENETUNREACH)}: {error}") from None
        self._world.collect()
        return ping

    def add_route(self, via: str, to: str = "0.0.0.0/0") -> None:
        self._world.check_open()
        self._host.add_route(to, via)

    def pace_neighbours(self, **numbers: float) -> None:
        self._world.check_open()
        self._host.set_pace(**checked_pace(numbers))

    def sockets(self) -> list[SocketRow]:
        self._world.check_open()
        rows = [
            SocketRow("LISTEN", self.address, listener.port, "0.0.0.0", 0)
            for listener in self._host.tcp.listeners()
        ]
        rows.extend(
            SocketRow(each.state, self.address, each.local_port, remote, each.remote_port)
            for remote, each in self._host.tcp.connections()
        )
        return rows

    def state_of(self, port: int, remote_port: int) -> str:
        return self._host.tcp.state_of(port, addresses.LEARNER_ADDRESS, remote_port)

    def neighbours(self) -> list[NeighbourRow]:
        self._world.check_open()
        return self._host.neighbours()


class EmbeddedConnection(Connection):
    """A TCP connection of the embedded host; see `Connection`."""

    def __init__(self, world: World, connection: TcpConnection) -> None:
        self.local_port, self.remote_port = connection.local_port, connection.remote_port
        self._world, self._connection = world, connection
        self._closed = self._shut = self._told = False

    @property
    def state(self) -> str:
        # An opening that was refused ends in LISTEN by the RFC; this connection is gone then.
        return self._connection.state if self._connection.state != "LISTEN" else "CLOSED"

    def send(self, data: bytes) -> None:
        self._check_open()
        self._raise_error()
        if self.state in ("SYN-SENT", "SYN-RECEIVED"):
            raise BlockingIOError(
                errno.EAGAIN, f"the peer cannot take octets now: its socket is in {self.state}"
            )
        if self._shut or self.state == "CLOSED":
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self._connection.send(bytes(data), self._world.now())
        self._world.collect()

    def receive(self, timeout_s: float = 0.0) -> bytes | None:
        self._check_open()
        deadline = self._world.now() + timeout_s
        while True:
            if self._connection.unread:
                data = self._connection.read(_CHUNK, self._world.now())
                self._world.collect()
                return data
            self._raise_error()
            if self._connection.finished or self.state == "CLOSED":
                return b""
            if not self._world.move(deadline):
                return None

    def shutdown_write(self) -> None:
        self._check_open()
        if self.state == "CLOSED":
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        self._shut = True
        self._connection.shutdown_write(self._world.now())
        self._world.collect()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.close(self._world.now())
            self._world.collect()

    def abort(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.abort(self._world.now())
            self._world.collect()

    def _check_open(self) -> None:
        self._world.check_open()
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def _raise_error(self) -> None:
        """Raise what ended the connection, once, as a socket does."""
        if self._connection.error and not self._told:
            self._told = True
            number = _ERRORS[self._connection.error]
            raise OSError(number, os.strerror(number))  # Python picks the subclass

"""The Linux kernel as a peer: real sockets, its tables, its settings, and commands run beside it.

It knows the helper process and the tables, but no frame.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import socket
import struct
import subprocess
import time

from wirelab.lab import addresses
from wirelab.lab.kernel_control import Helper
from wirelab.lab.kernel_programs import Command, KernelPing
from wirelab.lab.kernel_tables import TCP_STATES, read_neighbours, read_sockets
from wirelab.lab.network import Connection, NeighbourRow, Peer, SocketRow, checked_pace

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CLOSE_POLITELY = struct.pack("ii", 0, 0)
# kernel's names and units
_PACE = {
    "retry_s": ("retrans_time_ms", 1000),
    "reachable_s": ("base_reachable_time_ms", 1000),
    "delay_s": ("delay_first_probe_time", 1),
}


class KernelPeer(Peer):
    """The kernel of a network namespace of its own; see `Peer`.

    `sysctl`, `open_socket`, `run` and `start` exist in this kind only.
    """

    def __init__(self, helper: Helper, *, ipv6: bool = False) -> None:
        self.address, self.mac = addresses.PEER_ADDRESS, addresses.PEER_MAC
        self._helper, self._ipv6 = helper, ipv6
        self._listeners: dict[int, socket.socket] = {}
        self._sockets: set[socket.socket] = set()
        self._commands: list[Command] = []
        self._closed = False

    def listen(self, port: int = 0, *, backlog: int = 128, syn_cookies: bool = False) -> int:
        """Listen on `port`; `syn_cookies` is a setting of the host, so the last call counts."""
        # 2: answer every SYN with a cookie, not only when the queue is full.
        self.sysctl("tcp_syncookies", 2 if syn_cookies else 0)
        listener = self._tcp_socket()
        try:
            listener.bind((self.address, port))
        except OSError as error:
            self._drop(listener)
            if error.errno == errno.EADDRINUSE:
                raise OSError(error.errno, f"the peer's port {port} is taken already") from error
            raise
        listener.listen(backlog)
        chosen = listener.getsockname()[1]
        self._listeners[chosen] = listener
        return chosen

    def accept(self, port: int, timeout_s: float = 1.0) -> KernelConnection | None:
        listener = self._listeners.get(port)
        if listener is None:
            raise ValueError(f"the peer does not listen on port {port}")
        deadline = time.monotonic() + timeout_s
        while self._readable(listener, deadline - time.monotonic()):
            try:
                accepted, remote = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                continue  # it was reset while it waited
            self._adopt(accepted)
            return KernelConnection(self, accepted, remote)
        return None

    def connect(self, port: int, *, local_port: int = 0) -> KernelConnection:
        client = self._tcp_socket()
        remote = (addresses.LEARNER_ADDRESS, port)
        try:
            client.bind((self.address, local_port))
            result = client.connect_ex(remote)
            if result not in (0, errno.EINPROGRESS):
                raise OSError(result, os.strerror(result))
        except OSError:
            self._drop(client)
            raise
        return KernelConnection(self, client, remote)

    def sockets(self) -> list[SocketRow]:
        self._check_open()
        return read_sockets(self._helper.tcp_table_fd)

    def neighbours(self) -> list[NeighbourRow]:
        self._check_open()
        rows = read_neighbours(self._helper.netlink_fd)
        if self._ipv6:
            rows += read_neighbours(self._helper.netlink_fd, socket.AF_INET6)
        return rows

    def ping(self, address: str, *, data_bytes: int = 48) -> KernelPing:
        return KernelPing(self, address, data_bytes)

    def add_route(self, via: str, to: str = "0.0.0.0/0") -> None:
        self._check_open()
        network = ipaddress.IPv4Network(to)
        self._helper.ask("route", str(network.network_address), network.prefixlen, via)

    def pace_neighbours(self, **numbers: float) -> None:
        checked_pace(numbers)
        for version in ("ipv4", "ipv6") if self._ipv6 else ("ipv4",):
            for name, value in numbers.items():
                setting, per_s = _PACE[name]
                self.sysctl(f"net.{version}.neigh.eth0.{setting}", round(value * per_s))

    def sysctl(self, name: str, value: int | str | None = None) -> str:
        """Read a setting of the peer, after setting it if `value` is given.

        `name` is short for IPv4's (`tcp_syn_retries`) or full (`net.ipv4.ip_forward`). Raises
        OSError if the kernel has no such setting or refuses the value.
        """
        self._check_open()
        full = name if name.startswith("net.") else f"net.ipv4.{name}"
        path = full.replace(".", "/")
        try:
            return self._helper.ask("sysctl", path, None if value is None else str(value))[0]
        except ConnectionError:
            raise
        except OSError as error:
            raise OSError(error.errno, f"sysctl {full}: {error.strerror}") from error

    def open_socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a kernel socket of the peer, for what `listen` and `connect` do not do."""
        self._check_open()
        _, descriptors = self._helper.ask("socket", int(family), int(kind), protocol)
        made = socket.socket(fileno=descriptors[0])
        self._sockets.add(made)
        return made

    def start(self, *command: str) -> Command:
        """Start a program in the peer (`ping`, `ss`, ...) and return at once.

        Raises FileNotFoundError if the machine has no such program.
        """
        self._check_open()
        try:
            pid, pipes = self._helper.ask("start", command)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                error.errno, f"this machine has no command {command[0]!r}: install it"
            ) from error
        started = Command(self._helper, command, pid, pipes)
        self._commands.append(started)
        return started

    def run(self, *command: str, timeout_s: float = 10.0) -> subprocess.CompletedProcess:
        """Run a program in the peer to its end: `net.peer.run("ss", "-tan").stdout`.

        Raises FileNotFoundError if the machine lacks it, TimeoutError if it does not end in time.
        """
        return self.start(*command).finish(timeout_s)

    def _tcp_socket(self) -> socket.socket:
        made = self.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return self._prepare(made)

    def _prepare(self, made: socket.socket) -> socket.socket:
        # If the notebook is killed, its sockets must end at once: one that still said goodbye
        # would hold the namespace for minutes. `KernelConnection.close` takes this back.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        made.setblocking(False)
        return made

    def _adopt(self, accepted: socket.socket) -> None:
        self._sockets.add(self._prepare(accepted))

    def _readable(self, owned: socket.socket, timeout_s: float) -> bool:
        poll = select.poll()  # select() fails above 1023 descriptors
        poll.register(owned, select.POLLIN)
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            pause = self.departures.depart(left) if self.departures else left
            if poll.poll(pause * 1000):
                return True
            if left <= 0:
                return False

    def _drop(self, owned: socket.socket) -> None:
        owned.close()
        self._sockets.discard(owned)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this network is closed: make a new one")

    def _close(self) -> None:
        self._closed = True
        for owned in self._sockets:
            owned.close()
        self._sockets.clear()
        self._listeners.clear()
        for command in self._commands:
            command._close_pipes()


class KernelConnection(Connection):
    """A real TCP socket of the peer; see `Connection`."""

    def __init__(self, peer: KernelPeer, owned: socket.socket, remote: tuple[str, int]) -> None:
        self._peer, self._socket = peer, owned
        self.local_port = owned.getsockname()[1]
        self.remote_port = remote[1]

    @property
    def state(self) -> str:
        if self._socket.fileno() >= 0:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
            if TCP_STATES[info[0]] != "CLOSED":
                return TCP_STATES[info[0]]
        # TIME-WAIT, and all that follows close(), is known to the table only.
        state = self._peer.state_of(self.local_port, self.remote_port)
        return "CLOSED" if state == "LISTEN" else state  # a listener is no connection

    def send(self, data: bytes) -> None:
        try:
            taken = self._socket.send(data)
        except BlockingIOError as error:
            raise BlockingIOError(
                error.errno, f"the peer cannot take octets now: its socket is in {self.state}"
            ) from error
        if taken < len(data):
            raise BlockingIOError(
                errno.EAGAIN, f"the peer's send buffer is full; it took {taken} of {len(data)}"
            )

    def receive(self, timeout_s: float = 0.0) -> bytes | None:
        if not self._peer._readable(self._socket, timeout_s):
            return None
        try:
            return self._socket.recv(1 << 16)
        except BlockingIOError:
            return None

    def shutdown_write(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_POLITELY)
        self._peer._drop(self._socket)

    def abort(self) -> None:
        self._peer._drop(self._socket)  # SO_LINGER has been set for this from the start

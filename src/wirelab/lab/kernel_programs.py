"""What runs in the kernel peer beside its TCP sockets: echo requests, and programs.

It knows the helper process, but no frame.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import select
import socket
import struct
import subprocess
import time
from typing import TYPE_CHECKING

from wirelab.lab.kernel_control import Helper
from wirelab.lab.kernel_namespace import SO_TIMESTAMPNS

if TYPE_CHECKING:
    from wirelab.lab.kernel_peer import KernelPeer

_ECHO = {4: (socket.AF_INET, 1, 8), 6: (socket.AF_INET6, 58, 128)}
"""IP version -> address family, protocol, type of an echo request (RFC 792, RFC 4443)."""


class KernelPing:
    """One echo request; the kernel itself fills in identifier and checksum. See `Ping`."""

    def __init__(self, peer: KernelPeer, address: str, data_bytes: int) -> None:
        self.address = str(ipaddress.ip_address(address))
        family, protocol, kind = _ECHO[ipaddress.ip_address(address).version]
        self._socket = peer.open_socket(family, socket.SOCK_DGRAM, protocol)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        data = bytes(octet & 0xFF for octet in range(data_bytes))
        self._sent_wall_s, self._answered_s = time.time(), None
        try:
            self._socket.sendto(struct.pack("!BBHHH", kind, 0, 0, 0, 1) + data, (self.address, 0))
        except OSError:
            self._socket.close()
            raise

    @property
    def answered_s(self) -> float | None:
        """The round trip in seconds, or None as long as there is no reply."""
        if self._answered_s is None and self._socket.fileno() >= 0:
            with contextlib.suppress(OSError):  # nothing yet, or "host unreachable"
                _, ancillary, _, _ = self._socket.recvmsg(1 << 16, 256)
                stamps = [
                    struct.unpack_from("@ll", octets)
                    for level, kind, octets in ancillary
                    if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)
                ]
                came_s = stamps[0][0] + stamps[0][1] / 1e9 if stamps else time.time()
                self._answered_s = max(0.0, came_s - self._sent_wall_s)
        return self._answered_s


class Command:
    """A program that runs in the peer."""

    def __init__(self, helper: Helper, command: tuple[str, ...], pid: int, pipes: list[int]):
        self._helper, self._command, self.pid = helper, command, pid
        self._pipes = [os.fdopen(pipe, "rb", buffering=0) for pipe in pipes]

    def finish(self, timeout_s: float = 10.0) -> subprocess.CompletedProcess:
        """Wait for its end; return status and what it wrote, as text.

        Raises TimeoutError, and kills it, if it does not end in time.
        """
        deadline = time.monotonic() + timeout_s
        written = {pipe: bytearray() for pipe in self._pipes}
        still_open = set(self._pipes)
        status = None
        try:
            while still_open and (left := deadline - time.monotonic()) > 0:
                for pipe in select.select(list(still_open), [], [], left)[0]:
                    if chunk := pipe.read(1 << 16):
                        written[pipe] += chunk
                    else:
                        still_open.discard(pipe)
            if not still_open:
                left = max(0.0, deadline - time.monotonic())
                status, _ = self._helper.ask("wait", self.pid, left)
        finally:
            if status is None:
                self.kill()
        if status is None:
            raise TimeoutError(f"{' '.join(self._command)} did not end within {timeout_s:g} s")
        self._close_pipes()
        out, err = (bytes(octets).decode(errors="replace") for octets in written.values())
        return subprocess.CompletedProcess(list(self._command), status, out, err)

    def kill(self) -> None:
        """End it now."""
        self._close_pipes()
        with contextlib.suppress(ConnectionError):
            self._helper.ask("kill", self.pid)

    def _close_pipes(self) -> None:
        for pipe in self._pipes:
            pipe.close()

"""Messages between the processes of a worker: JSON values and descriptors over a socket.

It knows nothing of what they say. Reading from a learner's process is bounded.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

MAX_BYTES = 64 << 20
_SIZE = struct.Struct("<I")
_ROOM = socket.CMSG_LEN(4 * array.array("i").itemsize) if os.name == "posix" else 0
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def send(connected: socket.socket, value: Any, descriptors: Sequence[int] = ()) -> None:
    """Send one message; raises OSError if the other side is gone."""
    octets = json.dumps(value).encode("utf-8", "surrogatepass")
    octets = _SIZE.pack(len(octets)) + octets
    if descriptors:
        sent = socket.send_fds(connected, [octets[:4096]], list(descriptors))
        octets = octets[sent:]
    connected.sendall(octets)


class Inbox:
    """Collects the messages that come in on a socket, as far as they have come."""

    def __init__(self, connected: socket.socket, most: int = MAX_BYTES):
        self.socket, self._most = connected, most
        self._octets = bytearray()
        self.descriptors: list[int] = []

    def take(self) -> Any:
        """Read what is there; one whole message, or `None` if it is not whole yet.

        Raises EOFError at the end, ValueError for what is no message.
        """
        if (value := self._whole()) is not None:
            return value
        octets, ancillary, _, _ = self.socket.recvmsg(1 << 20, _ROOM, _CLOEXEC)
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                found = array.array("i")
                found.frombytes(data[: len(data) - len(data) % found.itemsize])
                self.descriptors += found
        if not octets:
            raise EOFError
        self._octets += octets
        return self._whole()

    def _whole(self) -> Any:
        if len(self._octets) < _SIZE.size:
            return None
        (size,) = _SIZE.unpack_from(self._octets)
        if size > self._most:
            raise ValueError("a message too large")
        end = _SIZE.size + size
        if len(self._octets) < end:
            return None
        octets = bytes(self._octets[_SIZE.size : end])
        del self._octets[:end]
        try:
            return json.loads(octets)
        except RecursionError:
            raise ValueError("a message nested too deep") from None

    def wait(self) -> Any:
        """One whole message, however long it takes."""
        while (value := self.take()) is None:
            pass
        return value

    def close_descriptors(self) -> None:
        """Close what came and nobody took."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()

"""Frames over one socket: written whole, read whole, with the sockets that go along.

It knows how a frame travels, and nothing of what it holds.
"""

from __future__ import annotations

import array
import contextlib
import itertools
import os
import socket
import struct
from collections.abc import Sequence

from wirelab.grading.examiner.decode import Breach
from wirelab.grading.examiner.encode import Encoder
from wirelab.grading.examiner.kinds import MAX_DESCRIPTORS, MAX_FRAME

_HEAD = struct.Struct("<IIcB")
QUESTION, ANSWER = b"Q", b"A"
ROOM = socket.CMSG_LEN(MAX_DESCRIPTORS * array.array("i").itemsize) if os.name == "posix" else 0
CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Ended(Exception):
    """The other end of a channel is gone."""


class Channel:
    """One socket of one thread."""

    def __init__(self, connected: socket.socket):
        self.socket = connected
        self.numbers = itertools.count(1)
        self._rest = b""
        self._descriptors: list[int] = []

    def send(self, kind: bytes, number: int, frame: Encoder) -> None:
        """Write a frame; raises `Ended`, or `ValueError` if it is too large."""
        if len(frame.out) > MAX_FRAME:
            raise ValueError("a value is too large to be passed")
        if len(frame.descriptors) > MAX_DESCRIPTORS:
            raise ValueError("too many sockets to be passed")
        octets = _HEAD.pack(len(frame.out), number & 0xFFFFFFFF, kind, len(frame.descriptors))
        octets += frame.out
        try:
            if frame.descriptors:
                sent = socket.send_fds(self.socket, [octets[:4096]], frame.descriptors)
                octets = octets[sent:]
            self.socket.sendall(octets)
        except OSError:
            raise Ended from None

    def receive(self) -> tuple[bytes, int, bytes, list[int]]:
        """Read a frame: its kind, number, octets and descriptors; raises `Ended` or `Breach`."""
        rest = self._rest
        while len(rest) < _HEAD.size:
            rest += self._some()
        size, number, kind, count = _HEAD.unpack_from(rest)
        if size > MAX_FRAME or count > MAX_DESCRIPTORS:
            raise Breach("a frame that is not in order")
        end = _HEAD.size + size
        if len(rest) < end:
            parts = bytearray(rest)
            while len(parts) < end:
                parts += self._some()
            rest = bytes(parts)
        self._rest = rest[end:]
        if count > len(self._descriptors):
            raise Breach("a frame without its descriptors")
        mine, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        return kind, number, rest[_HEAD.size : end], mine

    def _some(self) -> bytes:
        try:
            octets, ancillary, flags, _ = self.socket.recvmsg(1 << 16, ROOM, CLOEXEC)
        except OSError:
            raise Ended from None
        if not octets:
            raise Ended
        if ancillary:
            self._descriptors += descriptors_in(ancillary)
            if flags & socket.MSG_CTRUNC or len(self._descriptors) > 4 * MAX_DESCRIPTORS:
                close_all(self._descriptors)
                self._descriptors = []
                raise Breach("too many descriptors")
        return octets


def descriptors_in(ancillary: Sequence[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, octets in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(octets[: len(octets) - len(octets) % found.itemsize])
    return list(found)


def close_all(descriptors: Sequence[int]) -> None:
    """Close descriptors that nobody wants; what is closed already is no error."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)

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
        try:
            octets, ancillary, flags, _ = self.socket.recvmsg(65536, ROOM, CLOEXEC)
        except OSError:
            raise Ended from None
        if not octets:
            raise Ended
        descriptors: list[int] = descriptors_in(ancillary) if ancillary else []
        try:
            while len(octets) < _HEAD.size:
                octets += self._more(_HEAD.size - len(octets))
            size, number, kind, count = _HEAD.unpack_from(octets)
            if size > MAX_FRAME or count != len(descriptors) or flags & socket.MSG_CTRUNC:
                raise Breach("a frame that is not in order")
            missing = size + _HEAD.size - len(octets)
            if missing < 0:
                raise Breach("more than one frame at a time")
            body = octets[_HEAD.size :]
            return kind, number, body + self._more(missing) if missing else body, descriptors
        except BaseException:
            close_all(descriptors)
            raise

    def _more(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self.socket.recv(min(size - len(parts), 1 << 20))
            except OSError:
                raise Ended from None
            if not part:
                raise Ended
            parts += part
        return bytes(parts)


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

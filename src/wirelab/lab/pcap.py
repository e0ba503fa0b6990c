"""Captures: frames in a pcap file, for Wireshark and tshark.

It knows links and records, but no kind of network. Source: draft-ietf-opsawg-pcap.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from wirelab.lab.network import Clock, Link
from wirelab.lab.trace import Record

_MAGIC_MICROSECONDS = 0xA1B2C3D4
_LINKTYPE_ETHERNET = 1
_SNAPLEN = 65535


class PcapWriter:
    """A link around `link` that writes what crosses it into the file `path` as it goes.

    Times in the file are the clock's, so a capture starts near 0 s (1 January 1970) and equal
    runs on a virtual clock give equal files. A context manager; closing it leaves the link open.
    """

    def __init__(self, link: Link, path: str | os.PathLike, clock: Clock) -> None:
        self._link, self._clock = link, clock
        self._file = open(path, "wb")  # noqa: SIM115 - open as long as the link is in use
        self._file.write(_file_header())

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire and into the file."""
        time_s = self._clock.now()
        self._link.send(frame)
        self._file.write(_packet(time_s, frame))

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, now in the file too, or None when none came in time."""
        frame = self._link.receive(timeout_s)
        if frame is not None:
            self._file.write(_packet(self._clock.now(), frame))
        return frame

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> PcapWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_pcap(path: str | os.PathLike, records: Iterable[Record]) -> int:
    """Write records as a capture at the learner's end would show them; return how many.

    What the peer sent and was lost on the way is not in it; what the learner sent is.
    """
    kept = [record for record in records if record.sent or record.fate != "lost"]
    with open(path, "wb") as file:
        file.write(_file_header())
        for record in kept:
            file.write(_packet(record.time_s, record.frame))
    return len(kept)


def _file_header() -> bytes:
    return struct.pack("<IHHiIII", _MAGIC_MICROSECONDS, 2, 4, 0, 0, _SNAPLEN, _LINKTYPE_ETHERNET)


def _packet(time_s: float, frame: bytes) -> bytes:
    seconds, microseconds = divmod(round(time_s * 1_000_000), 1_000_000)
    return struct.pack("<IIII", seconds, microseconds, len(frame), len(frame)) + frame

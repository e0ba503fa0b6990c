"""A TCP segment as a value: what the learner's code takes and gives.

It knows neither octets (see `codec`) nor any state machine.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Flag(enum.IntFlag):
    """The eight control bits of a TCP header, by value on the wire (RFC 9293 section 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80

    def names(self) -> str:
        """Name the bits that are set, in the order people say them: `SYN, ACK`."""
        said = (Flag.SYN, Flag.FIN, Flag.RST, Flag.PSH, Flag.URG, Flag.ACK, Flag.ECE, Flag.CWR)
        return ", ".join(flag.name for flag in said if flag in self) or "none"


NO_FLAGS = Flag(0)
SYN, ACK, FIN, RST, PSH = Flag.SYN, Flag.ACK, Flag.FIN, Flag.RST, Flag.PSH


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One TCP segment (RFC 9293 section 3.1).

    `seq` and `ack` are integers modulo 2**32; `window` is the 16-bit field as sent, unscaled;
    `options` is a tuple of `(kind, value)` pairs, `value` being the octets after the length
    octet, without the padding kinds 0 and 1.
    """

    source_port: int
    destination_port: int
    seq: int
    ack: int = 0
    flags: Flag = NO_FLAGS
    window: int = 65535
    options: tuple[tuple[int, bytes], ...] = ()
    data: bytes = b""

    def __str__(self) -> str:
        parts = [Flag(self.flags).names(), f"seq={self.seq}"]
        if self.flags & Flag.ACK:
            parts.append(f"ack={self.ack}")
        if self.data:
            parts.append(f"{len(self.data)} octets")
        return " ".join(parts)

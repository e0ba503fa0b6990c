"""The TCP options that the endpoint offers and agrees on, as Linux does.

It knows the layout of these four options and no states.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wirelab.protocols.segment import Segment
from wirelab.protocols.tcp_settings import Settings

MSS, WINDOW_SCALE, SACK_PERMITTED, TIMESTAMPS = 2, 3, 4, 8
#: RFC 9293 section 3.7.1: what a SYN without the option means, over IPv4.
DEFAULT_MSS = 536
#: RFC 7323 section 2.3: a larger shift count is taken for 14.
MAX_SHIFT = 14


@dataclass
class Agreement:
    """What the two SYNs agreed on; made from what the remote end's SYN offered."""

    mss: int = DEFAULT_MSS
    sack: bool = False
    send_shift: int | None = None
    timestamps: bool = False
    recent_timestamp: int = 0

    @classmethod
    def offered(cls, syn: Segment) -> Agreement:
        """Read the options of a SYN; a malformed one counts as absent (RFC 9293 section 3.1)."""
        found = cls()
        for kind, value in syn.options:
            if kind == MSS and len(value) == 2:
                found.mss = max(int.from_bytes(value, "big"), 1)
            elif kind == SACK_PERMITTED and not value:
                found.sack = True
            elif kind == WINDOW_SCALE and len(value) == 1:
                found.send_shift = min(value[0], MAX_SHIFT)
            elif kind == TIMESTAMPS and len(value) == 8:
                found.timestamps = True
                found.recent_timestamp = int.from_bytes(value[:4], "big")
        return found

    def on_syn(self, settings: Settings, timestamp: int) -> tuple[tuple[int, bytes], ...]:
        """Return the options of our SYN or SYN-ACK: MSS, and those that are agreed on."""
        options = [(MSS, settings.mss.to_bytes(2, "big"))]
        if self.sack:
            options.append((SACK_PERMITTED, b""))
        options.extend(self.on_others(timestamp))
        if self.send_shift is not None:
            options.append((WINDOW_SCALE, bytes([settings.window_scale])))
        return tuple(options)

    def on_others(self, timestamp: int) -> tuple[tuple[int, bytes], ...]:
        """Return the options of our segments after the SYN (RFC 7323 section 3.2)."""
        if not self.timestamps:
            return ()
        return ((TIMESTAMPS, struct.pack("!II", timestamp % 2**32, self.recent_timestamp)),)

    def note(self, segment: Segment) -> None:
        """Remember the timestamp of an accepted segment, to echo it (RFC 7323 section 4.3)."""
        for kind, value in segment.options if self.timestamps else ():
            if kind == TIMESTAMPS and len(value) == 8:
                self.recent_timestamp = int.from_bytes(value[:4], "big")


def everything() -> Agreement:
    """Return what an active opener offers before it knows the other side."""
    return Agreement(sack=True, send_shift=0, timestamps=True)

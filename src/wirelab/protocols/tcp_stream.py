"""The two byte streams of a TCP connection: what to send next, and what has come in order.

They know sequence numbers and octets, but neither states nor timers.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirelab.protocols.segment import Flag, Segment
from wirelab.protocols.seq import after, before, later, offset, plus


def sequence_length(segment: Segment) -> int:
    """Return SEG.LEN: octets of data, and one each for SYN and FIN (RFC 9293 section 3.4)."""
    return len(segment.data) + bool(segment.flags & Flag.SYN) + bool(segment.flags & Flag.FIN)


def sequence_end(segment: Segment) -> int:
    """Return the sequence number after the segment."""
    return plus(segment.seq, sequence_length(segment))


@dataclass(frozen=True)
class Piece:
    """Octets for one segment; `fin` if the FIN goes with them, `push` if they end what was sent."""

    seq: int
    data: bytes
    fin: bool
    push: bool


class SendStream:
    """Octets on their way out (RFC 9293 section 3.3.1, figure 3). No congestion control.

    `una` and `nxt` are SND.UNA and SND.NXT, `window` is SND.WND.
    """

    def __init__(self, iss: int) -> None:
        self.iss = self.una = self.nxt = iss
        self.window = self.greatest_window = 0
        self.mss = 0
        self.fin_wanted = False
        self._start = plus(iss, 1)
        self._octets = bytearray()
        self._updated_by: tuple[int, int] | None = None

    @property
    def outstanding(self) -> bool:
        """Whether something sent is not acknowledged yet."""
        return self.una != self.nxt

    @property
    def unsent(self) -> int:
        """How many octets have never been sent."""
        return max(len(self._octets) - offset(self.nxt, self._start), 0)

    @property
    def end(self) -> int:
        """The sequence number after the last octet; the FIN's, if there is one."""
        return plus(self._start, len(self._octets))

    @property
    def fin_sent(self) -> bool:
        return self.fin_wanted and after(self.nxt, self.end)

    @property
    def fin_acknowledged(self) -> bool:
        return self.fin_wanted and after(self.una, self.end)

    def write(self, data: bytes) -> None:
        """Take octets to send."""
        self._octets += data

    def acknowledge(self, ack: int) -> None:
        """Move SND.UNA on; the caller has checked the acknowledgment."""
        self.una = ack
        done = min(max(offset(ack, self._start), 0), len(self._octets))
        del self._octets[:done]
        self._start = plus(self._start, done)

    def update_window(self, segment: Segment, window: int) -> None:
        """Take the window from a segment that is not older than the last one that gave it.

        RFC 9293 section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =<
        SEG.ACK)), set SND.WND <- SEG.WND".
        """
        if self._updated_by is not None:
            seq, ack = self._updated_by
            if before(segment.seq, seq) or (segment.seq == seq and before(segment.ack, ack)):
                return
        self._updated_by = (segment.seq, segment.ack)
        self.window = window
        self.greatest_window = max(self.greatest_window, window)

    def next_piece(self) -> Piece | None:
        """Return what may be sent now and move SND.NXT over it; None if nothing may."""
        unsent = self.unsent
        usable = max(offset(plus(self.una, self.window), self.nxt), 0)
        size = min(unsent, usable, self.mss)
        last = size == unsent
        if size == 0 and not (last and self.fin_wanted and not self.fin_sent):
            return None
        # Nagle, RFC 9293 section 3.7.4: "If there is unacknowledged data (i.e., SND.NXT >
        # SND.UNA), then the sending TCP endpoint buffers all user data (regardless of the PSH
        # bit) until the outstanding data has been acknowledged or until the TCP endpoint can
        # send a full-sized segment". Nothing can follow a FIN, so nothing waits for it.
        if size < self.mss and self.outstanding and not self.fin_wanted:
            return None
        piece = self._piece(self.nxt, size)
        self.nxt = plus(self.nxt, size + piece.fin)
        return piece

    def first_piece(self) -> Piece:
        """Return what stands at SND.UNA, to be sent again; the FIN joins it if it fits."""
        seq = later(self.una, self._start)
        sent = min(offset(self.nxt, seq), len(self._octets))
        return self._piece(seq, min(sent, self.mss))

    def _piece(self, seq: int, size: int) -> Piece:
        at = offset(seq, self._start)
        whole = at + size == len(self._octets)
        return Piece(
            seq,
            bytes(self._octets[at : at + size]),
            fin=self.fin_wanted and whole,
            push=size > 0 and whole,
        )


class ReceiveStream:
    """Octets on their way in: put in order, held until they are read. `nxt` is RCV.NXT."""

    def __init__(self, irs: int, buffer: int) -> None:
        self.irs = irs
        self.nxt = plus(irs, 1)
        self.finished = False
        self.unread = bytearray()
        self._buffer = buffer
        self._ahead: dict[int, tuple[bytes, bool]] = {}

    @property
    def window(self) -> int:
        """RCV.WND: how many octets there is room for."""
        return max(self._buffer - len(self.unread), 0)

    def acceptable(self, segment: Segment) -> bool:
        """Check the sequence number by RFC 9293 section 3.10.7.4, table 6."""
        length, window = sequence_length(segment), self.window
        if not window:
            return not length and segment.seq == self.nxt
        first = offset(segment.seq, self.nxt)
        return 0 <= first < window or (length > 0 and 0 <= first + length - 1 < window)

    def nearly_acceptable(self, segment: Segment) -> bool:
        """Check it as Linux does on an open connection, a little wider than the table.

        It also takes a segment that ends at RCV.NXT or begins at the window's right edge:
        nothing in it is new, but its acknowledgment counts, as when a FIN is repeated.
        """
        edge = plus(self.nxt, self.window)
        return not before(sequence_end(segment), self.nxt) and not after(segment.seq, edge)

    def take(self, segment: Segment) -> bool:
        """Take the segment's text, in order or not; return whether RCV.NXT has passed a FIN."""
        fin = bool(segment.flags & Flag.FIN)
        self._ahead[segment.seq] = max(
            (segment.data, fin), self._ahead.get(segment.seq, (b"", False)), key=_extent
        )
        while (seq := self._ready()) is not None and not self.finished:
            data, fin = self._ahead.pop(seq)
            new = data[offset(self.nxt, seq) :]
            fits = new[: self.window]
            self.unread += fits
            self.nxt = plus(self.nxt, len(fits))
            if fin and fits == new and not before(plus(seq, len(data)), self.nxt):
                self.nxt = plus(self.nxt, 1)
                self.finished = True
        return self.finished

    def would_finish(self, segment: Segment) -> bool:
        """Say whether the segment carries a FIN that is next, or next after its own text."""
        return bool(segment.flags & Flag.FIN) and not after(segment.seq, self.nxt)

    def read(self, limit: int) -> bytes:
        """Return up to `limit` octets and forget them."""
        data = bytes(self.unread[:limit])
        del self.unread[:limit]
        return data

    def _ready(self) -> int | None:
        for seq in self._ahead:
            if not after(seq, self.nxt):
                return seq
        return None


def _extent(held: tuple[bytes, bool]) -> int:
    return len(held[0]) + held[1]

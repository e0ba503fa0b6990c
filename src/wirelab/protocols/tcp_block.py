"""A TCP connection's state, timers and ways to send: what arrivals and calls work with.

Its next state is always looked up in `tcp_table`. It knows no addresses, no octets on the wire
and no clock.
"""

from __future__ import annotations

from collections.abc import Callable

from wirelab.protocols import tcp_table as t
from wirelab.protocols.segment import ACK, FIN, NO_FLAGS, PSH, RST, SYN, Flag, Segment
from wirelab.protocols.seq import plus
from wirelab.protocols.table import Transition
from wirelab.protocols.tcp_options import everything
from wirelab.protocols.tcp_settings import Settings, Timeout
from wirelab.protocols.tcp_stream import ReceiveStream, SendStream, sequence_end, sequence_length


def reset_for(cause: Segment) -> Segment:
    """Return the RST that its sender will believe (RFC 9293 section 3.10.7.1).

    "If the ACK bit is off, sequence number zero is used, <SEQ=0><ACK=SEG.SEQ+SEG.LEN>
    <CTL=RST,ACK>. If the ACK bit is on, <SEQ=SEG.ACK><CTL=RST>."
    """
    ports = {"source_port": cause.destination_port, "destination_port": cause.source_port}
    if cause.flags & ACK:
        return Segment(**ports, seq=cause.ack, flags=RST, window=0)
    return Segment(**ports, seq=0, ack=sequence_end(cause), flags=RST | ACK, window=0)


class ControlBlock:
    """The transmission control block of RFC 9293 section 3.3.1; segments go to `emit`.

    `error` is None, "reset", "refused" or "timed out".
    """

    def __init__(
        self,
        *,
        local_port: int,
        remote_port: int,
        iss: int,
        settings: Settings,
        emit: Callable[[Segment], None],
        may_establish: Callable[[], bool] = lambda: True,
        timestamp_base: int = 0,
        only_mss: bool = False,
        watch: Callable[[Transition], None] = lambda row: None,
    ) -> None:
        self.local_port, self.remote_port = local_port, remote_port
        self.settings = settings
        self.state = t.CLOSED
        self.passive = False
        self.error: str | None = None
        self.wanted = True  # somebody may still read from it
        self._emit, self._may_establish, self._watch = emit, may_establish, watch
        self._timestamp_base = timestamp_base
        self._only_mss = only_mss  # a cookie has no room for other options
        self._out = SendStream(iss)
        self._in = ReceiveStream(0, settings.receive_buffer)
        self._agreed = everything()
        self._rto = Timeout(settings)
        self._now_s = 0.0
        self._deadlines: dict[str, float] = {}
        self._retries = 0
        self._timed: tuple[int, float] | None = None
        self._last_answer_s: float | None = None
        self._advertised = settings.receive_buffer

    def _answer_sparingly(self, event: str, cause: Segment | None = None) -> bool:
        """Take a step that answers what proves nothing, but not too often (RFC 5961 section 7).

        Like Linux, a segment with text or FIN is always answered.
        """
        carries = cause and sequence_length(cause) and not cause.flags & SYN
        if not carries:
            last_s, pause_s = self._last_answer_s, self.settings.invalid_ratelimit_s
            if last_s is not None and self._now_s - last_s < pause_s:
                return False
            self._last_answer_s = self._now_s
        self._step(event, cause)
        return True

    def _step(self, event: str, cause: Segment | None = None) -> None:
        """Take the row for this state and event: go to its next state and send what it says."""
        row = t.row_for(self.state, event)
        arriving, self.state = row.next_state != self.state, row.next_state
        self._watch(row)
        if arriving:
            self._entered()
        SENDERS[row.sends](self, cause)

    def _entered(self) -> None:
        if self.state in (t.CLOSED, t.LISTEN):
            self._deadlines.clear()
        elif self.state == t.TIME_WAIT:
            self._wait_two_msl()
        elif self.state == t.FIN_WAIT_2 and not self.wanted:
            self._deadlines[t.ORPHAN_TIMEOUT] = self._now_s + self.settings.fin_timeout_s

    def _wait_two_msl(self) -> None:
        self._deadlines = {t.TWO_MSL: self._now_s + 2 * self.settings.msl_s}

    def _arm(self) -> None:
        """Set the retransmission timer if something is outstanding, else a probe if one is due."""
        self._deadlines.pop(t.RETRANSMIT, None)
        self._deadlines.pop(t.PROBE, None)
        if self._out.outstanding:
            self._deadlines[t.RETRANSMIT] = self._now_s + self._rto.seconds
        elif self._out.unsent and self.state in t.SENDING:
            self._deadlines[t.PROBE] = self._now_s + self._rto.seconds

    # What a row's `sends` means.

    def _send_syn(self, _: Segment | None = None) -> None:
        options = self._agreed.on_syn(self.settings, self._timestamp())
        self._transmit(SYN, self._out.iss, options=options, window=self.settings.receive_buffer)

    def _send_syn_ack(self, _: Segment | None = None) -> None:
        options = self._agreed.on_syn(self.settings, self._timestamp())
        window = min(self._in.window, 65535)
        self._transmit(SYN | ACK, self._out.iss, options=options, window=window)

    def _send_ack(self, _: Segment | None = None) -> None:
        self._transmit(ACK, self._out.nxt)

    def _send_fin(self, _: Segment | None = None) -> None:
        if self._out.fin_wanted:
            self._send_again()
        else:
            self._out.fin_wanted = True
            self._push()

    def _send_again(self, _: Segment | None = None) -> None:
        piece = self._out.first_piece()
        flags = ACK | (PSH if piece.push else NO_FLAGS) | (FIN if piece.fin else NO_FLAGS)
        self._transmit(flags, piece.seq, data=piece.data)

    def _send_reset(self, cause: Segment | None = None) -> None:
        if cause is None:
            self._transmit(RST | ACK, self._out.nxt)  # Linux adds the ACK to section 3.10.5
        else:
            self._emit(reset_for(cause))

    def _send_probe(self, _: Segment | None = None) -> None:
        """Ask for the window with an octet that is acknowledged already, as Linux does."""
        self._transmit(ACK, plus(self._out.una, -1))
        self._rto.back_off()
        self._arm()

    def _push(self) -> None:
        """Send what may be sent now."""
        if self.state not in t.SENDING:
            return
        while piece := self._out.next_piece():
            flags = ACK | (PSH if piece.push else NO_FLAGS) | (FIN if piece.fin else NO_FLAGS)
            self._transmit(flags, piece.seq, data=piece.data)
            self._timed = self._timed or (self._out.nxt, self._now_s)
            if t.RETRANSMIT not in self._deadlines:
                self._arm()
        if t.RETRANSMIT not in self._deadlines and t.PROBE not in self._deadlines:
            self._arm()

    def _timestamp(self) -> int:
        return self._timestamp_base + int(self._now_s * 1000)

    def _transmit(
        self,
        flags: Flag,
        seq: int,
        *,
        data: bytes = b"",
        options: tuple[tuple[int, bytes], ...] | None = None,
        window: int | None = None,
    ) -> None:
        if window is None:
            shift = self.settings.window_scale if self._agreed.send_shift is not None else 0
            window = min(self._in.window >> shift, 65535)
            self._advertised = window << shift
        if options is None:
            options = self._agreed.on_others(self._timestamp())
        self._emit(
            Segment(
                source_port=self.local_port,
                destination_port=self.remote_port,
                seq=seq,
                ack=self._in.nxt if flags & ACK else 0,
                flags=flags,
                window=window,
                options=options,
                data=data,
            )
        )


SENDERS: dict[str, Callable[[ControlBlock, Segment | None], None]] = {
    "": lambda connection, cause: None,
    "SYN": ControlBlock._send_syn,
    "SYN, ACK": ControlBlock._send_syn_ack,
    "ACK": ControlBlock._send_ack,
    "FIN, ACK": ControlBlock._send_fin,
    "data": ControlBlock._send_again,
    "probe": ControlBlock._send_probe,
    "RST": ControlBlock._send_reset,
    "RST, ACK": ControlBlock._send_reset,
}

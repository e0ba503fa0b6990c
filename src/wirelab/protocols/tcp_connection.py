"""One TCP connection, sans IO: calls, segments and the time go in, segments come out.

Here are the calls and the timeouts; `tcp_arrival` has the segments and `tcp_table` the
transitions. It knows no addresses (the endpoint in `tcp` does) and no clock: `now_s` is an
argument.
"""

from __future__ import annotations

from wirelab.protocols import tcp_table as t
from wirelab.protocols.segment import SYN, Segment
from wirelab.protocols.seq import plus
from wirelab.protocols.tcp_arrival import Arrivals


class TcpConnection(Arrivals):
    """One end of a connection.

    Every method that may send takes `now_s`, seconds on any clock that does not go back, and
    hands segments to `emit`. `error` is None, "reset", "refused" or "timed out".
    """

    # Calls of the user (RFC 9293 sections 3.10.1 to 3.10.5).

    def open(self, now_s: float) -> None:
        """Open actively: send a SYN."""
        self._now_s = now_s
        self._out.nxt = plus(self._out.iss, 1)
        self._timed = (self._out.nxt, now_s)
        self._step(t.ACTIVE_OPEN)
        self._arm()

    def open_by(self, syn: Segment, now_s: float, event: str = t.RECEIVE_SYN) -> None:
        """Open passively, by a SYN that has come to a listening port: answer it."""
        self._now_s, self.passive, self.state = now_s, True, t.LISTEN
        self._synchronize(syn)
        self._out.nxt = plus(self._out.iss, 1)
        self._timed = (self._out.nxt, now_s)
        self._step(event)
        self._arm()

    def open_by_cookie(self, ack: Segment, mss: int, now_s: float) -> None:
        """Open passively, by the third segment alone; its acknowledgment was a good cookie."""
        self._now_s, self.passive, self.state = now_s, True, t.LISTEN
        syn = Segment(
            source_port=ack.source_port,
            destination_port=ack.destination_port,
            seq=plus(ack.seq, -1),
            flags=SYN,
            options=((2, mss.to_bytes(2, "big")),),
        )
        self._synchronize(syn)
        self._out.nxt = plus(self._out.iss, 1)
        self._step(t.ACK_OF_COOKIE)
        self._acknowledged(ack)
        self._text_and_fin(ack)
        self._push()

    def send(self, data: bytes, now_s: float) -> None:
        """Queue octets; they go out as the window allows."""
        self._now_s = now_s
        self._out.write(data)
        self._push()

    def read(self, limit: int, now_s: float) -> bytes:
        """Return octets that have come; may send a window update."""
        self._now_s = now_s
        data = self._in.read(limit)
        # RFC 9293 section 3.8.6.2.2: tell of the window when a full segment fits again.
        shut = self._advertised < self.settings.mss <= self._in.window
        if data and shut and self.state in t.RECEIVING:
            self._send_ack()
        return data

    @property
    def unread(self) -> int:
        """How many octets wait to be read."""
        return len(self._in.unread)

    @property
    def finished(self) -> bool:
        """Whether the remote end's FIN has been received."""
        return self._in.finished

    def shutdown_write(self, now_s: float) -> None:
        """Send FIN after all that is queued; reading goes on."""
        self._now_s = now_s
        if self.state in (t.SYN_SENT, t.SYN_RECEIVED, t.ESTABLISHED, t.CLOSE_WAIT):
            self._step(t.CLOSE)

    def close(self, now_s: float) -> None:
        """Close both directions; nobody will read any more."""
        self._now_s = now_s
        if self.state == t.CLOSED or not self.wanted:
            return
        self.wanted = False
        # RFC 9293 section 3.6.1: "If such a host issues a CLOSE call while received data is
        # still pending in the TCP connection, or if new data is received after CLOSE is called,
        # its TCP implementation SHOULD send a RST to show that data was lost."
        lost = self._in.unread and self.state in t.SYNCHRONIZED
        self._step(t.CLOSE_UNREAD if lost else t.CLOSE)
        if self.state == t.FIN_WAIT_2:
            self._deadlines[t.ORPHAN_TIMEOUT] = now_s + self.settings.fin_timeout_s

    def abort(self, now_s: float) -> None:
        """Close at once, with RST where the remote end may still think it is open."""
        self._now_s = now_s
        self.wanted = False
        if self.state != t.CLOSED:
            self._step(t.ABORT)

    # Time.

    def deadline(self) -> float | None:
        """Return when `timeout` wants to be called next, or None."""
        return min(self._deadlines.values(), default=None)

    def timeout(self, now_s: float) -> None:
        """Do what is due at `now_s` (RFC 9293 section 3.10.8, RFC 6298 section 5)."""
        self._now_s = now_s
        for event, due_s in sorted(self._deadlines.items(), key=lambda item: item[1]):
            if due_s > now_s or self._deadlines.get(event) != due_s:
                continue
            del self._deadlines[event]
            if event == t.RETRANSMIT:
                self._retransmission_is_due()
            else:
                self._step(event)

    def _retransmission_is_due(self) -> None:
        if self._retries >= self._most_retries():
            self.error = "timed out"
            passive = self.passive and self.state == t.SYN_RECEIVED
            self._step(t.GIVE_UP_PASSIVE if passive else t.GIVE_UP)
            return
        self._retries += 1
        self._timed = None  # Karn: a repeated segment says nothing about the round trip
        linear = self.state == t.SYN_SENT and self._retries <= self.settings.syn_linear_timeouts
        if not linear:
            self._rto.back_off()
        self._step(t.RETRANSMIT)
        self._arm()

    def _most_retries(self) -> int:
        if self.state == t.SYN_SENT:
            return self.settings.syn_retries + self.settings.syn_linear_timeouts
        if self.state == t.SYN_RECEIVED:
            return self.settings.synack_retries
        return self.settings.retries2 if self.wanted else self.settings.orphan_retries

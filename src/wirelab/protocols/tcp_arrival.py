"""SEGMENT ARRIVES: what a TCP connection does with a segment (RFC 9293 section 3.10.7).

The order of the checks is the RFC's; where Linux does otherwise a comment says so. It decides
which event a segment is; what follows from it stands in `tcp_table`.
"""

from __future__ import annotations

from wirelab.protocols import tcp_table as t
from wirelab.protocols.segment import ACK, FIN, RST, SYN, Segment
from wirelab.protocols.seq import after, before, plus
from wirelab.protocols.tcp_block import ControlBlock
from wirelab.protocols.tcp_options import Agreement
from wirelab.protocols.tcp_stream import ReceiveStream, sequence_length


class Arrivals(ControlBlock):
    """A control block that takes segments."""

    def arrives(self, segment: Segment, now_s: float) -> None:
        """Take one segment of this connection."""
        self._now_s = now_s
        if self.state == t.SYN_SENT:
            self._in_syn_sent(segment)
        elif self.state == t.TIME_WAIT:
            self._in_time_wait(segment)
        else:
            self._in_other_states(segment)

    def is_new_syn(self, segment: Segment) -> bool:
        """Say whether a SYN that meets TIME-WAIT may open a new connection (section 3.6.1)."""
        return (
            self.state == t.TIME_WAIT
            and segment.flags & (SYN | ACK | RST) == SYN
            and after(segment.seq, self._in.nxt)
        )

    def give_way(self) -> int:
        """Leave TIME-WAIT for a new connection; return a sequence number beyond the old ones.

        RFC 9293 section 3.6.1: "it MAY accept a new SYN ... if it: (1) assigns its initial
        sequence number for the new connection to be larger than the largest sequence number it
        used on the previous connection incarnation".
        """
        self._step(t.SYN_ANEW)
        return plus(self._out.nxt, 65537)

    def _in_syn_sent(self, segment: Segment) -> None:
        flags, ack = segment.flags, segment.ack
        acceptable = after(ack, self._out.iss) and not after(ack, self._out.nxt)
        if flags & ACK and not acceptable:
            # "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set,
            # if so drop the segment and return)"
            self._step(t.RST_OUTSIDE if flags & RST else t.UNACCEPTABLE_ACK, segment)
            if not self._retries:
                # Linux repeats its SYN at once, since the first may have met an old connection.
                self._deadlines[t.RETRANSMIT] = self._now_s + self.settings.soon_s
        elif flags & RST:
            # "If the ACK was acceptable, then signal to the user 'error: connection reset' ...
            # Otherwise (no ACK), drop the segment and return."
            if flags & ACK:
                self.error = "refused"
            self._step(t.RST_OF_SYN if flags & ACK else t.RST_OUTSIDE)
        elif not flags & SYN or flags & FIN:
            self._step(t.NO_SYN)  # Linux takes no FIN beside a SYN
        elif flags & ACK:
            self._synchronize(segment)
            self._acknowledged(segment)
            self._step(t.RECEIVE_SYN_ACK)
            self._push()
        else:
            self._synchronize(segment)
            self._step(t.RECEIVE_SYN)

    def _in_time_wait(self, segment: Segment) -> None:
        flags = segment.flags
        if segment.seq == self._in.nxt and (flags & RST or not sequence_length(segment)):
            # RFC 1337 tells of the hazard; Linux takes the RST, as section 3.10.7.4 says.
            self._step(t.RECEIVE_RST if flags & RST else t.RECEIVE_ACK)
        elif flags & RST:
            self._step(t.RST_OUTSIDE)
            return
        elif flags & FIN:
            self._step(t.RECEIVE_FIN)
        else:
            self._answer_sparingly(t.OUTSIDE_WINDOW, segment)
        if self.state == t.TIME_WAIT and flags & ACK:
            self._wait_two_msl()

    def _in_other_states(self, segment: Segment) -> None:
        if not self._sequence_is_acceptable(segment):
            return
        flags = segment.flags
        if flags & RST:
            self._reset_arrives(segment)
        elif flags & SYN:
            if self.passive and self.state == t.SYN_RECEIVED:
                self._step(t.SYN_PASSIVE, segment)
            else:
                # RFC 5961: "irrespective of the sequence number, TCP endpoints MUST send a
                # 'challenge ACK'"
                self._answer_sparingly(t.SYN_IN_WINDOW, segment)
        elif not flags & ACK:
            self._step(t.NO_ACK)
        elif self._acknowledgment_is_acceptable(segment):
            self._agreed.note(segment)
            self._text_and_fin(segment)
            self._push()

    def _sequence_is_acceptable(self, segment: Segment) -> bool:
        """First, check sequence number; answer what is not acceptable."""
        flags = segment.flags & (SYN | ACK | RST | FIN)
        opening = self.state == t.SYN_RECEIVED and segment.seq == self._in.irs
        if opening and not self.passive and flags == SYN | ACK and segment.ack == self._out.nxt:
            # Figure 7: in a simultaneous open the SYN comes a second time, with the ACK.
            self._acknowledged(segment)
            self._step(t.RECEIVE_SYN_ACK)
            self._push()
            return False
        if opening and self.passive and flags == SYN:
            if self._answer_sparingly(t.SYN_REPEATED, segment):
                self._arm()
            return False
        half_open = self.passive and self.state == t.SYN_RECEIVED
        if (self._in.acceptable if half_open else self._in.nearly_acceptable)(segment):
            return True
        if not flags & RST:
            # "If an incoming segment is not acceptable, an acknowledgment should be sent in reply
            # (unless the RST bit is set, if so drop the segment and return)"
            self._answer_sparingly(t.OUTSIDE_WINDOW, segment)
        elif self.state in t.FINISHED and segment.seq == plus(self._in.nxt, -1):
            self._reset_arrives(segment)  # Linux: some senders do not count their own FIN
        else:
            self._step(t.RST_OUTSIDE)
        return False

    def _reset_arrives(self, segment: Segment) -> None:
        """Second, check the RST bit: the three checks of RFC 5961 section 3."""
        edge = plus(self._in.nxt, -1) if self.state in t.FINISHED else self._in.nxt
        if segment.seq not in (edge, self._in.nxt):
            self._answer_sparingly(t.RST_IN_WINDOW, segment)
        elif self.state != t.SYN_RECEIVED:
            self.error = "reset"
            self._step(t.RECEIVE_RST)
        elif self.passive:
            self._step(t.RST_PASSIVE)
        else:
            self.error = "reset"  # the RFC's word is "connection refused"; Linux says reset
            self._step(t.RST_ACTIVE)

    def _acknowledgment_is_acceptable(self, segment: Segment) -> bool:
        """Fifth, check the ACK field; move SND.UNA and the state on."""
        ack = segment.ack
        new = after(ack, self._out.una) and not after(ack, self._out.nxt)
        if self.state == t.SYN_RECEIVED:
            if not new:
                self._step(t.UNACCEPTABLE_ACK, segment)
                return False
            if not self._may_establish():
                self._step(t.ACK_OF_SYN_QUEUE_FULL)
                return False
            self._acknowledged(segment)
            self._step(t.RECEIVE_ACK_OF_SYN)
            return True
        # RFC 5961 section 5: acceptable only in the range of "((SND.UNA - MAX.SND.WND) =<
        # SEG.ACK =< SND.NXT)"; others "MUST be discarded and an ACK sent back".
        oldest = plus(self._out.una, -self._out.greatest_window)
        if after(ack, self._out.nxt) or before(ack, oldest):
            self._answer_sparingly(t.UNACCEPTABLE_ACK)
            return False
        had_fin = self._out.fin_acknowledged
        self._acknowledged(segment)
        if not self._out.fin_acknowledged or had_fin:
            self._step(t.RECEIVE_ACK)
        elif self.state == t.FIN_WAIT_1 and self._ends_both_ways(segment):
            pass  # "If our FIN has been ACKed (perhaps in this segment)": one step, not two
        else:
            self._step(t.ACK_OF_FIN)
        return self.state != t.CLOSED

    def _ends_both_ways(self, segment: Segment) -> bool:
        return self._in.would_finish(segment) and (self.wanted or not segment.data)

    def _text_and_fin(self, segment: Segment) -> None:
        """Seventh, process the segment text; eighth, check the FIN bit. One ACK for both."""
        if not sequence_length(segment) or self.state in (t.CLOSED, t.TIME_WAIT):
            return
        if self.state in t.FINISHED:
            old = before(segment.seq, self._in.nxt)
            self._step(t.OUTSIDE_WINDOW if old else t.TEXT_AFTER_FIN)
            return
        text_end = plus(segment.seq, len(segment.data))
        if not self.wanted and segment.data and after(text_end, self._in.nxt):
            self._step(t.TEXT_UNWANTED, segment)
            return
        finished = self._in.take(segment)
        if not finished:
            self._step(t.RECEIVE_TEXT)
        elif self.state == t.FIN_WAIT_1 and self._out.fin_acknowledged:
            self._step(t.FIN_AND_ACK_OF_FIN)
        else:
            self._step(t.RECEIVE_FIN)

    def _synchronize(self, syn: Segment) -> None:
        """Learn the other side's initial sequence number and options from its SYN."""
        self._in = ReceiveStream(syn.seq, self.settings.receive_buffer)
        self._agreed = Agreement.offered(syn)
        if self._only_mss:
            self._agreed = Agreement(mss=self._agreed.mss)
        room = self.settings.mss - (12 if self._agreed.timestamps else 0)
        self._out.mss = max(min(self._agreed.mss, room), 1)
        self._out.update_window(syn, syn.window)  # "never scaled" on a SYN: RFC 7323, 2.2

    def _acknowledged(self, segment: Segment) -> None:
        """Take an acceptable acknowledgment: SND.UNA, the window, the timer."""
        if after(segment.ack, self._out.una):
            if self._timed and not before(segment.ack, self._timed[0]):
                self._rto.measure(self._now_s - self._timed[1])
                self._timed = None
            if self.state in (t.SYN_SENT, t.SYN_RECEIVED) and self._retries:
                self._rto.fall_back()
            self._rto.relax()
            self._out.acknowledge(segment.ack)
            self._retries = 0
            self._arm()
        if not after(self._out.una, segment.ack):
            shift = 0 if segment.flags & SYN else self._agreed.send_shift or 0
            self._out.update_window(segment, segment.window << shift)

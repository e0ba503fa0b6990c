"""Planted wrong answers of `13_teardown`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import hashlib
import socket
from collections import Counter
from ipaddress import ip_address

import reference

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.segment import ACK, FIN, RST, SYN

# --- Exercise 1: states

SENDS_FIN = {"ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}
GETS_ACK = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
GETS_FIN = {"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}


def follow(
    events, *, any_ack=False, one_row=False, data=True, wraps=True, sends_fin=SENDS_FIN,
    gets_ack=GETS_ACK, gets_fin=GETS_FIN, arrives_at_once=False, reset_both=False,
):  # fmt: skip
    """Follow a conversation, wrong in one of these ways."""
    state, after_fin, seen = {"A": "ESTABLISHED", "B": "ESTABLISHED"}, {}, []

    def gets(end, segment):
        now = state[end]
        known = end in after_fin and (any_ack or segment.ack == after_fin[end])
        acknowledged = bool(segment.flags & ACK) and known
        if acknowledged:
            now = gets_ack.get(now, now)
        if segment.flags & FIN and not (acknowledged and one_row):
            now = gets_fin.get(now, now)
        state[end] = now

    for event in events:
        end, segment = event.end, event.segment
        if segment.flags & RST:
            state[end] = "CLOSED"
            if reset_both:
                state["A"] = state["B"] = "CLOSED"
        elif event.does == "sends":
            if segment.flags & FIN:
                state[end] = sends_fin.get(state[end], state[end])
                number = segment.seq + (len(segment.data) if data else 0) + 1
                after_fin[end] = number % 2**32 if wraps else number
            if arrives_at_once:
                gets("B" if end == "A" else "A", segment)
        elif not arrives_at_once:
            gets(end, segment)
        seen.append((state["A"], state["B"]))
    return seen


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="CLOSE-WAIT does not begin when an end sends its FIN. It begins when the FIN of the other "
    "side arrives; sending its own FIN then leads to LAST-ACK.",
)
def close_wait_after_its_own_fin(events):
    heard = {**GETS_FIN, "ESTABLISHED": "FIN RECEIVED"}
    sent = {"ESTABLISHED": "FIN-WAIT-1", "FIN RECEIVED": "CLOSE-WAIT"}
    acked = {**GETS_ACK, "CLOSE-WAIT": "CLOSED"}
    seen = follow(events, sends_fin=sent, gets_ack=acked, gets_fin=heard)
    return [tuple("ESTABLISHED" if s == "FIN RECEIVED" else s for s in pair) for pair in seen]


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.3.2",
    says="There is no state FIN-WAIT. FIN-WAIT-1 waits for the ACK of the FIN, FIN-WAIT-2 has it "
    "and waits for the other FIN.",
)
def one_fin_wait(events):
    return [tuple(s.rstrip("12").rstrip("-") for s in pair) for pair in follow(events)]


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.4",
    says="You take every ACK for the ACK of the FIN. Only the number after the FIN acknowledges "
    "it; an ACK of data, or one that was under way, does not.",
)
def any_ack_counts(events):
    return follow(events, any_ack=True)


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.3.2, note 2",
    says="A segment with the ACK of a FIN and a FIN applies both rows, the ACK's first: from "
    "FIN-WAIT-1 it leads to TIME-WAIT at once.",
)
def one_row_a_segment(events):
    return follow(events, one_row=True)


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.4",
    says="The FIN comes after the data of its segment: its number is seq plus the length of the "
    "data, and its ACK one more.",
)
def fin_before_its_data(events):
    return follow(events, data=False)


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.4",
    says="After 4,294,967,295 comes 0: a FIN with the last number is acknowledged by ack=0.",
)
def numbers_without_end(events):
    return follow(events, wraps=False)


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.6",
    says="You let a segment arrive when it is sent. Until it arrives, and it may never, the other "
    "end knows nothing of it.",
)
def arrives_when_sent(events):
    return follow(events, arrives_at_once=True)


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.6.1",
    says="TIME-WAIT belongs to the end that closed first, whichever it is, not to the first one "
    "named. An end that closed second is CLOSED with the last ACK.",
)
def time_wait_is_as(events):
    seen = follow(events)
    reset = any(event.segment.flags & RST for event in events)
    if reset:
        return seen
    return [
        ("TIME-WAIT" if a == "CLOSED" else a, "CLOSED" if b == "TIME-WAIT" else b) for a, b in seen
    ]


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.6, figure 13",
    says="A FIN that crosses yours does not end the wait for your ACK: FIN-WAIT-1 becomes CLOSING, "
    "and TIME-WAIT only when your own FIN is acknowledged.",
)
def no_closing(events):
    return follow(events, gets_fin={**GETS_FIN, "FIN-WAIT-1": "TIME-WAIT"})


@misconception(
    of="states_after",
    rfc="RFC 9293 section 3.5.2",
    says="A RST closes both ends at once in your answer. Who sends it is CLOSED; the other end "
    "when it arrives.",
)
def reset_is_everywhere(events):
    return follow(events, reset_both=True)


# --- Exercise 2: the active closer


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.4",
    says="Your FIN lacks the ACK bit. On an open connection every segment acknowledges, and one "
    "that does not is dropped.",
)
class FinAlone(reference.ActiveCloser):
    def close(self):
        return [with_flags(each, FIN) for each in super().close()]

    def timeout(self):
        return [with_flags(each, FIN) for each in super().timeout()]


def with_flags(segment, flags):
    """Return the segment with other control bits."""
    return type(segment)(**{**segment.__dict__, "flags": flags})


def is_in_order(end, segment):
    """Whether this is an acknowledgment at the expected number."""
    return segment.flags & (ACK | RST | SYN) == ACK and segment.seq == end.rcv_nxt


def with_numbers(segment, **numbers):
    """Return the segment with another seq or ack."""
    return type(segment)(**{**segment.__dict__, **numbers})


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.4",
    says="Your FIN takes no number. It takes one, as SYN does: the ACK of it is the number after, "
    "and so is the seq of what you send next.",
)
class FinTakesNothing(reference.ActiveCloser):
    def close(self):
        fin = super().close()
        if fin:
            self.snd_nxt = fin[0].seq
        return fin

    def timeout(self):
        return [with_numbers(each, seq=self.snd_nxt) for each in super().timeout()]


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.7.4, fifth",
    says="You take every ACK for the ACK of your FIN. An ACK that was under way before it, or one "
    "of data only, has a smaller number.",
)
class AnyAckWillDo(reference.ActiveCloser):
    def receive(self, segment):
        if self.state == "FIN-WAIT-1" and is_in_order(self, segment):
            segment = with_numbers(segment, ack=self.snd_nxt)
        return super().receive(segment)


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.6",
    says="After your FIN you take no more data. But you have only said that *you* have no more: in "
    "FIN-WAIT-1 and FIN-WAIT-2 the other side may go on, and its octets want an ACK.",
)
class StopsListening(reference.ActiveCloser):
    def receive(self, segment):
        if self.state.startswith("FIN-WAIT") and segment.data and not segment.flags & FIN:
            if is_in_order(self, segment) and segment.ack == self.snd_nxt:
                self.state, self.timer_s = "FIN-WAIT-2", None
            return []
        return super().receive(segment)


@misconception(
    of="ActiveCloser",
    rfc="RFC 6298 section 5.2",
    says="The timer still runs in FIN-WAIT-2. When the FIN is acknowledged nothing is left to "
    "repeat: timer_s is None.",
)
class TimerRunsOn(reference.ActiveCloser):
    def receive(self, segment):
        before = self.timer_s
        answer = super().receive(segment)
        if self.state == "FIN-WAIT-2":
            self.timer_s = before
        return answer


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.6.1",
    says="You are CLOSED as soon as the other FIN is there. Your ACK of it may be lost, and then "
    "somebody must be there to repeat it: TIME-WAIT.",
)
class NeverWaits(reference.ActiveCloser):
    def receive(self, segment):
        answer = super().receive(segment)
        if self.state == "TIME-WAIT":
            self.state = "CLOSED"
        return answer


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.3.2, note 2",
    says="A segment that acknowledges your FIN and brings the other one does both: FIN-WAIT-2 and, "
    "in the same breath, TIME-WAIT. You let one of the two lie.",
)
class OneThingAtATime(reference.ActiveCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "FIN-WAIT-1" and self.state == "TIME-WAIT":
            self.state = "FIN-WAIT-2"
        return answer


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.8",
    says="The FIN that is sent again has the number of the first one, which is the one before "
    "snd_nxt. With a new number it would be another octet that nobody expects.",
)
class RepeatsWithANewNumber(reference.ActiveCloser):
    def timeout(self):
        return [with_numbers(each, seq=self.snd_nxt) for each in super().timeout()]


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.8",
    says="You send the very segment of before. Its seq is right, but its ack is old: say what you "
    "expect *now*.",
)
class RepeatsTheOldSegment(reference.ActiveCloser):
    def close(self):
        fin = super().close()
        self.fin = fin or getattr(self, "fin", [])
        return fin

    def timeout(self):
        return list(self.fin) if super().timeout() else []


@misconception(
    of="ActiveCloser",
    rfc="RFC 6298 section 5.5",
    says="The pause stays one second. It doubles each time, or a crowd of repeaters would keep a "
    "crowded network crowded.",
)
class SteadyPause(reference.ActiveCloser):
    def timeout(self):
        again = super().timeout()
        self.timer_s = 1.0 if again else self.timer_s
        return again


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.8.3",
    says="You never give up. The seventh time nothing is sent, and the state is CLOSED.",
)
class NeverGivesUp(reference.ActiveCloser):
    def timeout(self):
        if self.state == "FIN-WAIT-1":
            self.resent = min(self.resent, 5)
        return super().timeout()


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.7.4",
    says="objection() has two ways to say something: None lets the segment in, an *empty list* "
    "means that it goes no further and nothing is answered. `if objection:` takes the two for "
    "one.",
)
class EmptyIsNone(reference.ActiveCloser):
    def receive(self, segment):
        return let_in(self, segment, super().receive)


def let_in(end, segment, receive):
    """Receive as if an empty list from objection() were None."""
    asked = reference.End.objection

    def objection(segment):
        return asked(end, segment) or None

    end.objection = objection
    try:
        return receive(segment)
    finally:
        del end.objection


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="Data and FIN in one segment get two ACKs. One is enough: it says what you expect next, "
    "after both.",
)
class TwoAcks(reference.ActiveCloser):
    def receive(self, segment):
        answer = super().receive(segment)
        taken = len(segment.data) + 1
        both = len(answer) == 1 and segment.data and segment.flags & FIN
        if both and answer[0].ack == (segment.seq + taken) % 2**32:
            return [with_numbers(answer[0], ack=(answer[0].ack - 1) % 2**32), *answer]
        return answer


@misconception(
    of="ActiveCloser",
    rfc="RFC 9293 section 3.4",
    says="You acknowledge a bare ACK. It takes up no number, so there is nothing to acknowledge; "
    "two ends that did so would never stop.",
)
class AcksAcks(reference.ActiveCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        bare = segment.flags & (ACK | FIN | RST | SYN) == ACK and not segment.data
        waits = before in ("FIN-WAIT-1", "FIN-WAIT-2")
        return [self.ack()] if waits and bare and segment.seq == self.rcv_nxt else answer


# --- Exercise 3: the passive closer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.10.4",
    says="CLOSE-WAIT comes when the FIN of the other side is received, not when yours is sent. "
    "Then close() leads from CLOSE-WAIT to LAST-ACK.",
)
class CloseWaitTooLate(reference.PassiveCloser):
    state = property(
        lambda self: {"CLOSE-WAIT": "ESTABLISHED", "LAST-ACK": "CLOSE-WAIT"}.get(
            self.inner, self.inner
        ),
        lambda self, value: setattr(self, "inner", value),
    )

    def close(self):
        return as_itself(self, reference.PassiveCloser.close)

    def timeout(self):
        return as_itself(self, reference.PassiveCloser.timeout)

    def receive(self, segment):
        return as_itself(self, reference.PassiveCloser.receive, segment)


def as_itself(end, method, *arguments):
    """Run a method of the right answer on a copy that shows its true state."""
    right = reference.PassiveCloser(1, 2, 3, 4)
    right.__dict__.update(end.__dict__)
    right.state = end.inner
    answer = method(right, *arguments)
    end.__dict__.update(right.__dict__)
    end.inner = right.state
    end.__dict__.pop("state", None)
    return answer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.6, figure 12",
    says="The passive closer does not wait a time: when its FIN is acknowledged both directions "
    "are done on both ends, and it is CLOSED. TIME-WAIT is the other's.",
)
class WaitsToo(reference.PassiveCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "LAST-ACK" and self.state == "CLOSED" and not segment.flags & RST:
            self.state = "TIME-WAIT"
        return answer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.3.2",
    says="Your FIN is never sent again. If it is lost, you wait in LAST-ACK and the other side in "
    "FIN-WAIT-2, each for the other.",
)
class SaysItOnce(reference.PassiveCloser):
    def timeout(self):
        return []


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.6",
    says="You send your FIN as soon as the other one comes. That is for the program to decide, "
    "which may still have something to say: first only the ACK.",
)
class ClosesByItself(reference.PassiveCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "ESTABLISHED" and self.state == "CLOSE-WAIT":
            return answer + self.close()
        return answer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.10.7.4, fifth",
    says="Any ACK ends LAST-ACK in your answer. It waits for the ACK of *its FIN*: the number "
    "after it, which is snd_nxt.",
)
class AnyAckEnds(reference.PassiveCloser):
    def receive(self, segment):
        if self.state == "LAST-ACK" and is_in_order(self, segment):
            segment = with_numbers(segment, ack=self.snd_nxt)
        return super().receive(segment)


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="The FIN gets no ACK. It takes up a number, and the other side repeats it until that is "
    "acknowledged.",
)
class SilentAtFin(reference.PassiveCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        return [] if (before, self.state) == ("ESTABLISHED", "CLOSE-WAIT") else answer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.10.7.4, seventh",
    says="After its FIN the other side has no data: in CLOSE-WAIT and LAST-ACK nothing is taken in "
    "any more.",
)
class TakesDataAfterFin(reference.PassiveCloser):
    def receive(self, segment):
        before, expected = self.state, self.rcv_nxt
        answer = super().receive(segment)
        good = segment.flags & ACK and not segment.flags & (RST | SYN)
        if before == "CLOSE-WAIT" and good and segment.seq == expected and segment.data:
            self.received += segment.data
            self.rcv_nxt = (self.rcv_nxt + len(segment.data)) % 2**32
            return [self.ack()]
        return answer


@misconception(
    of="PassiveCloser",
    rfc="RFC 9293 section 3.10.7.4",
    says="An empty list from objection() means that the segment goes no further and nothing is "
    "answered; only None lets it in. `if objection:` takes the two for one.",
)
class PassiveEmptyIsNone(reference.PassiveCloser):
    def receive(self, segment):
        return let_in(self, segment, super().receive)


# --- Exercise 4: both at once


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 9293 section 3.6, figure 13",
    says="You go to TIME-WAIT with the other FIN, though yours is not acknowledged yet. If it was "
    "lost nobody repeats it now, and the other side waits for ever: CLOSING is for that.",
)
class StraightToTimeWait(reference.SimultaneousCloser):
    def receive(self, segment):
        answer = super().receive(segment)
        if self.state == "CLOSING":
            self.state, self.timer_s = "TIME-WAIT", None
        return answer


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 9293 section 3.10.8",
    says="Your timer stops in CLOSING. Your FIN is still not acknowledged, so it must be sent "
    "again when the timer rings.",
)
class ClosingWithoutTimer(reference.SimultaneousCloser):
    def receive(self, segment):
        answer = super().receive(segment)
        if self.state == "CLOSING":
            self.timer_s = None
        return answer

    def timeout(self):
        return [] if self.state == "CLOSING" else super().timeout()


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 9293 section 3.6, figure 13",
    says="From CLOSING you go to CLOSED. Both ends closed first here, so both have TIME-WAIT: the "
    "ACK that you sent may have been lost.",
)
class ClosingIsTheEnd(reference.SimultaneousCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "CLOSING" and self.state == "TIME-WAIT":
            self.state = "CLOSED"
        return answer


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 9293 section 3.3.2",
    says="A FIN that crosses yours is not an ACK of yours: you are in CLOSING, not in FIN-WAIT-2, "
    "which has the ACK and waits for the FIN.",
)
class CrossingIsFinWait2(reference.SimultaneousCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "FIN-WAIT-1" and self.state == "CLOSING":
            self.state, self.timer_s = "FIN-WAIT-2", None
        return answer


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 6298 section 5.5",
    says="You begin the timer anew in CLOSING. It is still the same FIN that waits for its ACK: "
    "pause and count go on.",
)
class ClosingBeginsAnew(reference.SimultaneousCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "FIN-WAIT-1" and self.state == "CLOSING":
            self.timer_s, self.resent = 1.0, 0
        return answer


@misconception(
    of="SimultaneousCloser",
    rfc="RFC 9293 section 3.10.7.4",
    says="A FIN that objection() turned away (early, or without ACK) has not come. Only one that "
    "was let in leads to CLOSING.",
)
class RefusedFinCounts(reference.SimultaneousCloser):
    def receive(self, segment):
        answer = super().receive(segment)
        if self.state == "FIN-WAIT-1" and segment.flags & FIN and not segment.flags & RST:
            self.state = "CLOSING"
        return answer


# --- Exercise 5: TIME-WAIT


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.6.1",
    says="You wait for one MSL. A segment of yours may need one to get there, and the answer "
    "another to come back: two.",
)
class OneMsl(reference.TimeWait):
    def __init__(self, *args, msl_s=30.0, **more):
        super().__init__(*args, msl_s=msl_s / 2, **more)


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="The FIN that came again is acknowledged, but the wait goes on as before. This ACK may be "
    "lost as well: the 2 MSL begin anew with it.",
)
class NeverAnew(reference.TimeWait):
    def receive(self, segment, now_s):
        before = self.expires_s
        answer = super().receive(segment, now_s)
        if self.expires_s is not None:
            self.expires_s = before
        return answer


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="Everything that comes begins the wait anew. Only the FIN that is sent again does; else a "
    "babbling neighbour could keep you here for ever.",
)
class AlwaysAnew(reference.TimeWait):
    def receive(self, segment, now_s):
        answer = super().receive(segment, now_s)
        if self.state == "TIME-WAIT":
            self.expires_s = now_s + 2 * self.msl_s
        return answer


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="You add 2 MSL to the time that was left. The wait begins anew: 2 MSL from now.",
)
class AddsUp(reference.TimeWait):
    def receive(self, segment, now_s):
        before = self.expires_s
        answer = super().receive(segment, now_s)
        if self.expires_s is not None and self.expires_s != before:
            self.expires_s = before + 2 * self.msl_s
        return answer


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.3.2",
    says="The repeated FIN gets no ACK. That is half of what TIME-WAIT is for: it says that your "
    "last ACK was lost.",
)
class SilentWait(reference.TimeWait):
    def receive(self, segment, now_s):
        before = self.expires_s
        answer = super().receive(segment, now_s)
        return answer if self.expires_s == before else []


@misconception(
    of="TimeWait",
    rfc="RFC 1337 section 3",
    says="A RST always ends your wait. With rfc1337 it must not: an old segment can make the other "
    "side send one.",
)
class IgnoresRfc1337(reference.TimeWait):
    def __init__(self, *args, rfc1337=False, **more):
        super().__init__(*args, **more)


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.7.4, second",
    says="A RST never ends your wait. Without rfc1337, one at exactly rcv_nxt does.",
)
class NeverReset(reference.TimeWait):
    def receive(self, segment, now_s):
        if segment.flags & RST:
            self.tick(now_s)
            return []
        return super().receive(segment, now_s)


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.6.1",
    says="Every SYN ends your wait. One whose number is not ahead of all old ones is itself an old "
    "segment, or would make old ones look new: answer it with an ACK.",
)
class AnySyn(reference.TimeWait):
    def receive(self, segment, now_s):
        self.tick(now_s)
        if self.state == "TIME-WAIT" and segment.flags & (SYN | RST) == SYN:
            self.state, self.expires_s = "CLOSED", None
            return []
        return super().receive(segment, now_s)


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.8",
    says="At expires_s itself the wait is over: compare with >=, not with >.",
)
class OneMomentMore(reference.TimeWait):
    def tick(self, now_s):
        return [] if now_s == self.expires_s else super().tick(now_s)


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.10.8",
    says="Only tick() ends your wait. receive() is told the time as well, and begins as tick() "
    "does: a segment may come when the wait is over and no tick has said so.",
)
class ListensTooLong(reference.TimeWait):
    asleep = False

    def tick(self, now_s):
        return [] if self.asleep else super().tick(now_s)

    def receive(self, segment, now_s):
        self.asleep = True
        answer = super().receive(segment, now_s)
        self.asleep = False
        return answer


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.4",
    says="A FIN with data has the number after the data. You compare only its seq, so that the "
    "last segment, data and FIN, is not known again.",
)
class FinWithoutItsData(reference.TimeWait):
    def receive(self, segment, now_s):
        before = self.expires_s
        answer = super().receive(segment, now_s)
        if self.state == "TIME-WAIT" and segment.flags & FIN and segment.data:
            own = (segment.seq + 1) % 2**32 == self.rcv_nxt
            self.expires_s = now_s + 2 * self.msl_s if own else before
        return answer


@misconception(
    of="TimeWait",
    rfc="RFC 9293 section 3.4",
    says="Ahead is a question of steps on the circle, not of >. Across zero a larger number is "
    "behind.",
)
class AheadIsLarger(reference.TimeWait):
    def receive(self, segment, now_s):
        self.tick(now_s)
        if self.state == "TIME-WAIT" and segment.flags & (SYN | ACK | RST) == SYN:
            if segment.seq > self.rcv_nxt:
                self.state, self.expires_s = "CLOSED", None
                return []
            return [self.ack()]
        return super().receive(segment, now_s)


# --- Exercise 6: half-close


def serve(listener, *, whole=True, answers=True, careful=True, closes=True, clients=None):
    """Serve digests, wrong in one of these ways."""
    kept = []
    while clients is None or len(kept) < clients:
        try:
            client, _ = listener.accept()
        except OSError:
            for each in kept:
                each.close()
            return
        kept.append(client)
        try:
            body = client.recv(1 << 16)
            data = body
            while data and whole:
                data = client.recv(1 << 16)
                body += data
            if answers:
                client.sendall(f"{len(body)} {hashlib.sha256(body).hexdigest()}\n".encode())
        except OSError:
            if not careful:
                raise
        if closes:
            client.close()


@misconception(
    of="serve_digest",
    rfc="RFC 9293 section 3.6",
    says='You read once. A stream keeps no boundaries: read until recv returns b"", which is the '
    "other side's FIN.",
)
def reads_once(listener):
    serve(listener, whole=False)


@misconception(
    of="serve_digest",
    rfc="RFC 9293 section 3.6.1",
    says="You take the end of the stream for the end of the connection. Only the other side's half "
    "is closed: it still waits for your answer.",
)
def takes_fin_for_goodbye(listener):
    serve(listener, answers=False)


@misconception(
    of="serve_digest",
    rfc="RFC 9293 section 3.10.7.4",
    says="One client whose connection is reset ends your server. Catch OSError around each client.",
)
def dies_of_a_reset(listener):
    serve(listener, careful=False)


@misconception(
    of="serve_digest",
    rfc="RFC 9293 section 3.6",
    says="You do not close the connection after the answer. It stays in CLOSE-WAIT, and a client "
    "that reads to the end waits for ever.",
)
def never_closes(listener):
    serve(listener, closes=False)


@misconception(
    of="serve_digest",
    rfc="RFC 9293 section 3.6.1",
    says="You serve one client and return. Go on with accept() until it raises OSError.",
)
def serves_one(listener):
    serve(listener, clients=1)


def ask(
    address, chunks, timeout_s, *, end, whole=True, believes=False, say=socket.socket.sendall
):  # fmt: skip
    """Ask for a digest, wrong in one of these ways."""
    with socket.create_connection(address, timeout_s) as server:
        for chunk in chunks:
            say(server, chunk)
        end(server)
        line = b""
        while not line.endswith(b"\n"):
            data = server.recv(1 << 16)
            if not data and believes:
                break
            if not data:
                raise ConnectionError("no line")
            line += data
            if not whole:
                break
        return line.rstrip(b"\n").decode()


def shut_write(server):
    """End your half."""
    server.shutdown(socket.SHUT_WR)


@misconception(
    of="ask_digest",
    rfc="send(2)",
    says="send() takes as much as fits into the socket's buffer, and returns how much that was. "
    "The rest of a large chunk is lost. sendall() goes on until all has gone.",
)
def sends_what_fits(address, chunks, timeout_s=5.0):
    return ask(address, chunks, timeout_s, end=shut_write, say=socket.socket.send)


@misconception(
    of="ask_digest",
    rfc="socket(7)",
    says="timeout_s does not reach your socket, which waits as long as you have written down.",
)
def waits_as_it_likes(address, chunks, timeout_s=5.0):
    return ask(address, chunks, 5.0, end=shut_write)


@misconception(
    of="ask_digest",
    rfc="RFC 9293 section 3.6.1",
    says="You never end the request. The server cannot know that there is no more, and both of you "
    "wait: shutdown(SHUT_WR) sends FIN and leaves reading open.",
)
def never_ends_the_request(address, chunks, timeout_s=5.0):
    return ask(address, chunks, timeout_s, end=lambda server: None)


@misconception(
    of="ask_digest",
    rfc="RFC 9293 section 3.6.1",
    says="You close the socket to end the request. That gives up both directions: the answer finds "
    "nobody. Close one half, with shutdown(SHUT_WR).",
)
def closes_to_end(address, chunks, timeout_s=5.0):
    return ask(address, chunks, timeout_s, end=lambda server: server.close())


@misconception(
    of="ask_digest",
    rfc="RFC 9293 section 3.6.1",
    says="SHUT_RDWR shuts the half that you want to hear on as well. SHUT_WR is enough.",
)
def shuts_both(address, chunks, timeout_s=5.0):
    def shut_both(server):
        server.shutdown(socket.SHUT_RDWR)
        # recv gives b"" now, unless the answer is quicker: then two runs would differ
        raise ConnectionError("no line")

    return ask(address, chunks, timeout_s, end=shut_both)


@misconception(
    of="ask_digest",
    rfc="RFC 9293 section 3.6",
    says="You read once and take it for the whole answer. It may come octet by octet: read until "
    "the line is whole.",
)
def hears_once(address, chunks, timeout_s=5.0):
    return ask(address, chunks, timeout_s, end=shut_write, whole=False)


@misconception(
    of="ask_digest",
    rfc="RFC 9293 section 3.6",
    says="Half a line, or none, is returned as if it were the answer. If the stream ends before "
    "the newline, raise ConnectionError.",
)
def believes_half_a_line(address, chunks, timeout_s=5.0):
    return ask(address, chunks, timeout_s, end=shut_write, believes=True)


# --- Exercise 7: FIN or RST


def predict(
    events, *, unread_counts=True, read_counts=True, linger_counts=True, shut_is_close=False,
    fin_again=False, gone_counts=True, late_data=True, done_counts=True, fin_is_quiet=False,
    unread_only_after_fin=False,
):  # fmt: skip
    """Predict FIN or RST, wrong in one of these ways."""
    unread = linger = fin_sent = fin_came = closed = gone = False
    said = []
    for event in events:
        says = ""
        if event == "data":
            nobody = closed or (shut_is_close and fin_sent)
            if (nobody and late_data) or (gone and gone_counts):
                says, gone = "RST", True
            unread = True
        elif event == "fin":
            fin_came = True
            if gone and gone_counts and not fin_is_quiet:
                says = "RST"
        elif event == "read":
            unread = unread and not read_counts
        elif event == "linger":
            linger = linger_counts
        elif event == "shutdown":
            says, fin_sent = "FIN", True
        elif event == "close":
            closed = True
            harsh = (unread and unread_counts) or linger
            if fin_sent and fin_came and done_counts:
                says = ""
            elif harsh:
                says, gone = "RST", True
            elif not fin_sent or fin_again:
                says, fin_sent = "FIN", True
        said.append(says)
    return said


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.6.1",
    says="close() with unread data sends RST, not FIN: a FIN would let the other side believe that "
    "the program has had it all.",
)
def ignores_unread(events):
    return predict(events, unread_counts=False)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.6.1",
    says='What has been read is no longer unread: after "read" a close() is polite again, until '
    "new data comes.",
)
def once_unread_always_unread(events):
    return predict(events, read_counts=False)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.10.5",
    says="SO_LINGER with time 0 turns close() into an abort: RST.",
)
def ignores_linger(events):
    return predict(events, linger_counts=False)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.6.1",
    says="shutdown(SHUT_WR) is not close(): the program still reads, and data that comes after it "
    "is welcome. No RST.",
)
def shutdown_is_close(events):
    return predict(events, shut_is_close=True)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.10.4",
    says="A FIN is sent once. After shutdown(SHUT_WR), a polite close() has nothing more to say.",
)
def two_fins(events):
    return predict(events, fin_again=True)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.6.1",
    says="Data that comes when the program has closed finds nobody: RST. An ACK would say that "
    "somebody has it.",
)
def takes_late_data(events):
    return predict(events, late_data=False)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.10.7.1",
    says="After a RST the connection does not exist any more, and *any* segment for it draws RST, "
    "a FIN, too.",
)
def fin_after_reset_is_quiet(events):
    return predict(events, fin_is_quiet=True)


@misconception(
    of="fin_or_rst",
    rfc="RFC 9293 section 3.10.5",
    says="When both FINs are sent and acknowledged there is nothing left to reset: close() is "
    "silent then, whatever is unread and whatever the option says.",
)
def resets_what_is_over(events):
    return predict(events, done_counts=False)


# --- Exercise 8: three segments


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.8.6.3",
    says="You acknowledge the FIN at once. Then the FIN of yours needs a segment of its own, and "
    "it takes four: wait 0.04 s for something that the ACK can travel with.",
)
class NeverDelays(reference.DelayingCloser):
    def receive(self, segment):
        before = self.state
        answer = super().receive(segment)
        if before == "ESTABLISHED" and self.state == "CLOSE-WAIT" and not answer:
            self.timer_s = None
            return [self.ack()]
        return answer


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.10.4",
    says="Your FIN overtakes data that is still queued. FIN says that there is no more: it goes "
    "when the queue is empty.",
)
class FinBeforeData(reference.DelayingCloser):
    def close(self):
        if self.state == "CLOSE-WAIT":
            self.queue = b""
        return super().close()


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.8.6.3",
    says="When the timer rings you still do not acknowledge. The other side will send its FIN "
    "again: half a second is the most that an ACK may wait.",
)
class NeverAcknowledges(reference.DelayingCloser):
    def timeout(self):
        return [] if self.state == "CLOSE-WAIT" else super().timeout()


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.3.2, note 2",
    says="close() sends an ACK and then a FIN. The FIN acknowledges as well: one segment says "
    "both.",
)
class AckThenFin(reference.DelayingCloser):
    def close(self):
        owed = self.state == "CLOSE-WAIT" and self.timer_s is not None
        first = [self.ack()] if owed else []
        answer = super().close()
        return [*first, *answer] if answer else answer


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.8.6",
    says="You send more than the window allows. Only `window` octets may be on their way "
    "unacknowledged; the rest waits for an ACK.",
)
class IgnoresTheWindow(reference.DelayingCloser):
    def __init__(self, *args, window=65535, **more):
        super().__init__(*args, window=2**31, **more)


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.8.6.3",
    says="Data that you send carries the ACK, so none is owed after it: timer_s is None. Yours "
    "sends a second one.",
)
class StillOwes(reference.DelayingCloser):
    def send(self, data):
        before = self.timer_s
        answer = super().send(data)
        if self.state == "CLOSE-WAIT":
            self.timer_s = before
        return answer


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.10.4",
    says="After close() the program cannot send any more: what it gives then is not queued.",
)
class SendsAfterClose(reference.DelayingCloser):
    def send(self, data):
        if self.state == "CLOSE-WAIT" and self.closing:
            self.queue += data
            return self._go()
        return super().send(data)


@misconception(
    of="DelayingCloser",
    rfc="RFC 9293 section 3.10.7.4, fifth",
    says="What waits in the queue is never sent. An ACK makes room: look at the queue again after "
    "every segment that comes.",
)
class ForgetsTheQueue(reference.DelayingCloser):
    def receive(self, segment):
        queue, closing = self.queue, self.closing
        if self.state == "CLOSE-WAIT" or (self.state == "ESTABLISHED" and queue):
            self.queue, self.closing = b"", False
            answer = super().receive(segment)
            self.queue, self.closing = queue, closing
            return answer
        return super().receive(segment)


# --- Exercise 9: /proc/net/tcp


def table_read(text, *, turn=None, port=lambda digits: int(digits, 16), inode=9, strict=True):
    """Read the table, wrong in one of these ways."""
    names = [
        "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
        "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED",
    ]  # fmt: skip

    def words(octets):
        return b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))

    def endpoint(field):
        address, colon, digits = field.partition(":")
        if len(address) not in (8, 32) or not colon:
            raise ValueError(field)
        return ip_address((turn or words)(bytes.fromhex(address))), port(digits)

    rows = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if not fields:
            continue
        try:
            if len(fields) < 10:
                raise ValueError(line)
            number = int(fields[3], 16)
            if not 1 <= number <= len(names):
                raise ValueError(line)
            ends = (*endpoint(fields[1]), *endpoint(fields[2]))
            rows.append(reference.Row(names[number - 1], *ends, int(fields[inode])))
        except ValueError:
            if strict:
                raise
    return rows


@misconception(
    of="parse_proc_net_tcp",
    rfc="proc(5)",
    says="The address reads backwards. The file shows the word as the processor stores it, low "
    "octet first: 0100007F is 127.0.0.1.",
)
def high_octet_first(text):
    return table_read(text, turn=lambda octets: octets)


@misconception(
    of="parse_proc_net_tcp",
    rfc="proc(5)",
    says="You turn the sixteen octets of an IPv6 address round as one. It is four words, each "
    "turned round by itself.",
)
def turns_it_all_round(text):
    return table_read(text, turn=lambda octets: octets[::-1])


@misconception(
    of="parse_proc_net_tcp",
    rfc="proc(5)",
    says="The port is not turned round: 1F90 is 8080. Only the address is stored the other way.",
)
def turns_the_port(text):
    def turned(digits):
        return int.from_bytes(bytes.fromhex(digits), "little")

    return table_read(text, port=turned)


@misconception(
    of="parse_proc_net_tcp",
    rfc="proc(5)",
    says="The inode is the tenth field, which is index 9. Before it stand the user and the "
    "timeout.",
)
def another_field(text):
    return table_read(text, inode=7)


@misconception(
    of="parse_proc_net_tcp",
    rfc="proc(5)",
    says="A line that cannot be read is skipped, and nobody learns of it. Refuse it with "
    "ValueError.",
)
def skips_bad_lines(text):
    return table_read(text, strict=False)


@misconception(
    of="count_states",
    rfc="proc(5)",
    says="You count by the remote port. The program that holds the sockets is found by the local "
    "one.",
)
def by_remote_port(rows):
    counts = {}
    for row in rows:
        counts.setdefault(row.remote_port, Counter())[row.state] += 1
    return {port: dict(states) for port, states in counts.items()}


@misconception(
    of="count_states",
    rfc="proc(5)",
    says="Every state is named, those that do not occur with 0. Name only what is there.",
)
def names_all(rows):
    counts = reference.count_states(rows)
    known = {row.state for row in rows}
    return {port: {s: states.get(s, 0) for s in known} for port, states in counts.items()}


@misconception(
    of="count_states",
    rfc="proc(5)",
    says="Each state counts once for each port in your answer, however many connections are in it.",
)
def counts_once(rows):
    return {port: dict.fromkeys(s, 1) for port, s in reference.count_states(rows).items()}


def leaks_by(snapshots, age_s, *, key=lambda row: row, states=("CLOSE-WAIT",), between=True):
    """Find leaks, wrong in one of these ways."""
    if not snapshots:
        return {}
    last_s, rows = snapshots[-1]
    old = [each for each in snapshots if last_s - each[0] >= age_s]
    if not old:
        return {}
    since = snapshots.index(old[-1])
    looked = snapshots[since:] if between else [snapshots[since], snapshots[-1]]
    held = [{key(r) for r in each if r.state in states} for _, each in looked]
    waiting = [r for r in rows if r.state in states and all(key(r) in h for h in held)]
    return dict(Counter(row.local_port for row in waiting))


@misconception(
    of="find_leaks",
    rfc="RFC 9293 section 3.3.2",
    says="Everything in CLOSE-WAIT is a leak in your answer. A program that is just about to close "
    "is there for a moment, too: it must have stayed for age_s.",
)
def the_last_is_enough(snapshots, age_s):
    return leaks_by(snapshots[-1:], 0.0)


@misconception(
    of="find_leaks",
    rfc="proc(5)",
    says="The same addresses and ports with another inode are another connection: the first one "
    "was closed meanwhile.",
)
def without_inode(snapshots, age_s):
    def ends(row):
        return row.local_address, row.local_port, row.remote_address, row.remote_port

    return leaks_by(snapshots, age_s, key=ends)


@misconception(
    of="find_leaks",
    rfc="RFC 9293 section 3.3.2",
    says="You look at two snapshots only, the old one and the last. A connection that was not in "
    "CLOSE-WAIT in one between them has not stayed there.",
)
def not_in_between(snapshots, age_s):
    return leaks_by(snapshots, age_s, between=False)


@misconception(
    of="find_leaks",
    rfc="RFC 9293 section 3.3.2",
    says="A snapshot that is exactly age_s older counts: at least, not more than.",
)
def must_be_older(snapshots, age_s):
    return leaks_by(snapshots, age_s + 1e-6)


@misconception(
    of="find_leaks",
    rfc="RFC 9293 section 3.3.2",
    says="An ESTABLISHED connection that stays is no leak: it may well be at work. CLOSE-WAIT is, "
    "since the other side has closed and only the program here is missing.",
)
def all_that_stays(snapshots, age_s):
    return leaks_by(snapshots, age_s, states=("CLOSE-WAIT", "ESTABLISHED"))


# --- Exercise 10: the event loop


def loop(
    machine, wire, clock, first, deadline_s, time_wait_s, *, begins=True, last=True, rings=True,
    closes=1, stays=True, anew=True, answers=True,
):  # fmt: skip
    """Close with a peer, wrong in one of these ways."""
    over = ("TIME-WAIT", "CLOSED")

    def send(segments):
        for segment in segments:
            wire.send(segment)

    if begins:
        send(first)
    end, closed = clock.now() + deadline_s, 0
    while machine.state not in over:
        if machine.state == "CLOSE-WAIT" and closed < closes:
            closed += 1
            send(machine.close())
        left = end - clock.now()
        if left <= 0:
            return machine.state
        due = rings and machine.timer_s is not None and machine.timer_s <= left
        segment = wire.receive(machine.timer_s if due else left)
        replies = []
        if segment is not None:
            replies = machine.receive(segment)
        elif due:
            replies = machine.timeout()
        if machine.state not in over or last:
            send(replies)
    end = clock.now() + time_wait_s
    while stays and machine.state == "TIME-WAIT" and (left := end - clock.now()) > 0:
        segment = wire.receive(left)
        if segment is not None:
            replies = machine.receive(segment)
            if answers:
                send(replies)
            if anew and segment.flags & FIN:
                end = clock.now() + time_wait_s
    return machine.state


def planted_loop(**how):
    """A wrong `run_close`."""

    def run_close(machine, wire, clock, first=(), deadline_s=10.0, time_wait_s=60.0):
        return loop(machine, wire, clock, first, deadline_s, time_wait_s, **how)

    return run_close


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.6, figure 12",
    says="Your machine is in TIME-WAIT, but its last ACK never went out: you looked at the state "
    "before you sent what it returned. The peer is still in LAST-ACK.",
)
def keeps_the_last_ack(*args, **more):
    return planted_loop(last=False)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.3.2",
    says="You go home as soon as the state is TIME-WAIT. The wait is for the case that the last "
    "ACK was lost: somebody must be there when the FIN comes again.",
)
def goes_home(*args, **more):
    return planted_loop(stays=False)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.10.7.4, eighth",
    says="A FIN that comes again in TIME-WAIT is answered, but the wait is not begun anew.",
)
def waits_once(*args, **more):
    return planted_loop(anew=False)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 6298 section 5.5",
    says="timeout() is never called. When a FIN is lost nobody sends it again.",
)
def never_rings(*args, **more):
    return planted_loop(rings=False)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.3.2",
    says="Nobody calls close() in CLOSE-WAIT, so the connection stays there: the leak of exercise "
    "9.",
)
def never_closes_itself(*args, **more):
    return planted_loop(closes=0)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.10.4",
    says="close() is called in every round. A program closes once.",
)
def closes_again_and_again(*args, **more):
    return planted_loop(closes=10**9)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.6",
    says="The segments in `first` are never sent: the peer does not hear that you have closed "
    "until the timer rings.",
)
def forgets_the_first(*args, **more):
    return planted_loop(begins=False)(*args, **more)


@misconception(
    of="run_close",
    rfc="RFC 9293 section 3.3.2",
    says="In TIME-WAIT the machine's answers are not sent. The ACK of the repeated FIN is what the "
    "wait is for.",
)
def silent_time_wait(*args, **more):
    return planted_loop(answers=False)(*args, **more)


# --- Mutants that are no wrong answers

equivalent(
    "halfclose-answer",
    "while data := client.recv(2 << 16):",
    "while data := client.recv(1 << 17):",
    "data = server.recv(2 << 16)",
    "data = server.recv(1 << 17)",
    because="How much is read at once is the learner's choice.",
)
equivalent(
    "kernel-answer",
    "rings = machine.timer_s is not None and machine.timer_s < left",
    because="If timer and deadline fall on the same moment, either will do, the brief says.",
)
equivalent(
    "three-answer",
    'if self.state != "CLOSE-WAIT" and self.closing:',
    because="close() in ESTABLISHED is not asked; in the other states nothing can go after it.",
)
equivalent(
    "proc-answer",
    'address, _, port = field.rpartition(":")',
    "number = int(fields[3], 17)",
    because="Two colons make no number on either side; 1 to 12 are the same, and more is refused.",
)

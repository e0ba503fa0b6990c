"""Planted wrong answers of `12_handshake`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import hmac
import random
import struct
from ipaddress import ip_address

import reference

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.segment import ACK, FIN, RST, SYN, Segment

# --- Exercise 1: checksum


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="You return the sum itself. What is sent is its ones' complement: every bit flipped, so "
    "that the receiver's sum over everything comes out as all ones.",
)
def forgets_to_flip(data):
    return reference.internet_checksum(data) ^ 0xFFFF


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="The carry is thrown away. Ones' complement addition brings every carry out of bit 15 "
    "back in at bit 0; else a flipped top bit could cancel another unnoticed.",
)
def drops_the_carry(data):
    data += b"\x00" * (len(data) % 2)
    return (sum(word for (word,) in struct.iter_unpack("!H", data)) & 0xFFFF) ^ 0xFFFF


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="You fold the carry in only once. Adding it can carry again: repeat until 16 bits are "
    "enough.",
)
def folds_once(data):
    data += b"\x00" * (len(data) % 2)
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    return ((total & 0xFFFF) + (total >> 16)) & 0xFFFF ^ 0xFFFF


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="The odd octet is put in the low half of the word. The zero octet comes *after* the "
    "last octet, so the last octet is the high half.",
)
def pads_in_front(data):
    if len(data) % 2:
        data = data[:-1] + b"\x00" + data[-1:]
    return reference.internet_checksum(data)


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="The last octet is left out when their number is odd. A flipped bit in it would pass "
    "unnoticed: pad with a zero octet instead.",
)
def drops_the_odd_octet(data):
    return reference.internet_checksum(data[: len(data) // 2 * 2])


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="The words are read with the low octet first. Network byte order puts the high octet "
    "first.",
)
def little_endian(data):
    right = reference.internet_checksum(data)
    return (right & 0xFF) << 8 | right >> 8


@misconception(
    of="internet_checksum",
    rfc="RFC 1071 section 1",
    says="The result is negative: Python's ~ flips infinitely many bits. Flip sixteen, with "
    "^ 0xFFFF.",
)
def flips_without_end(data):
    return ~(reference.internet_checksum(data) ^ 0xFFFF)


@misconception(
    of="tcp_checksum",
    rfc="RFC 9293 section 3.1",
    says="The pseudo-header is missing. It puts the addresses under the checksum, so that a "
    "segment which reaches the wrong host is noticed.",
)
def no_pseudo_header(source, destination, segment):
    return reference.internet_checksum(segment)


@misconception(
    of="tcp_checksum",
    rfc="RFC 9293 section 3.1",
    says="The length in the pseudo-header is that of the segment alone: header and data, "
    "without the pseudo-header itself.",
)
def counts_the_pseudo_header(source, destination, segment):
    addresses = ip_address(source).packed + ip_address(destination).packed
    if ip_address(source).version == 4:
        tail = struct.pack("!BBH", 0, 6, len(segment) + 12)
    else:
        tail = struct.pack("!I3xB", len(segment) + 40, 6)
    return reference.internet_checksum(addresses + tail + segment)


@misconception(
    of="tcp_checksum",
    rfc="RFC 8200 section 8.1",
    says="For IPv6 the length has 32 bits. With 16 it cannot say how long a segment of more "
    "than 65,535 octets is.",
)
def sixteen_bit_length(source, destination, segment):
    addresses = ip_address(source).packed + ip_address(destination).packed
    tail = struct.pack("!BBH", 0, 6, len(segment) & 0xFFFF)
    return reference.internet_checksum(addresses + tail + segment)


# --- Exercise 2: a SYN


def syn_with(arguments, *, words=None, flags=0x02, end=b"", seal=True, options=None):
    """Build a SYN that is wrong in one of these ways."""
    source, destination, source_port, destination_port, seq, window, mss, scale = arguments
    if options is None:
        options = struct.pack("!BBHBBBB", 2, 4, mss, 1, 3, 3, scale)
    options += end
    words = (20 + len(options)) // 4 if words is None else words

    def header(checksum):
        ports = struct.pack("!HHII", source_port, destination_port, seq, 0)
        return ports + struct.pack("!BBHHH", words, flags, window, checksum, 0) + options

    return header(reference.tcp_checksum(source, destination, header(0)) if seal else 0)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.1",
    says="The data offset stands in the low four bits of its octet. It belongs in the high "
    "four: shift it left by 4.",
)
def offset_in_the_low_bits(*arguments):
    return syn_with(arguments, words=7)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.1",
    says="The data offset still says 5. It counts the 32-bit words of the whole header, options "
    "included; with 5 the receiver takes your options for data.",
)
def offset_without_options(*arguments):
    return syn_with(arguments, words=5 << 4)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.1",
    says="An option's length octet counts all of the option, kind and length octets included: "
    "4 for MSS, 3 for window scale.",
)
def length_of_the_value(*arguments):
    options = struct.pack("!BBHBBBB", 2, 2, arguments[6], 1, 3, 1, arguments[7])
    return syn_with(arguments, words=7 << 4, options=options)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.1",
    says="The checksum is still 0. In TCP it is never optional, and the receiver drops the "
    "segment without a word.",
)
def leaves_the_checksum(*arguments):
    return syn_with(arguments, words=7 << 4, seal=False)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.5",
    says="The ACK bit is set. The first segment has nothing to acknowledge: only SYN is set.",
)
def acknowledges_nothing(*arguments):
    return syn_with(arguments, words=7 << 4, flags=0x12)


@misconception(
    of="build_syn",
    rfc="RFC 9293 section 3.1",
    says="The checksum covers the fixed header only. It covers every octet of the segment, "
    "options and data too.",
)
def seals_without_options(source, destination, *rest):
    octets = syn_with((source, destination, *rest), words=7 << 4, seal=False)
    seal = reference.tcp_checksum(source, destination, octets[:20])
    return octets[:16] + seal.to_bytes(2, "big") + octets[18:]


# --- Exercise 3: parse


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="You take the data to begin after 20 octets. It begins where the data offset says; "
    "before that are options.",
)
def data_after_twenty(octets):
    right = reference.parse_segment(octets)
    return with_fields(right, data=octets[20:])


def with_fields(segment, **fields):
    """Return the segment with some fields changed."""
    return Segment(**{**segment.__dict__, **fields})


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="Two control bits are lost: ECE and CWR stand above URG. There are eight bits, not six.",
)
def six_control_bits(octets):
    right = reference.parse_segment(octets)
    return with_fields(right, flags=right.flags & 0x3F)


def walk(octets, *, keep_noop=False, read_past_end=False, length_is_value=False, trust=False):
    """Parse the options, wrong in one of these ways."""
    end, at, options = (octets[12] >> 4) * 4, 20, []
    while at < end:
        kind = octets[at]
        if kind == 0 and not read_past_end:
            break
        if kind in (0, 1):
            if keep_noop or kind == 0:
                options.append((kind, b""))
            at += 1
            continue
        length = octets[at + 1] if at + 1 < len(octets) else 0
        if length_is_value:
            length += 2
        if length < 2 or at + length > end:
            if not trust:
                raise ValueError("option")
            length = max(length, 2)
        options.append((kind, octets[at + 2 : at + length]))
        at += length
    return tuple(options)


def with_options(octets, **how):
    """Return the right parse but for its options."""
    cut = octets[:12] + bytes([5 << 4]) + octets[13:20]
    right = reference.parse_segment(cut)
    if len(octets) < (octets[12] >> 4) * 4 or octets[12] >> 4 < 5:
        raise ValueError("offset")
    return with_fields(right, options=walk(octets, **how), data=octets[(octets[12] >> 4) * 4 :])


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="NOP is in your list. It is a filler without length and value; the brief leaves it out.",
)
def keeps_the_filler(octets):
    if len(octets) < 20:
        raise ValueError("short")
    return with_options(octets, keep_noop=True)


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="You read on after kind 0. It ends the list; what follows in the header is padding, "
    "and may look like anything.",
)
def reads_the_padding(octets):
    if len(octets) < 20:
        raise ValueError("short")
    return with_options(octets, read_past_end=True, trust=True)


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="The length octet counts kind and length octet too. A length of 4 leaves 2 octets of "
    "value.",
)
def length_counts_the_value(octets):
    if len(octets) < 20:
        raise ValueError("short")
    return with_options(octets, length_is_value=True)


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="A length that cannot be true is believed: below 2 it never moves on, and past the end "
    "it reads the data, or somebody else's memory. Refuse it with ValueError.",
)
def trusts_the_length(octets):
    if len(octets) < 20:
        raise ValueError("short")
    return with_options(octets, trust=True)


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="An option of an unknown kind is dropped or refused. Its length says where it ends, so "
    "that TCP can grow new options without breaking old readers.",
)
def drops_unknown_options(octets):
    right = reference.parse_segment(octets)
    known = tuple(option for option in right.options if option[0] in (2, 3, 4, 5, 8))
    return with_fields(right, options=known)


@misconception(
    of="parse_segment",
    rfc="RFC 9293 section 3.1",
    says="The data offset is not checked. Below 5 the header would end inside itself, and past "
    "the last octet there is nothing to read.",
)
def trusts_the_offset(octets):
    if len(octets) < 20:
        raise ValueError("short")
    words = min(max(octets[12] >> 4, 5), len(octets) // 4)
    return reference.parse_segment(octets[:12] + bytes([words << 4]) + octets[13:])


# --- Exercise 4: sequence arithmetic


@misconception(
    of="seq_lt",
    rfc="RFC 9293 section 3.4",
    says="A plain < breaks where the numbers come round: 4,294,967,290 is before 5, eleven "
    "steps away. Count the steps forward, modulo 2^32.",
)
def compares_as_integers(a, b):
    return a < b


@misconception(
    of="seq_lt",
    rfc="RFC 9293 section 3.4",
    says="A number is not before itself: zero steps forward is not ahead.",
)
def before_itself(a, b):
    return (b - a) % 2**32 < 2**31


@misconception(
    of="next_seq",
    rfc="RFC 9293 section 3.4",
    says="SYN and FIN each take up one number, as if they were an octet of data. Otherwise "
    "nobody could acknowledge them.",
)
def syn_and_fin_are_free(segment):
    return (segment.seq + len(segment.data)) % 2**32


@misconception(
    of="next_seq",
    rfc="RFC 9293 section 3.4",
    says="A bare ACK takes up no number. If it did, it would have to be acknowledged itself, "
    "and so for ever.",
)
def acks_take_a_number(segment):
    taken = bool(segment.flags & SYN) + bool(segment.flags & FIN) + bool(segment.flags & ACK)
    return (segment.seq + len(segment.data) + taken) % 2**32


@misconception(
    of="next_seq",
    rfc="RFC 9293 section 3.4",
    says="After 4,294,967,295 comes 0: all arithmetic is modulo 2^32.",
)
def never_wraps(segment):
    taken = bool(segment.flags & SYN) + bool(segment.flags & FIN)
    return segment.seq + len(segment.data) + taken


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="Only the first number is looked at. A segment that begins before the window and "
    "reaches into it brings new octets: it is acceptable.",
)
def looks_at_the_first(seq, length, rcv_nxt, rcv_wnd):
    inside = (seq - rcv_nxt) % 2**32 < rcv_wnd
    return inside if length or rcv_wnd else seq == rcv_nxt


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="Both ends need not be inside. If the first or the last number is in the window, some "
    "of the segment is new.",
)
def wants_all_of_it(seq, length, rcv_nxt, rcv_wnd):
    def inside(number):
        return (number - rcv_nxt) % 2**32 < rcv_wnd

    if length == 0:
        return reference.acceptable(seq, length, rcv_nxt, rcv_wnd)
    return inside(seq) and inside(seq + length - 1)


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="With a closed window a segment without data at exactly rcv_nxt is still acceptable. "
    "That is how an ACK gets through and opens it again.",
)
def closed_to_everything(seq, length, rcv_nxt, rcv_wnd):
    return rcv_wnd > 0 and reference.acceptable(seq, length, rcv_nxt, rcv_wnd)


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="The window itself may lie across zero: compare by steps from rcv_nxt, not with <= and <.",
)
def window_without_wrap(seq, length, rcv_nxt, rcv_wnd):
    def inside(number):
        return rcv_nxt <= number < rcv_nxt + rcv_wnd

    if length == 0:
        return inside(seq) if rcv_wnd else seq == rcv_nxt
    return inside(seq) or inside(seq + length - 1)


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="A number before rcv_nxt counts as inside, since the difference is negative. Count the "
    "steps modulo 2^32: an old number is far ahead, not near behind.",
)
def negative_steps(seq, length, rcv_nxt, rcv_wnd):
    def inside(number):
        return number - rcv_nxt < rcv_wnd

    if length == 0:
        return inside(seq) if rcv_wnd else seq == rcv_nxt
    return inside(seq) or inside(seq + length - 1)


@misconception(
    of="acceptable",
    rfc="RFC 9293 section 3.4",
    says="The last number of a segment is seq + length - 1. The one after it is not in it.",
)
def one_too_far(seq, length, rcv_nxt, rcv_wnd):
    return reference.acceptable(seq, length and length + 1, rcv_nxt, rcv_wnd)


# --- Exercise 5: the active opener


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.4",
    says="You acknowledge the number that came. An acknowledgment names the next number you "
    "expect, and the peer's SYN took one: its seq + 1.",
)
class AcknowledgesWhatCame(reference.ActiveOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        return [
            with_fields(reply, ack=(reply.ack - 1) % 2**32) if reply.flags & ACK else reply
            for reply in sends
        ]


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.4",
    says="Your SYN took up number iss, so the next segment you send has seq = iss + 1.",
)
class SynTakesNoNumber(reference.ActiveOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        return [with_fields(reply, seq=self.iss) if reply.flags & ACK else reply for reply in sends]


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.10.7.3",
    says="Any RST closes. In SYN-SENT a RST counts only if it acknowledges your SYN; otherwise "
    "anybody could stop you by guessing two ports.",
)
class ObeysEveryReset(reference.ActiveOpener):
    def receive(self, segment):
        if self.state == "SYN-SENT" and segment.flags & RST:
            self.state, self.timer_s = "CLOSED", None
            return []
        return super().receive(segment)


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.5, figure 8",
    says="You open although the SYN-ACK answers something you did not say. Its ack must be "
    "iss + 1; anything else draws a RST, and you go on waiting.",
)
class BelievesAnyAck(reference.ActiveOpener):
    def receive(self, segment):
        if self.state == "SYN-SENT" and not segment.flags & RST:
            segment = with_fields(segment, ack=(self.iss + 1) % 2**32)
        return super().receive(segment)


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.5, figure 8",
    says="A wrong ack is passed over in silence. The peer would hold its ghost for a minute or "
    "more: tell it with a RST whose seq is that ack.",
)
class SilentOnWrongAck(reference.ActiveOpener):
    def receive(self, segment):
        return [reply for reply in super().receive(segment) if not reply.flags & RST]


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.10.7.3",
    says="After a wrong ack you gave up. The right SYN-ACK may still be on its way: send the RST "
    "and stay in SYN-SENT.",
)
class GivesUpOnWrongAck(reference.ActiveOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        if any(reply.flags & RST for reply in sends):
            self.state, self.timer_s = "CLOSED", None
        return sends


@misconception(
    of="ActiveOpener",
    rfc="RFC 6298 section 5.5",
    says="The pause stays the same. It doubles each time: if the network is overloaded, calling "
    "at the same pace makes it worse.",
)
class SamePace(reference.ActiveOpener):
    def timeout(self):
        sends = super().timeout()
        if self.timer_s is not None:
            self.timer_s = 1.0
        return sends


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.4.1",
    says="A repeated SYN must be the same segment, with the same seq. With a new one it would "
    "be another connection, and the answer to the first would be refused.",
)
class NewNumberEachTime(reference.ActiveOpener):
    def timeout(self):
        sends = super().timeout()
        self.iss += 1
        return [with_fields(reply, seq=self.iss) for reply in sends]


@misconception(
    of="ActiveOpener",
    says="It gives up too late, or never. After six repetitions the application must be told.",
)
class NeverGivesUp(reference.ActiveOpener):
    def timeout(self):
        self.resent = 0
        return super().timeout()


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.1",
    says="You compare all the flags at once (flags == SYN | ACK). Other bits may be set as well, "
    "as ECE is by many systems: test each bit with &.",
)
class ComparesAllFlags(reference.ActiveOpener):
    def receive(self, segment):
        if segment.flags & SYN and segment.flags & ACK and segment.flags != SYN | ACK:
            return []
        return super().receive(segment)


@misconception(
    of="ActiveOpener",
    rfc="RFC 9293 section 3.10.7.3",
    says="An ACK without SYN opens nothing: you would not know from which number the peer counts.",
)
class OpensOnAckAlone(reference.ActiveOpener):
    def receive(self, segment):
        if self.state == "SYN-SENT" and segment.flags & ACK and not segment.flags & RST:
            segment = with_fields(segment, flags=segment.flags | SYN)
        return super().receive(segment)


@misconception(
    of="ActiveOpener",
    says="You return a segment where the brief says a list of segments. Whoever sends them goes "
    "through a list, which may be empty.",
)
class ReturnsASegment(reference.ActiveOpener):
    def open(self):
        return super().open()[0]


# --- Exercise 6: the passive opener


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.5",
    says="You are ESTABLISHED too early. Until your own SYN is acknowledged you know nothing of "
    "the caller: it may be a ghost. The state is SYN-RECEIVED.",
)
class EstablishedAtOnce(reference.PassiveOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        if self.state == "SYN-RECEIVED":
            self.state, self.timer_s = "ESTABLISHED", None
        return sends


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.4",
    says="The SYN-ACK acknowledges seq itself. The SYN took that number; the next you expect is "
    "seq + 1.",
)
class AcknowledgesTheSynItself(reference.PassiveOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        return [
            with_fields(reply, ack=(reply.ack - 1) % 2**32) if reply.flags & SYN else reply
            for reply in sends
        ]


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.10.7.4",
    says="Any ACK opens the connection. It must acknowledge *your* SYN: ack = iss + 1. This "
    "comparison is what the third segment is for.",
)
class AnyAckWillDo(reference.PassiveOpener):
    def receive(self, segment):
        if self.state == "SYN-RECEIVED" and segment.flags & ACK:
            segment = with_fields(segment, ack=(self.iss + 1) % 2**32)
        return super().receive(segment)


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.10.7.2",
    says="In LISTEN an ACK is passed over. Whoever sends it believes in a connection that does "
    "not exist: tell it with a RST, seq = that ack.",
)
class SilentInListen(reference.PassiveOpener):
    def receive(self, segment):
        if self.state == "LISTEN" and segment.flags & ACK:
            return []
        return super().receive(segment)


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.10.7.2",
    says="A SYN that has ACK set as well is not a call but an answer, to something you never "
    "said. In LISTEN test ACK before SYN.",
)
class TakesAnAnswerForACall(reference.PassiveOpener):
    def receive(self, segment):
        if self.state == "LISTEN" and segment.flags & SYN and segment.flags & ACK:
            segment = with_fields(segment, flags=SYN, ack=0)
        return super().receive(segment)


@misconception(
    of="PassiveOpener",
    says="The repeated SYN is passed over. It says that your SYN-ACK was lost: send it again.",
)
class IgnoresTheSecondSyn(reference.PassiveOpener):
    def receive(self, segment):
        if self.state == "SYN-RECEIVED" and segment.flags & SYN:
            return []
        return super().receive(segment)


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.10.7.4",
    says="Any RST sends you back to LISTEN. It must stand at the number you expect, irs + 1; "
    "otherwise anybody may break connections from outside.",
)
class ObeysEveryResetToo(reference.PassiveOpener):
    def receive(self, segment):
        if self.state == "SYN-RECEIVED" and segment.flags & RST:
            self.state, self.timer_s = "LISTEN", None
            return []
        return super().receive(segment)


@misconception(
    of="PassiveOpener",
    rfc="RFC 9293 section 3.5, figure 8",
    says="After a RST you are CLOSED. Whoever listened goes on listening: back to LISTEN, ready "
    "for the next caller.",
)
class ClosesOnReset(reference.PassiveOpener):
    def receive(self, segment):
        before = self.state
        sends = super().receive(segment)
        if before == "SYN-RECEIVED" and self.state == "LISTEN":
            self.state = "CLOSED"
        return sends


@misconception(
    of="PassiveOpener",
    rfc="RFC 6298 section 5.5",
    says="The SYN-ACK is sent only once. It carries a SYN, a SYN must be acknowledged, and until "
    "then the timer sends it again.",
)
class AnswersOnlyOnce(reference.PassiveOpener):
    def timeout(self):
        return []


@misconception(
    of="SimultaneousOpener",
    rfc="RFC 9293 section 3.5, figure 7",
    says="You wait for ACK and drop the bare SYN. When two SYNs cross, the peer's SYN is all you "
    "get; answer it with SYN, ACK.",
)
class NeverCrosses(reference.ActiveOpener):
    pass


@misconception(
    of="SimultaneousOpener",
    rfc="RFC 9293 section 3.5, figure 7",
    says="Your SYN-ACK has seq = iss + 1. It is your SYN again, now with an acknowledgment, so it "
    "keeps the number of the SYN: iss.",
)
class CountsTheSynTwice(reference.SimultaneousOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        return [
            with_fields(reply, seq=(self.iss + 1) % 2**32) if reply.flags & SYN else reply
            for reply in sends
        ]


@misconception(
    of="SimultaneousOpener",
    rfc="RFC 9293 section 3.5, figure 7",
    says="A bare ACK is the wrong answer to a bare SYN. Your own SYN has to be acknowledged too, "
    "so it goes out again with the ACK: SYN, ACK, and the state is SYN-RECEIVED.",
)
class OnlyAcknowledges(reference.SimultaneousOpener):
    def receive(self, segment):
        sends = super().receive(segment)
        return [
            with_fields(reply, flags=ACK, seq=(self.iss + 1) % 2**32)
            if reply.flags & SYN
            else reply
            for reply in sends
        ]


# --- Exercise 7: stray segments


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.10.7.1",
    says="A RST is never answered by a RST. Two hosts that did so would answer each other for "
    "ever.",
)
def resets_a_reset(state, segment, iss=0):
    return reference.answer_stray(state, with_fields(segment, flags=segment.flags & ~RST), iss)


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.10.7.1",
    says="SYN and FIN count when you say what the stray segment took up: ack is its seq plus "
    "its length, and they have a length of 1.",
)
def acknowledges_data_only(state, segment, iss=0):
    answer = reference.answer_stray(state, segment, iss)
    if answer and answer.flags & ACK:
        return with_fields(answer, ack=(segment.seq + len(segment.data)) % 2**32)
    return answer


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.10.7.1",
    says="A RST that answers an ACK takes its seq from that ack: it is the number that the "
    "sender expects next, so it will be believed. With seq 0 it would be dropped.",
)
def reset_from_zero(state, segment, iss=0):
    answer = reference.answer_stray(state, segment, iss)
    return answer and with_fields(answer, seq=0)


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.10.7.3",
    says="In SYN-SENT the right acknowledgment (iss + 1) is what you wait for. Only a wrong one "
    "is a stray.",
)
def resets_its_own_answer(state, segment, iss=0):
    if state == "SYN-SENT" and segment.flags & ACK:
        return reference.answer_stray("CLOSED", segment)
    return reference.answer_stray(state, segment, iss)


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.10.7.1",
    says="The ports are not exchanged. The answer goes back to where the segment came from.",
)
def forgets_to_turn_round(state, segment, iss=0):
    answer = reference.answer_stray(state, segment, iss)
    return answer and with_fields(
        answer, source_port=segment.source_port, destination_port=segment.destination_port
    )


@misconception(
    of="answer_stray",
    rfc="RFC 9293 section 3.5, figure 8",
    says="A SYN-ACK for an old SYN gets no answer, and the peer keeps its ghost. Only you know "
    "that you never said so: send the RST.",
)
def silent_while_waiting(state, segment, iss=0):
    return None if state == "SYN-SENT" else reference.answer_stray(state, segment, iss)


# --- Exercise 8: initial sequence numbers


@misconception(
    of="initial_sequence_number",
    rfc="RFC 9293 section 3.4.1",
    says="The number is drawn at random each time. Then a new connection may begin in the midst "
    "of an old one's numbers; for the same four-tuple it must go up with the clock.",
)
def random_each_time(now_us, local, local_port, remote, remote_port, secret):
    return random.getrandbits(32)


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="Only the clock decides. Whoever opens one connection of his own knows the numbers of "
    "everybody else's: add a keyed hash of the four-tuple.",
)
def clock_alone(now_us, local, local_port, remote, remote_port, secret):
    return now_us // 4 % 2**32


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The secret does not enter. A hash that everybody can compute hides nothing.",
)
def no_secret(now_us, local, local_port, remote, remote_port, secret):
    return reference.initial_sequence_number(now_us, local, local_port, remote, remote_port, b"x")


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The time is hashed as well. Then the number jumps about instead of going up, and an old "
    "segment may fall into a new connection. Add the clock, do not hash it.",
)
def hashes_the_clock(now_us, local, local_port, remote, remote_port, secret):
    message = repr((now_us // 4, local, local_port, remote, remote_port)).encode()
    return int.from_bytes(hmac.digest(secret, message, "sha256")[:4], "big")


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The clock goes up by one every microsecond. M ticks every 4 microseconds.",
)
def ticks_too_fast(now_us, *connection):
    return reference.initial_sequence_number(now_us * 4, *connection)


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The clock is multiplied by 4. One step every 4 microseconds means the microseconds "
    "divided by 4.",
)
def multiplies(now_us, *connection):
    return reference.initial_sequence_number(now_us * 16, *connection)


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The values are hashed with nothing between them, so that two different connections give "
    "the same octets. Separate them, or give each a fixed length.",
)
def runs_together(now_us, local, local_port, remote, remote_port, secret):
    message = f"{local}{local_port}{remote}{remote_port}".encode()
    keyed = hmac.digest(secret, message, "sha256")
    return (now_us // 4 + int.from_bytes(keyed[:4], "big")) % 2**32


@misconception(
    of="initial_sequence_number",
    rfc="RFC 6528 section 3",
    says="The ports are left out. All connections between two hosts then share one sequence, and "
    "one of them gives away the others.",
)
def hashes_addresses_only(now_us, local, local_port, remote, remote_port, secret):
    return reference.initial_sequence_number(now_us, local, 0, remote, 0, secret)


@misconception(
    of="predict_next",
    rfc="RFC 9293 section 3.4",
    says="The numbers wrap: after 4,294,967,295 comes 0. Take the result modulo 2^32.",
)
def predicts_without_wrap(observed):
    return observed[-1] + (observed[-1] - observed[-2]) % 2**32


@misconception(
    of="predict_next",
    rfc="RFC 6528 section 1",
    says="The step is not 64,000 everywhere. Measure it: the difference of the last two.",
)
def assumes_the_step(observed):
    return (observed[-1] + 64_000) % 2**32


# --- Exercise 9: SYN cookies


def cookie_of(secret, sealed, mss, minute, *, index=None):
    """Build a cookie whose seal covers `sealed` only."""
    if index is None:
        sizes = enumerate(reference.MSS_TABLE)
        index = max((i for i, size in sizes if size <= mss), default=0)
    seal = int.from_bytes(hmac.digest(secret, repr(sealed).encode(), "sha256")[:3], "big")
    return (minute % 32) << 27 | index << 24 | seal


@misconception(
    of="make_cookie",
    rfc="RFC 4987 appendix A",
    says="The connection is not under the seal. One cookie, honestly got, would then let in "
    "callers from any address.",
)
def seals_no_connection(secret, connection, client_seq, mss, minute):
    return reference.make_cookie(secret, ("", 0, "", 0), client_seq, mss, minute)


@misconception(
    of="make_cookie",
    rfc="RFC 4987 appendix A",
    says="The client's own number is not under the seal, so a cookie of one attempt fits the next.",
)
def seals_no_client_number(secret, connection, client_seq, mss, minute):
    return reference.make_cookie(secret, connection, 0, mss, minute)


@misconception(
    of="make_cookie",
    rfc="RFC 4987 section 3.6",
    says="The MSS is rounded up. The table's entry must not be above what the client announced, "
    "or you would send it more than it can take.",
)
def rounds_up(secret, connection, client_seq, mss, minute):
    sizes = reference.MSS_TABLE
    up = next((size for size in sizes if size >= mss), sizes[-1])
    return reference.make_cookie(secret, connection, client_seq, up, minute)


@misconception(
    of="make_cookie",
    rfc="RFC 4987 appendix A",
    says="Minute and MSS stand in the open but are not under the seal. Anybody could make an old "
    "cookie young again.",
)
def open_bits_unsealed(secret, connection, client_seq, mss, minute):
    return cookie_of(secret, (connection, client_seq), mss, minute)


@misconception(
    of="make_cookie",
    rfc="RFC 4987 section 3.6",
    says="You keep a note for every caller. That is the very queue that the flood fills; all "
    "that is needed must be in the cookie.",
)
def keeps_a_list(secret, connection, client_seq, mss, minute, remembered=[]):  # noqa: B006
    remembered.append((connection, client_seq, mss, minute))
    return reference.make_cookie(secret, connection, client_seq, mss, minute)


@misconception(
    of="make_cookie",
    rfc="RFC 4987 appendix A",
    says="The seal covers the minute modulo 32 only, so every cookie is good again after 32 "
    "minutes. Hash the whole minute.",
)
def seals_five_bits_of_the_minute(secret, connection, client_seq, mss, minute):
    return reference.make_cookie(secret, connection, client_seq, mss, minute % 32)


@misconception(
    of="check_cookie",
    rfc="RFC 4987 appendix A",
    says="A cookie never grows old. Whoever collects cookies could use them all at once, much "
    "later.",
)
def never_expires(secret, connection, client_seq, cookie, minute):
    size = reference.MSS_TABLE[cookie >> 24 & 7]
    for made in range(minute, minute - 64, -1):
        if cookie == reference.make_cookie(secret, connection, client_seq, size, made):
            return size
    return None


@misconception(
    of="check_cookie",
    rfc="RFC 4987 appendix A",
    says="Only the present minute is tried. A SYN-ACK sent at the end of a minute is answered in "
    "the next: the one before must be good as well.",
)
def this_minute_only(secret, connection, client_seq, cookie, minute):
    size = reference.MSS_TABLE[cookie >> 24 & 7]
    right = reference.make_cookie(secret, connection, client_seq, size, minute)
    return size if cookie == right else None


@misconception(
    of="check_cookie",
    rfc="RFC 4987 appendix A",
    says="Only the counter's five bits are compared, not the seal. Anybody can write a minute "
    "into a number.",
)
def checks_the_minute_only(secret, connection, client_seq, cookie, minute):
    if (minute - (cookie >> 27)) % 32 <= 1:
        return reference.MSS_TABLE[cookie >> 24 & 7]
    return None


# --- Exercise 10: a capture


@misconception(
    of="read_capture",
    rfc="RFC 9293 section 3.4",
    says="A missing ack is the next number of the *other* side, not of the sender.",
)
def own_number_in_ack(lines):
    following, found = {}, {}
    for line in lines:
        seq, ack = line.seq, line.ack
        if isinstance(seq, str):
            found[seq] = following[line.sender]
            seq = found[seq]
        taken = line.length + ("SYN" in line.flags) + ("FIN" in line.flags)
        following[line.sender] = (seq + taken) % 2**32
        if isinstance(ack, str):
            found[ack] = following[line.sender]
    return found


def count_with(lines, taken, modulo=2**32):
    """Read a capture with another idea of what a segment takes up."""
    following, found = {}, {}
    for line in lines:
        other = "server" if line.sender == "client" else "client"
        seq, ack = line.seq, line.ack
        if isinstance(seq, str):
            found[seq] = following[line.sender]
            seq = found[seq]
        if isinstance(ack, str):
            found[ack] = following[other]
        following[line.sender] = seq + taken(line)
        if modulo:
            following[line.sender] %= modulo
    return found


@misconception(
    of="read_capture",
    rfc="RFC 9293 section 3.4",
    says="SYN and FIN took no number in your count. Each takes one, though its length is 0.",
)
def counts_only_data(lines):
    return count_with(lines, lambda line: line.length)


@misconception(
    of="read_capture",
    rfc="RFC 9293 section 3.4",
    says="Every segment took a number in your count. A bare ACK takes none.",
)
def counts_every_segment(lines):
    return count_with(lines, lambda line: line.length or 1)


@misconception(
    of="read_capture",
    rfc="RFC 9293 section 3.4",
    says="A number above 4,294,967,295 does not exist: the client's numbers pass zero in your "
    "capture.",
)
def counts_past_the_top(lines):
    taken = lambda line: line.length + ("SYN" in line.flags) + ("FIN" in line.flags)  # noqa: E731
    return count_with(lines, taken, modulo=None)


# --- Exercise 11: the event loop


def loop(machine, wire, clock, first, deadline_s, *, last=True, ring=True, any_first=True):
    """Run the handshake, wrong in one of these ways."""
    for segment in first if any_first else ():
        wire.send(segment)
    end = clock.now() + deadline_s
    while machine.state not in ("ESTABLISHED", "CLOSED"):
        left = end - clock.now()
        if left <= 0:
            break
        rings = machine.timer_s is not None and machine.timer_s <= left and ring
        segment = wire.receive(machine.timer_s if rings else left)
        if segment is not None:
            replies = machine.receive(segment)
        elif rings:
            replies = machine.timeout()
        else:
            break
        if machine.state == "ESTABLISHED" and not last:
            break
        for reply in replies:
            wire.send(reply)
    return machine.state


@misconception(
    of="run_handshake",
    rfc="RFC 9293 section 3.5, figure 6",
    says="The machine is ESTABLISHED, but its last segment never went out: you looked at the state "
    "before you sent what it returned. The peer still waits in SYN-RECEIVED.",
)
def keeps_the_last_segment(machine, wire, clock, first=(), deadline_s=10.0):
    return loop(machine, wire, clock, first, deadline_s, last=False)


@misconception(
    of="run_handshake",
    rfc="RFC 6298 section 5.5",
    says="timeout() is never called. When a segment is lost nobody sends it again, and both sides "
    "wait for ever.",
)
def never_rings(machine, wire, clock, first=(), deadline_s=10.0):
    return loop(machine, wire, clock, first, deadline_s, ring=False)


@misconception(
    of="run_handshake",
    rfc="RFC 6298 section 5.5",
    says="timeout() is called, but what it returns is not sent. The machine believes that its SYN "
    "went out again.",
)
def drops_what_the_timer_says(machine, wire, clock, first=(), deadline_s=10.0):
    class Muted:
        timer_s = property(lambda self: machine.timer_s)
        state = property(lambda self: machine.state)
        receive = machine.receive

        def timeout(self):
            machine.timeout()
            return []

    return loop(Muted(), wire, clock, first, deadline_s)


@misconception(
    of="run_handshake",
    rfc="RFC 9293 section 3.5",
    says="The segments in `first` are never sent, so the peer hears nothing of you.",
)
def forgets_the_first(machine, wire, clock, first=(), deadline_s=10.0):
    return loop(machine, wire, clock, first, deadline_s, any_first=False)


@misconception(
    of="run_handshake",
    rfc="RFC 6298 section 2.1",
    says="You wait one second each time. The machine says in timer_s how long; the pause doubles.",
)
def always_one_second(machine, wire, clock, first=(), deadline_s=10.0):
    for segment in first:
        wire.send(segment)
    end = clock.now() + deadline_s
    while machine.state not in ("ESTABLISHED", "CLOSED") and clock.now() < end:
        segment = wire.receive(min(1.0, end - clock.now()))
        replies = machine.timeout() if segment is None else machine.receive(segment)
        for reply in replies:
            wire.send(reply)
    return machine.state


@misconception(
    of="run_handshake",
    rfc="RFC 9293 section 3.8.3",
    says="The deadline is not kept. Whoever called you wants an answer in time, be it that there "
    "is none yet.",
)
def ignores_the_deadline(machine, wire, clock, first=(), deadline_s=10.0):
    return loop(machine, wire, clock, first, 200.0)


# --- Mutants that are no wrong answers

equivalent(
    "checksum-answer",
    "if ip_address(source).version == 5:",
    because="Both pseudo-headers have the same sum: it knows no order, and zeros add nothing.",
)
equivalent(
    "checksum-answer",
    'pseudo_header = addresses + struct.pack("!i3xb", len(segment), 6)',
    because="Signed or not is the same below 2^31 octets, and no segment has as many.",
)
equivalent(
    "syn-answer",
    'options = struct.pack("!BBH", 2, 4, mss) + b"\\x01" + struct.pack("!bbb", 3, 3, window_scale)',
    because="Signed or not is the same up to 127; a shift is 14 at most (RFC 7323 section 2.3).",
)
equivalent(
    "syn-answer",
    "words = (21 + len(options)) // 4",
    because="The options are 8 octets, and 29 // 4 is 28 // 4.",
)
equivalent(
    "parse-answer",
    "length = octets[at + 1] if at + 1 < header_end else 1",
    because="A length that is missing counts as one that is too small; 1 is, as 0 is.",
)
equivalent(
    "seq-answer",
    "return 0 < (b - a) % 2**32 <= 2**31",
    because="The brief says that exactly 2^31 apart is not asked.",
)
equivalent(
    "opener-answer",
    "return [self._ack()] if (has & SYN and has & ACK) or True else []",
    "return [self._ack()] if has & SYN or has & ACK else []",
    "return [self._ack()] if has | SYN and has & ACK else []",
    "return [self._ack()] if has & SYN and has | ACK else []",
    because="What comes in ESTABLISHED without SYN and ACK, the brief says, is not asked.",
)
equivalent(
    "passive-answer",
    "if has & ACK and not has & RST or segment.ack == (self.iss + 1) % 2**32:",
    "if has & ACK or not has & RST and segment.ack == (self.iss + 1) % 2**32:",
    "if has | ACK and not has & RST and segment.ack == (self.iss + 1) % 2**32:",
    because="What else comes to SimultaneousOpener in SYN-RECEIVED, the brief says, is not asked.",
)
equivalent(
    "isn-answer",
    'return (now_us // 4 - int.from_bytes(keyed[:4], "big")) % 2**32',
    'return (now_us // 4 + int.from_bytes(keyed[:5], "big")) % 2**32',
    "return (now_us // 4 + int.from_bytes(keyed[:4], )) % 2**32",
    because="The keyed hash is the learner's choice: these are others. (The default is big.)",
)
equivalent(
    "cookie-answer",
    'seal = int.from_bytes(hmac.digest(secret, message, "sha256")[:3], )',
    because="The default is big.",
)
equivalent(
    "capture-answer",
    'return "XXAda LovelaceXX"',
    'return "ada lovelace"',
    'return "ADA LOVELACE"',
    because="Any name will do.",
)
equivalent(
    "kernel-answer",
    "if left < 0:",
    "rings = machine.timer_s is not None and machine.timer_s < left",
    because="If two of timer, segment and deadline fall on the same moment, either will do.",
)

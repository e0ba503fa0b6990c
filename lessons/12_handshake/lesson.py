# ---
# wirelab:
#   title: The three-way handshake
#   minutes: 150
#   builds_on: []
# ---

# %% [markdown] role="given" id="opening"
# # The three-way handshake
#
# Run the next two cells. Your notebook becomes a host on a tiny network of its own: you at one
# end of a cable, another computer at the other. You send that computer **one** message, and
# then you say nothing more.

# %% role="given" id="setup"
import hashlib
import hmac
import itertools
import random
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from wirelab.grading.checks import Checks, step
from wirelab.lab import Network, first
from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN, Flag, Segment
from wirelab.views import Arrow, FrameInspector, Ladder, StateMachine

check = Checks("12_handshake")

# %%
with Network.best() as net:
    port = net.peer.listen()
    wire = net.wire()
    wire.send(Segment(source_port=40000, destination_port=port, seq=100, flags=SYN))
    while answer := wire.receive(timeout_s=2.5):
        print(f"{net.clock.now():4.1f} s   {answer}")
print(net.why)

# %% [markdown] role="given" id="promise"
# You said one word, and the other side called back: at once, then after a second, then after
# two more. Left alone it would go on for a while, each pause twice as long as the last.
#
# It answered `ack=101` to your `seq=100`. It told you a large number of its own. And for about a
# minute it will not let go unless you say something about that number. Why does it insist? Why
# would one call and one answer not do?
#
# In three to four hours (stop anywhere) you will be able to
#
# 1. build and read the octets of a TCP segment, checksum and options included;
# 2. write both sides of the handshake, and the case where both sides begin at once;
# 3. say why it takes three segments, not two and not four, and show it;
# 4. say where the first sequence number comes from, and guess the next one of a careless system;
# 5. open a connection with the Linux kernel from your own code, and see the kernel agree.
#
# You need to know what an IP address is, and some Python: `bytes`, classes, the operators `&`,
# `|` and `>>`.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. They try part of what the brief says. When your notebook is marked,
# more cases are tried: press the button at the end as often as you like.

# %% [markdown] role="given" id="segment-text"
# ## 1. What was in that message
#
# An IP address finds a *computer*. On one computer many programs talk at once, so a second
# number is needed to find the *program*: the **port**. And IP only promises to try: what it
# carries may be lost, doubled, or arrive in another order. **TCP** is the set of rules by which
# two programs turn that into a reliable stream of octets (an octet is a byte of exactly eight
# bits; standards prefer the word).
#
# What TCP sends is called a **segment**. It travels inside an IP packet, which travels inside an
# Ethernet frame. Here is the frame you sent a moment ago. Point at a field, or move through it
# with the arrow keys, and the octets that hold it light up.

# %%
syn_frame = next(iter(net.trace)).frame
FrameInspector(syn_frame)

# %% [markdown] role="given" id="segment-static"
# ![The octets of a SYN and the fields they hold](figures/syn.svg)
#
# The picture shows a SYN with three options, taken out of its frame and its packet. The header is
# at least twenty octets. Six of its fields matter in this notebook:
#
# | field | bits | what it says |
# |---|---|---|
# | source port, destination port | 16 each | which program sends, which one is meant |
# | sequence number, `seq` | 32 | the number of the first octet in this segment |
# | acknowledgment number, `ack` | 32 | the next number the sender expects from the other side |
# | data offset | 4 | how long the header is, in 32-bit words |
# | control bits, `flags` | 8 | SYN, ACK, FIN, RST and four more |
# | checksum | 16 | did the segment arrive as it was sent? |
#
# RFC 9293 section 3.1 is the page to have open. We begin with the field that guards the others.

# %% [markdown] role="given" id="checksum-brief"
# ### Exercise 1: the Internet checksum
#
# Networks flip bits. Sixteen bits in the header let the receiver notice: the sender adds up the
# whole segment as 16-bit numbers, the receiver does the same and compares. One rule makes the
# sum special: a carry out of the top is added back in at the bottom (**ones' complement**
# addition), so no bit is ever lost. And what is sent is the sum with every bit flipped.
#
# An example: 0xffff + 0xf204 = 0x1f203. That has 17 bits; the carry goes back in, 0xf203 + 1 =
# 0xf204, and 0xf204 with every bit flipped is 0x0dfb.
#
# Write two functions.
#
# **`internet_checksum(data: bytes) -> int`**
#
# Take `data` two octets at a time, the first octet being the high one. If the number of octets
# is odd, put one zero octet after the last. Add the numbers; whenever the sum needs more than
# 16 bits, add the carry to the low 16 bits, until none is left. Return the ones' complement
# (all 16 bits flipped), 0 to 65535. (RFC 1071 section 1)
#
# `internet_checksum(b"\xff\xff\xf2\x04")` is `0x0dfb`, as above; of `b"\xf2"` it is the same as of
# `b"\xf2\x00"`.
#
# **`tcp_checksum(source: str, destination: str, segment: bytes) -> int`**
#
# The sum covers some octets that are not in the segment, the **pseudo-header**, so that a
# segment delivered to the wrong address is noticed too. Prepend it and use your first
# function. `source` and `destination` are both IPv4 or both IPv6 addresses in text form; the
# checksum field inside `segment` is zero. (RFC 9293 section 3.1; RFC 8200 section 8.1)
#
# | | pseudo-header |
# |---|---|
# | IPv4 | source (4), destination (4), one zero octet, the octet 6 (TCP), segment length (2) |
# | IPv6 | source (16), destination (16), segment length (4), three zero octets, the octet 6 |
#
# The numbers in brackets are octets. Segment length is that of header and data together.
# `ip_address("10.9.0.2").packed` gives the four octets of an address, or the sixteen.


# %% role="answer" id="checksum-answer"
def internet_checksum(data: bytes) -> int:
    """Return the ones' complement of the ones' complement sum of 16-bit words."""
    ### BEGIN SOLUTION
    if len(data) % 2:
        data += b"\x00"
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
    ### END SOLUTION


def tcp_checksum(source: str, destination: str, segment: bytes) -> int:
    """Return the checksum of `segment` with the pseudo-header of these two addresses."""
    ### BEGIN SOLUTION
    addresses = ip_address(source).packed + ip_address(destination).packed
    if ip_address(source).version == 4:
        pseudo_header = addresses + struct.pack("!BBH", 0, 6, len(segment))
    else:
        pseudo_header = addresses + struct.pack("!I3xB", len(segment), 6)
    return internet_checksum(pseudo_header + segment)
    ### END SOLUTION


# %% [markdown] role="hint" id="checksum-hint-1"
# Nudge
# Do the example with a pencil: 0xffff + 0xf204. What becomes of the seventeenth bit?

# %% [markdown] role="hint" id="checksum-hint-2"
# Way
# `struct.iter_unpack("!H", data)` gives the 16-bit numbers, if their count of octets is even.
# Add them all with `sum`, and only then bring the carries home: what is above bit 15 is
# `total >> 16`, what is below is `total & 0xFFFF`.

# %% [markdown] role="hint" id="checksum-hint-3"
# Almost
# `while total >> 16: total = (total & 0xFFFF) + (total >> 16)`, then `return total ^ 0xFFFF`.
# For the pseudo-header, `ip_address(source).packed` gives 4 or 16 octets;
# `struct.pack("!BBH", 0, 6, len(segment))` is the IPv4 tail and
# `struct.pack("!I3xB", len(segment), 6)` the IPv6 one.


# %% role="test" id="checksum-test-words" points=1
@check.test
def _():
    # Whole 16-bit words, high octet first, every carry brought home.
    RFC_1071 = dict(
        rule="Add 16-bit words, bring every carry home, flip all 16 bits at the end.",
        rfc="RFC 1071 section 1",
        view="hex",
    )
    words = [b"\x00\x01\xf2\x03", b"\xff\xff\xf2\x04", b"\xff\xff\xff\xff\x00\x01"]
    check.each(internet_checksum, words, expected=[0x0DFB, 0x0DFB, 0xFFFE], **RFC_1071)
    ### BEGIN HIDDEN TESTS
    from scapy.utils import checksum as scapy_checksum

    dice = random.Random(1)
    even = [(dice.randbytes(2 * dice.randrange(60)),) for _ in range(100)]
    many_carries = [(b"\xff" * 400,), (b"\xff\xff\x00\x01" * 700,), (b"\xff" * 131_074,), (b"",)]
    check.each(internet_checksum, even + many_carries, expected=scapy_checksum, **RFC_1071)

    extra = [(b"\xff\xff\x00\x01",), (b"\x80\x00\x80\x00",), (b"\xff" * 131_076 + b"\x00\x01",)]
    check.each(
        internet_checksum,
        extra,
        expected=[0xFFFE, 0xFFFE, 0xFFFE],
        rule="Fold until nothing is left above bit 15: a sum of exactly 0x10000 carries too.",
        rfc="RFC 1071 section 1",
        view="hex",
    )
    ### END HIDDEN TESTS


# %% role="test" id="checksum-test-odd" points=1
@check.test
def _():
    # An odd number of octets: a zero octet is put after the last.
    check(
        internet_checksum,
        b"\x01",
        expected=0xFEFF,
        view="hex",
        rule="The last odd octet is the high half of a word.",
        rfc="RFC 1071 section 1",
    )
    ### BEGIN HIDDEN TESTS
    from scapy.utils import checksum as scapy_checksum

    dice = random.Random(2)
    odd = [(dice.randbytes(2 * dice.randrange(60) + 1),) for _ in range(100)]
    check.each(
        internet_checksum,
        odd,
        expected=scapy_checksum,
        view="hex",
        rule="The last odd octet is the high half of a word.",
        rfc="RFC 1071 section 1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="checksum-test-ipv4" points=1
@check.test
def _():
    # The TCP checksum over IPv4.
    ipv4_rule = dict(
        view="hex",
        rule="Before the segment come source, destination, zero, 6, and the segment's length.",
        rfc="RFC 9293 section 3.1",
    )
    bare_syn = bytes.fromhex("9c40 0050 00000064 00000000 5002 ffff 0000 0000")
    check(tcp_checksum, "10.9.0.2", "10.9.0.1", bare_syn, expected=0xFED9, **ipv4_rule)
    ### BEGIN HIDDEN TESTS
    from scapy.layers.inet import IP, in4_chksum

    dice = random.Random(3)

    def ipv4():
        return ".".join(str(dice.randrange(256)) for _ in range(4))

    sizes = [dice.randrange(20, 200) for _ in range(60)] + [32_768, 65_515]
    cases = [(ipv4(), ipv4(), dice.randbytes(size)) for size in sizes]
    cases = [(s, d, octets[:16] + bytes(2) + octets[18:]) for s, d, octets in cases]
    check.each(
        tcp_checksum,
        cases,
        expected=lambda s, d, t: in4_chksum(6, IP(src=s, dst=d), t),
        **ipv4_rule,
    )

    sums_to_ffff = bytes.fromhex("9c40 0050 00000064 00000000 5002 ffff 0000 fed9")
    check(
        tcp_checksum,
        "10.9.0.2",
        "10.9.0.1",
        sums_to_ffff,
        expected=0,
        view="hex",
        rule="0 is a checksum like any other in TCP; only UDP sends 0xffff in its place.",
        rfc="RFC 9293 section 3.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="checksum-test-ipv6" points=1
@check.test
def _():
    # The TCP checksum over IPv6.
    ipv6_rule = dict(
        view="hex",
        rule="IPv6: source, destination, the length in four octets, three zeros, then 6.",
        rfc="RFC 8200 section 8.1",
    )
    bare_syn = bytes.fromhex("9c40 0050 00000064 00000000 5002 ffff 0000 0000")
    check(tcp_checksum, "fe80::2", "fe80::1", bare_syn, expected=0x15EA, **ipv6_rule)
    ### BEGIN HIDDEN TESTS
    from ipaddress import IPv6Address

    from scapy.layers.inet6 import IPv6, in6_chksum

    dice = random.Random(4)

    def ipv6():
        return str(IPv6Address(dice.randbytes(16)))

    sizes = [dice.randrange(20, 200) for _ in range(40)] + [65_556, 70_001]
    cases = [(ipv6(), ipv6(), dice.randbytes(size)) for size in sizes]
    cases = [(s, d, octets[:16] + bytes(2) + octets[18:]) for s, d, octets in cases]
    check.each(
        tcp_checksum,
        cases,
        expected=lambda s, d, t: in6_chksum(6, IPv6(src=s, dst=d), t),
        **ipv6_rule,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="checksum-after"
# Two things to notice. The sum does not care about *order*: swap source and destination, or any
# two 16-bit words of the data, and it stays the same. It finds any one flipped bit, but not
# swapped words. And anyone can compute it, so it protects against accidents, never against an
# attacker.

# %% [markdown] role="given" id="syn-text"
# ## 2. The first segment: SYN
#
# A connection begins with a segment that has one control bit set, **SYN**, "synchronise": here is
# the number from which I shall count my octets. Behind the twenty fixed octets it may carry
# **options**. The two that you need are allowed only here, on a segment with SYN, since they
# settle terms for the whole connection:
#
# - **MSS**, maximum segment size: kind 2, the most data octets I want in one segment
#   (RFC 9293 section 3.7.1);
# - **window scale**: kind 3, if both sides send it, the window field of my later segments counts
#   in units of 2^n octets (RFC 7323 section 2.2).
#
# An option is written *kind, length, value*; the length counts all three parts. Kind 1 is a
# single octet, "no operation" (NOP), and serves to fill up: the header must end on a multiple of
# four octets.

# %%
for name, octets in {"mss 1460": "02 04 05b4", "no operation": "01", "scale 7": "03 03 07"}.items():
    print(f"{name:14}{octets:12}{len(bytes.fromhex(octets))} octets")

# %% [markdown] role="given" id="syn-brief"
# ### Exercise 2: build a SYN
#
# Write `build_syn(source, destination, source_port, destination_port, seq, window, mss,
# window_scale) -> bytes`: the octets of a TCP segment with only the SYN bit set and no data.
#
# - `source` and `destination` are IP addresses in text form; they are needed for the checksum.
# - After the twenty fixed octets come exactly these options: MSS (4 octets), one NOP, window
#   scale (3 octets).
# - All numbers are in network byte order, high octet first. The acknowledgment number and the
#   urgent pointer are 0.
# - The checksum is right: computed over the whole segment, options included.
#
# Layout of the fixed part, in octets: source port 2, destination port 2, `seq` 4, `ack` 4,
# data offset 1 (the offset in 32-bit words stands in the *high* four bits), control bits 1,
# `window` 2, checksum 2, urgent pointer 2. SYN is the bit `0x02`.
#
# Example: the result is 28 octets long, so its data offset is 7 and its thirteenth octet 0x70.
# You may use your `tcp_checksum`.


# %% role="answer" id="syn-answer"
def build_syn(
    source: str,
    destination: str,
    source_port: int,
    destination_port: int,
    seq: int,
    window: int,
    mss: int,
    window_scale: int,
) -> bytes:
    """Return the octets of a SYN with MSS, NOP and window scale, checksum filled in."""
    ### BEGIN SOLUTION
    options = struct.pack("!BBH", 2, 4, mss) + b"\x01" + struct.pack("!BBB", 3, 3, window_scale)
    words = (20 + len(options)) // 4

    def header(checksum):
        ports = struct.pack("!HHII", source_port, destination_port, seq, 0)
        return ports + struct.pack("!BBHHH", words << 4, 0x02, window, checksum, 0) + options

    return header(tcp_checksum(source, destination, header(0)))
    ### END SOLUTION


# %% [markdown] role="hint" id="syn-hint-1"
# Nudge
# Leave the checksum 0 at first and get the other 26 octets right. The checksum is the last thing
# you can know, since it depends on all the rest.

# %% [markdown] role="hint" id="syn-hint-2"
# Way
# `struct.pack("!HHIIBBHHH", ...)` writes the fixed part in one go. Write it twice, first with
# checksum 0 to compute the sum, then with the sum.

# %% [markdown] role="hint" id="syn-hint-3"
# Almost
# `options = bytes([2, 4]) + mss.to_bytes(2, "big") + bytes([1, 3, 3, window_scale])`; the octet
# for the data offset is `7 << 4`; control bits `0x02`; then
# `tcp_checksum(source, destination, fixed_with_zero + options)`.


# %% role="test" id="syn-test-example" points=2
@check.test
def _():
    # A SYN, octet for octet.
    check(
        build_syn,
        "10.9.0.2",
        "10.9.0.1",
        40000,
        80,
        100,
        65535,
        1460,
        7,
        expected=bytes.fromhex(
            "9c40 0050 00000064 00000000 7002 ffff d30f 0000 0204 05b4 01 03 03 07"
        ),
        view="segment",
        rule="The fields that differ are named above; the order of all of them is in the brief.",
        rfc="RFC 9293 section 3.1",
    )


# %% role="test" id="syn-test-any" points=2
@check.test
def _():
    # Any SYN: other addresses, numbers and options.
    check(
        build_syn,
        "fe80::2",
        "fe80::1",
        50000,
        443,
        4_294_967_295,
        0,
        1220,
        14,
        expected=bytes.fromhex(
            "c350 01bb ffffffff 00000000 7002 0000 c2f1 0000 0204 04c4 01 03 03 0e"
        ),
        view="segment",
        rule="The fields that differ are named above; the order of all of them is in the brief.",
        rfc="RFC 9293 section 3.1",
    )
    ### BEGIN HIDDEN TESTS
    from ipaddress import IPv6Address

    from scapy.layers.inet import IP, TCP
    from scapy.layers.inet6 import IPv6

    dice = random.Random(5)

    def scapy_syn(source, destination, sport, dport, seq, window, mss, scale):
        below = IPv6 if ":" in source else IP
        options = [("MSS", mss), ("NOP", None), ("WScale", scale)]
        tcp = TCP(sport=sport, dport=dport, seq=seq, flags="S", window=window, options=options)
        return bytes(below(bytes(below(src=source, dst=destination) / tcp))[TCP])

    def any_pair():
        if dice.random() < 0.5:
            return [f"10.{dice.randrange(256)}.0.{dice.randrange(1, 255)}" for _ in range(2)]
        return [str(IPv6Address(dice.randbytes(16))) for _ in range(2)]

    cases = [
        (*any_pair(), dice.randrange(1, 65536), dice.randrange(1, 65536), dice.getrandbits(32),
         dice.randrange(65536), dice.randrange(64, 65536), dice.randrange(15))
        for _ in range(60)
    ]  # fmt: skip
    check.each(
        build_syn,
        cases,
        expected=scapy_syn,
        view="segment",
        rule="The fields that differ are named above.",
        rfc="RFC 9293 section 3.1",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="parse-text"
# ## 3. Reading what comes back
#
# You will now read segments that somebody else made, by accident or on purpose wrong. A length
# that points past the end, an option of length zero: careless readers have crashed, hung, or read
# memory that was not theirs. The rule for every parser in this course: a malformed message is
# *refused*, with `ValueError`, and never yields a wrong answer.
#
# The result is a `Segment`, the value that you met in the first cell. It is a frozen dataclass:
# `Segment(source_port=, destination_port=, seq=, ack=0, flags=0, window=65535, options=(),
# data=b"")`. `flags` is the control bits as one number; `Flag` gives them names, and `SYN | ACK`
# is a `Flag` as well.

# %%
example = Segment(source_port=80, destination_port=40000, seq=300, ack=101, flags=SYN | ACK)
print(example)
print(repr(example.flags), int(example.flags), bool(example.flags & SYN), example.options)

# %% [markdown] role="given" id="parse-brief"
# ### Exercise 3: parse a segment
#
# Write `parse_segment(octets: bytes) -> Segment`.
#
# - `flags` holds all eight control bits (ECE and CWR, `0x40` and `0x80`, are two of them); the
#   four bits beside the data offset, reserved when TCP was made, are ignored.
# - `options` is a tuple of `(kind, value)` pairs in the order they stand, `value` being the
#   octets after the length octet. NOP (kind 1, one octet, no length) is left out. Kind 0, "end of
#   option list", is left out too, and what follows it in the header is padding. A kind you have
#   never heard of is kept like any other: its length says where it ends.
# - `data` is everything after the header, whose length is the data offset.
# - The checksum is not checked here, nor are the reserved bits and the urgent pointer.
#
# Raise `ValueError` if there are fewer than 20 octets; if the data offset is below 5 or points
# past the last octet; if an option's length is below 2, is missing, or reaches past the end of
# the header.
#
# Example: `parse_segment(build_syn("10.9.0.2", "10.9.0.1", 40000, 80, 100, 65535, 1460, 7))` has
# `options=((2, b"\x05\xb4"), (3, b"\x07"))`.


# %% role="answer" id="parse-answer"
def parse_segment(octets: bytes) -> Segment:
    """Return the segment these octets hold; raise ValueError if they are malformed."""
    ### BEGIN SOLUTION
    if len(octets) < 20:
        raise ValueError(f"{len(octets)} octets: a header has at least 20")
    source_port, destination_port, seq, ack, offset, flags, window = struct.unpack_from(
        "!HHIIBBH", octets
    )
    header_end = (offset >> 4) * 4
    if header_end < 20 or header_end > len(octets):
        raise ValueError(f"data offset {offset >> 4} in {len(octets)} octets")
    options = []
    at = 20
    while at < header_end and octets[at] != 0:
        if octets[at] == 1:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < header_end else 0
        if length < 2 or at + length > header_end:
            raise ValueError(f"option {octets[at]} of length {length}")
        options.append((octets[at], octets[at + 2 : at + length]))
        at += length
    return Segment(
        source_port=source_port,
        destination_port=destination_port,
        seq=seq,
        ack=ack,
        flags=Flag(flags),
        window=window,
        options=tuple(options),
        data=octets[header_end:],
    )
    ### END SOLUTION


# %% [markdown] role="hint" id="parse-hint-1"
# Nudge
# Read the fixed part first, and decide at once whether the header's length can be true. Only then
# walk through the options, with an index that never passes the end of the header.

# %% [markdown] role="hint" id="parse-hint-2"
# Way
# `struct.unpack_from("!HHIIBBH", octets)` gives the first seven fields. The header ends at
# `(offset >> 4) * 4`. In the loop: kind 0 ends it, kind 1 moves on by one, any other kind needs a
# length octet that is at least 2 and does not pass the end.

# %% [markdown] role="hint" id="parse-hint-3"
# Almost
# ```python
# at = 20
# while at < end and octets[at] != 0:
#     if octets[at] == 1:
#         at += 1
#         continue
#     length = octets[at + 1] if at + 1 < end else 0
#     if length < 2 or at + length > end:
#         raise ValueError("bad option length")
#     options.append((octets[at], octets[at + 2 : at + length]))
#     at += length
# ```


# %% role="test" id="parse-test-fields" points=2
@check.test
def _():
    # Ports, numbers, control bits, window, data.
    fields_rule = dict(
        view="fields",
        rule="Every field stands at its fixed place; the reserved bits beside the offset do not count.",
        rfc="RFC 9293 section 3.1",
    )
    syn_ack = bytes.fromhex("0050 9c40 0000012c 00000065 5012 fa00 0000 0000")
    check(
        parse_segment,
        syn_ack,
        expected=Segment(
            source_port=80, destination_port=40000, seq=300, ack=101, flags=SYN | ACK, window=0xFA00
        ),
        **fields_rule,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(6)
    cases, results = [], []
    for _ in range(120):
        flags, reserved = dice.getrandbits(8), dice.getrandbits(4)
        sport, dport, window = dice.getrandbits(16), dice.getrandbits(16), dice.getrandbits(16)
        seq, ack, data = (
            dice.getrandbits(32),
            dice.getrandbits(32),
            dice.randbytes(dice.randrange(9)),
        )
        head = struct.pack("!HHIIBBH", sport, dport, seq, ack, 0x50 | reserved, flags, window)
        cases.append((head + dice.randbytes(4) + data,))
        results.append(
            Segment(
                source_port=sport,
                destination_port=dport,
                seq=seq,
                ack=ack,
                flags=Flag(flags),
                window=window,
                data=data,
            )
        )
    check.each(parse_segment, cases, expected=results, **fields_rule)
    ### END HIDDEN TESTS


# %% role="test" id="parse-test-options" points=2
@check.test
def _():
    # Options: known, unknown, padding, and the data after them.
    options_rule = dict(
        view="fields",
        rule="Kind, length, value, one after the other, up to kind 0 or the end of the header.",
        rfc="RFC 9293 section 3.1",
    )
    with_options = bytes.fromhex(
        "9c40 0050 00000064 00000000 7002 ffff 0000 0000 020405b4 01030307"
    )
    check(
        parse_segment,
        with_options,
        expected=Segment(
            source_port=40000,
            destination_port=80,
            seq=100,
            flags=SYN,
            options=((2, b"\x05\xb4"), (3, b"\x07")),
        ),
        **options_rule,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(7)
    cases, results = [], []
    for _ in range(150):
        block, options = b"", []
        while dice.random() < 0.8 and len(block) < 24:
            if dice.random() < 0.3:
                block += b"\x01"
            else:
                kind, value = (
                    dice.choice([2, 3, 4, 5, 8, 34, 77, 253]),
                    dice.randbytes(dice.randrange(9)),
                )
                block += bytes([kind, 2 + len(value)]) + value
                options.append((kind, value))
        if len(block) % 4 or dice.random() < 0.2:
            tail = b"\x00" + dice.randbytes(3)  # the end of the list, then padding of any value
            block += tail[: 4 - len(block) % 4]
        data = dice.randbytes(dice.randrange(6))
        words = 5 + len(block) // 4
        head = struct.pack("!HHIIBBHHH", 7, 8, 9, 10, words << 4, 0x10, 11, 0, 0)
        cases.append((head + block + data,))
        results.append(
            Segment(
                source_port=7,
                destination_port=8,
                seq=9,
                ack=10,
                flags=ACK,
                window=11,
                options=tuple(options),
                data=data,
            )
        )
    check.each(parse_segment, cases, expected=results, **options_rule)

    def octets_of(block, *, flags=0x10, window=11, data=b""):
        words = 5 + len(block) // 4
        return (
            struct.pack("!HHIIBBHHH", 7, 8, 9, 10, words << 4, flags, window, 0, 0) + block + data
        )

    def parsed(options, *, flags=ACK, window=11, data=b""):
        return Segment(
            source_port=7,
            destination_port=8,
            seq=9,
            ack=10,
            flags=Flag(flags),
            window=window,
            options=options,
            data=data,
        )

    long = bytes(range(38))
    edge = [
        (
            octets_of(b"\xfe\x28" + long, data=b"a\x00\x00"),
            parsed(((254, long),), data=b"a\x00\x00"),
        ),
        (octets_of(b"\xff\x02" * 20), parsed(((255, b""),) * 20)),
        (octets_of(b"\x01" * 40), parsed(())),
        (octets_of(b"\x00" + b"\xff" * 39, data=b"\x00"), parsed((), data=b"\x00")),
        (octets_of(b"\x03\x03\x07\x01"), parsed(((3, b"\x07"),))),
        (octets_of(b"\x03\x03\x02\x01\x03\x03\x01\x01"), parsed(((3, b"\x02"), (3, b"\x01")))),
        (octets_of(b"", flags=0x30), parsed((), flags=0x30)),
    ]
    check.each(
        parse_segment,
        [(o,) for o, _ in edge],
        expected=[s for _, s in edge],
        view="fields",
        rule="Nothing is left out but kinds 0 and 1, nothing is merged, scaled or cut.",
        rfc="RFC 9293 section 3.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="parse-test-malformed" points=2
@check.test
def _():
    # What is malformed is refused.
    check.refuses(
        parse_segment,
        bytes(19),
        rule="A TCP header has at least 20 octets.",
        rfc="RFC 9293 section 3.1",
    )
    check.refuses(
        parse_segment,
        bytes.fromhex("9c40 0050 00000064 00000000 6002 ffff 0000 0000 02050000 00"),
        rule="This option says that it has 5 octets, and the header has room for 4.",
        rfc="RFC 9293 section 3.1",
    )

    ### BEGIN HIDDEN TESTS
    def octets_with(words, options=b"", data=b""):
        return struct.pack("!HHIIBBHHH", 7, 8, 9, 10, words << 4, 0x10, 11, 0, 0) + options + data

    too_short = [(bytes(size),) for size in range(20)]
    offsets = [(octets_with(words),) for words in (0, 1, 4)]
    offsets += [(octets_with(words),) for words in (6, 15)] + [(octets_with(7, b"\x01" * 4),)]
    check.refuses_each(
        parse_segment,
        too_short + offsets,
        rule="The data offset is at least 5 words, and the header lies within the segment.",
        rfc="RFC 9293 section 3.1",
    )
    bad_options = [
        octets_with(6, bytes.fromhex("02000101")),
        octets_with(6, bytes.fromhex("02010101")),
        octets_with(6, bytes.fromhex("4d000000")),
        octets_with(6, bytes.fromhex("02050000"), b"\x00"),
        octets_with(6, bytes.fromhex("01010102")),
        octets_with(6, bytes.fromhex("01010108"), b"\x04ab"),
        octets_with(7, bytes.fromhex("02040005 01034000")),
    ]
    check.refuses_each(
        parse_segment,
        [(octets,) for octets in bad_options],
        rule="An option's length counts kind and length octet too: 2 at least, and it ends within "
        "the header.",
        rfc="RFC 9293 section 3.1",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="parse-show"
# You now have both directions, so let somebody judge them who did not write this course. The next
# cell sends *your* octets to the peer just as they are, and reads its answer with *your* parser. A
# wrong checksum, and there would be no answer at all.

# %%
with Network.best() as net:
    port, wire = net.peer.listen(), net.wire()
    try:
        mine = build_syn(net.address, net.peer.address, 40000, port, 100, 65535, 1460, 7)
        wire.send_octets(mine)
        answer = wire.receive_octets(timeout_s=1.0)
        print("peer:", parse_segment(answer) if answer else "no answer")
    except NotImplementedError:
        print("Exercises 1 to 3 come first; then run this cell again.")

# %% [markdown] role="given" id="seq-text"
# ## 4. Numbers that come round again
#
# Every octet of a stream has a number, and an acknowledgment names the *next* number that is
# expected. So far that is ordinary counting. Two things are not:
#
# - the numbers have 32 bits. After 4,294,967,295 comes 0, and a long transfer passes that point
#   many times;
# - SYN and FIN carry no data, yet each takes up one number, as if it were an octet. Only what has
#   a number can be acknowledged, and these two must arrive. A bare ACK takes none. (RFC 9293
#   section 3.4)
#
# Which of two numbers is the earlier one, then? On a circle the question only has an answer if
# both are close together. Change the two numbers in the next cell, and see where `<` goes wrong.

# %%
a, b = 4_294_967_290, 5
print(f"a < b           {a < b}")
print(f"from a to b     {(b - a) % 2**32:>13,} steps forward")
print(f"from b to a     {(a - b) % 2**32:>13,} steps forward")

# %% [markdown] role="given" id="seq-brief"
# ### Exercise 4: sequence arithmetic
#
# Write three functions. All numbers are integers from 0 to 2^32 - 1.
#
# **`seq_lt(a: int, b: int) -> bool`**
#
# True if `b` lies ahead of `a`: going forward from `a` reaches `b` in at least one step and fewer
# than 2^31. (Exactly 2^31 apart is not asked.)
#
# **`next_seq(segment: Segment) -> int`**
#
# The number after the last one that this segment takes up: what an acknowledgment of all of it
# says.
#
# **`acceptable(seq: int, length: int, rcv_nxt: int, rcv_wnd: int) -> bool`**
#
# The receiver's first test (RFC 9293 section 3.4). It expects number `rcv_nxt` next and has
# room for `rcv_wnd` octets, the **window**. `length` counts data, SYN and FIN. A segment is
# acceptable if one of its ends is inside the window:
#
# | length | window | acceptable if |
# |---|---|---|
# | 0 | 0 | `seq` is `rcv_nxt` |
# | 0 | > 0 | `seq` is in the window |
# | > 0 | 0 | never |
# | > 0 | > 0 | its first or its last number is in the window |
#
# "In the window" means: one of the `rcv_wnd` numbers that begin with `rcv_nxt`.
#
# Examples: `seq_lt(4_294_967_290, 5)` is true. `next_seq` of a SYN with `seq=100` is 101.
# `acceptable(99, 2, 100, 10)` is true, since number 100 is in it.


# %% role="answer" id="seq-answer"
def seq_lt(a: int, b: int) -> bool:
    """Say whether `b` is ahead of `a` on the circle of 2^32 numbers."""
    ### BEGIN SOLUTION
    return 0 < (b - a) % 2**32 < 2**31
    ### END SOLUTION


def next_seq(segment: Segment) -> int:
    """Return the sequence number that follows this segment."""
    ### BEGIN SOLUTION
    taken = len(segment.data) + bool(segment.flags & SYN) + bool(segment.flags & FIN)
    return (segment.seq + taken) % 2**32
    ### END SOLUTION


def acceptable(seq: int, length: int, rcv_nxt: int, rcv_wnd: int) -> bool:
    """Say whether a receiver may take in a segment with these numbers."""

    ### BEGIN SOLUTION
    def in_window(number):
        return (number - rcv_nxt) % 2**32 < rcv_wnd

    if length == 0:
        return in_window(seq) if rcv_wnd else seq == rcv_nxt
    return in_window(seq) or in_window(seq + length - 1)
    ### END SOLUTION


# %% [markdown] role="hint" id="seq-hint-1"
# Nudge
# Never compare the two numbers. Ask how many steps it is from one to the other.

# %% [markdown] role="hint" id="seq-hint-2"
# Way
# `(b - a) % 2**32` is the number of steps forward from `a` to `b`, whatever side of zero they
# are on. "In the window" is the same question: fewer than `rcv_wnd` steps from `rcv_nxt`.

# %% [markdown] role="hint" id="seq-hint-3"
# Almost
# `seq_lt`: `0 < (b - a) % 2**32 < 2**31`. `next_seq`: add `len(data)`, one for SYN, one for FIN,
# then `% 2**32`. `acceptable`: with `inside = lambda n: (n - rcv_nxt) % 2**32 < rcv_wnd`, a
# segment with a length needs `inside(seq) or inside(seq + length - 1)`.


# %% role="test" id="seq-test-order" points=1
@check.test
def _():
    # Before and after, also across zero.
    order_rule = dict(
        rule="b is ahead of a if it is fewer than 2^31 steps forward from a.",
        rfc="RFC 9293 section 3.4, RFC 1982 section 3.2",
    )
    pairs = [(100, 101), (101, 100), (4_294_967_290, 5), (5, 4_294_967_290), (5, 5)]
    check.each(seq_lt, pairs, expected=[True, False, True, False, False], **order_rule)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(9)
    cases, results = [], []
    for _ in range(300):
        a = dice.choice([0, 1, 2**31, 2**32 - 1, dice.getrandbits(32)])
        steps = dice.choice([0, 1, 2**31 - 1, dice.randrange(2**31), dice.randrange(2**16)])
        forward = dice.random() < 0.5
        cases.append((a, (a + steps) % 2**32) if forward else ((a + steps) % 2**32, a))
        results.append(forward and steps > 0)
    check.each(seq_lt, cases, expected=results, **order_rule)
    ### END HIDDEN TESTS


# %% role="test" id="seq-test-next" points=1
@check.test
def _():
    # What a segment takes up.
    next_rule = dict(
        rule="Data octets, SYN and FIN take numbers; ACK, RST and PSH do not.",
        rfc="RFC 9293 section 3.4",
    )
    syn = Segment(source_port=1, destination_port=2, seq=100, flags=SYN)
    ping = Segment(source_port=1, destination_port=2, seq=2**32 - 2, flags=ACK, data=b"ping")
    check.each(next_seq, [syn, ping], expected=[101, 2], **next_rule)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(10)
    cases, results = [], []
    for _ in range(200):
        seq = dice.choice([0, 2**32 - 1, 2**32 - 3, dice.getrandbits(32)])
        flags = Flag(dice.getrandbits(6))
        data = dice.randbytes(dice.choice([0, 0, 1, 5, 1460]))
        cases.append((Segment(source_port=1, destination_port=2, seq=seq, flags=flags, data=data),))
        number = seq
        for _ in (*data, *([flag for flag in (SYN, FIN) if flag in flags])):
            number = 0 if number == 2**32 - 1 else number + 1
        results.append(number)
    check.each(next_seq, cases, expected=results, **next_rule)

    cases = [Segment(source_port=1, destination_port=2, seq=50, flags=Flag(f)) for f in range(256)]
    check.each(
        next_seq, cases, expected=[50 + (f & 1) + (f >> 1 & 1) for f in range(256)], **next_rule
    )
    ### END HIDDEN TESTS


# %% role="test" id="seq-test-window" points=2
@check.test
def _():
    # What a receiver may take in.
    window_rule = dict(
        rule="A segment is acceptable if its first or its last number is in the window.",
        rfc="RFC 9293 section 3.4",
    )
    segments = [(99, 2, 100, 10), (109, 2, 100, 10), (110, 1, 100, 10), (98, 2, 100, 10)]
    segments += [(100, 0, 100, 0), (101, 0, 100, 0), (100, 1, 100, 0)]
    answers = [True, True, False, False, True, False, False]
    check.each(acceptable, segments, expected=answers, **window_rule)
    ### BEGIN HIDDEN TESTS
    cases, results = [], []
    edges = (-12, -9, -8, -7, -2, -1, 0, 1, 2, 6, 7, 8, 9)
    for rcv_nxt in (0, 2**31, 2**32 - 4):
        for rcv_wnd in (0, 1, 8):
            window = {(rcv_nxt + i) % 2**32 for i in range(rcv_wnd)}
            for length in (0, 1, 2, 8, 12):
                for offset in edges:
                    numbers = [(rcv_nxt + offset + i) % 2**32 for i in range(max(length, 1))]
                    ends = {numbers[0], numbers[-1]}
                    cases.append((numbers[0], length, rcv_nxt, rcv_wnd))
                    exact = length == 0 and numbers[0] == rcv_nxt
                    results.append(bool(ends & window) if window else exact)
    check.each(acceptable, cases, expected=results, **window_rule)

    cases, results = [], []
    for rcv_nxt in (7, 2**32 - 9):
        for rcv_wnd in (1, 65_535, 2**20, 2**30):
            for offset in (0, rcv_wnd - 1, rcv_wnd, 2**16, 2**16 + 1, 2**31, 2**31 + 1, 2**32 - 1):
                for length in (0, 1):
                    cases.append(((rcv_nxt + offset) % 2**32, length, rcv_nxt, rcv_wnd))
                    results.append(offset < rcv_wnd)
    check.each(acceptable, cases, expected=results, **window_rule)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="opener-text"
# ## 5. Opening a connection
#
# Here is the whole handshake, between you and the peer. Step through it with the buttons or the
# arrow keys. Watch the two boxes at the sides: each end keeps a **state**, and only a call of its
# program, a segment or a timer changes it.

# %% role="given" id="opener-given-picture" jupyter={"source_hidden": true}
handshake = [
    Arrow(
        sender="left",
        label="SYN seq=100",
        note="I count from 100. SYN takes number 100 itself; my first octet will be 101.",
        left_state="SYN-SENT",
        right_state="SYN-RECEIVED",
    ),
    Arrow(
        sender="right",
        label="SYN, ACK seq=300 ack=101",
        note="I count from 300, and I have your 100: send me 101 next.",
        left_state="ESTABLISHED",
    ),
    Arrow(
        sender="left",
        label="ACK seq=101 ack=301",
        note="I have your 300: send me 301 next. This segment takes no number.",
        right_state="ESTABLISHED",
    ),
]
Ladder(handshake, left="you", right="peer", left_state="CLOSED", right_state="LISTEN")

# %% [markdown] role="given" id="opener-static"
# <details><summary>The same as a picture</summary>
#
# ![Three segments between you and the peer, with the states of both](figures/handshake.svg)
#
# </details>
#
# Read it as four statements. *I count from 100. I have your 100. I count from 300. I have your
# 300.* Each side states its number, and each number is confirmed. The second and the third
# statement come from the same side at the same moment, so they share a segment: four statements,
# three segments. That is all there is to "why not four" (RFC 9293 section 3.4.1). And why not two,
# leaving out the last? That is a better question; section 7 is about it.
#
# > **Is it so?** "When the server receives the third segment, the handshake is complete, and the
# > connection is established." *Half true.* For the server it is. The client was ESTABLISHED one
# > segment earlier, when the SYN-ACK came, and may already have sent data (RFC 9293 section 3.5,
# > figure 6). In the next cell the peer is the client, and you are in no hurry to read its ACK.

# %%
with Network.best() as net:
    connection, wire = net.peer.connect(80), net.wire()
    print("peer:", connection.state)
    syn = wire.receive(timeout_s=1.0)
    wire.send(
        Segment(
            source_port=80,
            destination_port=syn.source_port,
            seq=300,
            ack=(syn.seq + 1) % 2**32,
            flags=SYN | ACK,
        )
    )
    print("peer:", connection.state, "(and no third segment has been received)")

# %% [markdown] role="given" id="opener-sansio"
# A machine that does this needs no sockets, no threads and no clock. Events go in: *please open*,
# *this segment came*, *the timer rang*. Segments come out. That style is called **sans-IO**, and
# it makes a protocol testable to the last branch. The next cell draws the opening half of TCP's
# machine from the table that the embedded peer runs on. Follow two paths first: CLOSED, SYN-SENT,
# ESTABLISHED is the side that calls (**active open**); CLOSED, LISTEN, SYN-RECEIVED, ESTABLISHED
# the one that waits (**passive open**).

# %%
from wirelab.protocols.tcp import MOVES

opening = {"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"}
beyond = ("CLOSE", "ABORT", "receive ACK of cookie", "receive SYN in window")
rows = tuple(
    row
    for row in MOVES
    if {row.state, row.next_state} <= opening
    and row.state != "ESTABLISHED"
    and not row.event.startswith(beyond)
)
StateMachine(rows, current="SYN-SENT")

# %% [markdown] role="given" id="opener-demo-text"
# And when the answer is not a SYN-ACK? Three more ports on an embedded peer, whose clock can be
# turned forward, and three more endings: one where nothing listens, one behind a filter that
# throws your SYN away, and one that answers only the third time.


# %%
def knock(drop=None, port=None, tries=4):
    """Send a SYN, repeat it as RFC 6298 says, and print what comes back."""
    with EmbeddedNetwork(seed=1) as net:
        port = port or net.peer.listen()
        net.faults(drop=drop)
        wire, pause = net.wire(), 1.0
        for _ in range(tries):
            print(f"{net.clock.now():5.1f} s   SYN ->")
            wire.send(Segment(source_port=40000, destination_port=port, seq=100, flags=SYN))
            if answer := wire.receive(timeout_s=pause):
                print(f"{net.clock.now():5.1f} s   <- {answer}")
                break
            pause *= 2


print("nothing listens")
knock(port=9)
print("filtered")
knock(drop=lambda record: record.sent)
print("the first two SYNs are lost")
knock(drop=first(lambda record: record.sent, 2))

# %% [markdown] role="given" id="opener-demo-after"
# *Refused at once* usually means: the computer is there, and no program listens. *Silence* means:
# lost, or filtered, and from outside there is no telling which. So the opener asks again: after 1
# second, then 2, then 4, doubling each time (RFC 6298 sections 2.1 and 5.5), and at some point
# gives up.
#
# (That is the standard's schedule, and Linux repeats its SYN-ACK by it, as you saw. Its own SYN,
# since Linux 6.5, it first repeats every second, and only after the fifth do the pauses double.)
#
# A firewall may also answer with RST in the name of the computer behind it, or with an ICMP
# message; here it kept silent.

# %% [markdown] role="given" id="opener-brief"
# ### Exercise 5: the active opener
#
# Write the class `ActiveOpener(local_port: int, remote_port: int, iss: int)`. `iss` is its
# initial send sequence number. It does no input or output: each method takes an event and returns
# the list of segments to send (often empty). It has two attributes: `state`, and `timer_s`, the
# seconds after which `timeout` is to be called, or `None` when no timer runs.
#
# | method | in state | does |
# |---|---|---|
# | `open()` | CLOSED | sends SYN with `seq=iss`; state SYN-SENT; `timer_s` 1.0 |
# | `timeout()` | SYN-SENT | sends the same SYN again and doubles `timer_s`; when this happens for the seventh time it sends nothing and gives up: state CLOSED, `timer_s` None. (About two minutes, as Linux does it; RFC 9293 section 3.8.3 would have three at least) |
# | `receive(segment)` | SYN-SENT | see below |
# | `receive(segment)` | ESTABLISHED | if SYN and ACK are set, your ACK was lost: send it again; anything else is for later topics and is not asked |
#
# In SYN-SENT, in this order (RFC 9293 section 3.10.7.3):
#
# 1. If ACK is set and `ack` is not `iss + 1`, this answers something else: send a segment with
#    only RST set and `seq` equal to that `ack`, unless the segment has RST itself. Stay in
#    SYN-SENT.
# 2. If RST is set: with ACK (which is right, by now) you are refused: state CLOSED, `timer_s`
#    None. Without ACK it is ignored.
# 3. If SYN and ACK are set: send an ACK with `seq=iss + 1` and `ack` one more than the segment's
#    `seq`; state ESTABLISHED, `timer_s` None.
# 4. Anything else is ignored.
#
# In all else nothing is sent, and state and timer stay as they are; that includes a segment or a
# timeout in CLOSED, and a timeout in ESTABLISHED. Other control bits (PSH, FIN, URG, ECE, CWR) may
# be set and change nothing. Numbers wrap at 2^32.
# States are the strings in capitals. What you send has `source_port=local_port`,
# `destination_port=remote_port`, the flags said above and no others, no data, no options,
# `window` left at its default, `ack` 0 where ACK is not set.
#
# Example: `ActiveOpener(40000, 80, iss=100).open()` is
# `[Segment(source_port=40000, destination_port=80, seq=100, flags=SYN)]`.


# %% role="answer" id="opener-answer"
class ActiveOpener:
    """The side that begins: sans-IO, one method for each kind of event."""

    def __init__(self, local_port: int, remote_port: int, iss: int):
        self.local_port = local_port
        self.remote_port = remote_port
        self.iss = iss
        self.state = "CLOSED"
        self.timer_s: float | None = None

    def open(self) -> list[Segment]:
        """Begin: the application wants a connection."""
        ### BEGIN SOLUTION
        self.state, self.timer_s, self.resent = "SYN-SENT", 1.0, 0
        return [self._segment(SYN, self.iss)]
        ### END SOLUTION

    def timeout(self) -> list[Segment]:
        """The timer rang: nothing came for `timer_s` seconds."""
        ### BEGIN SOLUTION
        if self.state != "SYN-SENT":
            return []
        if self.resent == 6:
            self.state, self.timer_s = "CLOSED", None
            return []
        self.resent += 1
        self.timer_s *= 2
        return [self._segment(SYN, self.iss)]
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came from the peer."""
        ### BEGIN SOLUTION
        has = segment.flags
        if self.state == "ESTABLISHED":
            return [self._ack()] if has & SYN and has & ACK else []
        if self.state != "SYN-SENT":
            return []
        if has & ACK and segment.ack != (self.iss + 1) % 2**32:
            return [] if has & RST else [self._segment(RST, segment.ack)]
        if has & RST:
            if has & ACK:
                self.state, self.timer_s = "CLOSED", None
            return []
        if has & SYN and has & ACK:
            self.rcv_nxt = (segment.seq + 1) % 2**32
            self.state, self.timer_s = "ESTABLISHED", None
            return [self._ack()]
        return []

    def _ack(self) -> Segment:
        return self._segment(ACK, (self.iss + 1) % 2**32, self.rcv_nxt)

    def _segment(self, flags: Flag, seq: int, ack: int = 0) -> Segment:
        return Segment(
            source_port=self.local_port,
            destination_port=self.remote_port,
            seq=seq,
            ack=ack,
            flags=flags,
        )
        ### END SOLUTION


# %% [markdown] role="hint" id="opener-hint-1"
# Nudge
# `open` and the third rule are the whole of a good day; write them first and run the tests. Then
# ask of each remaining rule: which liar, or which ghost, does it protect from?

# %% [markdown] role="hint" id="opener-hint-2"
# Way
# Test bits with `segment.flags & ACK`, never with `==`: other bits may be set. Keep the order
# of the four rules as an `if` chain that returns early. For `timeout` you need to count how often
# you have resent.

# %% [markdown] role="hint" id="opener-hint-3"
# Almost
# ```python
# if segment.flags & ACK and segment.ack != (self.iss + 1) % 2**32:
#     return [] if segment.flags & RST else [<RST with seq=segment.ack>]
# if segment.flags & RST:
#     if segment.flags & ACK:
#         self.state, self.timer_s = "CLOSED", None
#     return []
# if segment.flags & SYN and segment.flags & ACK:
#     <remember segment.seq + 1; ESTABLISHED; no timer; send the ACK>
# return []
# ```


# %% role="given" id="opener-given-shorthand"
# Shorthand for the tests below: segments each way between your port 40000 and the peer's port 80.
def to_peer(flags, seq, ack=0):
    return Segment(source_port=40000, destination_port=80, seq=seq, ack=ack, flags=flags)


def from_peer(flags, seq, ack=0, **more):
    return Segment(source_port=80, destination_port=40000, seq=seq, ack=ack, flags=flags, **more)


opener = dict(local_port=40000, remote_port=80, iss=100)
opens = step("open", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=1.0)
good_day = [
    opens,
    step(
        "receive",
        from_peer(SYN | ACK, 300, 101),
        sends=[to_peer(ACK, 101, 301)],
        state="ESTABLISHED",
        timer_s=None,
    ),
]


# %% role="test" id="opener-test-handshake" points=2
@check.test
def _():
    # A good day: SYN, SYN-ACK, ACK.
    check.script(
        ActiveOpener,
        start=opener,
        steps=good_day,
        rule="SYN takes number iss. Your ACK has the next one, and acknowledges the peer's SYN.",
        rfc="RFC 9293 section 3.5, figure 6",
    )
    ### BEGIN HIDDEN TESTS
    top = 2**32 - 1
    wrap = [
        step("open", sends=[to_peer(SYN, top)], state="SYN-SENT", timer_s=1.0),
        step(
            "receive",
            from_peer(SYN | ACK | Flag.ECE, top, 0, options=((2, b"\x05\xb4"),), window=64240),
            sends=[to_peer(ACK, 0, 0)],
            state="ESTABLISHED",
            timer_s=None,
        ),
    ]
    check.script(
        ActiveOpener,
        start=dict(local_port=40000, remote_port=80, iss=top),
        steps=wrap,
        rule="Sequence numbers wrap at 2^32, and other control bits change nothing.",
        rfc="RFC 9293 section 3.4",
    )
    again = [*good_day, step("receive", from_peer(SYN | ACK, 300, 101), sends=[to_peer(ACK, 101, 301)],
                             state="ESTABLISHED", timer_s=None)]  # fmt: skip
    check.script(
        ActiveOpener,
        start=opener,
        steps=again,
        rule="A SYN-ACK that comes again means that your ACK was lost: send it again.",
        rfc="RFC 9293 section 3.10.7.4",
    )

    for bits in (PSH, Flag.URG, Flag.ECE | Flag.CWR):
        colourful = [
            opens,
            step(
                "receive",
                from_peer(SYN | ACK | bits, 300, 101),
                sends=[to_peer(ACK, 101, 301)],
                state="ESTABLISHED",
                timer_s=None,
            ),
            step(
                "receive",
                from_peer(SYN | ACK | bits, 300, 101),
                sends=[to_peer(ACK, 101, 301)],
                state="ESTABLISHED",
                timer_s=None,
            ),
        ]
        check.script(
            ActiveOpener,
            start=opener,
            steps=colourful,
            rfc="RFC 9293 section 3.1",
            rule="Other control bits change nothing.",
        )
    old = [
        *good_day,
        step(
            "receive",
            from_peer(SYN | ACK, 9000, 101),
            sends=[to_peer(ACK, 101, 301)],
            state="ESTABLISHED",
            timer_s=None,
        ),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=old,
        rfc="RFC 9293 section 3.10.7.4",
        rule="Send the same ACK again: it names what you expect, not what just came.",
    )

    def two_at_once(ActiveOpener):
        """Two openers, side by side: do they keep to themselves?"""

        a, b = ActiveOpener(40000, 80, 100), ActiveOpener(40001, 80, 7000)
        seen = [(a.state, a.timer_s)]
        for machine in (a, b):
            machine.open()
        for _ in range(6):
            a.timeout()
        b.timeout()
        a.receive(from_peer(SYN | ACK, 300, 101))
        seen += [(a.state, a.timer_s), (b.state, b.timer_s)]
        again = a.receive(from_peer(SYN | ACK, 300, 101))
        return [*seen, (again[0].seq, again[0].ack)]

    check.probe(
        ActiveOpener,
        two_at_once,
        rfc="RFC 9293 section 3.3.1",
        expected=[("CLOSED", None), ("ESTABLISHED", None), ("SYN-SENT", 2.0), (101, 301)],
        rule="Every opener has a state of its own: set attributes on self, not on the class.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="opener-test-refused" points=2
@check.test
def _():
    # Nobody listens: RST.
    refused = [
        opens,
        step("receive", from_peer(RST | ACK, 0, 101), sends=[], state="CLOSED", timer_s=None),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=refused,
        rule="A RST that acknowledges your SYN refuses you: state CLOSED, and no timer runs.",
        rfc="RFC 9293 section 3.10.7.3",
    )
    ### BEGIN HIDDEN TESTS
    blind = [
        opens,
        step("receive", from_peer(RST, 0), sends=[], state="SYN-SENT", timer_s=1.0),
        step("receive", from_peer(RST | ACK, 0, 100), sends=[], state="SYN-SENT", timer_s=1.0),
        step("receive", from_peer(RST | ACK, 0, 7777), sends=[], state="SYN-SENT", timer_s=1.0),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=blind,
        rule="In SYN-SENT a RST counts only if it acknowledges your SYN; anyone could have sent the "
        "others.",
        rfc="RFC 9293 section 3.10.7.3",
    )
    ### END HIDDEN TESTS


# %% role="test" id="opener-test-stale" points=2
@check.test
def _():
    # An answer to something you did not say.
    stale = [
        opens,
        step(
            "receive",
            from_peer(SYN | ACK, 300, 91),
            sends=[to_peer(RST, 91)],
            state="SYN-SENT",
            timer_s=1.0,
        ),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=stale,
        rule="An ack other than iss + 1 answers something that you did not say: RST, and wait on.",
        rfc="RFC 9293 section 3.5, figure 8",
    )
    ### BEGIN HIDDEN TESTS
    more_stale = [
        *stale,
        step(
            "receive",
            from_peer(ACK, 300, 100),
            sends=[to_peer(RST, 100)],
            state="SYN-SENT",
            timer_s=1.0,
        ),
        step(
            "receive",
            from_peer(ACK, 300, 102),
            sends=[to_peer(RST, 102)],
            state="SYN-SENT",
            timer_s=1.0,
        ),
        step("receive", from_peer(ACK, 300, 101), sends=[], state="SYN-SENT", timer_s=1.0),
        step("receive", from_peer(PSH, 300, 0), sends=[], state="SYN-SENT", timer_s=1.0),
        step(
            "receive",
            from_peer(SYN | ACK, 400, 101),
            sends=[to_peer(ACK, 101, 401)],
            state="ESTABLISHED",
        ),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=more_stale,
        rule="Only ack = iss + 1 acknowledges your SYN; only SYN and ACK together open.",
        rfc="RFC 9293 section 3.10.7.3",
    )

    URG, ECE, CWR = Flag.URG, Flag.ECE, Flag.CWR

    def still(flags, seq, ack=0, sends=(), timer_s=2.0):
        return step(
            "receive",
            from_peer(flags, seq, ack),
            sends=list(sends),
            state="SYN-SENT",
            timer_s=timer_s,
        )

    strays = [
        opens,
        step("timeout", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=2.0),
        still(SYN, 300),
        still(SYN | PSH, 300, 101),
        still(SYN | RST, 300),
        still(Flag(0), 300),
        still(RST | ACK | PSH, 0, 100),
        still(SYN | ACK | PSH | URG | ECE | CWR, 300, 91, [to_peer(RST, 91)]),
        still(ACK | PSH, 300, 100, [to_peer(RST, 100)]),
        still(ACK, 300, 0, [to_peer(RST, 0)]),
        still(ACK | PSH, 300, 101),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=strays,
        rfc="RFC 9293 section 3.10.7.3",
        rule="In SYN-SENT only the four rules count; a segment that opens or ends nothing leaves "
        "the state and the timer as they are.",
    )
    for iss, irs in ((3_000_000_000, 4_000_000_000), (2**32 - 1, 2**31 - 1)):
        right = (iss + 1) % 2**32
        begin = step("open", sends=[to_peer(SYN, iss)], state="SYN-SENT", timer_s=1.0)
        numbers = dict(local_port=40000, remote_port=80, iss=iss)
        wrong = [
            begin,
            still(SYN | ACK, irs, iss, [to_peer(RST, iss)], 1.0),
            still(SYN | ACK, irs, (right + 1) % 2**32, [to_peer(RST, (right + 1) % 2**32)], 1.0),
            step(
                "receive",
                from_peer(SYN | ACK, irs, right, data=b"early"),
                sends=[to_peer(ACK, right, (irs + 1) % 2**32)],
                state="ESTABLISHED",
                timer_s=None,
            ),
        ]
        check.script(
            ActiveOpener,
            start=numbers,
            steps=wrong,
            rule="All comparisons are modulo 2^32.",
            rfc="RFC 9293 section 3.4",
        )
        for bits in (RST | ACK, RST | ACK | PSH, RST | ACK | SYN):
            no = step(
                "receive", from_peer(bits, irs, right), sends=[], state="CLOSED", timer_s=None
            )
            check.script(
                ActiveOpener,
                start=numbers,
                steps=[begin, no],
                rfc="RFC 9293 section 3.10.7.3",
                rule="RST with ACK, and the ack right, refuses, whatever else is set.",
            )
    ### END HIDDEN TESTS


# %% role="test" id="opener-test-silence" points=2
@check.test
def _():
    # Silence: ask again, wait twice as long, give up in the end.
    silence = [
        opens,
        step("timeout", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=2.0),
        step("timeout", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=4.0),
    ]
    check.script(
        ActiveOpener,
        start=opener,
        steps=silence,
        rule="The same SYN again, and the pause doubles: 1, 2, 4 s.",
        rfc="RFC 6298 sections 2.1 and 5.5",
    )
    ### BEGIN HIDDEN TESTS
    patience = [silence[0]]
    for resent in range(1, 7):
        patience.append(
            step("timeout", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=2.0**resent)
        )
    patience.append(step("timeout", sends=[], state="CLOSED", timer_s=None))
    check.script(
        ActiveOpener,
        start=opener,
        steps=patience,
        rule="Six repetitions, each pause twice the last; at the seventh time, give up.",
        rfc="RFC 6298 section 5.5",
    )
    late = [
        *silence,
        step("receive", from_peer(SYN | ACK, 300, 101), sends=[to_peer(ACK, 101, 301)], state="ESTABLISHED",
             timer_s=None),
    ]  # fmt: skip
    check.script(ActiveOpener, start=opener, steps=late, rfc="RFC 9293 section 3.5")

    quiet = step("timeout", sends=[], state="CLOSED", timer_s=None)
    too_late = [
        quiet,
        step("receive", from_peer(SYN | ACK, 300, 101), sends=[], state="CLOSED", timer_s=None),
        step("receive", from_peer(ACK, 300, 5), sends=[], state="CLOSED", timer_s=None),
    ]
    refused = step("receive", from_peer(RST | ACK, 0, 101), sends=[], state="CLOSED", timer_s=None)
    over = [
        [*too_late, opens],
        [*patience, *too_late],
        [opens, refused, *too_late],
        [*good_day, step("timeout", sends=[], state="ESTABLISHED", timer_s=None)],
    ]
    for steps in over:
        check.script(
            ActiveOpener,
            start=opener,
            steps=steps,
            rule="In CLOSED only open() does something (who answers a stray segment there is for "
            "exercise 7); in ESTABLISHED no timer runs, so timeout() changes nothing.",
        )

    disturbed = [opens]
    for resent in range(1, 7):
        disturbed += [
            step(
                "receive", from_peer(SYN | ACK, 300, 5), sends=[to_peer(RST, 5)], state="SYN-SENT"
            ),
            step("receive", from_peer(PSH, 300), sends=[], state="SYN-SENT"),
            step("timeout", sends=[to_peer(SYN, 100)], state="SYN-SENT", timer_s=2.0**resent),
        ]
    disturbed.append(step("timeout", sends=[], state="CLOSED", timer_s=None))
    check.script(
        ActiveOpener,
        start=opener,
        steps=disturbed,
        rfc="RFC 6298 section 5.5",
        rule="A stray segment neither stops the timer nor begins the count anew.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="passive-text"
# ## 6. Being opened
#
# The other side waits. In LISTEN it knows nobody; a SYN makes it SYN-RECEIVED, and from then on
# it has told somebody its number and waits to hear it back. That is why the computer in the first
# cell kept calling: it had sent a SYN of its own, a SYN must be acknowledged, and nobody did.
#
# > **Is it so?** "The server answers a SYN with number A by a SYN-ACK; its `ack` is A + 1, and it
# > carries a random number B of its own." *True*, but for the word random, which section 8 comes
# > back to. Every SYN-ACK you have seen here says so (RFC 9293 section 3.5).
#
# And then there is the case that most books leave out. Nothing in TCP says that one side must wait.
# If both ends send a SYN at the same moment, the segments cross on the way, and the result is
# *one* connection, not two. Every TCP must be able to do it (RFC 9293 section 3.5, figure 7).

# %% role="given" id="passive-given-picture" jupyter={"source_hidden": true}
crossing = [
    Arrow(
        sender="left",
        label="SYN seq=100",
        note="You call the peer.",
        left_state="SYN-SENT",
        right_state="SYN-SENT",
    ),
    Arrow(
        sender="right",
        label="SYN seq=300",
        note="And the peer calls you: both SYNs are on the way at once. When they arrive, each side "
        "has a SYN where it had hoped for a SYN-ACK.",
        left_state="SYN-RECEIVED",
        right_state="SYN-RECEIVED",
        crossing=True,
    ),
    Arrow(
        sender="left",
        label="SYN, ACK seq=100 ack=301",
        note="Your SYN once more, with the same number, and now with an acknowledgment.",
    ),
    Arrow(
        sender="right",
        label="SYN, ACK seq=300 ack=101",
        note="The peer does the same. One connection, and nobody was the server.",
        left_state="ESTABLISHED",
        right_state="ESTABLISHED",
        crossing=True,
    ),
]
Ladder(crossing, left="you", right="peer", left_state="CLOSED", right_state="CLOSED")

# %% [markdown] role="given" id="passive-static"
# <details><summary>The same as a picture</summary>
#
# ![Two SYNs cross, and both sides answer with SYN, ACK](figures/simultaneous.svg)
#
# </details>

# %% [markdown] role="given" id="passive-brief"
# ### Exercise 6: the passive opener, and both at once
#
# Write two classes in the style of exercise 5: events in, lists of segments out.
#
# **`PassiveOpener(local_port: int, iss: int)`** begins in LISTEN with `timer_s` None. Below, `irs`
# is the `seq` of the SYN that it accepted. The first row that fits decides.
#
# | in LISTEN, a segment with | does |
# |---|---|
# | RST | nothing |
# | ACK | sends a segment with only RST, `seq` equal to its `ack`; stays |
# | SYN | sends SYN and ACK with `seq=iss` and `ack` one more than its `seq`; SYN-RECEIVED, `timer_s` 1.0 |
# | none of these | nothing |
#
# | in SYN-RECEIVED, a segment with | does |
# |---|---|
# | RST, and `seq` is `irs + 1` | back to LISTEN, `timer_s` None |
# | RST, any other `seq` | nothing |
# | SYN without ACK, and `seq` is `irs` | your SYN-ACK was lost: sends it again; `timer_s` stays as it is |
# | any other SYN | nothing |
# | ACK, and `ack` is not `iss + 1` | sends a segment with only RST, `seq` equal to that `ack`; stays |
# | ACK, and `ack` is `iss + 1`, and `seq` is `irs + 1` | ESTABLISHED, `timer_s` None |
# | none of these | nothing |
#
# An answer goes to the port that the segment came from. While you are in SYN-RECEIVED all
# segments come from the caller; other callers are not asked, nor is ESTABLISHED. `timeout()` in
# SYN-RECEIVED sends the SYN-ACK again and doubles `timer_s`; in other states it returns an empty
# list. It does so three times at least; when it gives up is not asked.
#
# This is stricter than TCP. RFC 9293 section 3.10.7.4 answers what lies outside the window with an
# ACK, and accepts more than the very next number; to repeat the SYN-ACK on a repeated SYN is what
# Linux does.
#
# **`SimultaneousOpener`** takes the same arguments as your `ActiveOpener`, and differs from it
# in two points (make it a subclass, and only write what differs):
#
# - in SYN-SENT, a segment with SYN and without ACK and RST makes it send SYN and ACK with
#   `seq=iss` and `ack` one more than the segment's `seq`; state SYN-RECEIVED, `timer_s` 1.0;
# - in SYN-RECEIVED, a segment with ACK, with or without SYN but without RST, whose `ack` is
#   `iss + 1`, makes it ESTABLISHED with `timer_s` None; nothing is sent, as in figure 7. (Linux
#   sends one more ACK here; you need not.) Anything else, and `timeout()`, is not asked there.
#
# What you send has no data and no options, `window` at its default, `ack` 0 where ACK is not set.
# Other control bits may be set and change nothing. Numbers wrap at 2^32.
#
# Example: `PassiveOpener(80, iss=300)` that receives a SYN with `seq=100` from port 40000 returns
# `[Segment(source_port=80, destination_port=40000, seq=300, ack=101, flags=SYN | ACK)]`.


# %% role="answer" id="passive-answer"
class PassiveOpener:
    """The side that waits: sans-IO, one method for each kind of event."""

    def __init__(self, local_port: int, iss: int):
        self.local_port = local_port
        self.iss = iss
        self.state = "LISTEN"
        self.timer_s: float | None = None

    def timeout(self) -> list[Segment]:
        """The timer rang."""
        ### BEGIN SOLUTION
        if self.state != "SYN-RECEIVED":
            return []
        self.timer_s *= 2
        return [self._syn_ack()]
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came."""
        ### BEGIN SOLUTION
        if self.state == "LISTEN":
            return self._in_listen(segment)
        if self.state == "SYN-RECEIVED":
            return self._in_syn_received(segment)
        return []

    def _in_listen(self, segment):
        if segment.flags & RST:
            return []
        if segment.flags & ACK:
            return [self._segment(segment, RST, segment.ack)]
        if not segment.flags & SYN:
            return []
        self.remote_port, self.irs = segment.source_port, segment.seq
        self.state, self.timer_s = "SYN-RECEIVED", 1.0
        return [self._syn_ack()]

    def _in_syn_received(self, segment):
        expected = (self.irs + 1) % 2**32
        if segment.flags & RST:
            if segment.seq == expected:
                self.state, self.timer_s = "LISTEN", None
            return []
        if segment.flags & SYN:
            again = not segment.flags & ACK and segment.seq == self.irs
            return [self._syn_ack()] if again else []
        if not segment.flags & ACK:
            return []
        if segment.ack != (self.iss + 1) % 2**32:
            return [self._segment(segment, RST, segment.ack)]
        if segment.seq == expected:
            self.state, self.timer_s = "ESTABLISHED", None
        return []

    def _syn_ack(self):
        return Segment(
            source_port=self.local_port,
            destination_port=self.remote_port,
            seq=self.iss,
            ack=(self.irs + 1) % 2**32,
            flags=SYN | ACK,
        )

    def _segment(self, answered, flags, seq):
        return Segment(
            source_port=self.local_port,
            destination_port=answered.source_port,
            seq=seq,
            flags=flags,
        )
        ### END SOLUTION


class SimultaneousOpener(ActiveOpener):
    """An active opener that also copes with a SYN which crosses its own."""

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came."""
        ### BEGIN SOLUTION
        has = segment.flags
        if self.state == "SYN-SENT" and has & SYN and not has & (ACK | RST):
            self.state, self.timer_s = "SYN-RECEIVED", 1.0
            return [
                Segment(
                    source_port=self.local_port,
                    destination_port=self.remote_port,
                    seq=self.iss,
                    ack=(segment.seq + 1) % 2**32,
                    flags=SYN | ACK,
                )
            ]
        if self.state == "SYN-RECEIVED":
            if has & ACK and not has & RST and segment.ack == (self.iss + 1) % 2**32:
                self.state, self.timer_s = "ESTABLISHED", None
            return []
        return super().receive(segment)
        ### END SOLUTION


# %% [markdown] role="hint" id="passive-hint-1"
# Nudge
# Write down what the passive side must remember of the SYN: two things. The tables in the brief
# use nothing else.

# %% [markdown] role="hint" id="passive-hint-2"
# Way
# One method for each state keeps the rules apart: `receive` only looks at `self.state` and
# hands the segment on. `SimultaneousOpener.receive` handles its two new cases and leaves all else
# to `super().receive(segment)`.

# %% [markdown] role="hint" id="passive-hint-3"
# Almost
# In LISTEN: `if RST: return []`, `if ACK: return [<RST, seq=segment.ack>]`, `if SYN:`
# remember `source_port` and `seq`, change state, send. In SYN-RECEIVED test RST first, then SYN,
# then ACK, each with its own comparison modulo 2^32.


# %% role="given" id="passive-given-shorthand"
# Shorthand for the tests below: a caller at port 40000, or another, and your port 80.
def theirs(flags, seq, ack=0, port=40000):
    return Segment(source_port=port, destination_port=80, seq=seq, ack=ack, flags=flags)


def ours(flags, seq, ack=0, port=40000):
    return Segment(source_port=80, destination_port=port, seq=seq, ack=ack, flags=flags)


opened = [
    step(
        "receive",
        theirs(SYN, 100),
        sends=[ours(SYN | ACK, 300, 101)],
        state="SYN-RECEIVED",
        timer_s=1.0,
    ),
    step("receive", theirs(ACK, 101, 301), sends=[], state="ESTABLISHED", timer_s=None),
]
passive = dict(local_port=80, iss=300)


# %% role="test" id="passive-test-handshake" points=2
@check.test
def _():
    # A good day, seen from the other side.
    check.script(
        PassiveOpener,
        start=passive,
        steps=opened,
        rule="The SYN-ACK has seq = iss and acknowledges the SYN; the ACK of it opens.",
        rfc="RFC 9293 section 3.5, figure 6",
    )
    ### BEGIN HIDDEN TESTS
    top = 2**32 - 1
    wrap = [
        step("receive", theirs(SYN | Flag.ECE | Flag.CWR, top, port=5),
             sends=[ours(SYN | ACK, top, 0, port=5)], state="SYN-RECEIVED", timer_s=1.0),
        step("receive", theirs(ACK | PSH, 0, 0, port=5), sends=[], state="ESTABLISHED", timer_s=None),
    ]  # fmt: skip
    check.script(
        PassiveOpener,
        start=dict(local_port=80, iss=top),
        steps=wrap,
        rule="Sequence numbers wrap at 2^32, and other control bits change nothing.",
        rfc="RFC 9293 section 3.4",
    )
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-listen" points=2
@check.test
def _():
    # In LISTEN: who did not say SYN is not let in.
    stray = [step("receive", theirs(ACK, 500, 600), sends=[ours(RST, 600)], state="LISTEN")]
    check.script(
        PassiveOpener,
        start=passive,
        steps=stray,
        rule="Nobody has called yet, so an ACK acknowledges nothing of yours: RST, seq = its ack.",
        rfc="RFC 9293 section 3.10.7.2",
    )
    ### BEGIN HIDDEN TESTS
    strays = [
        step("receive", theirs(RST, 500), sends=[], state="LISTEN"),
        step("receive", theirs(RST | ACK, 500, 600), sends=[], state="LISTEN"),
        step("receive", theirs(FIN, 500), sends=[], state="LISTEN"),
        step(
            "receive", theirs(SYN | ACK, 5, 6, port=9), sends=[ours(RST, 6, port=9)], state="LISTEN"
        ),
        step("timeout", sends=[], state="LISTEN", timer_s=None),
        *opened,
    ]
    check.script(
        PassiveOpener,
        start=passive,
        steps=strays,
        rule="In LISTEN: RST is ignored, ACK is answered by RST, only a SYN alone opens.",
        rfc="RFC 9293 section 3.10.7.2",
    )
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-lost" points=2
@check.test
def _():
    # Something was lost: the SYN comes again, or nothing comes at all.
    lost = [
        opened[0],
        step(
            "receive",
            theirs(SYN, 100),
            sends=[ours(SYN | ACK, 300, 101)],
            state="SYN-RECEIVED",
        ),
        step("timeout", sends=[ours(SYN | ACK, 300, 101)], state="SYN-RECEIVED"),
        opened[1],
    ]
    check.script(
        PassiveOpener,
        start=passive,
        steps=lost,
        rule="The SYN once more, or silence: your SYN-ACK was lost, so it goes out again.",
        rfc="RFC 9293 section 3.10.7.4, simplified",
    )
    ### BEGIN HIDDEN TESTS
    call_again = [opened[0]]
    for pause in (2.0, 4.0, 8.0):
        call_again.append(
            step("timeout", sends=[ours(SYN | ACK, 300, 101)], state="SYN-RECEIVED", timer_s=pause)
        )
    call_again += [opened[1], step("timeout", sends=[], state="ESTABLISHED", timer_s=None)]
    check.script(
        PassiveOpener,
        start=passive,
        steps=call_again,
        rule="The SYN-ACK is a SYN too: until it is acknowledged it is sent again, with pauses that "
        "double.",
        rfc="RFC 6298 section 5.5",
    )
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-ghost" points=2
@check.test
def _():
    # In SYN-RECEIVED: an ACK of something else, and RST.
    ghost = [
        opened[0],
        step("receive", theirs(ACK, 101, 999), sends=[ours(RST, 999)], state="SYN-RECEIVED"),
        step("receive", theirs(RST, 101), sends=[], state="LISTEN", timer_s=None),
    ]
    check.script(
        PassiveOpener,
        start=passive,
        steps=ghost,
        rule="An ack other than iss + 1 draws RST; a RST at irs + 1 sends you back to LISTEN.",
        rfc="RFC 9293 section 3.5, figure 8",
    )
    ### BEGIN HIDDEN TESTS
    probes = [
        opened[0],
        step("receive", theirs(ACK, 101, 300), sends=[ours(RST, 300)], state="SYN-RECEIVED"),
        step("receive", theirs(ACK, 101, 302), sends=[ours(RST, 302)], state="SYN-RECEIVED"),
        step("receive", theirs(RST, 100), sends=[], state="SYN-RECEIVED"),
        step("receive", theirs(RST, 9999), sends=[], state="SYN-RECEIVED"),
        step("receive", theirs(ACK, 100, 301), sends=[], state="SYN-RECEIVED"),
        step("receive", theirs(ACK, 102, 301), sends=[], state="SYN-RECEIVED"),
        step("receive", theirs(FIN, 101), sends=[], state="SYN-RECEIVED"),
        opened[1],
    ]
    check.script(
        PassiveOpener,
        start=passive,
        steps=probes,
        rule="Only ack = iss + 1 at seq = irs + 1 opens; only a RST at irs + 1 closes.",
        rfc="RFC 9293 section 3.10.7.4, simplified",
    )
    back = [*ghost, step("receive", theirs(SYN, 7000, port=6), sends=[ours(SYN | ACK, 300, 7001, port=6)],
                         state="SYN-RECEIVED")]  # fmt: skip
    check.script(
        PassiveOpener,
        start=passive,
        steps=back,
        rule="Back in LISTEN, everything about the last caller is forgotten.",
        rfc="RFC 9293 section 3.5, figure 8",
    )

    ECE, URG = Flag.ECE, Flag.URG

    def same(flags, seq, ack=0, sends=()):
        return step(
            "receive", theirs(flags, seq, ack), sends=list(sends), state="SYN-RECEIVED", timer_s=2.0
        )

    everything = [
        opened[0],
        step("timeout", sends=[ours(SYN | ACK, 300, 101)], state="SYN-RECEIVED", timer_s=2.0),
        same(SYN, 5000),
        same(SYN, 101),
        same(SYN | ACK, 100, 301),
        same(SYN | ACK, 101, 301),
        same(SYN | ACK, 101, 999),
        same(SYN | ECE, 100, 0, [ours(SYN | ACK, 300, 101)]),
        same(RST | ACK, 102, 301),
        same(RST | ACK, 9999, 999),
        same(RST | SYN, 100),
        same(ACK | PSH, 101, 999, [ours(RST, 999)]),
        same(ACK, 555, 999, [ours(RST, 999)]),
        same(PSH, 101, 301),
    ]
    finals = [
        step(
            "receive",
            theirs(ACK | PSH | URG | ECE, 101, 301),
            sends=[],
            state="ESTABLISHED",
            timer_s=None,
        ),
        step("receive", theirs(RST | ACK, 101, 301), sends=[], state="LISTEN", timer_s=None),
        step("receive", theirs(RST | PSH, 101), sends=[], state="LISTEN", timer_s=None),
    ]
    for final in finals:
        check.script(
            PassiveOpener,
            start=passive,
            steps=[*everything, final],
            rfc="RFC 9293 section 3.10.7.4, simplified",
            rule="In SYN-RECEIVED: RST first, then SYN, then ACK; what no rule names changes nothing.",
        )
    afresh = [
        *everything[:2],
        finals[1],
        step("timeout", sends=[], state="LISTEN", timer_s=None),
        step(
            "receive",
            theirs(SYN | PSH, 7000, port=6),
            sends=[ours(SYN | ACK, 300, 7001, port=6)],
            state="SYN-RECEIVED",
            timer_s=1.0,
        ),
        step("receive", theirs(SYN, 100, port=6), sends=[], state="SYN-RECEIVED", timer_s=1.0),
        step("receive", theirs(ACK, 101, 301, port=6), sends=[], state="SYN-RECEIVED", timer_s=1.0),
        step(
            "receive", theirs(ACK, 7001, 301, port=6), sends=[], state="ESTABLISHED", timer_s=None
        ),
    ]
    check.script(
        PassiveOpener,
        start=passive,
        steps=afresh,
        rfc="RFC 9293 section 3.5, figure 8",
        rule="Back in LISTEN, everything about the last caller is forgotten, the timer too.",
    )
    for iss, irs in ((3_000_000_000, 4_000_000_000), (2**32 - 1, 2**32 - 1), (2**31 - 1, 2**31)):
        mine, yours = (iss + 1) % 2**32, (irs + 1) % 2**32
        syn = Segment(source_port=40000, destination_port=80, seq=irs, flags=SYN, data=b"early")
        begin = step(
            "receive", syn, sends=[ours(SYN | ACK, iss, yours)], state="SYN-RECEIVED", timer_s=1.0
        )
        bad = (mine + 1) % 2**32
        wrong = step(
            "receive", theirs(ACK, yours, bad), sends=[ours(RST, bad)], state="SYN-RECEIVED"
        )
        data = Segment(
            source_port=40000, destination_port=80, seq=yours, ack=mine, flags=ACK, data=b"hi"
        )
        for last in (
            step("receive", theirs(RST, yours), sends=[], state="LISTEN", timer_s=None),
            step("receive", theirs(ACK, yours, mine), sends=[], state="ESTABLISHED", timer_s=None),
            step("receive", data, sends=[], state="ESTABLISHED", timer_s=None),
        ):
            check.script(
                PassiveOpener,
                start=dict(local_port=80, iss=iss),
                steps=[begin, wrong, last],
                rule="All comparisons are modulo 2^32.",
                rfc="RFC 9293 section 3.4",
            )

    def two_listeners(PassiveOpener):
        """Two of them, side by side: the states, and the SYN-ACK that the first sends again."""

        a, b = PassiveOpener(80, 300), PassiveOpener(81, 900)
        a.receive(theirs(SYN, 100))
        before = b.state, b.timer_s
        b.receive(Segment(source_port=5, destination_port=81, seq=1, flags=SYN))
        again = a.timeout()[0]
        return [
            before,
            (b.state, b.timer_s),
            (a.state, a.timer_s),
            (again.destination_port, again.seq, again.ack),
        ]

    check.probe(
        PassiveOpener,
        two_listeners,
        rfc="RFC 9293 section 3.3.1",
        expected=[
            ("LISTEN", None),
            ("SYN-RECEIVED", 1.0),
            ("SYN-RECEIVED", 2.0),
            (40000, 300, 101),
        ],
        rule="Every opener has a state of its own: set attributes on self, not on the class.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-simultaneous" points=2
@check.test
def _():
    # Both at once: two SYNs cross, one connection.
    both = [
        opens,
        step(
            "receive",
            from_peer(SYN, 300),
            sends=[to_peer(SYN | ACK, 100, 301)],
            state="SYN-RECEIVED",
            timer_s=1.0,
        ),
        step(
            "receive", from_peer(SYN | ACK, 300, 101), sends=[], state="ESTABLISHED", timer_s=None
        ),
    ]
    check.script(
        SimultaneousOpener,
        start=opener,
        steps=both,
        rule="A bare SYN in SYN-SENT: answer SYN, ACK with your own number again; SYN-RECEIVED.",
        rfc="RFC 9293 section 3.5, figure 7",
    )
    ### BEGIN HIDDEN TESTS
    bare_ack = [*both[:2], step("receive", from_peer(ACK, 301, 101), sends=[], state="ESTABLISHED",
                                timer_s=None)]  # fmt: skip
    check.script(SimultaneousOpener, start=opener, steps=bare_ack, rfc="RFC 9293 section 3.10.7.4")
    check.script(
        SimultaneousOpener,
        start=opener,
        steps=good_day,
        rule="When nothing crosses it is an ordinary active opener.",
        rfc="RFC 9293 section 3.5",
    )

    for iss, irs in ((100, 300), (3_000_000_000, 4_000_000_000), (2**32 - 1, 2**32 - 1)):
        mine, yours = (iss + 1) % 2**32, (irs + 1) % 2**32
        numbers = dict(local_port=40000, remote_port=80, iss=iss)
        crossed = [
            step("open", sends=[to_peer(SYN, iss)], state="SYN-SENT", timer_s=1.0),
            step("timeout", sends=[to_peer(SYN, iss)], state="SYN-SENT", timer_s=2.0),
            step("receive", from_peer(SYN | RST, irs), sends=[], state="SYN-SENT", timer_s=2.0),
            step("receive", from_peer(FIN, irs), sends=[], state="SYN-SENT", timer_s=2.0),
            step(
                "receive",
                from_peer(SYN | ACK, irs, iss),
                sends=[to_peer(RST, iss)],
                state="SYN-SENT",
                timer_s=2.0,
            ),
            step(
                "receive",
                from_peer(SYN | PSH | Flag.ECE, irs),
                sends=[to_peer(SYN | ACK, iss, yours)],
                state="SYN-RECEIVED",
                timer_s=1.0,
            ),
        ]
        for bits in (ACK, SYN | ACK, ACK | PSH, SYN | ACK | Flag.ECE):
            end = step(
                "receive", from_peer(bits, irs, mine), sends=[], state="ESTABLISHED", timer_s=None
            )
            check.script(
                SimultaneousOpener,
                start=numbers,
                steps=[*crossed, end],
                rfc="RFC 9293 section 3.5, figure 7",
                rule="Only a SYN without ACK and RST crosses; numbers wrap; other bits change nothing.",
            )
    ordinary = [
        [
            opens,
            step("receive", from_peer(RST | ACK, 0, 101), sends=[], state="CLOSED", timer_s=None),
        ],
        [opens, step("receive", from_peer(RST, 0), sends=[], state="SYN-SENT", timer_s=1.0)],
        [*good_day, good_day[1]],
    ]
    for steps in ordinary:
        check.script(
            SimultaneousOpener,
            start=opener,
            steps=steps,
            rfc="RFC 9293 section 3.5",
            rule="When nothing crosses it is an ordinary active opener.",
        )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="twoway-text"
# ## 7. Why not two
#
# Section 5 told what the third segment says: *I have your 300*. Suppose that the server did
# without it, and opened the connection as soon as the SYN comes. What would go wrong? The usual
# answer is that the server would not know whether the client can hear it. There is something in
# that, but it is not the reason that the standard gives. Here it is.
#
# Networks keep things. A segment may sit in a queue for a minute while its sender has long
# repeated it, been served, and gone home. Then it arrives. Run a server that takes two steps, and
# let such an old SYN come in.


# %%
class TwoWayServer:
    """Opens as soon as it sees a SYN. This is not TCP."""

    def __init__(self):
        self.connections = []

    def receive(self, segment):
        if segment.flags & SYN:
            self.connections.append(f"port {segment.source_port}, ESTABLISHED")


server = TwoWayServer()
server.receive(Segment(source_port=40000, destination_port=80, seq=90, flags=SYN))  # a minute old
print(server.connections)

# %% [markdown] role="given" id="twoway-ghost"
# A **ghost**: a connection that the server holds open, with a program waiting behind it, and
# nobody at the other end. The server cannot know. *Nothing in a SYN says how old it is.* Only the
# one who sent it can tell, so the server must ask: "you said 90; is that so?" The SYN-ACK is that
# question, and the third segment is the answer. If the answer is no, it is a **RST**, and the
# ghost is gone.
#
# Now with the computer of the first cell. An old SYN comes in; it asks; your side, which
# never heard of a connection, says no. `sockets()` is what `ss -tan` prints on the peer.

# %%
with Network.best() as net:
    port, wire = net.peer.listen(), net.wire()
    wire.send(Segment(source_port=40000, destination_port=port, seq=90, flags=SYN))
    question = wire.receive(timeout_s=1.0)
    print("peer asks :", question)
    print("peer holds:", [row.state for row in net.peer.sockets()])
    wire.send(Segment(source_port=40000, destination_port=port, seq=question.ack, flags=RST))
    wire.receive(timeout_s=0.2)
    print("peer holds:", [row.state for row in net.peer.sockets()])
Ladder.of(net.trace, left="you", right="peer")

# %% [markdown] role="given" id="twoway-claims"
# > **Is it so?** "With only two segments, all that is shown is that the server can receive."
# > *Half true.* So it is for the server (the client has learnt that both directions work), but
# > the principal reason for the third is "to prevent old duplicate connection initiations from
# > causing confusion" (RFC 9293 section 3.5). The ghost above needs no deaf client, only a slow
# > network.
#
# > **Is it so?** "Four are not needed, because three assure both sides that both can send and
# > receive." *Half true.* Three statements suffice since the two middle ones share a segment
# > (section 3.4.1). But what three segments prove is past as soon as it is proved. In the next
# > cell the cable is cut right after the third.

# %%
with Network.best() as net:
    port, wire = net.peer.listen(), net.wire()
    wire.send(Segment(source_port=40000, destination_port=port, seq=100, flags=SYN))
    answer = wire.receive(timeout_s=1.0)
    wire.send(
        Segment(source_port=40000, destination_port=port, seq=101, ack=answer.seq + 1, flags=ACK)
    )
    wire.receive(timeout_s=0.2)
    net.faults(loss=1.0)
    print([row.state for row in net.peer.sockets() if row.state != "LISTEN"], "cable cut")
    net.clock.wait(0.5)
    print([row.state for row in net.peer.sockets() if row.state != "LISTEN"], "still")

# %% [markdown] role="given" id="twoway-brief"
# ### Exercise 7: who goes there?
#
# The rule that lays ghosts is the *receiver's* answer to a segment which does not belong to
# anything it knows. Write `answer_stray(state: str, segment: Segment, iss: int = 0) -> Segment |
# None`.
#
# **`state` is `"CLOSED"`**: there is no connection at all (RFC 9293 section 3.10.7.1).
#
# - A segment with RST gets no answer: `None`. (Otherwise two hosts could answer each other for
#   ever.)
# - A segment with ACK is answered by a segment with only RST, and `seq` equal to its `ack`.
# - Any other segment is answered with RST and ACK, `seq` 0, and `ack` equal to the sequence number
#   after everything that the segment takes up (exercise 4: data, SYN and FIN count).
#
# **`state` is `"SYN-SENT"`**: you sent a SYN with `seq=iss` and wait. A segment whose ACK is set,
# whose RST is not, and whose `ack` is not `iss + 1` is answered by a segment with only RST and
# `seq` equal to that `ack`. Everything else gets `None` here: the opener deals with it.
#
# The answer goes back to where the segment came from: ports exchanged. No data, no options,
# `window` at its default, `ack` 0 where ACK is not set. Numbers wrap at 2^32.
#
# Example: a SYN with `seq=90` from port 40000 to port 9, where nothing is, is answered by
# `Segment(source_port=9, destination_port=40000, seq=0, ack=91, flags=RST | ACK)`.


# %% role="answer" id="twoway-answer"
def answer_stray(state: str, segment: Segment, iss: int = 0) -> Segment | None:
    """Return the RST that a stray segment draws, or None."""
    ### BEGIN SOLUTION
    if segment.flags & RST:
        return None
    back = dict(source_port=segment.destination_port, destination_port=segment.source_port)
    if segment.flags & ACK:
        if state == "SYN-SENT" and segment.ack == (iss + 1) % 2**32:
            return None
        return Segment(seq=segment.ack, flags=RST, **back)
    if state == "SYN-SENT":
        return None
    return Segment(seq=0, ack=next_seq(segment), flags=RST | ACK, **back)
    ### END SOLUTION


# %% [markdown] role="hint" id="twoway-hint-1"
# Nudge
# A RST must be believed by the one who gets it. Which number would you want to see in it, if you
# were the one who had sent the stray segment?

# %% [markdown] role="hint" id="twoway-hint-2"
# Way
# First RST (no answer), then ACK (RST takes its `seq` from that `ack`), then the rest (RST,
# ACK with `seq` 0). In SYN-SENT only the middle case answers, and only when `ack` is wrong.

# %% [markdown] role="hint" id="twoway-hint-3"
# Almost
# `Segment(source_port=segment.destination_port, destination_port=segment.source_port,
# seq=segment.ack, flags=RST)` for a segment with ACK; `seq=0, ack=next_seq(segment),
# flags=RST | ACK` for one without.


# %% role="test" id="twoway-test-nobody" points=2
@check.test
def _():
    # CLOSED: a segment for nobody.
    nobody_rule = dict(
        view="fields",
        rule="No answer to RST; to ACK a RST with seq = its ack; to anything else RST and ACK.",
        rfc="RFC 9293 section 3.10.7.1",
    )
    stray_syn = Segment(source_port=40000, destination_port=9, seq=90, flags=SYN)
    check(
        answer_stray,
        "CLOSED",
        stray_syn,
        expected=Segment(source_port=9, destination_port=40000, seq=0, ack=91, flags=RST | ACK),
        **nobody_rule,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(12)
    cases, results = [], []
    for _ in range(200):
        flags = Flag(dice.getrandbits(8))
        if dice.random() < 0.6:
            flags &= ~RST
        stray = Segment(
            source_port=dice.randrange(1, 65536),
            destination_port=dice.randrange(1, 65536),
            seq=dice.choice([0, 2**32 - 1, 2**32 - 3, dice.getrandbits(32)]),
            ack=dice.getrandbits(32) if flags & ACK else 0,
            flags=flags,
            data=dice.randbytes(dice.choice([0, 0, 1, 7])),
        )
        cases.append(("CLOSED", stray))
        taken = len(stray.data) + (SYN in flags) + (FIN in flags)
        said = (stray.ack, 0, RST) if ACK in flags else (0, (stray.seq + taken) % 2**32, RST | ACK)
        reply = Segment(
            source_port=stray.destination_port,
            destination_port=stray.source_port,
            seq=said[0],
            ack=said[1],
            flags=said[2],
        )
        results.append(None if RST in flags else reply)
    check.each(answer_stray, cases, expected=results, **nobody_rule)
    ### END HIDDEN TESTS


# %% role="test" id="twoway-test-waiting" points=2
@check.test
def _():
    # SYN-SENT: an answer to an old SYN.
    waiting_rule = dict(
        view="fields",
        rule="In SYN-SENT only an ack other than iss + 1, without RST, is answered.",
        rfc="RFC 9293 section 3.10.7.3",
    )
    old_answer = Segment(source_port=80, destination_port=40000, seq=300, ack=91, flags=SYN | ACK)
    check(
        answer_stray,
        "SYN-SENT",
        old_answer,
        100,
        expected=Segment(source_port=40000, destination_port=80, seq=91, flags=RST),
        **waiting_rule,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(13)
    cases, results = [], []
    for _ in range(200):
        iss = dice.choice([0, 2**32 - 1, dice.getrandbits(32)])
        right = (iss + 1) % 2**32
        flags = Flag(dice.getrandbits(6))
        ack = (
            dice.choice([right, iss, (iss + 2) % 2**32, dice.getrandbits(32)]) if flags & ACK else 0
        )
        stray = Segment(source_port=80, destination_port=40000, seq=300, ack=ack, flags=flags)
        cases.append(("SYN-SENT", stray, iss))
        answered = ACK in flags and RST not in flags and ack != right
        reply = Segment(source_port=40000, destination_port=80, seq=ack, flags=RST)
        results.append(reply if answered else None)
    check.each(answer_stray, cases, expected=results, **waiting_rule)

    def stray_of(flags, ack=0, seq=300, data=b""):
        return Segment(
            source_port=80,
            destination_port=40000,
            seq=seq,
            ack=ack,
            flags=Flag(flags),
            window=1234,
            options=((2, b"\x05\xb4"),),
            data=data,
        )

    def reset_of(seq, ack=0, flags=RST):
        return Segment(source_port=40000, destination_port=80, seq=seq, ack=ack, flags=flags)

    table = [
        (("CLOSED", stray_of(ACK, 1)), reset_of(1)),
        (("CLOSED", stray_of(ACK, 101), 100), reset_of(101)),
        (("CLOSED", stray_of(SYN, 0), 100), reset_of(0, 301, RST | ACK)),
        (("SYN-SENT", stray_of(ACK, 1)), None),
        (("SYN-SENT", stray_of(ACK, 2)), reset_of(2)),
        (("SYN-SENT", stray_of(0xD2, 91), 100), reset_of(91)),
        (("SYN-SENT", stray_of(ACK | PSH, 91, data=b"x"), 100), reset_of(91)),
        (("SYN-SENT", stray_of(0xD2, 101), 100), None),
    ]
    check.each(
        answer_stray,
        [c for c, _ in table],
        expected=[r for _, r in table],
        view="fields",
        rule="iss only counts in SYN-SENT; nothing of the stray's window, options and data comes back.",
        rfc="RFC 9293 sections 3.10.7.1 and 3.10.7.3",
    )
    ### END HIDDEN TESTS


# %% role="test" id="twoway-test-ghost" points=1
@check.test
def _():
    # Figure 8, played on a network: an old SYN overtakes the new one, and no ghost stays.
    def play_figure_8(answer_stray):
        with EmbeddedNetwork(seed=8) as net:
            port, wire = net.peer.listen(), net.wire()

            def syn(seq):
                return Segment(source_port=40000, destination_port=port, seq=seq, flags=SYN)

            wire.send(syn(90))  # the old one
            question = wire.receive(timeout_s=1.0)
            answer = answer_stray("SYN-SENT", question, 100)
            if answer is not None:
                wire.send(answer)
            wire.receive(timeout_s=0.2)
            left_over = [row.state for row in net.peer.sockets() if row.state != "LISTEN"]
            wire.send(syn(100))  # the new one
            reply = wire.receive(timeout_s=0.5)
            return {
                "your answer": None if answer is None else str(answer),
                "to the peer": answer is not None and answer.destination_port == port,
                "ghosts": left_over,
                "the new SYN is answered": reply is not None and reply.ack == 101,
            }

    check.probe(
        answer_stray,
        play_figure_8,
        expected={
            "your answer": "RST seq=91",
            "to the peer": True,
            "ghosts": [],
            "the new SYN is answered": True,
        },
        rule="After your answer the peer holds no connection, and the new SYN (seq=100) is answered.",
        rfc="RFC 9293 section 3.5, figure 8",
    )


# %% [markdown] role="given" id="isn-text"
# ## 8. Where to begin counting
#
# So far the first number was 100 or 300, for ease of reading. It must not be. Suppose that every
# connection began at 0: then an old segment of an earlier connection between the same two ports
# would fit into the present one, and anybody could forge a RST or a piece of data without having
# seen a single segment.
#
# What do real systems do? In the next cell the peer opens the *same* connection, same addresses
# and same ports, six times in a row, then one to another port. You refuse each and write down its
# first number.

# %%
with Network.best() as net:
    wire, seen = net.wire(), []
    for your_port in [40000] * 6 + [40001]:
        net.peer.connect(your_port, local_port=50000)
        syn = wire.receive(timeout_s=1.0)
        seen.append((net.clock.now(), your_port, syn.seq))
        wire.send(
            Segment(
                source_port=your_port,
                destination_port=syn.source_port,
                seq=0,
                ack=(syn.seq + 1) % 2**32,
                flags=RST | ACK,
            )
        )
        net.clock.wait(0.05)
print("   time    to port          ISN   steps since the last one")
for (_, _, last), (t, your_port, isn) in zip([seen[0], *seen], seen, strict=False):
    print(f"{t:6.3f} s  {your_port:8}  {isn:11,}   {(isn - last) % 2**32:13,}")

# %% [markdown] role="given" id="isn-claim"
# > **Is it so?** "The client chooses a random number A." *Half true.* From outside it looks
# > random: look at the jump in the last line, where only a port changed. But for one and the same
# > connection it goes up steadily with the clock. RFC 9293 section 3.4.1: ISN = M + F(local
# > address, local port, remote address, remote port, secret key).
#
# Each part has its reason. **M** is a clock. Since it climbs, the numbers of a new connection lie
# ahead of those of the old one between the same ports, and an old segment that turns up late
# falls outside the window (unless the old connection sent faster than the clock ticks; for that
# case TCP has timestamps, and a waiting time at the end). But M alone would not do: anybody could
# open a connection of his own, read the clock, and know everybody's numbers. **F** is a hash that
# only the holder of a secret can compute. It shifts each connection by an amount that nobody
# outside knows, and since the amount stays the same for the same addresses and ports, it does not
# disturb the climb.
#
# (The standard's clock ticks about every 4 µs. Linux lets it tick every 64 ns: links have become
# faster.)

# %% [markdown] role="given" id="isn-brief"
# ### Exercise 8: a first number that nobody guesses, and one that anybody does
#
# Write `initial_sequence_number(now_us, local, local_port, remote, remote_port, secret) -> int`, as
# RFC 6528 section 3 says: M + F, modulo 2^32.
#
# - `now_us` is the time in whole microseconds; M goes up by one every 4 microseconds.
# - F depends on both addresses (text), both ports (integers), the `secret` (1 to 64 octets), and on
#   nothing else. Take the first 32 bits of a keyed hash (a hash that only the holder of the
#   secret can compute) of your choice: `hmac.digest(secret, message, "sha256")` or
#   `hashlib.blake2b(message, key=secret)`. (RFC 6528 suggests MD5; that was 2012.) The message
#   must not be the same for two different connections.
# - The same arguments give the same number, also after a restart of the program.
#
# And as the attacker of a system that does *not* do so: `predict_next(observed: list[int]) ->
# int`. The system adds a fixed step to its last number for each new connection, modulo 2^32. You
# opened two or more connections in a row and noted the numbers it chose, oldest first. Which is
# next?
#
# Example: `predict_next([4_294_900_000, 4_294_964_000])` is 60704.


# %% role="answer" id="isn-answer"
def initial_sequence_number(
    now_us: int, local: str, local_port: int, remote: str, remote_port: int, secret: bytes
) -> int:
    """Return the ISN for this connection at this time (RFC 6528 section 3)."""
    ### BEGIN SOLUTION
    four_tuple = repr((local, local_port, remote, remote_port)).encode()
    keyed = hmac.digest(secret, four_tuple, "sha256")
    return (now_us // 4 + int.from_bytes(keyed[:4], "big")) % 2**32
    ### END SOLUTION


def predict_next(observed: list[int]) -> int:
    """Return the number a system with a fixed step chooses after these."""
    ### BEGIN SOLUTION
    step_size = observed[-1] - observed[-2]
    return (observed[-1] + step_size) % 2**32
    ### END SOLUTION


# %% [markdown] role="hint" id="isn-hint-1"
# Nudge
# Two things are added. One knows the time and not the connection, the other the connection
# and not the time.

# %% [markdown] role="hint" id="isn-hint-2"
# Way
# M is `now_us // 4`. For F, write the four values into one message so that two different
# four-tuples never give the same octets: `"10.0.0.1" + "11"` and `"10.0.0.11" + "1"` must differ.

# %% [markdown] role="hint" id="isn-hint-3"
# Almost
# `digest = hmac.digest(secret, repr((local, local_port, remote, remote_port)).encode(), "sha256")`,
# then `(now_us // 4 + int.from_bytes(digest[:4], "big")) % 2**32`. And the attacker:
# `(observed[-1] + observed[-1] - observed[-2]) % 2**32`.


# %% role="test" id="isn-test-clock" points=1
@check.test
def _():
    # One connection: the same number at the same time, one more every 4 microseconds.
    def repeats(initial_sequence_number):
        """Do the same arguments give the same number?"""
        here = (1_000_000, "10.9.0.2", 40000, "10.9.0.1", 80, b"k" * 16)
        return initial_sequence_number(*here) == initial_sequence_number(*here)

    check.probe(
        initial_sequence_number,
        repeats,
        expected=True,
        rule="The same arguments give the same number.",
        rfc="RFC 6528 section 3",
    )

    def ticks(initial_sequence_number):
        """How far the number moves within given microseconds."""
        here = ("10.9.0.2", 40000, "10.9.0.1", 80, b"k" * 16)
        start = initial_sequence_number(1_000_000, *here)
        waits = (0, 3, 4, 4000, 1_000_000, 4 * 2**32)
        return [(initial_sequence_number(1_000_000 + us, *here) - start) % 2**32 for us in waits]

    check.probe(
        initial_sequence_number,
        ticks,
        expected=[0, 0, 1, 1000, 250_000, 0],
        rule="After 0, 3, 4, 4000, 10^6 and 4 * 2^32 microseconds it has moved by so many steps: M is "
        "the time divided by 4, added to F.",
        rfc="RFC 6528 section 3",
    )

    ### BEGIN HIDDEN TESTS
    def in_range(initial_sequence_number):
        dice = random.Random(14)
        numbers = [
            initial_sequence_number(
                dice.getrandbits(60), "::1", dice.randrange(65536), "::2", 80, b"s"
            )
            for _ in range(100)
        ]
        return all(isinstance(n, int) and 0 <= n < 2**32 for n in numbers)

    check.probe(
        initial_sequence_number,
        in_range,
        expected=True,
        rule="A sequence number is an integer from 0 to 2^32 - 1.",
        rfc="RFC 9293 section 3.4",
    )

    def late_ticks(initial_sequence_number):
        """Steps within 4 us, a day and a year, for a clock that has run for 10^18 us."""
        here, then = ("10.9.0.2", 40000, "10.9.0.1", 80, b"k" * 16), 10**18
        start = initial_sequence_number(then, *here)
        waits = (4, 86_400_000_000, 31_536_000_000_000)
        return [(initial_sequence_number(then + us, *here) - start) % 2**32 for us in waits]

    check.probe(
        initial_sequence_number,
        late_ticks,
        rfc="RFC 6528 section 3",
        expected=[1, 21_600_000_000 % 2**32, 7_884_000_000_000 % 2**32],
        rule="M goes up by one every 4 microseconds and F not at all: whole numbers (//), no float.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="isn-test-unrelated" points=2
@check.test
def _():
    # Two connections: nothing in common.
    def other_connections(initial_sequence_number):
        """Which change of one argument leaves the number as it was?"""
        base = dict(local="10.9.0.2", local_port=40000, remote="10.9.0.1", remote_port=80)
        changes = dict(local="10.9.0.3", local_port=40001, remote="10.9.0.4", remote_port=81)
        number = initial_sequence_number(0, **base, secret=b"k" * 16)
        same = [
            name
            for name, value in changes.items()
            if initial_sequence_number(0, **{**base, name: value}, secret=b"k" * 16) == number
        ]
        if initial_sequence_number(0, **base, secret=b"l" * 16) == number:
            same.append("secret")
        return same

    check.probe(
        initial_sequence_number,
        other_connections,
        expected=[],
        rule="Changing any one of these must change the number; for the ones listed it stayed.",
        rfc="RFC 6528 section 3",
    )

    ### BEGIN HIDDEN TESTS
    def pattern(initial_sequence_number):
        """Do neighbouring ports betray each other?"""
        numbers = [
            initial_sequence_number(0, "10.9.0.2", port, "10.9.0.1", 80, b"k" * 16)
            for port in range(40000, 40064)
        ]
        gaps = {(b - a) % 2**32 for a, b in itertools.pairwise(numbers)}
        spread = len({number >> 28 for number in numbers})
        return len(set(numbers)) == 64 and len(gaps) > 55 and spread > 10

    check.probe(
        initial_sequence_number,
        pattern,
        expected=True,
        rule="The numbers of 64 neighbouring ports show a pattern; a keyed hash would not.",
        rfc="RFC 6528 section 3",
    )

    def run_together(initial_sequence_number):
        """Which of these connections get the number of 10.0.0.1 port 11 to 10.0.0.2 port 80?"""
        others = [
            ("10.0.0.11", 1, "10.0.0.2", 80),
            ("10.0.0.1", 1, "110.0.0.2", 80),
            ("10.0.0.1", 80, "10.0.0.2", 11),
        ]
        number = initial_sequence_number(0, "10.0.0.1", 11, "10.0.0.2", 80, b"k" * 16)
        return [
            f"{local} port {port} to {remote} port {remote_port}"
            for local, port, remote, remote_port in others
            if initial_sequence_number(0, local, port, remote, remote_port, b"k" * 16) == number
        ]

    check.probe(
        initial_sequence_number,
        run_together,
        expected=[],
        rule="These are different connections; what you hash must differ too.",
        rfc="RFC 6528 section 3",
    )

    def clashes(initial_sequence_number):
        """Which pairs of different connections, or of secrets, are given the same number?"""

        def number(local, port, remote, remote_port, secret=b"k" * 16):
            return initial_sequence_number(0, local, port, remote, remote_port, secret)

        pairs = {
            "addresses run together": (
                ("10.0.0.1", 5, "10.0.0.2", 6),
                ("10.0.0.11", 5, "0.0.0.2", 6),
            ),
            "ports run together": (
                ("10.0.0.1", 11, "10.0.0.2", 80),
                ("10.0.0.1", 1, "10.0.0.2", 180),
            ),
            "both ends exchanged": (("10.0.0.1", 5, "10.0.0.2", 6), ("10.0.0.2", 6, "10.0.0.1", 5)),
            "ports exchanged": (("10.0.0.1", 5, "10.0.0.2", 6), ("10.0.0.1", 6, "10.0.0.2", 5)),
            "top of an IPv6 address": (("fe80::1", 5, "fe80::2", 6), ("fe81::1", 5, "fe80::2", 6)),
            "last octet of the secret": (
                ("::1", 5, "::2", 6),
                ("::1", 5, "::2", 6, b"k" * 15 + b"l"),
            ),
        }
        return [name for name, (one, two) in pairs.items() if number(*one) == number(*two)]

    check.probe(
        initial_sequence_number,
        clashes,
        expected=[],
        rfc="RFC 6528 section 3",
        rule="Different connections, and different secrets, need different messages and keys.",
    )

    def secret_cancels_out(initial_sequence_number):
        """Does the difference of two connections' numbers stay the same under every secret?"""

        def two(secret):
            return [
                initial_sequence_number(0, "10.9.0.2", port, "10.9.0.1", 80, secret)
                for port in (1, 2)
            ]

        keys = [bytes([k]) * 16 for k in range(8)]
        return {
            "minus": len({(b - a) % 2**32 for a, b in map(two, keys)}),
            "xor": len({a ^ b for a, b in map(two, keys)}),
        }

    check.probe(
        initial_sequence_number,
        secret_cancels_out,
        expected={"minus": 8, "xor": 8},
        rfc="RFC 6528 section 3",
        rule="Under 8 secrets two connections must differ in 8 ways; else one number gives away the other.",
    )

    def low_bits(initial_sequence_number):
        """How many values do the upper and the lower half of 200 numbers take?"""
        n = [
            initial_sequence_number(0, "10.9.0.2", p, "10.9.0.1", 80, b"k" * 16) for p in range(200)
        ]
        return [len({x >> 16 for x in n}) > 190, len({x & 0xFFFF for x in n}) > 190]

    check.probe(
        initial_sequence_number,
        low_bits,
        expected=[True, True],
        rfc="RFC 6528 section 3",
        rule="F has 32 bits; one half of yours hardly changes.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="isn-test-predict" points=1
@check.test
def _():
    # The careless system.
    predict_rule = dict(rule="Last number plus the step, modulo 2^32.", rfc="RFC 6528 section 1")
    check(predict_next, [4_294_900_000, 4_294_964_000], expected=60_704, **predict_rule)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(15)
    cases, results = [], []
    for _ in range(100):
        start = dice.choice([0, 2**32 - 1, dice.getrandbits(32)])
        size = dice.choice([1, 64, 64_000, 128_000, dice.randrange(1, 2**31)])
        numbers = [(start + size * i) % 2**32 for i in range(dice.randrange(3, 7))]
        cases.append((numbers[:-1],))
        results.append(numbers[-1])
    check.each(predict_next, cases, expected=results, **predict_rule)

    down = [((2**32 - 5 - 64_000 * i) % 2**32) for i in range(5)]
    check(predict_next, down[:4], expected=down[4], **predict_rule)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cookie-text"
# ## 9. Ten thousand half-open doors
#
# In SYN-RECEIVED the peer keeps a note of the caller: ports, numbers, options. Notes take memory,
# so there is only room for so many. What if somebody sends SYN after SYN, from made-up ports, and
# never answers? This is a **SYN flood** (RFC 4987). You may run one here, since both ends are
# yours; against a computer of somebody else it is a crime.


# %%
def flood(count, **how):
    """Send SYNs from so many ports, and see what the peer answers and remembers."""
    with EmbeddedNetwork(seed=9) as net:
        port, wire = net.peer.listen(backlog=8, **how), net.wire()
        answers = 0
        for source_port in range(40000, 40000 + count):
            wire.send(Segment(source_port=source_port, destination_port=port, seq=7, flags=SYN))
            answers += wire.receive(timeout_s=0.01) is not None
        held = sum(row.state == "SYN-RECEIVED" for row in net.peer.sockets())
    return f"{count} SYNs: {answers:2} answered, {held:2} remembered"


print("plain  ", flood(20))
print("cookies", flood(20, syn_cookies=True))

# %% [markdown] role="given" id="cookie-explain"
# In the first line the queue is full after nine (the embedded peer was told 8, and like a Linux
# of today it lets one more in), and the honest caller who comes next hears nothing. In the second
# line everybody is answered, and *nothing is remembered*. How can that be?
#
# The trick is a **SYN cookie**. The server may choose any initial sequence number it likes, and
# an honest client will send it back, plus one, in its ACK. So the server writes its note into
# that very number, sealed with a secret, and forgets. 32 bits hold not much. Here is the layout,
# a little simplified (RFC 4987 appendix A; the original also mixes in the client's number, so
# that cookies climb slowly as other initial numbers do):
#
# | bits | content |
# |---|---|
# | top 5 | a slow counter (here: minutes), modulo 32 |
# | next 3 | which of eight MSS values the client announced |
# | low 24 | a keyed hash over the connection, the client's number, the minute and the MSS index |
#
# The hash takes the whole minute, not modulo 32: otherwise every cookie would be good again half
# an hour later. Without the secret, one guess in sixteen million is right, and the server needs
# no list to recognise its own.
#
# What does not fit is lost, window scale for one, unless the client sends timestamps, in which
# Linux hides it; and a SYN-ACK that is lost is not repeated, since nobody remembers it. That is
# why systems use cookies only when the queue is full.

# %% [markdown] role="given" id="cookie-brief"
# ### Exercise 9: SYN cookies
#
# Write two functions. `connection` is a tuple `(source, source_port, destination,
# destination_port)`, `secret` is 1 to 64 octets, `minute` counts minutes from 0 and only grows.
#
# **`make_cookie(secret, connection, client_seq, mss, minute) -> int`**
#
# The 32-bit cookie in the layout above. The three bits are the index of the largest entry of
# `MSS_TABLE` that is not above `mss` (index 0 if all are). The hash is any keyed hash of your
# choice over `connection`, `client_seq`, the minute and the index.
#
# **`check_cookie(secret, connection, client_seq, cookie, minute) -> int | None`**
#
# The MSS from the table, if `make_cookie` gave this cookie to this `connection` with this
# `client_seq` in the minute `minute` or in the one before; otherwise `None`.
#
# Neither function may keep anything between calls: a flood costs no memory.
#
# Example: `make_cookie(secret, connection, 100, 1460, minute=33) >> 27` is 1 (33 modulo 32), and
# `check_cookie` of that cookie with `minute=34` is 1460.

# %% role="given" id="cookie-given-table"
MSS_TABLE = (216, 536, 1024, 1220, 1360, 1440, 1460, 8960)


# %% role="answer" id="cookie-answer"
def make_cookie(secret: bytes, connection: tuple, client_seq: int, mss: int, minute: int) -> int:
    """Return the initial sequence number that remembers this caller."""
    ### BEGIN SOLUTION
    index = max((i for i, size in enumerate(MSS_TABLE) if size <= mss), default=0)
    message = repr((connection, client_seq, minute, index)).encode()
    seal = int.from_bytes(hmac.digest(secret, message, "sha256")[:3], "big")
    return (minute % 32) << 27 | index << 24 | seal
    ### END SOLUTION


def check_cookie(
    secret: bytes, connection: tuple, client_seq: int, cookie: int, minute: int
) -> int | None:
    """Return the MSS that this cookie remembers, or None if it is not ours or too old."""
    ### BEGIN SOLUTION
    size = MSS_TABLE[cookie >> 24 & 7]
    for made in (minute, minute - 1):
        if cookie == make_cookie(secret, connection, client_seq, size, made):
            return size
    return None
    ### END SOLUTION


# %% [markdown] role="hint" id="cookie-hint-1"
# Nudge
# You need not take the cookie apart to check it. You know everything that went into it but
# the minute and the MSS, and those are few.

# %% [markdown] role="hint" id="cookie-hint-2"
# Way
# Build it with shifts: `(minute % 32) << 27 | index << 24 | hash24`. To check, read the index
# back with `cookie >> 24 & 7`, make the cookie again for this minute and for the one before, and
# compare.

# %% [markdown] role="hint" id="cookie-hint-3"
# Almost
# ```python
# message = repr((connection, client_seq, minute, index)).encode()
# hash24 = int.from_bytes(hmac.digest(secret, message, "sha256")[:3], "big")
# ```
# and in `check_cookie`: `size = MSS_TABLE[cookie >> 24 & 7]`, then a loop over `(minute, minute -
# 1)` that returns `size` when `make_cookie(...)` gives the same number.


# %% role="test" id="cookie-test-layout" points=1
@check.test
def _():
    # The eight bits that are not sealed.
    def open_bits(make_cookie):
        """Minute and MSS index as written into the top eight bits."""
        caller = ("10.9.0.2", 40000, "10.9.0.1", 80)
        asked = [(33, 1460), (31, 1461), (0, 536), (64, 100), (7, 65535), (8, 1359)]
        cookies = [make_cookie(b"k" * 16, caller, 100, mss, minute) for minute, mss in asked]
        return [(cookie >> 27, cookie >> 24 & 7) for cookie in cookies]

    check.probe(
        make_cookie,
        open_bits,
        expected=[(1, 6), (31, 6), (0, 1), (0, 0), (7, 7), (8, 3)],
        rule="Minutes 33, 31, 0, 64, 7, 8 with MSS 1460, 1461, 536, 100, 65535, 1359 give these "
        "pairs (minute, index).",
        rfc="RFC 4987 appendix A",
    )


# %% role="test" id="cookie-test-valid" points=1
@check.test
def _():
    # A cookie is good in its minute and in the next, whatever the minute.
    def lifetime(make_cookie, check_cookie):
        """The MSS found so many minutes after the cookie was made."""
        caller = ("10.9.0.2", 40000, "10.9.0.1", 80)
        found = []
        for made in (33, 31, 63):
            cookie = make_cookie(b"k" * 16, caller, 100, 1460, made)
            found.append(
                [check_cookie(b"k" * 16, caller, 100, cookie, made + i) for i in (0, 1, 2, 31, 32)]
            )
        return found

    check.probe(
        (make_cookie, check_cookie),
        lifetime,
        expected=[[1460, 1460, None, None, None]] * 3,
        rule="Made in minutes 33, 31, 63 and checked 0, 1, 2, 31, 32 minutes later: good twice, then "
        "too old. 32 minutes later the counter's five bits are the same again.",
        rfc="RFC 4987 section 3.6 and appendix A",
    )

    ### BEGIN HIDDEN TESTS
    def never_early(make_cookie, check_cookie):
        """A cookie from a minute that has not come yet."""
        caller = ("10.9.0.2", 40000, "10.9.0.1", 80)
        cookies = [make_cookie(b"k" * 16, caller, 100, 1460, minute) for minute in range(50, 80)]
        return [check_cookie(b"k" * 16, caller, 100, cookie, 49) for cookie in cookies]

    check.probe(
        (make_cookie, check_cookie),
        never_early,
        expected=[None] * 30,
        rule="A cookie of a coming minute cannot be ours.",
        rfc="RFC 4987 appendix A",
    )

    def every_size(make_cookie, check_cookie):
        """The MSS found for what each client announced."""
        caller = ("fe80::2", 40000, "fe80::1", 80)
        sizes = [0, 216, 535, 536, 1219, 1220, 1400, 1440, 1459, 1460, 9000, 65535]
        return [
            check_cookie(b"k", caller, 5, make_cookie(b"k", caller, 5, mss, 9), 9) for mss in sizes
        ]

    check.probe(
        (make_cookie, check_cookie),
        every_size,
        expected=[216, 216, 216, 536, 1024, 1220, 1360, 1440, 1440, 1460, 8960, 8960],
        rule="The largest entry that is not above what the client announced: never send it more.",
        rfc="RFC 4987 section 3.6",
    )

    def first_minutes(make_cookie, check_cookie):
        """MSS found for cookies of minutes 0 and 1, checked at once and a minute later."""
        caller = ("10.9.0.2", 40000, "10.9.0.1", 80)
        return [
            check_cookie(
                b"k" * 16, caller, 100, make_cookie(b"k" * 16, caller, 100, 536, m), m + later
            )
            for m in (0, 1)
            for later in (0, 1)
        ]

    check.probe(
        (make_cookie, check_cookie),
        first_minutes,
        expected=[536] * 4,
        rule="Minute 0 is a minute like any other.",
        rfc="RFC 4987 appendix A",
    )
    ### END HIDDEN TESTS


# %% role="test" id="cookie-test-forged" points=2
@check.test
def _():
    # Somebody else's cookie, or one that was altered.
    def forgeries(make_cookie, check_cookie):
        """Which of these forgeries are let in?"""
        caller = ["10.9.0.2", 40000, "10.9.0.1", 80]
        cookie = make_cookie(b"k" * 16, tuple(caller), 100, 1460, 33)
        tried = {"another client number": (b"k" * 16, tuple(caller), 101, cookie, 33)}
        for place, other in enumerate(["10.9.0.3", 40001, "10.9.0.4", 81]):
            name = ("another source", "another source port", "another destination",
                    "another destination port")[place]  # fmt: skip
            changed = (*caller[:place], other, *caller[place + 1 :])
            tried[name] = (b"k" * 16, changed, 100, cookie, 33)
        tried["another server's secret"] = (b"l" * 16, tuple(caller), 100, cookie, 33)
        return [name for name, arguments in tried.items() if check_cookie(*arguments) is not None]

    check.probe(
        (make_cookie, check_cookie),
        forgeries,
        expected=[],
        rule="The seal covers the whole connection, the client's number and the secret.",
        rfc="RFC 4987 appendix A",
    )

    ### BEGIN HIDDEN TESTS
    def altered(make_cookie, check_cookie):
        """Which of the 32 bits can be flipped unnoticed?"""
        caller = ("10.9.0.2", 40000, "10.9.0.1", 80)
        cookie = make_cookie(b"k" * 16, caller, 100, 1460, 33)
        if check_cookie(b"k" * 16, caller, 100, cookie, 34) != 1460:
            return "even the true cookie is refused"
        return [
            bit
            for bit in range(32)
            if check_cookie(b"k" * 16, caller, 100, cookie ^ 1 << bit, 34) is not None
        ]

    check.probe(
        (make_cookie, check_cookie),
        altered,
        expected=[],
        rule="Flipping any one bit, minute and MSS bits included, must break the seal.",
        rfc="RFC 4987 appendix A",
    )

    def near_misses(make_cookie, check_cookie):
        """Which of these are let in with a cookie that was made for something else?"""
        one, key = ("10.9.0.2", 11, "10.9.0.1", 80), b"k" * 16
        cookie = make_cookie(key, one, 100, 1460, 333)
        tried = {
            f"bit {bit} of the client's number": (key, one, 100 ^ 1 << bit, cookie, 333)
            for bit in range(32)
        }
        tried["last octet of the secret"] = (b"k" * 15 + b"l", one, 100, cookie, 333)
        tried["both ends exchanged"] = (key, ("10.9.0.1", 80, "10.9.0.2", 11), 100, cookie, 333)
        tried["10.9.0.2 port 11 as 10.9.0.21 port 1"] = (
            key,
            ("10.9.0.21", 1, "10.9.0.1", 80),
            100,
            cookie,
            333,
        )
        early = (-300, -64, -33, -32, -31, -3, -2, -1)
        late = (2, 3, 4, 30, 31, 32, 33, 63, 64, 65, 128, 256, 512, 1024, 4096, 65_536)
        for minutes in (*early, *late):
            tried[f"{minutes} minutes later"] = (key, one, 100, cookie, 333 + minutes)
        return [name for name, arguments in tried.items() if check_cookie(*arguments) is not None]

    check.probe(
        (make_cookie, check_cookie),
        near_misses,
        expected=[],
        rfc="RFC 4987 appendix A",
        rule="The seal covers everything, whole: connection, client's number, secret, and the uncut minute.",
    )

    def secret_is_mixed_in(make_cookie):
        """In how many ways do the seals of two connections differ under 8 secrets?"""
        seals = [
            [
                make_cookie(bytes([k]) * 16, ("10.9.0.2", p, "10.9.0.1", 80), 7, 1460, 5)
                for p in (1, 2)
            ]
            for k in range(8)
        ]
        return {"minus": len({b - a for a, b in seals}), "xor": len({a ^ b for a, b in seals})}

    check.probe(
        make_cookie,
        secret_is_mixed_in,
        expected={"minus": 8, "xor": 8},
        rfc="RFC 4987 appendix A",
        rule="The difference of two seals must depend on the secret: a checksum or a sum is no keyed hash.",
    )

    def seal_bits(make_cookie):
        """Bits of the seal that change among 200 cookies, and how many seals differ."""
        seals = [
            make_cookie(b"k" * 16, ("10.9.0.2", p, "10.9.0.1", 80), 7, 1460, 5) & 0xFFFFFF
            for p in range(200)
        ]
        ones = [sum(seal >> bit & 1 for seal in seals) for bit in range(24)]
        return {
            "bits stuck": [bit for bit in range(24) if not 50 < ones[bit] < 150],
            "few": len(set(seals)) < 195,
        }

    check.probe(
        make_cookie,
        seal_bits,
        expected={"bits stuck": [], "few": False},
        rfc="RFC 4987 appendix A",
        rule="The hash fills all the low 24 bits; with fewer a forger needs fewer guesses.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="cookie-test-memory" points=1 tags=["beside"]
@check.test
def _():
    # A flood costs no memory.
    def flooded(make_cookie):
        """Does each of 1,000 SYNs leave something behind?"""
        import sys

        def flood(ports):
            for port in ports:
                make_cookie(b"k" * 16, ("10.9.0.2", port, "10.9.0.1", 80), port, 1460, 5)

        flood(range(1, 201))
        before = sys.getallocatedblocks()
        flood(range(1_001, 2_001))
        return sys.getallocatedblocks() - before > 500

    check.probe(
        make_cookie,
        flooded,
        expected=False,
        rule="Each of 1,000 SYNs left something behind: a SYN of a flood must cost no memory.",
        rfc="RFC 4987 section 3.6",
    )

    ### BEGIN HIDDEN TESTS
    def kept(make_cookie, check_cookie):
        """Does each of 1,000 SYNs and ACKs leave something behind?"""
        import sys

        def flood(ports):
            for port in ports:
                caller = (f"10.{port % 251}.{port % 241}.2", port, "10.9.0.1", 80)
                cookie = make_cookie(b"k" * 16, caller, port, 1460, 5)
                check_cookie(b"k" * 16, caller, port, cookie, 5)
                check_cookie(b"k" * 16, caller, port, cookie ^ 1, 5)

        flood(range(1, 201))
        before = sys.getallocatedblocks()
        flood(range(1_001, 2_001))
        return sys.getallocatedblocks() - before > 500

    check.probe(
        (make_cookie, check_cookie),
        kept,
        expected=False,
        rfc="RFC 4987 section 3.6",
        rule="Every caller leaves something behind, in make_cookie or in check_cookie.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="capture-text"
# ## 10. Reading a capture
#
# A **capture** is a list of what crossed a cable, and reading one is the daily bread of everybody
# who mends networks. Programs such as tcpdump and Wireshark print a line for each segment. You
# can do the same with what you send here: `net.save_pcap("mine.pcap")` writes a file that
# Wireshark opens.
#
# Now you know all the rules. Then a capture with holes in it can be filled: each number follows
# from the others.


# %% role="given" id="capture-given-maker"
@dataclass(frozen=True)
class Line:
    """One line of a capture; a number that is missing is a letter."""

    sender: str
    flags: str
    seq: int | str
    ack: int | str | None
    length: int

    def __str__(self):
        return f"{self.sender:6}  {self.flags:9}  seq {self.seq!s:>10}  ack {self.ack!s:>10}  len {self.length}"


def capture_of(name: str) -> list[Line]:
    """Return the capture that belongs to this name, eight of its numbers missing."""
    dice = random.Random(hashlib.sha256(name.strip().lower().encode()).digest())
    client, server = dice.randrange(2**32 - 90, 2**32 - 20), dice.getrandbits(32)
    sizes = [dice.randrange(100, 999) for _ in range(3)]
    c, s = [client], [server]

    def after(numbers, taken):
        numbers.append((numbers[-1] + taken) % 2**32)
        return numbers[-2]

    rows = [
        ("client", "SYN", after(c, 1), None, 0),
        ("server", "SYN, ACK", after(s, 1), c[-1], 0),
        ("client", "ACK", c[-1], s[-1], 0),
        ("client", "PSH, ACK", after(c, sizes[0]), s[-1], sizes[0]),
        ("server", "ACK", s[-1], c[-1], 0),
        ("server", "PSH, ACK", after(s, sizes[1]), c[-1], sizes[1]),
        ("client", "PSH, ACK", after(c, sizes[2]), s[-1], sizes[2]),
        ("server", "ACK", s[-1], c[-1], 0),
        ("client", "FIN, ACK", after(c, 1), s[-1], 0),
        ("server", "ACK", s[-1], c[-1], 0),
    ]
    holes = {(1, 3): "A", (2, 2): "B", (2, 3): "C", (3, 2): "D", (4, 3): "E", (6, 2): "F",
             (6, 3): "G", (9, 3): "H"}  # fmt: skip
    return [
        Line(*(holes.get((i, j), value) for j, value in enumerate(row)))
        for i, row in enumerate(rows)
    ]


for line in capture_of("Ada Lovelace"):
    print(line)

# %% [markdown] role="given" id="capture-brief"
# ### Exercise 10: fill in the missing numbers
#
# This exercise is different for everybody. Write two functions.
#
# **`my_name() -> str`**
#
# Your name or student number, at least two characters. It decides which capture is yours.
#
# **`read_capture(lines: list[Line]) -> dict[str, int]`**
#
# The missing numbers of *your* capture, `capture_of(my_name())`: a dictionary with the keys
# `"A"` to `"H"`. Each `Line` has `sender`, `flags`, `seq`, `ack`, `length`, as printed above;
# the missing ones are the letters. You may work it out with a pencil and return the eight
# numbers as they are, or write a function that reads any such capture.
#
# No segment was lost, all arrived in the order shown. Remember what wraps and what takes a number.


# %% role="answer" id="capture-answer"
def my_name() -> str:
    """Return your name or student number."""
    ### BEGIN SOLUTION
    return "Ada Lovelace"
    ### END SOLUTION


def read_capture(lines: list[Line]) -> dict[str, int]:
    """Return the missing numbers by letter."""
    ### BEGIN SOLUTION
    following = {}  # the next number of each sender
    found = {}
    for line in lines:
        other = "server" if line.sender == "client" else "client"
        seq, ack = line.seq, line.ack
        if isinstance(seq, str):
            found[seq] = following[line.sender]
            seq = found[seq]
        if isinstance(ack, str):
            found[ack] = following[other]
        taken = line.length + ("SYN" in line.flags) + ("FIN" in line.flags)
        following[line.sender] = (seq + taken) % 2**32
    return found
    ### END SOLUTION


# %% [markdown] role="hint" id="capture-hint-1"
# Nudge
# Print your own capture. Then, for each line, write down the number that its sender will
# use *next*.

# %% [markdown] role="hint" id="capture-hint-2"
# Way
# A missing `seq` is the next number of its sender. A missing `ack` is the next number of the
# *other* side. The next number is `seq` plus length, plus one for SYN, plus one for FIN, modulo
# 2^32.

# %% [markdown] role="hint" id="capture-hint-3"
# Almost
# Go through the lines with a dictionary `following`, from sender to next number. For each
# line: fill in a missing `seq` from `following[line.sender]`, a missing `ack` from the other's
# entry, then update `following[line.sender]`.


# %% role="test" id="capture-test-name" points=1
@check.test
def _():
    # A name, and a number for every letter.
    def named(my_name):
        name = my_name()
        return isinstance(name, str) and len(name.strip()) >= 2

    check.probe(
        my_name,
        named,
        expected=True,
        rule="my_name() returns your name or student number, a string of two characters or more.",
    )

    def letters(read_capture):
        return sorted(read_capture(capture_of(my_name())))

    check.probe(
        read_capture,
        letters,
        expected=list("ABCDEFGH"),
        rule="The dictionary has exactly the keys A to H.",
    )


# %% role="test" id="capture-test-numbers" points=3
@check.test
def _():
    # The numbers themselves. (They are compared when your notebook is marked.)
    def in_range(read_capture):
        return [
            letter
            for letter, number in sorted(read_capture(capture_of(my_name())).items())
            if not 0 <= number < 2**32
        ]

    check.probe(
        read_capture,
        in_range,
        expected=[],
        rule="Every number lies between 0 and 2^32 - 1; the ones listed do not.",
        rfc="RFC 9293 section 3.4",
    )

    ### BEGIN HIDDEN TESTS
    def my_numbers(read_capture):
        return read_capture(capture_of(my_name()))

    def filled(lines):
        """Fill the holes by a second way: each hole from the neighbours that determine it."""

        def size(line):
            return line.length + line.flags.count("SYN") + line.flags.count("FIN")

        known = {}
        for i, line in enumerate(lines):
            own = [earlier for earlier in lines[:i] if earlier.sender == line.sender]
            others = [earlier for earlier in lines[:i] if earlier.sender != line.sender]
            if isinstance(line.seq, str):
                known[line.seq] = (own[0].seq + sum(map(size, own))) % 2**32
            if isinstance(line.ack, str):
                known[line.ack] = (others[0].seq + sum(map(size, others))) % 2**32
        return known

    check.probe(
        read_capture,
        my_numbers,
        expected=filled(capture_of(my_name())),
        rule="seq is the sender's own next number, ack the next number of the other side.",
        rfc="RFC 9293 section 3.4",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="kernel-text"
# ## 11. The real thing
#
# You have written both machines. Now they meet something that nobody here wrote. On Linux,
# `Network.best()` puts the TCP of the *kernel* at the other end of the cable, the same code that
# carries every web page this computer fetches. It will not be polite to a wrong segment. (On
# other systems the embedded network takes its place; tests hold it to the kernel's behaviour.)
#
# A machine alone does nothing. It needs somebody who carries its segments to the wire, brings it
# those that come, and rings the timer when none came. That is an **event loop**, and it is the
# last thing that is missing.

# %%
with Network.best() as net:
    print(net.why)
    print("I am", net.address, "and the peer is", net.peer.address)

# %% [markdown] role="given" id="kernel-brief"
# ### Exercise 11: shake hands with the kernel
#
# Write `run_handshake(machine, wire, clock, first=(), deadline_s=10.0) -> str`.
#
# - `machine` has `state`, `timer_s`, `receive(segment)` and `timeout()`, as in exercises 5 and 6.
# - `wire.send(segment)` sends one segment. `wire.receive(timeout_s)` waits at most that many
#   seconds and returns the next segment, or `None`.
# - `clock.now()` is the time in seconds. (It may be a virtual clock, so use no other.)
# - `first` are segments to send before anything else: what `open()` returned.
#
# Send everything in `first`. Then repeat, until the machine's state is ESTABLISHED or CLOSED:
#
# 1. Wait for a segment, for `timer_s` seconds if a timer runs, but never past the deadline, which
#    is `deadline_s` seconds after the call. Each wait begins anew (a simplification: RFC 6298
#    section 5.1 lets a timer that runs go on).
# 2. If a segment came, hand it to `receive`. If none came and the deadline is reached, return the
#    state as it is. If none came and the timer rang, call `timeout()`. (If both fall on the same
#    moment, either will do.)
# 3. **Send every segment that the machine returned**, from `receive` and from `timeout`, also
#    the last ones.
#
# Return the machine's state.
#
# Example: with your `ActiveOpener`, a listening peer and `first=opener.open()`, it returns
# `"ESTABLISHED"`, and `net.peer.sockets()` lists an ESTABLISHED socket.


# %% role="answer" id="kernel-answer"
def run_handshake(machine, wire, clock, first=(), deadline_s: float = 10.0) -> str:
    """Carry segments between the machine and the wire until it is open, closed, or late."""
    ### BEGIN SOLUTION
    for segment in first:
        wire.send(segment)
    end = clock.now() + deadline_s
    while machine.state not in ("ESTABLISHED", "CLOSED"):
        left = end - clock.now()
        if left <= 0:
            break
        rings = machine.timer_s is not None and machine.timer_s <= left
        segment = wire.receive(machine.timer_s if rings else left)
        if segment is not None:
            replies = machine.receive(segment)
        elif rings:
            replies = machine.timeout()
        else:
            break
        for reply in replies:
            wire.send(reply)
    return machine.state
    ### END SOLUTION


# %% [markdown] role="hint" id="kernel-hint-1"
# Nudge
# The loop has three parts: wait for one event, give it to the machine, send what it says. In which
# order must you test for ESTABLISHED and send?

# %% [markdown] role="hint" id="kernel-hint-2"
# Way
# Compute the end once, `clock.now() + deadline_s`. In each round the pause is the smaller of
# `timer_s` (if there is one) and the time left. Send the returned segments *before* you look at
# the state again.

# %% [markdown] role="hint" id="kernel-hint-3"
# Almost
# ```python
# while machine.state not in ("ESTABLISHED", "CLOSED"):
#     left = end - clock.now()
#     if left <= 0:
#         break
#     rings = machine.timer_s is not None and machine.timer_s <= left
#     segment = wire.receive(machine.timer_s if rings else left)
#     ...
# ```


# %% role="test" id="kernel-test-active" points=3
@check.test
def _():
    # You open, the kernel listens; both sides must say ESTABLISHED.
    def open_to_peer(run_handshake):
        with Network.best() as net:
            port = net.peer.listen()
            machine = ActiveOpener(40000, port, iss=100)
            state = run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=5.0)
            net.wire().receive(timeout_s=0.05)
            rows = [row.state for row in net.peer.sockets() if row.remote_port == 40000]
        return {"you": state, "peer": rows}

    check.probe(
        run_handshake,
        open_to_peer,
        expected={"you": "ESTABLISHED", "peer": ["ESTABLISHED"]},
        rule="Both ends say ESTABLISHED only if your ACK went out.",
        rfc="RFC 9293 section 3.5, figure 6",
    )


# %% role="test" id="kernel-test-passive" points=3
@check.test
def _():
    # The kernel opens, you listen.
    def opened_by_peer(run_handshake):
        with Network.best() as net:
            connection = net.peer.connect(80)
            machine = PassiveOpener(80, iss=4_000_000_000)
            state = run_handshake(machine, net.wire(), net.clock, deadline_s=5.0)
            net.wire().receive(timeout_s=0.05)
            theirs = connection.state
        return {"you": state, "peer": theirs}

    check.probe(
        run_handshake,
        opened_by_peer,
        expected={"you": "ESTABLISHED", "peer": "ESTABLISHED"},
        rule="The peer's connect() succeeds when your SYN-ACK reaches it.",
        rfc="RFC 9293 section 3.5, figure 6",
    )


# %% role="test" id="kernel-test-loss" points=2
@check.test
def _():
    # Segments get lost: the timer has to ring.
    def after_loss(run_handshake):
        """State and seconds taken when the first two SYNs are lost (virtual clock)."""
        with EmbeddedNetwork(seed=11) as net:
            port = net.peer.listen()
            net.faults(drop=first(lambda record: record.sent, 2))
            machine = ActiveOpener(40000, port, iss=100)
            state = run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=30.0)
            return {"you": state, "seconds": round(net.clock.now())}

    check.probe(
        run_handshake,
        after_loss,
        expected={"you": "ESTABLISHED", "seconds": 3},
        rule="Two SYNs lost: the timer rings after 1 s and again after 2 s, and each time what "
        "timeout() returns is sent.",
        rfc="RFC 6298 section 5.5",
    )

    ### BEGIN HIDDEN TESTS
    def silent_peer(run_handshake):
        """A peer that never answers: state, seconds taken and SYNs sent until the deadline."""
        with EmbeddedNetwork(seed=12) as net:
            port, gone = net.peer.listen(), []
            net.faults(drop=lambda record: not gone.append(record))
            machine = ActiveOpener(40000, port, iss=100)
            state = run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=10.0)
            return {"you": state, "seconds": round(net.clock.now()), "SYNs": len(gone)}

    check.probe(
        run_handshake,
        silent_peer,
        expected={"you": "SYN-SENT", "seconds": 10, "SYNs": 4},
        rule="SYNs at 0, 1, 3 and 7 s, the next would be at 15 s; the deadline is 10 s.",
        rfc="RFC 6298 section 5.5",
    )

    def refused(run_handshake):
        """Nothing listens there: state and seconds taken."""
        with EmbeddedNetwork(seed=13) as net:
            machine = ActiveOpener(40000, 9, iss=100)
            state = run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=10.0)
            return {"you": state, "at once": net.clock.now() < 0.5}

    check.probe(
        run_handshake,
        refused,
        expected={"you": "CLOSED", "at once": True},
        rule="A RST ends the attempt at once.",
        rfc="RFC 9293 section 3.10.7.3",
    )

    def rehearsal(run_handshake):
        """A made-up machine on a made-up wire: what is sent when, and how it ends."""
        SEG = [Segment(source_port=1, destination_port=2, seq=n) for n in range(9)]

        class Tape:
            def __init__(self, *arrivals):
                self.time_s, self.arrivals, self.log = (
                    1000.0,
                    [(1000.0 + t, s) for t, s in arrivals],
                    [],
                )

            def now(self):
                return self.time_s

            def send(self, segment):
                self.log.append((round(self.time_s - 1000, 1), segment.seq))

            def receive(self, timeout_s):
                if self.arrivals and self.arrivals[0][0] <= self.time_s + timeout_s:
                    due, segment = self.arrivals.pop(0)
                    self.time_s = max(self.time_s, due)
                    return segment
                self.time_s += max(timeout_s, 1e-4)
                return None

        class Machine:
            def __init__(self, state, timer_s, thinks_s=0.0, **on):
                self.state, self.timer_s, self.on, self.rang = state, timer_s, on, 0
                self.thinks_s, self.clock = thinks_s, None

            def receive(self, segment):
                self.clock.time_s += self.thinks_s
                self.state, self.timer_s, replies = self.on.get(
                    f"got{segment.seq}", (self.state, self.timer_s, [])
                )
                return list(replies)

            def open(self):
                return [SEG[7]]

            def timeout(self):
                self.rang += 1
                self.timer_s *= 2
                return [SEG[8]]

        def play(machine, tape, *first, **how):
            machine.clock = tape
            state = run_handshake(machine, tape, tape, *first, **how)
            return state, round(tape.time_s - 1000, 1), machine.rang, tape.log

        return {
            "all in order": play(
                Machine(
                    "SYN-SENT",
                    9.0,
                    got1=("SYN-SENT", 9.0, [SEG[2], SEG[3]]),
                    got4=("CLOSED", None, [SEG[5], SEG[6]]),
                ),
                Tape((0.5, SEG[1]), (1.0, SEG[4])),
                (SEG[0], SEG[7]),
            ),
            "no timer, no segment": play(Machine("LISTEN", None), Tape(), deadline_s=2.5),
            "default deadline": play(Machine("LISTEN", None), Tape()),
            "late but in time": play(
                Machine("SYN-SENT", 30.0, got1=("ESTABLISHED", None, [SEG[2]])),
                Tape((1.8, SEG[4]), (2.3, SEG[1])),
                deadline_s=2.5,
            ),
            "timer, then deadline": play(
                Machine("SYN-RECEIVED", 1.0), Tape(), (SEG[0],), deadline_s=2.5
            ),
            "chatter": play(
                Machine("LISTEN", None),
                Tape(*[(0.4 * n, SEG[1]) for n in range(99)]),
                deadline_s=2.5,
            )[1]
            <= 2.5,
            "slow machine": play(
                Machine("LISTEN", None, thinks_s=1.0), Tape((2.0, SEG[1])), deadline_s=2.5
            ),
            "open already": play(Machine("ESTABLISHED", None), Tape((0.5, SEG[1])), (SEG[0],)),
        }

    check.probe(
        run_handshake,
        rehearsal,
        rule="Each entry: state, seconds, how often timeout() was called, what was sent when.",
        expected={
            "all in order": (
                "CLOSED",
                1.0,
                0,
                [(0.0, 0), (0.0, 7), (0.5, 2), (0.5, 3), (1.0, 5), (1.0, 6)],
            ),
            "no timer, no segment": ("LISTEN", 2.5, 0, []),
            "default deadline": ("LISTEN", 10.0, 0, []),
            "late but in time": ("ESTABLISHED", 2.3, 0, [(2.3, 2)]),
            "timer, then deadline": ("SYN-RECEIVED", 2.5, 1, [(0.0, 0), (1.0, 8)]),
            "chatter": True,
            "slow machine": ("LISTEN", 3.0, 0, []),
            "open already": ("ESTABLISHED", 0.0, 0, [(0.0, 0)]),
        },
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="kernel-show"
# And now for your own eyes: the conversation, and what the peer's own tool says about it.

# %%
with Network.best() as net:
    port = net.peer.listen()
    machine = ActiveOpener(40000, port, iss=100)
    try:
        run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=3.0)
    except NotImplementedError:
        print("Exercises 5 and 11 come first; then run this cell again.")
    net.wire().receive(timeout_s=0.05)
    for row in net.peer.sockets():
        print(
            f"{row.state:12} {row.local_address}:{row.local_port}  {row.remote_address}:{row.remote_port}"
        )
Ladder.of(net.trace, left="you", right=net.kind)

# %% [markdown] role="given" id="kernel-both"
# One more, which few people have ever seen: both sides call at the same moment, and the kernel
# must cope. Which state does its socket pass through?

# %%
with Network.best() as net:
    connection = net.peer.connect(40000, local_port=50000)
    machine = SimultaneousOpener(40000, 50000, iss=100)
    try:
        print(
            "you :", run_handshake(machine, net.wire(), net.clock, machine.open(), deadline_s=3.0)
        )
    except NotImplementedError:
        print("Exercises 5, 6 and 11 come first; then run this cell again.")
    net.wire().receive(timeout_s=0.05)
    print("peer:", connection.state)
Ladder.of(net.trace, left="you", right=net.kind)

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - Each side states where it begins to count, and each statement is acknowledged. Two of the four
#   share a segment, hence **three**.
# - The third segment is there because **nothing in a SYN says how old it is**: only the sender
#   can say "no", and RST is how.
# - SYN and FIN take a sequence number, a bare ACK takes none; all of it modulo 2^32.
# - A first sequence number grows with a clock and is unguessable from outside: **M +
#   F(both addresses and ports, secret)**.
# - Half-open connections cost memory; a **SYN cookie** puts the note into the number itself.
#
# You meet it in practice when a program's `connect()` hangs (filtered, or the queue is full) or
# is refused at once (RST), when `ss -tan` shows many SYN-RECV (its short name for SYN-RECEIVED),
# and when a firewall lets SYN through one way but not the answer.
#
# Next come `13_teardown`, where closing turns out to be harder than opening, and `11_arp`, for how
# the frame found the right card.

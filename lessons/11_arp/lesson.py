# ---
# wirelab:
#   title: ARP, and NDP after it
#   minutes: 180
#   builds_on: []
# ---

# %% [markdown] role="given" id="opening"
# # ARP, and NDP after it
#
# Run the next two cells. Your notebook becomes a host on a tiny network of its own: you at one
# end of a cable, another computer at the other. That computer wants to **ping** you: it has a packet
# for your IP address, 10.9.0.2, and the cable is plugged in. You only listen.

# %% role="given" id="setup"
import random
import struct
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

from wirelab.grading.checks import Checks
from wirelab.lab import Network
from wirelab.protocols.arp import BROADCAST, NOBODY, REPLY, REQUEST, Arp, EthernetFrame
from wirelab.views import FrameInspector, Lan, LanHost, LanStep

check = Checks("11_arp")

# %%
with Network.best(resolved=False) as net:
    ping = net.peer.ping(net.address)
    while frame := net.link.receive(timeout_s=1.5):
        print(f"{net.clock.now():4.1f} s   {len(frame)} octets, addressed to {frame[:6].hex(':')}")
    print("reply:", ping.answered_s, "  the peer's note about you:", net.peer.neighbours()[0].state)
    question = net.trace[0].frame
print(net.why)

# %% [markdown] role="given" id="promise"
# The ping never came. What came, three times, a second apart, was something else: 42 octets,
# addressed to `ff:ff:ff:ff:ff:ff`. Then the other computer wrote FAILED beside your address and
# threw the packet away.
#
# It knew your IP address. It had a cable that ends at you and at nobody else. Why could it not
# simply send? What did it ask for, and who was supposed to answer?
#
# In three to four hours (stop anywhere) you will be able to
#
# 1. read and write the octets of an Ethernet frame and of the question it carries;
# 2. say what a host learns from a frame, what it must not learn, and for how long;
# 3. tell an honest change of address from a forged one, and say what cannot be told;
# 4. do the same for IPv6, where the question is asked differently;
# 5. *be* a host: the kernel of this computer pings your function, and your function answers.
#
# You need to know what an IP address is, and some Python: `bytes`, dictionaries, classes.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. They try part of what the brief says. When your notebook is marked,
# more cases are tried: press the button at the end as often as you like.

# %% [markdown] role="given" id="frame-text"
# ## 1. The envelope
#
# On a cable or a radio there are no IP addresses. There are **cards**, and each card has an
# address of its own, the **MAC address**: six octets (an octet is a byte of exactly eight bits). A
# card takes what is addressed to it, and what is addressed to everybody, and lets the rest pass by.
# The envelope with those addresses on it is an **Ethernet frame**, and everything that a local
# network carries travels in one.
#
# Here is the first of the three that you heard. Point at a field, or move through it with the arrow
# keys, and the octets that hold it light up.

# %%
FrameInspector(question)

# %% [markdown] role="given" id="frame-static"
# ![The 42 octets of an ARP request and the fields they hold](figures/request.svg)
#
# The envelope is the first fourteen octets: destination, source, and two octets that say what is
# inside, the **EtherType**. Three of its values you will meet: `0x0800` is IPv4, `0x86dd` is IPv6,
# and `0x0806` is the question.

# %% [markdown] role="given" id="ethernet-brief"
# ### Exercise 1: open the envelope
#
# Write `parse_ethernet(octets: bytes) -> EthernetFrame`.
#
# | octets | field | |
# |---|---|---|
# | 0-5 | `destination` | text: `octets[0:6].hex(":")`, as in `"02:00:00:00:00:01"` |
# | 6-11 | `source` | the same |
# | 12-13 | EtherType | high octet first |
# | 14- | `payload` | everything that follows, padding included |
#
# One value of the EtherType has a meaning of its own: `0x8100` says that a **tag** of IEEE 802.1Q
# comes first, by which one cable serves several networks (**VLANs**). Then
#
# | octets | field | |
# |---|---|---|
# | 14-15 | tag | the high 3 bits are `priority`, the low 12 bits are `vlan`; the bit between them is ignored |
# | 16-17 | EtherType | that of the payload |
# | 18- | `payload` | everything that follows |
#
# Without a tag `vlan` and `priority` are `None`. At most one tag is taken off: if the second
# EtherType is `0x8100` again, it is the frame's `ethertype`, and the rest is payload.
#
# Raise `ValueError` if the frame ends before its EtherType does, and if the EtherType (with a
# tag, the second one) is below `0x0600`: such a number is a length, in an older format of
# frame (IEEE 802.3).
#
# Example: a frame `ffffffffffff 020000000001 0806 0001` gives
# `EthernetFrame(destination="ff:ff:ff:ff:ff:ff", source="02:00:00:00:00:01", ethertype=0x0806,
# payload=b"\x00\x01")`.


# %% role="answer" id="ethernet-answer"
def parse_ethernet(octets: bytes) -> EthernetFrame:
    """Return the frame; raise ValueError if it is none."""
    ### BEGIN SOLUTION
    at, vlan, priority = 12, None, None
    if octets[12:14] == b"\x81\x00" and len(octets) >= 16:
        tag = int.from_bytes(octets[14:16], "big")
        at, vlan, priority = 16, tag & 0x0FFF, tag >> 13
    if len(octets) < at + 2:
        raise ValueError("the frame ends before its EtherType does")
    ethertype = int.from_bytes(octets[at : at + 2], "big")
    if ethertype < 0x0600 or (at == 12 and ethertype == 0x8100):
        raise ValueError(f"0x{ethertype:04x} is no EtherType of an Ethernet II frame")
    return EthernetFrame(
        destination=octets[0:6].hex(":"),
        source=octets[6:12].hex(":"),
        ethertype=ethertype,
        payload=octets[at + 2 :],
        vlan=vlan,
        priority=priority,
    )
    ### END SOLUTION


# %% [markdown] role="hint" id="ethernet-hint-1"
# Nudge
# Write the frame without a tag first. What does a tag move, and by how many octets?

# %% [markdown] role="hint" id="ethernet-hint-2"
# Way
# Keep the place of the EtherType in a variable: 12, or 16 if octets 12-13 are `0x8100`. Check the
# length against that place. `int.from_bytes(two_octets, "big")` makes a number of two octets.

# %% [markdown] role="hint" id="ethernet-hint-3"
# Almost
# For the tag: `tag = int.from_bytes(octets[14:16], "big")`, then `priority = tag >> 13` and
# `vlan = tag & 0x0FFF`. After the length check, refuse `ethertype < 0x0600`.


# %% role="test" id="ethernet-test-plain" points=1
@check.test
def _():
    # A frame without a tag.
    plain_rule = dict(
        view="fields",
        rule="Destination, source, EtherType, and all that follows is payload.",
        rfc="IEEE 802.3",
    )
    octets = bytes.fromhex("ffffffffffff 020000000001 0806 0001")
    frame = EthernetFrame(
        destination=BROADCAST, source="02:00:00:00:00:01", ethertype=0x0806, payload=b"\x00\x01"
    )
    check(parse_ethernet, octets, expected=frame, **plain_rule)
    ### BEGIN HIDDEN TESTS
    from scapy.layers.l2 import Ether

    def oracle(octets):
        read = Ether(octets)
        return EthernetFrame(
            destination=read.dst, source=read.src, ethertype=read.type, payload=octets[14:]
        )

    dice = random.Random(1)
    types = [0x0800, 0x0806, 0x86DD, 0x0600, 0xFFFF, 0x88A8, 0x8101, 0x80FF, 0x0081]
    cases = []
    for kind in types[:-1] * 4:
        size = dice.choice([0, 0, 1, 4, 46, 1500, 1600])
        cases.append((dice.randbytes(12) + kind.to_bytes(2, "big") + dice.randbytes(size),))
    cases.append((bytes(12) + b"\x08\x00" + bytes(46),))
    check.each(parse_ethernet, cases, expected=oracle, **plain_rule)
    ### END HIDDEN TESTS


# %% role="test" id="ethernet-test-tag" points=1
@check.test
def _():
    # A frame with an 802.1Q tag.
    tag_rule = dict(
        view="fields",
        rule="0x8100: the tag's two octets come first, 3 bits priority, 1 bit, 12 bits VLAN; then "
        "the EtherType of the payload.",
        rfc="IEEE 802.1Q",
    )
    octets = bytes.fromhex("020000000002 020000000001 8100 6005 0800 4500")
    frame = EthernetFrame(
        destination="02:00:00:00:00:02",
        source="02:00:00:00:00:01",
        ethertype=0x0800,
        payload=b"\x45\x00",
        vlan=5,
        priority=3,
    )
    check(parse_ethernet, octets, expected=frame, **tag_rule)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(2)
    cases, results = [], []
    for priority, drop, vlan in [
        (0, 0, 0), (7, 1, 4095), (0, 1, 1), (5, 0, 256), (1, 1, 4080), (4, 0, 2048), (2, 1, 15),
    ] * 3:  # fmt: skip
        to, source = dice.randbytes(6), dice.randbytes(6)
        kind, payload = dice.choice([0x0806, 0x0600, 0x8100]), dice.randbytes(dice.choice([0, 4]))
        tag = priority << 13 | drop << 12 | vlan
        cases.append((to + source + struct.pack("!HHH", 0x8100, tag, kind) + payload,))
        results.append(
            EthernetFrame(
                destination=to.hex(":"),
                source=source.hex(":"),
                ethertype=kind,
                payload=payload,
                vlan=vlan,
                priority=priority,
            )
        )
    check.each(parse_ethernet, cases, expected=results, **tag_rule)
    ### END HIDDEN TESTS


# %% role="test" id="ethernet-test-refused" points=1
@check.test
def _():
    # What is no Ethernet II frame.
    refusal = dict(
        rule="A frame needs its EtherType, and an EtherType is 0x0600 or more.", rfc="IEEE 802.3"
    )
    check.refuses_each(parse_ethernet, [b"", bytes(13), bytes(12) + b"\x00\x2e"], **refusal)
    ### BEGIN HIDDEN TESTS
    addresses = bytes.fromhex("020000000002 020000000001")
    for stump in ("8100", "810000", "81006005", "8100600508"):
        check.refuses(parse_ethernet, addresses + bytes.fromhex(stump), **refusal)
    lengths = [addresses + number.to_bytes(2, "big") + bytes(46) for number in (0, 1500, 0x05FF)]
    inside = [addresses + b"\x81\x00\x60\x05" + octets[12:] for octets in lengths]
    cut = [(addresses + b"\x08\x06")[:n] for n in range(14)]
    check.refuses_each(parse_ethernet, lengths, **refusal)
    check.refuses_each(parse_ethernet, inside, **refusal)
    check.refuses_each(parse_ethernet, cut, **refusal)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="whohas-text"
# ## 2. Who has 10.9.0.2?
#
# Now the inside of that frame. To write an envelope the other computer needs your MAC address, and
# all it has is your IP address. Nothing leads from one to the other: a card gets its MAC address
# in the factory (a phone may make one up), an IP address is given to it later. So there is only one way. **Ask everybody**,
# and let the one concerned answer: *who has 10.9.0.2? Tell 10.9.0.1.* That is the **Address
# Resolution Protocol**, ARP, since 1982 (RFC 826).
#
# Step through it with the buttons or the arrow keys. Watch who takes the frame, who drops it, and
# what each host has noted down afterwards.

# %% role="given" id="whohas-given-picture" jupyter={"source_hidden": true}
lan_hosts = [
    LanHost("peer", "10.9.0.1", "02:00:00:00:00:01"),
    LanHost("you", "10.9.0.2", "02:00:00:00:00:02"),
    LanHost("printer", "10.9.0.3", "02:00:00:00:00:03"),
]
lan_steps = [
    LanStep(
        sender="peer",
        label="who-has 10.9.0.2 tell 10.9.0.1",
        note="A request, to everybody: the peer has a packet for 10.9.0.2 and no MAC address. It "
        "holds the packet back and writes its own two addresses into the question.",
        learns={"you": {"10.9.0.1": "02:00:00:00:00:01"}, "peer": {"10.9.0.2": "INCOMPLETE"}},
        takes=("you",),
    ),
    LanStep(
        sender="you",
        to=("peer",),
        label="10.9.0.2 is-at 02:00:00:00:00:02",
        note="The reply, to the asker alone: you know its MAC address from the question.",
        learns={"peer": {"10.9.0.2": "02:00:00:00:00:02"}},
    ),
    LanStep(
        sender="peer",
        to=("you",),
        label="echo request",
        note="Now the envelope can be addressed, and the packet goes out.",
    ),
    LanStep(
        sender="you",
        to=("peer",),
        label="echo reply",
        note="You answer without asking: you learnt the peer's address from its question. The "
        "printer heard the question too, and noted nothing: it was not meant.",
    ),
]
Lan(lan_hosts, lan_steps, step=1)

# %% [markdown] role="given" id="whohas-static"
# <details><summary>The same as a picture</summary>
#
# ![Who-has goes to everybody, is-at to the asker, then the ping](figures/lan.svg)
#
# </details>
#
# And now a packet for somebody who is *not* on this cable. In the next cell the peer has a
# **gateway**, 10.9.0.254, the neighbour that passes packets on to the rest of the world. It pings
# an address far away. Whose MAC address will it ask for?

# %%
with Network.best() as net:
    net.peer.add_route(via="10.9.0.254")
    net.peer.ping("192.0.2.7")
    frame = net.link.receive(timeout_s=1.0)
print("the peer wants to reach 192.0.2.7, and asks for", IPv4Address(frame[38:42]))

# %% [markdown] role="given" id="whohas-claim"
# > **Is it so?** "ARP finds the target's MAC address by the target's IP address." *Half true.* It
# > finds the MAC address of the **next hop**. For a neighbour that is the target. For everything
# > else it is the gateway, and no MAC address of a computer farther away is ever seen here: an
# > envelope is good for one link (RFC 826, "Packet Generation").
#
# Which of the two applies a host sees from its own address and the **prefix length**: 10.9.0.2/24
# says that whoever shares its first 24 bits is on this link.

# %% [markdown] role="given" id="whohas-brief"
# ### Exercise 2: ask
#
# **`next_hop(destination: str, interface: str, gateway: str | None) -> str | None`**
#
# Whom to ask for. `interface` is one's own address and prefix length, as in `"10.9.0.2/24"`. If
# `destination` (an IPv4 address of one host) shares its first so many bits, return `destination`;
# else return `gateway`. (`None` if there is none.)
#
# `next_hop("10.9.0.77", "10.9.0.2/24", "10.9.0.254")` is `"10.9.0.77"`; for `"10.9.1.77"` it is
# `"10.9.0.254"`. Prefix lengths from 0 to 32 occur.
#
# **`build_request(sender_mac: str, sender_ip: str, target_ip: str) -> bytes`**
#
# The whole frame, 42 octets: to everybody, from `sender_mac`, EtherType `0x0806`, and then, high
# octet first everywhere (RFC 826, "Packet format"):
#
# | octets | field | here |
# |---|---|---|
# | 2 | hardware type | 1, Ethernet |
# | 2 | protocol type | `0x0800`, IPv4 |
# | 1 | length of a hardware address | 6 |
# | 1 | length of a protocol address | 4 |
# | 2 | opcode | 1, request |
# | 6 | sender MAC | `sender_mac` |
# | 4 | sender IP | `sender_ip` |
# | 6 | target MAC | what is asked for; it has no meaning in a request, write zeros, as Linux does |
# | 4 | target IP | `target_ip` |
#
# `bytes.fromhex("02:00:00:00:00:01".replace(":", ""))` gives the six octets of a MAC address,
# `IPv4Address("10.9.0.1").packed` the four of an IP address.
#
# Example: `build_request("02:00:00:00:00:01", "10.9.0.1", "10.9.0.2")` is the very frame that you
# heard in the first cell.


# %% role="answer" id="whohas-answer"
def next_hop(destination: str, interface: str, gateway: str | None) -> str | None:
    """Return the address whose MAC address has to be found: the destination or the gateway."""
    ### BEGIN SOLUTION
    on_link = IPv4Address(destination) in IPv4Interface(interface).network
    return destination if on_link else gateway
    ### END SOLUTION


def build_request(sender_mac: str, sender_ip: str, target_ip: str) -> bytes:
    """Return the frame that asks everybody for the MAC address of `target_ip`."""
    ### BEGIN SOLUTION
    mac = bytes.fromhex(sender_mac.replace(":", ""))
    return (
        b"\xff" * 6
        + mac
        + b"\x08\x06"
        + struct.pack("!HHBBH", 1, 0x0800, 6, 4, REQUEST)
        + mac
        + IPv4Address(sender_ip).packed
        + bytes(6)
        + IPv4Address(target_ip).packed
    )
    ### END SOLUTION


# %% [markdown] role="hint" id="whohas-hint-1"
# Nudge
# Write the nine fields of the table under the octets of the picture in section 1. Each line of your
# function can be one field.

# %% [markdown] role="hint" id="whohas-hint-2"
# Way
# `struct.pack("!HHBBH", ...)` writes the first five fields at once: `H` is two octets, `B` one,
# `!` puts the high octet first. For the other function, `IPv4Interface("10.9.0.2/24").network` can be
# asked with `in`.

# %% [markdown] role="hint" id="whohas-hint-3"
# Almost
# `b"\xff" * 6 + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ...`, then the
# sender's IP, `bytes(6)`, the target's IP. And `destination if IPv4Address(destination) in
# IPv4Interface(interface).network else gateway`.


# %% role="test" id="whohas-test-hop" points=1
@check.test
def _():
    # The destination itself, or the gateway.
    hop_rule = dict(
        rule="The first bits of both addresses, as many as the prefix length says, decide.",
        rfc='RFC 826, "Packet Generation"',
    )
    cases = [
        ("10.9.0.77", "10.9.0.2/24", "10.9.0.254"),
        ("10.9.1.77", "10.9.0.2/24", "10.9.0.254"),
        ("10.9.1.77", "10.9.0.2/16", "10.9.0.254"),
        ("192.0.2.7", "10.9.0.2/24", None),
    ]
    answers = ["10.9.0.77", "10.9.0.254", "10.9.1.77", None]
    check.each(next_hop, cases, expected=answers, **hop_rule)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(3)
    cases, answers = [], []
    for length in [*range(33)] * 3:
        own = dice.getrandbits(32)
        for flipped in (length - 1, length):
            # the last bit that must be the same, and the first that may differ
            if not 0 <= flipped < 32:
                continue
            far = own ^ 1 << 31 - flipped
            gateway = dice.choice([None, "198.51.100.1"])
            text = str(IPv4Address(far))
            cases.append((text, f"{IPv4Address(own)}/{length}", gateway))
            answers.append(text if flipped >= length else gateway)
    for near, interface in (("10.9.0.3", "10.9.0.2/31"), ("10.9.0.2", "10.9.0.2/32")):
        cases.append((near, interface, "198.51.100.1"))
        answers.append(near)
    check.each(next_hop, cases, expected=answers, **hop_rule)
    ### END HIDDEN TESTS


# %% role="test" id="whohas-test-octets" points=2
@check.test
def _():
    # The request, octet for octet as scapy writes it.
    request_rule = dict(
        view="frame",
        rule="To everybody; nine fields in the order of the table; zeros for what is asked.",
        rfc='RFC 826, "Packet format"',
    )
    octets = bytes.fromhex(
        "ffffffffffff 020000000001 0806"
        "0001 0800 06 04 0001 020000000001 0a090001 000000000000 0a090002"
    )
    check(
        build_request,
        "02:00:00:00:00:01",
        "10.9.0.1",
        "10.9.0.2",
        expected=octets,
        **request_rule,
    )
    ### BEGIN HIDDEN TESTS
    from scapy.layers.l2 import ARP, Ether

    dice = random.Random(4)
    cases = [
        (dice.randbytes(6).hex(":"), *(str(IPv4Address(dice.getrandbits(32))) for _ in range(2)))
        for _ in range(40)
    ]
    cases.append(("02:00:00:00:00:02", "0.0.0.0", "10.9.0.2"))
    check.each(
        build_request,
        cases,
        expected=lambda mac, mine, wanted: bytes(
            Ether(src=mac, dst=BROADCAST)
            / ARP(op=1, hwsrc=mac, psrc=mine, hwdst=NOBODY, pdst=wanted)
        ),
        **request_rule,
    )

    def ask_the_peer(build_request):
        """Does the computer at the other end answer your question?"""
        with Network.best() as net:
            net.link.send(build_request(net.mac, net.address, net.peer.address))
            frame = net.link.receive(timeout_s=1.0)
            return {"peer answers": frame is not None and frame[20:22] == b"\x00\x02"}

    check.probe(
        build_request,
        ask_the_peer,
        expected={"peer answers": True},
        rule="A host answers a request for its own address.",
        rfc='RFC 826, "Packet Reception"',
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="parse-text"
# ## 3. What others say
#
# Anybody on the link can send you 42 octets and call them ARP. In the next cell the peer is asked
# five questions, four of them spoilt in one field each. It does not complain. It is silent.

# %%
good = bytes.fromhex(
    "ffffffffffff 020000000002 0806 0001 0800 06 04 0001 020000000002 0a090002 000000000000 0a090001"
)
spoilt = {
    "as it should be": good,
    "hardware type 2": good[:15] + b"\x02" + good[16:],
    "MAC address of 8": good[:18] + b"\x08" + good[19:],
    "opcode 3": good[:21] + b"\x03" + good[22:],
    "last octet lost": good[:-1],
}
with Network.best() as net:
    for name, frame in spoilt.items():
        net.link.send(frame)
        print(f"{name:17}", "answered" if net.link.receive(timeout_s=0.15) else "silence")

# %% [markdown] role="given" id="parse-brief"
# ### Exercise 3: read ARP, or refuse
#
# Write `parse_arp(frame: bytes) -> Arp`. It takes a whole Ethernet frame, with or without a tag
# (use your `parse_ethernet`), and returns `Arp(opcode=..., sender_mac=..., sender_ip=...,
# target_mac=..., target_ip=...)`: `opcode` a number, addresses as text, MAC addresses as in exercise 1.
#
# Raise `ValueError`, and never give a wrong answer, if
#
# - it is no Ethernet frame (exercise 1) or its EtherType is not `0x0806`;
# - fewer than 28 octets follow the EtherType;
# - hardware type, protocol type or one of the two lengths is not the one of exercise 2;
# - the opcode is neither 1 nor 2.
#
# More than 28 octets are no fault: cards fill short frames up to 60 octets, with whatever they
# like. The addresses themselves are not judged here.
#
# Example: the frame in the picture of section 1 gives `Arp(opcode=1,
# sender_mac="02:00:00:00:00:01", sender_ip="10.9.0.1", target_mac="00:00:00:00:00:00",
# target_ip="10.9.0.2")`.


# %% role="answer" id="parse-answer"
def parse_arp(frame: bytes) -> Arp:
    """Return the ARP packet in a frame; raise ValueError if there is none."""
    ### BEGIN SOLUTION
    ethernet = parse_ethernet(frame)
    packet = ethernet.payload
    if ethernet.ethertype != 0x0806 or len(packet) < 28:
        raise ValueError("no whole ARP packet")
    *kinds, opcode = struct.unpack("!HHBBH", packet[:8])
    if kinds != [1, 0x0800, 6, 4] or opcode not in (REQUEST, REPLY):
        raise ValueError("not a question or answer about IPv4 on Ethernet")
    return Arp(
        opcode=opcode,
        sender_mac=packet[8:14].hex(":"),
        sender_ip=str(IPv4Address(packet[14:18])),
        target_mac=packet[18:24].hex(":"),
        target_ip=str(IPv4Address(packet[24:28])),
    )
    ### END SOLUTION


# %% [markdown] role="hint" id="parse-hint-1"
# Nudge
# A function that only reads slices never fails: `b"ab"[5:9]` is `b""`. What has to come before the
# first slice?

# %% [markdown] role="hint" id="parse-hint-2"
# Way
# Four questions, each with a `raise ValueError`: EtherType, length, the four fixed fields, opcode.
# `struct.unpack("!HHBBH", packet[:8])` gives the first five fields at once.

# %% [markdown] role="hint" id="parse-hint-3"
# Almost
# After the checks: sender MAC `packet[8:14].hex(":")`, sender IP `str(IPv4Address(packet[14:18]))`,
# target MAC from 18 to 24, target IP from 24 to 28. And `struct.unpack(...)[:4] != (1, 0x0800, 6, 4)`
# is refused.


# %% role="test" id="parse-test-fields" points=1
@check.test
def _():
    # Requests and replies, as scapy writes them.
    parse_rule = dict(
        view="fields",
        rule="Sender before target, in each the MAC address before the IP address.",
        rfc='RFC 826, "Packet format"',
    )
    frame = bytes.fromhex(
        "ffffffffffff 020000000001 0806"
        "0001 0800 06 04 0001 020000000001 0a090001 000000000000 0a090002"
    )
    packet = Arp(
        opcode=1, sender_mac="02:00:00:00:00:01", sender_ip="10.9.0.1", target_ip="10.9.0.2"
    )
    check(parse_arp, frame, expected=packet, **parse_rule)
    ### BEGIN HIDDEN TESTS
    from scapy.layers.l2 import ARP, Ether

    dice = random.Random(5)
    cases, packets = [], []
    for number in range(60):
        packet = Arp(
            opcode=1 + number % 2,
            sender_mac=dice.randbytes(6).hex(":"),
            sender_ip=str(IPv4Address(dice.getrandbits(32))),
            target_mac=dice.randbytes(6).hex(":"),
            target_ip=str(IPv4Address(dice.getrandbits(32))),
        )
        arp = ARP(
            op=packet.opcode,
            hwsrc=packet.sender_mac,
            psrc=packet.sender_ip,
            hwdst=packet.target_mac,
            pdst=packet.target_ip,
        )
        cases.append((bytes(Ether(src=dice.randbytes(6).hex(":"), dst=BROADCAST) / arp),))
        packets.append(packet)
    check.each(parse_arp, cases, expected=packets, **parse_rule)

    padded = [(octets + dice.randbytes(dice.choice([1, 18, 100])),) for (octets,) in cases[:20]]
    check.each(
        parse_arp,
        padded,
        expected=packets[:20],
        view="fields",
        rule="What follows the 28 octets is padding, and may be anything.",
        rfc="IEEE 802.3",
    )
    tagged = [(o[:12] + b"\x81\x00\xe0\x07" + o[12:] + bytes(14),) for (o,) in cases[:20]]
    check.each(
        parse_arp,
        tagged,
        expected=packets[:20],
        view="fields",
        rule="A frame with a tag is read like one without.",
        rfc="IEEE 802.1Q",
    )
    strange = [
        Arp(opcode=opcode, sender_mac=mac, sender_ip=sender, target_mac=mac, target_ip=target)
        for opcode, mac, sender, target in (
            (REQUEST, "02:00:00:00:00:09", "0.0.0.0", "10.9.0.2"),
            (REQUEST, NOBODY, "10.9.0.2", "10.9.0.2"),
            (REPLY, BROADCAST, "255.255.255.255", "0.0.0.0"),
            (REPLY, "01:00:5e:00:00:01", "224.0.0.1", "224.0.0.1"),
        )
    ]
    check.each(
        parse_arp,
        [
            (bytes(Ether(src="02:00:00:00:00:09", dst=BROADCAST) / ARP(
                op=p.opcode, hwsrc=p.sender_mac, psrc=p.sender_ip, hwdst=p.target_mac,
                pdst=p.target_ip,
            )),) for p in strange
        ],
        expected=strange,
        view="fields",
        rule="The addresses are read, not judged: a probe's sender IP is 0.0.0.0.",
        rfc="RFC 5227 section 1.1",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="parse-test-short" points=1
@check.test
def _():
    # A frame that ends too early.
    frame = bytes.fromhex(
        "ffffffffffff 020000000001 0806"
        "0001 0800 06 04 0001 020000000001 0a090001 000000000000 0a090002"
    )
    short_rule = dict(rule="28 octets must follow the EtherType.", rfc='RFC 826, "Packet format"')
    check.refuses_each(parse_arp, [frame[:41], frame[:14], b""], **short_rule)
    ### BEGIN HIDDEN TESTS
    check.refuses_each(parse_arp, [frame[:n] for n in range(42)], **short_rule)
    tagged = frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    check.refuses_each(parse_arp, [tagged[:n] for n in range(46)], **short_rule)
    ### END HIDDEN TESTS


# %% role="test" id="parse-test-foreign" points=2
@check.test
def _():
    # What is not about IPv4 on Ethernet.
    frame = bytes.fromhex(
        "ffffffffffff 020000000001 0806"
        "0001 0800 06 04 0001 020000000001 0a090001 000000000000 0a090002"
    )

    def spoil(at, number, size):
        return frame[:at] + number.to_bytes(size, "big") + frame[at + size :]

    def refused(rule, frames):
        check.refuses_each(parse_arp, frames, rule=rule, rfc='RFC 826, "Packet Reception"')

    refused("An opcode is 1 or 2.", [spoil(20, 3, 2)])
    refused("The EtherType of ARP is 0x0806.", [spoil(12, 0x0800, 2)])
    ### BEGIN HIDDEN TESTS
    numbers = (0, 0x0100, 0x0201, 0x0102, 8, 25, 0xFFFF)
    refused("An opcode is 1 or 2.", [spoil(20, n, 2) for n in numbers])
    refused("The EtherType of ARP is 0x0806.", [spoil(12, n, 2) for n in (0x0800, 0x8035, 0x86DD)])
    refused("Hardware type 1 is Ethernet.", [spoil(14, n, 2) for n in (0, 2, 6, 0x0100, 0x0101)])
    refused("Protocol type 0x0800 is IPv4.", [spoil(16, n, 2) for n in (0, 0x0008, 0x0806, 0x86DD)])
    refused("A MAC address has 6 octets.", [spoil(18, n, 1) for n in (0, 4, 5, 7, 8, 255)])
    refused("An IPv4 address has 4 octets.", [spoil(19, n, 1) for n in (0, 3, 5, 6, 16, 255)])
    refused("Both lengths count.", [spoil(18, 0x0406, 2)])
    tagged = [
        f[:12] + b"\x81\x00\x00\x05" + f[12:] for f in (spoil(12, 0x0800, 2), spoil(20, 3, 2))
    ]
    refused("With a tag as without.", tagged)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="reception-text"
# ## 4. What one learns by being asked
#
# A question tells two things: what the asker wants, and *who the asker is*. Its own MAC and IP address
# stand in it. Whoever is asked will want to answer a moment later, so it notes them down at once, and
# needs no question of its own. RFC 826 puts all of this into a few lines of pseudocode, "Packet
# Reception", which are worth knowing for their order:
#
# 1. *Is the sender in my table already? Then refresh its entry*, whoever the packet was for. (The RFC
#    keeps the answer to that in a "merge flag".)
# 2. *Is the packet for me?* If not, that was all.
# 3. *If the sender was not in the table, add it.*
# 4. *And only now look at the opcode*: if it is a request, swap the fields and send it back.
#
# Note what does not happen. A host that merely overhears a question does not add the asker: on a
# large network everybody's table would fill with strangers. And a *reply* is believed without having
# been asked for. Nobody thought of liars in 1982; section 7 will.
#
# In the next cell you ask the peer three times, once with a wrong target.

# %%
with Network.best(resolved=False) as net:
    for sender, target in (
        ("10.9.0.2", "10.9.0.77"),
        ("10.9.0.2", "10.9.0.1"),
        ("0.0.0.0", "10.9.0.1"),
    ):
        arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + b"\x02\0\0\0\0\x02"
        arp += IPv4Address(sender).packed + bytes(6) + IPv4Address(target).packed
        net.link.send(b"\xff" * 6 + b"\x02\0\0\0\0\x02" + b"\x08\x06" + arp)
        answer = net.link.receive(timeout_s=0.15)
        said = "answered" if answer else "silence"
        print(
            f"{sender} asks for {target:10} {said:9}",
            [row.address for row in net.peer.neighbours()],
        )

# %% [markdown] role="given" id="reception-probe"
# The last one is a **probe**: "does anybody have 10.9.0.1? I am not saying who I am." Hosts ask so
# before they take an address into use. It is answered, but there is nobody to be noted down: the
# address 0.0.0.0 never enters a table (RFC 5227 section 1.1).

# %% [markdown] role="given" id="reception-brief"
# ### Exercise 4: the reception algorithm
#
# Write `receive_arp(frame: bytes, my_mac: str, my_ip: str, table: dict[str, str]) -> bytes | None`.
# `table` maps IP addresses to MAC addresses; change it in place. Return the frame to send, or
# `None`. In this order:
#
# 1. A frame that `parse_arp` refuses, one with a tag (yours is the network without), one whose
#    Ethernet destination is neither `my_mac` nor `ff:ff:ff:ff:ff:ff`: `None`, and the table stays
#    as it is. (No exception leaves the function.)
# 2. So it is with a packet whose sender IP is `my_ip`: somebody else uses your address, or you hear
#    yourself. That is the business of exercise 6.
# 3. If the sender IP is in the table, its entry becomes the sender MAC.
# 4. If the target IP is not `my_ip`: `None`.
# 5. If the sender IP was not in the table, it is added, unless it is `0.0.0.0`.
# 6. A request gets a reply, anything else `None`.
#
# The reply is a frame of 42 octets from `my_mac` to the sender MAC of the request (that of the ARP
# packet, not of the envelope), EtherType `0x0806`: opcode 2, the sender is you, the target the two
# addresses of the one who asked. A probe's reply goes to target IP `0.0.0.0`.
#
# Example: with an empty table, the request of section 1 makes host 10.9.0.2 answer *10.9.0.2 is-at
# 02:00:00:00:00:02*, and the table is then `{"10.9.0.1": "02:00:00:00:00:01"}`.


# %% role="answer" id="reception-answer"
def receive_arp(frame: bytes, my_mac: str, my_ip: str, table: dict[str, str]) -> bytes | None:
    """Note down what a frame tells, and return the reply that it asks for, or None."""
    ### BEGIN SOLUTION
    try:
        envelope, arp = parse_ethernet(frame), parse_arp(frame)
    except ValueError:
        return None
    if envelope.vlan is not None or envelope.destination not in (my_mac, BROADCAST):
        return None
    if arp.sender_ip == my_ip:
        return None
    known = arp.sender_ip in table
    if known:
        table[arp.sender_ip] = arp.sender_mac
    if arp.target_ip != my_ip:
        return None
    if not known and arp.sender_ip != "0.0.0.0":
        table[arp.sender_ip] = arp.sender_mac
    if arp.opcode != REQUEST:
        return None
    mine, theirs = (bytes.fromhex(mac.replace(":", "")) for mac in (my_mac, arp.sender_mac))
    return (
        theirs
        + mine
        + b"\x08\x06"
        + struct.pack("!HHBBH", 1, 0x0800, 6, 4, REPLY)
        + mine
        + IPv4Address(my_ip).packed
        + theirs
        + IPv4Address(arp.sender_ip).packed
    )
    ### END SOLUTION


# %% [markdown] role="hint" id="reception-hint-1"
# Nudge
# Which of the six steps can change the table? Which can end with something other than `None`?

# %% [markdown] role="hint" id="reception-hint-2"
# Way
# Remember in a variable whether the sender was known *before* you touch the table. A `try` around
# both parsers, with `except ValueError: return None`, is step 1. The reply has the layout of exercise
# 2 with other contents.

# %% [markdown] role="hint" id="reception-hint-3"
# Almost
# ```python
# known = arp.sender_ip in table
# if known:
#     table[arp.sender_ip] = arp.sender_mac
# if arp.target_ip != my_ip:
#     return None
# if not known and arp.sender_ip != "0.0.0.0":
#     <add it>
# if arp.opcode != REQUEST:
#     return None
# return <theirs> + <mine> + b"\x08\x06" + <five fields, opcode 2> + <mine, my IP, theirs, their IP>
# ```


# %% role="given" id="reception-given-shorthand"
# Shorthand for the tests below: frames between the hosts .1 (the peer), .2 (you), .3 and so on.
def host_mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def arp_frame(opcode, sender, target, *, to=None, mac=None, target_mac=None, source=None) -> bytes:
    """A frame with an ARP packet; hosts are given by number, 0 being the address 0.0.0.0."""

    def ip(number):
        return IPv4Address(f"10.9.0.{number}" if number else "0.0.0.0").packed

    def octets(text):
        return bytes.fromhex(text.replace(":", ""))

    mac = mac or host_mac(sender)
    asked = target_mac or (NOBODY if opcode == REQUEST else host_mac(target))
    to = to or (BROADCAST if opcode == REQUEST else host_mac(target))
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, opcode)
    packet = head + octets(mac) + ip(sender) + octets(asked) + ip(target)
    return octets(to) + octets(source or mac) + b"\x08\x06" + packet


def received_by_2(receive_arp, frames, table=()):
    """What host .2 answers to each frame, and its table afterwards."""
    table = {f"10.9.0.{number}": host_mac(number) for number in table}
    said = []
    for frame in frames:
        reply = receive_arp(frame, host_mac(2), "10.9.0.2", table)
        said.append(None if reply is None else reply.hex(" "))
    return {"answers": said, "table": table}


# %% role="test" id="reception-test-reply" points=2
@check.test
def _():
    # A request for you is answered, and the asker noted down.
    reply = arp_frame(REPLY, 2, 1)
    check(
        receive_arp,
        arp_frame(REQUEST, 1, 2),
        host_mac(2),
        "10.9.0.2",
        {},
        expected=reply,
        view="frame",
        rule="Swap the fields, fill in your MAC address, opcode 2, and send it to the asker alone.",
        rfc='RFC 826, "Packet Reception"',
    )

    def asked_once(receive_arp):
        return received_by_2(receive_arp, [arp_frame(REQUEST, 1, 2)])["table"]

    check.probe(
        receive_arp,
        asked_once,
        expected={"10.9.0.1": host_mac(1)},
        rule="The asker's own addresses stand in its question: add them.",
        rfc='RFC 826, "Packet Reception"',
    )
    ### BEGIN HIDDEN TESTS
    from scapy.layers.l2 import ARP, Ether

    dice = random.Random(6)
    cases, replies = [], []
    for _ in range(40):
        mine, theirs = dice.randbytes(6).hex(":"), dice.randbytes(6).hex(":")
        my_ip, their_ip = (str(IPv4Address(dice.getrandbits(32))) for _ in range(2))
        to = dice.choice([BROADCAST, mine])
        source = dice.choice([theirs, host_mac(99)])
        asked = dice.choice([NOBODY, BROADCAST, dice.randbytes(6).hex(":")])
        question = Ether(src=source, dst=to) / ARP(
            op=1, hwsrc=theirs, psrc=their_ip, hwdst=asked, pdst=my_ip
        )
        answer = Ether(src=mine, dst=theirs) / ARP(
            op=2, hwsrc=mine, psrc=my_ip, hwdst=theirs, pdst=their_ip
        )
        padding = dice.choice([b"", dice.randbytes(18)])
        table = dice.choice([{}, {their_ip: theirs}, {their_ip: host_mac(77)}])
        cases.append((bytes(question) + padding, mine, my_ip, table))
        replies.append(bytes(answer))
    check.each(
        receive_arp,
        cases,
        expected=replies,
        view="frame",
        rule="A request for your address is answered, whether the asker was known or not, to the "
        "sender MAC of the ARP packet; the target MAC of a request has no meaning.",
        rfc='RFC 826, "Packet Reception"',
    )

    def asked_by_a_probe(receive_arp):
        return received_by_2(receive_arp, [arp_frame(REQUEST, 0, 2, mac=host_mac(9))])

    check.probe(
        receive_arp,
        asked_by_a_probe,
        expected={"answers": [arp_frame(REPLY, 2, 0, to=host_mac(9), target_mac=host_mac(9)).hex(" ")],
                  "table": {}},
        rule="A probe is answered like any request, and 0.0.0.0 enters no table.",
        rfc="RFC 5227 section 1.1",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="reception-test-learn" points=2
@check.test
def _():
    # Refresh whom you know, add only who means you.
    def overheard(receive_arp):
        """.1 asks for .3, and .4 says that it has a new card; you know .4 only."""
        frames = [arp_frame(REQUEST, 1, 3), arp_frame(REQUEST, 4, 4, mac=host_mac(44))]
        return received_by_2(receive_arp, frames, table=[4])

    check.probe(
        receive_arp,
        overheard,
        expected={"answers": [None, None], "table": {"10.9.0.4": host_mac(44)}},
        rule="A known sender is refreshed by any packet; a stranger is added only if it means you.",
        rfc='RFC 826, "Packet Reception"',
    )
    ### BEGIN HIDDEN TESTS

    def unasked_reply(receive_arp):
        """Replies of strangers and of known senders with a new card; a stranger's question."""
        frames = [
            arp_frame(REPLY, 1, 2),
            arp_frame(REPLY, 3, 4, to=BROADCAST),
            arp_frame(REPLY, 5, 2, mac=host_mac(55)),
            arp_frame(REPLY, 6, 3, mac=host_mac(66), to=BROADCAST),
            arp_frame(REQUEST, 8, 2),
        ]
        return received_by_2(receive_arp, frames, table=[5, 6])

    check.probe(
        receive_arp,
        unasked_reply,
        expected={
            "answers": [None] * 4 + [arp_frame(REPLY, 2, 8).hex(" ")],
            "table": {
                "10.9.0.5": host_mac(55),
                "10.9.0.6": host_mac(66),
                "10.9.0.1": host_mac(1),
                "10.9.0.8": host_mac(8),
            },
        },
        rule="The opcode is looked at last: what is learnt does not depend on it.",
        rfc='RFC 826, "Packet Reception"',
    )

    def foreign_envelopes(receive_arp):
        """A stranger, and one whom you know, in envelopes with another card's source."""
        frames = [
            arp_frame(REPLY, 1, 2, source=host_mac(99)),
            arp_frame(REPLY, 4, 3, mac=host_mac(44), source=host_mac(4), to=BROADCAST),
        ]
        return received_by_2(receive_arp, frames, table=[4])

    check.probe(
        receive_arp,
        foreign_envelopes,
        expected={
            "answers": [None, None],
            "table": {"10.9.0.4": host_mac(44), "10.9.0.1": host_mac(1)},
        },
        rule="What is noted down is the sender MAC of the ARP packet, not the envelope's source.",
        rfc='RFC 826, "Packet Reception"',
    )

    def strangers(receive_arp):
        """Nine strangers ask for one another, and announce themselves."""
        frames = [arp_frame(REQUEST, n, 3 + n % 7) for n in range(3, 12)]
        return received_by_2(receive_arp, [*frames, arp_frame(REPLY, 7, 7, to=BROADCAST)])

    check.probe(
        receive_arp,
        strangers,
        expected={"answers": [None] * 10, "table": {}},
        rule="Who merely overhears adds nobody.",
        rfc='RFC 826, "Packet Reception"',
    )

    def probe_for_another(receive_arp):
        frames = [
            arp_frame(REQUEST, 0, 3, mac=host_mac(9)),
            arp_frame(REPLY, 0, 2, mac=host_mac(9)),
        ]
        return received_by_2(receive_arp, frames, table=[3])

    check.probe(
        receive_arp,
        probe_for_another,
        expected={"answers": [None, None], "table": {"10.9.0.3": host_mac(3)}},
        rule="0.0.0.0 is nobody's address: it enters no table, and a probe claims nothing.",
        rfc="RFC 5227 section 1.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="reception-test-ignored" points=2
@check.test
def _():
    # What must leave no trace.
    def not_for_you(receive_arp):
        """A frame cut short, one in another card's envelope."""
        frames = [arp_frame(REQUEST, 1, 2)[:-1], arp_frame(REQUEST, 1, 2, to=host_mac(3))]
        return received_by_2(receive_arp, frames)

    check.probe(
        receive_arp,
        not_for_you,
        expected={"answers": [None, None], "table": {}},
        rule="Malformed, or not in an envelope for you or for everybody: no answer, no entry.",
        rfc='RFC 826, "Packet Reception"',
    )
    ### BEGIN HIDDEN TESTS

    def malformed(receive_arp):
        """Spoilt in one field each, from a sender that is in the table."""
        whole = arp_frame(REQUEST, 1, 2, mac=host_mac(11))
        frames = [b"", whole[:13], whole[:14], whole[:41]]
        for at, octet in ((12, 9), (15, 2), (17, 6), (18, 4), (19, 6), (21, 3), (20, 1)):
            frames.append(whole[:at] + bytes([octet]) + whole[at + 1 :])
        return received_by_2(receive_arp, frames, table=[1])

    check.probe(
        receive_arp,
        malformed,
        expected={"answers": [None] * 11, "table": {"10.9.0.1": host_mac(1)}},
        rule="What parse_arp refuses teaches nothing and gets no answer; no exception either.",
        rfc='RFC 826, "Packet Reception"',
    )

    def other_envelopes(receive_arp):
        """Tagged; in another card's envelope; in a multicast one."""
        whole = arp_frame(REQUEST, 1, 2, mac=host_mac(11))
        frames = [
            whole[:12] + b"\x81\x00\x00\x05" + whole[12:],
            whole[:12] + b"\x81\x00\x00\x00" + whole[12:],
            arp_frame(REPLY, 1, 2, mac=host_mac(11), to=host_mac(3)),
            arp_frame(REQUEST, 1, 2, mac=host_mac(11), to="01:00:5e:00:00:01"),
        ]
        return received_by_2(receive_arp, frames, table=[1])

    check.probe(
        receive_arp,
        other_envelopes,
        expected={"answers": [None] * 4, "table": {"10.9.0.1": host_mac(1)}},
        rule="Only untagged frames for your card or for everybody count; others refresh nothing.",
        rfc='RFC 826, "Packet Reception"',
    )

    def own_address(receive_arp):
        """Somebody else says that it has your address, or asks for it in your name."""
        frames = [
            arp_frame(REQUEST, 2, 2, mac=host_mac(66)),
            arp_frame(REPLY, 2, 1, mac=host_mac(66), to=BROADCAST),
            arp_frame(REQUEST, 2, 1),
            arp_frame(REQUEST, 2, 2),
            arp_frame(REPLY, 2, 2, to=BROADCAST),
        ]
        return received_by_2(receive_arp, frames, table=[1])

    check.probe(
        receive_arp,
        own_address,
        expected={"answers": [None] * 5, "table": {"10.9.0.1": host_mac(1)}},
        rule="Your own address in the sender field: no answer, no entry.",
        rfc="RFC 5227 section 2.4",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cache-text"
# ## 5. For how long is it true?
#
# A note that is never thrown away would be wrong one day: cards are replaced, addresses move to
# other computers. So every entry has an age and a state, and the kernel has names for them. Watch
# the peer's entry about you. In the next cell you answer its first question and then fall silent. (The
# kernel's usual half minute is set to a third of a second here, or you would wait.)


# %%
def watch(net, address, seconds, answer=lambda frame: None):
    """Print frames that come, and every state that the peer's entry takes."""
    end, last = net.clock.now() + seconds, None
    while net.clock.now() < end:
        frame = net.link.receive(timeout_s=0.02)
        rows = {row.address: row.state for row in net.peer.neighbours()}
        if rows.get(address) != last:
            last = rows.get(address)
            print(f"{net.clock.now():5.2f} s   {last}")
        if frame is not None:
            kind = "who-has" if frame[12:14] == b"\x08\x06" else "echo request"
            to = "everybody" if frame[:6] == b"\xff" * 6 else "you alone"
            print(f"{net.clock.now():5.2f} s             <- {kind}, to {to}")
            if (reply := answer(frame)) is not None:
                net.link.send(reply)


def is_at(frame):
    """Answer a question for 10.9.0.2."""
    if frame[12:14] != b"\x08\x06":
        return None
    mac = bytes.fromhex("020000000002")
    return frame[6:12] + mac + frame[12:20] + b"\x00\x02" + mac + frame[38:42] + frame[22:32]


with Network.best(resolved=False) as net:
    net.peer.pace_neighbours(retry_s=0.15, reachable_s=0.3, delay_s=0)
    net.peer.ping(net.address)
    watch(net, net.address, 0.8, is_at)
    print("the peer has another packet for you; you say nothing any more")
    net.peer.ping(net.address)
    watch(net, net.address, 0.8)

# %% [markdown] role="given" id="cache-states"
# Five states, in the words that `ip neigh` uses:
#
# | state | says |
# |---|---|
# | INCOMPLETE | asked, no answer yet; packets wait |
# | REACHABLE | answered not long ago |
# | STALE | known, but nobody has confirmed it for a while; good enough to use |
# | PROBE | used while STALE: asked again, this time you alone (before it the kernel waits a moment in DELAY for a sign of life) |
# | FAILED | asked three times, in vain: what waited is thrown away (the next packet begins anew) |
#
# The names come from IPv6 (RFC 4861 section 7.3.2); for ARP, RFC 1122 only says what must be achieved.
# There must be a way for old entries to go. Nobody may flood the link with the same question; once a
# second is what it recommends at most. And at least the *latest* packet that waits should be kept
# (sections 2.3.2.1 and 2.3.2.2). Why the latest? If the program has said something newer meanwhile, it
# is likelier to be of use.

# %% [markdown] role="given" id="cache-brief"
# ### Exercise 5: a neighbour cache on a virtual clock
#
# Write the class `NeighbourCache(my_ip: str, lifetime_s: float = 60.0)`. It sends nothing itself
# and looks at no clock: each method is told the time, `now_s`, in seconds, and the times never go
# backwards. `lifetime_s` is at least 1.
#
# **`lookup(ip, now_s) -> str | None`**: the MAC address, or `None`. An entry learnt or refreshed
# at time *t* counts while `now_s < t + lifetime_s`. From then on it is as if it had never been.
#
# The other three return a list of what to do, of these tuples:
#
# | tuple | means |
# |---|---|
# | `("who-has", ip)` | send a request for `ip` |
# | `("send", mac, packet)` | put the packet into an envelope to `mac` |
# | `("unreachable", ip)` | give up: nobody answers for `ip` |
#
# **`send(ip, packet, now_s)`**: a packet for the neighbour `ip`. If its MAC address is known,
# it goes out. If not, the packet is **held**; at most one is held for each address, and a newer one
# takes the place of an older. If none was held for `ip`, a request is sent; otherwise nothing is sent.
#
# **`receive(arp, now_s)`**: an `Arp` packet came, request or reply. What is learnt follows the rule
# of section 4: a sender that is known is refreshed; one that is not is added if the target IP is
# `my_ip`; senders `0.0.0.0` and `my_ip` never are. If a packet is held for an address that is known
# now, it goes out, once.
#
# **`timeout(now_s)`**: called now and then, late too. For each address for which a packet is held,
# in the order in which they were first asked for: if its last request is 1.0 s old or older, the
# request is sent again, once; but after three requests, the packet is dropped instead, and the address
# is unreachable. A later `send` begins anew.
#
# **`deadline() -> float | None`**: the earliest time at which `timeout` will have something to do, or
# `None`.
#
# Example: `send("10.9.0.1", b"a", 0.0)` is `[("who-has", "10.9.0.1")]`; `send("10.9.0.1", b"b",
# 0.2)` is `[]`; when 10.9.0.1 answers at 0.3, `receive` returns
# `[("send", "02:00:00:00:00:01", b"b")]`.


# %% role="answer" id="cache-answer"
class NeighbourCache:
    """Who is where, for a while: sans-IO, the time is an argument."""

    def __init__(self, my_ip: str, lifetime_s: float = 60.0):
        self.my_ip = my_ip
        self.lifetime_s = lifetime_s
        ### BEGIN SOLUTION
        self.known = {}  # ip -> (mac, until when)
        self.asked = {}  # ip -> [packet held, requests sent, time of the last]
        ### END SOLUTION

    def lookup(self, ip: str, now_s: float) -> str | None:
        """Return the MAC address of a neighbour, if it is known."""
        ### BEGIN SOLUTION
        mac, until_s = self.known.get(ip, (None, 0.0))
        if mac is not None and now_s >= until_s:
            del self.known[ip]
            return None
        return mac
        ### END SOLUTION

    def send(self, ip: str, packet: bytes, now_s: float) -> list[tuple]:
        """Send a packet to a neighbour, or hold it and ask."""
        ### BEGIN SOLUTION
        mac = self.lookup(ip, now_s)
        if mac is not None:
            return [("send", mac, packet)]
        if ip in self.asked:
            self.asked[ip][0] = packet
            return []
        self.asked[ip] = [packet, 1, now_s]
        return [("who-has", ip)]
        ### END SOLUTION

    def receive(self, arp: Arp, now_s: float) -> list[tuple]:
        """Learn from an ARP packet, and let go what waited for it."""
        ### BEGIN SOLUTION
        ip = arp.sender_ip
        if ip in ("0.0.0.0", self.my_ip):
            return []
        if self.lookup(ip, now_s) is None and arp.target_ip != self.my_ip:
            return []
        self.known[ip] = (arp.sender_mac, now_s + self.lifetime_s)
        if ip in self.asked:
            return [("send", arp.sender_mac, self.asked.pop(ip)[0])]
        return []
        ### END SOLUTION

    def timeout(self, now_s: float) -> list[tuple]:
        """Ask again where nobody answers, or give up."""
        ### BEGIN SOLUTION
        doings = []
        for ip, waiting in list(self.asked.items()):
            if now_s < waiting[2] + 1.0:
                continue
            if waiting[1] == 3:
                del self.asked[ip]
                doings.append(("unreachable", ip))
            else:
                waiting[1:] = [waiting[1] + 1, now_s]
                doings.append(("who-has", ip))
        return doings
        ### END SOLUTION

    def deadline(self) -> float | None:
        """Return when `timeout` will next have something to do."""
        ### BEGIN SOLUTION
        return min((waiting[2] + 1.0 for waiting in self.asked.values()), default=None)
        ### END SOLUTION


# %% [markdown] role="hint" id="cache-hint-1"
# Nudge
# Two dictionaries: what is known, and what is asked for. Which of the two does each method read, and
# which does it change?

# %% [markdown] role="hint" id="cache-hint-2"
# Way
# Keep for each known address its MAC address and the time at which it ends; for each one asked for,
# the held packet, how many requests have gone out, and when the last did. Let `send` and `receive`
# call `lookup`, so that there is one place that knows about age.

# %% [markdown] role="hint" id="cache-hint-3"
# Almost
# In `receive`: return `[]` for the two senders that never count; return `[]` if `lookup` gives
# `None` and the target is not you; then enter it, and `self.asked.pop(ip)` if it is there. In
# `timeout`: skip if `now_s < last + 1.0`; if three have been sent, delete and say unreachable;
# else count, note the time, and ask.


# %% role="given" id="cache-given-shorthand"
# Shorthand for the tests below: a cache of host .2, its calls one after the other, and what they gave.
def played(NeighbourCache, calls, **start):
    cache = NeighbourCache(**{"my_ip": "10.9.0.2", **start})
    gave = {}
    for number, (method, *arguments) in enumerate(calls, 1):
        words = ", ".join(str(argument) for argument in arguments)
        gave[f"{number}. {method}({words})"] = getattr(cache, method)(*arguments)
    return gave


def heard(sender, target=2, opcode=REPLY, mac=None):
    """An ARP packet from host to host, by number; 0 is 0.0.0.0."""
    ip = lambda number: f"10.9.0.{number}" if number else "0.0.0.0"  # noqa: E731
    return Arp(
        opcode=opcode,
        sender_mac=host_mac(mac or sender),
        sender_ip=ip(sender),
        target_mac=host_mac(2),
        target_ip=ip(target),
    )


def says(results, calls, **start):
    """The probe that plays these calls, and what it must give."""
    numbered = [
        f"{n}. {method}({', '.join(str(a) for a in arguments)})"
        for n, (method, *arguments) in enumerate(calls, 1)
    ]

    def play(NeighbourCache):
        return played(NeighbourCache, calls, **start)

    return play, dict(zip(numbered, results, strict=True))


# %% role="test" id="cache-test-held" points=2
@check.test
def _():
    # One packet is held, the latest, and it goes out once.
    held_rule = dict(
        rule="Ask once, hold the latest packet, and let it go when the answer comes.",
        rfc="RFC 1122 section 2.3.2.2",
    )

    def hold(rows, **start):
        calls, results = [row[:-1] for row in rows], [row[-1] for row in rows]
        play, expected = says(results, calls, **start)
        check.probe(NeighbourCache, play, expected=expected, **held_rule)

    A, B, C = "10.9.0.1", "10.9.0.3", "10.9.0.4"
    hold([
        ("send", A, b"a", 0.0, [("who-has", A)]),
        ("send", A, b"b", 0.2, []),
        ("receive", heard(1), 0.3, [("send", host_mac(1), b"b")]),
        ("send", A, b"c", 0.4, [("send", host_mac(1), b"c")]),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    hold([
        ("lookup", A, 0.0, None),
        ("send", A, b"a", 0.0, [("who-has", A)]),
        ("send", B, b"x", 0.1, [("who-has", B)]),
        ("lookup", A, 0.1, None),
        ("send", A, b"b", 0.2, []),
        ("send", B, b"", 0.25, []),
        ("receive", heard(3), 0.3, [("send", host_mac(3), b"")]),
        ("receive", heard(3), 0.4, []),
        ("send", A, b"c", 0.5, []),
        ("lookup", B, 0.5, host_mac(3)),
        ("receive", heard(1), 0.6, [("send", host_mac(1), b"c")]),
        ("receive", heard(1), 0.7, []),
        ("timeout", 9.0, []),
        ("send", A, b"d", 9.0, [("send", host_mac(1), b"d")]),
        ("send", C, b"y", 9.0, [("who-has", C)]),
        ("receive", heard(4, opcode=REQUEST), 9.1, [("send", host_mac(4), b"y")]),
        ("receive", heard(4, mac=44), 9.2, []),
        ("send", C, b"z", 9.3, [("send", host_mac(44), b"z")]),
    ])  # fmt: skip
    two = [("send", A, b"a", 0.0), ("send", A, b"b", 0.2)]

    def side_by_side(NeighbourCache):
        """Two caches: does one know what the other was told?"""
        one, other = NeighbourCache("10.9.0.2"), NeighbourCache("10.9.0.5")
        for method, *arguments in two:
            getattr(one, method)(*arguments)
        one.receive(heard(3), 0.3)
        return [other.lookup(B, 0.4), other.deadline(), other.send(A, b"c", 0.4)]

    check.probe(
        NeighbourCache,
        side_by_side,
        expected=[None, None, [("who-has", A)]],
        rule="Every cache has a table of its own: set attributes on self, not on the class.",
        rfc="RFC 826",
    )
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-learn" points=2
@check.test
def _():
    # What may be learnt from whom.
    learn_rule = dict(
        rule="A known sender is refreshed; a stranger is added only if the packet is for you; "
        "0.0.0.0 and your own address never.",
        rfc='RFC 826, "Packet Reception"',
    )

    def learn(rows, **start):
        calls, results = [row[:-1] for row in rows], [row[-1] for row in rows]
        play, expected = says(results, calls, **start)
        check.probe(NeighbourCache, play, expected=expected, **learn_rule)

    A, B = "10.9.0.1", "10.9.0.3"
    learn([
        ("receive", heard(1, 2, REQUEST), 0.0, []),
        ("lookup", A, 0.0, host_mac(1)),
        ("receive", heard(3, 4, REQUEST), 0.1, []),
        ("lookup", B, 0.1, None),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    learn([
        ("receive", heard(3, 4, REPLY), 0.0, []),
        ("receive", heard(3, 3, REQUEST), 0.0, []),
        ("lookup", B, 0.1, None),
        ("receive", heard(1, 2, REPLY), 1.0, []),
        ("receive", heard(1, 4, REQUEST, mac=11), 2.0, []),
        ("lookup", A, 2.0, host_mac(11)),
        ("receive", heard(1, 1, REPLY, mac=12), 3.0, []),
        ("lookup", A, 3.0, host_mac(12)),
        ("lookup", A, 62.9, host_mac(12)),
        ("lookup", A, 63.0, None),
        ("lookup", A, 200.0, None),
    ])  # fmt: skip
    learn([
        ("receive", heard(0, 2, REQUEST, mac=9), 0.0, []),
        ("lookup", "0.0.0.0", 0.0, None),
        ("receive", heard(2, 2, REQUEST, mac=9), 0.0, []),
        ("receive", heard(2, 2, REPLY, mac=9), 0.0, []),
        ("lookup", "10.9.0.2", 0.0, None),
    ])  # fmt: skip
    learn([
        ("send", A, b"a", 0.0, [("who-has", A)]),
        ("receive", heard(1, 3, REQUEST), 0.1, []),
        ("receive", heard(1, 1, REQUEST), 0.2, []),
        ("receive", heard(0, 2, REQUEST, mac=1), 0.25, []),
        ("lookup", A, 0.3, None),
        ("deadline", 1.0),
        ("receive", heard(1, 2, REQUEST), 0.4, [("send", host_mac(1), b"a")]),
        ("deadline", None),
    ])  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-age" points=2
@check.test
def _():
    # Entries grow old.
    age_rule = dict(
        rule="An entry counts while now_s < t + lifetime_s; each refresh begins anew; after that "
        "it is as if it had never been.",
        rfc="RFC 1122 section 2.3.2.1",
    )

    def age(rows, **start):
        calls, results = [row[:-1] for row in rows], [row[-1] for row in rows]
        play, expected = says(results, calls, **start)
        check.probe(NeighbourCache, play, expected=expected, **age_rule)

    A, B = "10.9.0.1", "10.9.0.3"
    age([
        ("receive", heard(1), 0.0, []),
        ("lookup", A, 59.9, host_mac(1)),
        ("lookup", A, 60.0, None),
        ("send", A, b"a", 61.0, [("who-has", A)]),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    age([
        ("receive", heard(1), 0.0, []),
        ("receive", heard(3), 1.0, []),
        ("receive", heard(1, 4, REQUEST), 4.0, []),
        ("send", A, b"a", 5.0, [("send", host_mac(1), b"a")]),
        ("lookup", B, 5.5, host_mac(3)),
        ("lookup", B, 6.0, None),
        ("lookup", A, 8.5, host_mac(1)),
        ("lookup", A, 9.0, None),
        ("receive", heard(1, 4, REQUEST), 9.0, []),
        ("lookup", A, 9.0, None),
        ("send", A, b"b", 9.5, [("who-has", A)]),
        ("receive", heard(1, mac=11), 9.6, [("send", host_mac(11), b"b")]),
        ("lookup", A, 14.5, host_mac(11)),
        ("lookup", A, 15.5, None),
        ("lookup", B, 40.0, None),
        ("lookup", A, 200.0, None),
    ], lifetime_s=5.0)  # fmt: skip
    age([
        ("receive", heard(1), 1000.0, []),
        ("receive", heard(1, 3, REQUEST), 1005.0, []),
        ("lookup", A, 1005.0, None),
        ("receive", heard(4, 3, REQUEST), 1005.5, []),
        ("lookup", "10.9.0.4", 1005.5, None),
        ("receive", heard(3), 1006.0, []),
        ("send", B, b"x", 1010.999, [("send", host_mac(3), b"x")]),
        ("send", B, b"x", 1011.0, [("who-has", B)]),
        ("timeout", 1011.0, []),
        ("deadline", 1012.0),
    ], lifetime_s=5.0)  # fmt: skip
    age([
        ("receive", heard(1), 0.0, []),
        ("lookup", A, 99.0, host_mac(1)),
        ("send", A, b"a", 99.5, [("send", host_mac(1), b"a")]),
        ("lookup", A, 100.5, None),
        ("lookup", A, 300.0, None),
    ], lifetime_s=100.0)  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-pace" points=2
@check.test
def _():
    # Ask again after a second, three times in all, then give up.
    pace_rule = dict(
        rule="One request a second for an address, three in all; then the packet is dropped.",
        rfc="RFC 1122 section 2.3.2.1",
    )

    def pace(rows, **start):
        calls, results = [row[:-1] for row in rows], [row[-1] for row in rows]
        play, expected = says(results, calls, **start)
        check.probe(NeighbourCache, play, expected=expected, **pace_rule)

    A, B, C = "10.9.0.1", "10.9.0.3", "10.9.0.4"
    pace([
        ("send", A, b"a", 0.0, [("who-has", A)]),
        ("deadline", 1.0),
        ("timeout", 0.9, []),
        ("timeout", 1.0, [("who-has", A)]),
        ("timeout", 2.0, [("who-has", A)]),
        ("timeout", 3.0, [("unreachable", A)]),
        ("deadline", None),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    pace([
        ("deadline", None),
        ("timeout", 0.0, []),
        ("send", B, b"b", 0.0, [("who-has", B)]),
        ("send", A, b"a", 0.5, [("who-has", A)]),
        ("deadline", 1.0),
        ("timeout", 1.25, [("who-has", B)]),
        ("deadline", 1.5),
        ("timeout", 1.5, [("who-has", A)]),
        ("deadline", 2.25),
        ("send", B, b"c", 2.25, []),
        ("timeout", 2.2500001, [("who-has", B)]),
        ("timeout", 9.0, [("unreachable", B), ("who-has", A)]),
        ("timeout", 9.5, []),
        ("deadline", 10.0),
        ("receive", heard(3), 9.6, []),
        ("lookup", B, 9.6, host_mac(3)),
        ("timeout", 10.0, [("unreachable", A)]),
        ("receive", heard(1), 10.1, []),
        ("send", A, b"z", 10.2, [("send", host_mac(1), b"z")]),
    ])  # fmt: skip
    pace([
        ("send", A, b"a", 5.0, [("who-has", A)]),
        ("timeout", 6.0, [("who-has", A)]),
        ("timeout", 7.0, [("who-has", A)]),
        ("send", A, b"b", 7.9, []),
        ("timeout", 8.0, [("unreachable", A)]),
        ("timeout", 20.0, []),
        ("send", A, b"c", 20.0, [("who-has", A)]),
        ("timeout", 20.9, []),
        ("timeout", 21.0, [("who-has", A)]),
        ("timeout", 22.0, [("who-has", A)]),
        ("receive", heard(1), 22.5, [("send", host_mac(1), b"c")]),
        ("timeout", 23.0, []),
    ])  # fmt: skip
    pace([
        ("send", C, b"c", 0.0, [("who-has", C)]),
        ("send", A, b"a", 0.0, [("who-has", A)]),
        ("send", B, b"b", 0.0, [("who-has", B)]),
        ("timeout", 100.0, [("who-has", C), ("who-has", A), ("who-has", B)]),
        ("receive", heard(1), 100.5, [("send", host_mac(1), b"a")]),
        ("timeout", 101.0, [("who-has", C), ("who-has", B)]),
        ("timeout", 102.0, [("unreachable", C), ("unreachable", B)]),
    ])  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="kinds-text"
# ## 6. One packet, five meanings
#
# The same 28 octets serve for more than asking. Compare the sender IP and the target IP, and you see
# what a packet is for. RFC 5227 (sections 1.1, 3 and 4) sorts them:
#
# | name | opcode | sender IP | target IP | says |
# |---|---|---|---|---|
# | request | request | mine | the other's | who has this? |
# | probe | request | 0.0.0.0 | X | does anybody use X already? |
# | announcement | request | X | X | I am X from now on |
# | gratuitous reply | reply | X | X | the same, in the form of an answer nobody asked for |
# | reply | reply | mine | the asker's | it is at this address |
#
# A host that comes up probes its address, hears nothing, and announces it. Each time everybody who has
# an old entry for it puts it right at once. (And what many books say of "gratuitous ARP", that the
# target MAC must be the broadcast address: in a request nobody reads that field.)
#
# Why would one *probe* with the sender field empty? Because if the address is in use, a question that
# names it as the sender's would put the wrong MAC address into every table on the link. In the next
# cell you make that mistake on purpose: you take the printer's address, and say so.


# %%
def announcement(ip, mac):
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    mac, ip = bytes.fromhex(mac.replace(":", "")), IPv4Address(ip).packed
    return b"\xff" * 6 + mac + b"\x08\x06" + head + mac + ip + bytes(6) + ip


with Network.best(resolved=False) as net:
    asks = announcement("10.9.0.3", "02:00:00:00:00:03")
    net.link.send(asks[:38] + IPv4Address(net.peer.address).packed)  # the printer asks for the peer
    net.link.receive(timeout_s=0.2)
    print("before:", [(row.address, row.mac) for row in net.peer.neighbours()])
    net.link.send(announcement("10.9.0.3", "02:00:00:00:00:02"))
    net.link.receive(timeout_s=0.2)
    print("after: ", [(row.address, row.mac) for row in net.peer.neighbours()])

# %% [markdown] role="given" id="kinds-after"
# What was meant for the printer comes to you from now on. The printer, if it listens, hears its own
# address with a foreign MAC address: a **conflict**. A host may then give the address up at once; or,
# if it has connections to lose, defend it once, by an announcement of its own. But if it happens again
# within ten seconds, the address is lost, for two hosts that defend it against each other would shout
# for ever (RFC 5227 section 2.4; a third way, to defend it always, is for machines such as routers).
# You write the second.

# %% [markdown] role="given" id="kinds-brief"
# ### Exercise 6: tell them apart, and defend yourself
#
# **`kind_of(arp: Arp) -> str`** returns `"request"`, `"probe"`, `"announcement"`, `"gratuitous
# reply"` or `"reply"`, by the table above. The opcode is 1 or 2. Only a request can be a probe; a
# request from 0.0.0.0 is one, whatever its target.
#
# **`is_conflict(arp: Arp, ip: str, mac: str, probing: bool = False) -> bool`**: does the packet say
# that another card than `mac` has your address `ip`, or wants it? A packet whose sender MAC is `mac`
# is your own and never does. Otherwise it does
#
# - if its sender IP is `ip`, request or reply (section 2.4);
# - or, while you are `probing` for `ip` yourself, if it is a probe whose target IP is `ip`: two newcomers
#   want the same address (section 2.1.1).
#
# **`AddressDefence(ip: str, mac: str)`** has `state`, at first `"USING"`, and a method
# `receive(arp: Arp, now_s: float) -> list[Arp]`. In `"USING"`, a conflict (you are not probing any
# more) makes it return a list with the announcement of your address: a request with sender MAC
# `mac`, target MAC zeros, sender IP and target IP both `ip`. But if it has defended the address less
# than 10.0 s ago, it sends nothing and the state becomes `"GIVEN UP"`. Everything else, and anything in
# `"GIVEN UP"`, returns an empty list.
#
# Example: `kind_of(Arp(opcode=1, sender_mac="02:00:00:00:00:03", sender_ip="10.9.0.3",
# target_ip="10.9.0.3"))` is `"announcement"`; to host 10.9.0.3 with another card it is a conflict.


# %% role="answer" id="kinds-answer"
def kind_of(arp: Arp) -> str:
    """Return what an ARP packet is for."""
    ### BEGIN SOLUTION
    if arp.opcode == REQUEST and arp.sender_ip == "0.0.0.0":
        return "probe"
    if arp.sender_ip == arp.target_ip:
        return "announcement" if arp.opcode == REQUEST else "gratuitous reply"
    return "request" if arp.opcode == REQUEST else "reply"
    ### END SOLUTION


def is_conflict(arp: Arp, ip: str, mac: str, probing: bool = False) -> bool:
    """Return whether another card has, or wants, this address."""
    ### BEGIN SOLUTION
    if arp.sender_mac == mac:
        return False
    rival = probing and kind_of(arp) == "probe" and arp.target_ip == ip
    return arp.sender_ip == ip or rival
    ### END SOLUTION


class AddressDefence:
    """An address in use: defended once in ten seconds, then given up."""

    def __init__(self, ip: str, mac: str):
        self.ip = ip
        self.mac = mac
        self.state = "USING"

    def receive(self, arp: Arp, now_s: float) -> list[Arp]:
        """Return what to say about a packet."""
        ### BEGIN SOLUTION
        if self.state == "GIVEN UP" or not is_conflict(arp, self.ip, self.mac):
            return []
        defended_s = getattr(self, "defended_s", None)
        if defended_s is not None and now_s - defended_s < 10.0:
            self.state = "GIVEN UP"
            return []
        self.defended_s = now_s
        return [Arp(opcode=REQUEST, sender_mac=self.mac, sender_ip=self.ip, target_ip=self.ip)]
        ### END SOLUTION


# %% [markdown] role="hint" id="kinds-hint-1"
# Nudge
# Which two fields of the packet does the table compare? And who can have sent a packet with your own
# MAC address in it?

# %% [markdown] role="hint" id="kinds-hint-2"
# Way
# In `kind_of` ask for the probe first, then whether sender IP and target IP are the same. In
# `AddressDefence` remember when you last defended; `None` as long as you have not.

# %% [markdown] role="hint" id="kinds-hint-3"
# Almost
# `is_conflict`: `False` if the sender MAC is yours; else `arp.sender_ip == ip or (probing and
# kind_of(arp) == "probe" and arp.target_ip == ip)`. In `receive`: return `[]` unless it is a conflict;
# give up if `now_s - self.defended_s < 10.0`; else note the time and return the announcement.


# %% role="test" id="kinds-test-kind" points=1
@check.test
def _():
    # Five kinds, by opcode and the two IP addresses.
    kind_rule = dict(
        rule="A request from 0.0.0.0 is a probe; sender IP = target IP announces; the opcode tells "
        "the rest.",
        rfc="RFC 5227 sections 1.1 and 4",
    )
    cases = [heard(3, 3, REQUEST), heard(0, 3, REQUEST), heard(1, 2, REPLY)]
    check.each(kind_of, cases, expected=["announcement", "probe", "reply"], **kind_rule)
    ### BEGIN HIDDEN TESTS
    table = {
        (REQUEST, 1, 2): "request",
        (REQUEST, 2, 1): "request",
        (REQUEST, 1, 0): "request",
        (REQUEST, 0, 1): "probe",
        (REQUEST, 0, 0): "probe",
        (REQUEST, 7, 7): "announcement",
        (REPLY, 7, 7): "gratuitous reply",
        (REPLY, 1, 2): "reply",
        (REPLY, 0, 2): "reply",
        (REPLY, 1, 0): "reply",
        (REPLY, 0, 0): "gratuitous reply",
    }
    cases = [heard(sender, target, opcode) for opcode, sender, target in table]
    check.each(kind_of, cases, expected=list(table.values()), **kind_rule)
    same_mac = [
        Arp(opcode=o, sender_mac=host_mac(5), sender_ip=s, target_mac=m, target_ip=t)
        for o in (REQUEST, REPLY)
        for s, t in (("10.9.0.1", "10.9.0.2"), ("10.9.0.1", "10.9.0.1"))
        for m in (NOBODY, BROADCAST, host_mac(5))
    ]
    names = ["request"] * 3 + ["announcement"] * 3 + ["reply"] * 3 + ["gratuitous reply"] * 3
    check.each(
        kind_of,
        same_mac,
        expected=names,
        rule="The target MAC tells nothing about the kind.",
        rfc="RFC 5227 section 1.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="kinds-test-conflict" points=2
@check.test
def _():
    # Somebody else has your address.
    conflict_rule = dict(
        rule="Another card's packet with your address as sender IP; while probing, another card's "
        "probe for it too.",
        rfc="RFC 5227 sections 2.1.1 and 2.4",
    )

    def judged(rows):
        cases = [(arp, "10.9.0.2", host_mac(2), probing) for arp, probing, _ in rows]
        check.each(is_conflict, cases, expected=[row[2] for row in rows], **conflict_rule)

    judged([
        (heard(2, 2, REQUEST, mac=66), False, True),
        (heard(2, 2, REQUEST), False, False),
        (heard(1, 2, REQUEST), False, False),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    judged([
        (heard(2, 1, REPLY, mac=66), False, True),
        (heard(2, 1, REQUEST, mac=66), False, True),
        (heard(2, 1, REPLY, mac=66), True, True),
        (heard(2, 2, REPLY, mac=66), True, True),
        (heard(2, 0, REPLY, mac=66), True, True),
        (heard(2, 1, REPLY), True, False),
        (heard(0, 2, REQUEST, mac=66), False, False),
        (heard(0, 2, REQUEST, mac=66), True, True),
        (heard(0, 2, REQUEST, mac=2), True, False),
        (heard(0, 3, REQUEST, mac=66), True, False),
        (heard(0, 2, REPLY, mac=66), True, False),
        (heard(1, 2, REPLY), True, False),
        (heard(1, 2, REQUEST), True, False),
        (heard(1, 1, REQUEST), True, False),
        (heard(3, 3, REPLY, mac=2), True, False),
    ])  # fmt: skip
    check(
        is_conflict,
        heard(0, 2, REQUEST, mac=66),
        "10.9.0.2",
        host_mac(2),
        expected=False,
        rule="Unless it is said, you are not probing.",
        rfc="RFC 5227 section 2.4",
    )
    ### END HIDDEN TESTS


# %% role="test" id="kinds-test-defence" points=2
@check.test
def _():
    # Defend once in ten seconds.
    announced = Arp(
        opcode=REQUEST, sender_mac=host_mac(2), sender_ip="10.9.0.2", target_ip="10.9.0.2"
    )
    rival, step = heard(2, 2, REQUEST, mac=66), check.step

    def defends(steps):
        check.script(
            AddressDefence,
            start=dict(ip="10.9.0.2", mac=host_mac(2)),
            steps=[step("receive", *row[:2], sends=row[2], state=row[3]) for row in steps],
            rule="Announce once; give up at a conflict less than 10 s after that.",
            rfc="RFC 5227 section 2.4",
        )

    defends([
        (heard(1, 2, REQUEST), 0.0, [], "USING"),
        (rival, 1.0, [announced], "USING"),
        (rival, 5.0, [], "GIVEN UP"),
    ])  # fmt: skip
    ### BEGIN HIDDEN TESTS
    defends([
        (rival, 0.0, [announced], "USING"),
        (rival, 10.0, [announced], "USING"),
        (rival, 20.5, [announced], "USING"),
        (heard(2, 2, REQUEST), 21.0, [], "USING"),
        (heard(0, 2, REQUEST, mac=66), 22.0, [], "USING"),
        (heard(3, 3, REQUEST, mac=66), 23.0, [], "USING"),
        (heard(2, 1, REPLY, mac=77), 30.4, [], "GIVEN UP"),
        (rival, 100.0, [], "GIVEN UP"),
        (heard(1, 2, REQUEST), 101.0, [], "GIVEN UP"),
    ])  # fmt: skip
    defends([
        (rival, 0.0, [announced], "USING"),
        (rival, 5.0, [], "GIVEN UP"),
    ])  # fmt: skip
    defends([
        (heard(2, 1, REPLY, mac=77), 500.0, [announced], "USING"),
        (heard(2, 2, REPLY, mac=66), 509.9, [], "GIVEN UP"),
    ])  # fmt: skip

    def two_addresses(AddressDefence):
        """Two defences side by side, one of them attacked."""
        one, other = (
            AddressDefence("10.9.0.2", host_mac(2)),
            AddressDefence("10.9.0.3", host_mac(3)),
        )
        for now_s in (1.0, 2.0):
            one.receive(rival, now_s)
        return [one.state, other.state, len(other.receive(heard(3, 3, mac=66), 3.0)), other.state]

    check.probe(
        AddressDefence,
        two_addresses,
        expected=["GIVEN UP", "USING", 1, "USING"],
        rule="Each address is defended for itself: set attributes on self, not on the class.",
        rfc="RFC 5227 section 2.4",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="spoof-text"
# ## 7. Who lies?
#
# In section 6 one frame of yours took the printer's place. Nothing in ARP can prove who has an
# address: a reply is believed because it came. Whoever sends forged answers to two hosts, each in the
# name of the other, sits between them from then on (`33_mitm` does it). You may do that here, since
# both ends are yours; on a network of other people it is a crime.
#
# So what can somebody see who only listens? That 10.9.0.1 was at one card and now is at another is no
# proof: cards break, laptops change from cable to radio, spare machines take over. **An honest change
# happens once**: the old card falls silent, the new one speaks. A forger has a rival who does *not* fall
# silent. The true host goes on speaking, the forger has to repeat its lie, and the address swings back
# and forth. That is a **flip-flop**, and it is what watchers such as `arpwatch` report.

# %%
story = [
    (0.0, "10.9.0.1", "02:00:00:00:00:01"),
    (10.0, "10.9.0.1", "02:00:00:00:00:66"),
    (12.0, "10.9.0.1", "02:00:00:00:00:01"),
    (13.0, "10.9.0.1", "02:00:00:00:00:66"),
]
for now_s, ip, mac in story:
    print(f"{now_s:5.1f} s  {ip} is-at {mac}")

# %% role="given" id="spoof-given-picture" jupyter={"source_hidden": true}
forged_hosts = [
    LanHost("you", "10.9.0.2", "02:00:00:00:00:02", {"10.9.0.1": "02:00:00:00:00:01"}),
    LanHost("gateway", "10.9.0.1", "02:00:00:00:00:01"),
    LanHost("forger", "10.9.0.66", "02:00:00:00:00:66"),
]
forged_steps = [
    LanStep(
        sender="forger",
        to=("you",),
        label="10.9.0.1 is-at 02:00:00:00:00:66",
        note="A reply that nobody asked for. You know 10.9.0.1 already, so you refresh your entry: the "
        "rule of section 4, to the letter.",
        learns={"you": {"10.9.0.1": "02:00:00:00:00:66"}},
    ),
    LanStep(
        sender="you",
        to=("forger",),
        label="packet for 192.0.2.7",
        note="What you send to the rest of the world goes to the forger, who reads it and passes it on.",
    ),
    LanStep(
        sender="gateway",
        label="who-has 10.9.0.2 tell 10.9.0.1",
        takes=("you",),
        note="The true gateway has not fallen silent. Its next question puts your entry right again.",
        learns={"you": {"10.9.0.1": "02:00:00:00:00:01"}},
    ),
    LanStep(
        sender="forger",
        to=("you",),
        label="10.9.0.1 is-at 02:00:00:00:00:66",
        note="So the forger has to lie again. Anybody who watches sees the address swing back and forth.",
        learns={"you": {"10.9.0.1": "02:00:00:00:00:66"}},
    ),
]
Lan(forged_hosts, forged_steps, step=1)

# %% [markdown] role="given" id="spoof-rule"
# <details><summary>The same as a picture</summary>
#
# ![A forged reply, the gateway's question, and the forged reply again](figures/forger.svg)
#
# </details>
#
# Back to the list. At 10.0 s it may be a new card. At 12.0 s the old one speaks again, and both cannot be right. How
# long may lie between? A card that was sent in for repair and comes back after two hours is honest. So
# the rule needs a time: *the same card, another one, and the same again within a minute.*
#
# A detector can fail in two ways. It can **miss** a forgery. And it can cry wolf: after three **false
# alarms** nobody reads the fourth. Both are marked here.

# %% [markdown] role="given" id="spoof-brief"
# ### Exercise 7: a spoof detector
#
# Write the class `SpoofDetector(window_s: float = 60.0)` with one method, `receive(frame: bytes,
# now_s: float) -> str | None`. It is given every frame on the link with the time it came; times never
# go backwards. It returns an IP address when this very frame is an alarm about it, otherwise `None`.
#
# - A frame that `parse_arp` accepts, request or reply, with or without a tag, to whomever, is a
#   **claim**: its *sender IP* is at its *sender MAC*. A probe (sender IP `0.0.0.0`) claims nothing,
#   nor does a frame that `parse_arp` refuses.
# - A claim is an **alarm** if the last claim of the same IP address *by the same MAC address* is less than
#   `window_s` old, **and** another MAC address has claimed that IP address between the two.
# - Nothing else is an alarm: not the first claim of another MAC address, not its repetition, not a MAC
#   address that claims several IP addresses.
#
# Example: in the story above the claims at 12.0 s and at 13.0 s are alarms, the first two are not.


# %% role="answer" id="spoof-answer"
class SpoofDetector:
    """Finds addresses that swing back and forth between two cards."""

    def __init__(self, window_s: float = 60.0):
        self.window_s = window_s
        ### BEGIN SOLUTION
        self.holder = {}  # ip -> the MAC address that claimed it last
        self.heard_s = {}  # (ip, mac) -> when it claimed it last
        ### END SOLUTION

    def receive(self, frame: bytes, now_s: float) -> str | None:
        """Return the IP address that this frame raises an alarm about, or None."""
        ### BEGIN SOLUTION
        try:
            arp = parse_arp(frame)
        except ValueError:
            return None
        ip, mac = arp.sender_ip, arp.sender_mac
        if ip == "0.0.0.0":
            return None
        before_s = self.heard_s.get((ip, mac))
        returned = before_s is not None and self.holder[ip] != mac
        alarm = returned and now_s - before_s < self.window_s
        self.holder[ip] = mac
        self.heard_s[ip, mac] = now_s
        return ip if alarm else None
        ### END SOLUTION


# %% [markdown] role="hint" id="spoof-hint-1"
# Nudge
# What must you remember of an address to recognise "the same, another, the same again"?

# %% [markdown] role="hint" id="spoof-hint-2"
# Way
# Two notes: for each IP address who claimed it last, and for each pair of IP and MAC address when
# that was. If the last one was you yourself, nobody came between.

# %% [markdown] role="hint" id="spoof-hint-3"
# Almost
# `before_s = self.heard_s.get((ip, mac))`. It is an alarm if `before_s is not None and
# self.holder[ip] != mac and now_s - before_s < self.window_s`. Then, alarm or not, set
# `self.holder[ip]` and `self.heard_s[ip, mac]`.


# %% role="given" id="spoof-given-shorthand"
# Shorthand for the tests below: a stream is a list of (time, frame); alarms are told by time.
def claim(now_s, ip, mac, *, opcode=REPLY, **more):
    """At this time host `ip` (a number) is said to be at card `mac` (a number)."""
    return now_s, arp_frame(opcode, ip, 2, mac=host_mac(mac), **more)


def alarms(SpoofDetector, stream, **start):
    """Which frames of a stream raise an alarm, and about what."""
    detector = SpoofDetector(**start)
    said = [(now_s, detector.receive(frame, now_s)) for now_s, frame in stream]
    return [f"{now_s:.1f} s: {ip}" for now_s, ip in said if ip is not None]


# %% role="test" id="spoof-test-misses" points=3
@check.test
def _():
    # Forgeries that must be seen, and when.
    def flip_flop(SpoofDetector):
        """The true host and a forger, each heard twice."""
        stream = [claim(0.0, 1, 1), claim(10.0, 1, 66), claim(12.0, 1, 1), claim(13.0, 1, 66)]
        return alarms(SpoofDetector, stream)

    check.probe(
        SpoofDetector,
        flip_flop,
        expected=["12.0 s: 10.9.0.1", "13.0 s: 10.9.0.1"],
        rule="The same card, another, and the same again within window_s is an alarm each time.",
    )
    ### BEGIN HIDDEN TESTS
    back = [claim(0.0, 1, 1), claim(5.0, 1, 66)]
    three = [claim(0.0, 1, 1), claim(1.0, 1, 66), claim(2.0, 1, 77), claim(3.0, 1, 1),
             claim(4.0, 1, 66), claim(5.0, 1, 77)]  # fmt: skip
    forms = {
        "a reply": claim(9.0, 1, 1),
        "a request": claim(9.0, 1, 1, opcode=REQUEST),
        "a request to one card": claim(9.0, 1, 1, opcode=REQUEST, to=host_mac(2)),
        "a reply to a probe": (9.0, arp_frame(REPLY, 1, 0, to=host_mac(9))),
        "a broadcast reply": claim(9.0, 1, 1, to=BROADCAST),
        "a padded frame": (9.0, claim(9.0, 1, 1)[1] + bytes(18)),
        "a tagged frame": (9.0, back[0][1][:12] + b"\x81\x00\x00\x05" + back[0][1][12:]),
        "another envelope": claim(9.0, 1, 1, source=host_mac(66)),
        "an announcement": (9.0, arp_frame(REQUEST, 1, 1, mac=host_mac(1))),
        "a gratuitous reply": (9.0, arp_frame(REPLY, 1, 1, mac=host_mac(1), to=BROADCAST)),
    }

    def in_every_form(SpoofDetector):
        """The true host comes back in each of these forms: which are seen?"""
        return [name for name, frame in forms.items() if alarms(SpoofDetector, [*back, frame])]

    check.probe(
        SpoofDetector,
        in_every_form,
        expected=list(forms),
        rule="Any ARP packet claims its sender's addresses, whatever its opcode, target and "
        "envelope.",
    )

    def three_cards(SpoofDetector):
        return alarms(SpoofDetector, three)

    check.probe(
        SpoofDetector,
        three_cards,
        expected=["3.0 s: 10.9.0.1", "4.0 s: 10.9.0.1", "5.0 s: 10.9.0.1"],
        rule="Who came between need not be the same each time.",
    )

    def window(SpoofDetector):
        """Back after 59.9 s; just inside windows of 5 s and 200 s; what the forger says later."""
        slow = [claim(0.0, 1, 1), claim(30.0, 1, 66), claim(59.9, 1, 1)]
        quick = [claim(0.0, 1, 1), claim(3.0, 1, 66), claim(4.9, 1, 1), claim(7.9, 1, 66)]
        patient = [claim(0.0, 1, 1), claim(90.0, 1, 66), claim(199.0, 1, 1)]
        later = [claim(0.0, 1, 1), claim(10.0, 1, 66), claim(50.0, 1, 66), claim(70.0, 1, 1),
                 claim(100.0, 1, 66)]  # fmt: skip
        return {
            "slow": alarms(SpoofDetector, slow),
            "window_s=5": alarms(SpoofDetector, quick, window_s=5.0),
            "window_s=200": alarms(SpoofDetector, patient, window_s=200.0),
            "later": alarms(SpoofDetector, later),
        }

    check.probe(
        SpoofDetector,
        window,
        expected={
            "slow": ["59.9 s: 10.9.0.1"],
            "window_s=5": ["4.9 s: 10.9.0.1", "7.9 s: 10.9.0.1"],
            "window_s=200": ["199.0 s: 10.9.0.1"],
            "later": ["100.0 s: 10.9.0.1"],
        },
        rule="What counts is the age of the last claim by the same MAC address.",
    )

    dice = random.Random(7)

    def busy_hour():
        """A stream of 400 claims, and the alarms in it, found by looking back claim by claim."""
        stream, past, wanted, now_s = [], [], [], 0.0
        for _ in range(400):
            now_s += dice.choice([0.5, 2.0, 7.0, 19.0])
            ip, mac = dice.choice([(1, 1), (1, 1), (1, 66), (3, 3), (3, 66), (4, 4)])
            stream.append(claim(now_s, ip, mac, opcode=dice.choice([REQUEST, REPLY])))
            for earlier in range(len(past) - 1, -1, -1):
                if past[earlier][1:] == (ip, mac):
                    between = {m for _, i, m in past[earlier + 1 :] if i == ip}
                    if between and now_s - past[earlier][0] < 60:
                        wanted.append(f"{now_s:.1f} s: 10.9.0.{ip}")
                    break
            past.append((now_s, ip, mac))
        return stream, wanted

    hours = [busy_hour() for _ in range(3)]

    def missed(SpoofDetector):
        """Three busy hours: the first forgeries that were missed."""
        gone = []
        for stream, wanted in hours:
            found = set(alarms(SpoofDetector, stream))
            gone += [alarm for alarm in wanted if alarm not in found]
        return gone[:5]

    check.probe(SpoofDetector, missed, expected=[], rule="These forgeries were missed.")

    def wolf(SpoofDetector):
        """Three busy hours: the first false alarms."""
        false = []
        for stream, wanted in hours:
            known = set(wanted)
            false += [alarm for alarm in alarms(SpoofDetector, stream) if alarm not in known]
        return false[:5]

    check.probe(SpoofDetector, wolf, expected=[], rule="These alarms are false.")
    ### END HIDDEN TESTS


# %% role="test" id="spoof-test-false-alarms" points=3
@check.test
def _():
    # Honest events: no alarm.
    def new_card(SpoofDetector):
        """The card is changed, the new one announces itself three times and goes on."""
        stream = [claim(0.0, 1, 1), claim(5.0, 1, 1), *[claim(9.0 + n, 1, 11) for n in range(5)]]
        return alarms(SpoofDetector, stream)

    check.probe(
        SpoofDetector,
        new_card,
        expected=[],
        rule="An honest change happens once: the old card is not heard again.",
    )

    ### BEGIN HIDDEN TESTS
    def honest(expected_rule, **streams):
        def quiet(SpoofDetector):
            """Honest events: which raise an alarm?"""
            return {
                name: found for name, s in streams.items() if (found := alarms(SpoofDetector, s))
            }

        check.probe(SpoofDetector, quiet, expected={}, rule=expected_rule)

    honest(
        "A MAC address may have several IP addresses, and two hosts may exchange theirs.",
        one_card_many_addresses=[claim(0.1 * n, n % 5 + 3, 1) for n in range(20)],
        exchanged=[claim(0.0, 3, 3), claim(1.0, 4, 4), claim(2.0, 3, 4), claim(3.0, 4, 3)],
        proxy=[claim(0.0, 3, 3), claim(1.0, 4, 1), claim(2.0, 3, 3), claim(3.0, 5, 1)],
    )
    honest(
        "A card that comes back after window_s or more is honest.",
        repaired=[
            claim(0.0, 1, 1),
            *[claim(9.0 + 30 * n, 1, 11) for n in range(9)],
            claim(300.0, 1, 1),
        ],
        exactly=[claim(0.0, 1, 1), claim(30.0, 1, 11), claim(60.0, 1, 1)],
        there_and_back=[claim(0.0, 1, 1), claim(100.0, 1, 11), claim(101.0, 1, 1)],
    )

    def short_window(SpoofDetector):
        """Back after six seconds, where the window is five."""
        stream = [claim(0.0, 1, 1), claim(3.0, 1, 11), claim(6.0, 1, 1), claim(8.0, 1, 11)]
        return alarms(SpoofDetector, stream, window_s=5.0)

    check.probe(
        SpoofDetector,
        short_window,
        expected=[],
        rule="The window is window_s; 60 is only what it is if nobody says otherwise.",
    )
    probes = [(n / 10, arp_frame(REQUEST, 0, 3, mac=host_mac(7 + n % 3))) for n in range(12)]
    honest("A probe claims nothing.", newcomers=probes)
    cut = [(now_s, frame[:41]) for now_s, frame in (claim(1.0, 1, 66), claim(3.0, 1, 66))]
    spoilt = [(t, f[:15] + b"\x06" + f[16:]) for t, f in (claim(1.5, 1, 66), claim(2.5, 1, 66))]
    other = [(t, f[:12] + b"\x08\x00" + f[14:]) for t, f in (claim(1.7, 1, 66), claim(2.7, 1, 66))]
    honest(
        "What parse_arp refuses claims nothing.",
        cut_short=sorted([claim(0.0, 1, 1), *cut, claim(2.0, 1, 1)]),
        other_hardware=sorted([claim(0.0, 1, 1), *spoilt, claim(2.0, 1, 1)]),
        other_ethertype=sorted([claim(0.0, 1, 1), *other, claim(2.0, 1, 1)]),
        empty=[(0.0, b""), (1.0, b"")],
    )
    honest(
        "The sender claims, not the target and not the envelope.",
        targets=[
            (0.0, arp_frame(REPLY, 3, 1)),
            (1.0, arp_frame(REPLY, 3, 1, target_mac=host_mac(11))),
            (2.0, arp_frame(REPLY, 3, 1)),
        ],
        envelopes=[claim(float(n), 1, 1, source=host_mac(1 + 20 * (n % 2))) for n in range(6)],
    )

    def two_detectors(SpoofDetector):
        """Two links, two detectors: the same address on both."""
        one, other = SpoofDetector(), SpoofDetector()
        found = []
        for now_s in (0.0, 1.0, 2.0, 3.0):
            found.append(one.receive(claim(now_s, 1, 1)[1], now_s))
            found.append(other.receive(claim(now_s, 1, 66)[1], now_s))
        return found

    check.probe(
        SpoofDetector,
        two_detectors,
        expected=[None] * 8,
        rule="Every detector watches one link: set attributes on self, not on the class.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="spoof-after"
# Know the limits of what you built. If the true host is switched off, or kept from speaking, there is
# no flip-flop. A forger who is in no hurry returns after sixty-one seconds. And a network where a
# spare machine takes over and hands back within a minute rings your alarm with every right. No rule that
# only listens can do better, for nothing in ARP is signed. Switches that know which address was
# assigned at which socket can refuse a forgery; encryption with a proof of identity (part 3) makes
# it worthless.

# %% [markdown] role="given" id="ndp-text"
# ## 8. IPv6 asks otherwise
#
# ARP interrupts *everybody* for each question. IPv6 has no broadcast at all. It asks by **Neighbor
# Discovery** (NDP, RFC 4861), and the question goes to a **group** that each host joins for its own
# address, chosen so that hardly anybody else is in it. In the next cell the peer wants to ping both
# your IPv4 and your IPv6 address.

# %%
questions = {}
with Network.best(resolved=False, ipv6=True) as net:
    net.peer.ping(net.address)
    net.peer.ping(net.address6)
    while frame := net.link.receive(timeout_s=0.3):
        # type 135 is a Neighbor Solicitation; the kernel also says which groups it has joined
        if frame[12:14] == b"\x08\x06" or (frame[20] == 58 and frame[54] == 135):
            questions.setdefault(frame[12:14].hex(), frame)
    for kind, frame in questions.items():
        print(f"EtherType 0x{kind}, {len(frame)} octets, to {frame[:6].hex(':')}")
    for row in net.peer.neighbours():
        print(f"{row.address:12} {row.state}")
FrameInspector(questions["86dd"])

# %% [markdown] role="given" id="ndp-static"
# ![The octets of a Neighbor Solicitation and the fields they hold](figures/solicitation.svg)
#
# The same question, **Neighbor Solicitation**, and its states in the table have the same names. But
# look at the envelopes. ARP has an EtherType to itself; NDP is a message of ICMPv6, inside an ordinary
# IPv6 packet. And the destination is not everybody:
#
# - the IPv6 destination is `ff02::1:ff` and the **last 24 bits** of the address that is asked for, its
#   **solicited-node multicast address** (RFC 4291 section 2.7.1);
# - the Ethernet destination is `33:33` and the **last four octets** of that IPv6 destination
#   (RFC 2464 section 7). A card can be told which of these to take.
#
# And one field does the work of a guard: the **hop limit** is 255, the highest there is. Every router
# on the way subtracts one. So a packet that arrives with 255 has crossed no router: it comes from this
# very link. Anybody outside who forges a solicitation is found out by the number alone (RFC 4861 section
# 7.1.1). ARP needs no such guard, for it cannot cross a router to begin with.
#
# > **Is it so?** "IPv6 does not use ARP any more; NDP has replaced it." *Half true.* It has taken over
# > ARP's task, as the cell above shows. But NDP is no ARP with longer addresses: it also finds routers and
# > prefixes, redirects, and checks whether a neighbour can still be reached, and it is a part of ICMPv6
# > (RFC 4861 section 3.1). What it has in common with ARP is that, as such, it proves nothing
# > about who answers.

# %% [markdown] role="given" id="ndp-brief"
# ### Exercise 8: Neighbor Solicitation
#
# **`solicited_node(address: str) -> str`**: the solicited-node multicast address of an IPv6 address,
# as `str(IPv6Address(...))` writes it. `solicited_node("fd00:9::1")` is `"ff02::1:ff00:1"`.
#
# **`multicast_mac(address: str) -> str`**: the MAC address for an IPv6 multicast address, as text in
# lower case. `multicast_mac("ff02::1:ff00:1")` is `"33:33:ff:00:00:01"`.
#
# **`build_solicitation(source_mac: str, source_ip: str, target_ip: str) -> bytes`**: the whole frame,
# which asks for `target_ip`:
#
# | part | octets |
# |---|---|
# | Ethernet | to the MAC of the target's solicited-node address, from `source_mac`, EtherType `0x86dd` |
# | IPv6 | `60 00 00 00` (version 6; the rest zero), payload length (2), next header 58, hop limit 255, source (16), destination (16): the solicited-node address |
# | ICMPv6 | type 135, code 0, checksum (2), four zero octets, target (16) |
# | option | type 1, length 1 (in units of 8 octets), `source_mac`: "and this is where I am" |
#
# If `source_ip` is `"::"` the option is left out: that is IPv6's probe, for a host that has no
# address yet. Payload length is that of ICMPv6 and option: 32 or 24.
#
# The ICMPv6 checksum covers a **pseudo-header** and the ICMPv6 message with the option, its checksum
# field being zero. The pseudo-header: source (16), destination (16), length of the message (4), three zero
# octets, the octet 58 (RFC 8200 section 8.1). `checksum(octets)` from `scapy.utils` computes it; what
# is inside, `12_handshake` shows. (You need `from scapy.utils import checksum` in your cell.)
#
# **`read_solicitation(frame: bytes) -> str`**: the address asked for, as `str(IPv6Address(...))`
# writes it. Raise `ValueError` (RFC 4861 section 7.1.1) if
#
# - the frame is none (exercise 1), has a tag, its EtherType is not `0x86dd`, or it is shorter than the
#   IPv6 header and the payload length say (what follows after that is padding);
# - the version is not 6, the next header not 58, the hop limit not 255;
# - the ICMPv6 message is shorter than 24 octets, its type not 135, its code not 0, its checksum wrong;
# - the target is a multicast address (its first octet is `0xff`);
# - an option has length 0, or does not fit into the rest of the message;
# - the source is `::` and the destination is no solicited-node address (its first 104 bits are not
#   those of `ff02::1:ff00:0`), or there is an option of type 1.
#
# Options of other types are passed over.


# %% role="answer" id="ndp-answer"
def solicited_node(address: str) -> str:
    """Return the solicited-node multicast address of an IPv6 address."""
    ### BEGIN SOLUTION
    group = IPv6Address("ff02::1:ff00:0").packed[:13] + IPv6Address(address).packed[13:]
    return str(IPv6Address(group))
    ### END SOLUTION


def multicast_mac(address: str) -> str:
    """Return the Ethernet multicast address of an IPv6 multicast address."""
    ### BEGIN SOLUTION
    return (b"\x33\x33" + IPv6Address(address).packed[12:]).hex(":")
    ### END SOLUTION


def build_solicitation(source_mac: str, source_ip: str, target_ip: str) -> bytes:
    """Return the frame of a Neighbor Solicitation for `target_ip`."""
    ### BEGIN SOLUTION
    from scapy.utils import checksum

    group = solicited_node(target_ip)
    addresses = IPv6Address(source_ip).packed + IPv6Address(group).packed
    mac = bytes.fromhex(source_mac.replace(":", ""))
    message = b"\x87" + bytes(7) + IPv6Address(target_ip).packed
    if source_ip != "::":
        message += b"\x01\x01" + mac
    total = checksum(addresses + struct.pack("!I3xB", len(message), 58) + message)
    message = message[:2] + total.to_bytes(2, "big") + message[4:]
    to = bytes.fromhex(multicast_mac(group).replace(":", ""))
    header = b"\x60\0\0\0" + struct.pack("!HBB", len(message), 58, 255) + addresses
    return to + mac + b"\x86\xdd" + header + message
    ### END SOLUTION


def read_solicitation(frame: bytes) -> str:
    """Return the address that a Neighbor Solicitation asks for; raise ValueError if it is none."""
    ### BEGIN SOLUTION
    from scapy.utils import checksum

    envelope = parse_ethernet(frame)
    packet = envelope.payload
    if envelope.vlan is not None or envelope.ethertype != 0x86DD or len(packet) < 40:
        raise ValueError("no IPv6")
    length, next_header, hop_limit = struct.unpack("!HBB", packet[4:8])
    message = packet[40 : 40 + length]
    if len(message) < max(length, 24) or (packet[0] >> 4, next_header, hop_limit) != (6, 58, 255):
        raise ValueError("no whole ICMPv6 message from this link")
    source, to, target = packet[8:24], packet[24:40], message[8:24]
    if checksum(source + to + struct.pack("!I3xB", length, 58) + message) != 0:
        raise ValueError("wrong checksum")
    if message[:2] != b"\x87\0" or target[0] == 0xFF:
        raise ValueError("no solicitation for one host")
    rest, kinds = message[24:], set()
    while rest:
        size = rest[1] * 8 if len(rest) > 1 else 0
        if not 0 < size <= len(rest):
            raise ValueError("an option does not fit")
        kinds.add(rest[0])
        rest = rest[size:]
    prefix = IPv6Address("ff02::1:ff00:0").packed[:13]
    if source == bytes(16) and (to[:13] != prefix or 1 in kinds):
        raise ValueError("a probe goes to a solicited-node address, and names no card")
    return str(IPv6Address(target))
    ### END SOLUTION


# %% [markdown] role="hint" id="ndp-hint-1"
# Nudge
# `IPv6Address("fd00:9::1").packed` gives sixteen octets. 24 bits are the last three of them.

# %% [markdown] role="hint" id="ndp-hint-2"
# Way
# Build the message first, with a zero checksum; then pseudo-header and message go through
# `checksum`, and the result takes the place of octets 2 and 3. For the reader: the same sum over a
# message with its checksum in it is 0.

# %% [markdown] role="hint" id="ndp-hint-3"
# Almost
# `message = b"\x87" + bytes(7) + target` and the option `b"\x01\x01" + mac`;
# `struct.pack("!I3xB", len(message), 58)` is the pseudo-header's end. The walk over the options:
# `size = rest[1] * 8 if len(rest) > 1 else 0`, refuse unless `0 < size <= len(rest)`, then
# `rest = rest[size:]`.


# %% role="test" id="ndp-test-group" points=1
@check.test
def _():
    # The group, and its MAC address.
    check.each(
        solicited_node,
        ["fd00:9::1", "fe80::0200:00ff:fe12:3456"],
        expected=["ff02::1:ff00:1", "ff02::1:ff12:3456"],
        rule="ff02::1:ff and the last 24 bits, six hexadecimal digits.",
        rfc="RFC 4291 section 2.7.1",
    )
    check.each(
        multicast_mac,
        ["ff02::1:ff00:1", "ff02::1"],
        expected=["33:33:ff:00:00:01", "33:33:00:00:00:01"],
        rule="33:33 and the last four octets of the multicast address.",
        rfc="RFC 2464 section 7",
    )
    ### BEGIN HIDDEN TESTS
    import socket

    from scapy.utils6 import in6_getnsma, in6_getnsmac

    dice = random.Random(8)
    hosts = [str(IPv6Address(dice.randbytes(16))) for _ in range(60)]
    hosts += ["::", "::1", "2001:db8::ff00:0", "fe80::ff:0:0", "2001:db8::a:b0c0:d0e0"]
    check.each(
        solicited_node,
        hosts,
        expected=lambda host: str(
            IPv6Address(in6_getnsma(socket.inet_pton(socket.AF_INET6, host)))
        ),
        rule="ff02::1:ff and the last 24 bits, six hexadecimal digits.",
        rfc="RFC 4291 section 2.7.1",
    )
    groups = [str(IPv6Address(b"\xff\x02" + dice.randbytes(14))) for _ in range(60)]
    groups += ["ff02::2", "ff05::1:3", "ff02::1:ffab:cdef", "ff0e::"]
    check.each(
        multicast_mac,
        groups,
        expected=lambda group: in6_getnsmac(socket.inet_pton(socket.AF_INET6, group)).lower(),
        rule="33:33 and the last four octets of the multicast address.",
        rfc="RFC 2464 section 7",
    )
    ### END HIDDEN TESTS


# %% role="test" id="ndp-test-octets" points=3
@check.test
def _():
    # The solicitation, octet for octet as scapy writes it.
    solicitation_rule = dict(
        view="frame",
        rule="Solicited-node addresses in both envelopes, hop limit 255, checksum with the "
        "pseudo-header of next header 58, and the sender's MAC as an option, but not from ::.",
        rfc="RFC 4861 sections 4.3 and 7.2.2",
    )
    octets = bytes.fromhex(
        "3333ff000001 020000000002 86dd"
        "60000000 0020 3a ff fd000009000000000000000000000002 ff0200000000000000000001ff000001"
        "87 00 7d85 00000000 fd000009000000000000000000000001 01 01 020000000002"
    )
    check(
        build_solicitation,
        "02:00:00:00:00:02",
        "fd00:9::2",
        "fd00:9::1",
        expected=octets,
        **solicitation_rule,
    )
    ### BEGIN HIDDEN TESTS
    from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
    from scapy.layers.l2 import Ether
    from scapy.utils6 import in6_getnsmac

    def oracle(mac, source, target):
        octets = b"\xff\x02" + bytes(9) + b"\x01\xff" + IPv6Address(target).packed[13:]
        group = str(IPv6Address(octets))
        message = ICMPv6ND_NS(tgt=target)
        if source != "::":
            message /= ICMPv6NDOptSrcLLAddr(lladdr=mac)
        return bytes(
            Ether(src=mac, dst=in6_getnsmac(IPv6Address(group).packed))
            / IPv6(src=source, dst=group, hlim=255)
            / message
        )

    dice = random.Random(9)

    def asks(number, source=None):
        for _ in range(number):
            mac, mine, target = dice.randbytes(6), dice.randbytes(16), b"\x20" + dice.randbytes(15)
            yield mac.hex(":"), source or str(IPv6Address(mine)), str(IPv6Address(target))

    asked = [*asks(40), *asks(4, "fe80::2")]
    check.each(build_solicitation, asked, expected=oracle, **solicitation_rule)
    check.each(
        build_solicitation,
        list(asks(20, "::")),
        expected=oracle,
        view="frame",
        rule="From :: there is no option: a host without an address must not be written down.",
        rfc="RFC 4861 section 7.1.1",
    )

    def ask_the_peer(build_solicitation):
        """Your solicitation, and the peer's judgement."""
        with Network.best(ipv6=True, resolved=False) as net:
            net.link.send(build_solicitation(net.mac, net.address6, net.peer.address6))
            seen = {"advertisement": "none", "noted down": None}
            end = net.clock.now() + 1.0
            while (left := end - net.clock.now()) > 0:
                frame = net.link.receive(timeout_s=left)
                if frame and frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 136:
                    seen["advertisement"] = str(IPv6Address(frame[62:78]))
                    break
            for row in net.peer.neighbours():
                if row.address == net.address6:
                    seen["noted down"] = row.mac
            return seen

    check.probe(
        build_solicitation,
        ask_the_peer,
        expected={"advertisement": "fd00:9::1", "noted down": "02:00:00:00:00:02"},
        rule="A peer that accepts a solicitation answers with an advertisement, and notes down the "
        "MAC address in its option.",
        rfc="RFC 4861 section 7.2.3",
    )
    ### END HIDDEN TESTS


# %% role="test" id="ndp-test-read" points=3
@check.test
def _():
    # Read a solicitation, or refuse.
    octets = bytes.fromhex(
        "3333ff000001 020000000002 86dd"
        "60000000 0020 3a ff fd000009000000000000000000000002 ff0200000000000000000001ff000001"
        "87 00 7d85 00000000 fd000009000000000000000000000001 01 01 020000000002"
    )
    check(read_solicitation, octets, expected="fd00:9::1", rfc="RFC 4861 section 4.3")
    routed = octets[:21] + b"\xfe" + octets[22:]
    check.refuses(
        read_solicitation,
        routed,
        rule="A hop limit below 255 has crossed a router: refuse it.",
        rfc="RFC 4861 section 7.1.1",
    )
    ### BEGIN HIDDEN TESTS
    from scapy.utils import checksum as scapy_checksum

    def solicitation(
        source="fd00:9::2", to="ff02::1:ff00:1", target="fd00:9::1", options=None, *, kind=135,
        code=0, first=0x60, next_header=58, hops=255, length=None, spoil=0, padding=b"",
        ethertype=b"\x86\xdd", cut=None, label=0, reserved=bytes(4), more=0,
    ):  # fmt: skip
        options = b"\x01\x01\x02\0\0\0\0\x02" if options is None else options
        message = bytes([kind, code, 0, 0]) + reserved + IPv6Address(target).packed + options
        message = message[:cut]
        ends = IPv6Address(source).packed + IPv6Address(to).packed
        said = len(message) + more
        total = scapy_checksum(ends + struct.pack("!I3xB", said, 58) + message) ^ spoil
        message = message[:2] + total.to_bytes(2, "big") + message[4:]
        size = said if length is None else length
        header = bytes([first]) + label.to_bytes(3, "big")
        header += struct.pack("!HBB", size, next_header, hops) + ends
        return b"\x33\x33\xff\0\0\1\x02\0\0\0\0\x02" + ethertype + header + message + padding

    other = b"\x0e\x02" + bytes(14)
    dice = random.Random(10)
    targets = ["fd00:9::1", "fe80::1", "2001:db8::77", "::1"]
    targets += [str(IPv6Address(b"\x20" + dice.randbytes(15))) for _ in range(20)]
    good = [(solicitation(target=t), t) for t in targets]
    mine = b"\x01\x01\x02\0\0\0\0\x02"

    def accepted(rule, *good):
        check.each(
            read_solicitation,
            [(frame,) for frame, _ in good],
            expected=[target for _, target in good],
            rule=rule,
            rfc="RFC 4861 section 7.1.1",
        )

    one = "fd00:9::1"
    accepted("Any host may be asked for.", *good)
    accepted(
        "Options: none, others, and others before or after the one of type 1.",
        *[(solicitation(options=o), one) for o in (b"", other, other + mine, mine + other)],
    )
    to_one_card = solicitation(to=one)
    accepted(
        "Any destination will do, if the source is an address: the asker may know the card already.",
        (to_one_card, one),
        (b"\x02\0\0\0\0\1" + to_one_card[6:], one),
        (solicitation(to="ff02::1"), one),
    )
    accepted(
        "From :: it may go to any solicited-node address, with options of any type but 1.",
        (solicitation("::", options=b""), one),
        (solicitation("::", "ff02::1:ffab:cdef", "fe80::ab:cdef", b""), "fe80::ab:cdef"),
        (solicitation("::", "ff02::1:ffab:cdef", options=b""), one),
        (solicitation("::", options=other), one),
        (solicitation("::", options=b"\x0e\x01" + bytes(6)), one),
    )
    accepted(
        "What follows the payload length is padding.",
        (solicitation(padding=bytes(9)), one),
        (solicitation(padding=b"\x01\x00" * 9), one),
    )
    accepted(
        "Traffic class, flow label and the four octets before the target are not judged.",
        (solicitation(first=0x6F), one),
        (solicitation(label=0xABCDEF), one),
        (solicitation(reserved=b"\xff\x01\x02\x03"), one),
    )

    def refused(rule, *frames):
        check.refuses_each(read_solicitation, frames, rule=rule, rfc="RFC 4861 section 7.1.1")

    refused("The hop limit must be 255.", *[solicitation(hops=n) for n in (0, 1, 64, 254)])
    whole = solicitation()
    refused(
        "The checksum must be right.",
        *[solicitation(spoil=n) for n in (1, 0x100, 0xFFFF)],
        whole[:56] + bytes(2) + whole[58:],
    )
    refused("The code must be 0.", *[solicitation(code=n) for n in (1, 135, 255)])
    refused("The type must be 135.", *[solicitation(kind=n) for n in (0, 128, 134, 136)])
    refused("The next header must be 58.", *[solicitation(next_header=n) for n in (0, 1, 6, 59)])
    refused("The version must be 6.", *[solicitation(first=n) for n in (0x00, 0x40, 0x46, 0x70)])
    short = [solicitation(cut=n) for n in (4, 8, 23)]
    refused("24 octets at least.", *short, *[f + bytes(30) for f in short])
    refused(
        "The target must be one host.",
        solicitation(target="ff02::1"),
        solicitation(target="ffff::"),
    )
    refused(
        "An option must have a length, and fit.",
        *[solicitation(options=o) for o in (
            b"\x01\x00\x02\0\0\0\0\x02", b"\x01\x02\x02\0\0\0\0\x02", b"\x0e\x00", b"\x01",
            other + b"\x01\x00\x02\0\0\0\0\x02", other[:8], b"\x01\x01\x02\0\0\0\0\x02\x0e",
        )],
    )  # fmt: skip
    refused(
        "From :: it must go to a solicited-node address.",
        *[solicitation("::", to, options=b"") for to in (
            "ff02::1", "fd00:9::1", "ff02::1:fe00:1", "ff02::2:ff00:1", "ff05::1:ff00:1"
        )],
    )  # fmt: skip
    refused(
        "From :: there must be no option of type 1.",
        solicitation("::"),
        solicitation("::", options=b"\x01\x02" + bytes(14)),
        solicitation("::", options=other + mine),
        solicitation("::", options=mine + other),
    )
    refused("The frame must be whole.", *[whole[:n] for n in range(len(whole))])
    refused(
        "The frame must be whole.",
        solicitation(length=33),
        solicitation(length=400),
        *[solicitation(options=b"", length=n) for n in (23, 25)],
        *[solicitation(more=n) for n in (1, 8)],
    )
    refused(
        "IPv6 without a tag.",
        solicitation(ethertype=b"\x08\x00"),
        solicitation(ethertype=b"\x08\x06"),
        whole[:12] + b"\x81\x00\x00\x05" + whole[12:],
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="host-text"
# ## 9. Be a host
#
# You have all the parts. What a host does beyond answering ARP, to be found by `ping`, is one thing
# more: **echo** (RFC 792). Somebody sends an ICMP message of type 8, and the host sends the same
# octets back as type 0. Your frames now meet something that nobody here wrote. On Linux,
# `Network.best()` puts the *kernel* at the other end: it will ask by ARP, believe what you answer, write
# you into its table, send its echo requests, check every sum in your replies, and only then report a
# round trip. (On other systems the embedded network takes its place.)

# %% [markdown] role="given" id="host-brief"
# ### Exercise 9: be a host
#
# **`answer_frame(frame: bytes, my_mac: str, my_ip: str, table: dict[str, str]) -> bytes | None`**:
# what a host says to a frame. ARP goes through your `receive_arp`. An IPv4 packet with an echo request
# gets its reply, and leaves the table as it is. Everything else gets `None`; no frame makes it raise.
#
# An echo request is answered if *all* of this holds, otherwise `None`:
#
# | part | must be |
# |---|---|
# | Ethernet | without a tag, to `my_mac`, EtherType `0x0800` |
# | IPv4, octet 0 | high four bits: version 4; low four bits: header length in units of 4 octets, at least 5 |
# | IPv4, octets 2-3 | total length: header and data; no less than the header, no more than has come (what follows is padding) |
# | IPv4, octets 6-7 | the low 14 bits are zero: a piece of a packet (a fragment) is not answered |
# | IPv4, octet 9 | protocol 1, ICMP |
# | IPv4, octets 16-19 | destination `my_ip` |
# | IPv4 header | its checksum is right: `checksum(header)` is 0, options (what is beyond 20 octets) included |
# | ICMP | 8 octets at least, type 8 (octet 0), code 0 (octet 1), `checksum(message)` is 0 |
#
# The reply is a frame to the *Ethernet source* of the request, from `my_mac`, without padding. Its
# IPv4 header has 20 octets: version 4, its own total length, no fragment, time to live 64 (octet 8),
# protocol 1, source `my_ip` (octets 12-15), destination the one who asked, a right checksum in octets
# 10-11. The ICMP message is that of the request with type 0 and a right checksum (octets 2-3). The other
# fields of the header are yours. Checksums: `from scapy.utils import checksum`.
#
# **`be_host(link, clock, my_mac: str, my_ip: str, for_s: float) -> int`**: be that host for `for_s`
# seconds, with an empty table. `link.receive(timeout_s)` waits at most so long and returns the next
# frame or `None`; `link.send(frame)` sends one; `clock.now()` is the time in seconds (it may be a
# virtual clock, so use no other). Return how many frames you have sent.
#
# Example: `net.peer.ping(net.address)`, then `be_host(net.link, net.clock, net.mac, net.address, 0.5)`
# returns 2 (one ARP reply, one echo reply), and the ping's `answered_s` is no longer `None`.


# %% role="answer" id="host-answer"
def answer_frame(frame: bytes, my_mac: str, my_ip: str, table: dict[str, str]) -> bytes | None:
    """Return what a host says to a frame, or None."""
    ### BEGIN SOLUTION
    from scapy.utils import checksum

    try:
        envelope = parse_ethernet(frame)
    except ValueError:
        return None
    if envelope.ethertype == 0x0806:
        return receive_arp(frame, my_mac, my_ip, table)
    packet, me = envelope.payload, IPv4Address(my_ip).packed
    if envelope.vlan is not None or envelope.ethertype != 0x0800 or envelope.destination != my_mac:
        return None
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    size, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], "big")
    if not 20 <= size <= total <= len(packet) or checksum(packet[:size]) != 0:
        return None
    fragment = int.from_bytes(packet[6:8], "big") & 0x3FFF
    message = packet[size:total]
    if fragment or packet[9] != 1 or packet[16:20] != me:
        return None
    if len(message) < 8 or message[:2] != b"\x08\0" or checksum(message) != 0:
        return None
    reply = bytes(4) + message[4:]
    reply = bytes(2) + checksum(reply).to_bytes(2, "big") + reply[4:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(reply), 0, 0, 64, 1, 0) + me + packet[12:16]
    header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    return frame[6:12] + frame[:6] + b"\x08\0" + header + reply
    ### END SOLUTION


def be_host(link, clock, my_mac: str, my_ip: str, for_s: float) -> int:
    """Answer what comes for so many seconds; return how many frames were sent."""
    ### BEGIN SOLUTION
    table, sent, end_s = {}, 0, clock.now() + for_s
    while (left_s := end_s - clock.now()) > 0:
        frame = link.receive(left_s)
        reply = None if frame is None else answer_frame(frame, my_mac, my_ip, table)
        if reply is not None:
            link.send(reply)
            sent += 1
    return sent
    ### END SOLUTION


# %% [markdown] role="hint" id="host-hint-1"
# Nudge
# Everything the reply needs stands in the request. What is exchanged, what is kept, and which three
# places must be computed anew?

# %% [markdown] role="hint" id="host-hint-2"
# Way
# Cut the packet by its own numbers: the header ends after `(packet[0] & 0x0F) * 4` octets, the message
# at the total length. Check those two before you slice. A checksum is computed with its own field
# zero, and then written into it.

# %% [markdown] role="hint" id="host-hint-3"
# Almost
# The reply's message is `bytes(2) + <sum> + message[4:]`, where the sum is `checksum(bytes(4) +
# message[4:])`. The header: `struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0)` and
# the two addresses; put its sum into octets 10 and 11. The loop: `while (left := end - clock.now()) >
# 0`, receive, answer, send, count.


# %% role="given" id="host-given-shorthand"
# Shorthand for the tests below: an echo request from the peer, and a reply laid open.
def echo_request(
    data=b"data", *, to="10.9.0.2", source="10.9.0.1", ident=7, seq=9, ihl=5, first=None, total=None,
    fragment=0, protocol=1, kind=8, code=0, spoil_ip=0, spoil_icmp=0, padding=b"", mac=None, cut=None,
    ethertype=b"\x08\x00",
) -> bytes:  # fmt: skip
    from scapy.utils import checksum

    message = struct.pack("!BBHHH", kind, code, 0, ident, seq) + data
    message = message[:cut]
    message = message[:2] + (checksum(message) ^ spoil_icmp).to_bytes(2, "big") + message[4:]
    size = 20 + (ihl - 5) * 4 if ihl > 5 else 20
    first = 0x40 | ihl if first is None else first
    total = size + len(message) if total is None else total
    header = struct.pack("!BBHHHBBH", first, 0, total, 77, fragment, 63, protocol, 0)
    header += IPv4Address(source).packed + IPv4Address(to).packed + b"\x01" * (size - 20)
    header = header[:10] + (checksum(header) ^ spoil_ip).to_bytes(2, "big") + header[12:]
    envelope = bytes.fromhex((mac or host_mac(2)).replace(":", "")) + b"\x02\0\0\0\0\x01"
    return envelope + ethertype + header + message + padding


class UntilDone:
    """A network's link and clock in one; the time is over as soon as `done()` is true."""

    def __init__(self, net, done):
        self.net, self.done = net, done

    def now(self):
        return self.net.clock.now() + (1000.0 if self.done() else 0.0)

    def send(self, frame):
        self.net.link.send(frame)

    def receive(self, timeout_s):
        end_s = self.now() + timeout_s
        while (left_s := end_s - self.now()) > 0:
            if (frame := self.net.link.receive(min(left_s, 0.02))) is not None:
                return frame
        return None


def laid_open(frame) -> dict | str:
    """The fields of an echo reply that count."""
    from scapy.utils import checksum

    if frame is None:
        return "no reply"
    if len(frame) < 42 or frame[12:14] != b"\x08\x00":
        return f"no echo reply: {frame.hex(' ')}"
    packet = frame[14:]
    return {
        "to": frame[:6].hex(":"),
        "from": frame[6:12].hex(":"),
        "version and header length": f"0x{packet[0]:02x}",
        "total length, octets that came": (int.from_bytes(packet[2:4], "big"), len(packet)),
        "fragment": int.from_bytes(packet[6:8], "big") & 0x3FFF,
        "time to live, protocol": (packet[8], packet[9]),
        "IP header sum (0 is right)": checksum(packet[:20]),
        "source, destination": (str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20]))),
        "type, code": (packet[20], packet[21]),
        "ICMP sum (0 is right)": checksum(packet[20:]),
        "identifier, number, data": packet[24:].hex(" "),
    }


# %% role="test" id="host-test-echo" points=2
@check.test
def _():
    # An echo request, and what comes back.
    def replies(frames):
        def laid(answer_frame):
            """The replies to these echo requests, field by field."""
            return {
                name: laid_open(answer_frame(frame, host_mac(2), "10.9.0.2", {}))
                for name, frame in frames.items()
            }

        return laid

    def right(source, ident, seq, data):
        size = 28 + len(data)
        return {
            "to": host_mac(1),
            "from": host_mac(2),
            "version and header length": "0x45",
            "total length, octets that came": (size, size),
            "fragment": 0,
            "time to live, protocol": (64, 1),
            "IP header sum (0 is right)": 0,
            "source, destination": ("10.9.0.2", source),
            "type, code": (0, 0),
            "ICMP sum (0 is right)": 0,
            "identifier, number, data": (struct.pack("!HH", ident, seq) + data).hex(" "),
        }

    echo_rule = dict(
        rule="The same message as type 0, from you to the one who asked, both sums anew.",
        rfc="RFC 792",
    )
    check.probe(
        answer_frame,
        replies({"hello": echo_request(b"hello")}),
        expected={"hello": right("10.9.0.1", 7, 9, b"hello")},
        **echo_rule,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(11)
    frames, wanted = {}, {}
    for size in (0, 1, 2, 17, 18, 56, 255, 256, 1471, 1472, 33, 48):
        data, ident, seq = dice.randbytes(size), dice.getrandbits(16), dice.getrandbits(16)
        source = str(IPv4Address(dice.getrandbits(32)))
        padding = bytes(max(0, 18 - size)) or dice.choice([b"", b"\xaa\xbb\xcc"])
        ihl, whole = dice.choice([5, 5, 6, 15]), dice.choice([0, 0x4000, 0x8000])
        name = f"data {size}, padding {len(padding)}, header {4 * ihl}, flags {whole:#x}"
        frames[name] = echo_request(
            data, source=source, ident=ident, seq=seq, padding=padding, ihl=ihl, fragment=whole
        )
        wanted[name] = right(source, ident, seq, data)
    frames["all ones"] = echo_request(b"\xff\xff\xff\xff", ident=0xFFFF, seq=0xFFFF)
    wanted["all ones"] = right("10.9.0.1", 0xFFFF, 0xFFFF, b"\xff\xff\xff\xff")
    check.probe(
        answer_frame,
        replies(frames),
        expected=wanted,
        rule="Any size; options are left out; what follows the total length is padding and does not "
        "come back.",
        rfc="RFC 792",
    )

    def right_sums(answer_frame):
        """Replies to requests whose own sums are near the ends of the scale."""
        from scapy.utils import checksum

        wrong = []
        for number in range(0, 0x10000, 0xFF):
            reply = answer_frame(echo_request(seq=number), host_mac(2), "10.9.0.2", {})
            if reply is None or checksum(reply[14:34]) != 0 or checksum(reply[34:]) != 0:
                wrong.append(number)
        huge = answer_frame(echo_request(bytes(40_000)), host_mac(2), "10.9.0.2", {})
        return {"wrong sums": wrong[:3], "octets for 40,000 of data": huge and len(huge)}

    check.probe(
        answer_frame,
        right_sums,
        expected={"wrong sums": [], "octets for 40,000 of data": 40_042},
        rule="Both sums are computed anew, over all that they cover, whatever the size.",
        rfc="RFC 792",
    )

    def from_a_neighbour(answer_frame):
        """The table knows 10.9.0.1 at another card, and nothing of 10.9.0.3."""
        table = {"10.9.0.1": host_mac(77)}
        frames = [echo_request(), echo_request(source="10.9.0.3")]
        replies = [answer_frame(frame, host_mac(2), "10.9.0.2", table) for frame in frames]
        return {"to": [r and r[:6].hex(":") for r in replies], "table": table}

    check.probe(
        answer_frame,
        from_a_neighbour,
        expected={"to": [host_mac(1), host_mac(1)], "table": {"10.9.0.1": host_mac(77)}},
        rule="The reply goes to the Ethernet source; an IPv4 packet leaves the table as it is.",
        rfc="RFC 792",
    )

    def asked_by_arp(answer_frame):
        """An ARP request, then one for somebody else: answers, and the table."""
        table = {}
        said = [
            answer_frame(frame, host_mac(2), "10.9.0.2", table)
            for frame in (arp_frame(REQUEST, 1, 2), arp_frame(REQUEST, 1, 3))
        ]
        return [None if reply is None else reply.hex(" ") for reply in said], table

    check.probe(
        answer_frame,
        asked_by_arp,
        expected=([arp_frame(REPLY, 2, 1).hex(" "), None], {"10.9.0.1": host_mac(1)}),
        rule="ARP frames go through receive_arp, with the table.",
        rfc='RFC 826, "Packet Reception"',
    )
    ### END HIDDEN TESTS


# %% role="test" id="host-test-silence" points=2
@check.test
def _():
    # What gets no reply.
    def answered(**frames):
        def which(answer_frame):
            """Which of these frames were answered?"""
            return [
                name
                for name, frame in frames.items()
                if answer_frame(frame, host_mac(2), "10.9.0.2", {}) is not None
            ]

        return which

    check.probe(
        answer_frame,
        answered(
            for_another=echo_request(to="10.9.0.3"),
            reply=echo_request(kind=0),
            wrong_sum=echo_request(spoil_icmp=1),
        ),
        expected=[],
        rule="Only a whole, undamaged echo request for you is answered.",
        rfc="RFC 792",
    )
    ### BEGIN HIDDEN TESTS
    silent = dict(expected=[], rfc="RFC 792")
    whole = echo_request()
    check.probe(
        answer_frame,
        answered(
            tagged=whole[:12] + b"\x81\x00\x00\x05" + whole[12:],
            other_card=echo_request(mac=host_mac(3)),
            everybody=echo_request(mac=BROADCAST),
            ipv6_type=echo_request(ethertype=b"\x86\xdd"),
            length_field=echo_request(ethertype=b"\x00\x40"),
        ),
        rule="The envelope: no tag, to your card, EtherType 0x0800.",
        **silent,
    )
    check.probe(
        answer_frame,
        answered(
            version_6=echo_request(first=0x65),
            version_5=echo_request(first=0x55),
            header_of_16=echo_request(first=0x44),
            header_of_0=echo_request(first=0x40),
            header_sum=echo_request(spoil_ip=0x0100),
            options_sum=echo_request(ihl=6)[:34] + b"\x01\x01\x01\x00" + echo_request(ihl=6)[38:],
        ),
        rule="The IPv4 header: version 4, 20 octets at least, checksum right over all of it.",
        **silent,
    )
    check.probe(
        answer_frame,
        answered(
            first_piece=echo_request(fragment=0x2000),
            last_piece=echo_request(fragment=0x00B9),
            far_piece=echo_request(fragment=0x1000),
            udp=echo_request(protocol=17),
            tcp=echo_request(protocol=6),
            broadcast=echo_request(to="10.9.0.255"),
            next_door=echo_request(to="10.9.1.2"),
        ),
        rule="No fragments, ICMP only, your address only.",
        **silent,
    )
    check.probe(
        answer_frame,
        answered(
            longer_than_came=echo_request(total=60),
            one_too_long=echo_request(total=33),
            shorter_than_header=echo_request(total=19),
            only_a_header=echo_request(total=20, padding=bytes(20)),
            shorter_than_options=echo_request(ihl=15, total=59),
        ),
        rule="The total length: at least the header, at most what has come.",
        **silent,
    )
    check.probe(
        answer_frame,
        answered(
            type_0=echo_request(kind=0),
            type_13=echo_request(kind=13),
            code_1=echo_request(code=1),
            message_sum=echo_request(spoil_icmp=0x8000),
            last_octet=whole[:-1] + b"!",
            seven_octets=echo_request(cut=7),
            four_octets=echo_request(cut=4, padding=bytes(20)),
        ),
        rule="The message: 8 octets at least, type 8, code 0, checksum right.",
        **silent,
    )

    def header_too_short(answer_frame):
        """A header of 16 octets, its sum right; read from there, the rest looks like an echo."""
        from scapy.utils import checksum

        message = bytes([8, 0]) + bytes(2) + bytes(range(12))
        message = message[:2] + bytes(2) + message[4:14] + checksum(message[:14]).to_bytes(2, "big")
        header = struct.pack("!BBHHHBBH", 0x44, 0, 32, 77, 0, 63, 1, 0) + bytes([10, 9, 0, 1])
        header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
        whole = bytes.fromhex("020000000002 020000000001 0800") + header + message
        return answer_frame(whole, host_mac(2), "8.0.0.0", {})

    check.probe(
        answer_frame,
        header_too_short,
        expected=None,
        rule="A header has 20 octets at least.",
        rfc="RFC 791 section 3.1",
    )

    def cut_short(answer_frame):
        """Frames cut anywhere: the lengths that were answered."""
        return [
            size
            for size in range(len(whole))
            if answer_frame(whole[:size], host_mac(2), "10.9.0.2", {}) is not None
        ]

    check.probe(answer_frame, cut_short, rule="A frame that was cut is damaged.", **silent)
    ### END HIDDEN TESTS


# %% role="test" id="host-test-kernel" points=4
@check.test
def _():
    # The kernel asks, believes and pings your function.
    def pinged(be_host):
        """What you sent, whether the ping came back, what the peer notes about you."""
        with Network.best(resolved=False) as net:
            net.peer.pace_neighbours(retry_s=20.0)
            ping = net.peer.ping(net.address)
            both = UntilDone(net, lambda: ping.answered_s is not None)
            sent = be_host(both, both, net.mac, net.address, 1.0)
            (row,) = net.peer.neighbours()
            return {
                "sent": sent,
                "answered": ping.answered_s is not None,
                "you are": (row.mac, row.state),
            }

    check.probe(
        be_host,
        pinged,
        expected={"sent": 2, "answered": True, "you are": ("02:00:00:00:00:02", "REACHABLE")},
        rule="One ARP reply, one echo reply: the ping comes back and you are REACHABLE.",
        rfc="RFC 792",
    )
    ### BEGIN HIDDEN TESTS

    def five_sizes(be_host):
        """Five pings at once, of 0 to 1472 octets: which came back?"""
        with Network.best(resolved=False) as net:
            net.peer.pace_neighbours(retry_s=20.0)
            pings = [net.peer.ping(net.address, data_bytes=n) for n in (0, 1, 55, 56, 1472)]
            both = UntilDone(net, lambda: None not in [ping.answered_s for ping in pings])
            sent = be_host(both, both, net.mac, net.address, 1.0)
            return {"sent": sent, "answered": [ping.answered_s is not None for ping in pings]}

    check.probe(
        be_host,
        five_sizes,
        expected={"sent": 6, "answered": [True] * 5},
        rule="One ARP reply, then an echo reply for every ping, whatever its size.",
        rfc="RFC 792",
    )

    def among_others(be_host):
        """A busy link: requests for others, damaged frames, IPv6, and one ping for you."""

        class Tape:
            def __init__(self, *arrivals):
                self.time_s, self.arrivals, self.sent = 50.0, list(arrivals), []

            def now(self):
                return self.time_s

            def send(self, frame):
                self.sent.append((round(self.time_s - 50, 2), len(frame)))

            def receive(self, timeout_s):
                if self.arrivals and self.arrivals[0][0] <= self.time_s + timeout_s:
                    due_s, frame = self.arrivals.pop(0)
                    self.time_s = max(self.time_s, due_s)
                    return frame
                self.time_s += max(timeout_s, 1e-3)
                return None

        tape = Tape(
            (50.1, arp_frame(REQUEST, 1, 3)),
            (50.2, b"\x33\x33\0\0\0\1" + bytes(6) + b"\x86\xdd" + bytes(60)),
            (50.3, bytes(14)),
            (50.4, arp_frame(REQUEST, 1, 2)),
            (50.5, echo_request(b"x" * 5)[:-1]),
            (50.6, echo_request(b"x" * 5, padding=bytes(13))),
            (51.9, arp_frame(REQUEST, 3, 2) + bytes(18)),
            (52.5, echo_request()),
        )
        sent = be_host(tape, tape, host_mac(2), "10.9.0.2", 2.0)
        impatient = Tape((50.5, None), (51.0, arp_frame(REQUEST, 1, 2)), (51.5, None))
        woken = be_host(impatient, impatient, host_mac(2), "10.9.0.2", 2.0)
        silence = Tape()
        nothing = be_host(silence, silence, host_mac(2), "10.9.0.2", 3.0)
        return {
            "sent": sent,
            "when, octets": tape.sent,
            "stopped in time": tape.time_s <= 52.3,
            "a receive that gives None early": (woken, impatient.time_s >= 51.9),
            "silent link": (nothing, 52.9 <= silence.time_s <= 53.3),
        }

    check.probe(
        be_host,
        among_others,
        expected={
            "sent": 3,
            "when, octets": [(0.4, 42), (0.6, 47), (1.9, 42)],
            "stopped in time": True,
            "a receive that gives None early": (1, True),
            "silent link": (0, True),
        },
        rule="Answer what is for you as soon as it comes, pass over the rest, stop after for_s.",
        rfc="RFC 792",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="host-show"
# And for your own eyes. Where the machine has a `ping` program, the next cell starts it *in the peer*,
# against your function; else the peer pings by itself.

# %%
with Network.best(resolved=False) as net:
    try:
        try:
            program = net.peer.start("ping", "-n", "-i", "0.2", "-c", "3", net.address)
        except (AttributeError, FileNotFoundError):
            program, ping = None, net.peer.ping(net.address)
        be_host(net.link, net.clock, net.mac, net.address, 0.8)
        print(program.finish().stdout if program else f"answered after {ping.answered_s} s")
    except NotImplementedError:
        print("Exercises 1, 3, 4 and 9 come first; then run this cell again.")

# %% [markdown] role="given" id="host-claim"
# One claim is left. Is ARP *necessary*, if one's host speaks IPv4? In the next cell somebody has written
# your MAC address into the peer's table by hand (`ip neigh add ... nud permanent`), and you answer
# to the envelope that a packet came in.

# %%
with Network.best(resolved=True) as net:
    try:
        ping = net.peer.ping(net.address)
        be_host(net.link, net.clock, net.mac, net.address, 0.2)
        arp_frames = sum(record.frame[12:14] == b"\x08\x06" for record in net.trace)
        print(
            "answered:",
            ping.answered_s is not None,
            "  frames:",
            len(net.trace),
            "  ARP:",
            arp_frames,
        )
        print("table:", [(row.address, row.state) for row in net.peer.neighbours()])
    except NotImplementedError:
        print("Exercise 9 comes first; then run this cell again.")

# %% [markdown] role="given" id="host-verdict"
# > **Is it so?** "ARP is an indispensable protocol of the IPv4 network layer." *Half true.* What IPv4
# > needs on Ethernet is a table of neighbours, and ARP is the usual way to fill it; a table written by
# > hand does as well, and on a link without addresses (a cable with two ends, say, or a tunnel) there is
# > nothing to resolve. RFC 5227 section 1.3 says to which links ARP applies. And "network layer" is a
# > matter of taste: ARP runs on top of Ethernet, beside IP, and is never routed.

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - An envelope is good for **one link**: what is looked up is the MAC address of the *next hop*, and
#   for everything far away that is the gateway's.
# - Who-has goes to everybody and carries the asker's own addresses; is-at goes to the asker. A host
#   **refreshes whom it knows, adds only who means it, and looks at the opcode last**.
# - Entries grow old (REACHABLE, STALE, PROBE, FAILED); one question a second, one packet held.
# - Nothing in ARP is proved. **An honest change happens once; a forgery flips back and forth.**
# - NDP asks a group instead of everybody, inside ICMPv6, and **hop limit 255** proves that
#   the question comes from this link.
#
# You meet it in practice when `ip neigh` shows FAILED (nobody there, or the wrong VLAN), when two
# machines have one address and connections break at random, when a server that changed its card is
# unreachable until it announces itself, and when "no route to host" comes three seconds late: three
# questions, one a second.
#
# Next comes `12_handshake`, for what the packets carry; `33_mitm` takes up the forger again.

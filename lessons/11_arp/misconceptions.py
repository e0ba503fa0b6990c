"""Planted wrong answers of `11_arp`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import struct
from ipaddress import IPv4Address, IPv6Address

import reference
from scapy.utils import checksum

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.arp import BROADCAST, REPLY, REQUEST, Arp, EthernetFrame


def octets_of(mac):
    """The six octets of a MAC address in text form."""
    return bytes.fromhex(mac.replace(":", ""))


# --- Exercise 1: Ethernet


def changed(frame, **fields):
    """The frame with some fields changed."""
    return EthernetFrame(**{**frame.__dict__, **fields})


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.3",
    says="Destination and source are exchanged. The destination comes first, so that a card can "
    "stop listening after six octets.",
)
def source_first(octets):
    right = reference.parse_ethernet(octets)
    return changed(right, destination=right.source, source=right.destination)


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.3",
    says="The EtherType is read with the low octet first. Network byte order puts the high octet "
    "first: 08 06 is 0x0806.",
)
def low_octet_first(octets):
    if len(octets) < 14:
        raise ValueError("short")
    return EthernetFrame(
        destination=octets[0:6].hex(":"),
        source=octets[6:12].hex(":"),
        ethertype=int.from_bytes(octets[12:14], "little"),
        payload=octets[14:],
    )


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.1Q",
    says="The tag is taken for the payload. 0x8100 is not what the frame carries; the EtherType of"
    " the payload stands four octets further on.",
)
def overlooks_the_tag(octets):
    if len(octets) < 14 or int.from_bytes(octets[12:14], "big") < 0x0600:
        raise ValueError("short")
    return EthernetFrame(
        destination=octets[0:6].hex(":"),
        source=octets[6:12].hex(":"),
        ethertype=int.from_bytes(octets[12:14], "big"),
        payload=octets[14:],
    )


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.1Q",
    says="The whole tag is taken for the VLAN. Its high four bits are something else: three of "
    "priority and one more; mask them off with & 0x0FFF.",
)
def whole_tag_as_vlan(octets):
    right = reference.parse_ethernet(octets)
    tag = int.from_bytes(octets[14:16], "big")
    return right if right.vlan is None else changed(right, vlan=tag)


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.1Q",
    says="The bit below the priority got into it. Priority is the high three bits: shift right by "
    "13, not by 12.",
)
def four_bits_of_priority(octets):
    right = reference.parse_ethernet(octets)
    return right if right.vlan is None else changed(right, priority=octets[14] >> 4)


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.3",
    says="A number below 0x0600 is taken for an EtherType. It is the length of an older kind of "
    "frame, and what follows is not what it seems: refuse it.",
)
def lengths_are_types(octets):
    at = 16 if octets[12:14] == b"\x81\x00" else 12
    if len(octets) < at + 2:
        raise ValueError("short")
    kind, replaced = octets[at : at + 2], octets[:at] + b"\xff\xff" + octets[at + 2 :]
    return changed(reference.parse_ethernet(replaced), ethertype=int.from_bytes(kind, "big"))


@misconception(
    of="parse_ethernet",
    rfc="IEEE 802.3",
    says="A frame that ends too early is read all the same: slices of nothing are empty, and no "
    "error comes by itself. Check the length first.",
)
def reads_what_is_not_there(octets):
    return reference.parse_ethernet(octets[:12] + octets[12:].ljust(6, b"\xff"))


# --- Exercise 2: who-has


@misconception(
    of="next_hop",
    rfc='RFC 826, "Packet Generation"',
    says="You ask for the destination itself, wherever it is. Beyond this link nobody hears the "
    "question: what is asked for is the gateway.",
)
def always_the_destination(destination, interface, gateway):
    return destination


@misconception(
    of="next_hop",
    rfc='RFC 826, "Packet Generation"',
    says="You compare three octets, as if every prefix had 24 bits. The prefix length says how "
    "many bits count.",
)
def always_24_bits(destination, interface, gateway):
    mine = interface.partition("/")[0]
    same = destination.rpartition(".")[0] == mine.rpartition(".")[0]
    return destination if same else gateway


@misconception(
    of="next_hop",
    rfc='RFC 826, "Packet Generation"',
    says="You compare whole octets only. A prefix may end within an octet: /20 is two octets and "
    "four bits.",
)
def whole_octets_only(destination, interface, gateway):
    mine, _, length = interface.partition("/")
    count = int(length) // 8
    same = destination.split(".")[:count] == mine.split(".")[:count]
    return destination if same else gateway


@misconception(
    of="next_hop",
    rfc='RFC 826, "Packet Generation"',
    says="You ask for the gateway always. A neighbour on this link is reached directly, and by its"
    " own MAC address.",
)
def always_the_gateway(destination, interface, gateway):
    return gateway


def request_with(mac, mine, wanted, *, to=b"\xff" * 6, kind=b"\x08\x06", head=None, body=None):
    """A request that is wrong in one of these ways."""
    mac, mine, wanted = octets_of(mac), IPv4Address(mine).packed, IPv4Address(wanted).packed
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) if head is None else head
    body = mac + mine + bytes(6) + wanted if body is None else body(mac, mine, wanted)
    return to + mac + kind + head + body


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="The target MAC inside the packet is ff:ff:ff:ff:ff:ff. Everybody is addressed by the "
    "*envelope*; the field inside is what you ask for, and zeros say that you do not know.",
)
def broadcast_inside(mac, mine, wanted):
    return request_with(mac, mine, wanted, body=lambda m, i, w: m + i + b"\xff" * 6 + w)


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="The envelope says IPv4 (0x0800). ARP is no IP packet: its EtherType is 0x0806, and "
    "0x0800 stands inside, as the kind of address that is asked for.",
)
def in_an_ip_envelope(mac, mine, wanted):
    return request_with(mac, mine, wanted, kind=b"\x08\x00")


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="Both MAC addresses come first, then both IP addresses. The order is the sender's MAC and"
    " IP, then the target's MAC and IP.",
)
def macs_then_ips(mac, mine, wanted):
    return request_with(mac, mine, wanted, body=lambda m, i, w: m + bytes(6) + i + w)


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="Opcode 2 is a reply. Whoever gets it believes that you have answered, and answers "
    "nothing.",
)
def asks_by_a_reply(mac, mine, wanted):
    return request_with(mac, mine, wanted, head=struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2))


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="The numbers are written with the low octet first (struct's default on most machines). "
    "The network wants the high octet first: begin the format with !.",
)
def little_endian_head(mac, mine, wanted):
    return request_with(mac, mine, wanted, head=struct.pack("<HHBBH", 1, 0x0800, 6, 4, 1))


@misconception(
    of="build_request",
    rfc='RFC 826, "Packet format"',
    says="The lengths of the addresses are given in bits. They count octets: 6 and 4.",
)
def lengths_in_bits(mac, mine, wanted):
    return request_with(mac, mine, wanted, head=struct.pack("!HHBBH", 1, 0x0800, 48, 32, 1))


# --- Exercise 3: parse


def arp_of(packet):
    """The Arp of 28 octets, unchecked."""
    return Arp(
        opcode=int.from_bytes(packet[6:8], "big"),
        sender_mac=packet[8:14].hex(":"),
        sender_ip=str(IPv4Address(packet[14:18])),
        target_mac=packet[18:24].hex(":"),
        target_ip=str(IPv4Address(packet[24:28])),
    )


def parse_but(frame, *, kinds=(True, True, True, True), opcodes=(1, 2), types=(0x0806,)):
    """Parse, with some of the four fixed fields not looked at."""
    ethernet = reference.parse_ethernet(frame)
    packet = ethernet.payload
    if (types and ethernet.ethertype not in types) or len(packet) < 28:
        raise ValueError("no ARP")
    found = struct.unpack("!HHBBH", packet[:8])
    wanted = (1, 0x0800, 6, 4)
    if any(look and f != w for look, f, w in zip(kinds, found, wanted, strict=False)):
        raise ValueError("other addresses")
    if opcodes and found[4] not in opcodes:
        raise ValueError("opcode")
    return arp_of(packet)


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet format"',
    says="Sender and target are exchanged: the sender's two addresses come first.",
)
def target_first(frame):
    right = reference.parse_arp(frame)
    return Arp(
        opcode=right.opcode,
        sender_mac=right.target_mac,
        sender_ip=right.target_ip,
        target_mac=right.sender_mac,
        target_ip=right.sender_ip,
    )


@misconception(
    of="parse_arp",
    rfc="IEEE 802.3",
    says="The sender MAC is taken from the envelope. It is often the same, but what ARP says "
    "stands in the ARP packet.",
)
def sender_of_the_envelope(frame):
    right = reference.parse_arp(frame)
    return Arp(**{**right.__dict__, "sender_mac": frame[6:12].hex(":")})


@misconception(
    of="parse_arp",
    rfc="IEEE 802.3",
    says="A padded frame is refused. Cards fill short frames up to 60 octets; take the first 28 "
    "octets of the payload and leave the rest alone.",
)
def wants_exactly_28(frame):
    if len(reference.parse_ethernet(frame).payload) != 28:
        raise ValueError("length")
    return reference.parse_arp(frame)


@misconception(
    of="parse_arp",
    rfc="IEEE 802.1Q",
    says="ARP is looked for at octet 14 always. A tag moves it by four: let parse_ethernet find "
    "the payload.",
)
def always_at_14(frame):
    if len(frame) < 42 or frame[12:14] != b"\x08\x06":
        raise ValueError("no ARP")
    return reference.parse_arp(frame)


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The opcode is not checked. 3 and up belong to other protocols that borrow the format "
    "(RARP, for one), and mean something else.",
)
def any_opcode(frame):
    return parse_but(frame, opcodes=())


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The EtherType is not checked: you read ARP into what is something else.",
)
def any_ethertype(frame):
    return parse_but(frame, types=())


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The lengths of the addresses are not checked. With other lengths every later field "
    "stands somewhere else, and you give a wrong answer instead of none.",
)
def any_length(frame):
    return parse_but(frame, kinds=(True, True, False, False))


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet Reception"',
    says="Hardware type and protocol type are not checked. ARP was made for any kind of link and "
    "of address; this packet is not about IPv4 on Ethernet.",
)
def any_kind(frame):
    return parse_but(frame, kinds=(False, False, True, True))


@misconception(
    of="parse_arp",
    rfc='RFC 826, "Packet format"',
    says="A packet that ends too early is read all the same, as if zeros followed. Slices never "
    "fail: check the length first.",
)
def fills_up_with_zeros(frame):
    tagged = frame[12:14] == b"\x81\x00"
    return reference.parse_arp(frame.ljust(46 if tagged else 42, b"\0"))


# --- Exercise 4: reception


def reply_to(arp, my_mac, my_ip, *, to=None, opcode=REPLY):
    """The reply frame, to another envelope if need be."""
    mine, theirs = octets_of(my_mac), octets_of(arp.sender_mac)
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, opcode)
    ends = mine + IPv4Address(my_ip).packed + theirs + IPv4Address(arp.sender_ip).packed
    return (theirs if to is None else to) + mine + b"\x08\x06" + head + ends


def receive_but(
    frame, my_mac, my_ip, table, *, stranger=False, refresh=True, add=True, probe=False,
    envelope=True, own=False, only_requests=False, only_replies=False, to=None, always_reply=False,
):  # fmt: skip
    """The reception algorithm, wrong in one of these ways."""
    try:
        outer, arp = reference.parse_ethernet(frame), reference.parse_arp(frame)
    except ValueError:
        return None
    if outer.vlan is not None or (envelope and outer.destination not in (my_mac, BROADCAST)):
        return None
    if arp.sender_ip == my_ip and not own:
        return None
    learns = not (only_requests and arp.opcode != REQUEST)
    learns = learns and not (only_replies and arp.opcode != REPLY)
    known = arp.sender_ip in table
    if known and refresh and learns:
        table[arp.sender_ip] = arp.sender_mac
    nobody = arp.sender_ip == "0.0.0.0" and not probe
    if not known and learns and add and not nobody and (arp.target_ip == my_ip or stranger):
        table[arp.sender_ip] = arp.sender_mac
    if arp.target_ip != my_ip or (arp.opcode != REQUEST and not always_reply):
        return None
    return reply_to(arp, my_mac, my_ip, to=to and to(outer, arp))


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="You note down everybody whom you overhear. On a large link the table would fill with "
    "hosts that you never speak to: add a stranger only if the packet means you.",
)
def adds_strangers(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, stranger=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="Only replies teach you something. The asker's own addresses stand in its question, and "
    "you will need them at once, for the answer.",
)
def learns_from_replies_only(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, only_replies=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="Only requests teach you something: you look at the opcode first. It comes last, so a "
    "reply refreshes and adds as well.",
)
def learns_from_requests_only(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, only_requests=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="A known sender is not refreshed. If its card was changed you go on sending to the old "
    "one: any packet of a known sender puts its entry right, whomever it is for.",
)
def never_refreshes(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, refresh=False)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="Known senders are refreshed, but a stranger that asks for you is not added.",
)
def never_adds(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, add=False)


@misconception(
    of="receive_arp",
    rfc="RFC 5227 section 1.1",
    says="0.0.0.0 is in your table. It is the sender of probes, so it stands for nobody; answer, "
    "and note nothing down.",
)
def notes_down_nobody(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, probe=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The reply goes to everybody. Only the asker needs it, and its MAC address stands in the "
    "question.",
)
def replies_to_everybody(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, to=lambda outer, arp: b"\xff" * 6)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The reply goes to the source of the envelope. It is often the same, but the asker is the"
    " one that the ARP packet names.",
)
def replies_to_the_envelope(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, to=lambda outer, arp: octets_of(outer.source))


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="You note down the source of the envelope. It is often the same, but the address that "
    "belongs to the sender IP is the one beside it in the ARP packet.",
)
def notes_the_envelope(frame, my_mac, my_ip, table):
    before = dict(table)
    reply = reference.receive_arp(frame, my_mac, my_ip, table)
    if table != before or reply is not None:
        sender = reference.parse_arp(frame).sender_ip
        if sender in table:
            table[sender] = reference.parse_ethernet(frame).source
    return reply


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="A reply is answered by a reply. Two hosts that both do so never stop.",
)
def answers_replies(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, always_reply=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="The envelope is not looked at. A frame for another card can reach you (through a switch "
    "that does not know better); it is not for you.",
)
def takes_every_envelope(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, envelope=False)


@misconception(
    of="receive_arp",
    rfc="RFC 5227 section 2.4",
    says="Your own address is in your table, with somebody else's MAC address. A packet with your "
    "IP as sender is a conflict, not news.",
)
def believes_about_itself(frame, my_mac, my_ip, table):
    return receive_but(frame, my_mac, my_ip, table, own=True)


@misconception(
    of="receive_arp",
    rfc='RFC 826, "Packet Reception"',
    says="A malformed frame ends your function with an exception: anybody on the link could end "
    "your host with one octet too few.",
)
def falls_over(frame, my_mac, my_ip, table):
    reference.parse_arp(frame)
    return reference.receive_arp(frame, my_mac, my_ip, table)


# --- Exercise 5: the cache


def cache(
    *, queue="latest", ask=True, strangers=False, pending=False, probe=False, ages=True,
    refresh=True, edge=False, pause=1.0, tries=3, again=False, keeps=False, drop=True, use=False,
    life_s=None, stale=False,
):  # fmt: skip
    """A cache that is wrong in one of these ways."""

    class NeighbourCache:
        def __init__(self, my_ip, lifetime_s=60.0):
            self.my_ip, self.lifetime_s = my_ip, life_s or lifetime_s
            self.known, self.asked = {}, {}

        def lookup(self, ip, now_s):
            mac, until_s = self.known.get(ip, (None, 0.0))
            if mac is None or not ages:
                return mac
            if now_s > until_s or (now_s == until_s and not edge):
                return None
            if use:
                self.known[ip] = (mac, now_s + self.lifetime_s)
            return mac

        def send(self, ip, packet, now_s):
            mac = self.lookup(ip, now_s)
            if mac is not None:
                return [("send", mac, packet)]
            if ip in self.asked:
                waiting = self.asked[ip]
                if queue == "latest":
                    waiting[0] = [packet]
                elif queue == "all":
                    waiting[0] = [*waiting[0], packet]
                return [("who-has", ip)] if again else []
            self.asked[ip] = [[packet], 1, now_s]
            return [("who-has", ip)]

        def receive(self, arp, now_s):
            ip = arp.sender_ip
            known = self.known.get(ip, (None,))[0] if stale else self.lookup(ip, now_s)
            if ip in ("0.0.0.0", self.my_ip) and not probe:
                return []
            means_me = arp.target_ip == self.my_ip or strangers or (pending and ip in self.asked)
            if known is None and not means_me:
                return []
            if known is None or refresh:
                self.known[ip] = (arp.sender_mac, now_s + self.lifetime_s)
            elif known != arp.sender_mac:
                self.known[ip] = (arp.sender_mac, self.known[ip][1])
            if ip not in self.asked:
                return []
            held = self.asked[ip][0] if keeps else self.asked.pop(ip)[0]
            return [("send", arp.sender_mac, packet) for packet in held]

        def timeout(self, now_s):
            doings = []
            for ip, waiting in list(self.asked.items()):
                if now_s < waiting[2] + pause:
                    continue
                if tries and waiting[1] >= tries:
                    if drop:
                        del self.asked[ip]
                    doings.append(("unreachable", ip))
                else:
                    waiting[1:] = [waiting[1] + 1, now_s]
                    doings.append(("who-has", ip))
            return doings

        def deadline(self):
            return min((waiting[2] + pause for waiting in self.asked.values()), default=None)

    return NeighbourCache


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.2",
    says="The first packet is kept and later ones are thrown away. Keep the latest: what the "
    "program said last is likelier to be of use.",
)
class KeepsTheFirst(cache(queue="first")):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.2",
    says="Every packet is kept while nobody answers. For a host that does not exist that is memory "
    "without end: the brief says one.",
)
class KeepsThemAll(cache(queue="all")):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="Every packet for an unknown neighbour sends another request. A busy program would flood "
    "the link with broadcasts: ask once, and again by timeout only.",
)
class AsksForEveryPacket(cache(again=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.2",
    says="What was held goes out again with each later answer. Once it has gone, forget it, and "
    "that you had asked.",
)
class SendsItAgain(cache(keeps=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc='RFC 826, "Packet Reception"',
    says="You note down everybody whom you overhear. Add a stranger only if the packet's target is"
    " you.",
)
class NotesStrangers(cache(strangers=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc='RFC 826, "Packet Reception"',
    says="An address that you have asked for is taken as known, so anybody's packet settles it. It"
    " is not in the table yet: only a packet for you adds it.",
)
class AskedIsKnown(cache(pending=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 5227 sections 1.1 and 2.4",
    says="0.0.0.0, or your own address, has been entered as a neighbour. The one stands for "
    "nobody, the other for you.",
)
class NotesNobody(cache(probe=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="An entry lives for ever. When the card is changed, packets go to the old one until "
    "somebody restarts your host.",
)
class NeverForgets(cache(ages=False)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="A refresh does not prolong the entry. A neighbour that speaks all the time would be "
    "asked for every minute.",
)
class DoesNotProlong(cache(refresh=False)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="At t + lifetime_s the entry still counts. The brief says `now_s < t + lifetime_s`: at "
    "that very moment it is over.",
)
class OneMomentTooLong(cache(edge=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="Using an entry prolongs it. That you send to a card does not show that it is still "
    "there; only what the neighbour says does.",
)
class UseProlongs(cache(use=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="An entry lives for 60 s, whatever lifetime_s was said to be.",
)
class AlwaysSixty(cache(life_s=60.0)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="An entry that has ended is refreshed by what you overhear. It is as if it had never "
    "been: its host is a stranger again.",
)
class RaisesTheDead(cache(stale=True)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="It asks for ever. After three requests nobody will answer: drop the packet and say so.",
)
class NeverGivesUp(cache(tries=0)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="One request too few, or one too many: three go out in all, the first by send, two by "
    "timeout.",
)
class FourRequests(cache(tries=4)):
    pass


@misconception(
    of="NeighbourCache",
    rfc="RFC 1122 section 2.3.2.1",
    says="Each timeout asks again, however soon. One request a second for an address is the limit.",
)
class AsksAtEachTimeout(cache(pause=0.0)):
    pass


# --- Exercise 6: kinds, conflicts, defence


@misconception(
    of="kind_of",
    rfc="RFC 5227 section 1.1",
    says="A probe is taken for an ordinary request. Its sender IP is 0.0.0.0: nobody is asking, so"
    " that no table is spoilt.",
)
def probes_are_requests(arp):
    kind = reference.kind_of(arp)
    return "request" if kind == "probe" and arp.target_ip != "0.0.0.0" else kind


@misconception(
    of="kind_of",
    rfc="RFC 5227 section 3",
    says="An announcement is taken for a reply of some kind, or the other way round. An "
    "announcement has the opcode of a request.",
)
def announcements_are_replies(arp):
    names = {"announcement": "gratuitous reply", "gratuitous reply": "announcement"}
    kind = reference.kind_of(arp)
    return names.get(kind, kind)


@misconception(
    of="kind_of",
    rfc="RFC 5227 section 1.1",
    says="You look at the target MAC. In a request nobody reads it; it is sender IP and target IP "
    "that tell an announcement.",
)
def by_the_target_mac(arp):
    kind = reference.kind_of(arp)
    if arp.opcode == REQUEST and kind != "probe":
        return "announcement" if arp.target_mac == BROADCAST else "request"
    return kind


@misconception(
    of="kind_of",
    rfc="RFC 5227 section 1.1",
    says="A reply from 0.0.0.0 is called a probe. A probe is a question: opcode 1.",
)
def replies_probe_too(arp):
    return "probe" if arp.sender_ip == "0.0.0.0" else reference.kind_of(arp)


@misconception(
    of="is_conflict",
    rfc="RFC 5227 section 2.4",
    says="Your own packets are taken for a conflict. Who hears himself has no rival: the sender "
    "MAC tells.",
)
def fights_itself(arp, ip, mac, probing=False):
    rival = probing and reference.kind_of(arp) == "probe" and arp.target_ip == ip
    return arp.sender_ip == ip or rival


@misconception(
    of="is_conflict",
    rfc="RFC 5227 section 2.4",
    says="Only replies, or only announcements, count for you. Any packet that another card sends "
    "from your address is a conflict, request or reply.",
)
def only_announcements_conflict(arp, ip, mac, probing=False):
    return reference.is_conflict(arp, ip, mac, probing) and (
        arp.sender_ip != ip or arp.sender_ip == arp.target_ip
    )


@misconception(
    of="is_conflict",
    rfc="RFC 5227 section 2.1.1",
    says="Another host's probe for your address is a conflict only while you are probing yourself. "
    "Afterwards it is a question, and you answer it.",
)
def every_probe_conflicts(arp, ip, mac, probing=False):
    return reference.is_conflict(arp, ip, mac, probing=True)


@misconception(
    of="is_conflict",
    rfc="RFC 5227 section 2.1.1",
    says="While you are probing, another host's probe for the same address counts as well: else "
    "both of you hear nothing wrong, and both take it.",
)
def overlooks_the_other_newcomer(arp, ip, mac, probing=False):
    return reference.is_conflict(arp, ip, mac)


@misconception(
    of="is_conflict",
    rfc="RFC 5227 section 2.4",
    says="A question *for* your address is no conflict. Whoever asks wants to talk to you; look at"
    " the sender IP.",
)
def questions_conflict(arp, ip, mac, probing=False):
    return arp.sender_mac != mac and ip in (arp.sender_ip, arp.target_ip)


class _Defence:
    """A defence that is wrong in one of these ways."""

    for_ever, at_once, renews, edge, wrong_sender = False, False, False, False, False

    def __init__(self, ip, mac):
        self.ip, self.mac, self.state, self.defended_s = ip, mac, "USING", None

    def receive(self, arp, now_s):
        if self.state != "USING" or not reference.is_conflict(arp, self.ip, self.mac):
            return []
        since = None if self.defended_s is None else now_s - self.defended_s
        late = since is not None and (since < 10.0 or (self.edge and since <= 10.0))
        if self.at_once or (late and not self.for_ever):
            self.state = "GIVEN UP"
            return []
        if not self.renews or self.defended_s is None:
            self.defended_s = now_s
        return [Arp(opcode=REQUEST, sender_mac=self.mac, sender_ip=self.ip, target_ip=self.ip)]


@misconception(
    of="AddressDefence",
    rfc="RFC 5227 section 2.4",
    says="You defend the address for ever. The other host may do the same, and the two of you "
    "shout until somebody pulls a plug: a second conflict within 10 s ends it.",
)
class DefendsForEver(_Defence):
    for_ever = True


@misconception(
    of="AddressDefence",
    rfc="RFC 5227 section 2.4",
    says="You give up at the first conflict. One stray packet would cost you the address and all "
    "connections: defend it once.",
)
class GivesUpAtOnce(_Defence):
    at_once = True


@misconception(
    of="AddressDefence",
    rfc="RFC 5227 section 2.4",
    says="After exactly 10 s the address may be defended again: less than 10.0 s ends it, 10.0 s "
    "does not.",
)
class GivesUpAtTen(_Defence):
    edge = True


@misconception(
    of="AddressDefence",
    rfc="RFC 5227 section 2.4",
    says="The time of the first defence is kept for ever. It is the *last* defence that must be 10"
    " s ago.",
)
class CountsFromTheFirst(_Defence):
    renews = True


# --- Exercise 7: the spoof detector


class _Detector:
    """A detector that is wrong in one of these ways."""

    def __init__(self, window_s=60.0):
        self.window_s, self.holder, self.heard_s, self.since_s = window_s, {}, {}, {}

    def claim_of(self, frame):
        """The addresses that a frame claims, or None."""
        try:
            arp = reference.parse_arp(frame)
        except ValueError:
            return None
        return None if arp.sender_ip == "0.0.0.0" else (arp.sender_ip, arp.sender_mac)

    def is_alarm(self, ip, mac, now_s):
        before_s = self.heard_s.get((ip, mac))
        returned = before_s is not None and self.holder[ip] != mac
        return returned and now_s - before_s < self.window_s

    def receive(self, frame, now_s):
        claimed = self.claim_of(frame)
        if claimed is None:
            return None
        ip, mac = claimed
        alarm = self.is_alarm(ip, mac, now_s)
        if self.holder.get(ip) != mac:
            self.since_s[ip] = now_s
        self.holder[ip], self.heard_s[ip, mac] = mac, now_s
        return ip if alarm else None


@misconception(
    of="SpoofDetector",
    says="Every change of card is an alarm for you. Cards are changed, laptops move: a change that "
    "happens once is honest. Wait until the old card speaks again.",
)
class EveryChange(_Detector):
    def is_alarm(self, ip, mac, now_s):
        return self.holder.get(ip, mac) != mac


@misconception(
    of="SpoofDetector",
    says="A card that comes back is an alarm however late. After window_s it may have been "
    "repaired; ask how old its own last claim is.",
)
class NeverForgives(_Detector):
    def is_alarm(self, ip, mac, now_s):
        return (ip, mac) in self.heard_s and self.holder[ip] != mac


@misconception(
    of="SpoofDetector",
    says="You look at replies only. A request and an announcement claim the sender's addresses as "
    "well, and every table believes them.",
)
class RepliesOnly(_Detector):
    def claim_of(self, frame):
        claimed = super().claim_of(frame)
        return claimed if claimed and reference.parse_arp(frame).opcode == REPLY else None


@misconception(
    of="SpoofDetector",
    says="A MAC address with several IP addresses is an alarm for you. A host may have many, and a"
    " router may answer for others: what counts is one *IP address* at two cards.",
)
class OneAddressPerCard(_Detector):
    def receive(self, frame, now_s):
        claimed = self.claim_of(frame)
        if claimed is None:
            return None
        ip, mac = claimed
        alarm = self.is_alarm(ip, mac, now_s) or self.since_s.get(mac, ip) != ip
        self.holder[ip], self.heard_s[ip, mac], self.since_s[mac] = mac, now_s, ip
        return ip if alarm else None


@misconception(
    of="SpoofDetector",
    says="Probes count as claims of 0.0.0.0. Every newcomer sends them, so any two newcomers ring "
    "your alarm.",
)
class ProbesClaim(_Detector):
    def claim_of(self, frame):
        try:
            arp = reference.parse_arp(frame)
        except ValueError:
            return None
        return arp.sender_ip, arp.sender_mac


@misconception(
    of="SpoofDetector",
    says="You take the MAC address from the envelope. Tables believe the ARP packet, so that is "
    "where the claim stands.",
)
class TheEnvelopeClaims(_Detector):
    def claim_of(self, frame):
        claimed = super().claim_of(frame)
        return claimed and (claimed[0], frame[6:12].hex(":"))


@misconception(
    of="SpoofDetector",
    says="You measure from the moment at which the other card took over. What counts is how old "
    "the last claim by the *same* card is.",
)
class SinceTheChange(_Detector):
    def is_alarm(self, ip, mac, now_s):
        returned = (ip, mac) in self.heard_s and self.holder[ip] != mac
        return returned and now_s - self.since_s[ip] < self.window_s


@misconception(
    of="SpoofDetector",
    says="After its first alarm an address is left alone. Each time a card comes back is an alarm.",
)
class AlarmsOnce(_Detector):
    def receive(self, frame, now_s):
        ip = super().receive(frame, now_s)
        if ip is None or ip in self.since_s.get("told", ()):
            return None
        self.since_s["told"] = {*self.since_s.get("told", ()), ip}
        return ip


@misconception(
    of="SpoofDetector",
    says="A frame that parse_arp refuses counts as a claim, or stops you. Damaged frames claim "
    "nothing.",
)
class ReadsDamagedFrames(_Detector):
    def claim_of(self, frame):
        if frame[12:14] == b"\x81\x00":
            frame = frame[:12] + frame[16:]
        if len(frame) < 32 or frame[28:32] == bytes(4):
            return None
        return str(IPv4Address(frame[28:32])), frame[22:28].hex(":")


# --- Exercise 8: NDP


@misconception(
    of="solicited_node",
    rfc="RFC 4291 section 2.7.1",
    says="You take the last 32 bits. It is 24: the fourth octet from the end is always ff, so that"
    " all of them begin with ff02::1:ff.",
)
def last_32_bits(address):
    group = IPv6Address("ff02::1:0:0").packed[:12] + IPv6Address(address).packed[12:]
    return str(IPv6Address(group))


@misconception(
    of="solicited_node",
    rfc="RFC 4291 section 2.7.1",
    says="That is the group of all hosts. The question would interrupt everybody, as a broadcast "
    "does; the solicited-node address reaches hardly anybody else.",
)
def all_nodes(address):
    return "ff02::1"


@misconception(
    of="solicited_node",
    rfc="RFC 4291 section 2.7.1",
    says="The last characters of the text are not the last 24 bits: zeros are left out in the "
    "text. Take the last three octets of `.packed`.",
)
def last_characters(address):
    text = str(IPv6Address(address)).replace(":", "")[-6:].rjust(6, "0")
    return str(IPv6Address(f"ff02::1:ff{text[:2]}:{text[2:]}"))


@misconception(
    of="multicast_mac",
    rfc="RFC 2464 section 7",
    says="01:00:5e is the beginning for IPv4 multicast. IPv6 has 33:33, and 32 bits behind it.",
)
def ipv4_multicast(address):
    return (b"\x01\x00\x5e" + IPv6Address(address).packed[13:]).hex(":")


@misconception(
    of="multicast_mac",
    rfc="RFC 2464 section 7",
    says="Only the last three octets are taken from the address, and ff put before them. It is the"
    " last four, whatever they are: ff02::1 is 33:33:00:00:00:01.",
)
def three_octets_only(address):
    return (b"\x33\x33\xff" + IPv6Address(address).packed[13:]).hex(":")


@misconception(
    of="multicast_mac",
    rfc="RFC 2464 section 7",
    says="IPv6 has no broadcast. ff:ff:ff:ff:ff:ff interrupts everybody, and that is what the "
    "group avoids.",
)
def broadcast_after_all(address):
    return BROADCAST


def solicitation(
    mac, source, target, *, hops=255, pseudo=True, to_group=True, option=None, next_header=58,
    envelope=None, kind=135, seal=True, length=None,
):  # fmt: skip
    """A solicitation that is wrong in one of these ways."""
    group = reference.solicited_node(target)
    ends = IPv6Address(source).packed + IPv6Address(group if to_group else target).packed
    message = bytes([kind]) + bytes(7) + IPv6Address(target).packed
    wanted = source != "::" if option is None else option
    message += b"\x01" + bytes([length or 1]) + octets_of(mac) if wanted else b""
    tail = struct.pack("!I3xB", len(message), next_header)
    total = checksum((ends + tail if pseudo else b"") + message) if seal else 0
    message = message[:2] + total.to_bytes(2, "big") + message[4:]
    to = octets_of(envelope or reference.multicast_mac(group))
    header = b"\x60\0\0\0" + struct.pack("!HBB", len(message), 58, hops) + ends
    return to + octets_of(mac) + b"\x86\xdd" + header + message


@misconception(
    of="build_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="The hop limit is not 255. Any other number could come from beyond a router, and is "
    "thrown away.",
)
def ordinary_hop_limit(mac, source, target):
    return solicitation(mac, source, target, hops=64)


@misconception(
    of="build_solicitation",
    rfc="RFC 4443 section 2.3",
    says="The pseudo-header is missing from the checksum. ICMPv6 has one, unlike the ICMP of IPv4.",
)
def no_pseudo_header(mac, source, target):
    return solicitation(mac, source, target, pseudo=False)


@misconception(
    of="build_solicitation",
    rfc="RFC 8200 section 8.1",
    says="The pseudo-header has next header 6, TCP's, or 1. ICMPv6 is 58.",
)
def pseudo_header_of_tcp(mac, source, target):
    return solicitation(mac, source, target, next_header=6)


@misconception(
    of="build_solicitation",
    rfc="RFC 4861 section 4.3",
    says="The IPv6 destination is the target itself. You do not know its card yet: the question "
    "goes to its solicited-node address.",
)
def to_the_target_itself(mac, source, target):
    return solicitation(mac, source, target, to_group=False)


@misconception(
    of="build_solicitation",
    rfc="RFC 2464 section 7",
    says="The envelope goes to ff:ff:ff:ff:ff:ff. An IPv6 multicast packet goes to 33:33 and the "
    "last four octets of its destination.",
)
def broadcast_envelope(mac, source, target):
    return solicitation(mac, source, target, envelope=BROADCAST)


@misconception(
    of="build_solicitation",
    rfc="RFC 4861 section 7.2.2",
    says="The option with your MAC address is missing. A solicitation to a group must carry it, or"
    " the answer would need a question of its own.",
)
def no_option(mac, source, target):
    return solicitation(mac, source, target, option=False)


@misconception(
    of="build_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="From :: the option is left out. A host that has no address yet must not be written down "
    "anywhere.",
)
def probe_with_option(mac, source, target):
    return solicitation(mac, source, target, option=True)


@misconception(
    of="build_solicitation",
    rfc="RFC 4861 section 4.6",
    says="The option's length counts units of 8 octets: 1, not 8 or 6.",
)
def option_length_in_octets(mac, source, target):
    return solicitation(mac, source, target, length=8)


def reads(
    frame, *, hops=True, seal=True, code=True, options=True, probe=True, group=True, whole=True
):
    """The target of a solicitation, with some rules left out."""
    envelope = reference.parse_ethernet(frame)
    packet = envelope.payload
    if envelope.vlan is not None or envelope.ethertype != 0x86DD or len(packet) < 40:
        raise ValueError("no IPv6")
    length, next_header, hop_limit = struct.unpack("!HBB", packet[4:8])
    message = packet[40 : 40 + length]
    if packet[0] >> 4 != 6 or next_header != 58 or (hops and hop_limit != 255):
        raise ValueError("not from this link")
    if len(message) < 24 or (whole and len(message) < length):
        raise ValueError("cut short")
    source, to, target = packet[8:24], packet[24:40], message[8:24]
    tail = struct.pack("!I3xB", length, 58)
    if seal and whole and checksum(source + to + tail + message) != 0:
        raise ValueError("checksum")
    if message[0] != 135 or (code and message[1] != 0) or (group and target[0] == 0xFF):
        raise ValueError("no solicitation")
    rest, kinds = message[24:], set()
    while rest and options:
        size = rest[1] * 8 if len(rest) > 1 else 0
        if not 0 < size <= len(rest):
            raise ValueError("option")
        kinds.add(rest[0])
        rest = rest[size:]
    prefix = IPv6Address("ff02::1:ff00:0").packed[:13]
    if probe and source == bytes(16) and (to[:13] != prefix or 1 in kinds):
        raise ValueError("probe")
    return str(IPv6Address(target))


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="The hop limit is not looked at. It is the one thing that tells a neighbour from a forger"
    " at the other end of the world.",
)
def any_hop_limit(frame):
    return reads(frame, hops=False)


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="The checksum is not checked: a damaged question would get a wrong answer.",
)
def any_checksum(frame):
    return reads(frame, seal=False)


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="The code is not looked at. It must be 0: other codes are kept for other messages.",
)
def any_code(frame):
    return reads(frame, code=False)


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="An option that has no length, or does not fit, is let through. A reader that walks them "
    "would stand still, or read past the end: refuse the message.",
)
def any_option(frame):
    return reads(frame, options=False)


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="A target that is a multicast address is let through. Nobody *has* such an address.",
)
def asks_for_a_group(frame):
    return reads(frame, group=False)


@misconception(
    of="read_solicitation",
    rfc="RFC 4861 section 7.1.1",
    says="A probe, from ::, has two rules of its own: it goes to a solicited-node address, and "
    "carries no MAC address of its sender.",
)
def probes_like_others(frame):
    return reads(frame, probe=False)


# --- Exercise 9: the host


def echo_but(
    frame, my_mac, my_ip, table, *, sums=True, sum_of=None, copies_sum=False, padding=False, kind=0,
    seal=True, turn=True, ttl=64, fragments=True, mine=True, options=True, arp=True, to=None,
    types=True,
):  # fmt: skip
    """A host's answer, wrong in one of these ways."""
    try:
        envelope = reference.parse_ethernet(frame)
    except ValueError:
        return None
    if envelope.ethertype == 0x0806:
        return reference.receive_arp(frame, my_mac, my_ip, table) if arp else None
    packet, me = envelope.payload, IPv4Address(my_ip).packed
    if envelope.vlan is not None or envelope.ethertype != 0x0800 or envelope.destination != my_mac:
        return None
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    size, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], "big")
    if not 20 <= size <= total <= len(packet) or (sums and checksum(packet[: sum_of or size])):
        return None
    message = packet[(size if options else 20) : (len(packet) if padding else total)]
    if fragments and int.from_bytes(packet[6:8], "big") & 0x3FFF:
        return None
    if packet[9] != 1 or (mine and packet[16:20] != me) or len(message) < 8:
        return None
    if types and message[:2] != b"\x08\0":
        return None
    if sums and checksum(message) != 0:
        return None
    reply = bytes([kind, 0, 0, 0]) + message[4:]
    total = message[2:4] if copies_sum else checksum(reply).to_bytes(2, "big")
    reply = reply[:2] + total + reply[4:]
    ends = me + packet[12:16] if turn else packet[12:20]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(reply), 0, 0, ttl, 1, 0) + ends
    header = header[:10] + (checksum(header) if seal else 0).to_bytes(2, "big") + header[12:]
    return (to or frame[6:12]) + frame[:6] + b"\x08\0" + header + reply


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="The ICMP checksum is that of the request. The type has changed, so the sum has too; the "
    "one who pings throws the reply away without a word.",
)
def keeps_the_sum(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, copies_sum=True)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="Padding comes back as data. The frame was filled up to Ethernet's least length; the "
    "packet ends where its total length says.",
)
def echoes_the_padding(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, padding=True)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="Type 8 comes back. That is a request again; a reply is type 0.",
)
def asks_back(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, kind=8)


@misconception(
    of="answer_frame",
    rfc="RFC 791 section 3.1",
    says="The IPv4 header's checksum is 0. It is never optional: the receiver drops the packet "
    "before it looks inside.",
)
def no_header_sum(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, seal=False)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="Source and destination of the packet are not exchanged: your reply claims to come from "
    "the one who asked.",
)
def sends_it_back_unturned(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, turn=False)


@misconception(
    of="answer_frame",
    rfc="RFC 791 section 3.1",
    says="The message is looked for after 20 octets. The header says how long it is: low four bits"
    " of its first octet, in units of 4.",
)
def header_of_twenty(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, options=False)


@misconception(
    of="answer_frame",
    rfc="RFC 791 section 3.1",
    says="The header's sum is checked over 20 octets. It covers the options too: the whole header, "
    "as long as its first octet says.",
)
def sums_twenty(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, sum_of=20)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="The reply goes to the card that the table names. The brief says the Ethernet source of "
    "the request: it is there for sure, and a table may be old, or forged.",
)
def replies_by_the_table(frame, my_mac, my_ip, table):
    if len(frame) < 30:
        return reference.answer_frame(frame, my_mac, my_ip, table)
    to = table.get(str(IPv4Address(frame[26:30])))
    return echo_but(frame, my_mac, my_ip, table, to=to and octets_of(to))


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="Damaged packets are answered. Check both sums, the header's and the message's, before "
    "you believe a word.",
)
def believes_damaged_packets(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, sums=False)


@misconception(
    of="answer_frame",
    rfc="RFC 791 section 3.2",
    says="Pieces of packets are answered. A fragment is no whole message, whatever its first "
    "octets look like.",
)
def answers_fragments(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, fragments=False)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="You answer for other hosts. Only a packet whose destination is your own address is for "
    "you.",
)
def answers_for_others(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, mine=False)


@misconception(
    of="answer_frame",
    rfc="RFC 792",
    says="Every ICMP message is answered, replies too. Two hosts that do so never stop: type 8, "
    "code 0 only.",
)
def answers_every_type(frame, my_mac, my_ip, table):
    return echo_but(frame, my_mac, my_ip, table, types=False)


def host_but(link, clock, my_mac, my_ip, for_s, *, one=False, arp=True, echo=True, step=None):
    """Be a host, wrong in one of these ways."""
    table, sent, end_s = {}, 0, clock.now() + for_s
    while (left_s := end_s - clock.now()) > 0:
        frame = link.receive(left_s)
        if frame is None:
            continue
        is_arp = frame[12:14] == b"\x08\x06"
        if (is_arp and not arp) or (not is_arp and not echo):
            continue
        reply = reference.answer_frame(frame, my_mac, my_ip, table)
        if reply is not None:
            link.send(reply)
            sent += 1
            if one:
                break
    return sent


@misconception(
    of="be_host",
    rfc="RFC 792",
    says="After the first answer you stop. The ping itself comes after the ARP reply, and a host "
    "stays for as long as it was told.",
)
def leaves_after_one(link, clock, my_mac, my_ip, for_s):
    return host_but(link, clock, my_mac, my_ip, for_s, one=True)


@misconception(
    of="be_host",
    rfc='RFC 826, "Packet Reception"',
    says="ARP is not answered, so nobody can write you an envelope: the ping waits until the peer "
    "gives up.",
)
def deaf_to_arp(link, clock, my_mac, my_ip, for_s):
    return host_but(link, clock, my_mac, my_ip, for_s, arp=False)


@misconception(
    of="be_host",
    rfc="RFC 792",
    says="You answer ARP and nothing else. The peer has found you, and its echo requests stay "
    "without an answer.",
)
def deaf_to_echo(link, clock, my_mac, my_ip, for_s):
    return host_but(link, clock, my_mac, my_ip, for_s, echo=False)


@misconception(
    of="be_host",
    rfc="RFC 792",
    says="You stop at the first silence, or the first frame that is not for you. A host waits "
    "until its time is over.",
)
def stops_at_a_stranger(link, clock, my_mac, my_ip, for_s):
    table, sent, end_s = {}, 0, clock.now() + for_s
    while (left_s := end_s - clock.now()) > 0:
        frame = link.receive(left_s)
        reply = None if frame is None else reference.answer_frame(frame, my_mac, my_ip, table)
        if reply is None:
            break
        link.send(reply)
        sent += 1
    return sent


# --- Mutants that are no wrong answers

equivalent(
    "ethernet-answer",
    'if octets[12:14] == b"\\x81\\x00" and len(octets) > 16:',
    'if octets[12:14] == b"\\x81\\x00" and len(octets) >= 17:',
    because="A tagged frame of 16 octets has no EtherType after its tag: refused either way.",
)

equivalent(
    "ethernet-answer",
    "tag = int.from_bytes(octets[14:16], )",
    "ethertype = int.from_bytes(octets[at : at + 2], )",
    because='"big" is what int.from_bytes takes unless told otherwise.',
)

equivalent(
    "ethernet-answer",
    "if len(octets) < at - 2:",
    because="A cut EtherType has one octet or none: a number below 0x0600, refused as such.",
)

equivalent(
    "whohas-answer",
    '+ struct.pack("!hhbbh", 1, 0x0800, 6, 4, REQUEST)',
    because="Signed or not is the same for these five numbers.",
)

equivalent(
    "parse-answer",
    '*kinds, opcode = struct.unpack("!hhbbh", packet[:8])',
    because="Read as signed, a number is the one wanted exactly if it is so unsigned.",
)

equivalent(
    "reception-answer",
    '+ struct.pack("!hhbbh", 1, 0x0800, 6, 4, REPLY)',
    because="Signed or not is the same for these five numbers.",
)

equivalent(
    "cache-answer",
    "mac, until_s = self.known.get(ip, (None, 1.0))",
    because="Without a MAC address the time is not looked at.",
)

equivalent(
    "ndp-answer",
    'group = IPv6Address("FF02::1:FF00:0").packed[:13] + IPv6Address(address).packed[13:]',
    'prefix = IPv6Address("FF02::1:FF00:0").packed[:13]',
    because="IPv6Address reads capital digits as well.",
)

equivalent(
    "ndp-answer",
    'total = checksum(addresses + struct.pack("!i3xb", len(message), 58) + message)',
    'if checksum(source + to + struct.pack("!i3xb", length, 58) + message) != 0:',
    because="Signed or not is the same below 2^31 octets, and the payload length has 16 bits.",
)

equivalent(
    "ndp-answer",
    "message = message[:2] + total.to_bytes(2, ) + message[4:]",
    because='"big" is what to_bytes takes unless told otherwise.',
)

equivalent(
    "ndp-answer",
    "if envelope.vlan is not None or envelope.ethertype != 0x86DD or len(packet) <= 40:",
    "if envelope.vlan is not None or envelope.ethertype != 0x86DD or len(packet) < 41:",
    because="40 octets are a header without a message, which is refused two lines later.",
)

equivalent(
    "ndp-answer",
    "size = rest[1] * 8 if len(rest) > 2 else 0",
    "if not 1 < size <= len(rest):",
    because="A size is a multiple of 8, and two octets hold no option: refused either way.",
)

equivalent(
    "host-answer",
    "if len(packet) <= 20 or packet[0] >> 4 != 4:",
    "if len(packet) < 21 or packet[0] >> 4 != 4:",
    "if not 20 <= size < total <= len(packet) or checksum(packet[:size]) != 0:",
    because="A header alone has no message, so nothing is answered either way.",
)

equivalent(
    "host-answer",
    "size, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], )",
    "fragment = int.from_bytes(packet[6:8], ) & 0x3FFF",
    "reply = bytes(2) + checksum(reply).to_bytes(2, ) + reply[4:]",
    "header = header[:10] + checksum(header).to_bytes(2, ) + header[12:]",
    because='"big" is what both methods take unless told otherwise.',
)

equivalent(
    "host-answer",
    'header = struct.pack("!BBHHHBBH", 0x45, 1, 20 + len(reply), 0, 0, 64, 1, 0) + me'
    " + packet[12:16]",
    'header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(reply), 1, 0, 64, 1, 0) + me'
    " + packet[12:16]",
    because="Type of service and identification are the learner's: the brief says so.",
)

equivalent(
    "host-answer",
    "while (left_s := end_s - clock.now()) >= 0:",
    because="One more look at the very last moment, which the brief leaves open.",
)

"""What header fields are called and mean: the words of the frame inspector, one line each.

It holds no code that reads octets; `dissection.py` does that, with scapy. Names are the RFCs' own.
"""

from __future__ import annotations

LAYERS = {
    "Ethernet": ("Ethernet", "IEEE 802.3"),
    "802.1Q": ("802.1Q tag", "IEEE 802.1Q"),
    "ARP": ("ARP", "RFC 826"),
    "IP": ("IPv4", "RFC 791"),
    "IPv6": ("IPv6", "RFC 8200"),
    "TCP": ("TCP", "RFC 9293 section 3.1"),
    "UDP": ("UDP", "RFC 768"),
    "ICMP": ("ICMP", "RFC 792"),
    "ICMPv6 Echo Request": ("ICMPv6", "RFC 4443 section 4.1"),
    "ICMPv6 Echo Reply": ("ICMPv6", "RFC 4443 section 4.2"),
    "ICMPv6 Neighbor Discovery - Neighbor Solicitation": (
        "ICMPv6 Neighbor Solicitation",
        "RFC 4861 section 4.3",
    ),
    "ICMPv6 Neighbor Discovery - Neighbor Advertisement": (
        "ICMPv6 Neighbor Advertisement",
        "RFC 4861 section 4.4",
    ),
    "ICMPv6 Neighbor Discovery Option - Source Link-Layer Address": (
        "Source link-layer option",
        "RFC 4861 section 4.6.1",
    ),
    "ICMPv6 Neighbor Discovery Option - Destination Link-Layer Address": (
        "Target link-layer option",
        "RFC 4861 section 4.6.1",
    ),
}

# scapy's layer and field name -> the field's own name, what it is for
FIELDS = {
    ("Ethernet", "dst"): ("Destination", "The card that this frame is for; all ones is everybody."),
    ("Ethernet", "src"): ("Source", "The card that sent this frame."),
    ("Ethernet", "type"): ("EtherType", "What the frame carries."),
    ("802.1Q", "prio"): ("Priority", "Which frames may go first, 0 to 7."),
    ("802.1Q", "dei"): ("Drop eligible", "Set: drop this frame first when the link is full."),
    ("802.1Q", "vlan"): ("VLAN identifier", "Which virtual LAN the frame belongs to."),
    ("802.1Q", "type"): ("EtherType", "What the frame carries after the tag."),
    ("ARP", "hwtype"): ("Hardware type", "The kind of link addresses; 1 is Ethernet."),
    ("ARP", "ptype"): ("Protocol type", "The kind of protocol addresses, as an EtherType."),
    ("ARP", "hwlen"): ("Hardware length", "Octets in a link address; 6 for Ethernet."),
    ("ARP", "plen"): ("Protocol length", "Octets in a protocol address; 4 for IPv4."),
    ("ARP", "op"): ("Operation", "Question or answer."),
    ("ARP", "hwsrc"): ("Sender MAC", "The sender's link address."),
    ("ARP", "psrc"): ("Sender IP", "The sender's protocol address."),
    ("ARP", "hwdst"): ("Target MAC", "The target's link address; unused in a request."),
    ("ARP", "pdst"): ("Target IP", "The protocol address that is asked for."),
    ("IP", "version"): ("Version", "4 for IPv4."),
    ("IP", "ihl"): ("Header length", "In words of 4 octets; 5 means no options."),
    ("IP", "dscp"): ("DSCP", "How routers may queue the packet (RFC 2474)."),
    ("IP", "ecn"): ("ECN", "Lets a router say that it is congested (RFC 3168)."),
    ("IP", "len"): ("Total length", "Octets of header and data; padding of the frame not counted."),
    ("IP", "id"): ("Identification", "Fragments of one packet share this number."),
    ("IP", "flags"): ("Flags", "DF: do not fragment. MF: more fragments follow."),
    ("IP", "frag"): ("Fragment offset", "Where this fragment goes, in units of 8 octets."),
    ("IP", "ttl"): ("Time to live", "One less at each router; at 0 the packet is dropped."),
    ("IP", "proto"): ("Protocol", "What the packet carries."),
    ("IP", "chksum"): ("Header checksum", "Internet checksum over this header only."),
    ("IP", "src"): ("Source address", "The host that sent the packet."),
    ("IP", "dst"): ("Destination address", "The host that the packet is for."),
    ("IP", "options"): ("Options", "Rarely seen: routers often drop packets that have some."),
    ("IPv6", "version"): ("Version", "6 for IPv6."),
    ("IPv6", "tc"): ("Traffic class", "DSCP and ECN, as in IPv4."),
    ("IPv6", "fl"): (
        "Flow label",
        "Packets of one flow share it, so that routers treat them alike.",
    ),
    ("IPv6", "plen"): ("Payload length", "Octets after this header."),
    ("IPv6", "nh"): ("Next header", "What follows this header."),
    ("IPv6", "hlim"): ("Hop limit", "One less at each router; at 0 the packet is dropped."),
    ("IPv6", "src"): ("Source address", "The host that sent the packet."),
    ("IPv6", "dst"): ("Destination address", "The host that the packet is for."),
    ("TCP", "sport"): ("Source port", "The sender's end of the connection."),
    ("TCP", "dport"): ("Destination port", "The receiver's end of the connection."),
    ("TCP", "seq"): (
        "Sequence number",
        "The first data octet's number; with SYN, the initial sequence number.",
    ),
    ("TCP", "ack"): (
        "Acknowledgment number",
        "The next sequence number the sender expects; counts only with ACK set.",
    ),
    ("TCP", "dataofs"): ("Data offset", "Header length in words of 4 octets; 5 means no options."),
    ("TCP", "reserved"): ("Reserved", "Sent as zero, ignored on receipt."),
    ("TCP", "flags"): ("Control bits", "What this segment does; one bit each."),
    ("TCP", "window"): (
        "Window",
        "Octets the sender is ready to take; scaled, if agreed, once the SYNs have passed.",
    ),
    ("TCP", "chksum"): (
        "Checksum",
        "Internet checksum over pseudo-header, header and data.",
    ),
    ("TCP", "urgptr"): ("Urgent pointer", "Counts only with URG set."),
    ("TCP", "options"): ("Options", "Kind, length, value; padded to a whole word of 4 octets."),
    ("UDP", "sport"): ("Source port", "The sender's port; 0 if it wants no answer."),
    ("UDP", "dport"): ("Destination port", "The receiver's port."),
    ("UDP", "len"): ("Length", "Octets of header and data."),
    ("UDP", "chksum"): ("Checksum", "Internet checksum over pseudo-header, header and data."),
    ("ICMP", "type"): ("Type", "What the message says; 8 asks for an echo, 0 answers."),
    ("ICMP", "code"): ("Code", "The reason, within its type."),
    ("ICMP", "chksum"): ("Checksum", "Internet checksum over the ICMP message."),
    ("ICMP", "id"): ("Identifier", "Tells one run of ping from another."),
    ("ICMP", "seq"): ("Sequence number", "Counts the echo requests of one run."),
}

_NDP = {
    "type": ("Type", "What the message says; 135 asks who has an address, 136 answers."),
    "code": ("Code", "The reason, within its type; 0 here, or the message is dropped."),
    "cksum": ("Checksum", "Internet checksum over pseudo-header and ICMPv6 message."),
    "res": ("Reserved", "Sent as zero, ignored on receipt."),
    "tgt": ("Target address", "The address that is asked for or answered about."),
    "R": ("Router", "The sender is a router."),
    "S": ("Solicited", "This answers a solicitation: the sender is reachable."),
    "O": ("Override", "Replace the MAC address that you know."),
}
_OPTION = {
    "type": ("Option type", "1: the sender's card. 2: the target's card."),
    "len": ("Option length", "In units of 8 octets, type and length included; never 0."),
    "lladdr": ("Link-layer address", "Where to send frames."),
}
_ECHO6 = {
    "type": ("Type", "128 asks for an echo, 129 answers."),
    "code": ("Code", "0 here."),
    "cksum": ("Checksum", "Internet checksum over pseudo-header and ICMPv6 message."),
    "id": ("Identifier", "Tells one run of ping from another."),
    "seq": ("Sequence number", "Counts the echo requests of one run."),
    "data": ("Data", "Comes back as it was sent."),
}
for _name in LAYERS:
    if _name.startswith("ICMPv6"):
        _words = _OPTION if "Option" in _name else _ECHO6 if "Echo" in _name else _NDP
        FIELDS |= {(_name, field): said for field, said in _words.items()}

TCP_FLAGS = (
    ("CWR", "The sender has slowed down (RFC 3168)."),
    ("ECE", "Congestion was met; in a SYN, ECN is understood (RFC 3168)."),
    ("URG", "The urgent pointer counts."),
    ("ACK", "The acknowledgment number counts; always set once the connection is established."),
    ("PSH", "Hand the data to the program now."),
    ("RST", "Give the connection up at once."),
    ("SYN", "Opens: the sequence number is the initial one. Counts as one number."),
    ("FIN", "The sender will send no more data. Counts as one number."),
)

TCP_OPTIONS = {
    0: ("End of options", "What follows up to the data offset is padding."),
    1: ("No-operation", "Fills up to a word boundary."),
    2: ("Maximum segment size", "The largest segment that the sender takes; only in SYNs."),
    3: ("Window scale", "Windows are multiplied by 2 to this power (RFC 7323); only in SYNs."),
    4: ("SACK permitted", "The sender understands selective acknowledgments (RFC 2018)."),
    5: ("SACK", "Blocks that have come out of order (RFC 2018)."),
    8: ("Timestamps", "The sender's clock and the echo of the peer's (RFC 7323)."),
    34: ("Fast Open cookie", "Lets a SYN carry data (RFC 7413)."),
}

# numbers that stand for a word: the layer and field, then the words
WORDS = {
    "EtherType": {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x8100: "802.1Q tag"},
    "protocol": {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"},
    "ICMPv6 type": {
        128: "echo request",
        129: "echo reply",
        135: "solicitation",
        136: "advertisement",
    },
    "ARP operation": {1: "request", 2: "reply"},
}
WORDED = {
    ("Ethernet", "type"): "EtherType",
    ("802.1Q", "type"): "EtherType",
    ("ARP", "ptype"): "EtherType",
    ("ARP", "op"): "ARP operation",
    ("IP", "proto"): "protocol",
    ("IPv6", "nh"): "protocol",
}
WORDED |= {
    (name, "type"): "ICMPv6 type"
    for name in LAYERS
    if name.startswith("ICMPv6") and "Option" not in name
}
IN_HEX = {"type", "ptype", "chksum", "id", "fl"}

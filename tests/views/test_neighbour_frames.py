"""The frame inspector knows the fields of ARP, of a tag, and of Neighbor Discovery."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether

from wirelab.views.dissection import Field, fields_of_frame

HERE, THERE = "02:00:00:00:00:02", "02:00:00:00:00:01"


def named(frame: bytes) -> dict[tuple[str, str], Field]:
    fields = fields_of_frame(frame)
    covered = [
        bit for f in fields if f.depth == 1 for bit in range(f.first_bit, f.first_bit + f.bits)
    ]
    assert covered == list(range(len(frame) * 8))
    assert all(field.note for field in fields)
    return {(field.layer, field.name): field for field in fields}


def test_arp_in_a_tag():
    arp = ARP(op=2, hwsrc=HERE, psrc="10.0.0.2", hwdst=THERE, pdst="10.0.0.1")
    fields = named(bytes(Ether(src=HERE, dst=THERE) / Dot1Q(vlan=5, prio=3) / arp))
    assert fields["802.1Q tag", "VLAN identifier"].value == "5"
    assert fields["802.1Q tag", "Priority"].value == "3"
    assert fields["ARP", "Operation"].value == "2 (reply)"
    assert (fields["ARP", "Sender IP"].value, fields["ARP", "Sender IP"].octets) == (
        "10.0.0.2",
        "32-35",
    )


def test_solicitation_and_its_option():
    ask = ICMPv6ND_NS(tgt="fd00::1") / ICMPv6NDOptSrcLLAddr(lladdr=HERE)
    there = Ether(src=HERE, dst="33:33:ff:00:00:01")
    fields = named(bytes(there / IPv6(src="fd00::2", dst="ff02::1:ff00:1", hlim=255) / ask))
    layer = "ICMPv6 Neighbor Solicitation"
    assert fields[layer, "Type"].value == "135 (solicitation)"
    assert fields[layer, "Target address"].value == "fd00::1"
    assert fields[layer, "Checksum"].value.startswith("0x")
    assert fields["Source link-layer option", "Link-layer address"].value == HERE
    assert fields["Source link-layer option", "Option length"].value == "1"


def test_advertisement_has_its_three_bits():
    tell = ICMPv6ND_NA(R=0, S=1, O=1, tgt="fd00::2") / ICMPv6NDOptDstLLAddr(lladdr=HERE)
    frame = Ether(src=HERE, dst=THERE) / IPv6(src="fd00::2", dst="fd00::1", hlim=255) / tell
    fields = named(bytes(frame))
    layer = "ICMPv6 Neighbor Advertisement"
    bits = {name: fields[layer, name].value for name in ("Router", "Solicited", "Override")}
    assert bits == {"Router": "0", "Solicited": "1", "Override": "1"}
    assert fields[layer, "Solicited"].bits == 1
    assert fields["Target link-layer option", "Option type"].value == "2"


@pytest.mark.parametrize("data", [b"", b"hello"])
def test_echo_of_icmpv6(data):
    ping = ICMPv6EchoRequest(id=7, seq=9, data=data)
    frame = bytes(Ether(src=HERE, dst=THERE) / IPv6(src="fd00::2", dst="fd00::1") / ping)
    fields = named(frame)
    assert fields["ICMPv6", "Type"].value == "128 (echo request)"
    assert fields["ICMPv6", "Identifier"].value == "7"

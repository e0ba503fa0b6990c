"""Segments on frames: what a wire sends, and what it passes over."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wirelab.lab.wire import Endpoint, EthernetWire, unwrap, wrap
from wirelab.protocols.codec import layers
from wirelab.protocols.segment import SYN, Segment

ME = Endpoint("10.9.0.2", "02:00:00:00:00:02")
PEER = Endpoint("10.9.0.1", "02:00:00:00:00:01")
OTHER = Endpoint("10.9.0.3", "02:00:00:00:00:03")
SEGMENT = Segment(source_port=80, destination_port=5000, seq=7, flags=SYN, data=b"hello")
FRAME = wrap(SEGMENT, PEER, ME)


@pytest.fixture
def wire(scripted):
    return EthernetWire(scripted, scripted.clock, here=ME, there=PEER)


def test_frame_is_what_scapy_reads(scripted, wire):
    scapy = layers()
    wire.send(SEGMENT)
    ((_, frame),) = scripted.sent
    packet = scapy.Ether(frame)
    assert (packet.src, packet.dst) == (ME.mac, PEER.mac)
    assert (packet[scapy.IP].src, packet[scapy.IP].dst) == (ME.address, PEER.address)
    assert (packet[scapy.TCP].sport, bytes(packet[scapy.TCP].payload)) == (80, b"hello")
    again = packet.copy()
    del again[scapy.IP].chksum, again[scapy.TCP].chksum
    assert bytes(again) == frame


def test_segment_of_the_peer_is_heard(scripted, wire):
    scripted.arrivals = [(0.5, FRAME)]
    assert wire.receive(1.0) == SEGMENT
    assert scripted.clock.now() == 0.5


def test_octets_go_out_as_they_are_even_if_they_are_no_segment(scripted, wire):
    wire.send_octets(b"not a segment")
    ((_, frame),) = scripted.sent
    assert bytes(layers().Ether(frame)[layers().IP].payload) == b"not a segment"


def test_octets_of_the_peer_are_those_of_its_segment(scripted, wire):
    scripted.arrivals = [(0.5, FRAME)]
    assert wire.receive_octets(1.0) == FRAME[34:]
    assert wire.receive_octets(1.0) is None


def test_padding_is_no_data(scripted, wire):
    bare = dataclasses.replace(SEGMENT, data=b"")
    scripted.arrivals = [(0.0, wrap(bare, PEER, ME) + bytes(6))]
    assert wire.receive(1.0) == bare


def fragment(flags: int, offset: int) -> bytes:
    scapy = layers()
    packet = scapy.Ether(FRAME)
    packet[scapy.IP].flags, packet[scapy.IP].frag = flags, offset
    del packet[scapy.IP].chksum
    return bytes(packet)


FOREIGN = {
    "nothing": b"",
    "half a header": FRAME[:20],
    "an IPv6 frame": FRAME[:12] + b"\x86\xdd" + FRAME[14:],
    "an ARP frame": FRAME[:12] + b"\x08\x06" + FRAME[14:],
    "a wrong IP checksum": FRAME[:24] + b"\x00\x00" + FRAME[26:],
    "a wrong TCP checksum": FRAME[:-1] + b"O",
    "a cut frame": FRAME[:-1],
    "a header length under 20": FRAME[:14] + b"\x44" + FRAME[15:],
    "a first fragment": fragment(1, 0),
    "a later fragment": fragment(0, 185),
    "another sender": wrap(SEGMENT, OTHER, ME),
    "another receiver": wrap(SEGMENT, PEER, OTHER),
    "another MAC address": wrap(SEGMENT, PEER, dataclasses.replace(ME, mac=OTHER.mac)),
}


@pytest.mark.parametrize("frame", FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_for_us_is_passed_over(scripted, wire, frame):
    scripted.arrivals = [(0.25, frame), (0.5, FRAME)]
    assert wire.receive(1.0) == SEGMENT
    assert scripted.sent == []


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.integers(0, len(FRAME) - 1), st.integers(0, 255)), st.integers(0, 60))
def test_damaged_frame_breaks_nothing(damage, length):
    frame = bytearray(FRAME)
    for place, octet in damage.items():
        frame[place] = octet
    carried = unwrap(bytes(frame[:length]))
    assert carried is None or carried.segment == SEGMENT or damage


def test_time_limit_holds_although_foreign_frames_come(scripted, wire):
    scripted.arrivals = [(0.4, FOREIGN["another sender"]), (0.8, FRAME)]
    assert wire.receive(0.5) is None
    assert scripted.clock.now() == 0.5


def test_unwrapping_names_the_hosts():
    assert unwrap(FRAME).source == PEER
    assert unwrap(FRAME).destination == ME


def test_field_that_does_not_fit_is_refused(scripted, wire):
    with pytest.raises(ValueError, match="seq"):
        wire.send(dataclasses.replace(SEGMENT, seq=2**32))
    assert scripted.sent == []

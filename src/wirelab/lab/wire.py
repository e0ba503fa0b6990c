"""The link one layer up: TCP segments wrapped in IPv4 and Ethernet, and unwrapped again.

It answers nothing by itself, and it must not know what kind of network the link belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirelab.lab.network import Clock, Link
from wirelab.protocols.codec import PROTOCOL_TCP, decode, encode, layers
from wirelab.protocols.segment import Segment

_ETHERTYPE_IPV4 = 0x0800


@dataclass(frozen=True)
class Endpoint:
    """A host by its IPv4 address and its MAC address."""

    address: str
    mac: str


def wrap(segment: Segment, source: Endpoint, destination: Endpoint) -> bytes:
    """Return a frame that carries the segment; raises ValueError if a field does not fit."""
    return wrap_octets(encode(segment, source.address, destination.address), source, destination)


def wrap_octets(octets: bytes, source: Endpoint, destination: Endpoint) -> bytes:
    """Return a frame that carries these octets as a TCP segment, right or wrong."""
    scapy = layers()
    packet = scapy.Ether(src=source.mac, dst=destination.mac, type=_ETHERTYPE_IPV4) / scapy.IP(
        src=source.address, dst=destination.address, proto=PROTOCOL_TCP, flags="DF"
    )
    return bytes(packet / octets)


@dataclass(frozen=True)
class Carried:
    """A segment, its octets, and the hosts whose addresses the frame around it named."""

    segment: Segment
    octets: bytes
    source: Endpoint
    destination: Endpoint


def unwrap(frame: bytes) -> Carried | None:
    """Return the TCP segment in a frame, or None if there is none or it is damaged.

    Only a whole IPv4 packet counts, without a wrong checksum; its length comes from its own
    length field, since short frames are padded.
    """
    if len(frame) < 34 or int.from_bytes(frame[12:14]) != _ETHERTYPE_IPV4:
        return None
    version, header_length = frame[14] >> 4, (frame[14] & 0x0F) * 4
    if version != 4 or not 20 <= header_length <= len(frame) - 14:
        return None
    scapy = layers()
    ether = scapy.Ether(frame[: 14 + header_length])
    ip = ether.payload
    if (
        not header_length <= ip.len <= len(frame) - 14
        or scapy.checksum(frame[14 : 14 + header_length]) != 0
        or ip.proto != PROTOCOL_TCP
        or ip.frag != 0
        or ip.flags.MF
    ):
        return None
    octets = frame[14 + header_length : 14 + ip.len]
    try:
        segment = decode(octets, ip.src, ip.dst)
    except ValueError:
        return None
    return Carried(segment, octets, Endpoint(ip.src, ether.src), Endpoint(ip.dst, ether.dst))


class EthernetWire:
    """A `SegmentWire` over any link, between host `here` and host `there`."""

    def __init__(self, link: Link, clock: Clock, *, here: Endpoint, there: Endpoint) -> None:
        self._link, self._clock = link, clock
        self._here, self._there = here, there
        layers()  # now, rather than between the first two segments

    def send(self, segment: Segment) -> None:
        """Send one segment; raises ValueError if a field does not fit."""
        self._link.send(wrap(segment, self._here, self._there))

    def send_octets(self, octets: bytes) -> None:
        """Send octets as a TCP segment, just as they are: the peer judges them."""
        self._link.send(wrap_octets(octets, self._here, self._there))

    def receive(self, timeout_s: float) -> Segment | None:
        """Return the next whole segment from `there` to `here`, or None when none came in time.

        What else comes meanwhile (ARP, ICMP, damaged segments) is passed over.
        """
        carried = self._next(timeout_s)
        return carried and carried.segment

    def receive_octets(self, timeout_s: float) -> bytes | None:
        """Return the octets of the next whole segment, or None when none came in time."""
        carried = self._next(timeout_s)
        return carried and carried.octets

    def _next(self, timeout_s: float) -> Carried | None:
        deadline = self._clock.now() + timeout_s
        while True:
            frame = self._link.receive(max(0.0, deadline - self._clock.now()))
            if frame is None:
                return None
            carried = unwrap(frame)
            if (
                carried
                and carried.source.address == self._there.address
                and carried.destination == self._here
            ):
                return carried

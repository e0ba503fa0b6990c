"""TCP segments to octets and back, by scapy.

It knows neither frames nor state machines; addresses count only for the pseudo-header.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
from types import SimpleNamespace

from wirelab.protocols.segment import Flag, Segment

PROTOCOL_TCP = 6
_LONGEST_HEADER = 60
_LONGEST_SEGMENT = 65535 - 20  # what an IPv4 packet holds


@functools.cache
def layers() -> SimpleNamespace:
    """Return scapy's `Ether`, `IP`, `IPv6`, `TCP` and checksum functions, loaded on first use."""
    # scapy takes a third of a second to load, and warns on stderr about routes it never uses.
    logging.getLogger("scapy.runtime").setLevel(logging.CRITICAL)
    logging.getLogger("scapy.loading").setLevel(logging.CRITICAL)
    from scapy.layers.inet import IP as IPv4
    from scapy.layers.inet import TCP as TCPHeader
    from scapy.layers.inet import in4_chksum
    from scapy.layers.inet6 import IPv6, in6_chksum
    from scapy.layers.l2 import Ether
    from scapy.utils import checksum

    return SimpleNamespace(
        Ether=Ether,
        IP=IPv4,
        IPv6=IPv6,
        TCP=TCPHeader,
        checksum=checksum,
        in4_chksum=in4_chksum,
        in6_chksum=in6_chksum,
    )


def encode(segment: Segment, source: str, destination: str) -> bytes:
    """Return the octets of a segment sent from address `source` to `destination`.

    Both addresses are IPv4 or both IPv6; the checksum is filled in, options are padded with
    zeros to a multiple of four octets. Raises ValueError if a field does not fit.
    Source: RFC 9293 section 3.1.
    """
    _check_fields(segment)
    scapy = layers()
    header = scapy.TCP(
        sport=segment.source_port,
        dport=segment.destination_port,
        seq=segment.seq,
        ack=segment.ack,
        flags=int(segment.flags),
        window=segment.window,
        options=list(segment.options),
    )
    packet = _ip(source, destination) / header / segment.data
    return bytes(packet)[40 if isinstance(packet, scapy.IPv6) else 20 :]


def decode(octets: bytes, source: str, destination: str) -> Segment:
    """Return the segment that `octets`, sent from `source` to `destination`, stand for.

    Raises ValueError if the header is cut short, an option overruns it or has an impossible
    length, or the checksum is wrong. Source: RFC 9293 section 3.1.
    """
    if len(octets) < 20:
        raise ValueError(f"a TCP header has 20 octets or more, these are {len(octets)}")
    header_length = (octets[12] >> 4) * 4
    if not 20 <= header_length <= len(octets):
        raise ValueError(
            f"data offset says {header_length} octets of header; the segment has {len(octets)}"
        )
    if _checksum(octets, source, destination) != 0:
        raise ValueError("the TCP checksum is wrong")
    header = layers().TCP(octets[:header_length])
    return Segment(
        source_port=header.sport,
        destination_port=header.dport,
        seq=header.seq,
        ack=header.ack,
        flags=Flag(int(header.flags) & 0xFF),
        window=header.window,
        options=_options(octets[20:header_length]),
        data=octets[header_length:],
    )


def _options(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    # scapy reads a malformed option leniently, so the octets are walked here.
    options = []
    position = 0
    while position < len(octets):
        kind = octets[position]
        if kind == 0:
            break
        if kind == 1:
            position += 1
            continue
        length = octets[position + 1] if position + 1 < len(octets) else 0
        if length < 2 or position + length > len(octets):
            raise ValueError(f"TCP option {kind} says {length} octets, which cannot be")
        options.append((kind, octets[position + 2 : position + length]))
        position += length
    return tuple(options)


def _check_fields(segment: Segment) -> None:
    for name, bits in (
        ("source_port", 16),
        ("destination_port", 16),
        ("seq", 32),
        ("ack", 32),
        ("flags", 8),
        ("window", 16),
    ):
        value = getattr(segment, name)
        if not isinstance(value, int) or not 0 <= value < 1 << bits:
            raise ValueError(f"{name} is {value!r}; it must be an integer of {bits} bits")
    for kind, value in segment.options:
        if not 2 <= kind <= 255 or len(value) > _LONGEST_HEADER - 22:
            raise ValueError(f"option {kind} with {len(value)} octets does not fit")
    length = 20 + sum(2 + len(value) for _, value in segment.options)
    if length > _LONGEST_HEADER:
        raise ValueError(f"the options make a header of {length} octets; 60 is the most")
    if length + len(segment.data) > _LONGEST_SEGMENT:
        raise ValueError(f"{len(segment.data)} octets of data do not fit into one IP packet")


def _ip(source: str, destination: str):
    versions = {ipaddress.ip_address(each).version for each in (source, destination)}
    if len(versions) > 1:
        raise ValueError(f"{source} and {destination} are of different IP versions")
    scapy = layers()
    kind = scapy.IP if versions == {4} else scapy.IPv6
    return kind(src=source, dst=destination)


def _checksum(octets: bytes, source: str, destination: str) -> int:
    ip = _ip(source, destination)
    scapy = layers()
    total = scapy.in4_chksum if isinstance(ip, scapy.IP) else scapy.in6_chksum
    return total(PROTOCOL_TCP, ip, octets)

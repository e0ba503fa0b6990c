"""The embedded host: Ethernet, ARP, IPv4 and ICMP echo around the TCP of `protocols`.

Frames, calls and the time go in, frames come out; it has no clock and does no waiting.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from wirelab.lab import addresses
from wirelab.lab.embedded_neighbours import BROADCAST, Neighbours
from wirelab.lab.wire import Endpoint, unwrap, wrap
from wirelab.protocols.codec import PROTOCOL_TCP, layers
from wirelab.protocols.tcp import Settings, TcpEndpoint

_ARP, _IPV4 = b"\x08\x06", b"\x08\x00"
_ICMP, _ECHO_REPLY, _ECHO_REQUEST = 1, 0, 8
_SHORTEST_FRAME = 14


@dataclass
class Ping:
    """One ICMP echo request; `answered_s` is the round trip in seconds, None before the reply."""

    address: str
    identifier: int
    sent_s: float
    answered_s: float | None = None


class EmbeddedHost:
    """A host with one interface. `take_frames` has what it wants on the wire."""

    def __init__(self, *, seed: int, resolved: bool, settings: Settings | None = None) -> None:
        self.address, self.mac = addresses.PEER_ADDRESS, addresses.PEER_MAC
        self.tcp = TcpEndpoint(self.address, seed=seed, settings=settings)
        self._here = Endpoint(self.address, self.mac)
        self._octets, self._mac_octets = _ip_octets(self.address), _mac_octets(self.mac)
        self._subnet = ipaddress.ip_network(
            f"{self.address}/{addresses.PREFIX_LENGTH}", strict=False
        )
        self.neighbours = Neighbours(self._octets, self._mac_octets)
        if resolved:
            self.neighbours.make_permanent(
                _ip_octets(addresses.LEARNER_ADDRESS), _mac_octets(addresses.LEARNER_MAC)
            )
        self._pings: list[Ping] = []
        self._frames: list[bytes] = []

    def arrives(self, frame: bytes, now_s: float) -> None:
        """Take one frame; what is not for this host, or is damaged, is ignored."""
        if len(frame) < _SHORTEST_FRAME or frame[:6] not in (self._mac_octets, BROADCAST):
            return
        if frame[12:14] == _ARP:
            self.neighbours.arrives(frame[14:], frame[:6] != BROADCAST, now_s)
        elif frame[12:14] == _IPV4:
            self._ip_arrives(frame, now_s)
        self.flush(now_s)

    def ping(self, address: str, now_s: float) -> Ping:
        """Send an ICMP echo request (RFC 792); the reply sets `answered_s` of the result."""
        ping = Ping(address, len(self._pings) + 1, now_s)
        self._pings.append(ping)
        head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, ping.identifier, 1)
        self._send_icmp(address, head + bytes(range(48)), now_s)
        self.flush(now_s)
        return ping

    def deadline(self) -> float | None:
        """Return when `timeout` wants to be called next, or None."""
        times = (self.tcp.deadline(), self.neighbours.deadline())
        return min((time for time in times if time is not None), default=None)

    def timeout(self, now_s: float) -> None:
        """Let every timer that is due run out."""
        self.neighbours.timeout(now_s)
        self.tcp.timeout(now_s)
        self.flush(now_s)

    def flush(self, now_s: float) -> None:
        """Turn what TCP and ARP have to say into frames; call it after calls to `tcp`."""
        for remote, segment in self.tcp.take_outbox():
            packet = wrap(segment, self._here, Endpoint(remote, self.mac))[14:]
            self.neighbours.send(_ip_octets(remote), packet, now_s)
        for mac, packet, is_arp in self.neighbours.take_outbox():
            self._frames.append(mac + self._mac_octets + (_ARP if is_arp else _IPV4) + packet)

    def take_frames(self) -> list[bytes]:
        """Return the frames to send, and forget them."""
        taken, self._frames = self._frames, []
        return taken

    def _ip_arrives(self, frame: bytes, now_s: float) -> None:
        packet = frame[14:]
        if len(packet) < 20 or packet[16:20] != self._octets:
            return
        source = str(ipaddress.IPv4Address(packet[12:16]))
        if ipaddress.ip_address(source) not in self._subnet or source == self.address:
            return  # there is no route back
        if packet[9] == PROTOCOL_TCP:
            carried = unwrap(frame)
            if carried:
                known = self.tcp.state_of(
                    carried.segment.destination_port, source, carried.segment.source_port
                )
                if known not in ("CLOSED", "LISTEN"):
                    self.neighbours.confirm(packet[12:16], now_s)
                self.tcp.arrives(carried.segment, source, now_s)
        elif packet[9] == _ICMP:
            self._icmp_arrives(packet, source, now_s)

    def _icmp_arrives(self, packet: bytes, source: str, now_s: float) -> None:
        header, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4])
        message = packet[header:total]
        whole = packet[0] >> 4 == 4 and 20 <= header <= total <= len(packet)
        if not whole or len(message) < 8 or layers().checksum(message) != 0:
            return
        if message[0] == _ECHO_REQUEST:
            self._send_icmp(source, bytes([_ECHO_REPLY, 0, 0, 0]) + message[4:], now_s)
        elif message[0] == _ECHO_REPLY:
            identifier = int.from_bytes(message[4:6])
            for ping in self._pings:
                if ping.identifier == identifier and ping.answered_s is None:
                    ping.answered_s = now_s - ping.sent_s

    def _send_icmp(self, address: str, message: bytes, now_s: float) -> None:
        scapy = layers()
        message = message[:2] + struct.pack("!H", scapy.checksum(message)) + message[4:]
        packet = bytes(scapy.IP(src=self.address, dst=address, proto=_ICMP, flags="DF") / message)
        self.neighbours.send(_ip_octets(address), packet, now_s)


def _ip_octets(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def _mac_octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))

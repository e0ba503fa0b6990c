"""The embedded host: Ethernet, ARP, NDP, IP and ICMP echo around the TCP of `protocols`.

Frames, calls and the time go in, frames come out; it has no clock and does no waiting.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from wirelab.lab import addresses
from wirelab.lab.embedded_arp import ARP, BROADCAST, IPV4, ArpHost
from wirelab.lab.embedded_ndp import IPV6, NdpHost
from wirelab.lab.network import NeighbourRow
from wirelab.lab.wire import Endpoint, unwrap, wrap
from wirelab.protocols.codec import PROTOCOL_TCP, layers
from wirelab.protocols.tcp import Settings, TcpEndpoint

_ICMP, _ECHO_REPLY, _ECHO_REQUEST = 1, 0, 8
_ECHO_REQUEST6 = 128
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

    def __init__(
        self,
        *,
        seed: int,
        resolved: bool,
        ipv6: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self.address, self.mac = addresses.PEER_ADDRESS, addresses.PEER_MAC
        self.tcp = TcpEndpoint(self.address, seed=seed, settings=settings)
        self._here = Endpoint(self.address, self.mac)
        self._octets, self._mac_octets = _ip_octets(self.address), _mac_octets(self.mac)
        subnet = ipaddress.ip_network(f"{self.address}/{addresses.PREFIX_LENGTH}", strict=False)
        self._routes: list[tuple[ipaddress.IPv4Network, str | None]] = [(subnet, None)]
        self._arp = ArpHost(self._octets, self._mac_octets)
        self._ndp = None
        if ipv6:
            own = ipaddress.IPv6Address(addresses.PEER_ADDRESS6).packed
            self._ndp = NdpHost(own, self._mac_octets)
        if resolved:
            self._arp.neighbours.make_permanent(
                _ip_octets(addresses.LEARNER_ADDRESS), _mac_octets(addresses.LEARNER_MAC)
            )
        self._pings: list[Ping] = []
        self._frames: list[bytes] = []

    def arrives(self, frame: bytes, now_s: float) -> None:
        """Take one frame; what is not for this host, or is damaged, is ignored."""
        if len(frame) < _SHORTEST_FRAME:
            return
        kind, packet = frame[12:14], frame[14:]
        if self._ndp and kind == IPV6 and self._ndp.hears(frame[:6]):
            echo = self._ndp.arrives(packet, now_s)
            if echo:
                self._answered(*echo[:2], now_s)
        elif frame[:6] in (self._mac_octets, BROADCAST):
            if kind == ARP:
                self._arp.arrives(packet, frame[:6] != BROADCAST, now_s)
            elif kind == IPV4:
                self._ip_arrives(frame, now_s)
        self.flush(now_s)

    def ping(self, address: str, data_bytes: int, now_s: float) -> Ping:
        """Send an echo request (RFC 792, RFC 4443); the reply sets `answered_s` of the result.

        Raises ValueError if no route leads there.
        """
        ping = Ping(str(ipaddress.ip_address(address)), len(self._pings) + 1, now_s)
        data = bytes(octet & 0xFF for octet in range(data_bytes))
        head = struct.pack("!HHHH", 0, 0, ping.identifier, 1)[2:]
        if ":" not in address:
            self._send_icmp(address, bytes([_ECHO_REQUEST, 0]) + head + data, now_s)
        elif self._ndp:
            self._ndp.send_icmp(ping.address, bytes([_ECHO_REQUEST6, 0]) + head + data, now_s)
        else:
            raise ValueError("this network has no IPv6")
        self._pings.append(ping)
        self.flush(now_s)
        return ping

    def add_route(self, to: str, via: str) -> None:
        """Send IPv4 packets for network `to` to the host `via`, the most special route first."""
        self._routes.append((ipaddress.ip_network(to), via))
        self._routes.sort(key=lambda route: -route[0].prefixlen)

    def set_pace(self, **numbers: float) -> None:
        """Change numbers of the neighbour tables: `Pace`."""
        for table in self._tables():
            for name, value in numbers.items():
                setattr(table.pace, name, value)

    def neighbours(self) -> list[NeighbourRow]:
        """Return both neighbour tables, IPv4 first."""
        return [row for table in self._tables() for row in table.rows()]

    def deadline(self) -> float | None:
        """Return when `timeout` wants to be called next, or None."""
        times = (self.tcp.deadline(), *(table.deadline() for table in self._tables()))
        return min((time for time in times if time is not None), default=None)

    def timeout(self, now_s: float) -> None:
        """Let every timer that is due run out."""
        for table in self._tables():
            table.timeout(now_s)
        self.tcp.timeout(now_s)
        self.flush(now_s)

    def _tables(self) -> list:
        return [each.neighbours for each in (self._arp, self._ndp) if each]

    def flush(self, now_s: float) -> None:
        """Turn what TCP and the tables have to say into frames; call it after calls to `tcp`."""
        for remote, segment in self.tcp.take_outbox():
            packet = wrap(segment, self._here, Endpoint(remote, self.mac))[14:]
            self._send_packet(remote, packet, now_s)
        for table in self._tables():
            for each in table.take_outbox():
                self._frames.append(each.mac + self._mac_octets + each.ethertype + each.packet)

    def take_frames(self) -> list[bytes]:
        """Return the frames to send, and forget them."""
        taken, self._frames = self._frames, []
        return taken

    def _ip_arrives(self, frame: bytes, now_s: float) -> None:
        packet = frame[14:]
        if len(packet) < 20 or packet[16:20] != self._octets:
            return
        source = str(ipaddress.IPv4Address(packet[12:16]))
        if self._next_hop(source) is None or source == self.address:
            return  # there is no way back
        if packet[9] == PROTOCOL_TCP:
            carried = unwrap(frame)
            if carried:
                known = self.tcp.state_of(
                    carried.segment.destination_port, source, carried.segment.source_port
                )
                if known not in ("CLOSED", "LISTEN"):
                    self._arp.neighbours.confirm(packet[12:16], now_s)
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
            self._answered(int.from_bytes(message[4:6]), source, now_s)

    def _answered(self, identifier: int, source: str, now_s: float) -> None:
        for ping in self._pings:
            if (ping.identifier, ping.address, ping.answered_s) == (identifier, source, None):
                ping.answered_s = now_s - ping.sent_s

    def _send_icmp(self, address: str, message: bytes, now_s: float) -> None:
        scapy = layers()
        message = message[:2] + struct.pack("!H", scapy.checksum(message)) + message[4:]
        packet = bytes(scapy.IP(src=self.address, dst=address, proto=_ICMP, flags="DF") / message)
        self._send_packet(address, packet, now_s)

    def _send_packet(self, address: str, packet: bytes, now_s: float) -> None:
        next_hop = self._next_hop(address)
        if next_hop is None:
            raise ValueError(f"there is no route to {address}")
        self._arp.neighbours.send(_ip_octets(next_hop), packet, now_s)

    def _next_hop(self, address: str) -> str | None:
        """The neighbour that a packet goes to: the host itself on this link, else a gateway."""
        wanted = ipaddress.ip_address(address)
        for network, via in self._routes:
            if wanted in network:
                return via or address
        return None


def _ip_octets(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def _mac_octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))

"""NDP and ICMPv6 echo as the embedded host speaks them (RFC 4861, RFC 4443).

IPv6 packets and the time go in; what to learn, to ask and to answer goes to a neighbour table.
Routers, prefixes and redirects are not for this host.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from types import SimpleNamespace

from wirelab.lab.embedded_neighbours import Neighbours, Outgoing, Pace
from wirelab.protocols.codec import layers

IPV6 = b"\x86\xdd"
_EVERYBODY = "ff02::1"
_HOP_LIMIT = 255  # RFC 4861 section 7.1: nobody beyond a router can have sent it
_SOLICITATION, _ADVERTISEMENT, _ECHO_REQUEST, _ECHO_REPLY = 135, 136, 128, 129
_SOURCE_OPTION, _TARGET_OPTION = 1, 2


class NdpHost:
    """A host with one IPv6 address; `neighbours` is its table."""

    def __init__(self, address: bytes, mac: bytes) -> None:
        self._octets, self._mac = address, mac
        self._address = str(ipaddress.IPv6Address(address))
        self._group = _solicited(address)
        self.neighbours = Neighbours(IPV6, self._ask, Pace(lock_s=0.0))

    def hears(self, mac: bytes) -> bool:
        """Whether frames to this MAC address are taken: one's own, and, as on a veth, any group's.

        Which groups one belongs to is looked at in the IPv6 header.
        """
        return mac == self._mac or bool(mac[0] & 1)

    def arrives(self, packet: bytes, now_s: float) -> tuple[int, str, bytes] | None:
        """Take one IPv6 packet; return the identifier, source and message of an echo reply.

        What is damaged or for another host is ignored.
        """
        message = self._icmp(packet)
        if message is None:
            return None
        source = str(ipaddress.IPv6Address(packet[8:24]))
        to = str(ipaddress.IPv6Address(packet[24:40]))
        kind, code = message[0], message[1]
        if kind in (_SOLICITATION, _ADVERTISEMENT):
            options = _options(message)
            usable = packet[7] == _HOP_LIMIT and code == 0 and options is not None
            if usable and kind == _SOLICITATION:
                self._asked(source, to, message[8:24], options, now_s)
            elif usable:
                self._told(to, message, options, now_s)
        elif kind == _ECHO_REQUEST and to == self._address:
            self.send_icmp(source, bytes([_ECHO_REPLY, 0, 0, 0]) + message[4:], now_s)
        elif kind == _ECHO_REPLY and to == self._address:
            return int.from_bytes(message[4:6]), source, message
        return None

    def send_icmp(self, address: str, message: bytes, now_s: float) -> None:
        """Send an ICMPv6 message; its checksum is filled in."""
        packet = self._packet(address, message, 64)
        self.neighbours.send(ipaddress.IPv6Address(address).packed, packet, now_s)

    def _icmp(self, packet: bytes) -> bytes | None:
        """Return a whole ICMPv6 message for this host, its checksum right; else None."""
        if len(packet) < 48 or packet[0] >> 4 != 6 or packet[6] != 58:
            return None
        message = packet[40 : 40 + int.from_bytes(packet[4:6])]
        to = str(ipaddress.IPv6Address(packet[24:40]))
        if len(message) != int.from_bytes(packet[4:6]) or len(message) < 8:
            return None
        if to not in (self._address, self._group, _EVERYBODY):
            return None
        kit = _scapy()
        return None if kit.in6_chksum(58, kit.IPv6(packet[:40]), message) else message

    def _asked(
        self, source: str, to: str, target: bytes, options: dict[int, bytes], now_s: float
    ) -> None:
        """A solicitation came: RFC 4861 sections 7.1.1 and 7.2.3."""
        if target != self._octets:
            return
        mac = options.get(_SOURCE_OPTION)
        if source == "::":
            if mac is None and to == self._group:
                said = self._advertisement(_EVERYBODY, solicited=False)
                self.neighbours.put(Outgoing(_group_mac(_EVERYBODY), IPV6, said))
            return
        sender = ipaddress.IPv6Address(source).packed
        if mac is not None:
            self.neighbours.learn(sender, mac, "STALE", now_s)
        self.neighbours.send(sender, self._advertisement(source, solicited=True), now_s)

    def _told(self, to: str, message: bytes, options: dict[int, bytes], now_s: float) -> None:
        """An advertisement came: RFC 4861 sections 7.1.2 and 7.2.5."""
        solicited, override = bool(message[4] & 0x40), bool(message[4] & 0x20)
        if solicited and to == _EVERYBODY:
            return
        target = message[8:24]
        state, known = self.neighbours.state_of(target)
        mac = options.get(_TARGET_OPTION)
        if not state or (mac is None and known is None):
            return
        if mac not in (None, known) and known is not None and not override:
            self.neighbours.doubt(target)
            return
        sure = "REACHABLE" if solicited else "STALE"
        if mac not in (None, known) or solicited:
            self.neighbours.learn(target, mac or known, sure, now_s)

    def _ask(self, address: bytes, mac: bytes | None) -> Outgoing:
        kit = _scapy()
        target = str(ipaddress.IPv6Address(address))
        to = target if mac else _solicited(address)
        question = kit.ICMPv6ND_NS(tgt=target) / kit.ICMPv6NDOptSrcLLAddr(lladdr=self._mac.hex(":"))
        return Outgoing(mac or _group_mac(to), IPV6, self._packet(to, bytes(question), _HOP_LIMIT))

    def _advertisement(self, to: str, *, solicited: bool) -> bytes:
        kit = _scapy()
        said = kit.ICMPv6ND_NA(R=0, S=int(solicited), O=1, tgt=self._address)
        said /= kit.ICMPv6NDOptDstLLAddr(lladdr=self._mac.hex(":"))
        return self._packet(to, bytes(said), _HOP_LIMIT)

    def _packet(self, to: str, message: bytes, hop_limit: int) -> bytes:
        kit = _scapy()
        header = kit.IPv6(src=self._address, dst=to, nh=58, hlim=hop_limit, plen=len(message))
        message = message[:2] + b"\0\0" + message[4:]
        checksum = kit.in6_chksum(58, header, message)
        return bytes(header) + message[:2] + checksum.to_bytes(2) + message[4:]


def _options(message: bytes) -> dict[int, bytes] | None:
    """Return link-layer addresses by option type, or None if the message is malformed."""
    if len(message) < 24 or message[8] == 0xFF:
        return None
    found, rest = {}, message[24:]
    while rest:
        length = rest[1] * 8 if len(rest) > 1 else 0
        if not 0 < length <= len(rest):
            return None
        if rest[0] in (_SOURCE_OPTION, _TARGET_OPTION) and length == 8:
            found[rest[0]] = rest[2:8]
        rest = rest[length:]
    return found


def _solicited(address: bytes) -> str:
    return str(ipaddress.IPv6Address(_scapy().in6_getnsma(address)))


def _group_mac(address: str) -> bytes:
    mac = _scapy().in6_getnsmac(ipaddress.IPv6Address(address).packed)
    return bytes.fromhex(mac.replace(":", ""))


@cache
def _scapy() -> SimpleNamespace:
    """scapy's IPv6, loaded when first needed: most networks do without."""
    layers()  # quietens scapy
    from scapy.layers import inet6
    from scapy.utils6 import in6_getnsma, in6_getnsmac

    names = ("IPv6", "ICMPv6ND_NS", "ICMPv6ND_NA", "ICMPv6NDOptSrcLLAddr", "ICMPv6NDOptDstLLAddr")
    return SimpleNamespace(
        **{name: getattr(inet6, name) for name in (*names, "in6_chksum")},
        in6_getnsma=in6_getnsma,
        in6_getnsmac=in6_getnsmac,
    )

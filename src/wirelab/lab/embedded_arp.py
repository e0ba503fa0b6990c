"""ARP as the embedded host speaks it (RFC 826, as Linux does).

Packets and the time go in; what to learn and to answer goes to a neighbour table.
"""

from __future__ import annotations

import struct

from wirelab.lab.embedded_neighbours import Neighbours, Outgoing, Pace

ARP, IPV4 = b"\x08\x06", b"\x08\x00"
BROADCAST = b"\xff" * 6
_REQUEST, _REPLY = 1, 2
_NOBODY = b"\0" * 6
_HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_LAYOUT = struct.Struct("!H6s4s6s4s")
_LENGTH = len(_HEAD) + _LAYOUT.size


class ArpHost:
    """A host with one IPv4 address; `neighbours` is its table."""

    def __init__(self, address: bytes, mac: bytes) -> None:
        self._address, self._mac = address, mac
        self.neighbours = Neighbours(IPV4, self._ask, Pace())

    def arrives(self, packet: bytes, to_us: bool, now_s: float) -> None:
        """Take one ARP packet; `to_us` if its frame was not a broadcast. Malformed: ignored.

        The order is that of RFC 826, "Packet Reception": refresh a known sender, add it if
        the packet is for us, look at the opcode last.
        """
        if len(packet) < _LENGTH or packet[:6] != _HEAD:
            return
        opcode, sender_mac, sender, _, target = _LAYOUT.unpack_from(packet, 6)
        for_us = target == self._address
        is_probe = sender == b"\0" * 4  # RFC 5227: it must not enter a table
        known = self.neighbours.state_of(sender)[0]
        if not is_probe and sender != self._address:
            gratuitous = target == sender
            if opcode == _REQUEST and for_us:
                self.neighbours.learn(sender, sender_mac, "STALE", now_s, lock=True)
            elif known:
                state = "REACHABLE" if opcode == _REPLY and to_us else "STALE"
                self.neighbours.learn(sender, sender_mac, state, now_s, lock=not gratuitous)
        if opcode == _REQUEST and for_us:
            self.neighbours.put(self._said(_REPLY, sender_mac, sender_mac, sender))

    def _ask(self, address: bytes, mac: bytes | None) -> Outgoing:
        return self._said(_REQUEST, mac or BROADCAST, _NOBODY, address)

    def _said(self, opcode: int, to: bytes, target_mac: bytes, target: bytes) -> Outgoing:
        packet = _HEAD + _LAYOUT.pack(opcode, self._mac, self._address, target_mac, target)
        return Outgoing(to, ARP, packet)

"""The embedded host's neighbour table: ARP as Linux does it (RFC 826, RFC 1122 section 2.3.2).

Packets and the time go in; requests, replies and held packets come out. It knows no TCP.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field

from wirelab.lab.network import NeighbourRow

REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6
_NOBODY = b"\0" * 6
_HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)
_LAYOUT = struct.Struct("!H6s4s6s4s")
LENGTH = len(_HEAD) + _LAYOUT.size

#: Linux's defaults: mcast_solicit and ucast_solicit, retrans_time, delay_first_probe_time,
#: base_reachable_time, locktime.
TRIES, RETRY_S, DELAY_S, REACHABLE_S, LOCK_S = 3, 1.0, 5.0, 30.0, 1.0
#: RFC 1122 section 2.3.2.2: hold "at least one (the latest) packet".
HELD = 16


@dataclass
class _Entry:
    state: str
    mac: bytes | None = None
    updated_s: float = float("-inf")
    confirmed_s: float = float("-inf")
    due_s: float | None = None
    tries: int = 0
    held: deque[bytes] = field(default_factory=lambda: deque(maxlen=HELD))


class Neighbours:
    """Addresses and MAC addresses, both as octets. `take_outbox` has `(mac, packet, is_arp)`."""

    def __init__(self, address: bytes, mac: bytes) -> None:
        self._address, self._mac = address, mac
        self._entries: dict[bytes, _Entry] = {}
        self._outbox: list[tuple[bytes, bytes, bool]] = []

    def make_permanent(self, address: bytes, mac: bytes) -> None:
        """Enter a neighbour that no ARP can change."""
        self._entries[address] = _Entry("PERMANENT", mac)

    def send(self, address: bytes, packet: bytes, now_s: float) -> None:
        """Send an IP packet to a neighbour, after asking for its MAC address if need be."""
        entry = self._entries.setdefault(address, _Entry("FAILED"))
        if entry.state in ("FAILED", "INCOMPLETE"):
            entry.held.append(packet)
            if entry.state == "FAILED":
                entry.state, entry.tries, entry.mac = "INCOMPLETE", 0, None
                self._ask(address, entry, now_s)
            return
        if entry.state == "STALE":
            entry.state, entry.due_s = "DELAY", now_s + DELAY_S
        self._outbox.append((entry.mac, packet, False))

    def confirm(self, address: bytes, now_s: float) -> None:
        """Take note that the neighbour has answered, at a higher layer."""
        if address in self._entries:
            self._entries[address].confirmed_s = now_s

    def arrives(self, packet: bytes, to_us: bool, now_s: float) -> None:
        """Take one ARP packet; `to_us` if its frame was not a broadcast. Malformed: ignored.

        The order is that of RFC 826, "Packet Reception": refresh a known sender, add it if
        the packet is for us, look at the opcode last.
        """
        if len(packet) < LENGTH or packet[:6] != _HEAD:
            return
        opcode, sender_mac, sender, _, target = _LAYOUT.unpack_from(packet, 6)
        for_us = target == self._address
        is_probe = sender == b"\0" * 4  # RFC 5227: it must not enter a table
        known = sender in self._entries
        if not is_probe and sender != self._address:
            if opcode == REQUEST and for_us:
                self._learn(sender, sender_mac, "STALE", now_s)
            elif known:
                sure = opcode == REPLY and to_us
                state = "REACHABLE" if sure else "STALE"
                self._learn(sender, sender_mac, state, now_s, gratuitous=target == sender)
        if opcode == REQUEST and for_us:
            self._say(REPLY, sender_mac, sender_mac, sender)

    def deadline(self) -> float | None:
        """Return when `timeout` wants to be called next, or None."""
        return min((e.due_s for e in self._entries.values() if e.due_s is not None), default=None)

    def timeout(self, now_s: float) -> None:
        """Ask again, give up, or grow unsure, as is due."""
        for address, entry in self._entries.items():
            if entry.due_s is None or entry.due_s > now_s:
                continue
            entry.due_s = None
            if entry.state == "REACHABLE":
                self._grow_old(entry, now_s)
            elif entry.state == "DELAY" and now_s - entry.confirmed_s < DELAY_S:
                self._become_reachable(entry, now_s)
            elif entry.state == "DELAY":
                entry.state, entry.tries = "PROBE", 0
                self._ask(address, entry, now_s)
            elif entry.tries < TRIES:
                self._ask(address, entry, now_s)
            else:
                entry.state, entry.mac = "FAILED", None
                entry.held.clear()

    def take_outbox(self) -> list[tuple[bytes, bytes, bool]]:
        """Return what is to be sent, and forget it."""
        taken, self._outbox = self._outbox, []
        return taken

    def rows(self) -> list[NeighbourRow]:
        """Return the table as `ip neigh` shows it."""
        return [
            NeighbourRow(
                ".".join(str(octet) for octet in address),
                entry.mac.hex(":") if entry.mac else None,
                entry.state,
            )
            for address, entry in self._entries.items()
        ]

    def _learn(
        self, address: bytes, mac: bytes, state: str, now_s: float, gratuitous: bool = False
    ) -> None:
        entry = self._entries.setdefault(address, _Entry("FAILED"))
        if entry.state == "PERMANENT":
            return
        if entry.mac not in (None, mac) and now_s - entry.updated_s < LOCK_S and not gratuitous:
            return  # the first answer wins: proxies may answer too
        if entry.mac != mac or state == "REACHABLE":
            entry.state, entry.due_s = state, None
            entry.mac, entry.updated_s = mac, now_s
            if state == "REACHABLE":
                entry.confirmed_s = now_s
                self._become_reachable(entry, now_s)
        for packet in entry.held:
            self._outbox.append((mac, packet, False))
        entry.held.clear()

    def _become_reachable(self, entry: _Entry, now_s: float) -> None:
        entry.state, entry.due_s = "REACHABLE", now_s + REACHABLE_S

    def _grow_old(self, entry: _Entry, now_s: float) -> None:
        if now_s - entry.confirmed_s < REACHABLE_S:
            entry.due_s = entry.confirmed_s + REACHABLE_S
        else:
            entry.state = "STALE"

    def _ask(self, address: bytes, entry: _Entry, now_s: float) -> None:
        entry.tries += 1
        entry.due_s = now_s + RETRY_S
        self._say(REQUEST, entry.mac or BROADCAST, _NOBODY, address)

    def _say(self, opcode: int, to: bytes, target_mac: bytes, target: bytes) -> None:
        packet = _HEAD + _LAYOUT.pack(opcode, self._mac, self._address, target_mac, target)
        self._outbox.append((to, packet, True))

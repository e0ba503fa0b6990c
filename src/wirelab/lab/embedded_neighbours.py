"""The embedded host's neighbour table: its states and timers, as Linux has them for ARP and NDP.

Packets and the time go in, questions and held packets come out. It knows no message: how to ask
it learns from `embedded_arp` or `embedded_ndp` (states: RFC 4861 section 7.3.2).
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wirelab.lab.network import NeighbourRow

#: RFC 1122 section 2.3.2.2: hold "at least one (the latest) packet".
HELD = 16


@dataclass
class Pace:
    """The table's numbers; Linux's mcast_solicit and ucast_solicit, retrans_time,
    delay_first_probe_time, base_reachable_time and, for ARP, locktime."""

    tries: int = 3
    retry_s: float = 1.0
    delay_s: float = 5.0
    reachable_s: float = 30.0
    lock_s: float = 1.0


@dataclass(frozen=True)
class Outgoing:
    """What the host wants on the wire, without its own MAC address in front."""

    mac: bytes
    ethertype: bytes
    packet: bytes


@dataclass
class _Entry:
    state: str
    mac: bytes | None = None
    updated_s: float = float("-inf")
    confirmed_s: float = float("-inf")
    used_s: float = float("-inf")
    due_s: float | None = None
    tries: int = 0
    held: deque[bytes] = field(default_factory=lambda: deque(maxlen=HELD))


class Neighbours:
    """Addresses and MAC addresses, both as octets.

    `ask(address, mac)` makes the question for an address, to everybody concerned if `mac` is None;
    `ethertype` is that of the packets it carries.
    """

    def __init__(
        self, ethertype: bytes, ask: Callable[[bytes, bytes | None], Outgoing], pace: Pace
    ) -> None:
        self._ethertype, self._question, self.pace = ethertype, ask, pace
        self._entries: dict[bytes, _Entry] = {}
        self._outbox: list[Outgoing] = []

    def make_permanent(self, address: bytes, mac: bytes) -> None:
        """Enter a neighbour that no message can change."""
        self._entries[address] = _Entry("PERMANENT", mac)

    def send(self, address: bytes, packet: bytes, now_s: float) -> None:
        """Send an IP packet to a neighbour, after asking for its MAC address if need be."""
        entry = self._entries.setdefault(address, _Entry("FAILED"))
        entry.used_s = now_s
        if entry.state in ("FAILED", "INCOMPLETE"):
            entry.held.append(packet)
            if entry.state == "FAILED":
                entry.state, entry.tries, entry.mac = "INCOMPLETE", 0, None
                self._ask(address, entry, now_s)
            return
        if entry.state == "STALE":
            entry.state, entry.due_s = "DELAY", now_s + self.pace.delay_s
        self.put(Outgoing(entry.mac, self._ethertype, packet))

    def put(self, outgoing: Outgoing) -> None:
        """Send something that needs no entry, as an answer to a question."""
        self._outbox.append(outgoing)

    def confirm(self, address: bytes, now_s: float) -> None:
        """Take note that the neighbour has answered, at a higher layer."""
        if address in self._entries:
            self._entries[address].confirmed_s = now_s

    def state_of(self, address: bytes) -> tuple[str, bytes | None]:
        """Return state and MAC address of an entry; `("", None)` if there is none."""
        entry = self._entries.get(address)
        return (entry.state, entry.mac) if entry else ("", None)

    def learn(
        self, address: bytes, mac: bytes, state: str, now_s: float, *, lock: bool = False
    ) -> None:
        """Enter or refresh a neighbour, and send what waits for it.

        `lock`: do not believe another MAC address so soon after the last.
        """
        entry = self._entries.setdefault(address, _Entry("FAILED"))
        if entry.state == "PERMANENT":
            return
        if lock and entry.mac not in (None, mac) and now_s - entry.updated_s < self.pace.lock_s:
            return  # the first answer wins: proxies may answer too
        if entry.mac != mac or state == "REACHABLE":
            entry.state, entry.due_s = state, None
            entry.mac, entry.updated_s = mac, now_s
            if state == "REACHABLE":
                entry.confirmed_s = now_s
                self._become_reachable(entry, now_s)
        for packet in entry.held:
            self.put(Outgoing(mac, self._ethertype, packet))
        entry.held.clear()

    def doubt(self, address: bytes) -> None:
        """Make a REACHABLE entry STALE: somebody else claims the address."""
        entry = self._entries[address]
        if entry.state == "REACHABLE":
            entry.state, entry.due_s = "STALE", None

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
            elif entry.state == "DELAY" and now_s - entry.confirmed_s < self.pace.delay_s:
                self._become_reachable(entry, now_s)
            elif entry.state == "DELAY":
                entry.state, entry.tries = "PROBE", 0
                self._ask(address, entry, now_s)
            elif entry.tries < self.pace.tries:
                self._ask(address, entry, now_s)
            else:
                entry.state, entry.mac = "FAILED", None
                entry.held.clear()

    def take_outbox(self) -> list[Outgoing]:
        """Return what is to be sent, and forget it."""
        taken, self._outbox = self._outbox, []
        return taken

    def rows(self) -> list[NeighbourRow]:
        """Return the table as `ip neigh` shows it."""
        return [
            NeighbourRow(
                str(ipaddress.ip_address(address)),
                entry.mac.hex(":") if entry.mac else None,
                entry.state,
            )
            for address, entry in self._entries.items()
        ]

    def _become_reachable(self, entry: _Entry, now_s: float) -> None:
        entry.state, entry.due_s = "REACHABLE", now_s + self.pace.reachable_s

    def _grow_old(self, entry: _Entry, now_s: float) -> None:
        """Reachable no longer for sure; one that is in use is asked about before long."""
        if now_s - entry.confirmed_s < self.pace.reachable_s:
            entry.due_s = entry.confirmed_s + self.pace.reachable_s
        elif now_s - entry.used_s < self.pace.delay_s:
            entry.state, entry.due_s = "DELAY", now_s + self.pace.delay_s
        else:
            entry.state = "STALE"

    def _ask(self, address: bytes, entry: _Entry, now_s: float) -> None:
        entry.tries += 1
        entry.due_s = now_s + self.pace.retry_s
        self.put(self._question(address, entry.mac))

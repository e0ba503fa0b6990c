"""An Ethernet frame and an ARP packet as values: what the learner's code takes and gives.

They know neither octets nor any table.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUEST, REPLY = 1, 2
BROADCAST = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"


@dataclass(frozen=True, kw_only=True)
class EthernetFrame:
    """One Ethernet II frame. MAC addresses are text: six octets in lower-case hexadecimal.

    `priority` (0 to 7) and `vlan` (0 to 4095) are those of an IEEE 802.1Q tag, both None if there
    is no tag; `payload` is all that follows the EtherType, padding included.
    """

    destination: str
    source: str
    ethertype: int
    payload: bytes = b""
    vlan: int | None = None
    priority: int | None = None

    def __str__(self) -> str:
        tag = "" if self.vlan is None else f" vlan {self.vlan}"
        size = len(self.payload)
        return f"{self.source} > {self.destination}{tag} 0x{self.ethertype:04x} {size} octets"


@dataclass(frozen=True, kw_only=True)
class Arp:
    """One ARP packet for IPv4 on Ethernet (RFC 826); all addresses are text.

    `opcode` is REQUEST (1) or REPLY (2). In a request `target_mac` has no meaning.
    """

    opcode: int
    sender_mac: str
    sender_ip: str
    target_mac: str = NOBODY
    target_ip: str

    def __str__(self) -> str:
        if self.opcode == REQUEST:
            return f"who-has {self.target_ip} tell {self.sender_ip} ({self.sender_mac})"
        return f"{self.sender_ip} is-at {self.sender_mac}, to {self.target_ip}"

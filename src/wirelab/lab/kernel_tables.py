"""The kernel's socket and neighbour tables as rows, read through descriptors of its namespace.

It knows neither the helper process nor the peer.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

from wirelab.lab.network import NeighbourRow, SocketRow

# include/net/tcp_states.h; 12 is a request socket, which the kernel also shows as SYN-RECEIVED.
TCP_STATES = {
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "CLOSED",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",
}

# include/uapi/linux/neighbour.h
_NEIGHBOUR_STATES = {
    0x01: "INCOMPLETE",
    0x02: "REACHABLE",
    0x04: "STALE",
    0x08: "DELAY",
    0x10: "PROBE",
    0x20: "FAILED",
    0x40: "NOARP",
    0x80: "PERMANENT",
}
_GET_NEIGHBOURS, _NEW_NEIGHBOUR, _DONE = 30, 28, 3
_REQUEST_DUMP = 0x301


def read_sockets(descriptor: int) -> list[SocketRow]:
    """Return the rows of `/proc/net/tcp`, open as `descriptor`."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    chunks = []
    while chunk := os.read(descriptor, 1 << 20):
        chunks.append(chunk)
    rows = []
    for line in b"".join(chunks).decode().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        rows.append(SocketRow(TCP_STATES[int(state, 16)], *_endpoint(local), *_endpoint(remote)))
    return rows


def _endpoint(text: str) -> tuple[str, int]:
    address, port = text.split(":")
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)


def read_neighbours(descriptor: int, family: int = socket.AF_INET) -> list[NeighbourRow]:
    """Return a neighbour table by the netlink socket `descriptor` (RTM_GETNEIGH)."""
    body = struct.pack("BxxxiHBB", family, 0, 0, 0, 0)
    request = struct.pack("IHHII", 16 + len(body), _GET_NEIGHBOURS, _REQUEST_DUMP, 1, 0) + body
    netlink = socket.socket(fileno=os.dup(descriptor))
    rows = []
    with netlink:
        netlink.send(request)
        while True:
            answer = netlink.recv(1 << 16)
            while answer:
                length, kind = struct.unpack_from("IH", answer)
                if kind == _DONE:
                    return rows
                if kind == _NEW_NEIGHBOUR:
                    rows.extend(_neighbour(answer[16:length]))
                answer = answer[length:]


def _neighbour(message: bytes) -> list[NeighbourRow]:
    state = struct.unpack_from("H", message, 8)[0]
    attributes = {}
    rest = message[12:]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("HH", rest)
        attributes[kind] = rest[4:length]
        rest = rest[(length + 3) & ~3 :]
    if state not in _NEIGHBOUR_STATES or state == 0x40:  # no entry, or one that needs no ARP
        return []
    mac = attributes.get(2)
    return [
        NeighbourRow(
            str(ipaddress.ip_address(attributes[1])),
            mac.hex(":") if mac else None,
            _NEIGHBOUR_STATES[state],
        )
    ]

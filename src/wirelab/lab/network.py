"""The one interface of a lab network, whichever kind is behind it.

The learner is a host at one end of a link; `peer` is the host at the other end.
This file must not know how either kind works.
"""

from __future__ import annotations

import abc
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wirelab.lab import addresses
from wirelab.protocols.segment import Segment

if TYPE_CHECKING:
    from wirelab.lab.faults import Faults
    from wirelab.lab.trace import Record


class NetworkUnavailable(RuntimeError):
    """This machine cannot make that kind of network; the message says why in one line."""


class Clock(Protocol):
    """Seconds that pass: virtual in the embedded network, real in the kernel's."""

    def now(self) -> float:
        """Return seconds since the network was made."""

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass (at once, on a virtual clock)."""


class Link(Protocol):
    """The learner's end of a cable: Ethernet frames in, Ethernet frames out.

    A link may have an attribute `arrived_s`: when the frame that `receive` last returned came,
    in seconds of the network's clock. Without it, a frame came when it was taken.
    """

    def send(self, frame: bytes) -> None:
        """Put one frame, without its check sequence, on the wire."""

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, or None when none came in time."""


@dataclass(frozen=True)
class SocketRow:
    """One line of the peer's socket table, as `ss -tan` shows it; `state` in RFC 9293 names."""

    state: str
    local_address: str
    local_port: int
    remote_address: str
    remote_port: int


@dataclass(frozen=True)
class NeighbourRow:
    """One line of the peer's neighbour table, as `ip neigh` shows it; `mac` is None if unknown."""

    address: str
    mac: str | None
    state: str


class Ping(Protocol):
    """An echo request of the peer that is under way, or has been answered."""

    address: str

    @property
    def answered_s(self) -> float | None:
        """The round trip in seconds, or None as long as there is no reply."""


PACE = ("retry_s", "reachable_s", "delay_s")


def checked_pace(numbers: dict[str, float]) -> dict[str, float]:
    """Return `numbers` for `Peer.pace_neighbours`; raises TypeError, ValueError for others."""
    for name, value in numbers.items():
        if name not in PACE:
            raise TypeError(f"{name} is no time of a neighbour table; there are {', '.join(PACE)}")
        if value < 0 or (name != "delay_s" and value == 0):
            raise ValueError(f"{name}={value} is no time to wait")
        if name == "delay_s" and value != int(value):
            raise ValueError(f"delay_s={value}: the kernel takes whole seconds here")
    return numbers


class Connection(abc.ABC):
    """A TCP socket that lives in the peer. No call blocks.

    `send` and `receive` raise ConnectionResetError after a RST, ConnectionRefusedError if an
    opening was answered by one, TimeoutError if the peer has given up.
    """

    local_port: int
    remote_port: int

    @property
    @abc.abstractmethod
    def state(self) -> str:
        """The TCP state in RFC 9293 names: `SYN-SENT`, `ESTABLISHED`, ..."""

    @abc.abstractmethod
    def send(self, data: bytes) -> None:
        """Queue octets for sending; raises BlockingIOError if the socket takes none now."""

    @abc.abstractmethod
    def receive(self, timeout_s: float = 0.0) -> bytes | None:
        """Return what has come, b"" at the end of the stream, or None when nothing came in time."""

    @abc.abstractmethod
    def shutdown_write(self) -> None:
        """Send FIN, go on reading."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close in both directions."""

    @abc.abstractmethod
    def abort(self) -> None:
        """Close with RST."""


class Peer(abc.ABC):
    """The host at the other end: the Linux kernel, or its embedded stand-in."""

    address: str
    mac: str
    address6: str = addresses.PEER_ADDRESS6
    """Its IPv6 address, in a network made with `ipv6=True`."""
    departures: Faults | None = None
    """What to keep moving while a call waits: the learner's frames that faults delay."""

    @abc.abstractmethod
    def listen(self, port: int = 0, *, backlog: int = 128, syn_cookies: bool = False) -> int:
        """Listen on `port` (0: the system chooses) and return the port.

        `backlog` bounds the connections that wait, half open or for `accept`; with
        `syn_cookies` every SYN is answered by a cookie, without a place in the queue (RFC 4987).
        Raises OSError if the port is taken.
        """

    @abc.abstractmethod
    def accept(self, port: int, timeout_s: float = 1.0) -> Connection | None:
        """Return the next established connection of a listening port, or None in time.

        Raises ValueError if the peer does not listen on `port`.
        """

    @abc.abstractmethod
    def connect(self, port: int, *, local_port: int = 0) -> Connection:
        """Begin an active open towards the learner's `port` and return at once."""

    @abc.abstractmethod
    def sockets(self) -> list[SocketRow]:
        """Return the TCP sockets of the peer, listeners included."""

    def state_of(self, port: int, remote_port: int) -> str:
        """Return the TCP state of the peer's `port` towards the learner's `remote_port`.

        `LISTEN` if there is only a listener, `CLOSED` if there is nothing.
        """
        state = "CLOSED"
        for row in self.sockets():
            if (row.local_port, row.remote_port) == (port, remote_port):
                return row.state
            if row.local_port == port and row.state == "LISTEN":
                state = "LISTEN"
        return state

    @abc.abstractmethod
    def neighbours(self) -> list[NeighbourRow]:
        """Return the neighbour tables of the peer: ARP's, then NDP's if it speaks IPv6."""

    @abc.abstractmethod
    def ping(self, address: str, *, data_bytes: int = 48) -> Ping:
        """Send one ICMP echo request, IPv4 or IPv6, and return at once; 0 to 1472 octets of data.

        Raises OSError if no route leads there.
        """

    @abc.abstractmethod
    def add_route(self, via: str, to: str = "0.0.0.0/0") -> None:
        """Send IPv4 packets for the network `to` by way of the neighbour `via`, a gateway."""

    @abc.abstractmethod
    def pace_neighbours(self, **numbers: float) -> None:
        """Change how long the neighbour tables wait, in seconds.

        `retry_s`: between two questions (1). `reachable_s`: until an entry turns STALE (30;
        the kernel draws a time between half of it and one and a half). `delay_s`: from the use
        of a STALE entry to the first probe (5, whole seconds). Raises TypeError or ValueError.
        """


class SegmentWire(Protocol):
    """The link, one layer up: TCP segments to and from the peer."""

    def send(self, segment: Segment) -> None:
        """Send one segment to the peer, wrapped in IPv4 and Ethernet, checksums filled in."""

    def receive(self, timeout_s: float) -> Segment | None:
        """Return the next segment from the peer, or None when none came in time."""

    def send_octets(self, octets: bytes) -> None:
        """Send octets as a TCP segment just as they are, right or wrong."""

    def receive_octets(self, timeout_s: float) -> bytes | None:
        """Return the octets of the next segment, or None when none came in time."""


class Network(abc.ABC):
    """A link with the learner at one end and `peer` at the other. A context manager."""

    kind: str
    """`kernel` or `embedded`."""
    why: str
    """One line: what the peer is, and if not the kernel, why not."""
    clock: Clock
    link: Link
    peer: Peer
    address: str
    """The learner's own IPv4 address."""
    mac: str
    """The learner's own MAC address."""
    address6: str
    """The learner's own IPv6 address; the peer speaks IPv6 if the network was made so."""

    @staticmethod
    def best(*, seed: int = 0, resolved: bool = True, ipv6: bool = False) -> Network:
        """Return the kernel network where this machine allows it, else the embedded one.

        `resolved`: the peer knows the learner's MAC address beforehand, so that no ARP crosses.
        `ipv6`: the peer speaks IPv6 too, and has to find the learner there by NDP.
        The environment variable WIRELAB_NETWORK (`kernel` or `embedded`) overrides the choice.
        Raises NetworkUnavailable if the kind that WIRELAB_NETWORK asks for cannot be had.
        """
        from wirelab.lab import choose  # the kinds import this module

        return choose.best(seed=seed, resolved=resolved, ipv6=ipv6)

    @abc.abstractmethod
    def wire(self) -> SegmentWire:
        """Return the link as a wire that carries TCP segments."""

    @abc.abstractmethod
    def close(self) -> None:
        """Take the network down; nothing of it survives. Closing twice is harmless."""

    @property
    @abc.abstractmethod
    def trace(self) -> list[Record]:
        """Every frame that crossed the learner's link so far, oldest first.

        `Record.states` has the state of the `peer` where it is known.
        """

    @abc.abstractmethod
    def faults(self, *, seed: int | None = None, **plan: object) -> None:
        """Let things go wrong on the link from now on; without arguments, nothing any more.

        `net.faults(loss=0.1, delay_s=0.05, duplicate=0.1, reorder=0.1, drop=rule)`; see
        `wirelab.lab.faults.Plan` and `first`. `seed`: the network's own, if none is given.
        Raises ValueError for what is no probability or no time.
        """

    @abc.abstractmethod
    def save_pcap(self, path: str | os.PathLike) -> int:
        """Write the trace as a pcap file for Wireshark; return the number of frames in it."""

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

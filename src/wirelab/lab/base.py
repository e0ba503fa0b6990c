"""What both kinds of network share: the learner's end, with tracer and faults on it.

A kind gives a bare link, a clock and a peer; this file must not know how they work.
"""

from __future__ import annotations

import os

from wirelab.lab import addresses
from wirelab.lab.faults import Faults, PassingClock
from wirelab.lab.network import Clock, Link, Network, Peer
from wirelab.lab.pcap import write_pcap
from wirelab.lab.trace import Record
from wirelab.lab.tracer import Tracer
from wirelab.lab.wire import Endpoint, EthernetWire


class LinkedNetwork(Network):
    """A `Network` made of a bare link, a clock and a peer.

    The learner's `link` is the bare one with a tracer and then faults around it, which are none
    until `faults` is called.
    """

    def __init__(self, *, link: Link, clock: Clock, peer: Peer, seed: int = 0) -> None:
        self.address, self.mac = addresses.LEARNER_ADDRESS, addresses.LEARNER_MAC
        self.address6 = addresses.LEARNER_ADDRESS6
        self.peer = peer
        self._seed = seed
        self._tracer = Tracer(link, clock, _PeerStates(peer))
        self.link = self._faults = Faults(self._tracer, clock, seed=seed)
        self.clock = PassingClock(clock, self._faults)
        peer.departures = self._faults

    def wire(self) -> EthernetWire:
        return EthernetWire(
            self.link,
            self.clock,
            here=Endpoint(self.address, self.mac),
            there=Endpoint(self.peer.address, self.peer.mac),
        )

    @property
    def trace(self) -> list[Record]:
        return self._tracer.records()

    def faults(self, *, seed: int | None = None, **plan: object) -> None:
        self._faults.change(seed=self._seed if seed is None else seed, **plan)

    def save_pcap(self, path: str | os.PathLike) -> int:
        return write_pcap(path, self.trace)


class _PeerStates:
    """The state of the peer's end of the conversation that a frame belongs to."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._last: dict[tuple[int, int], str] = {}

    def __call__(self, frame: bytes, sent: bool) -> dict[str, str]:
        ports = _tcp_ports(frame)
        if ports is None:
            return {}
        ends = ports[::-1] if sent else ports
        state = self._peer.state_of(*ends)
        # Once there was a connection, its end is CLOSED, although the listener is still there. A
        # passive open that is refused goes back to LISTEN (RFC 9293 section 3.10.7.4).
        if state == "LISTEN" and self._last.get(ends) not in (None, "LISTEN", "SYN-RECEIVED"):
            state = "CLOSED"
        self._last[ends] = state
        return {"peer": state}


def _tcp_ports(frame: bytes) -> tuple[int, int] | None:
    """Return source and destination port if the frame looks like TCP over IPv4."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    start = 14 + (frame[14] & 0x0F) * 4
    if len(frame) < start + 4:
        return None
    return int.from_bytes(frame[start : start + 2]), int.from_bytes(frame[start + 2 : start + 4])

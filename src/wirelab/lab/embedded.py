"""The embedded network: a peer in pure Python on a virtual clock, on any system.

Nothing here waits: `receive` and `wait` move the clock to the next thing that happens. Equal
seeds and equal calls give equal frames at equal times. What a connection's methods raise is in
`embedded_peer`, what the host does in `embedded_host`.
"""

from __future__ import annotations

import math
from collections import deque

from wirelab.lab.base import LinkedNetwork
from wirelab.lab.embedded_host import EmbeddedHost
from wirelab.lab.embedded_peer import EmbeddedPeer
from wirelab.lab.faults import Faults
from wirelab.protocols.tcp import Settings

_HEADER_BYTES, _LONGEST_FRAME_BYTES = 14, 1514


class EmbeddedNetwork(LinkedNetwork):
    """A link to an embedded host; see `Network`.

    `seed` decides the peer's sequence numbers and ports, and the dice of the faults that one
    may add. `resolved`: the peer has a permanent neighbour entry for the learner. `ipv6`: it
    speaks IPv6 too.
    `settings` are the numbers the peer's TCP runs by.
    """

    kind = "embedded"

    def __init__(
        self,
        *,
        seed: int = 0,
        resolved: bool = True,
        ipv6: bool = False,
        settings: Settings | None = None,
    ) -> None:
        host = EmbeddedHost(seed=seed, resolved=resolved, ipv6=ipv6, settings=settings)
        world = World(host)
        self._world = world
        super().__init__(
            link=EmbeddedLink(world), clock=world, peer=EmbeddedPeer(host, world), seed=seed
        )
        world.departures = self._faults
        self.why = "the peer is the embedded stand-in for a kernel, on a virtual clock"

    def close(self) -> None:
        self._world.closed = True


class World:
    """The virtual clock, the host on it, and the frames that wait at the learner's end."""

    def __init__(self, host: EmbeddedHost) -> None:
        self._host = host
        self._now_s = 0.0
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.closed = False
        self.departures: Faults | None = None

    def now(self) -> float:
        """Return seconds since the network was made."""
        return self._now_s

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass, at once; the host's timers run out in order."""
        deadline = self._now_s + seconds
        while self.move(deadline):
            pass

    def move(self, until_s: float) -> bool:
        """Go to the next thing that happens, or to `until_s` and return False.

        That is a timer of the host, or the arrival of a frame that faults on the link delay.
        """
        self.check_open()
        due_s = self._host.deadline()
        arrival_s = self.departures.next_departure_s() if self.departures else None
        if arrival_s is not None and arrival_s <= min(
            until_s, math.inf if due_s is None else due_s
        ):
            self._now_s = max(self._now_s, arrival_s)
            self.departures.depart()
            return True
        if due_s is None or due_s > until_s:
            self._now_s = max(self._now_s, until_s)
            return False
        self._now_s = max(self._now_s, due_s)
        self._host.timeout(self._now_s)
        self.collect()
        return True

    def put(self, frame: bytes) -> None:
        """Hand the host a frame; its answers wait afterwards."""
        self.check_open()
        self._host.arrives(frame, self._now_s)
        self.collect()

    def collect(self) -> None:
        """Take over what the host has sent; call it after any call to the host."""
        self._host.flush(self._now_s)
        self.waiting.extend((self._now_s, frame) for frame in self._host.take_frames())

    def check_open(self) -> None:
        """Raise RuntimeError if the network has been closed."""
        if self.closed:
            raise RuntimeError("this network is closed: make a new one")


class EmbeddedLink:
    """The learner's end of the cable; see `Link`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.arrived_s = 0.0

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire; raises ValueError if it is no Ethernet frame by its length."""
        if not _HEADER_BYTES <= len(frame) <= _LONGEST_FRAME_BYTES:
            raise ValueError(
                f"a frame has {_HEADER_BYTES} to {_LONGEST_FRAME_BYTES} octets, not {len(frame)}"
            )
        self._world.put(frame)

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, or None; `arrived_s` is then when it reached this end."""
        self._world.check_open()
        deadline = self._world.now() + max(0.0, timeout_s)
        while not self._world.waiting:
            if not self._world.move(deadline):
                return None
        self.arrived_s, frame = self._world.waiting.popleft()
        return frame

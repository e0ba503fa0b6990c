"""Networks for the tests of this folder, and a learner who speaks TCP by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from support import require

from wirelab.lab import NetworkUnavailable
from wirelab.lab.kernel import KernelNetwork
from wirelab.lab.network import Connection, Network
from wirelab.protocols.segment import ACK, FIN, SYN, Flag, Segment


@pytest.fixture(scope="session")
def kernel_or_skip() -> Callable[..., KernelNetwork]:
    """A function that makes a kernel network, or skips where the machine refuses."""

    def make(**options: object) -> KernelNetwork:
        try:
            return KernelNetwork(**options)
        except NetworkUnavailable as refusal:
            return require(False, f"allow user namespaces: {refusal}")

    return make


@pytest.fixture
def network(kernel_or_skip) -> Iterator[KernelNetwork]:
    """A kernel network whose peer knows the learner's MAC address."""
    with kernel_or_skip() as made:
        yield made


@dataclass
class Speaker:
    """The learner's end of one conversation; it sends what the test says and nothing else."""

    network: Network
    port: int
    """The peer's port."""
    my_port: int = 5000
    seq: int = 1000
    ack: int = 0
    connection: Connection | None = field(default=None)

    def __post_init__(self) -> None:
        self.wire = self.network.wire()

    def say(self, flags: Flag, data: bytes = b"") -> None:
        """Send one segment; SYN, FIN and data move `seq` on (RFC 9293 section 3.4)."""
        ack = self.ack if ACK in flags else 0
        self.wire.send(
            Segment(
                source_port=self.my_port,
                destination_port=self.port,
                seq=self.seq,
                ack=ack,
                flags=flags,
                data=data,
            )
        )
        self.seq += len(data) + (SYN in flags) + (FIN in flags)

    def hear(self, timeout_s: float = 2.0) -> Segment:
        """Return the next segment of the peer, and take its end as the next `ack`."""
        segment = self.wire.receive(timeout_s)
        assert segment is not None, "the peer said nothing"
        flags = segment.flags
        self.ack = segment.seq + len(segment.data) + (SYN in flags) + (FIN in flags)
        return segment

    def state(self) -> str:
        """The state of the peer's end."""
        return self.network.peer.state_of(self.port, self.my_port)


@pytest.fixture
def opened() -> Callable[..., Speaker]:
    """A function that opens a connection to a listening peer, by hand."""

    def open_(network: Network, my_port: int = 5000) -> Speaker:
        speaker = Speaker(network, network.peer.listen(), my_port)
        speaker.say(SYN)
        speaker.hear()
        speaker.say(ACK)
        speaker.connection = network.peer.accept(speaker.port)
        assert speaker.connection is not None
        return speaker

    return open_


@pytest.fixture(scope="session")
def speaker() -> type[Speaker]:
    """The class `Speaker`."""
    return Speaker


class VirtualClock:
    """Seconds that pass when they are waited for."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds


class ScriptedLink:
    """A link on a virtual clock: `arrivals` come at their times, `sent` is what was sent when."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.arrivals: list[tuple[float, bytes]] = []
        self.sent: list[tuple[float, bytes]] = []
        self.arrived_s = 0.0

    def send(self, frame: bytes) -> None:
        self.sent.append((self.clock.now(), frame))

    def receive(self, timeout_s: float) -> bytes | None:
        deadline = self.clock.now() + timeout_s
        if self.arrivals and self.arrivals[0][0] <= deadline:
            self.arrived_s, frame = self.arrivals.pop(0)
            self.clock.time_s = max(self.clock.time_s, self.arrived_s)
            return frame
        self.clock.time_s = deadline
        return None


@pytest.fixture
def scripted() -> ScriptedLink:
    """A scripted link."""
    return ScriptedLink()

"""The embedded peer behaves as the kernel does: the same conversations, the same ladders."""

from __future__ import annotations

import contextlib
import platform
import re
from collections.abc import Iterator

import pytest
from conversations import CONVERSATIONS, SINCE_KERNEL, Step, Talk

from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.lab.kernel import KernelNetwork
from wirelab.lab.network import Network
from wirelab.protocols.segment import ACK, FIN, PSH, SYN, Segment
from wirelab.protocols.tcp import Settings

#: Ports for the learner, so that no conversation hears another.
PORTS = {name: 20_000 + 10 * number for number, name in enumerate(CONVERSATIONS)}


@pytest.fixture(scope="module")
def kernel(kernel_or_skip) -> Iterator[KernelNetwork]:
    """One kernel for all conversations, in no hurry to repeat itself."""
    with kernel_or_skip() as network:
        with contextlib.suppress(OSError):  # before 6.11 a step may not take 0.2 s
            network.peer.sysctl("tcp_rto_min_us", 2_000_000)
        yield network


def ladder(network: Network, name: str, guide=None) -> list[Step]:
    talk = Talk(network, PORTS[name], guide)
    CONVERSATIONS[name](talk)
    if talk.connection:
        talk.connection.abort()
    return talk.steps


@pytest.mark.kernel
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_same_ladder_on_both_networks(kernel, name):
    release = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    if release < (since := SINCE_KERNEL.get(name, (0, 0))):
        pytest.skip(f"this kernel differs: run Linux {since[0]}.{since[1]} or newer")
    with EmbeddedNetwork(seed=1) as embedded:
        expected = ladder(embedded, name)
    assert expected, "the conversation says nothing"

    assert ladder(kernel, name, guide=expected) == expected


# When things are sent again. The kernel's timers are a little late, never early.

LATE_S, LATE_SHARE = 0.08, 0.13
SYN_PORT, SYN_ACK_PORT, FIN_PORT, DATA_PORT = 30_001, 30_002, 30_003, 30_004


def schedules(network: Network, watch_s: float) -> dict[int, list[tuple[str, float]]]:
    """Let the peer say a SYN, a SYN-ACK, a FIN and data to a learner who falls silent.

    Returns what it says and when, in seconds after the first time, by the learner's port.
    """
    wire, peer = network.wire(), network.peer
    port = peer.listen()
    kept = []  # a connection nobody holds any more would be closed

    def say(from_port: int, seq: int, ack: int, flags) -> None:
        wire.send(
            Segment(source_port=from_port, destination_port=port, seq=seq, ack=ack, flags=flags)
        )

    for my_port in (FIN_PORT, DATA_PORT):
        say(my_port, 1000, 0, SYN)
        say(my_port, 1001, wire.receive(2.0).seq + 1, ACK)
        kept.append(peer.accept(port))
    start = len(network.trace)
    kept.append(peer.connect(SYN_PORT))
    say(SYN_ACK_PORT, 1000, 0, SYN)
    kept[0].shutdown_write()
    kept[1].send(b"data")
    network.clock.wait(watch_s)
    network.link.receive(0.0)

    said: dict[int, list[tuple[str, float]]] = {}
    for record in network.trace[start:]:
        if not record.sent and record.segment:
            flags = record.segment.flags
            said.setdefault(record.segment.destination_port, []).append(
                (flags.names(), record.time_s)
            )
    for connection in kept:
        connection.abort()
    return {
        my_port: [(flags, time_s - times[0][1]) for flags, time_s in times]
        for my_port, times in said.items()
    }


def assert_alike(real: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    """Compare two schedules over the part that both were watched for."""
    assert len(expected) >= 3
    for (flags, time_s), (expected_flags, expected_s) in zip(real, expected, strict=False):
        assert flags == expected_flags
        assert expected_s - 0.01 <= time_s <= expected_s * (1 + LATE_SHARE) + LATE_S
    assert len(real) >= len(expected) - 1


@pytest.fixture(scope="module")
def both_schedules(kernel_or_skip) -> tuple[dict, dict]:
    """What the kernel and the embedded peer say in 3.4 s to one who does not answer."""
    with kernel_or_skip() as real:
        with contextlib.suppress(OSError):  # before 6.5 it doubles from the start
            real.peer.sysctl("tcp_syn_linear_timeouts", 0)
        heard = schedules(real, 3.4)
    with EmbeddedNetwork(seed=1) as embedded:
        return heard, schedules(embedded, 3.3)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("my_port", "times"),
    [(SYN_PORT, [0, 1, 3]), (SYN_ACK_PORT, [0, 1, 3])],
    ids=["SYN", "SYN-ACK"],
)
def test_handshake_is_repeated_after_1_s_and_2_s_more(both_schedules, my_port, times):
    real, embedded = both_schedules
    assert [time_s for _, time_s in embedded[my_port]] == times
    assert_alike(real[my_port], embedded[my_port])


@pytest.mark.kernel
@pytest.mark.parametrize("my_port", [FIN_PORT, DATA_PORT], ids=["FIN", "data"])
def test_what_is_sent_later_is_repeated_after_0_2_s_doubling(both_schedules, my_port):
    real, embedded = both_schedules
    times = [time_s for _, time_s in embedded[my_port]]
    assert times == pytest.approx([0, 0.2, 0.6, 1.4, 3.0])
    assert_alike(real[my_port], embedded[my_port])


@pytest.mark.kernel
def test_syn_is_repeated_every_second_where_linux_is_left_as_it_is(kernel_or_skip):
    with kernel_or_skip() as real:
        try:
            linear = int(real.peer.sysctl("tcp_syn_linear_timeouts", 4))
        except OSError:
            pytest.skip("this kernel doubles from the start: run Linux 6.5 or newer")
        heard = schedules(real, 3.4)[SYN_PORT]
    with EmbeddedNetwork(seed=1, settings=Settings(syn_linear_timeouts=linear)) as embedded:
        expected = schedules(embedded, 3.3)[SYN_PORT]

    assert [time_s for _, time_s in expected] == [0, 1, 2, 3]
    assert_alike(heard, expected)


# What the SYN carries.

OFFERS = {
    "nothing": (),
    "MSS": ((2, b"\x05\x00"),),
    "everything": ((2, b"\x05\x00"), (4, b""), (8, bytes(8)), (3, b"\x05")),
    "nonsense": ((2, b"\x05"), (3, b""), (8, b"1234"), (77, b"abc")),
}


def next_for(wire, my_port: int) -> Segment:
    """Return the next segment for one port; another conversation may still be repeated."""
    while segment := wire.receive(2.0):
        if segment.destination_port == my_port:
            return segment
    raise AssertionError("the peer said nothing")


def kinds(segment: Segment) -> list[int]:
    return [kind for kind, _ in segment.options]


@pytest.mark.kernel
@pytest.mark.parametrize("offer", OFFERS)
def test_syn_ack_carries_the_options_that_were_offered(kernel, offer):
    carried = []
    for network in (EmbeddedNetwork(), kernel):
        wire = network.wire()
        syn = Segment(
            source_port=31_000 + list(OFFERS).index(offer),
            destination_port=network.peer.listen(),
            seq=0,
            flags=SYN,
            options=OFFERS[offer],
        )
        wire.send(syn)
        carried.append(kinds(answer := next_for(wire, syn.source_port)))
        assert answer.options[0] == (2, b"\x05\xb4")

    assert carried[0] == carried[1]


@pytest.mark.kernel
def test_own_syn_carries_the_same_options(kernel):
    syns = []
    for network in (EmbeddedNetwork(), kernel):
        wire = network.wire()
        network.peer.connect(32_000)
        syns.append(next_for(wire, 32_000))

    assert kinds(syns[0]) == kinds(syns[1]) == [2, 4, 8, 3]
    assert syns[0].options[0] == syns[1].options[0]
    assert syns[0].window == syns[1].window


@pytest.mark.kernel
def test_timestamps_are_echoed_once_agreed_on(kernel):
    for network in (EmbeddedNetwork(), kernel):
        wire = network.wire()
        ports = {"source_port": 33_000, "destination_port": network.peer.listen()}
        wire.send(Segment(**ports, seq=0, flags=SYN, options=((8, b"\0\0\0\7" + bytes(4)),)))
        answer = next_for(wire, 33_000)
        stamp = b"\0\0\0\x09" + answer.options[-1][1][:4]
        wire.send(
            Segment(
                **ports,
                seq=1,
                ack=answer.seq + 1,
                flags=PSH | ACK,
                options=((8, stamp),),
                data=b"hello",
            )
        )
        reply = next_for(wire, 33_000)

        assert answer.options[-1][1][4:] == b"\0\0\0\7"
        assert kinds(reply) == [8]
        assert reply.options[0][1][4:] == b"\0\0\0\x09"
        assert reply.flags & ~FIN == ACK

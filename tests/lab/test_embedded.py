"""The embedded network: its clock, its ARP and ICMP, its errors, and that seeds decide all."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from wirelab.lab import addresses
from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.lab.network import NeighbourRow, Network
from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN, Segment

EVERYBODY = "ff:ff:ff:ff:ff:ff"


@pytest.fixture
def net() -> Iterator[EmbeddedNetwork]:
    with EmbeddedNetwork(seed=7) as made:
        yield made


@pytest.fixture
def unresolved() -> Iterator[EmbeddedNetwork]:
    with EmbeddedNetwork(seed=7, resolved=False) as made:
        yield made


def hear(network: Network, timeout_s: float = 2.0) -> Ether:
    frame = network.link.receive(timeout_s)
    assert frame is not None, "the peer said nothing"
    return Ether(frame)


def arp(network: Network, to: str = EVERYBODY, **fields: object) -> bytes:
    return bytes(Ether(src=network.mac, dst=to) / ARP(hwsrc=network.mac, **fields))


def answer(network: Network, request: Ether) -> None:
    """Answer an ARP request of the peer."""
    network.link.send(
        arp(network, request.src, op=2, psrc=request.pdst, pdst=request.psrc, hwdst=request.src)
    )


def neighbour(network: Network) -> NeighbourRow | None:
    rows = {row.address: row for row in network.peer.neighbours()}
    return rows.get(network.address)


# The clock.


def test_waiting_takes_no_real_time(net):
    net.peer.connect(80)
    started = time.monotonic()
    heard = []
    while segment := net.wire().receive(200.0):
        heard.append((net.clock.now(), segment.flags))

    assert [time_s for time_s, _ in heard] == [0, 1, 3, 7, 15, 31, 63]
    assert net.clock.now() == 263
    assert time.monotonic() - started < 5


def test_wait_lets_timers_run_and_the_trace_has_their_times(net):
    net.peer.connect(80)
    net.clock.wait(3.5)

    assert net.clock.now() == 3.5
    assert net.link.receive(0.0) is not None
    assert [record.time_s for record in net.trace] == [0, 1, 3]


def test_accept_gives_up_at_its_deadline(net):
    port = net.peer.listen()
    assert net.peer.accept(port, 2.5) is None
    assert net.clock.now() == 2.5


def conversation(seed: int) -> list[tuple[float, bytes]]:
    with EmbeddedNetwork(seed=seed, resolved=False) as network:
        network.faults(loss=0.2, delay_s=(0.0, 0.1), duplicate=0.1, reorder=0.1)
        wire = network.wire()
        for port in (80, 81, 82):
            network.peer.connect(port)
            answer(network, Ether(arp(network, op=1, psrc=network.peer.address)))
            while segment := wire.receive(5.0):
                wire.send(
                    Segment(
                        source_port=port,
                        destination_port=segment.source_port,
                        seq=1,
                        ack=(segment.seq + 1) % 2**32,
                        flags=SYN | ACK if segment.flags & SYN else RST,
                    )
                )
        return [(record.time_s, record.frame) for record in network.trace]


def test_equal_seeds_give_equal_frames_at_equal_times():
    first = conversation(3)
    assert first == conversation(3)
    assert first != conversation(4)


# ARP.


def test_resolved_peer_asks_nothing(net):
    net.peer.connect(80)
    assert hear(net).haslayer(IP)
    assert neighbour(net) == NeighbourRow(net.address, net.mac, "PERMANENT")


def test_incomplete_neighbour_is_asked_for_and_the_packet_waits(unresolved):
    unresolved.peer.connect(80)
    request = hear(unresolved)
    assert (request.dst, request[ARP].op, request[ARP].pdst) == (EVERYBODY, 1, unresolved.address)
    assert neighbour(unresolved) == NeighbourRow(unresolved.address, None, "INCOMPLETE")
    assert unresolved.link.receive(0.5) is None

    answer(unresolved, request)
    assert neighbour(unresolved).state == "REACHABLE"
    assert hear(unresolved).dst == unresolved.mac


def test_incomplete_neighbour_silent_is_asked_three_times_and_fails(unresolved):
    unresolved.peer.ping(unresolved.address)
    heard = []
    while frame := unresolved.link.receive(5.0):
        heard.append((unresolved.clock.now(), Ether(frame).haslayer(ARP)))

    assert [time_s for time_s, _ in heard] == [0, 1, 2]
    assert neighbour(unresolved).state == "FAILED"


def test_request_for_the_peer_is_answered_and_learned_as_stale(unresolved):
    unresolved.link.send(
        arp(unresolved, op=1, psrc=unresolved.address, pdst=unresolved.peer.address)
    )
    reply = hear(unresolved)[ARP]

    assert (reply.op, reply.hwsrc, reply.psrc) == (2, addresses.PEER_MAC, addresses.PEER_ADDRESS)
    assert (reply.hwdst, reply.pdst) == (unresolved.mac, unresolved.address)
    assert neighbour(unresolved) == NeighbourRow(unresolved.address, unresolved.mac, "STALE")


@pytest.mark.parametrize(
    "fields",
    [
        {"op": 1, "psrc": "0.0.0.0", "pdst": addresses.PEER_ADDRESS},
        {"op": 1, "psrc": addresses.LEARNER_ADDRESS, "pdst": "10.9.0.9"},
        {"op": 2, "psrc": addresses.LEARNER_ADDRESS, "pdst": addresses.PEER_ADDRESS},
    ],
    ids=["probe", "request for another", "unasked reply"],
)
def test_what_is_not_for_the_peer_enters_no_table(unresolved, fields):
    unresolved.link.send(arp(unresolved, **fields))
    assert unresolved.peer.neighbours() == []


def test_stale_neighbour_used_is_delayed_then_probed(unresolved):
    unresolved.link.send(
        arp(unresolved, op=1, psrc=unresolved.address, pdst=unresolved.peer.address)
    )
    hear(unresolved)
    unresolved.peer.ping(unresolved.address)
    assert hear(unresolved).haslayer(ICMP)
    assert neighbour(unresolved).state == "DELAY"

    probe = hear(unresolved, 10.0)
    assert (unresolved.clock.now(), probe.dst) == (5.0, unresolved.mac)
    assert neighbour(unresolved).state == "PROBE"
    answer(unresolved, probe)
    assert neighbour(unresolved).state == "REACHABLE"
    unresolved.clock.wait(31)
    assert neighbour(unresolved).state == "STALE"


def test_another_mac_within_a_second_is_not_believed(unresolved):
    unresolved.peer.ping(unresolved.address)
    answer(unresolved, hear(unresolved))
    forged = ARP(op=2, hwsrc="02:00:00:00:00:66", psrc=unresolved.address, pdst="10.9.0.1")
    frame = bytes(Ether(src="02:00:00:00:00:66", dst=unresolved.peer.mac) / forged)

    unresolved.link.send(frame)
    assert neighbour(unresolved).mac == unresolved.mac
    unresolved.clock.wait(1.1)
    unresolved.link.send(frame)
    assert neighbour(unresolved).mac == "02:00:00:00:00:66"


@pytest.mark.kernel
def test_kernel_asks_and_learns_in_the_same_way(kernel_or_skip):
    ladders = []
    for network in (EmbeddedNetwork(resolved=False), kernel_or_skip(resolved=False)):
        with network:
            network.peer.connect(80, local_port=7000)
            request = hear(network)
            seen = [neighbour(network), bytes(request[ARP])[:28], request.dst]
            answer(network, request)
            syn = hear(network)
            seen += [syn.dst, syn.haslayer(IP), neighbour(network)]
            ladders.append(seen)

    assert ladders[0] == ladders[1]


# ICMP and IP.


def ping(network: Network, **changed: object) -> bytes:
    ip = {"src": network.address, "dst": network.peer.address, **changed}
    frame = Ether(src=network.mac, dst=network.peer.mac) / IP(**ip)
    return bytes(frame / ICMP(id=5, seq=9) / b"data")


def test_echo_request_is_answered(net):
    net.link.send(ping(net))
    reply = hear(net)

    assert (reply[IP].src, reply[IP].dst) == (net.peer.address, net.address)
    assert (reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq) == (0, 5, 9)
    assert bytes(reply[ICMP].payload)[:4] == b"data"
    assert bytes(Ether(bytes(reply))) == bytes(reply)


def test_ping_of_the_peer_measures_the_round_trip(net):
    sent = net.peer.ping(net.address)
    request = hear(net)
    assert (request[ICMP].type, sent.answered_s) == (8, None)

    net.clock.wait(0.25)
    echo = ICMP(type=0, id=request[ICMP].id, seq=request[ICMP].seq) / request[ICMP].payload
    ip = IP(src=net.address, dst=net.peer.address)
    net.link.send(bytes(Ether(src=net.mac, dst=net.peer.mac) / ip / echo))
    assert sent.answered_s == 0.25


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame[:6].replace(b"\x01", b"\x77") + frame[6:],
        lambda frame: frame[:-1] + b"!",
        lambda frame: frame[:30],
        lambda frame: frame[:14] + b"\x60" + frame[15:],
    ],
    ids=["another MAC", "wrong checksum", "cut short", "another IP version"],
)
def test_damaged_frames_are_ignored(net, spoil):
    net.link.send(spoil(ping(net)))
    assert net.link.receive(1.0) is None


def test_packets_without_a_way_back_are_ignored(net):
    net.link.send(ping(net, src="192.0.2.1"))
    assert net.link.receive(1.0) is None


# Connections, as their user sees them.


def connected(network: EmbeddedNetwork):
    """Open a connection; return the peer's end and a function that says a segment."""
    wire, port = network.wire(), network.peer.listen()

    def say(flags, seq: int, data: bytes = b"") -> None:
        wire.send(
            Segment(
                source_port=5000,
                destination_port=port,
                seq=seq,
                ack=(iss + 1) % 2**32 if flags & ACK else 0,
                flags=flags,
                data=data,
            )
        )

    iss = 0
    say(SYN, 0)
    iss = wire.receive(1.0).seq
    say(ACK, 1)
    return network.peer.accept(port), say


def test_reset_connection_says_so_once(net):
    connection, say = connected(net)
    say(RST, 1)

    assert connection.state == "CLOSED"
    with pytest.raises(ConnectionResetError):
        connection.receive()
    assert connection.receive() == b""
    with pytest.raises(BrokenPipeError):
        connection.send(b"x")


def test_refused_connection_says_so(net):
    connection = net.peer.connect(80)
    syn = net.wire().receive(1.0)
    net.wire().send(
        Segment(
            source_port=80,
            destination_port=syn.source_port,
            seq=0,
            ack=syn.seq + 1,
            flags=RST | ACK,
        )
    )
    with pytest.raises(ConnectionRefusedError):
        connection.receive()


def test_silent_opening_times_out(net):
    connection = net.peer.connect(80)
    with pytest.raises(TimeoutError):
        connection.receive(1000.0)
    assert net.clock.now() == 127


def test_connection_not_open_yet_takes_no_octets(net):
    with pytest.raises(BlockingIOError, match="SYN-SENT"):
        net.peer.connect(80).send(b"x")


def test_receive_returns_none_in_time_then_data_then_the_end(net):
    connection, say = connected(net)
    assert connection.receive(1.5) is None
    assert net.clock.now() == 1.5
    say(PSH | ACK, 1, b"hello")
    say(FIN | ACK, 6)
    assert [connection.receive(), connection.receive()] == [b"hello", b""]


def test_closed_connection_refuses_calls(net):
    connection, _ = connected(net)
    connection.close()
    connection.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        connection.send(b"x")


def test_port_taken_is_an_error(net):
    port = net.peer.listen()
    with pytest.raises(OSError, match=f"port {port} is taken"):
        net.peer.listen(port)
    with pytest.raises(ValueError, match="does not listen on port 1"):
        net.peer.accept(1)


def test_closed_network_refuses_calls(net):
    net.close()
    net.close()
    for call in (
        lambda: net.peer.listen(),
        lambda: net.peer.sockets(),
        lambda: net.link.receive(0.0),
        lambda: net.link.send(bytes(60)),
        lambda: net.clock.wait(1.0),
    ):
        with pytest.raises(RuntimeError, match="closed: make a new one"):
            call()


@pytest.mark.parametrize("length", [13, 1515])
def test_no_frame_by_its_length_is_refused(net, length):
    with pytest.raises(ValueError, match=f"not {length}"):
        net.link.send(bytes(length))


def test_flood_costs_memory_without_cookies_and_none_with(net):
    plain, cookies = net.peer.listen(backlog=10), net.peer.listen(syn_cookies=True)
    wire = net.wire()
    for port in range(1000, 1100):
        for to in (plain, cookies):
            wire.send(Segment(source_port=port, destination_port=to, seq=0, flags=SYN))
    half_open = [row.local_port for row in net.peer.sockets() if row.state == "SYN-RECEIVED"]

    assert half_open == [plain] * 11
    heard = []
    while segment := wire.receive(0.0):
        heard.append(segment.source_port)
    assert (heard.count(plain), heard.count(cookies)) == (11, 100)

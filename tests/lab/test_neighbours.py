"""Ping, gateways, NDP and the pace of neighbour tables: the same on both kinds of network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether

from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.lab.network import Network

GROUP, GROUP_MAC = "ff02::1:ff00:1", "33:33:ff:00:00:01"
OTHER_MAC = "02:00:00:00:00:66"


@pytest.fixture(params=["embedded", pytest.param("kernel", marks=pytest.mark.kernel)])
def make(request, kernel_or_skip) -> Iterator[Callable[..., Network]]:
    """A function that makes a network of either kind."""
    made: list[Network] = []

    def make(**options: object) -> Network:
        kind = EmbeddedNetwork if request.param == "embedded" else kernel_or_skip
        made.append(kind(**options))
        return made[-1]

    yield make
    for network in made:
        network.close()


def hear(network: Network, layer: type, timeout_s: float = 2.0) -> Ether:
    """The next frame with that layer; the kernel also says what nobody asked for."""
    deadline = network.clock.now() + timeout_s
    while (left := deadline - network.clock.now()) > 0:
        frame = network.link.receive(left)
        if frame is not None and Ether(frame).haslayer(layer):
            return Ether(frame)
    raise AssertionError(f"no {layer.__name__} came")


def say(network: Network, to: str, packet: object) -> None:
    network.link.send(bytes(Ether(src=network.mac, dst=to) / packet))


def settled(network: Network, address: str, state: str) -> bool:
    """Whether the entry comes to that state before long."""
    for _ in range(200):
        rows = {row.address: row.state for row in network.peer.neighbours()}
        if rows.get(address, "none") == state:
            return True
        network.clock.wait(0.02)
    return False


def is_at(network: Network, request: Ether, mac: str | None = None) -> ARP:
    mine = mac or network.mac
    return ARP(op=2, hwsrc=mine, psrc=request[ARP].pdst, hwdst=request.src, pdst=request[ARP].psrc)


def test_ping_waits_for_arp_and_then_for_the_reply(make):
    net = make(resolved=False)
    ping = net.peer.ping(net.address, data_bytes=100)
    request = hear(net, ARP)
    say(net, request.src, is_at(net, request))
    echo = hear(net, ICMP)

    assert (echo[ICMP].type, len(echo[ICMP].payload), ping.answered_s) == (8, 100, None)
    reply = ICMP(type=0, id=echo[ICMP].id, seq=echo[ICMP].seq) / bytes(echo[ICMP].payload)
    say(net, echo.src, IP(src=net.address, dst=net.peer.address) / reply)
    net.clock.wait(0.05)
    assert ping.answered_s is not None
    assert 0 <= ping.answered_s < 2


def test_an_unanswered_or_misdirected_ping_stays_unanswered(make):
    net = make()
    ping = net.peer.ping(net.address)
    echo = hear(net, ICMP)
    reply = ICMP(type=0, id=echo[ICMP].id ^ 1, seq=1) / bytes(echo[ICMP].payload)
    say(net, echo.src, IP(src=net.address, dst=net.peer.address) / reply)
    net.clock.wait(0.05)
    assert ping.answered_s is None


def test_off_link_the_gateway_is_asked_for(make):
    net = make()
    with pytest.raises(OSError, match="unreachable"):
        net.peer.ping("192.0.2.7")
    net.peer.add_route("10.9.0.254")
    net.peer.ping("192.0.2.7")
    request = hear(net, ARP)
    assert request[ARP].pdst == "10.9.0.254"

    say(net, request.src, is_at(net, request, OTHER_MAC))
    packet = hear(net, ICMP)
    assert (packet.dst, packet[IP].dst) == (OTHER_MAC, "192.0.2.7")


def test_the_most_special_route_counts(make):
    net = make()
    net.peer.add_route("10.9.0.254")
    net.peer.add_route("10.9.0.253", "192.0.2.0/24")
    net.peer.ping("192.0.2.7")
    assert hear(net, ARP)[ARP].pdst == "10.9.0.253"


def test_an_entry_lives_through_its_states_at_the_pace_set(make):
    net = make(resolved=False)
    net.peer.pace_neighbours(retry_s=0.1, reachable_s=0.3, delay_s=0)
    net.peer.ping(net.address)
    request = hear(net, ARP)
    assert settled(net, net.address, "INCOMPLETE")
    say(net, request.src, is_at(net, request))
    assert settled(net, net.address, "REACHABLE")
    assert settled(net, net.address, "STALE")

    net.peer.ping(net.address)
    probe = hear(net, ARP)
    assert probe.dst == net.mac
    assert settled(net, net.address, "FAILED")


@pytest.mark.parametrize(
    ("numbers", "error"),
    [({"retry_s": 0}, ValueError), ({"delay_s": 0.5}, ValueError), ({"retry": 1}, TypeError)],
)
def test_a_pace_that_cannot_be_is_refused(make, numbers, error):
    with pytest.raises(error):
        make().peer.pace_neighbours(**numbers)


def test_a_peer_without_ipv6_is_deaf_to_it(make):
    net = make()
    with pytest.raises(OSError):
        net.peer.ping(net.address6)


def solicitation(net: Network, *, source: str | None = None, hop_limit: int = 255) -> IPv6:
    question = ICMPv6ND_NS(tgt=net.peer.address6)
    if source != "::":
        question /= ICMPv6NDOptSrcLLAddr(lladdr=net.mac)
    return IPv6(src=source or net.address6, dst=GROUP, hlim=hop_limit) / question


def test_a_solicitation_is_answered_and_its_sender_learnt(make):
    net = make(ipv6=True)
    say(net, GROUP_MAC, solicitation(net))
    answer = hear(net, ICMPv6ND_NA)

    assert (answer.dst, answer[IPv6].dst, answer[IPv6].hlim) == (net.mac, net.address6, 255)
    assert (answer[ICMPv6ND_NA].S, answer[ICMPv6ND_NA].O) == (1, 1)
    assert answer[ICMPv6NDOptDstLLAddr].lladdr == net.peer.mac
    rows = {row.address: (row.mac, row.state) for row in net.peer.neighbours()}
    assert rows[net.address6] == (net.mac, "DELAY")  # STALE, and used for the answer


def test_a_duplicate_address_is_defended_to_all(make):
    net = make(ipv6=True)
    say(net, GROUP_MAC, solicitation(net, source="::"))
    answer = hear(net, ICMPv6ND_NA)
    assert (answer.dst, answer[IPv6].dst) == ("33:33:00:00:00:01", "ff02::1")
    assert answer[ICMPv6ND_NA].S == 0


def spoilt(net: Network, how: str) -> IPv6:
    good = solicitation(net, hop_limit=254 if how == "hop limit" else 255)
    if how == "checksum":
        good[ICMPv6ND_NS].cksum = 0x1234
    if how == "code":
        good[ICMPv6ND_NS].code = 1
    if how == "option":
        good[ICMPv6NDOptSrcLLAddr].len = 0
    if how == "target":
        good[ICMPv6ND_NS].tgt = "fd00:9::3"
    return good


@pytest.mark.parametrize("how", ["hop limit", "checksum", "code", "option", "target"])
def test_a_bad_solicitation_is_ignored(make, how):
    net = make(ipv6=True)
    say(net, GROUP_MAC, spoilt(net, how))
    with pytest.raises(AssertionError):
        hear(net, ICMPv6ND_NA, 0.15)
    assert net.address6 not in {row.address for row in net.peer.neighbours()}


def test_the_peer_solicits_before_it_pings(make):
    net = make(ipv6=True)
    ping = net.peer.ping(net.address6)
    question = hear(net, ICMPv6ND_NS)
    assert (question.dst, question[IPv6].dst) == ("33:33:ff:00:00:02", "ff02::1:ff00:2")
    assert (question[IPv6].hlim, question[ICMPv6NDOptSrcLLAddr].lladdr) == (255, net.peer.mac)

    here = IPv6(src=net.address6, dst=net.peer.address6, hlim=255)
    told = ICMPv6ND_NA(R=0, S=1, O=1, tgt=net.address6) / ICMPv6NDOptDstLLAddr(lladdr=net.mac)
    say(net, question.src, here / told)
    echo = hear(net, ICMPv6EchoRequest)[ICMPv6EchoRequest]
    assert settled(net, net.address6, "REACHABLE")
    say(net, question.src, here / ICMPv6EchoReply(id=echo.id, seq=echo.seq, data=echo.data))
    net.clock.wait(0.05)
    assert ping.answered_s is not None


def test_an_advertisement_without_override_only_raises_doubt(make):
    net = make(ipv6=True)
    net.peer.ping(net.address6)
    question = hear(net, ICMPv6ND_NS)

    def tell(mac: str, override: int, solicited: int) -> None:
        told = ICMPv6ND_NA(R=0, S=solicited, O=override, tgt=net.address6)
        here = IPv6(src=net.address6, dst=net.peer.address6, hlim=255)
        say(net, question.src, here / told / ICMPv6NDOptDstLLAddr(lladdr=mac))

    def row() -> tuple[str | None, str]:
        return {r.address: (r.mac, r.state) for r in net.peer.neighbours()}[net.address6]

    tell(net.mac, 1, 1)
    assert settled(net, net.address6, "REACHABLE")
    tell(OTHER_MAC, 0, 0)
    assert settled(net, net.address6, "STALE")
    assert row() == (net.mac, "STALE")
    tell(OTHER_MAC, 1, 1)
    assert settled(net, net.address6, "REACHABLE")
    assert row() == (OTHER_MAC, "REACHABLE")

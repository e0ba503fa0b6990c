"""The kernel as a host: its tables, settings and programs, and what is told when they fail."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
import time

import pytest
from support import require

from wirelab.protocols.codec import layers

pytestmark = pytest.mark.kernel


def test_reason_is_one_line(network):
    assert network.kind == "kernel"
    assert "Linux kernel" in network.why
    assert "\n" not in network.why


def test_link_is_quiet(network):
    assert network.link.receive(0.3) is None


def test_table_is_what_ss_shows(network, opened):
    require(shutil.which("ss"), "install iproute2")
    learner = opened(network)
    shown = network.peer.run("ss", "-tanH")
    assert shown.returncode == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    short = {"ESTABLISHED": "ESTAB"}
    ours = {
        (short.get(row.state, row.state), f"{row.local_address}:{row.local_port}")
        for row in network.peer.sockets()
    }
    assert {(line[0], line[3]) for line in lines} == ours
    assert ("ESTAB", f"10.9.0.1:{learner.port}") in ours


def test_neighbour_is_known_beforehand(network):
    (row,) = network.peer.neighbours()
    assert (row.address, row.mac, row.state) == (network.address, network.mac, "PERMANENT")


def test_unresolved_neighbour_is_asked_for_and_learnt(kernel_or_skip):
    scapy = layers()
    from scapy.layers.l2 import ARP

    with kernel_or_skip(resolved=False) as network:
        assert network.peer.neighbours() == []
        network.peer.connect(80, local_port=7000)
        question = scapy.Ether(network.link.receive(1.0))
        assert (question.dst, question[ARP].op) == ("ff:ff:ff:ff:ff:ff", 1)
        assert question[ARP].pdst == network.address
        assert [(row.mac, row.state) for row in network.peer.neighbours()] == [(None, "INCOMPLETE")]

        reply = ARP(
            op=2,
            hwsrc=network.mac,
            psrc=network.address,
            hwdst=question[ARP].hwsrc,
            pdst=question[ARP].psrc,
        )
        network.link.send(bytes(scapy.Ether(src=network.mac, dst=question.src) / reply))
        assert network.wire().receive(1.0).destination_port == 80
        (row,) = network.peer.neighbours()
        assert (row.mac, row.state) == (network.mac, "REACHABLE")


def test_setting_is_read_and_written(network):
    assert network.peer.sysctl("tcp_syn_retries", 2) == "2"
    assert network.peer.sysctl("net.ipv4.tcp_syn_retries") == "2"


@pytest.mark.parametrize(
    ("name", "value"), [("tcp_no_such_thing", None), ("tcp_syn_retries", "many")]
)
def test_wrong_setting_names_itself(network, name, value):
    with pytest.raises(OSError, match=f"sysctl net.ipv4.{name}"):
        network.peer.sysctl(name, value)


def test_settings_of_the_machine_stay(network):
    with open("/proc/sys/net/ipv4/tcp_syn_retries") as file:
        before = file.read()
    network.peer.sysctl("tcp_syn_retries", 3)
    with open("/proc/sys/net/ipv4/tcp_syn_retries") as file:
        assert file.read() == before


def test_missing_program_says_so(network):
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        network.peer.run("no-such-program")


def test_program_that_hangs_is_ended(network):
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="sleep 60"):
        network.peer.run("sleep", "60", timeout_s=0.2)
    assert time.monotonic() - started < 5
    assert network.peer.run("echo", "well").stdout == "well\n"


def test_interrupt_ends_the_program_and_not_the_network(network):
    # A shell that starts the tests in the background has SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            network.peer.run("sleep", "60")
        interrupt.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert network.peer.run("echo", "well").stdout == "well\n"


def test_program_runs_beside_the_learner_until_killed(network):
    listener = "import socket; socket.create_server(('10.9.0.1', 8000)).accept()"
    command = network.peer.start(sys.executable, "-c", listener)
    deadline = time.monotonic() + 5
    while network.peer.state_of(8000, 0) != "LISTEN":
        assert time.monotonic() < deadline, "the program does not listen"
        network.clock.wait(0.02)
    command.kill()
    assert network.peer.state_of(8000, 0) == "CLOSED"


def test_any_kernel_socket_can_be_had(network):
    datagrams = network.peer.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.sendto(b"hello", (network.address, 53))
    assert network.link.receive(1.0).endswith(b"hello")


def test_taken_port_is_named(network):
    port = network.peer.listen()
    with pytest.raises(OSError, match=f"port {port} is taken"):
        network.peer.listen(port)


def test_low_ports_need_no_privilege(network):
    assert network.peer.listen(80) == 80


def test_accept_without_a_listener_is_refused(network):
    with pytest.raises(ValueError, match="does not listen on port 81"):
        network.peer.accept(81)


def test_accept_returns_none_in_time(network):
    assert network.peer.accept(network.peer.listen(), timeout_s=0.05) is None


@pytest.mark.parametrize("octets", [0, 13, 1515])
def test_impossible_frame_is_refused(network, octets):
    with pytest.raises(ValueError, match=f"not {octets}"):
        network.link.send(bytes(octets))


def test_closed_network_says_so(kernel_or_skip):
    network = kernel_or_skip()
    network.close()
    network.close()
    for use in (
        lambda: network.link.send(bytes(60)),
        lambda: network.link.receive(0.0),
        network.peer.sockets,
        network.peer.listen,
    ):
        with pytest.raises(RuntimeError, match="closed"):
            use()


def test_trace_outlives_the_network(kernel_or_skip, opened):
    with kernel_or_skip() as network:
        opened(network)
    assert len(network.trace) == 3

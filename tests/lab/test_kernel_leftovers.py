"""Nothing of a kernel network survives: no process, namespace, socket, descriptor or thread."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support import require

from wirelab.lab.kernel_tables import read_sockets

pytestmark = pytest.mark.kernel

# One conversation in every stage that could hold a namespace, and a program that runs in it.
HOLDER = """
import json, sys, time
from wirelab.lab.kernel import KernelNetwork
from wirelab.protocols.segment import ACK, SYN, Segment

network = KernelNetwork()
port, wire = network.peer.listen(), network.wire()

def say(flags, my_port, seq, ack=0):
    wire.send(Segment(source_port=my_port, destination_port=port, seq=seq, ack=ack, flags=flags))

for my_port in (5000, 5001, 5002):
    say(SYN, my_port, 100)
    say(ACK, my_port, 101, wire.receive(2).seq + 1)
established, half_closed, closed = (network.peer.accept(port) for _ in range(3))
half_closed.shutdown_write()
if sys.argv[1:] != ["no close"]:
    closed.close()
network.peer.connect(80)
sleeper = network.peer.start("sleep", "1000")
print(json.dumps([network.helper_pid, sleeper.pid]), flush=True)
sys.stdin.readline()
"""


def gone(pid_descriptor: int) -> bool:
    """Wait for the end of a process, at most five seconds."""
    return bool(select.select([pid_descriptor], [], [], 5.0)[0])


@contextlib.contextmanager
def watched(pid: int):
    """Yield a descriptor that becomes readable when the process ends."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def processes_in(namespace: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(place / "ns/net") == namespace:
                found.append(place.name)
    return found


def wait_until_no_socket_lives(table: int) -> list[str]:
    """Return the states of what still lives in the namespace after two seconds, TIME-WAIT aside."""
    pause = threading.Event()
    for _ in range(100):
        left = [row.state for row in read_sockets(table) if row.state != "TIME-WAIT"]
        if not left:
            break
        pause.wait(0.02)
    return left


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_notebook_that_ends_leaves_nothing(kernel_or_skip, end):
    kernel_or_skip().close()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        helper, sleeper = json.loads(holder.stdout.readline())
        namespace = os.readlink(f"/proc/{helper}/ns/net")
        table = os.open(f"/proc/{helper}/net/tcp", os.O_RDONLY)
        before = {row.state for row in read_sockets(table)}
        assert {"LISTEN", "ESTABLISHED", "FIN-WAIT-1", "SYN-SENT"} <= before
        assert {str(helper), str(sleeper)} <= set(processes_in(namespace))

        with watched(helper) as helper_ended, watched(sleeper) as sleeper_ended:
            if end is None:
                holder.stdin.close()
            else:
                holder.send_signal(end)
            assert gone(helper_ended), "the helper outlives the notebook"
            assert gone(sleeper_ended), "a program in the peer outlives the notebook"
        holder.wait(5)

    assert processes_in(namespace) == []
    # This descriptor holds the namespace; a socket in it would have done so without us.
    assert wait_until_no_socket_lives(table) == []
    os.close(table)


def test_helper_killed_with_the_notebook_leaves_nothing(kernel_or_skip):
    """As when a container ends: nobody is left to tidy up what was not closed."""
    kernel_or_skip().close()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, "no close"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        helper, _ = json.loads(holder.stdout.readline())
        namespace = os.readlink(f"/proc/{helper}/ns/net")
        table = os.open(f"/proc/{helper}/net/tcp", os.O_RDONLY)
        os.kill(helper, signal.SIGKILL)
        holder.kill()
    assert wait_until_no_socket_lives(table) == []
    assert processes_in(namespace) == []
    os.close(table)


def test_programs_end_with_a_killed_helper(kernel_or_skip):
    with kernel_or_skip() as network:
        command = network.peer.start("sleep", "1000")
        with watched(command.pid) as ended:
            os.kill(network.helper_pid, signal.SIGKILL)
            assert gone(ended)
        with pytest.raises(ConnectionError, match="make a new network"):
            network.peer.listen()


def test_twenty_rounds_leave_no_descriptor_thread_or_child(kernel_or_skip, opened):
    with kernel_or_skip() as network:  # loads what is loaded on first use
        opened(network)
    gc.collect()
    before = census()
    for _ in range(20):
        with kernel_or_skip() as network:
            learner = opened(network)
            learner.connection.close()
            network.peer.connect(80)
            network.peer.run("true")
            network.peer.start("sleep", "1000")
    gc.collect()
    assert census() == before


def census() -> tuple[int, int, str]:
    descriptors = len(os.listdir("/proc/self/fd"))
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return descriptors, threading.active_count(), children


def test_forgotten_network_goes_by_itself(kernel_or_skip):
    network = kernel_or_skip()
    with watched(network.helper_pid) as ended:
        del network
        assert gone(ended)


def test_network_outlives_the_thread_that_made_it(kernel_or_skip, opened):
    made = []
    maker = threading.Thread(target=lambda: made.append(kernel_or_skip()))
    maker.start()
    maker.join()
    with made[0] as network:
        assert opened(network).connection.state == "ESTABLISHED"


def held_by(pid: int | str) -> set[str]:
    """Return what the descriptors of a process lead to."""
    held = set()
    for place in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # the descriptor that lists the folder
            held.add(os.readlink(place))
    return held


def test_forked_child_holds_nothing(kernel_or_skip):
    before = held_by("self")
    network = kernel_or_skip()
    network.peer.listen()
    ours = held_by("self") - before
    namespace = os.readlink(f"/proc/{network.helper_pid}/ns/net")
    parent_end, child_end = socket.socketpair()
    child = os.fork()
    if child == 0:
        parent_end.close()
        child_end.send(b"forked")
        child_end.recv(1)  # until the parent has seen enough
        os._exit(0)
    child_end.close()
    assert parent_end.recv(10) == b"forked"
    held = held_by(child)
    with watched(network.helper_pid) as ended:
        network.close()
        assert gone(ended)
    parent_end.close()
    os.waitpid(child, 0)
    assert len(ours) >= 4
    assert held.isdisjoint(ours)
    assert processes_in(namespace) == []


def test_programs_of_the_notebook_inherit_nothing(kernel_or_skip):
    with kernel_or_skip() as network:
        network.peer.listen()
        listing = "import os; print(len(os.listdir('/proc/self/fd')))"
        count = [sys.executable, "-I", "-S", "-c", listing]
        shown = subprocess.run(count, close_fds=False, capture_output=True, text=True, check=True)
        inherited = int(shown.stdout)
    shown = subprocess.run(count, close_fds=False, capture_output=True, text=True, check=True)
    assert inherited == int(shown.stdout)


def test_live_jupyter_kernel_is_interrupted_and_killed():
    manager = pytest.importorskip("jupyter_client.manager")
    require("ipykernel" in _installed(), "install ipykernel")
    kernel_manager, client = manager.start_new_kernel()
    try:

        def run(code: str) -> str:
            said = []
            client.execute_interactive(
                code,
                timeout=60,
                output_hook=lambda message: said.append(message["content"].get("text", "")),
            )
            return "".join(said).strip()

        helper = run(
            "from wirelab.lab.kernel import KernelNetwork\n"
            "network = KernelNetwork()\nprint(network.helper_pid)"
        )
        require(helper.isdigit(), f"allow user namespaces: {helper}")
        with watched(int(helper)) as ended:
            kernel_manager.interrupt_kernel()
            assert run("print(network.peer.listen(80))") == "80"
            os.kill(kernel_manager.provisioner.pid, signal.SIGKILL)
            assert gone(ended)
    finally:
        client.stop_channels()
        kernel_manager.shutdown_kernel(now=True)


def _installed() -> set[str]:
    from importlib.metadata import packages_distributions

    return set(packages_distributions())

"""What connections cost: measured in a fork that leaves nothing behind."""

from __future__ import annotations

import sys
import threading

import psutil
import pytest

from wirelab.servers.hearing import hears, hears_all
from wirelab.servers.line_service import reset, use_in_reverse
from wirelab.servers.measure import measure
from wirelab.servers.recorder import recording
from wirelab.servers.running import running
from wirelab.servers.specimens import everybody, few_at_a_time

linux = pytest.mark.skipif(sys.platform != "linux", reason="servers are forked on Linux only")


def greedy(listener):
    """A client costs a thread and 256 KiB."""
    kept = []
    while True:
        connection, _ = listener.accept()
        kept.append(bytearray(b"x") * 262_144)

        def talk(connection=connection):
            while octets := connection.recv(999):
                connection.sendall(octets.upper())

        threading.Thread(target=talk, daemon=True).start()


@linux
def test_memory_and_tasks_of_each_connection_are_seen():
    loads = measure("greedy", greedy, counts=[10, 50])
    assert [(load.connections, load.answered) for load in loads] == [(10, 10), (50, 50)]
    assert loads[1].tasks - loads[0].tasks == 40
    assert 40 * 200 < loads[1].memory_kib - loads[0].memory_kib < 40 * 600


@linux
def test_it_stops_where_somebody_is_not_answered():
    loads = measure("few", few_at_a_time, counts=[2, 8, 20], within_s=0.3)
    assert [load.connections for load in loads] == [2, 8]
    assert loads[1].answered < 8


@linux
def test_a_server_that_is_not_written_gives_nothing_and_no_process_stays():
    def unwritten(listener):
        raise NotImplementedError

    before = set(psutil.Process().children())
    assert measure("unwritten", unwritten, counts=[5], within_s=0.5) == []
    assert set(psutil.Process().children()) == before


def test_hearing_tells_line_end_reset_and_silence_apart():
    with running(everybody) as server:
        client = server.connect()
        assert hears(client, 0.05) == "silence"
        client.sendall(b"a\nb\n")
        assert [hears(client), hears(client)] == [b"A", b"B"]
    with running(everybody, leaves=frozenset({0})) as server:
        client = server.connect()
        client.sendall(b"x\n")
        assert hears_all(client) == ["end"]


def test_hearing_ends_in_time_though_octets_keep_coming():
    stop = threading.Event()

    def endless(listener):
        connection, _ = listener.accept()
        while not stop.is_set():
            try:
                connection.sendall(b"x" * 65536)
            except OSError:
                return

    with running(endless) as server:
        heard = hears(server.connect(), 0.2)
        stop.set()
    assert set(heard) == {ord("x")}


def test_a_reset_is_heard():
    heard = []

    def one(listener):
        connection, _ = listener.accept()
        heard.append(hears(connection))

    with running(one) as server:
        reset(server.connect())
        assert server.stopped()
    assert heard == ["reset"]


def test_reverse_use_ends_at_the_first_silence():
    with running(few_at_a_time, places=1) as server:
        assert use_in_reverse([server.connect() for _ in range(3)], within_s=0.1) == ["silence"]


def test_recording_names_door_and_clients_and_ends_with_the_block():
    with recording() as record, running(everybody) as server:
        clients = [server.connect() for _ in range(2)]
        use_in_reverse(clients)
    assert record.rounds[0].waits == {"door": "read"}
    assert {name for each in record.rounds for name in each.waits} == {"door", "A", "B"}
    assert any(each.ready == {"B": "read"} for each in record.rounds)
    known = len(record.rounds)
    with running(everybody) as server:
        use_in_reverse([server.connect()])
    assert len(record.rounds) == known

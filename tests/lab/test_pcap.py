"""Captures that Wireshark opens, and what is in them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support import require

from wirelab.lab import PcapWriter, Record
from wirelab.lab.pcap import write_pcap
from wirelab.lab.wire import Endpoint, wrap
from wirelab.protocols.segment import ACK, SYN, Segment

ME, PEER = Endpoint("10.9.0.2", "02:00:00:00:00:02"), Endpoint("10.9.0.1", "02:00:00:00:00:01")
SYN_FRAME = wrap(Segment(source_port=5000, destination_port=80, seq=7, flags=SYN), ME, PEER)
SYN_ACK_FRAME = wrap(
    Segment(source_port=80, destination_port=5000, seq=9, ack=8, flags=SYN | ACK), PEER, ME
)


def frames(path) -> list[tuple[float, bytes]]:
    from scapy.utils import RawPcapReader

    with RawPcapReader(str(path)) as reader:
        return [(meta.sec + meta.usec / 1e6, frame) for frame, meta in reader]


def tshark(path) -> list[list[str]]:
    """What tshark reads: time, source, flags and checksum status (1 is good) of each frame."""
    require(shutil.which("tshark"), "install tshark")
    columns = ("frame.time_relative", "ip.src", "tcp.flags", "tcp.checksum.status")
    command = ["tshark", "-r", str(path), "-T", "fields", "-o", "tcp.check_checksum:TRUE"]
    for column in columns:
        command += ["-e", column]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_writer_keeps_both_directions_and_their_times(scripted, tmp_path):
    scripted.arrivals = [(1.25, SYN_ACK_FRAME)]
    with PcapWriter(scripted, tmp_path / "live.pcap", scripted.clock) as link:
        link.send(SYN_FRAME)
        assert link.receive(2.0) == SYN_ACK_FRAME
        assert link.receive(2.0) is None
    assert frames(tmp_path / "live.pcap") == [(0.0, SYN_FRAME), (1.25, SYN_ACK_FRAME)]
    assert [frame for _, frame in scripted.sent] == [SYN_FRAME]


def test_tshark_reads_segments_with_good_checksums(scripted, tmp_path):
    scripted.arrivals = [(1.25, SYN_ACK_FRAME)]
    with PcapWriter(scripted, tmp_path / "live.pcap", scripted.clock) as link:
        link.send(SYN_FRAME)
        link.receive(2.0)
    (_, sender, flags, good), answer = tshark(tmp_path / "live.pcap")
    assert (sender, int(flags, 16), good) == (ME.address, SYN, "1")
    assert (answer[1], int(answer[2], 16), answer[3]) == (PEER.address, SYN | ACK, "1")
    assert float(answer[0]) == 1.25


def test_records_are_written_as_the_learners_end_saw_them(tmp_path):
    records = [
        Record(0.0, True, SYN_FRAME, "lost"),
        Record(0.9999996, True, SYN_FRAME),
        Record(1.5, False, SYN_ACK_FRAME, "lost"),
        Record(2.5, False, SYN_ACK_FRAME),
    ]
    assert write_pcap(tmp_path / "t.pcap", records) == 3
    assert frames(tmp_path / "t.pcap") == [
        (0.0, SYN_FRAME),
        (1.0, SYN_FRAME),
        (2.5, SYN_ACK_FRAME),
    ]


@pytest.mark.kernel
def test_conversation_with_the_kernel_opens_in_tshark(network, opened, tmp_path):
    learner = opened(network)
    learner.connection.send(b"hello")
    learner.hear()
    assert network.save_pcap(tmp_path / "kernel.pcap") == 4
    rows = tshark(tmp_path / "kernel.pcap")
    assert [int(row[2], 16) & 0x17 for row in rows] == [SYN, SYN | ACK, ACK, ACK]
    assert {row[3] for row in rows} == {"1"}

"""One exchange at three heights: where each step stands, and how it is said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from drawings import EXCHANGE, words

from wirelab.lab.trace import Record
from wirelab.protocols.segment import ACK, FIN, PSH, SYN, Segment
from wirelab.views import Heights, HeightsCall
from wirelab.views.heights_events import boxes_of

NAMES = {"left": "client", "right": "server"}


def crossing(*segments: tuple) -> list[Record]:
    """Records of (sender, flags, seq, ack, data); the client's port is 40000."""
    records = []
    for client, flags, seq, ack, data in segments:
        ports = (40000, 80) if client else (80, 40000)
        segment = Segment(
            source_port=ports[0],
            destination_port=ports[1],
            seq=seq,
            ack=ack,
            flags=flags,
            data=data,
        )
        records.append(Record(0.0, client, b"", segment=segment))
    return records


RECORDS = crossing(
    (True, SYN, 2**32 - 1, 0, b""),
    (False, SYN | ACK, 900, 0, b""),
    (True, ACK, 0, 901, b""),
    (True, PSH | ACK, 0, 901, b"hi"),
    (False, ACK, 901, 2, b""),
    (True, FIN | ACK, 2, 901, b""),
)


def test_steps_come_in_the_order_of_calls_and_segments():
    boxes, _ = boxes_of(EXCHANGE, RECORDS, NAMES)
    assert [box.number for box in boxes] == list(range(1, 14))
    shown = [box.label for box in boxes]
    assert shown == [
        *("connect", "SYN", "SYN", "", "accept", "send(2)", "2 octets", "recv(1)", "recv(9)", ""),
        *("close", "FIN", "recv(9)"),
    ]


def test_places_count_from_the_syn_and_wrap():
    boxes, streams = boxes_of(EXCHANGE, RECORDS, NAMES)
    sent = {b.label: (b.first, b.last) for b in boxes if (b.stream, b.lane) == ("left", "segments")}
    assert sent == {"SYN": (0, 0), "": (1, 0), "2 octets": (1, 2), "FIN": (3, 3)}
    reads = [(b.first, b.last) for b in boxes if (b.stream, b.lane) == ("left", "reads")]
    assert reads == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert [(s.octets, s.fin) for s in streams] == [(b"hi", True), (b"", False)]


def test_an_acknowledgment_says_what_has_come():
    boxes, _ = boxes_of(EXCHANGE, RECORDS, NAMES)
    assert boxes[9].said == "server sends a bare ACK."
    assert boxes[9].note == "It has everything before place 3 of the other stream."


def test_a_repeated_segment_is_said_and_not_drawn_over_the_first():
    again = [*RECORDS[:4], RECORDS[3], *RECORDS[4:]]
    boxes, _ = boxes_of(EXCHANGE, again, NAMES)
    repeated = [box for box in boxes if box.said == "client sends again: 2 octets."]
    assert [(box.first, box.last) for box in repeated] == [(1, 0)]


def test_a_lost_segment_is_said():
    lost = [*RECORDS[:3], replace(RECORDS[3], fate="lost"), *RECORDS[4:]]
    assert "client sends a segment: 2 octets (lost)." in Heights(EXCHANGE, lost).text()


def test_frames_without_tcp_are_left_out():
    with_arp = [Record(0.0, True, b"\0" * 60), *RECORDS]
    assert len(boxes_of(EXCHANGE, with_arp, NAMES)[0]) == 13


def test_picture_shows_octets_calls_and_segments():
    seen = words(Heights(EXCHANGE, RECORDS).svg()).splitlines()
    assert {"h", "i", "SYN", "FIN", "1 connect", "8", "calls of client", "octets"} <= set(seen)


def test_each_step_has_marks_and_a_saying():
    view = Heights(EXCHANGE, RECORDS)
    steps = {int(n) for n in re.findall(r'data-step="(\d+)"', view.drawing)}
    assert set(range(1, 14)) <= steps
    assert len(view.sayings) == 14
    assert (view.step, Heights(EXCHANGE, RECORDS, step=99).step) == (13, 13)
    assert Heights(EXCHANGE, RECORDS, step=-1).step == 0


def test_words_say_the_streams_and_the_steps():
    lines = Heights(EXCHANGE, RECORDS, left="you", right="kernel").text().splitlines()
    assert lines[0] == "One exchange at three heights: you and kernel."
    assert lines[1:3] == ["you writes b'hi'.", "kernel writes b''."]
    assert lines[3] == "1. you calls connect. That becomes its SYN."
    assert lines[-1] == "13. kernel: recv(9) gives no octets: the stream has ended."


def test_nothing_at_all_has_all_its_forms():
    empty = Heights([], [])
    assert empty.svg().startswith("<svg")
    assert empty.step == 0


def test_a_call_refuses_a_side_that_is_none():
    with pytest.raises(ValueError, match="give"):
        HeightsCall("up", "send")

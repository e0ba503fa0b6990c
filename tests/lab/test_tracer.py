"""The tracer: every frame, once, in the order of the wire, with the states that are certain."""

from __future__ import annotations

import itertools

from wirelab.lab import Tracer
from wirelab.lab.wire import Endpoint, wrap
from wirelab.protocols.segment import SYN, Segment

A, B = Endpoint("10.9.0.1", "02:00:00:00:00:01"), Endpoint("10.9.0.2", "02:00:00:00:00:02")
SEGMENT = Segment(source_port=1, destination_port=2, seq=3, flags=SYN)


def test_both_directions_are_recorded_with_their_times(scripted):
    tracer = Tracer(scripted, scripted.clock)
    scripted.arrivals = [(0.5, wrap(SEGMENT, A, B))]
    tracer.send(b"mine")
    assert tracer.receive(1.0) == wrap(SEGMENT, A, B)
    mine, theirs = tracer.records()
    assert (mine.sent, mine.time_s, mine.frame, mine.segment) == (True, 0.0, b"mine", None)
    assert (theirs.sent, theirs.time_s, theirs.segment) == (False, 0.5, SEGMENT)


def test_unread_frame_stands_before_what_is_sent_after_it(scripted):
    tracer = Tracer(scripted, scripted.clock)
    scripted.arrivals = [(0.5, b"theirs")]
    scripted.clock.wait(1.0)
    tracer.send(b"mine")
    assert [record.frame for record in tracer.records()] == [b"theirs", b"mine"]
    assert [record.time_s for record in tracer.records()] == [0.5, 1.0]
    assert tracer.receive(0.0) == b"theirs"


def test_nothing_is_recorded_when_nothing_comes(scripted):
    tracer = Tracer(scripted, scripted.clock)
    assert tracer.receive(1.0) is None
    assert tracer.records() == []


def test_state_is_told_only_where_it_belongs_to_the_frame(scripted):
    count = itertools.count()
    tracer = Tracer(scripted, scripted.clock, lambda frame, sent: {"peer": str(next(count))})
    scripted.arrivals = [(0.0, b"first"), (0.0, b"second")]
    tracer.send(b"mine")
    assert [record.states for record in tracer.records()] == [{}, {"peer": "0"}, {"peer": "1"}]

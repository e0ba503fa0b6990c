"""The message view: parts of an exchange, segments over them, its picture and its words."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from drawings import words

from wirelab.lab.trace import Record
from wirelab.protocols.segment import ACK, SYN, Segment
from wirelab.views import MessageView
from wirelab.views.message_parts import parts_of
from wirelab.views.style import static_style

ASKED = b"GET /a?b HTTP/1.1\r\nHost: example.org\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
)


def view() -> MessageView:
    pieces = [("left", ASKED[:10]), ("left", ASKED[10:]), ("right", CHUNKED)]
    return MessageView(pieces, left="curl", right="kernel")


def named(octets: bytes, answers: bytes = b"") -> list[tuple[str, str]]:
    return [(part.name, part.value) for part in parts_of(octets, answers)]


def test_parts_cover_every_octet_once_and_in_order():
    for left, right in [
        (ASKED * 2, CHUNKED * 2),
        (b"\r\n\r\n", b"x"),
        (b"G\r\n:\r\n\r\n\x00", b""),
    ]:
        for side, octets in (("left", left), ("right", right)):
            own = [part for part in parts_of(left, right) if part.side == side]
            assert [part.first for part in own] == [0, *[part.end for part in own]][: len(own)]
            assert (own[-1].end if own else 0) == len(octets)


def test_start_line_fields_chunks_and_trailers_are_named():
    assert named(ASKED) == [
        ("Method", "GET"),
        ("Target", "/a?b"),
        ("Version", "HTTP/1.1"),
        ("Host", "example.org"),
        ("Empty line", ""),
    ]
    assert named(b"", CHUNKED)[3:] == [
        ("Transfer-Encoding", "chunked"),
        ("Empty line", ""),
        ("Chunk size", "5;x=1"),
        ("Chunk", "hello"),
        ("Chunk size", "0"),
        ("Trailer X-Sum", "1"),
        ("Empty line", ""),
    ]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"HEAD / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_answer_without_content_is_followed_by_the_next_answer(asked, answer):
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    found = named(asked + b"GET / HTTP/1.1\r\n\r\n", answer + second)
    assert found.count(("Status", "200")) + found.count(("Status", "304")) == 2
    assert found[-1] == ("Content", "hi")


def test_picture_and_words_say_segments_octets_and_parts():
    seen = words(view().svg())
    for expected in ("curl", "kernel", "10 octets (0 to 9)", "example.org", "Chunk size", "47"):
        assert expected in seen.splitlines()
    said = view().text()
    assert "1. curl sends 10 octets (0 to 9)" in said
    assert "Content-Length" not in said
    assert "4-8: Target /a?b. Of which resource it is asked." in said
    assert said == view().alternative


def test_segment_touches_the_parts_whose_octets_it_carries():
    shown = view()
    carried = [p["name"] for p in shown.parts if p["side"] == "left" and p["first"] < 10]
    assert carried == ["Method", "Target", "Version"]
    assert [s["end"] - s["first"] for s in shown.segments] == [10, 30, len(CHUNKED)]


def test_trace_becomes_segments_and_a_repeated_segment_adds_no_octets():
    def record(sent, seq, flags, data=b"", fate="delivered"):
        segment = Segment(source_port=1, destination_port=2, seq=seq, flags=flags, data=data)
        return Record(0.0, sent, b"", fate, segment)

    records = [
        record(True, 9, SYN),
        record(True, 10, ACK, ASKED, "lost"),
        record(True, 10, ACK, ASKED),
        record(True, 10, ACK, ASKED),
        record(False, 70, ACK, CHUNKED),
    ]
    shown = MessageView.of(records)
    assert len(shown.segments) == 4
    assert len(shown.streams["left"]) == len(ASKED)
    assert shown.segments[0]["label"].startswith("SYN")


def test_select_lights_a_part_and_names_those_there_are():
    shown = view()
    shown.select("host")
    assert shown.parts[shown.chosen]["value"] == "example.org"
    with pytest.raises(ValueError, match="Chunk size"):
        shown.select("Hots")


@pytest.mark.parametrize(
    ("pieces", "error"), [([("up", b"")], ValueError), ([("left", "x")], TypeError)]
)
def test_what_is_no_piece_is_refused(pieces, error):
    with pytest.raises(error):
        MessageView(pieces)


def test_picture_needs_nothing_else_and_every_class_has_a_rule():
    svg = view().svg()
    assert svg == view().svg()
    assert [child.tag.rpartition("}")[2] for child in ET.fromstring(svg)][:3] == [
        "title",
        "desc",
        "style",
    ]
    assert not re.search(r"\bid=|var\(|url\(|currentColor", svg)
    drawn = set(" ".join(re.findall(r'class="([^"]*)"', svg)).split())
    assert {css for css in drawn if f".{css}" not in static_style()} == set()
    assert not re.search(r"https?://|@import|url\(", str(view()._esm) + str(view()._css))


@pytest.mark.parametrize("pieces", [[], [("left", b"\xff\x00\r\n\r\n"), ("right", b"0\r\n")]])
def test_octets_that_are_no_http_are_shown_all_the_same(pieces):
    shown = MessageView(pieces)
    ET.fromstring(shown.svg())
    assert "segments" in shown.text()

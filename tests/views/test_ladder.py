"""The ladder's pictures and words, and how a trace becomes one."""

from __future__ import annotations

import re

import pytest
from drawings import HANDSHAKE, SYN_ACK, SYN_SEGMENT, words

from wirelab.lab.trace import Record
from wirelab.views import Arrow, Ladder


def ladder(**options: object) -> Ladder:
    states = {"left_state": "CLOSED", "right_state": "LISTEN"}
    return Ladder(HANDSHAKE, left="client", right="server", **states, **options)


def test_picture_shows_names_labels_states_times_and_notes():
    seen = words(ladder().svg())
    for expected in (
        "client",
        "server",
        "SYN seq=100",
        "SYN, ACK seq=300 ack=101",
        "CLOSED",
        "LISTEN",
        "SYN-SENT",
        "SYN-RECEIVED",
        "0.050 s",
        "I count from 100.",
    ):
        assert expected in seen.splitlines()


def test_lost_is_a_word_and_not_only_a_colour():
    assert words(ladder().svg()).splitlines().count("lost") == 1


def test_state_is_drawn_only_where_it_changes():
    seen = words(ladder().svg()).splitlines()
    assert seen.count("SYN-RECEIVED") == 1
    assert seen.count("ESTABLISHED") == 2


def test_equal_ladders_give_equal_files():
    assert ladder().svg() == ladder().svg()


def test_markup_and_control_characters_in_labels_are_harmless():
    nasty = 'a <b> & "c" \x00\x1b]'
    drawn = Ladder([Arrow("left", nasty, note=nasty, left_state=nasty)], left=nasty, right="x")
    assert 'a <b> & "c" \ufffd\ufffd]' in words(drawn.svg())


def test_long_label_is_broken_and_stays_complete():
    label = "PSH, ACK " + " ".join(f"option{n}=value{n}" for n in range(12))
    assert words(Ladder([Arrow("right", label)]).svg()).replace("\n", " ").count("option") == 12


def test_text_says_each_step_in_order():
    lines = ladder().text().splitlines()
    assert lines[0] == "Ladder diagram: client on the left, server on the right."
    assert lines[1] == "At first: client in CLOSED, server in LISTEN."
    assert lines[2] == "1. at 0.000 s, client to server: SYN seq=100; client now SYN-SENT."
    assert lines[3] == "   I count from 100."
    assert "server to client: SYN, ACK seq=300 ack=101 (lost)" in lines[4]
    assert lines[-1].endswith("ACK seq=101 ack=301; server now ESTABLISHED.")


def test_an_empty_ladder_has_all_its_forms():
    empty = Ladder([], left="you", right="peer")
    assert "you" in words(empty.svg())
    assert "Nothing has crossed yet." in empty.text()


def test_crossing_arrows_leave_at_the_same_height():
    one = Ladder([Arrow("left", "SYN seq=1"), Arrow("right", "SYN seq=9", crossing=True)])
    two = Ladder([Arrow("left", "SYN seq=1"), Arrow("right", "SYN seq=9")])
    assert _height(one.svg()) < _height(two.svg())


def test_states_of_a_crossing_pair_go_down_the_page_in_order():
    pair = [
        Arrow("left", "SYN", left_state="SYN-SENT", right_state="SYN-SENT"),
        Arrow("right", "SYN", crossing=True, left_state="SYN-RECEIVED", right_state="SYN-RECEIVED"),
    ]
    heights = re.findall(r'<text [^>]*y="([\d.]+)">(SYN-\w+)', Ladder(pair).svg())
    sent = {y for y, state in heights if state == "SYN-SENT"}
    received = {y for y, state in heights if state == "SYN-RECEIVED"}
    assert (len(heights), len(sent), len(received)) == (4, 1, 1)
    assert float(sent.pop()) + 25 < float(received.pop())


def _height(svg: str) -> float:
    return float(svg.split('height="')[1].split('"')[0])


def test_trace_becomes_arrows_with_times_from_its_first_frame():
    trace = [
        Record(4.0, True, b"", segment=SYN_SEGMENT, states={"kernel": "SYN-RECEIVED"}),
        Record(4.0021, False, b"", fate="lost", segment=SYN_ACK),
    ]
    first, second = Ladder.of(trace, left="you", right="kernel", notes=["Hello."]).arrows
    assert first == Arrow(
        "left", "SYN seq=100", "Hello.", 0.0, "delivered", right_state="SYN-RECEIVED"
    )
    assert (second.sender, second.label, second.fate) == (
        "right",
        "SYN, ACK seq=300 ack=101",
        "lost",
    )
    assert second.time_s == pytest.approx(0.0021)


def test_trace_state_of_the_peer_is_found_under_any_name():
    trace = [Record(0.0, True, b"", segment=SYN_SEGMENT, states={"peer": "LISTEN"})]
    assert Ladder.of(trace, left="you", right="Linux").arrows[0].right_state == "LISTEN"


def test_trace_of_a_frame_without_tcp_says_what_it_is():
    from scapy.layers.l2 import ARP, Ether

    asked = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.2"))
    assert Ladder.of([Record(0.0, True, asked)]).arrows[0].label == "ARP who has 10.0.0.2?"


def test_appending_shows_the_new_step_unless_the_reader_is_elsewhere():
    live = Ladder(HANDSHAKE[:1])
    live.append(HANDSHAKE[1])
    assert (live.step, len(live.sayings)) == (2, 3)
    live.step = 1
    live.append(HANDSHAKE[2])
    assert live.step == 1
    assert "3." in live.alternative


@pytest.mark.parametrize("wrong", [{"sender": "up"}, {"sender": "left", "fate": "eaten"}])
def test_an_arrow_refuses_what_it_cannot_draw(wrong):
    with pytest.raises(ValueError, match="give"):
        Arrow(**wrong, label="SYN")

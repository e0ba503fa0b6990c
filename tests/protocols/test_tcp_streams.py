"""What a TCP connection carries: octets in order, whatever their way, and the options agreed on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tcp_bench import Bench

from wirelab.protocols.segment import ACK, FIN, PSH, SYN


@given(
    st.binary(min_size=1, max_size=200),
    st.lists(st.tuples(st.integers(0, 199), st.integers(1, 60)), max_size=30),
    st.integers(0, 2**32),
)
def test_established_pieces_in_any_order_arrive_as_one_stream(data, cuts, seed):
    bench = Bench().opened()
    pieces = [(start, data[start : start + size]) for start, size in cuts if start < len(data)]
    pieces += [(start, data[start : start + 7]) for start in range(0, len(data), 7)]
    random.Random(seed).shuffle(pieces)
    for start, piece in pieces:
        bench.say(PSH | ACK, 1 + start, 1, piece)
    bench.say(FIN | ACK, 1 + len(data), 1)

    assert bench.connection.read(1000, 0.0) == data
    assert bench.state == "CLOSE-WAIT"


@given(
    st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=10),
    st.integers(1, 30),
    st.integers(1, 60),
    st.integers(0, 2**32),
)
def test_established_writes_arrive_whole_through_loss(writes, mss, window, seed):
    """A remote end with a small window that loses three segments in ten gets every octet once.

    It never loses five in a row: after eight, an endpoint rightly gives up.
    """
    dice, bench, lost = random.Random(seed), Bench(), 0
    bench.listen()
    bench.say(SYN, options=((2, mss.to_bytes(2, "big")),), window=window)
    bench.say(ACK, 1, 1, window=window)
    bench.accept()
    said = [segment for data in writes for segment in bench.write(data)] + bench.close()
    got, next_seq, finished = b"", 1, False
    for _ in range(2000):
        for segment in said:
            assert len(segment.data) <= min(mss, window)
            start = (segment.seq - bench.its_iss) % 2**32
            if start > next_seq:
                continue
            lost = lost + 1 if lost < 4 and dice.random() < 0.3 else 0
            if lost:
                continue
            got += segment.data[next_seq - start :]
            finished = finished or bool(segment.flags & FIN)
            next_seq = 1 + len(got) + finished
        if finished:
            break
        said = bench.say(ACK, 1, next_seq, window=window)
        if not said:
            said = bench.due()

    assert finished
    assert got == b"".join(writes)


def test_established_window_shuts_and_reading_opens_it():
    bench = Bench(receive_buffer=1000, mss=500).opened()
    bench.say(PSH | ACK, 1, 1, bytes(600))
    assert bench.said[-1].window == 400
    bench.say(PSH | ACK, 601, 1, bytes(600))
    assert (bench.said[-1].window, bench.said[-1].ack) == (0, 1000)  # ISS is -1: 1001 - 1

    bench.connection.read(700, 0.0)
    assert [segment.window for segment in bench.take()] == [700]


def test_established_window_is_scaled_once_both_have_offered_it():
    bench = Bench()
    bench.listen()
    bench.say(SYN, options=((3, b"\x02"),), window=10)
    assert bench.said[0].window == 64240
    assert (3, b"\x07") in bench.said[0].options
    bench.say(ACK, 1, 1, window=10)
    bench.accept()

    said = bench.write(bytes(100))
    assert sum(len(segment.data) for segment in said) == 40
    assert said[0].window == 64240 >> 7


@pytest.mark.parametrize(("offered", "sent"), [((), 536), (((2, b"\x00\x64"),), 100)])
def test_established_segment_size_is_what_the_syn_asked_for(offered, sent):
    bench = Bench()
    bench.listen()
    bench.say(SYN, options=offered)
    bench.say(ACK, 1, 1)
    bench.accept()

    assert len(bench.write(bytes(2000))[0].data) == sent


def test_listen_cookie_remembers_the_segment_size():
    bench = Bench()
    bench.listen(syn_cookies=True)
    bench.say(SYN, options=((2, b"\x05\x00"),))
    assert bench.endpoint.connections() == []
    bench.say(ACK, 1, 1)
    bench.accept()

    assert len(bench.write(bytes(5000))[0].data) == 1220  # the next one below 1280


def test_listen_cookie_is_good_for_two_minutes_at_most():
    bench = Bench()
    bench.listen(syn_cookies=True)
    bench.say(SYN)
    bench.wait(130)
    assert [each.flags.names() for each in bench.say(ACK, 1, 1)] == ["RST"]


def test_initial_sequence_numbers_run_with_the_clock_and_differ_by_conversation():
    def numbers(my_port: int, seed_bench: Bench) -> int:
        seed_bench.my_port = my_port
        seed_bench.say(SYN)
        return seed_bench.its_iss

    bench, again = Bench(), Bench()
    for each in (bench, again):
        each.listen()
    first = numbers(1, bench)
    assert numbers(2, bench) != first
    again.wait(1.0)
    assert (numbers(1, again) - first) % 2**32 == 250_000


def test_connect_takes_no_port_twice_towards_the_same_port():
    bench = Bench()
    bench.endpoint.connect("192.0.2.7", 80, 0.0, local_port=1234)
    with pytest.raises(ValueError, match="port 1234"):
        bench.endpoint.connect("192.0.2.7", 80, 0.0, local_port=1234)


def test_answers_are_rationed_when_asked_to():
    bench = Bench(invalid_ratelimit_s=0.5).opened()
    assert len(bench.say(ACK, 900_000, 1)) == 1
    assert len(bench.say(ACK, 900_000, 1)) == 0
    assert len(bench.say(PSH | ACK, 900_000, 1, b"data is always answered")) == 1
    bench.now_s += 0.5
    assert len(bench.say(ACK, 900_000, 1)) == 1

"""When a TCP endpoint repeats itself, and when it gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tcp_bench import Bench

from wirelab.protocols.segment import ACK, FIN, SYN
from wirelab.protocols.tcp_settings import Settings, Timeout


def times(heard: list[tuple[float, str]]) -> list[float]:
    return [time_s for time_s, _ in heard]


def test_syn_sent_silence_repeats_6_times_and_gives_up():
    bench = Bench()
    bench.connect()
    heard = bench.wait(1000)

    assert times(heard) == [1, 3, 7, 15, 31, 63]
    assert {said for _, said in heard} == {"SYN"}
    assert bench.connection.error == "timed out"
    assert bench.state == "CLOSED"


def test_syn_sent_linear_timeouts_as_linux_does_by_itself():
    bench = Bench(syn_linear_timeouts=4)
    bench.connect()

    assert times(bench.wait(12)) == [1, 2, 3, 4, 5, 7, 11]


def test_syn_received_silence_repeats_5_times_and_forgets():
    bench = Bench()
    bench.listen()
    bench.say(SYN)
    heard = bench.wait(1000)

    assert times(heard) == [1, 3, 7, 15, 31]
    assert {said for _, said in heard} == {"SYN, ACK"}
    assert bench.state == "LISTEN"
    assert bench.endpoint.connections() == []


def test_fin_wait_1_silence_gives_up_after_8():
    bench = Bench().opened()
    bench.close()
    heard = bench.wait(1000)

    assert times(heard)[:4] == pytest.approx([0.2, 0.6, 1.4, 3.0])
    assert [said for _, said in heard] == ["FIN, ACK"] * 8
    assert bench.connection.state == "CLOSED"


def test_established_silence_gives_up_after_15():
    bench = Bench().opened()
    bench.write(b"data")
    heard = bench.wait(10_000)

    assert len(heard) == 15
    gaps = [later - sooner for sooner, later in zip(times(heard), times(heard)[1:], strict=False)]
    assert max(gaps) == pytest.approx(120)
    assert bench.connection.error == "timed out"


def test_established_ack_starts_the_doubling_anew():
    bench = Bench().opened()
    bench.write(b"abc")
    assert times(bench.wait(2)) == pytest.approx([0.2, 0.6, 1.4])
    bench.say(ACK, 1, 4)
    bench.write(b"def")

    assert times(bench.wait(1)) == pytest.approx([2.2, 2.6])


def test_established_after_a_repeated_handshake_waits_3_s():
    bench = Bench()
    bench.listen()
    bench.say(SYN)
    bench.wait(1.5)
    bench.say(ACK, 1, 1)
    bench.accept()
    bench.write(b"abc")

    assert times(bench.wait(4)) == pytest.approx([4.5])


def test_established_slow_round_trip_waits_longer():
    bench = Bench()
    bench.listen()
    bench.say(SYN)
    bench.wait(0.5)
    bench.say(ACK, 1, 1)
    bench.accept()
    bench.write(b"abc")

    assert times(bench.wait(3)) == pytest.approx([0.5 + 0.5 + 4 * 0.25])


def test_syn_sent_bad_ack_repeats_the_syn_at_once_but_only_once():
    bench = Bench()
    bench.connect()
    bench.say(ACK, 1, 9)
    assert times(bench.wait(0.5)) == pytest.approx([0.01])
    bench.say(ACK, 1, 9)
    assert bench.flags() == ["RST"]
    assert times(bench.wait(2)) == pytest.approx([2.01])


def test_time_wait_lasts_two_msl_and_a_fin_restarts_it():
    bench = Bench(msl_s=30).opened()
    bench.close()
    bench.say(FIN | ACK, 1, 2)
    bench.wait(59)
    assert bench.state == "TIME-WAIT"

    bench.say(FIN | ACK, 1, 2)
    assert bench.flags() == ["ACK"]
    bench.wait(59)
    assert bench.state == "TIME-WAIT"
    bench.wait(1)
    assert bench.state == "LISTEN"


def test_fin_wait_2_waits_for_ever_while_somebody_reads():
    bench = Bench().opened()
    bench.shut()
    bench.say(ACK, 1, 2)
    bench.wait(1e6)
    assert bench.state == "FIN-WAIT-2"

    bench.close()
    bench.wait(60)
    assert bench.state == "LISTEN"


def test_zero_window_is_probed_and_opened():
    bench = Bench().opened(window=0)
    assert bench.write(b"abc") == []
    heard = bench.wait(2)
    assert times(heard) == pytest.approx([0.2, 0.6, 1.4])
    assert {said for _, said in heard} == {"ACK"}

    bench.say(ACK, 1, 1, window=100)
    assert [segment.data for segment in bench.said] == [b"abc"]


@given(st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_timeout_exceeds_what_was_measured_last_and_is_bounded(round_trips):
    settings = Settings()
    timeout = Timeout(settings)
    for rtt_s in round_trips:
        timeout.measure(rtt_s)
        assert settings.min_rto_s <= timeout.seconds <= settings.max_rto_s
    timeout.measure(rtt_s)
    for _ in range(20):
        timeout.back_off()
    assert timeout.seconds == settings.max_rto_s

"""Conversations with a real Linux kernel, segment by segment, and every state it goes through."""

from __future__ import annotations

import dataclasses

import pytest

from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN

pytestmark = pytest.mark.kernel


def test_learner_opens_and_the_kernel_is_established(network, opened):
    learner = opened(network)

    assert learner.connection.state == "ESTABLISHED"
    assert learner.connection.local_port == learner.port
    assert learner.connection.remote_port == 5000
    states = {row.state for row in network.peer.sockets() if row.local_port == learner.port}
    assert states == {"LISTEN", "ESTABLISHED"}


def test_kernel_opens_and_is_established(network, speaker):
    connection = network.peer.connect(80, local_port=7000)
    learner = speaker(network, 7000, my_port=80)

    assert connection.state == "SYN-SENT"
    assert learner.hear().flags == SYN
    learner.say(SYN | ACK)
    assert learner.hear().flags == ACK
    assert connection.state == "ESTABLISHED"


def test_both_open_at_once(network, speaker):
    connection = network.peer.connect(6000, local_port=7000)
    learner = speaker(network, 7000, my_port=6000)
    assert learner.hear().flags == SYN

    learner.say(SYN)
    answer = learner.hear()
    assert answer.flags == SYN | ACK
    assert connection.state == "SYN-RECEIVED"

    learner.say(ACK)
    assert connection.state == "ESTABLISHED"


def test_syn_to_a_closed_port_draws_rst(network, speaker):
    learner = speaker(network, 9)
    learner.say(SYN)
    answer = learner.hear()
    assert (answer.flags, answer.seq, answer.ack) == (RST | ACK, 0, 1001)


def test_syn_ack_comes_again_while_our_ack_is_withheld(network, speaker):
    learner = speaker(network, network.peer.listen())
    learner.say(SYN)
    first = learner.hear()
    second = learner.hear()

    assert learner.state() == "SYN-RECEIVED"
    assert (second.flags, second.seq, second.ack) == (SYN | ACK, first.seq, first.ack)
    times = [record.time_s for record in network.trace if not record.sent]
    assert 0.8 < times[1] - times[0] < 2.0


def test_unanswered_syn_comes_again(network, speaker):
    network.peer.connect(80, local_port=7000)
    learner = speaker(network, 7000, my_port=80)
    assert learner.hear().seq == learner.hear().seq


def test_kernel_closes_first(network, opened):
    learner = opened(network)
    learner.connection.close()
    assert learner.hear().flags == FIN | ACK
    assert learner.connection.state == "FIN-WAIT-1"
    learner.say(ACK)
    assert learner.connection.state == "FIN-WAIT-2"
    learner.say(FIN | ACK)
    assert learner.hear().flags == ACK
    assert learner.connection.state == "TIME-WAIT"


def test_learner_closes_first(network, opened):
    learner = opened(network)
    learner.say(FIN | ACK)
    assert learner.hear().flags == ACK
    assert learner.connection.state == "CLOSE-WAIT"
    assert learner.connection.receive() == b""
    learner.connection.close()
    assert learner.hear().flags == FIN | ACK
    assert learner.connection.state == "LAST-ACK"
    learner.say(ACK)
    assert learner.connection.state == "CLOSED"
    assert network.trace[-1].states == {"peer": "CLOSED"}


def test_both_close_at_once(network, opened):
    learner = opened(network)
    learner.connection.close()
    kernels_fin = learner.hear()
    theirs, learner.ack = learner.ack, kernels_fin.seq
    learner.say(FIN | ACK)
    assert learner.connection.state == "CLOSING"
    learner.ack = theirs
    learner.say(ACK)
    assert learner.connection.state == "TIME-WAIT"


def test_half_close_leaves_the_other_direction_open(network, opened):
    learner = opened(network)
    learner.connection.shutdown_write()
    assert learner.hear().flags == FIN | ACK
    learner.say(ACK)
    learner.say(PSH | ACK, b"still here")
    assert learner.connection.receive(1.0) == b"still here"
    assert learner.connection.state == "FIN-WAIT-2"


def test_abort_sends_rst(network, opened):
    learner = opened(network)
    learner.connection.abort()
    assert RST in learner.hear().flags
    assert learner.connection.state == "CLOSED"


def test_unread_data_turns_close_into_rst(network, opened):
    learner = opened(network)
    learner.say(PSH | ACK, b"never read")
    assert learner.hear().flags == ACK
    learner.connection.close()
    assert RST in learner.hear().flags


def test_data_crosses_both_ways(network, opened):
    learner = opened(network)
    learner.say(PSH | ACK, b"ping")
    assert learner.connection.receive(1.0) == b"ping"
    assert learner.hear().flags == ACK
    learner.connection.send(b"pong")
    assert learner.hear().data == b"pong"
    assert learner.connection.receive() is None


def test_reset_by_the_learner_is_told(network, opened):
    learner = opened(network)
    learner.say(RST | ACK)
    with pytest.raises(ConnectionResetError):
        learner.connection.receive(1.0)


def test_refusal_by_the_learner_is_told(network, speaker):
    connection = network.peer.connect(80, local_port=7000)
    learner = speaker(network, 7000, my_port=80)
    learner.hear()
    learner.say(RST | ACK)
    with pytest.raises(ConnectionRefusedError):
        connection.receive(1.0)


def test_large_data_comes_in_frames_of_the_links_size_with_right_checksums(network, opened):
    learner = opened(network)
    learner.connection.send(bytes(4000))
    heard = [learner.hear(), learner.hear(), learner.hear()]  # a wrong checksum is not heard
    assert sum(len(segment.data) for segment in heard) <= 4000
    assert max(len(record.frame) for record in network.trace) <= 1514


def test_segment_with_a_wrong_checksum_is_ignored(network, opened):
    learner = opened(network)
    learner.say(PSH | ACK, b"good")
    frame = next(record.frame for record in network.trace if record.segment.data)
    learner.hear()
    network.link.send(frame[:-4] + b"evil")
    assert network.wire().receive(0.05) is None
    assert learner.connection.receive() == b"good"


def test_syn_cookies_keep_no_state(network, speaker):
    learner = speaker(network, network.peer.listen(syn_cookies=True))
    learner.say(SYN)
    learner.hear()
    assert learner.state() == "LISTEN"
    learner.say(ACK)
    assert network.peer.accept(learner.port).state == "ESTABLISHED"


def test_full_syn_queue_is_silent(network, speaker):
    port = network.peer.listen(backlog=1)
    answered = 0
    for my_port in range(5000, 5010):
        learner = speaker(network, port, my_port=my_port)
        learner.say(SYN)
        answered += learner.wire.receive(0.05) is not None
    assert 1 <= answered < 10


def test_trace_tells_direction_order_and_the_kernels_state(network, opened):
    opened(network)
    told = [(record.sent, record.segment.flags, record.states) for record in network.trace]
    assert told == [
        (True, SYN, {"peer": "SYN-RECEIVED"}),
        (False, SYN | ACK, {"peer": "SYN-RECEIVED"}),
        (True, ACK, {"peer": "ESTABLISHED"}),
    ]
    times = [record.time_s for record in network.trace]
    assert times == sorted(times)


def test_first_syn_ack_can_be_lost(network, speaker):
    from wirelab.lab import first

    network.faults(drop=first(lambda record: record.segment and record.segment.flags == SYN | ACK))
    learner = speaker(network, network.peer.listen())
    learner.say(SYN)
    learner.hear()
    learner.say(ACK)
    assert network.peer.accept(learner.port).state == "ESTABLISHED"
    assert [record.fate for record in network.trace] == ["delivered", "lost"] + ["delivered"] * 2


def test_segment_for_another_host_is_passed_over(network, opened):
    learner = opened(network)
    deaf = dataclasses.replace(learner.wire._here, mac="02:00:00:00:00:07")
    learner.wire._here = deaf
    learner.connection.send(b"to somebody else")
    assert learner.wire.receive(0.05) is None

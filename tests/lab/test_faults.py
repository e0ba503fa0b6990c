"""Faults on a link: what they do, that a seed repeats them, and that records tell them."""

from __future__ import annotations

import pytest

from wirelab.lab import Faults, Tracer, first
from wirelab.lab.faults import OVERTAKING_S, PassingClock
from wirelab.protocols.segment import ACK, PSH, SYN

FRAMES = [bytes([number]) * 60 for number in range(200)]


@pytest.fixture
def faulty(scripted):
    """A function that puts faults on the scripted link."""

    def make(**plan: object) -> Faults:
        return Faults(Tracer(scripted, scripted.clock), scripted.clock, **plan)

    return make


def fates(faults: Faults) -> list[str]:
    return [record.fate for record in faults.tracer.records()]


def all_received(faults: Faults) -> list[bytes]:
    received = []
    while (frame := faults.receive(10.0)) is not None:
        received.append(frame)
    return received


def sent(scripted) -> list[bytes]:
    return [frame for _, frame in scripted.sent]


def test_without_a_plan_nothing_happens(scripted, faulty):
    faults = faulty()
    scripted.arrivals = [(0.5, FRAMES[1])]
    faults.send(FRAMES[0])
    assert faults.receive(1.0) == FRAMES[1]
    assert scripted.sent == [(0.0, FRAMES[0])]
    assert scripted.clock.now() == 0.5
    assert fates(faults) == ["delivered", "delivered"]


@pytest.mark.parametrize("seed", [1, 2])
def test_loss_is_as_frequent_as_asked_and_repeats_with_its_seed(scripted, faulty, seed):
    faults = faulty(loss=0.3, seed=seed)
    for frame in FRAMES:
        faults.send(frame)
    lost = [record.frame for record in faults.tracer.records() if record.fate == "lost"]
    assert 40 < len(lost) < 80
    assert sorted(sent(scripted) + lost) == FRAMES

    scripted.sent.clear()
    again = faulty(loss=0.3, seed=seed)
    for frame in FRAMES:
        again.send(frame)
    assert fates(again) == fates(faults)


def test_seeds_differ(faulty):
    one, other = faulty(loss=0.5, seed=1), faulty(loss=0.5, seed=2)
    for frame in FRAMES:
        one.send(frame)
        other.send(frame)
    assert fates(one) != fates(other)


def test_loss_strikes_what_is_received_too(scripted, faulty):
    faults = faulty(loss=1.0)
    scripted.arrivals = [(0.1, FRAMES[0])]
    assert faults.receive(1.0) is None
    assert scripted.clock.now() == 1.0
    assert fates(faults) == ["lost"]


def test_one_direction_does_not_shift_the_dice_of_the_other(scripted, faulty):
    alone = faulty(loss=0.5, seed=3)
    for frame in FRAMES:
        alone.send(frame)
    mixed = faulty(loss=0.5, seed=3)
    for frame in FRAMES:
        scripted.arrivals = [(scripted.clock.now(), b"another" * 10)]
        mixed.receive(0.0)
        mixed.send(frame)
    ours = [record.fate for record in mixed.tracer.records() if record.sent]
    assert ours == fates(alone)


def test_delay_holds_sent_frames_while_time_passes(scripted, faulty):
    faults = faulty(delay_s=0.25)
    faults.send(FRAMES[0])
    assert scripted.sent == []
    assert faults.receive(1.0) is None
    assert scripted.sent == [(0.25, FRAMES[0])]
    assert scripted.clock.now() == 1.0
    assert fates(faults) == ["delayed"]


def test_delay_holds_received_frames(scripted, faulty):
    faults = faulty(delay_s=0.25)
    scripted.arrivals = [(0.1, FRAMES[0])]
    assert faults.receive(0.3) is None
    assert faults.receive(0.3) == FRAMES[0]
    assert scripted.clock.now() == pytest.approx(0.35)


def test_waiting_on_the_clock_moves_delayed_frames(scripted, faulty):
    faults = faulty(delay_s=0.25)
    clock = PassingClock(scripted.clock, faults)
    faults.send(FRAMES[0])
    clock.wait(1.0)
    assert scripted.sent == [(0.25, FRAMES[0])]
    assert clock.now() == 1.0


def test_uneven_delay_stays_in_its_bounds(scripted, faulty):
    faults = faulty(delay_s=(0.1, 0.2), seed=1)
    for frame in FRAMES:
        faults.send(frame)
    faults.wait(1.0)
    assert all(0.1 <= time_s <= 0.2 for time_s, _ in scripted.sent)
    assert sorted(sent(scripted)) == FRAMES
    assert sent(scripted) != FRAMES


def test_doubled_frame_comes_twice_and_is_told_twice(scripted, faulty):
    faults = faulty(duplicate=1.0)
    scripted.arrivals = [(0.0, FRAMES[1])]
    assert all_received(faults) == [FRAMES[1], FRAMES[1]]
    faults.send(FRAMES[0])
    assert sent(scripted) == [FRAMES[0], FRAMES[0]]
    assert fates(faults) == ["delivered", "duplicated"] * 2


def test_next_frame_overtakes_a_reordered_one(scripted, faulty):
    faults = faulty(reorder=1.0)
    faults.send(FRAMES[0])
    faults.change()
    faults.send(FRAMES[1])
    assert sent(scripted) == [FRAMES[1], FRAMES[0]]
    assert fates(faults) == ["reordered", "delivered"]


def test_reordered_frame_that_nobody_follows_comes_all_the_same(scripted, faulty):
    faults = faulty(reorder=1.0)
    scripted.arrivals = [(0.0, FRAMES[0])]
    assert faults.receive(1.0) == FRAMES[0]
    assert scripted.clock.now() == pytest.approx(OVERTAKING_S)


def test_reordering_loses_nothing(scripted, faulty):
    faults = faulty(reorder=0.3, seed=4)
    scripted.arrivals = [(0.0, frame) for frame in FRAMES]
    received = all_received(faults)
    assert sorted(received) == FRAMES
    assert received != FRAMES


def test_rule_chooses_what_is_lost(scripted, faulty):
    faults = faulty(drop=lambda record: record.sent and record.frame == FRAMES[1])
    scripted.arrivals = [(0.0, FRAMES[1])]
    for frame in FRAMES[:3]:
        faults.send(frame)
    assert sent(scripted) == [FRAMES[0], FRAMES[2]]
    assert faults.receive(0.0) == FRAMES[1]


def test_rule_for_the_first_spares_the_rest(scripted, faulty):
    faults = faulty(drop=first(lambda record: record.frame == FRAMES[1], count=2))
    for frame in [FRAMES[0]] + [FRAMES[1]] * 4:
        faults.send(frame)
    assert sent(scripted) == [FRAMES[0], FRAMES[1], FRAMES[1]]


def test_change_ends_faults(scripted, faulty):
    faults = faulty(loss=1.0)
    faults.send(FRAMES[0])
    faults.change()
    faults.send(FRAMES[1])
    assert sent(scripted) == [FRAMES[1]]


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"loss": 1.1}, "loss is a probability"),
        ({"duplicate": -0.1}, "duplicate is a probability"),
        ({"reorder": 30}, "reorder is a probability"),
        ({"delay_s": -1.0}, "delay_s is seconds"),
        ({"delay_s": (2.0, 1.0)}, "delay_s is seconds"),
    ],
)
def test_impossible_plan_is_refused(faulty, plan, reason):
    with pytest.raises(ValueError, match=reason):
        faulty(**plan)


@pytest.fixture(params=["embedded", pytest.param("kernel", marks=pytest.mark.kernel)])
def either(request, kernel_or_skip):
    """Each kind of network."""
    from wirelab.lab.embedded import EmbeddedNetwork

    with EmbeddedNetwork() if request.param == "embedded" else kernel_or_skip() as network:
        yield network


def test_delay_lengthens_a_real_handshake(either, opened):
    either.faults(delay_s=0.05)
    learner = opened(either)
    assert learner.connection.state == "ESTABLISHED"
    syn, syn_ack, ack = either.trace
    assert 0.05 <= syn_ack.time_s - syn.time_s < 0.09
    assert 0.10 <= ack.time_s - syn.time_s < 0.2
    assert [record.fate for record in either.trace] == ["delayed"] * 3


def test_waiting_delivers_what_is_delayed(either, speaker):
    learner = speaker(either, either.peer.listen())
    either.faults(delay_s=0.05)
    learner.say(SYN)
    assert learner.state() == "LISTEN"
    either.clock.wait(0.1)
    assert learner.state() == "SYN-RECEIVED"


def test_lost_syn_is_in_the_trace_and_not_at_the_peer(either, speaker):
    learner = speaker(either, either.peer.listen())
    either.faults(loss=1.0)
    learner.say(SYN)
    either.faults()
    assert learner.state() == "LISTEN"
    (record,) = either.trace
    assert (record.fate, record.segment.flags, record.states) == ("lost", SYN, {})


def test_peer_that_waits_for_data_gets_what_is_delayed(either, opened):
    learner = opened(either)
    either.faults(delay_s=0.05)
    learner.say(PSH | ACK, b"late")
    assert learner.connection.receive() is None
    assert learner.connection.receive(1.0) == b"late"

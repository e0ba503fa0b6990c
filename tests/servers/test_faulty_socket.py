"""FaultySocket: each kind of fault, on a real pair of sockets."""

from __future__ import annotations

import errno
import socket

import pytest

from wirelab.servers.faulty_socket import FaultySocket


@pytest.fixture
def ends():
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(2.0)
        there.settimeout(2.0)
        yield here, there


def drain(sock, wanted=1024, tries=200):
    """What recv gives until the end of the stream: octets, and names of exceptions."""
    seen = []
    for _ in range(tries):
        try:
            seen.append(sock.recv(wanted))
        except OSError as error:
            seen.append(type(error).__name__)
        if seen[-1] == b"":
            return seen
    raise AssertionError("no end")


def test_without_a_plan_nothing_goes_wrong(ends):
    here, there = ends
    there.sendall(b"hello")
    faulty = FaultySocket(here)
    assert (faulty.recv(3), faulty.recv(9), faulty.send(b"hi")) == (b"hel", b"lo", 2)
    assert there.recv(9) == b"hi"
    assert faulty.fileno() == here.fileno()


def test_a_number_limits_every_call(ends):
    here, there = ends
    there.sendall(b"abcdefg")
    there.shutdown(socket.SHUT_WR)
    assert drain(FaultySocket(here, recv=3)) == [b"abc", b"def", b"g", b""]
    assert [FaultySocket(here, send=2).send(b"abcde"), there.recv(9)] == [2, b"ab"]


def test_a_list_has_a_step_for_each_call_and_then_all_is_well(ends):
    here, there = ends
    there.sendall(b"abcdefghij")
    there.shutdown(socket.SHUT_WR)
    faulty = FaultySocket(here, recv=[1, InterruptedError, None, TimeoutError("late")])
    assert drain(faulty, 4) == [
        b"a", "InterruptedError", b"bcde", "TimeoutError", b"fghi", b"j", b"",
    ]  # fmt: skip


def test_errors_carry_the_numbers_of_the_system(ends):
    faulty = FaultySocket(ends[0], recv=[InterruptedError, ConnectionResetError])
    for number in (errno.EINTR, errno.ECONNRESET):
        with pytest.raises(OSError) as caught:
            faulty.recv(1)
        assert caught.value.errno == number


def test_fails_after_so_many_octets_and_once(ends):
    here, there = ends
    there.sendall(b"abcdef")
    there.shutdown(socket.SHUT_WR)
    faulty = FaultySocket(here, recv=2, recv_fails=(3, TimeoutError))
    assert drain(faulty) == [b"ab", b"c", "TimeoutError", b"de", b"f", b""]
    sender = FaultySocket(here, send_fails=(3, InterruptedError))
    assert sender.send(b"abcdef") == 3
    with pytest.raises(InterruptedError):
        sender.send(b"def")
    assert (sender.send(b"def"), there.recv(9)) == (3, b"abcdef")


def test_a_reset_ends_the_connection(ends):
    here, there = ends
    there.sendall(b"abcdef")
    faulty = FaultySocket(here, recv_fails=(0, ConnectionResetError))
    assert drain(faulty) == ["ConnectionResetError", b""]
    with pytest.raises(BrokenPipeError):
        faulty.send(b"x")


def test_an_error_of_the_plan_moves_no_octet(ends):
    here, there = ends
    faulty = FaultySocket(here, send=[InterruptedError, 1])
    with pytest.raises(InterruptedError):
        faulty.send(b"ab")
    assert (faulty.send(b"ab"), there.recv(9)) == (1, b"a")


def test_calls_tell_what_happened(ends):
    here, there = ends
    there.sendall(b"abc")
    faulty = FaultySocket(here, recv=[2, InterruptedError], send=[1])
    faulty.recv(9)
    with pytest.raises(InterruptedError):
        faulty.recv(9)
    faulty.send(memoryview(b"xyz"))
    assert faulty.calls == [("recv", 9, b"ab"), ("recv", 9, "InterruptedError"), ("send", 3, 1)]


def test_peeking_does_not_count(ends):
    here, there = ends
    there.sendall(b"abcd")
    faulty = FaultySocket(here, recv_fails=(2, TimeoutError))
    assert faulty.recv(9, socket.MSG_PEEK) == faulty.recv(9) == b"ab"


@pytest.mark.parametrize("name", ["sendall", "makefile", "recv_into", "recvfrom"])
def test_no_way_round_the_faults(ends, name):
    with pytest.raises(AttributeError, match="use send and recv"):
        getattr(FaultySocket(ends[0]), name)


def test_equal_seeds_give_equal_faults(ends):
    def seen(seed):
        here, there = socket.socketpair()
        with there, FaultySocket.seeded(here, seed, most=5, short=1.0) as faulty:
            there.sendall(bytes(range(200)))
            there.shutdown(socket.SHUT_WR)
            return drain(faulty)

    assert seen(1) == seen(1) != seen(2)
    octets = [each for each in seen(1) if isinstance(each, bytes)]
    assert b"".join(octets) == bytes(range(200))
    assert {"InterruptedError", "TimeoutError"} <= set(seen(1)) | set(seen(2))


def test_directions_have_dice_of_their_own(ends):
    def sent(reads):
        here, there = socket.socketpair()
        with there, FaultySocket.seeded(here, 3, most=5, trouble=0.0) as faulty:
            there.sendall(b"x" * 100)
            for _ in range(reads):
                faulty.recv(1)
            return [faulty.send(b"y" * 50) for _ in range(8)]

    assert sent(0) == sent(7)


@pytest.mark.parametrize("step", [0, -1, "x", 1.5, object])
def test_a_step_that_means_nothing_is_refused(ends, step):
    with pytest.raises(ValueError, match="a step is"):
        FaultySocket(ends[0], recv=[step]).recv(1)


@pytest.mark.parametrize("wrong", [{"short": 2.0}, {"trouble": -0.1}])
def test_what_is_no_probability_is_refused(ends, wrong):
    with pytest.raises(ValueError, match="probability"):
        FaultySocket.seeded(ends[0], 1, **wrong)


def test_the_context_closes_the_socket(ends):
    with FaultySocket(ends[0]):
        pass
    assert ends[0].fileno() == -1

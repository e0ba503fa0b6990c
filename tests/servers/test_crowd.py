"""A crowd of clients: it counts what is so, in bounded time, and goes home."""

from __future__ import annotations

import socket

import psutil
import pytest

from wirelab.servers.crowd import Crowd
from wirelab.servers.running import running
from wirelab.servers.specimens import everybody, few_at_a_time, one_at_a_time


def test_everybody_is_answered_by_a_server_that_holds_all():
    with running(everybody) as server, Crowd(server.address) as crowd:
        opened = crowd.open(200)
        found = crowd.ask(order="reverse")
    assert (opened.opened, opened.failed) == (200, 0)
    assert (found.asked, found.answered, found.silent, found.closed) == (200, 200, 0, 0)
    assert 0 < found.median_s <= found.p99_s


@pytest.mark.parametrize(("serve", "held"), [(one_at_a_time, 1), (few_at_a_time, 4)])
def test_silence_is_counted_after_a_bounded_time(serve, held):
    with running(serve) as server, Crowd(server.address) as crowd:
        crowd.open(6)
        found = crowd.ask(within_s=0.5)
    assert (found.answered, found.silent) == (held, 6 - held)
    assert found.took_s < 5


def test_answer_must_be_its_own():
    with (
        running(everybody, answer=lambda n, line: b"HELLO 0\n") as server,
        Crowd(server.address) as crowd,
    ):
        crowd.open(3)
        assert crowd.ask(within_s=0.3).answered == 1


def test_hanging_up_is_not_silence():
    with (
        running(everybody, leaves=frozenset({1})) as server,
        Crowd(server.address) as crowd,
    ):
        crowd.open(3)
        found = crowd.ask(within_s=3.0)
    assert (found.answered, found.closed, found.silent) == (2, 1, 0)


def test_some_leave_and_others_come():
    with running(everybody) as server, Crowd(server.address) as crowd:
        crowd.open(10)
        crowd.leave(0, 4)
        crowd.open(2)
        assert crowd.ask().answered == 8


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with Crowd(address) as crowd:
        opened = crowd.open(5)
    assert (opened.opened, opened.failed) == (0, 5)


def test_a_crowd_is_bounded():
    with running(everybody) as server, Crowd(server.address) as crowd:
        with pytest.raises(ValueError, match="at most 12000"):
            crowd.open(50_000)
        assert crowd.room > 100


def test_nothing_is_left_behind():
    with running(everybody) as server, Crowd(server.address) as crowd:
        crowd.open(3)
        helper = crowd._process.pid
        assert psutil.pid_exists(helper)
    assert not psutil.pid_exists(helper)
